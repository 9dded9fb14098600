"""Names, types and units of an expression: all that can be wrong with it is found when the rule is loaded.

Checking gives each part a type and a recipe (`Typed.build`) that makes its closure in any `Engine`. Units are
converted here, once; what runs later computes with bare numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from attrs import evolve

from conformance.errors import Problem, Text
from conformance.errors.language import (
    BadQuantity,
    NameTaken,
    NoTrueZero,
    TooManyLoops,
    UnitsDiffer,
    UnknownField,
    UnknownFunction,
    UnknownName,
    UnnamedNumber,
    WrongArguments,
    WrongTargets,
    WrongType,
    did_you_mean,
)
from conformance.model.quantity import ONE, Unit, UnknownUnit, quantity
from conformance.model.standard import Expression
from conformance.rules import printer, tree, types
from conformance.rules.clock import Clock
from conformance.rules.comparison import compare
from conformance.rules.engine import Engine, Place, Run
from conformance.rules.typed import (
    FAULTY,
    MINUTE,
    Binding,
    Build,
    Checked,
    Iteration,
    Part,
    Scales,
    Slots,
    Typed,
    convert,
    kind_of,
    times,
)
from conformance.rules.types import describe

MOST_LOOPS = 3
UNNAMED = (0, 1, 2, 100)


class Checker:
    """Checks one expression; collects every problem in `problems`."""

    def __init__(
        self,
        expression: Expression,
        names: Mapping[str, Binding],
        functions: Mapping[str, Function],
        slots: Slots,
        scales: Scales,
        *,
        decides: bool,
        clock: Clock | None = None,
    ) -> None:
        """``decides``: whether the margin of this expression is the rule's, so that each atom needs a scale.

        ``clock``: what orders the rows in time, for operators over time.
        """
        self.expression = expression
        self.functions = functions
        self.names = dict(names)
        self.slots = slots
        self.scales = scales
        self.decides = decides
        self.clock = clock
        self.back = self.ahead = 0
        self.reach: tuple[int, int] | None = None
        """How far the operators over time look back and ahead, ns; None if there are none."""
        self.problems: list[Problem] = []
        self.used: set[str] = set()
        self.parts: list[Part] = []
        self.joins: list[Build] = []
        self.loops: tuple[Iteration, ...] = ()
        self.depth = 0
        self.folded = False

    def check(self, node: tree.Node, expected: type[types.Boolean] | None = types.Boolean) -> Checked:
        """The checked form of ``node``, which must be a condition unless ``expected`` is None."""
        typed = self.condition(node) if expected else self.visit(node)
        return Checked(typed, frozenset(self.used), tuple(self.parts), tuple(self.joins), self.reach)

    # Helpers

    def refuse(self, kind: type[Problem], node: tree.Node | tree.Loop, **values: object) -> Typed:
        """Note a problem at ``node``."""
        at = node.span
        self.problems.append(kind(position=self.expression.at(at.line, at.column, at.width), **values))
        return FAULTY

    def mistyped(self, node: tree.Node, expected: Text, found: types.Type) -> Typed:
        """Note that ``node`` has the wrong type, unless that follows from an earlier problem."""
        if isinstance(found, types.Unknown):
            return FAULTY
        return self.refuse(WrongType, node, expected=expected, found=describe(found))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Parts whose truth is used but whose margin is not."""
        before, self.decides = self.decides, False
        yield
        self.decides = before

    @contextmanager
    def looking(self, back: int, ahead: int) -> Iterator[None]:
        """Parts that are asked for at other samples, so far ``back`` and ``ahead``, ns."""
        before = self.back, self.ahead
        self.back, self.ahead = self.back + back, self.ahead + ahead
        far = self.reach or (0, 0)
        self.reach = max(far[0], self.back), max(far[1], self.ahead)
        yield
        self.back, self.ahead = before

    # Visits

    def visit(self, node: tree.Node) -> Typed:
        """The typed form of any part."""
        match node:
            case tree.Number(value):
                typed = self.literal(node, value)
            case tree.Truth(truth):
                typed = Typed(types.Boolean(), lambda e: e.truth(truth))
            case tree.Word(word):
                typed = Typed(types.Word((word,)), lambda e: e.word(word))
            case tree.Quantity():
                typed = self.quantity(node)
            case tree.Path():
                typed = self.path(node)
            case tree.Negative(of):
                inner = self.amount(of)
                typed = Typed(inner.type, lambda e: e.negative(inner.build(e)))
            case tree.Not(of):
                inner = self.condition(of)
                typed = Typed(types.Boolean(), lambda e: e.negation(inner.build(e)))
            case tree.Arithmetic():
                typed = self.arithmetic(node)
            case tree.Compare():
                typed = compare(self, node)
            case tree.Logic(op, items):
                inners = [self.condition(i) for i in items]
                typed = self.logic(op, inners)
            case tree.Choice():
                typed = self.choice(node)
            case tree.Call():
                typed = self.call(node)
            case _:
                return self.refuse(
                    WrongType, node, expected=Text("a value", "值"),
                    found=Text("a list or a loop", "列表或循环"),
                    hint=Text("put it inside all, any, sum, min, max, len", "请放入 all、any、sum、min、max、len 中"),
                )  # fmt: skip
        telling = not isinstance(node, tree.Number | tree.Truth | tree.Word | tree.Quantity)
        if telling and not self.folded and typed is not FAULTY:
            self.parts.append(Part(printer.text(node), typed, self.loops))
        return typed

    def condition(self, node: tree.Node) -> Typed:
        """A part that must be true or false."""
        typed = self.visit(node)
        if isinstance(typed.type, types.Boolean):
            return typed
        return self.mistyped(node, Text("a condition (true or false)", "条件（真或假）"), typed.type)

    def number(self, node: tree.Node) -> Typed:
        """A part that must be a number."""
        typed = self.visit(node)
        if isinstance(typed.type, types.Number):
            return typed
        return self.mistyped(node, Text("a number", "数值"), typed.type)

    def amount(self, node: tree.Node) -> Typed:
        """A part that must be a number to compute with."""
        typed = self.number(node)
        return typed if self.counts(node, typed.type) else FAULTY

    def counts(self, node: tree.Node, type_: types.Type) -> bool:
        """Whether numbers add up and multiply; a point of a scale (degC) does not, which is noted."""
        of = type_.unit if isinstance(type_, types.Number) else None
        if of is None or not of.is_point:
            return True
        self.refuse(NoTrueZero, node, unit=of.symbol, difference=of.difference.symbol)
        return False

    def literal(self, node: tree.Node, value: float) -> Typed:
        """A plain number, which a rule may hold only if it is one of `UNNAMED`."""
        if value not in UNNAMED:
            self.refuse(UnnamedNumber, node, value=printer.number(value))
        return Typed(types.Number(ONE if value else None), lambda e: e.constant(value))

    def quantity(self, node: tree.Quantity) -> Typed:
        """A number with its unit."""
        try:
            value, of = quantity(node.value)
        except ValueError:
            return self.refuse(BadQuantity, node, found=node.value)
        except UnknownUnit as problem:
            at = self.expression.at(node.span.line, node.span.column, node.span.width)
            self.problems.append(evolve(problem, position=at))
            return FAULTY
        return Typed(types.Number(of), lambda e: e.constant(value))

    def path(self, node: tree.Path) -> Typed:
        """A name, and the fields below it."""
        found = self.place(node)
        if found is None:
            return FAULTY
        type_, place = found
        root = self.names[node.names[0]]
        if root.fixed is not None:
            return root.fixed
        kind = kind_of(type_)
        if kind is None:
            return Typed(type_, lambda e: e.rows(place))
        return Typed(type_, lambda e: e.read(place, kind))

    def place(self, node: tree.Path) -> tuple[types.Type, Place] | None:
        """The type at a path and where to find it; None after a problem."""
        root = self.names.get(node.names[0])
        if root is None:
            hint = did_you_mean(node.names[0], self.names)
            self.refuse(UnknownName, node, name=node.names[0], hint=hint)
            return None
        if root.index is None:
            self.used.add(node.names[0])
        type_, optional = root.type, []
        for number, step in enumerate(node.names[1:], 1):
            owner = ".".join(node.names[:number])
            if isinstance(type_, types.Unknown):
                return None
            if not isinstance(type_, types.Record):
                self.mistyped(node, Text(f"a record before .{step}", f".{step} 之前需为记录"), type_)
                return None
            below = type_.fields.get(step)
            if below is None:
                self.refuse(UnknownField, node, owner=owner, name=step, hint=did_you_mean(step, type_.fields))
                return None
            type_ = below.type
            optional.append(below.optional)
        if isinstance(type_, types.Unknown):
            return None
        return type_, Place(root.slot, node.names[1:], tuple(optional), root.origin or node.names[0], root.index)

    def arithmetic(self, node: tree.Arithmetic) -> Typed:
        """``+ - * /`` of numbers, and what may be done with instants."""
        left, right = self.visit(node.left), self.visit(node.right)
        op = node.op
        match left.type, right.type:
            case types.Instant(), types.Instant() if op == "-":
                return Typed(types.Number(MINUTE), lambda e: e.elapsed(left.build(e), right.build(e)))
            case types.Instant(), types.Number(of) if op in "+-":
                if of is not None and not of.comparable(MINUTE):
                    return self.apart(node.right, MINUTE, of)
                minutes = convert(right, MINUTE)
                if op == "-":
                    return Typed(types.Instant(), lambda e: e.shifted(left.build(e), e.negative(minutes.build(e))))
                return Typed(types.Instant(), lambda e: e.shifted(left.build(e), minutes.build(e)))
            case types.Number(one), types.Number(other):
                if op in "+-":
                    return self.sum_of(node, left, right)
                if not (self.counts(node.left, left.type) and self.counts(node.right, right.type)):
                    return FAULTY
                of = times(one, other, 1 if op == "*" else -1)
                return Typed(types.Number(of), lambda e: e.arithmetic(op, left.build(e), right.build(e)))
        for part, typed in ((node.left, left), (node.right, right)):
            if not isinstance(typed.type, types.Number):
                self.mistyped(part, Text("a number", "数值"), typed.type)
        return FAULTY

    def sum_of(self, node: tree.Arithmetic, left: Typed, right: Typed) -> Typed:
        """``+`` or ``-`` of numbers in one unit; of points of a scale only ``-``, which gives their difference."""
        same = self.same_unit([(node.left, left), (node.right, right)])
        if same is None or (node.op == "+" and not self.counts(node, types.Number(same[1]))):
            return FAULTY
        parts, of = same[0], same[1] and same[1].difference
        return Typed(types.Number(of), lambda e: e.arithmetic(node.op, parts[0].build(e), parts[1].build(e)))

    def same_unit(self, parts: list[tuple[tree.Node, Typed]]) -> tuple[list[Typed], Unit | None] | None:
        """Numbers in one unit, that of the first which has one; None after a problem."""
        units = [t.type.unit for _, t in parts if isinstance(t.type, types.Number)]
        if len(units) < len(parts):
            return None
        common = next((u for u in units if u is not None), None)
        converted = []
        for (node, typed), of in zip(parts, units, strict=True):
            if common is not None and of is not None and not of.comparable(common):
                self.apart(node, common, of)
                return None
            converted.append(typed if common is None else convert(typed, common))
        return converted, common

    def apart(self, node: tree.Node, wanted: Unit, found: Unit) -> Typed:
        """Note that units differ; suggest the neighbours of a field that would fit."""
        hint = Text("compare quantities of one kind", "请比较同类的量")
        if isinstance(node, tree.Path) and len(node.names) > 1:
            owner: types.Type = self.names[node.names[0]].type
            for step in node.names[1:-1]:
                owner = owner.fields[step].type if isinstance(owner, types.Record) else types.Unknown()
            fields = owner.fields if isinstance(owner, types.Record) else {}
            fitting = [
                ".".join((*node.names[:-1], name))
                for name, f in fields.items()
                if isinstance(f.type, types.Number) and f.type.unit and f.type.unit.comparable(wanted)
            ]
            if fitting:
                hint = did_you_mean(".".join(node.names), fitting)
        return self.refuse(UnitsDiffer, node, left=wanted.symbol, right=found.symbol, hint=hint)

    def logic(self, op: str, parts: list[Typed]) -> Typed:
        """Conditions joined by ``and`` or ``or``."""
        if op == "and":
            return Typed(types.Boolean(), lambda e: e.both([p.build(e) for p in parts]))
        return Typed(types.Boolean(), lambda e: e.one_of([p.build(e) for p in parts]))

    def choice(self, node: tree.Choice) -> Typed:
        """``then if test else other``."""
        with self.aside():
            test = self.condition(node.test)
        return self.choose(node.then, self.visit(node.then), test, node.other, self.visit(node.other))

    def choose(self, one: tree.Node, then: Typed, test: Typed, two: tree.Node, other: Typed) -> Typed:
        """One of two values of one type."""
        type_: types.Type = then.type
        if isinstance(type_, types.Number) and isinstance(other.type, types.Number):
            same = self.same_unit([(one, then), (two, other)])
            if same is None:
                return FAULTY
            (then, other), of = same
            type_ = types.Number(of)
        elif isinstance(type_, types.Word) and isinstance(other.type, types.Word):
            type_ = types.Word()
        kind = kind_of(type_)
        if kind is None:
            return self.mistyped(one, Text("a single value", "单个值"), type_)
        if type(type_) is not type(other.type):
            return self.mistyped(two, describe(type_), other.type)
        first, second = then, other
        return Typed(type_, lambda e: e.choice(first.build(e), test.build(e), second.build(e), kind))

    def call(self, node: tree.Call) -> Typed:
        """A function of the language."""
        function = self.functions.get(node.function)
        if function is None:
            hint = did_you_mean(node.function, self.functions)
            return self.refuse(UnknownFunction, node, name=node.function, hint=hint)
        return function(self, node)

    # Loops

    @contextmanager
    def rounds(self, node: tree.Comprehension, *, folded: bool) -> Iterator[tuple[Iteration, ...]]:
        """The loops of ``node``, with their variables known inside; ``folded`` when no single round decides."""
        before = self.names, self.loops, self.depth, self.folded
        self.names = dict(self.names)
        own: list[Iteration] = []
        if self.depth + len(node.loops) > MOST_LOOPS:
            self.refuse(TooManyLoops, node, limit=MOST_LOOPS)
        for loop in node.loops:
            own.append(self.iteration(loop))
            self.loops = (*self.loops, own[-1])
        self.folded = self.folded or folded
        yield tuple(own)
        self.names, self.loops, self.depth, self.folded = before

    def iteration(self, loop: tree.Loop) -> Iteration:
        """One ``for``; its variables become known."""
        items, build, origins = self.source(loop.over)
        index = self.slots.take("number")
        if items is not None and len(items) != len(loop.names):
            self.refuse(WrongTargets, loop, needed=len(items), given=len(loop.names))
            items = None
        slots = []
        for number, name in enumerate(loop.names):
            if name in self.names or name in loop.names[:number]:
                self.refuse(NameTaken, loop, name=name)
            slots.append(self.slots.take(name))
            type_ = items[number] if items else types.Unknown()
            self.names[name] = Binding(type_, slots[-1], origins[number] if items else name, index)
        self.depth += 1
        with self.aside():
            folded, self.folded = self.folded, True
            conditions = tuple(self.condition(c) for c in loop.conditions)
            self.folded = folded
        return Iteration(loop.names, tuple(slots), index, build, conditions)

    def source(self, node: tree.Node) -> tuple[tuple[types.Type, ...] | None, Build, tuple[str, ...]]:
        """What a loop goes over: the types of a row, its recipe, and the texts of its lists."""
        if not (isinstance(node, tree.Call) and node.function in ("pair", "zip")):
            item, build = self.list_at(node)
            return (None if item is None else (item,)), build, (printer.text(node),)
        lists, key = node.arguments, None
        if node.function == "pair":
            match lists:
                case (first, second, tree.Word(word)):
                    lists, key = (first, second), word
                case _:
                    self.refuse(WrongArguments, node, function="pair", usage='pair(list, other, "id")')
                    return None, FAULTY.build, ()
        elif len(lists) < 2:
            self.refuse(WrongArguments, node, function="zip", usage="zip(list, other)")
            return None, FAULTY.build, ()
        found = [self.list_at(part) for part in lists]
        names = tuple(printer.text(part) for part in lists)
        for part, (item, _) in zip(lists, found, strict=True):
            if key is not None and item is not None and not (isinstance(item, types.Record) and key in item.fields):
                known = item.fields if isinstance(item, types.Record) else ()
                self.refuse(UnknownField, part, owner=printer.text(part), name=key, hint=did_you_mean(key, known))

        def joined(engine: Engine) -> Run:
            return engine.joined([rows(engine) for _, rows in found], key, names)

        if not self.loops:
            self.joins.append(joined)
        items = tuple(item for item, _ in found if item is not None)
        return (items if len(items) == len(found) else None), joined, names

    def list_at(self, node: tree.Node) -> tuple[types.Type | None, Build]:
        """The type of the elements of a list and its recipe; None after a problem."""
        if not isinstance(node, tree.Path):
            self.refuse(
                WrongType, node, expected=Text("the path of a list", "列表的路径"),
                found=Text("an expression", "表达式"),
                hint=Text("loop over a list, pair(...) or zip(...)", "请对列表、pair(...) 或 zip(...) 循环"),
            )  # fmt: skip
            return None, FAULTY.build
        typed = self.path(node)
        if isinstance(typed.type, types.List):
            return typed.type.item, typed.build
        self.mistyped(node, Text("a list", "列表"), typed.type)
        return None, FAULTY.build


Function: TypeAlias = Callable[[Checker, tree.Call], Typed]
"""How a function of the language checks a call of it."""
