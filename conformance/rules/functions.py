"""The functions of the language: how each checks its arguments."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.errors import Text
from conformance.errors.language import WrongArguments
from conformance.model.quantity import Unit
from conformance.rules import printer, tree, types
from conformance.rules.check import Checker, Function
from conformance.rules.engine import Place
from conformance.rules.temporal_functions import TEMPORAL
from conformance.rules.typed import FAULTY, Iteration, Typed, kind_of


def _wrong(checker: Checker, node: tree.Call) -> Typed:
    return checker.refuse(WrongArguments, node, function=node.function, usage=USAGE[node.function])


def _elements(checker: Checker, node: tree.Call, path: tree.Node) -> tuple[Typed, tuple[Iteration, ...]] | None:
    """A list of the data as a loop over its own elements; None after a problem."""
    item, build = checker.list_at(path)
    kind = None if item is None else kind_of(item)
    if item is None:
        return None
    if kind is None:
        _wrong(checker, node)
        return None
    slot, index = checker.slots.take("element"), checker.slots.take("number")
    place = Place(slot, (), (), printer.text(path), index)
    return Typed(item, lambda e: e.read(place, kind)), (Iteration((), (slot,), index, build, ()),)


def _quantified(checker: Checker, node: tree.Call) -> Typed:
    """``all`` and ``any``."""
    match node.arguments:
        case (tree.Comprehension() as rounds,):
            with checker.rounds(rounds, folded=False) as loops:
                element = checker.condition(rounds.element)
        case (tree.Path() as path,):
            found = _elements(checker, node, path)
            if found is None:
                return FAULTY
            element, loops = found
            if not isinstance(element.type, types.Boolean):
                return _wrong(checker, node)
        case _:
            return _wrong(checker, node)
    if node.function == "all":
        return Typed(types.Boolean(), lambda e: e.every(element.build(e), [i.build(e) for i in loops]))
    return Typed(types.Boolean(), lambda e: e.some(element.build(e), [i.build(e) for i in loops]))


def _folded(checker: Checker, node: tree.Call) -> tuple[Typed, tuple[Iteration, ...]] | None:
    """The numbers that ``sum``, ``min`` or ``max`` go over; None after a problem."""
    match node.arguments:
        case (tree.Comprehension() as rounds,):
            with checker.aside(), checker.rounds(rounds, folded=True) as loops:
                element = checker.number(rounds.element)
            return None if element is FAULTY else (element, loops)
        case (tree.Path() as path,):
            found = _elements(checker, node, path)
            if found is not None and not isinstance(found[0].type, types.Number):
                _wrong(checker, node)
                return None
            return found
        case _:
            _wrong(checker, node)
            return None


def _sum(checker: Checker, node: tree.Call) -> Typed:
    found = _folded(checker, node)
    if found is None or not checker.counts(node, found[0].type):
        return FAULTY
    element, loops = found
    return Typed(element.type, lambda e: e.total(element.build(e), [i.build(e) for i in loops]))


def _extreme(checker: Checker, node: tree.Call) -> Typed:
    """``min`` and ``max``: of a loop or list, or of two or more numbers."""
    which = "min" if node.function == "min" else "max"
    if len(node.arguments) >= 2:
        same = checker.same_unit([(a, checker.number(a)) for a in node.arguments])
        if same is None:
            return FAULTY
        parts, of = same
        return Typed(
            types.Number(of), lambda e: e.extreme("min" if which == "min" else "max", [p.build(e) for p in parts])
        )
    found = _folded(checker, node)
    if found is None:
        return FAULTY
    element, loops = found
    return Typed(
        element.type,
        lambda e: e.extreme_of("min" if which == "min" else "max", element.build(e), [i.build(e) for i in loops]),
    )


def _len(checker: Checker, node: tree.Call) -> Typed:
    match node.arguments:
        case (tree.Comprehension() as rounds,):
            with checker.aside(), checker.rounds(rounds, folded=True) as loops:
                if not isinstance(rounds.element, tree.Path):
                    return _wrong(checker, node)
                checker.place(rounds.element)
        case (tree.Path() as path,):
            item, build = checker.list_at(path)
            if item is None:
                return FAULTY
            slot, index = checker.slots.take("element"), checker.slots.take("number")
            loops = (Iteration((), (slot,), index, build, ()),)
        case _:
            return _wrong(checker, node)
    return Typed(types.Number(), lambda e: e.count([i.build(e) for i in loops]))


def _abs(checker: Checker, node: tree.Call) -> Typed:
    if len(node.arguments) != 1:
        return _wrong(checker, node)
    of = checker.amount(node.arguments[0])
    return Typed(of.type, lambda e: e.absolute(of.build(e)))


def _sqrt(checker: Checker, node: tree.Call) -> Typed:
    if len(node.arguments) != 1:
        return _wrong(checker, node)
    of = checker.amount(node.arguments[0])
    type_: types.Type = of.type
    if isinstance(type_, types.Number) and type_.unit is not None:
        type_ = types.Number(_root_unit(type_.unit))
    return Typed(type_, lambda e: e.root(of.build(e)))


def _root_unit(of: Unit) -> Unit:
    if not of.dimension and of.factor == 1:
        return of
    half, twice, same = of.symbol.partition("·")
    symbol = half if twice and half == same else f"({of.symbol})^0.5"
    return Unit(symbol, tuple((kind, power / 2) for kind, power in of.dimension), of.factor**0.5, of.base)


def _implies(checker: Checker, node: tree.Call) -> Typed:
    if len(node.arguments) != 2:
        return _wrong(checker, node)
    cause, effect = (checker.condition(a) for a in node.arguments)
    negated = Typed(types.Boolean(), lambda e: e.negation(cause.build(e)))
    return checker.logic("or", [negated, effect])


def _has(checker: Checker, node: tree.Call) -> Typed:
    match node.arguments:
        case (tree.Path() as path,) if len(path.names) > 1:
            found = checker.place(path)
            if found is None:
                return FAULTY
            type_, place = found
            kind = kind_of(type_)
            if kind is None:
                return checker.mistyped(path, Text("a single value", "单个值"), type_)
            return Typed(types.Boolean(), lambda e: e.has(place, kind))
        case _:
            return _wrong(checker, node)


def _get(checker: Checker, node: tree.Call) -> Typed:
    match node.arguments:
        case (tree.Path() as path, default) if len(path.names) > 1:
            test = _has(checker, tree.Call("has", (path,), span=node.span))
            if test is FAULTY:
                return FAULTY
            return checker.choose(path, checker.path(path), test, default, checker.visit(default))
        case _:
            return _wrong(checker, node)


def _source(checker: Checker, node: tree.Call) -> Typed:
    """``pair`` and ``zip`` stand only after ``in`` of a loop."""
    return _wrong(checker, node)


FUNCTIONS: Mapping[str, Function] = {
    "abs": _abs,
    "all": _quantified,
    "any": _quantified,
    "get": _get,
    "has": _has,
    "implies": _implies,
    "len": _len,
    "max": _extreme,
    "min": _extreme,
    "pair": _source,
    "sqrt": _sqrt,
    "sum": _sum,
    "zip": _source,
    **TEMPORAL,
}
USAGE: Mapping[str, str] = {
    "abs": "abs(number)",
    "all": "all(condition for x in list)",
    "any": "any(condition for x in list)",
    "get": "get(record.field, default)",
    "has": "has(record.field)",
    "implies": "implies(condition, condition)",
    "len": "len(list) or len(x for x in list if condition)",
    "max": "max(number, number) or max(number for x in list)",
    "min": "min(number, number) or min(number for x in list)",
    "pair": 'all(condition for a, b in pair(list, other, "id"))',
    "sqrt": "sqrt(number)",
    "sum": "sum(number for x in list)",
    "zip": "all(condition for a, b in zip(list, other))",
}
