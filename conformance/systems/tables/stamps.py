"""Times that were written without a zone: the zone that they are in, or why there is none."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

from collections.abc import Sequence

import duckdb

from conformance.errors import Problem, Refused
from conformance.errors.tables import MixedZones, NaiveTime
from conformance.systems.tables.cells import Cell, parsed
from conformance.systems.tables.places import Places
from conformance.systems.tables.sql import name_of
from conformance.systems.tables.zones import offset_sql, offsets

_AT = """{'file': "#file", 'row': "#row", 'part': "#k"}"""


def zones(
    connection: duckdb.DuckDBPyConnection, cells: Sequence[Cell], stage: str, places: Places, *, zone: str | None
) -> dict[str, str]:
    """SQL for the offset of each time in the rows of ``stage`` that was written without one, in the declared ``zone``.

    Raises `Refused` where none is declared, or where times with and without a zone stand in one column.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for one in (c for c in cells if c.naive):
        name = one.column.name
        local, offset = name_of("l:" + name), name_of("o:" + name)
        naive, zoned = f"{local} IS NOT NULL AND {offset} IS NULL", f"{offset} IS NOT NULL"
        asked = (
            f"SELECT min({local}) FILTER ({naive}), max({local}) FILTER ({naive}), min({_AT}) FILTER ({naive}), "
            f"min({_AT}) FILTER ({zoned}) FROM ({parsed([one], stage)})"
        )
        low, high, first, other = connection.execute(asked).fetchone() or (None,) * 4
        found[name] = "CAST(NULL AS BIGINT)"
        if low is None:
            continue
        if other is not None:
            later = max((first, other), key=lambda cell: (cell["file"], cell["row"]))
            problems.append(MixedZones(column=name, position=places([(*later.values(), name)])[0][1]))
        elif zone is None:
            shown, position = places([(*first.values(), name)])[0]
            problems.append(NaiveTime(text=shown, column=name, position=position))
        else:
            found[name] = offset_sql(local, offsets(zone, low, high))
    if problems:
        raise Refused(problems)
    return found
