"""Rows in Parquet files: what is believed of statistics, what is read, and that nothing else changes."""

from __future__ import annotations

import struct
from math import nan
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_sql import program

from conformance.engines.sql.bounds import Prover
from conformance.engines.sql.prune import prove, read_groups, stored_types
from conformance.engines.sql.rows import ParquetRows, connect, judge_rows, lower
from conformance.engines.sql.scan import Scan

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

GROUPS, ROWS = 40, 50
LIMIT = 'row.v <= q("240 V")'


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


def write(path: Path, values: list[float | None], *, rows: int = ROWS, **options: Any) -> ParquetRows:
    columns = {"meter": [f"m{n:05}" for n in range(len(values))], "v": pa.array(values, pa.float64())}
    pq.write_table(pa.table(columns), path, row_group_size=rows, **options)
    return ParquetRows((str(path),), {"meter": "meter", "v": "v"})


def voltages() -> list[float | None]:
    """Row groups that are all good, each a little worse than the one before; two rows of the seventh are broken."""
    values: list[float | None] = [200 + n // ROWS / 10 + n % ROWS / 1000 for n in range(GROUPS * ROWS)]
    values[7 * ROWS + 3] = values[7 * ROWS + 5] = 250.0
    return values


def proved(connection: duckdb.DuckDBPyConnection, rows: ParquetRows, text: str = LIMIT) -> list[dict[str, int] | None]:
    prover = Prover.of(lower(program(text)), stated=None)
    groups = read_groups(connection, rows, prover.columns, stored_types(connection, rows))
    return [proof and dict(proof.places) for proof in (prove(prover, group) for group in groups)]


def test_only_groups_are_read_that_are_open_or_hold_one_of_the_worst_rows(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = write(tmp_path / "v.parquet", voltages())
    read: list[int] = []
    plain = Scan.plain
    monkeypatch.setattr(
        Scan, "plain", lambda scan, groups: (read.extend(g.first // ROWS for g in groups), plain(scan, groups))[1]
    )
    found = judge_rows(connection, "", {"r": lower(program(LIMIT))}, key=["meter"], parquet=rows)["r"]
    assert (found.counts.failed, found.counts.passed) == (2, GROUPS * ROWS - 2)
    assert [row.key for row in found.worst] == [("m00353",), ("m00355",), ("m01999",), ("m01998",), ("m01997",)]
    assert len(read) == len(set(read)) < 10
    assert {7, 39} <= set(read)


def test_nulls_are_counted_and_a_group_of_good_and_bad_rows_is_open(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    values = [230.0, None, 231.0, 250.0, 251.0, 252.0, 230.0, 250.0, 230.0, None, None, None]
    rows = write(tmp_path / "v.parquet", values, rows=3)
    assert proved(connection, rows) == [{"passed": 2, "insufficient": 1}, {"failed": 3}, None, {"insufficient": 3}]


def test_nothing_is_proved_without_statistics_nor_of_what_may_not_be_computable(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = write(tmp_path / "v.parquet", [1.0, 2.0, -1.0, 1.0], rows=2)
    assert proved(connection, rows, 'q("1 V") / row.v * q("1 V") <= q("2 V") or row.v < q("9 V")') == [
        {"passed": 2},
        None,
    ]
    assert proved(connection, rows, 'row.v * 2 < q("9 V") and row.v > q("-9 V")') == [{"passed": 2}, {"passed": 2}]
    assert proved(connection, write(tmp_path / "w.parquet", [1.0, 2.0], write_statistics=False)) == [None]
    assert proved(connection, write(tmp_path / "x.parquet", [1e308, 1.5e308]), "row.v * 2 > row.v") == [None]


@pytest.mark.parametrize("statistics", [True, False])
def test_a_nan_that_statistics_pass_over_is_missing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, statistics: bool
) -> None:
    values = voltages()
    values[3] = nan
    rows = write(tmp_path / "v.parquet", values)
    rule = {"r": lower(program(LIMIT))}
    found = judge_rows(connection, "", rule, key=["meter"], parquet=rows, statistics=statistics)["r"]
    assert (found.counts.insufficient, found.counts.failed) == (1, 2)
    connection.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{rows.files[0]}')")
    assert judge_rows(connection, "readings", rule, key=["meter"])["r"] == found


def test_a_file_that_lies_is_found_out_by_reading_it(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    values = voltages()
    rows = write(tmp_path / "v.parquet", values, use_dictionary=False, compression="none")
    path = Path(rows.files[0])
    whole = path.read_bytes()
    (length,) = struct.unpack("<I", whole[-8:-4])
    footer = whole[-8 - length :].replace(struct.pack("<d", 250.0), struct.pack("<d", 200.8))
    path.write_bytes(whole[: -8 - length] + footer)
    rule = {"r": lower(program(LIMIT))}
    believed, read = (
        judge_rows(connection, "", rule, key=["meter"], parquet=rows, statistics=statistics)["r"]
        for statistics in (True, False)
    )
    assert (believed.counts.failed, read.counts.failed) == (0, 2)
    assert [row.key for row in read.worst[:2]] == [("m00353",), ("m00355",)]
    connection.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{path}')")
    assert judge_rows(connection, "readings", rule, key=["meter"])["r"] == read


def test_a_rule_on_a_column_that_the_relation_changes_is_judged_on_the_relation(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = write(tmp_path / "v.parquet", [0.25, 0.23])
    connection.execute(f"CREATE VIEW readings AS SELECT meter, v * 1000 AS v FROM read_parquet('{rows.files[0]}')")
    shown = ParquetRows(rows.files, {"meter": "meter"})
    found = judge_rows(connection, "readings", {"r": lower(program(LIMIT))}, key=["meter"], parquet=shown)["r"]
    assert (found.counts.failed, found.counts.passed) == (1, 1)


@pytest.mark.parametrize("kind", ["TIMESTAMP_NS", "TIMESTAMPTZ", "TIMESTAMP", "BIGINT"])
def test_instants_in_keys_are_nanoseconds(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    stamp = 1_782_878_400_000_001_000
    made = stamp if kind == "BIGINT" else f"make_timestamp_ns({stamp})::{kind}"
    connection.execute(f"CREATE TABLE t AS SELECT {made} AS time, 250e0 AS v")
    (row,) = judge_rows(connection, "t", {"r": lower(program(LIMIT))}, key=["time"])["r"].worst
    assert row.key == (stamp,)


def test_rules_on_the_same_columns_read_what_statistics_leave_open_together(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = write(tmp_path / "v.parquet", voltages())
    texts = {"low": 'row.v >= q("207 V")', "high": LIMIT, "other": 'row.v <= q("253 V")'}
    rules = {name: lower(program(text)) for name, text in texts.items()}
    seen: list[str] = []

    class Watched:
        def execute(self, sql: str, *arguments: Any) -> Any:
            seen.append(sql)
            return connection.execute(sql, *arguments)

    def judged(some: dict[str, Any], **options: Any) -> dict[str, Any]:
        seen.clear()
        return judge_rows(Watched(), "", some, key=["meter"], parquet=rows, **options)  # type: ignore[arg-type]

    alone = {name: judged({name: rule})[name] for name, rule in rules.items()}
    each = len(seen)
    together = judged(rules)
    assert together == alone == judged(rules, statistics=False)
    assert len({counts.failed for counts in (one.counts for one in together.values())}) > 1
    judged(rules)
    assert len(seen) < 2 * each
