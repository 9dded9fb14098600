"""A small table, and ways to read a recording of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.systems.tables import OpenedTable, open_table

READINGS = Table(
    "readings",
    {
        "type": "object",
        "required": ["voltage"],
        "properties": {
            "meter": {"type": "string"},
            "phase": {"enum": ["A", "B", "C"]},
            "time": {"type": "string", "format": "date-time"},
            "voltage": {"type": ["number", "null"], "unit": "V"},
            "count": {"type": "integer"},
            "on": {"type": "boolean"},
            "note": {"type": "string"},
        },
    },
    ("meter", "phase", "time"),
    "time",
    "end",
    "1 min",
)
COLUMNS = tuple(READINGS.columns["properties"])
HEAD = "meter,phase,time,voltage\n"
T0 = 1_782_864_000_000_000_000
"""2026-07-01T00:00:00Z."""
MINUTE = 60_000_000_000


def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})


def opened(
    folder: Path,
    text: str | bytes | None = None,
    *,
    name: str = "a.csv",
    table: Table = READINGS,
    scratch: Path | None = None,
    **source: Any,
) -> tuple[OpenedTable, list[tuple[Any, ...]]]:
    """The table and its rows, after writing ``text`` (if any) to the file ``name``."""
    if text is not None:
        data = text.encode(source.get("encoding", "utf-8")) if isinstance(text, str) else text
        (folder / name).write_bytes(data)
    with connection() as duck:
        found = open_table(
            TableSource(**{"path": name, **source}), table, folder=folder, connection=duck, scratch=scratch
        )
        return found, duck.execute(f'SELECT * FROM "{found.view}"').fetchall()
