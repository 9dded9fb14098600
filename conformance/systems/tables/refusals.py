"""What is said of a cell that cannot be read."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

import duckdb

from conformance.errors import Position, Problem
from conformance.errors.tables import BadCell, ClockChange
from conformance.model.system import TableSource
from conformance.packs.tables import QUALITY
from conformance.systems.tables.cells import A_GRADE, A_VALUE, Cell, cell, parsed
from conformance.systems.tables.sql import name_of, text_of


def bad_cell(
    connection: duckdb.DuckDBPyConnection, bad: Cell, shown: str, position: Position, source: TableSource
) -> Problem:
    """The problem of the cell ``bad``, which reads ``shown``."""
    column = bad.column
    if column.name == QUALITY:
        return BadCell(text=shown, expected=A_GRADE, column=QUALITY, position=position)
    if column.key and shown.strip() in ("", *source.missing):
        return BadCell(text=shown, expected=A_VALUE, column=column.name, position=position)
    if bad.naive and source.timezone and _is_time(connection, bad, shown, source):
        return ClockChange(text=shown, zone=source.timezone, column=column.name, position=position)
    return BadCell(text=shown, expected=bad.expected, column=column.name, position=position)


def _is_time(connection: duckdb.DuckDBPyConnection, bad: Cell, shown: str, source: TableSource) -> bool:
    raw = f"SELECT {text_of(shown)} AS {name_of('raw:' + bad.column.name)}"
    as_text = cell(bad.column, "VARCHAR", source, graded=False, shift=0)
    found = connection.execute(
        f"SELECT {name_of('l:' + bad.column.name)} IS NOT NULL FROM ({parsed([as_text], raw)})"
    ).fetchone()
    return bool(found and found[0])
