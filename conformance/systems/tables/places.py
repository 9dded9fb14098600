# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
"""Where the cells of a table stand in its files, asked for only when there is something to say of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import duckdb

from conformance.errors import Position
from conformance.model.system import TableSource
from conformance.systems.tables.files import TableFile
from conformance.systems.tables.layout import Part
from conformance.systems.tables.sql import name_of
from conformance.systems.tables.text import locate

Spot: TypeAlias = tuple[int, int, int, str]
"""Number of the file, row of its data, part of a wide row, column of the table."""
Places: TypeAlias = Callable[[Sequence[Spot]], list[tuple[str, Position]]]
"""The text and position of each cell."""


def in_text(file: TableFile, source: TableSource, names: tuple[str, ...], parts: Sequence[Part]) -> Places:
    """Of a file of text: one walk over it finds all cells, with the line as it was written."""

    def places(spots: Sequence[Spot]) -> list[tuple[str, Position]]:
        at = [(row, parts[part].at.get(name)) for _, row, part, name in spots]
        found = locate(file, source, names, [(row, column) for row, column in at if column is not None])
        return [
            found[row, column]
            if column is not None and (row, column) in found
            else (parts[part].texts.get(name) or "", file.start)
            for (row, column), (_, _, part, name) in zip(at, spots, strict=True)
        ]

    return places


def in_stage(connection: duckdb.DuckDBPyConnection, stage: str, files: Sequence[str], first: int = 0) -> Places:
    """Of raw cells in SQL: each row is asked for again; the line of a position is the number of the row."""

    def place(file: int, row: int, part: int, name: str) -> tuple[str, Position]:
        raw = f"CAST({name_of('raw:' + name)} AS VARCHAR)"
        asked = f'SELECT {raw} FROM ({stage}) WHERE "#file" = ? AND "#row" = ? AND "#k" = ?'
        found = connection.execute(asked, [file, row, part]).fetchone()
        return str(found[0]) if found and found[0] is not None else "", Position(files[file - first], row, 1)

    return lambda spots: [place(*spot) for spot in spots]
