"""Rules with operators over time in Spark: the verdicts that are given here, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from attrs import evolve
from test_temporal_language import COLUMNS, MW, PACK, SECOND, condition, group, program, stored

from conformance.engines.series.judge import judge_series
from conformance.engines.spark import series as spark_series
from conformance.engines.spark.rows import to_parquet
from conformance.engines.spark.series import judge_series_spark
from conformance.engines.sql.rows import connect
from conformance.errors import Position, Text
from conformance.model.standard import (
    Expression,
    Figure,
    LimitLookup,
    LimitRow,
    LimitTable,
    Pack,
    Status,
    Table,
)
from conformance.rules import Program, compile_rule
from conformance.rules.verdicts import RowVerdict

RULES, GROUPS = 60, 24
ORDER: dict[str, Any] = {"key": ("meter", "time"), "time": "time", "groups": ("meter",)}
MADE = 'CREATE OR REPLACE TABLE samples (meter {0}, time BIGINT, a DOUBLE, b DOUBLE, "on" BOOLEAN, kind VARCHAR)'
CAPS = {"x": 1.0, "y": 2.0}
SOME = (
    'held(row.a <= q("1 MW"), q("2 s"))',
    'since(row.a <= q("2 MW"), row.on)',
    'always(changed(row.kind), 0, q("1 s")) or row.a < row.b',
)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


def bits(verdicts: Mapping[str, RowVerdict]) -> dict[str, str]:
    """Each verdict as a text that tells all floats apart."""
    return {name: repr(one).replace("np.float64(", "").replace(")", "") for name, one in verdicts.items()}


def both(
    spark: Any, connection: Any, folder: Path, programs: Mapping[str, Program], *, pack: Pack = PACK, **options: Any
) -> dict[str, RowVerdict]:
    """What Spark says, which must be what is said here."""
    options = {**ORDER, **options}
    frame = spark.read.parquet(str(to_parquet(connection, "samples", folder)))
    found = judge_series_spark(frame, programs, pack=pack, **options)
    assert bits(found) == bits(judge_series(connection, "samples", programs, **options))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_spark_says_of_random_series_what_is_said_here(
    spark: Any, connection: duckdb.DuckDBPyConnection, tmp_path: Path, seed: int
) -> None:
    rng = Random(4000 + seed)
    rows = stored(connection, rng, [group(rng) for _ in range(GROUPS)])
    connection.execute("CREATE OR REPLACE TABLE samples AS SELECT * FROM samples ORDER BY hash(rowid)")
    programs = {text: program(text) for text, _ in (condition(rng, 3) for _ in range(RULES))}
    stated = {name: rng.choice([0.0, 0.5]) for name in programs if rng.random() < 0.3}
    found = both(spark, connection, tmp_path, programs, worst=rng.choice([1, 3, 10**6]), uncertainty=stated)
    assert {one.counts.cases for one in found.values()} == {rows}
    assert sum(one.counts.failed for one in found.values()) > 0


def test_rows_without_time_or_group_and_doubled_instants_are_insufficient(
    spark: Any, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute(MADE.format("DOUBLE"))
    rows = [
        (1.0, 0, 0.5), (1.0, SECOND, 0.5), (1.0, SECOND, 0.6), (1.0, None, 0.5), (1.0, 2**62 + 1, 0.5),
        (None, 0, 0.5), (2.5, 0, None), (2.5, SECOND, 9.0), (float("nan"), 0, 0.5),
    ]  # fmt: skip
    connection.executemany("INSERT INTO samples VALUES (?, ?, ?, NULL, NULL, NULL)", rows)
    frame = spark.read.parquet(str(to_parquet(connection, "samples", tmp_path)))
    at_once = 'held(row.a <= q("1 MW"), 0)'
    found = judge_series_spark(frame, {"r": program(at_once)}, pack=PACK, **ORDER)["r"]
    assert (found.counts.cases, found.counts.passed, found.counts.failed, found.counts.insufficient) == (9, 1, 1, 7)
    assert [row.key for row in found.worst] == [(2.5, SECOND), (1.0, 0)]
    connection.execute("DELETE FROM samples WHERE isnan(meter)")
    both(spark, connection, tmp_path, {text: program(text) for text in SOME})


def test_a_table_without_groups_and_one_without_rows_are_judged(
    spark: Any, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute(MADE.format("VARCHAR"))
    programs = {text: program(text) for text in SOME}
    empty = both(spark, connection, tmp_path, programs)
    assert {one.counts.cases for one in empty.values()} == {0}
    connection.execute("INSERT INTO samples SELECT 'm', i * 1000000000, i % 4, 1.5, i % 3 = 0, 'x' FROM range(40) t(i)")
    both(spark, connection, tmp_path, programs, key=("time",), groups=(), worst=7)


def test_a_number_with_two_ends_is_an_interval(
    spark: Any, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute('CREATE TABLE samples (meter VARCHAR, time BIGINT, a DOUBLE, "a.low" DOUBLE, "a.high" DOUBLE)')
    connection.execute("INSERT INTO samples VALUES ('A', 0, 1, 0.5, 1), ('A', 1, NULL, 0.5, 2), ('A', 2, 3, 2, NULL)")
    (found,) = both(spark, connection, tmp_path, {"r": program('held(row.a <= q("1 MW"), 0)')}).values()
    assert (found.counts.passed, found.counts.failed, found.counts.insufficient) == (1, 1, 1)


def test_the_workers_know_limits_instants_and_what_is_optional(
    spark: Any, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    properties: Any = COLUMNS["properties"]
    columns = {**properties, "end": {"type": "string", "format": "date-time"}, "c": MW}
    caps = [LimitRow(Figure(cap, "MW", "lower", "free", "S1", Status.PROJECT), {"kind": k}) for k, cap in CAPS.items()]
    pack = evolve(
        PACK,
        tables={"samples": Table("samples", {**COLUMNS, "properties": columns}, ("meter", "time"), "time")},
        limits={"cap": LimitTable("cap", Text("cap", "限值"), "MW", {"kind": None}, tuple(caps))},
    )
    written = {
        "cap": "held(row.a <= cap, q('1 s'))",
        "end": "held(row.end - row.time <= q('3 s'), q('1 s')) and row.a <= q('9 MW')",
        "has": "held(has(row.c) or row.a <= q('1 MW'), q('1 s'))",
        "get": "always(get(row.c, q('2 MW')) <= q('2 MW'), 0, q('2 s'))",
    }
    at = (Position("r.yaml", 1, 1),)
    looked_up = {"cap": LimitLookup("cap", {"kind": Expression("row.kind", at)})}
    programs = {
        name: compile_rule(
            evolve(program("row.on").rule, require=Expression(text.replace("'", '"'), at), parameters=looked_up), pack
        )
        for name, text in written.items()
    }
    connection.execute(MADE.format("VARCHAR"))
    connection.execute('ALTER TABLE samples ADD COLUMN "end" BIGINT')
    connection.execute("ALTER TABLE samples ADD COLUMN c DOUBLE")
    rng = Random(7)
    rows = [
        (f"m{n % 3}", n * SECOND, rng.choice([0.5, 1.5, 2.5]), rng.choice(["x", "y", "z", None]),
         rng.choice([None, (n + rng.randint(0, 5)) * SECOND]), rng.choice([None, 1.0, 3.0]))
        for n in range(60)
    ]  # fmt: skip
    connection.executemany("INSERT INTO samples VALUES (?, ?, ?, NULL, NULL, ?, ?, ?)", rows)
    found = both(spark, connection, tmp_path, programs, pack=pack, worst=30)
    assert all(one.counts.failed for one in found.values())
    assert found["cap"].counts.no_limit


def test_what_is_wrong_with_the_question_is_refused_before_spark_is_asked() -> None:
    with pytest.raises(ValueError, match="kind"):
        judge_series_spark(None, {}, pack=PACK, key=("meter", "kind"), time="time", groups=("meter",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one"):
        judge_series_spark(None, {}, pack=PACK, worst=0, **ORDER)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not negative"):
        judge_series_spark(None, {}, pack=PACK, uncertainty={"r": -1.0}, **ORDER)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rows", "most"), [(1, 1), (3, 1), (2, 5), (7, 1000)])
def test_batches_change_nothing(rows: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_series, "CHUNK", most)
    table = pa.table({
        "g0": ["x"] * 7 + ["y"] * 1 + ["y"] * 4 + ["z"], "g1": [1] * 8 + [2] * 5,
        "t": [0, 1, 1, 1, 2, 3, 3, 9, 0, 0, 0, 5, 5], "c0": [float(n) for n in range(13)],
    })  # fmt: skip
    columns = [("a", "number")]
    chunks = list(spark_series._chunks(iter(table.to_batches(rows)), 2, columns))  # type: ignore[arg-type]
    joined: dict[tuple[object, ...], list[tuple[int, float]]] = {}
    ended: list[tuple[object, ...]] = []
    for n, chunk in enumerate(chunks):
        assert chunk.group not in ended
        assert len(chunk.times)
        joined.setdefault(chunk.group, []).extend(
            zip(chunk.times.tolist(), chunk.columns["a", "number"].tolist(), strict=True)
        )
        if chunk.last:
            ended.append(chunk.group)
        else:
            assert chunks[n + 1].group == chunk.group
            assert chunks[n + 1].times[0] > chunk.times[-1]
    cells = list(zip(table["t"].to_pylist(), table["c0"].to_pylist(), strict=True))
    assert joined == {("x", 1): cells[:7], ("y", 1): cells[7:8], ("y", 2): cells[8:12], ("z", 2): cells[12:]}
    assert ended == list(joined)
