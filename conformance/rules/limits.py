"""Parameters that look up a row of a limits table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import field, frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.language import WrongLookup, did_you_mean
from conformance.model.days import Span, begins, is_day
from conformance.model.quantity import convert, unit
from conformance.model.standard import DATE, LimitLookup, LimitRow, LimitTable
from conformance.rules import tree, types
from conformance.rules.check import Checker, Function
from conformance.rules.engine import Frame, Run
from conformance.rules.intervals import Intervals
from conformance.rules.margin import NotComputable
from conformance.rules.parse import parse
from conformance.rules.typed import Binding, Scales, Slots, Typed
from conformance.rules.typed import convert as in_unit


class NoLimit:
    """What a parameter is bound to where the table has no row."""


NO_LIMIT = NoLimit()


Edge: TypeAlias = int | str | None
Days: TypeAlias = tuple[Edge, Edge]
"""The days [since, before) of a row as its key is given: UTC nanoseconds of an instant, or a date; None: no end."""


@frozen(eq=False)
class Lookup:
    """A compiled parameter: how each key of the table is computed."""

    table: LimitTable
    slot: int
    keys: Mapping[str, Run]
    names: frozenset[str]
    recipes: Mapping[str, Typed]
    """The keys, for any engine."""
    days: tuple[Mapping[str, Days], ...]
    """Of each row: what it matches by keys that are days."""
    values: tuple[float, ...] = field(init=False)
    """Of each row: its value in the table's unit."""

    @values.default
    def _converted(self) -> tuple[float, ...]:
        return tuple(self.figure(row) for row in self.table.rows)

    def value(self, frame: Frame) -> float | NoLimit | NotComputable | None:
        """The matching row's value in the table's unit; None if a key is missing."""
        found: dict[str, Any] = {}
        for name, run in self.keys.items():
            try:
                key = run(frame)
            except NotComputable as why:
                return why
            if isinstance(key, tuple):
                key = key[0] if key[0] == key[1] else None
            if key is None:
                return None
            found[name] = key
        for row, days, value in zip(self.table.rows, self.days, self.values, strict=True):
            if _matches(row, days, found):
                return value
        return NO_LIMIT

    def figure(self, row: LimitRow) -> float:
        """The value of ``row`` in the table's unit."""
        figure = row.figure
        return convert(float(figure.value), unit(figure.unit or self.table.unit), unit(self.table.unit))


def _matches(row: LimitRow, days: Mapping[str, Days], found: Mapping[str, Any]) -> bool:
    for key, wanted in row.eq.items():
        if key not in days and found.get(key) != wanted:
            return False
    for key, over in row.over.items():
        if not _number(found.get(key)) > over:
            return False
    for key, upto in row.upto.items():
        if not _number(found.get(key)) <= upto:
            return False
    return all(_among(found[key], first, end) for key, (first, end) in days.items()) if days else True


def _number(key: float | str | None) -> float:
    return key if isinstance(key, int | float) else float("nan")


def _among(key: Any, first: Any, end: Any) -> bool:
    """Whether an instant or a date is in [first, end); a text that is no date matches no row."""
    known = not isinstance(key, str) or is_day(key)
    return known and (first is None or first <= key) and (end is None or key < end)


def look_up(
    name: str,
    lookup: LimitLookup,
    tables: Mapping[str, LimitTable],
    roots: Mapping[str, Binding],
    functions: Mapping[str, Function],
    slots: Slots,
    position: Position | None,
    *,
    zone: str,
) -> tuple[Lookup | None, list[Problem]]:
    """The compiled ``lookup`` of parameter ``name``, whose keys may use the names ``roots``; or the problems.

    The days of instants are those of ``zone``.
    """
    table = tables.get(lookup.table)
    if table is None:
        hint = did_you_mean(lookup.table, tables)
        return None, [WrongLookup(position=position, parameter=name, table=lookup.table, hint=hint)]
    if set(lookup.by) != set(table.keys):
        keys = ", ".join(sorted(table.keys))
        hint = Text(f"give exactly these keys under `by`: {keys}", f"`by` 下须恰好给出这些键：{keys}")
        return None, [WrongLookup(position=position, parameter=name, table=lookup.table, hint=hint)]
    recipes: dict[str, Typed] = {}
    names: set[str] = set()
    problems: list[Problem] = []
    for key, expression in lookup.by.items():
        try:
            node = parse(expression)
        except Refused as refused:
            problems += refused.problems
            continue
        checker = Checker(expression, roots, functions, slots, Scales(), decides=False)
        checked = checker.check(node, expected=None)
        recipes[key] = _key(checker, node, checked.typed, table.keys[key])
        problems += checker.problems
        names |= checked.names
    if problems:
        return None, problems
    runs = {key: typed.build(Intervals()) for key, typed in recipes.items()}
    instants = {key: isinstance(recipes[key].type, types.Instant) for key, of in table.keys.items() if of == DATE}
    days = tuple({k: _edges(row.days(k), zone if instant else None) for k, instant in instants.items()}
                 for row in table.rows)  # fmt: skip
    return Lookup(table, slots.take(name), runs, frozenset(names), recipes, days), []


def _edges(days: Span, zone: str | None) -> Days:
    first, end = (day if day is None or zone is None else begins(day, zone) for day in days)
    return first, end


def _key(checker: Checker, node: tree.Node, typed: Typed, of: str | None) -> Typed:
    """A key as a word, as an instant or a date, or as a number in unit ``of``."""
    if of == DATE:
        dated = isinstance(typed.type, types.Instant) or (isinstance(typed.type, types.Word) and typed.type.day)
        return typed if dated else checker.mistyped(node, Text("an instant or a date", "时刻或日期"), typed.type)
    if of is None:
        return (
            typed if isinstance(typed.type, types.Word) else checker.mistyped(node, Text("a text", "文本"), typed.type)
        )
    wanted = unit(of)
    if not isinstance(typed.type, types.Number):
        return checker.mistyped(node, types.describe(types.Number(wanted)), typed.type)
    found = typed.type.unit or wanted
    return in_unit(typed, wanted) if found.comparable(wanted) else checker.apart(node, wanted, found)
