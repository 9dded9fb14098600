"""What the footers of Parquet files say of a relation before its rows are read: it spares looking for it in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
from attrs import evolve, frozen

from conformance.engines.sql.prune import ParquetRows, read_groups, stored_types
from conformance.rules.engine import Kind


@frozen
class Footers:
    """The number of rows, and the least and greatest of columns where that is known. A file may lie."""

    rows: int
    ends: Mapping[str, tuple[Any, Any]]

    @staticmethod
    def read(connection: duckdb.DuckDBPyConnection, parquet: ParquetRows, kinds: Mapping[str, Kind]) -> Footers:
        """Of ``kinds`` those columns which ``parquet`` shows as they stand; numbers as floats, instants in ns."""
        asked = {name: kind for name, kind in kinds.items() if name in parquet.columns}
        rows = evolve(parquet, columns={name: parquet.columns[name] for name in asked})
        groups = read_groups(connection, rows, asked, stored_types(connection, rows))
        ends: dict[str, tuple[Any, Any]] = {}
        for name in asked:
            said = [group.columns.get(name) for group in groups if group.rows]
            known = [(one.low, one.high) for one in said if one is not None and one.low is not None]
            if known and len(known) == len(said):
                ends[name] = min(low for low, _ in known), max(high for _, high in known)
        return Footers(sum(group.rows for group in groups), ends)

    def greatest(self, column: str | None) -> float | None:
        """The greatest magnitude of the numbers in ``column``; None where that is not known."""
        low, high = self.ends.get(column or "", (None, None))
        return None if low is None else float(max(abs(low), abs(high)))
