"""What the footers of Parquet files say of their row groups, held against the rows themselves.

Statistics are read instead of rows by whoever skips row groups; a footer that lies would hide what stands in them.
"""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

from collections.abc import Collection, Sequence
from math import gcd
from typing import TypeAlias

import duckdb
from attrs import frozen

from conformance.errors import Position, Problem, Refused
from conformance.errors.tables import DuplicateColumn, LyingStatistics
from conformance.systems.tables.files import TableFile
from conformance.systems.tables.sql import file_of, name_of, text_of

Connection: TypeAlias = duckdb.DuckDBPyConnection
_TABLE = "#footers"
_FINEST = 1024
"""Rows of a bucket at least: row groups that begin at any odd row are not told apart."""
_SHOWN = 20


@frozen
class Stored:
    """A column of a file."""

    name: str
    type: str
    """As DuckDB calls it."""


@frozen
class Footers:
    """The footers of some files, kept in the connection."""

    files: Sequence[TableFile]
    first: int
    """Number of the first file."""
    step: int
    """Each row group begins at a multiple of so many rows, so that ``(row - 1) // step`` falls into one."""
    comparable: bool
    """Whether all that they say can be held against rows."""


def read(connection: Connection, files: Sequence[TableFile], first: int, columns: Collection[Stored]) -> Footers:
    """The footers of ``files``, as far as they speak of ``columns``.

    Raises `Refused` for footers that contradict themselves, and for a column that is there twice.
    """
    numbers = ", ".join(f"({i}, {text_of(str(file.path))})" for i, file in enumerate(files, start=first))
    paths = "[" + ", ".join(file_of(file.path) for file in files) + "]"
    wanted = ", ".join(text_of(column.name) for column in columns) or "''"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name_of(_TABLE)} AS "
        "SELECT n.file, m.row_group_id AS id, m.row_group_num_rows AS size, m.path_in_schema AS name, m.num_values, "
        "m.stats_null_count AS nulls, coalesce(m.stats_min_value, m.stats_min) AS low, "
        "coalesce(m.stats_max_value, m.stats_max) AS high, m.min_is_exact AND m.max_is_exact AS exact, "
        "sum(m.row_group_num_rows) OVER (PARTITION BY n.file, m.path_in_schema ORDER BY m.row_group_id) - "
        "m.row_group_num_rows AS start "
        f"FROM parquet_metadata({paths}) m JOIN (VALUES {numbers}) n(file, path) ON m.file_name = n.path "
        f"WHERE m.path_in_schema IN ({wanted})"
    )
    footers = name_of(_TABLE)
    _refuse_doubles(connection, files, first)
    wrong = connection.execute(
        f"SELECT file, start, name FROM {footers} WHERE num_values <> size UNION ALL "
        f"SELECT n.file, 0, any_value(name) FROM {footers} f JOIN (VALUES {numbers}) n(file, path) ON f.file = n.file "
        f"JOIN parquet_file_metadata({paths}) m ON m.file_name = n.path "
        "GROUP BY n.file, f.name, m.num_rows HAVING sum(f.size) <> m.num_rows ORDER BY ALL"
    ).fetchall()
    _refuse_lies(wrong, files, first)
    starts = [row[0] for row in connection.execute(f"SELECT DISTINCT start FROM {footers} WHERE start > 0").fetchall()]
    step = gcd(*starts) if starts else 1 << 62
    named = {row[0] for row in connection.execute(f"SELECT DISTINCT name FROM {footers}").fetchall()}
    unclear = sum(_unclear(connection, column) for column in columns)
    known = not named or named == {column.name for column in columns}
    return Footers(files, first, step, step >= _FINEST and known and not unclear)


def _refuse_doubles(connection: Connection, files: Sequence[TableFile], first: int) -> None:
    twice = connection.execute(
        f"SELECT DISTINCT file, name FROM {name_of(_TABLE)} GROUP BY file, id, name HAVING count(*) > 1 ORDER BY ALL"
    ).fetchall()
    if twice:
        raise Refused([DuplicateColumn(name=name, position=files[i - first].start) for i, name in twice[:_SHOWN]])


def _unclear(connection: Connection, column: Stored) -> int:
    """How many bounds of a column cannot be held against its values, such as a text that was cut inside a character."""
    bounds = " OR ".join(f"({end} IS NOT NULL AND {_value(end, column)} IS NULL)" for end in ("low", "high"))
    found = connection.execute(
        f"SELECT count(*) FROM {name_of(_TABLE)} WHERE name = ? AND ({bounds} OR (NOT exact AND "
        f"(contains(low, '\\x') OR contains(high, '\\x'))))",
        [column.name],
    ).fetchone()
    return int(found[0]) if found else 0


def _value(bound: str, column: Stored) -> str:
    return f"TRY_CAST({bound} AS {column.type})"


def seen(index: int, raw: str, column: Stored) -> str:
    """Members of a SELECT that gather what `compare` needs of a column, whose cells stand in ``raw``."""
    number = f" FILTER (NOT isnan({raw}))" if column.type in ("FLOAT", "DOUBLE") else ""
    return f"count({raw}) AS n{index}, min({raw}){number} AS low{index}, max({raw}){number} AS high{index}"


def compare(connection: Connection, footers: Footers, survey: str, columns: Sequence[Stored]) -> None:
    """Hold ``footers`` against the table ``survey``: ``file``, ``bucket``, ``size`` and what is `seen` of each column.

    Raises `Refused` with `LyingStatistics` for the first row groups of which they say what does not hold.
    """
    wrong: list[tuple[int, int, str]] = []
    for i, column in enumerate(columns):
        wrong += connection.execute(
            "SELECT file, start, name FROM (SELECT f.file, f.start, f.name, f.size, f.nulls, f.low, f.high, "
            f"coalesce(sum(s.size), 0) AS rows, coalesce(sum(s.n{i}), 0) AS n, min(s.low{i}) AS least, "
            f"max(s.high{i}) AS most FROM {name_of(_TABLE)} f LEFT JOIN {name_of(survey)} s ON s.file = f.file "
            f"AND s.bucket * {footers.step} >= f.start AND s.bucket * {footers.step} < f.start + f.size "
            "WHERE f.name = ? GROUP BY ALL) "
            f"WHERE rows <> size OR nulls <> rows - n OR least < {_value('low', column)} OR most > "
            f"{_value('high', column)} ORDER BY ALL LIMIT {_SHOWN}",
            [column.name],
        ).fetchall()
    _refuse_lies(wrong, footers.files, footers.first)


def _refuse_lies(wrong: Sequence[tuple[int, int, str]], files: Sequence[TableFile], first: int) -> None:
    problems: list[Problem] = [
        LyingStatistics(column=name, position=Position(files[file - first].name, int(start) + 1, 1))
        for file, start, name in wrong[:_SHOWN]
    ]
    if problems:
        raise Refused(problems)


def drop(connection: Connection) -> None:
    """Forget the footers that were read."""
    connection.execute(f"DROP TABLE IF EXISTS {name_of(_TABLE)}")
