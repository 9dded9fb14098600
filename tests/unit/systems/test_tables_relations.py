"""Tables that stand in the memory of a Python program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from recordings import MINUTE, READINGS, T0, connection

from conformance.errors import Refused
from conformance.model.system import TableSource
from conformance.systems.tables import OpenedTable, SourceFile, open_relation

SELECT = "SELECT 'M1' meter, 'A' phase, TIMESTAMPTZ '2026-07-01 00:00:00Z' + INTERVAL 1 MINUTE * i AS time, "
SELECT += "[230.0, NULL][i + 1] AS voltage FROM range(2) t(i)"
EXPECTED = [("M1", "A", T0, 230.0), ("M1", "A", T0 + MINUTE, None)]


def arrow() -> Any:
    pa = pytest.importorskip("pyarrow")
    return pa.table(
        {"meter": ["M1", "M1"], "phase": ["A", "A"], "time": pa.array([T0, T0 + MINUTE], pa.timestamp("ns", tz="UTC")),
         "voltage": [230.0, None]}
    )  # fmt: skip


def frame() -> Any:
    pd = pytest.importorskip("pandas")
    times = pd.date_range("2026-07-01", periods=2, freq="min", tz="UTC").tz_convert("Asia/Shanghai")
    return pd.DataFrame({"meter": ["M1"] * 2, "phase": ["A"] * 2, "time": times, "voltage": [230.0, None]})


GIVEN = {
    "a DuckDB relation": lambda duck: duck.sql(SELECT),
    "an Arrow table": lambda duck: arrow(),
    "an Arrow batch": lambda duck: arrow().to_batches()[0],
    "a stream of Arrow batches": lambda duck: arrow().to_reader(),
    "a pandas frame": lambda duck: frame(),
    "a pandas frame of categories": lambda duck: frame().astype({"phase": "category", "meter": "string"}),
    "a pandas frame of objects": lambda duck: frame().astype({"voltage": object}),
}


def read(duck: duckdb.DuckDBPyConnection, given: Any, **more: Any) -> tuple[OpenedTable, list[tuple[Any, ...]]]:
    scratch = more.pop("scratch", None)
    table = open_relation(given, TableSource("memory", **more), READINGS, connection=duck, scratch=scratch)
    return table, duck.execute(f"SELECT meter, phase, time, voltage FROM {table.view}").fetchall()


def left(duck: duckdb.DuckDBPyConnection) -> set[str]:
    asked = "SELECT view_name FROM duckdb_views() WHERE NOT internal UNION ALL SELECT table_name FROM duckdb_tables()"
    return {row[0] for row in duck.execute(asked).fetchall()}


@pytest.mark.parametrize("kind", GIVEN)
@pytest.mark.parametrize("scratch", [True, False])
def test_each_is_read_like_a_file_and_copied(tmp_path: Path, kind: str, scratch: bool) -> None:
    with connection() as duck:
        table, rows = read(duck, GIVEN[kind](duck), scratch=tmp_path if scratch else None)
        assert rows == EXPECTED
        assert table.sources == (SourceFile("memory", None, 2),)
        assert (table.digests, table.missing["voltage"], table.problems) == ({}, 1, ())
        assert bool(table.plain) == bool(table.files) == scratch
        assert left(duck) - {"readings#rows"} == {"readings", "readings#all"}


@pytest.mark.parametrize("kind", GIVEN)
def test_columns_units_and_codes_are_those_of_the_description(kind: str) -> None:
    with connection() as duck:
        rows = read(duck, GIVEN[kind](duck), units={"voltage": "kV"}, missing=("230",), label="start")[1]
        assert rows == [("M1", "A", T0 + MINUTE, None), ("M1", "A", T0 + 2 * MINUTE, None)]


def test_a_stream_that_can_be_read_once_is_read_once() -> None:
    stamps = arrow().column("time").cast("timestamp[ns]")
    stream = arrow().set_column(2, "time", stamps).to_reader()
    with connection() as duck:
        assert read(duck, stream, timezone="UTC")[1] == EXPECTED


def test_times_without_zone_need_one() -> None:
    naive = frame().assign(time=frame()["time"].dt.tz_convert("UTC").dt.tz_localize(None))
    with connection() as duck:
        with pytest.raises(Refused) as caught:
            read(duck, naive)
        assert [(p.code, str(p.position)) for p in caught.value.problems] == [("T014", "memory:1:1")]
        assert read(duck, naive, timezone="UTC")[1] == EXPECTED


def test_a_bad_cell_is_named_by_its_row_and_nothing_stays_behind() -> None:
    with connection() as duck:
        with pytest.raises(Refused) as caught:
            read(duck, frame().assign(voltage=["1", "x"]))
        assert [(p.code, str(p.position)) for p in caught.value.problems] == [("T009", "memory:2:1")]
        assert left(duck) == set()


def test_an_empty_table_has_no_rows_and_says_so() -> None:
    with connection() as duck:
        table, rows = read(duck, arrow().slice(0, 0))
        assert (rows, [p.code for p in table.problems]) == ([], ["T022"])


@pytest.mark.parametrize("given", [None, 5, "SELECT 1", [1, 2], object()])
def test_what_is_no_table_is_refused(given: Any) -> None:
    with connection() as duck:
        with pytest.raises(Refused) as caught:
            read(duck, given)
        assert [p.code for p in caught.value.problems] == ["T004"]


def test_a_relation_of_another_connection_is_refused() -> None:
    with connection() as other, connection() as duck:
        with pytest.raises(Refused) as caught:
            read(duck, other.sql(SELECT))
        assert [p.code for p in caught.value.problems] == ["T004"]


def test_ten_thousand_columns_are_refused() -> None:
    pa = pytest.importorskip("pyarrow")
    with connection() as duck:
        with pytest.raises(Refused) as caught:
            read(duck, pa.table({f"c{i}": [1] for i in range(10_000)}))
        assert [p.code for p in caught.value.problems] == ["T008"]
