"""The tables of limits: what holds for all rows is said once, and two keys span a table of values."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.authoring.leaf import BEFORE, SINCE, Leaf, days, facts, known, limits_place, unit, value
from conformance.authoring.words import SIDES
from conformance.errors import Text
from conformance.markdown import Md, code, heading, plain
from conformance.model.standard import DATE, LimitLookup, LimitRow, LimitTable
from conformance.rules.printer import number

_TABLE = Text("Table {name}. Used by: {rules}", "表 {name}。使用该表的规则：{rules}")
VALUE = Text("Value", "数值")
COLUMNS = (Text("Unit", "单位"), Text("Side", "侧别"))
KNOWN = (Text("Source", "来源"), Text("Clause", "条款"), Text("Status", "状态"))
_ALL_ROWS = Text("All rows: {facts}", "所有行：{facts}")
_CLAUSE = Text("clause {x}", "条款 {x}")
_IN_FORCE = Text("In force", "有效期")
_ATTRIBUTES = (*COLUMNS, _IN_FORCE, *KNOWN)
_OVER, _UPTO = Text("over {x}", "大于 {x}"), Text("up to {x}", "不超过 {x}")
_WIDEST = 12
"""Columns of a table of values."""


def limit_table(leaf: Leaf, table: LimitTable) -> Iterator[Md]:
    """The blocks of one table under its heading."""
    yield heading(3, leaf.say(table.title), limits_place(table.name))
    users = [
        rule.id
        for rule in leaf.pack.rules.values()
        if any(isinstance(p, LimitLookup) and p.table == table.name for p in rule.parameters.values())
    ]
    yield leaf.own(_TABLE, name=code(table.name), rules=leaf.listed(leaf.titled(id_) for id_ in users))
    keys = [_key(name, of) for name, of in table.keys.items()]
    chosen = [[_chosen(leaf, row, key) for key in table.keys] for row in table.rows]
    values = [value(row.figure) for row in table.rows]
    columns = list(zip(*(_attributes(leaf, row) for row in table.rows), strict=True))
    differing = [i for i, column in enumerate(columns) if len(set(column)) > 1]
    shared = [_shared(leaf, i, column[0]) for i, column in enumerate(columns) if i not in differing]
    yield leaf.own(_ALL_ROWS, facts=facts(shared))
    spanned = _spanned(keys, chosen, values) if not differing else None
    if spanned is not None:
        yield leaf.table(*spanned)
    else:
        rows = (
            [*at, shown, *(columns[i][n] for i in differing)]
            for n, (at, shown) in enumerate(zip(chosen, values, strict=True))
        )
        yield leaf.table([*keys, VALUE, *(_ATTRIBUTES[i] for i in differing)], rows)


def _attributes(leaf: Leaf, row: LimitRow) -> tuple[Md, ...]:
    figure = row.figure
    return unit(figure.unit), leaf.own(SIDES[figure.stricter]), days(leaf, row.in_force), *known(leaf, figure)


def _shared(leaf: Leaf, index: int, shown: Md) -> Md:
    """What is the same in all rows, as one word among others."""
    return leaf.own(_CLAUSE, x=shown) if shown and _ATTRIBUTES[index] == KNOWN[1] else shown


def _spanned(keys: list[Md], chosen: list[list[Md]], values: list[Md]) -> tuple[list[Md | Text], list[list[Md]]] | None:
    """Head and rows of the table that two keys span; None where they do not, or where nothing is gained."""
    if len(keys) != 2 or len({tuple(at) for at in chosen}) < len(chosen):
        return None
    first, second = (list(dict.fromkeys(at[i] for at in chosen)) for i in (0, 1))
    down, across = (0, 1) if len(second) <= len(first) else (1, 0)
    rows, columns = (first, second) if down == 0 else (second, first)
    if not 2 <= len(columns) <= _WIDEST or len(rows) < 3:
        return None
    cells = {(at[down], at[across]): shown for at, shown in zip(chosen, values, strict=True)}
    head = [Md(f"{keys[down]} ＼ {keys[across]}"), *columns]
    return [*head], [[row, *(cells.get((row, column), Md("")) for column in columns)] for row in rows]


def _key(name: str, of: str | None) -> Md:
    symbol = "" if of == DATE else unit(of)
    return Md(f"{code(name)} ({symbol})") if symbol else code(name)


def _chosen(leaf: Leaf, row: LimitRow, key: str) -> Md:
    """What the key must be for the row to match."""
    if key in row.eq:
        return _shown(row.eq[key])
    ends = ((_OVER, row.over), (_UPTO, row.upto), (SINCE, row.since), (BEFORE, row.before))
    return leaf.listed(leaf.own(words, x=_shown(end[key])) for words, end in ends if key in end)


def _shown(given: str | float) -> Md:
    return plain(given) if isinstance(given, str) else Md(number(given))
