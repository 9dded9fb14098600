"""What the expressions of a rule may name: the data of its surface, what it joins, and its parameters.

On an operation ``request``, ``response`` and the derived values; as a relation both of these in ``base`` and in
``varied``; on a table one ``row``; on a document ``document``. Joined rows and documents stand under their own names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite

from attrs import evolve

from conformance.errors import Problem, Text
from conformance.errors.language import BadScale, NameTaken, UnitsDiffer
from conformance.measures.registry import find
from conformance.model.json import JSON
from conformance.model.quantity import ONE, Unit, UnknownUnit, quantity, unit
from conformance.model.standard import Figure, Pack, Rule, Table
from conformance.rules import types
from conformance.rules.functions import FUNCTIONS
from conformance.rules.limits import Lookup, look_up
from conformance.rules.typed import Binding, Scales, Slots, Typed, kind_of

DATA = frozenset({"request", "response", "row", "document", "base", "varied"})
"""The names of data that no rule computes."""


def roots_of(
    rule: Rule, pack: Pack, slots: Slots, problems: list[Problem], *, row: types.Type | None = None
) -> dict[str, Binding]:
    """The data that the rule may speak of, each in a slot of its own.

    ``row`` is the type of what its chain leaves; without it ``row`` is one of the table. Rows of other tables can be
    joined to it by the columns that it still has.
    """
    roots: dict[str, Binding] = {}
    makers = _data(rule, pack)
    if row is not None:
        left = row.fields if isinstance(row, types.Record) else {}
        lost = [name for name, join in rule.joins.items() if not left.keys() >= set(join.on.values())]
        makers = {name: make for name, make in makers.items() if name not in lost} | {"row": lambda: row}
    for name, make in makers.items():
        type_: types.Type = types.Unknown()
        try:
            type_ = make()
        except UnknownUnit as problem:
            problems.append(evolve(problem, position=rule.position))
        roots[name] = Binding(type_, slots.take(name))
    return roots


def _data(rule: Rule, pack: Pack) -> dict[str, Callable[[], types.Type]]:
    """What makes the type of each name."""
    made: dict[str, Callable[[], types.Type]] = {}
    if operation := pack.operations.get(rule.applies_to):
        schemas = {"request": operation.request, "response": operation.response}
        for name, derived in pack.derive.items():
            if derived.of == rule.applies_to and (measure := find(derived.measure)):  # unknown: the pack's problem
                schemas[name] = measure.result
        made = {name: partial(_of, schema) for name, schema in schemas.items()}
        if rule.relation is not None:
            whole = dict(made)
            made = {name: lambda: _record(whole) for name in ("base", "varied")}
    elif table := pack.tables.get(rule.applies_to):
        made["row"] = lambda: _flat(_of(table.columns))
    else:
        made["document"] = partial(_of, pack.documents[rule.applies_to].schema)
    for name, join in rule.joins.items():
        if join.table is not None and join.table in pack.tables:
            made[name] = partial(_joined, pack.tables[join.table])
        elif join.document is not None and join.document in pack.documents:
            document = partial(_of, pack.documents[join.document].schema)
            made[name] = partial(_unlisted, document) if rule.applies_to in pack.tables else document
    return made


def _of(schema: JSON) -> types.Type:
    return types.of_schema(schema).type


def _record(of: Mapping[str, Callable[[], types.Type]]) -> types.Type:
    return types.Record({name: types.Field(make(), False) for name, make in of.items()})


def _joined(table: Table) -> types.Type:
    """A row of another table, which may not be there: then it has no values."""
    row = _flat(_of(table.columns))
    if not isinstance(row, types.Record):
        return row
    return types.Record({name: types.Field(found.type, True) for name, found in row.fields.items()})


def _unlisted(document: Callable[[], types.Type]) -> types.Type:
    """A document beside the rows of a table: without its lists, over which no row can go."""

    def without(type_: types.Type) -> types.Type:
        match type_:
            case types.List():
                return types.Free()
            case types.Record(fields):
                return types.Record({n: types.Field(without(f.type), f.optional) for n, f in fields.items()})
        return type_

    return without(document())


def _flat(row: types.Type) -> types.Type:
    """A row without the lists and records in its cells, which a rule cannot use."""
    if not isinstance(row, types.Record):
        return row
    return types.Record(
        {
            name: found if kind_of(found.type) else types.Field(types.Free(), found.optional)
            for name, found in row.fields.items()
        }
    )


def scales_of(rule: Rule, problems: list[Problem]) -> Scales:
    """What one unit of normalised margin is, for each kind of quantity."""
    scale = rule.scale
    texts = [] if scale is None else [scale] if not isinstance(scale, Mapping) else list(scale.values())
    known: list[tuple[float, Unit]] = []
    for one in texts:
        try:
            value, of = quantity(str(one))
        except UnknownUnit as problem:
            problems.append(evolve(problem, position=rule.position))
            continue
        except ValueError:
            value, of = 0.0, ONE
        if not (isfinite(value) and value > 0) or any(of.comparable(other) for _, other in known):
            problems.append(BadScale(position=rule.position, found=str(one)))
        known.append((value, of))
    for stated in (rule.uncertainty.default, rule.uncertainty.maximum) if rule.uncertainty else ():
        problems += _beside(stated, known)
    return Scales(tuple(known))


def _beside(uncertainty: Figure, scales: list[tuple[float, Unit]]) -> list[Problem]:
    """An uncertainty is one of margins, and so in the unit of each scale."""
    try:
        found = unit(uncertainty.unit or "1")
    except UnknownUnit as problem:
        return [evolve(problem, position=uncertainty.position)]
    hint = Text("an uncertainty is in the unit of the margin", "不确定度的单位与裕度相同")
    return [
        UnitsDiffer(left=of.symbol, right=found.symbol, hint=hint, position=uncertainty.position)
        for _, of in scales
        if not found.comparable(of)
    ]


def add_parameters(
    rule: Rule,
    pack: Pack,
    roots: Mapping[str, Binding],
    names: dict[str, Binding],
    slots: Slots,
    problems: list[Problem],
) -> list[Lookup]:
    """Add the parameters to ``names``; the lookups among them."""
    lookups: list[Lookup] = []
    for name, parameter in rule.parameters.items():
        position = rule.position
        if name in roots or name in FUNCTIONS:
            problems.append(NameTaken(position=position, name=name))
        try:
            if isinstance(parameter, Figure):
                position = parameter.position or position
                constant = _constant(parameter)
                names[name] = Binding(constant.type, fixed=constant)
                continue
            found, own = look_up(name, parameter, pack.limits, roots, FUNCTIONS, slots, position, zone=pack.zone)
            fixed = found.value([]) if found is not None and not found.names else None
        except UnknownUnit as problem:
            problems.append(evolve(problem, position=position))
            names[name] = Binding(types.Unknown())
            continue
        problems += own
        table = pack.limits.get(parameter.table)
        type_ = types.Number(unit(table.unit)) if table is not None else types.Unknown()
        if isinstance(fixed, float):  # the same in every case
            names[name] = Binding(type_, fixed=_number(type_, fixed))
            continue
        if found is not None:
            lookups.append(found)
        names[name] = Binding(type_, found.slot if found else 0)
    return lookups


def _number(type_: types.Type, value: float) -> Typed:
    return Typed(type_, lambda e: e.constant(value))


def _constant(figure: Figure) -> Typed:
    value = figure.value
    if isinstance(value, bool):
        return Typed(types.Boolean(), lambda e: e.truth(value))
    if isinstance(value, str):
        return Typed(types.Word(), lambda e: e.word(value))
    return Typed(types.Number(unit(figure.unit or "1")), lambda e: e.constant(value))
