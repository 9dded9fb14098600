"""One pass over rows that can be read: how many there are in each file, what is missing, bad, or as in the file."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

import duckdb
from attrs import frozen

from conformance.systems.tables import footers
from conformance.systems.tables.footers import Footers, Stored
from conformance.systems.tables.sql import name_of

Connection: TypeAlias = duckdb.DuckDBPyConnection
_TABLE = "#survey"


@frozen
class Survey:
    """What one pass over some rows has shown."""

    rows: Mapping[int, int]
    """By number of the file."""
    bad: int
    """Rows with a cell that cannot be read."""
    missing: Mapping[str, int]
    """Cells without a value, by column."""
    plain: frozenset[str]
    """Of the columns asked for, those whose every value is that of the file."""


def survey(
    connection: Connection,
    sql: str,
    columns: Collection[str],
    *,
    stored: Mapping[str, Stored] | None = None,
    asked: Collection[str] = (),
    read: Footers | None = None,
) -> Survey:
    """Look at the rows of ``sql``, which have ``columns``, and the raw cells of those that are ``stored``.

    ``asked`` are the columns that may be just as in the file. Raises `Refused` where the footers ``read`` lie.
    """
    stored = stored or {}
    step = read.step if read else 1 << 62
    members = [
        '"#file" AS file', f'("#row" - 1) // {step} AS bucket', "count(*) AS size", 'count("#bad") AS bad',
        *(f"count(*) - count({name_of(n)}) AS m{i}" for i, n in enumerate(columns)),
        *(
            f"count(*) FILTER ({name_of(n)} IS DISTINCT FROM {name_of('raw:' + n)}) AS d{i}"
            for i, n in enumerate(asked)
        ),
        *(footers.seen(i, name_of("raw:" + n), column) for i, (n, column) in enumerate(stored.items())),
    ]  # fmt: skip
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name_of(_TABLE)} AS SELECT {', '.join(members)} FROM ({sql}) GROUP BY ALL"
    )
    try:
        if read:
            footers.compare(connection, read, _TABLE, tuple(stored.values()))
        sums = ", ".join(f"sum({letter}{i})" for letter, n in (("m", columns), ("d", asked)) for i in range(len(n)))
        bad, *counts = connection.execute(f"SELECT sum(bad), {sums} FROM {name_of(_TABLE)}").fetchone() or (0,)
        rows = connection.execute(f"SELECT file, sum(size) FROM {name_of(_TABLE)} GROUP BY file").fetchall()
    finally:
        connection.execute(f"DROP TABLE {name_of(_TABLE)}")
    found = [int(count or 0) for count in counts]
    return Survey(
        rows={int(file): int(count) for file, count in rows},
        bad=int(bad or 0),
        missing=dict(zip(columns, found, strict=False)),
        plain=frozenset(n for n, count in zip(asked, found[len(columns) :], strict=True) if not count),
    )
