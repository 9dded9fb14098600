"""What is wrong with rows that can be read: none at all, a key that comes twice, times that go back."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

import duckdb

from conformance.errors import Problem
from conformance.errors.tables import DuplicateRows, NoRows, UnorderedTimes
from conformance.model.standard import Table
from conformance.systems.tables.sql import name_of

_FIRST = 3


def findings(connection: duckdb.DuckDBPyConnection, rows_view: str, table: Table, *, rows: int) -> tuple[Problem, ...]:
    """The findings on ``rows_view``, whose rows have the columns of ``table`` and stand in the order of the files.

    Rows that follow each other in the order of the key, as recorders write them, are seen to be sound in one pass with
    flat memory; others are counted exactly.
    """
    if not rows:
        return (NoRows(table=table.name),)
    view = name_of(rows_view)
    group = [k for k in table.key if k != table.time]
    orders = [(*group, table.time), (table.time, *group)] if table.time in table.key else [table.key]
    if any(_rises(connection, view, [k for k in order if k is not None]) for order in orders):
        return ()
    return (*_twice(connection, view, table), *_back(connection, view, table))


def _rises(connection: duckdb.DuckDBPyConnection, view: str, order: list[str]) -> bool:
    key = "{" + ", ".join(f"'k{i}': {name_of(k)}" for i, k in enumerate(order)) + "}"
    found = connection.execute(
        f"SELECT count(*) FROM (SELECT {key} AS k, lag({key}) OVER () AS before FROM {view}) WHERE NOT (before < k)"
    ).fetchone()
    return found is not None and found[0] == 0


def _twice(connection: duckdb.DuckDBPyConnection, view: str, table: Table) -> list[Problem]:
    key = ", ".join(name_of(k) for k in table.key)
    repeated = f"SELECT {key}, count(*) - 1 AS more FROM {view} GROUP BY ALL HAVING count(*) > 1"
    count = connection.execute(f"SELECT sum(more) FROM ({repeated})").fetchone()
    if count is None or not count[0]:
        return []
    first = connection.execute(f"SELECT {key} FROM ({repeated}) ORDER BY ALL LIMIT {_FIRST}").fetchall()
    return [DuplicateRows(table=table.name, count=int(count[0]), first=_shown(table.key, first))]


def _back(connection: duckdb.DuckDBPyConnection, view: str, table: Table) -> list[Problem]:
    if table.time is None:
        return []
    time = name_of(table.time)
    group = ", ".join(name_of(k) for k in table.key if k != table.time)
    parts = f"PARTITION BY {group} " if group else ""
    named = tuple(dict.fromkeys((*table.key, table.time)))
    key = ", ".join(name_of(k) for k in named)
    back = (
        f'SELECT * FROM (SELECT {key}, lag({time}) OVER ({parts}ORDER BY "#file", "#row", "#k") AS before FROM {view}) '
        f"WHERE {time} < before"
    )
    count = connection.execute(f"SELECT count(*) FROM ({back})").fetchone()
    if count is None or not count[0]:
        return []
    first = connection.execute(f"SELECT {key} FROM ({back}) ORDER BY ALL LIMIT {_FIRST}").fetchall()
    return [UnorderedTimes(table=table.name, count=int(count[0]), first=_shown(named, first))]


def _shown(names: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    return "; ".join(", ".join(f"{n}={v}" for n, v in zip(names, row, strict=True)) for row in rows)
