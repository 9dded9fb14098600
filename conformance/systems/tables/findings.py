"""What is wrong with rows that can be read: none at all, a key that comes twice, times that go back."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import duckdb

from conformance.errors import Problem
from conformance.errors.tables import DuplicateRows, NoRows, UnorderedTimes
from conformance.model.standard import Table
from conformance.systems.tables.sql import name_of

_FIRST = 3
_AT_ONCE = 1_000_000
"""Rows whose keys are kept in memory together."""


def findings(connection: duckdb.DuckDBPyConnection, rows_view: str, table: Table, *, rows: int) -> tuple[Problem, ...]:
    """The findings on ``rows_view``, whose rows have the columns of ``table`` and stand in the order of the files.

    Rows that follow each other as recorders write them, each group by itself or all groups at each time, are seen to
    be sound with flat memory; others are counted exactly.
    """
    return tuple(_Findings(connection, name_of(rows_view), table, rows).all()) if rows else (NoRows(table=table.name),)


def twice(connection: duckdb.DuckDBPyConnection, view: str, table: Table) -> tuple[Problem, ...]:
    """Keys of ``table`` that come more than once in ``view``, which needs no order; none if there are none."""
    return tuple(_Findings(connection, name_of(view), table, 0).twice(["TRUE"]))


class _Findings:
    def __init__(self, connection: duckdb.DuckDBPyConnection, view: str, table: Table, rows: int) -> None:
        self.connection, self.view, self.table, self.rows = connection, view, table, rows
        self.group = [name_of(k) for k in table.key if k != table.time]
        self.time = name_of(table.time) if table.time else ""

    def all(self) -> Iterator[Problem]:
        if not self.time:
            yield from self.twice(["TRUE"])
            return
        falls, changes, back, mixed = self._order()
        in_key = self.table.time in self.table.key
        if in_key and (not mixed or (not falls and changes + 1 == self._groups())):
            return
        yield from self.twice(self._spans() if in_key else ["TRUE"])
        if back:
            yield from self._back()

    def _order(self) -> tuple[int, int, int, int]:
        """How often, from row to row, time does not rise within a group, the group changes, time goes back, and time
        and group together do not rise."""
        both = "{" + ", ".join(f"'k{i}': {name}" for i, name in enumerate((self.time, *self.group))) + "}"
        same = " AND ".join(f"{name} IS NOT DISTINCT FROM lag({name}) OVER ()" for name in self.group) or "TRUE"
        found = self.connection.execute(
            f"SELECT count(*) FILTER (same AND NOT coalesce(now > before, FALSE)), count(*) FILTER (NOT same), "
            f"count(*) FILTER (NOT coalesce(now >= before, FALSE)), count(*) FILTER (NOT rises) "
            f"FROM (SELECT {self.time} AS now, lag({self.time}) OVER () AS before, {same} AS same, "
            f"coalesce(lag({both}) OVER () < {both}, FALSE) AS rises, lag(1) OVER () AS other FROM {self.view}) "
            "WHERE other IS NOT NULL"
        ).fetchone()
        return found if found else (0, 0, 0, 0)

    def _groups(self) -> int:
        if not self.group:
            return 1
        distinct = f"SELECT DISTINCT {', '.join(self.group)} FROM {self.view}"
        found = self.connection.execute(f"SELECT count(*) FROM ({distinct})").fetchone()
        return int(found[0]) if found else 0

    def _spans(self) -> list[str]:
        """Conditions that part the rows by time, few enough of them at once to be held in memory."""
        count = -(-self.rows // _AT_ONCE)
        asked = f"SELECT min({self.time}), max({self.time}) FROM {self.view}"
        least, most = self.connection.execute(asked).fetchone() or (0, 0)
        ends = [least + (most + 1 - least) * i // count for i in range(count + 1)]
        return [f"{self.time} >= {a} AND {self.time} < {b}" for a, b in pairwise(ends)]

    def twice(self, parts: Sequence[str]) -> Iterator[Problem]:
        """Keys that come more than once; no key is in two of ``parts``, conditions on rows."""
        key = ", ".join(map(name_of, self.table.key))
        count = 0
        first: list[tuple[Any, ...]] = []
        for part in parts:
            found = self.connection.execute(
                f"SELECT sum(more) OVER (), {key} FROM (SELECT {key}, count(*) - 1 AS more FROM {self.view} "
                f"WHERE {part} GROUP BY ALL HAVING count(*) > 1) ORDER BY {key} LIMIT {_FIRST}"
            ).fetchall()
            count += int(found[0][0]) if found else 0
            first += [row[1:] for row in found]
        if count:
            shown = _shown(self.table.key, sorted(first)[:_FIRST])
            yield DuplicateRows(table=self.table.name, count=count, first=shown)

    def _back(self) -> Iterator[Problem]:
        parts = f"PARTITION BY {', '.join(self.group)} " if self.group else ""
        named = tuple(dict.fromkeys((*self.table.key, self.table.time or "")))
        key = ", ".join(map(name_of, named))
        order = '"#file", "#row", "#k"'
        back = (
            f"SELECT * FROM (SELECT {key}, lag({self.time}) OVER ({parts}ORDER BY {order}) AS before FROM {self.view}) "
            f"WHERE {self.time} < before"
        )
        found = self.connection.execute(f"SELECT count(*) OVER (), {key} FROM ({back}) ORDER BY {key} LIMIT {_FIRST}")
        if rows := found.fetchall():
            first = _shown(named, [row[1:] for row in rows])
            yield UnorderedTimes(table=self.table.name, count=int(rows[0][0]), first=first)


def _shown(names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> str:
    return "; ".join(", ".join(f"{n}={v}" for n, v in zip(names, row, strict=True)) for row in rows)
