"""Comparisons: orderings of quantities have a margin; equality and membership are conditions without one."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from conformance.errors import Problem, Text
from conformance.errors.language import ImpossibleWord, NoScale, WrongArguments, WrongType, did_you_mean
from conformance.model.quantity import ONE, Unit
from conformance.rules import printer, tree, types
from conformance.rules.engine import Place
from conformance.rules.margin import AT_LIMIT, Atom
from conformance.rules.typed import FAULTY, MINUTE, Build, Iteration, Scales, Slots, Typed, kind_of
from conformance.rules.types import describe


class Checker(Protocol):
    """What a comparison asks of the walk over the tree (`conformance.rules.check`)."""

    scales: Scales
    slots: Slots
    decides: bool
    """Whether margins are wanted here."""

    def visit(self, node: tree.Node) -> Typed:
        """The typed form of any part."""

    def refuse(self, kind: type[Problem], node: tree.Node, **values: object) -> Typed:
        """Note a problem at ``node``."""

    def mistyped(self, node: tree.Node, expected: Text, found: types.Type) -> Typed:
        """Note that ``node`` has the wrong type."""

    def aside(self) -> AbstractContextManager[None]:
        """Parts whose truth is used but whose margin is not."""

    def same_unit(self, parts: list[tuple[tree.Node, Typed]]) -> tuple[list[Typed], Unit | None] | None:
        """Numbers in one unit; None after a problem."""

    def logic(self, op: str, parts: list[Typed]) -> Typed:
        """Conditions joined by ``and`` or ``or``."""


def compare(checker: Checker, node: tree.Compare) -> Typed:
    """A comparison, chained or not."""
    lefts = (node.first, *(right for _, right in node.rest))
    ordering = all(op in ("<", "<=", ">", ">=") for op, _ in node.rest)
    with checker.aside() if not ordering else nullcontext():
        typed = [None if isinstance(n, tree.Items) else checker.visit(n) for n in lefts]
    parts = []
    for number, (op, right) in enumerate(node.rest):
        left = lefts[number]
        text = printer.text(tree.Compare(left, ((op, right),)))
        one, two = typed[number], typed[number + 1]
        if op in ("in", "not in"):
            found = member(checker, left, one, right, two)
            parts.append(found if op == "in" else Typed(types.Boolean(), _negation(found)))
        elif one is None or two is None:
            faulty = left if one is None else right
            checker.refuse(WrongType, faulty, expected=Text("a single value", "单个值"), found=Text("a list", "列表"))
        elif op in ("==", "!="):
            found = equal(checker, left, one, right, two)
            parts.append(found if op == "==" else Typed(types.Boolean(), _negation(found)))
        else:
            parts.append(atom(checker, left, one, op, right, two, text))
    return parts[0] if len(parts) == 1 else checker.logic("and", parts)


def atom(checker: Checker, left: tree.Node, one: Typed, op: str, right: tree.Node, two: Typed, text: str) -> Typed:
    """An ordering of two quantities: what has a margin."""
    if isinstance(one.type, types.Instant) and isinstance(two.type, types.Instant):
        first, second = one, two
        one = Typed(types.Number(None), lambda e: e.constant(0.0))
        two = Typed(types.Number(MINUTE), lambda e: e.elapsed(second.build(e), first.build(e)))
    for part, typed in ((left, one), (right, two)):
        if not isinstance(typed.type, types.Number):
            return checker.mistyped(part, Text("a number", "数值"), typed.type)
    same = checker.same_unit([(left, one), (right, two)])
    if same is None:
        return FAULTY
    (one, two), of = same[0], (same[1] or ONE).difference
    scale = checker.scales.of(of)
    if scale is None and checker.decides and same[1] is not None:
        example = "1" if of == ONE else f"1 {of.symbol}"
        return checker.refuse(NoScale, left, unit=of.symbol, example=example)
    value, in_unit = scale or (1.0, of)
    atom = Atom(text, in_unit.symbol, value)
    divisor = value * (in_unit.factor / of.factor)
    strict = op in ("<", ">")
    low, high = (one, two) if op in ("<", "<=") else (two, one)
    return Typed(types.Boolean(), lambda e: e.at_most(low.build(e), high.build(e), divisor, atom, strict))


def equal(checker: Checker, left: tree.Node, one: Typed, right: tree.Node, two: Typed) -> Typed:
    """Equality: a condition without a margin; numbers are equal within 1e-9 of their scale."""
    if isinstance(one.type, types.Unknown) or isinstance(two.type, types.Unknown):
        return FAULTY
    tolerance = 0.0
    if isinstance(one.type, types.Number) and isinstance(two.type, types.Number):
        same = checker.same_unit([(left, one), (right, two)])
        if same is None:
            return FAULTY
        (one, two), of = same[0], (same[1] or ONE).difference
        if scale := checker.scales.of(of):
            tolerance = AT_LIMIT * scale[0] * (scale[1].factor / of.factor)
    elif isinstance(one.type, types.Word) and isinstance(two.type, types.Word):
        possible(checker, left, one.type, two.type)
        possible(checker, right, two.type, one.type)
    kind = kind_of(one.type)
    if kind is None:
        return checker.mistyped(left, Text("a single value", "单个值"), one.type)
    if type(one.type) is not type(two.type):
        return checker.mistyped(right, describe(one.type), two.type)
    first, second = one, two
    return Typed(types.Boolean(), lambda e: e.equal(first.build(e), second.build(e), kind, tolerance))


def possible(checker: Checker, node: tree.Node, written: types.Word, other: types.Word) -> None:
    """Note a word in quotes that the schema of the other side does not allow."""
    if isinstance(node, tree.Word) and other.choices is not None and node.value not in other.choices:
        checker.refuse(ImpossibleWord, node, word=node.value, hint=did_you_mean(node.value, other.choices))


def member(checker: Checker, left: tree.Node, one: Typed | None, right: tree.Node, two: Typed | None) -> Typed:
    """Whether a value is among alternatives in brackets, or in a list of the data."""
    if one is None:
        return checker.refuse(
            WrongType, left, expected=Text("a single value", "单个值"), found=Text("a list", "列表")
        )  # fmt: skip
    if isinstance(right, tree.Items):
        if not right.items:
            return checker.refuse(WrongArguments, right, function="in", usage='kind in ["pv", "pq"]')
        return checker.logic("or", [equal(checker, left, one, item, checker.visit(item)) for item in right.items])
    if two is None or not isinstance(two.type, types.List):
        return FAULTY if two is None else checker.mistyped(right, describe(types.List(types.Free())), two.type)
    kind = kind_of(two.type.item)
    if kind is None:
        return checker.mistyped(right, Text("a list of single values", "单个值的列表"), two.type)
    slot, index = checker.slots.take("element"), checker.slots.take("number")
    rounds = Iteration((), (slot,), index, two.build, ())
    place = Place(slot, (), (), printer.text(right), index)
    element = equal(checker, left, one, right, Typed(two.type.item, lambda e: e.read(place, kind)))
    return Typed(types.Boolean(), lambda e: e.some(element.build(e), [rounds.build(e)]))


def _negation(of: Typed) -> Build:
    return lambda engine: engine.negation(of.build(engine))
