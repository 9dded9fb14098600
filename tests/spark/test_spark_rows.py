"""Rules on rows in Spark: the verdicts of DuckDB, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from attrs import evolve
from sql_cases import PACK, expression, program, row, table, text_of

from conformance.engines.spark.rows import judge_rows_spark, to_parquet
from conformance.engines.sql.rows import SqlRule, connect, judge_rows, lower
from conformance.errors import Text
from conformance.model.outcome import Severity
from conformance.model.standard import DATE, Figure, LimitLookup, LimitRow, LimitTable, Pack, Rule, Status, Table
from conformance.rules import compile_rule
from conformance.rules.verdicts import RowVerdict

SETS, RULES, ROWS = 30, 10, 40


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


def figure(value: float | str) -> Figure:
    return Figure(value, None, "lower", "free", "S1", Status.PROJECT)


def rule(require: str, *, pack: Pack = PACK, **options: Any) -> SqlRule:
    scale = {"power": "1 MW", "time": "1 min"}
    written = Rule(
        "p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "rows", expression(require), scale=scale, **options
    )
    return lower(compile_rule(written, pack))


def both(
    spark: Any, connection: Any, folder: Path, rules: Mapping[str, SqlRule], *, name: str = "data", **options: Any
) -> dict[str, RowVerdict]:
    """What Spark says, which must be what DuckDB says."""
    options = {"key": ["id"], **options}
    frame = spark.read.parquet(str(to_parquet(connection, name, folder)))
    found = judge_rows_spark(frame, name, rules, **options)
    expected = judge_rows(connection, name, rules, **options)
    assert {n: repr(v) for n, v in found.items()} == {n: repr(v) for n, v in expected.items()}  # tells 0.0 from -0.0
    return found


@pytest.mark.parametrize("seed", range(SETS))
def test_spark_and_duckdb_give_the_same_counts_margins_and_worst_rows(
    spark: Any, connection: Any, tmp_path: Path, seed: int
) -> None:
    rng = Random(1000 + seed)
    programs = {f"{n}: {text_of(one)}": one for n, one in enumerate(program(rng) for _ in range(RULES))}
    stated = rng.choice([None, 0.0, 0.5])
    table(connection, [row(rng) for _ in range(ROWS)])
    uncertainty = {} if stated is None else dict.fromkeys(programs, stated)
    rules = {name: lower(one) for name, one in programs.items()}
    both(spark, connection, tmp_path, rules, worst=3, uncertainty=uncertainty)


def test_many_rows_at_the_same_margin_are_ordered_by_their_keys(spark: Any, connection: Any, tmp_path: Path) -> None:
    connection.execute(
        """CREATE OR REPLACE TABLE data AS
        SELECT (range * 7919) % 20000 AS id, CASE WHEN range % 3 = 0 THEN NULL ELSE (range % 10)::DOUBLE END AS a,
               range % 2 = 0 AS "on", 'x' AS kind FROM range(20000)"""
    )
    rules = {"a": rule('row.a <= q("5 MW")'), "on": rule("row.on"), "never": rule('row.a <= q("100 MW") or row.on')}
    found = both(spark, connection, tmp_path, rules, worst=7)
    assert found["a"].counts.cases == 20000
    assert len(found["a"].worst) == 7
    assert [one.key for one in found["on"].worst] == sorted(one.key for one in found["on"].worst)


def test_rows_with_one_key_are_all_kept_and_a_missing_key_comes_last(
    spark: Any, connection: Any, tmp_path: Path
) -> None:
    connection.execute("CREATE OR REPLACE TABLE data (id BIGINT, kind TEXT, a DOUBLE)")
    connection.execute(
        "INSERT INTO data VALUES (2, 'x', 9), (1, 'y', 9), (1, 'x', 9), (1, 'x', 9), (NULL, 'x', 9), (1, NULL, 9)"
    )
    found = both(spark, connection, tmp_path, {"r": rule('row.a <= q("5 MW")')}, key=["id", "kind"], worst=6)
    assert [one.key for one in found["r"].worst] == [
        (1, "x"), (1, "x"), (1, "y"), (1, None), (2, "x"), (None, "x")
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["it's", 'say "x"', "back\\slash", "行\n列", "`", "%_$${x}"])
def test_words_are_what_they_are(spark: Any, connection: Any, tmp_path: Path, word: str) -> None:
    connection.execute("CREATE OR REPLACE TABLE data AS SELECT 1 AS id, $1 AS kind", [word])
    found = both(spark, connection, tmp_path, {"r": rule("row.kind == odd", parameters={"odd": figure(word)})})
    assert found["r"].counts.passed == 1


def test_instants_far_apart_are_subtracted_to_the_last_bit(spark: Any, connection: Any, tmp_path: Path) -> None:
    rng = Random(1)
    rows = [(n, *(rng.randrange(-(2**62), 2**62) for _ in "tu"), rng.uniform(-1e6, 1e6)) for n in range(300)]
    connection.execute("CREATE OR REPLACE TABLE data (id BIGINT, t BIGINT, u BIGINT, r DOUBLE)")
    connection.executemany("INSERT INTO data VALUES (?, ?, ?, ?)", rows)
    rules = {
        "apart": rule("row.t <= row.u"),
        "moved": rule('row.t + row.r * q("1 min") <= row.u'),
        "far": rule('row.t + row.r * q("100000000000000 min") <= row.u - q("7 h")'),
        "endless": rule('row.t + row.r * q("1 min") / tiny <= row.u', parameters={"tiny": figure(1e-30)}),
    }
    both(spark, connection, tmp_path, rules, worst=300)


def test_columns_of_other_types_are_read_as_duckdb_reads_them(spark: Any, connection: Any, tmp_path: Path) -> None:
    connection.execute(
        """CREATE OR REPLACE TABLE "my rows" AS SELECT * FROM (VALUES
        (1, 2.5::FLOAT, 7::TINYINT, TIMESTAMP '2026-07-01 04:00:00.000001', TIMESTAMPTZ '2026-07-01 12:00:00+08:00'),
        (2, 0.1::FLOAT, 9::TINYINT, TIMESTAMP '1969-07-01 04:00:00', NULL)) AS t (id, a, b, t, u)"""
    )
    rules = {"sum": rule('row.a + row.b <= q("9 MW")'), "order": rule("row.t <= row.u")}
    found = both(spark, connection, tmp_path, rules, name="my rows")
    assert (found["order"].counts.failed, found["order"].counts.insufficient) == (1, 1)


def test_limits_that_hold_from_a_day_on_are_looked_up_alike(spark: Any, connection: Any, tmp_path: Path) -> None:
    ages = LimitTable(
        "age", Text("a", "甲"), "MW", {"day": DATE},
        (LimitRow(evolve(figure(1), unit="MW"), before={"day": "2026-07-01"}),
         LimitRow(evolve(figure(5), unit="MW"), since={"day": "2026-07-01"}, before={"day": "2027-01-01"})),
    )  # fmt: skip
    columns = {**PACK.tables["rows"].columns}
    columns["properties"] = {**columns["properties"], "built": {"type": "string", "format": "date"}}
    pack = evolve(PACK, limits={"age": ages}, tables={"rows": Table("rows", columns, ("id",))})
    rules = {
        name: rule("row.a <= top", pack=pack, parameters={"top": LimitLookup("age", {"day": expression(name)})})
        for name in ("row.t", "row.built")
    }
    days = ["2026-06-30", "2026-07-01", "2027-01-01", "2026-02-29", "today", "2026-07-01\n", None]
    connection.execute("CREATE OR REPLACE TABLE data (id BIGINT, a DOUBLE, t TIMESTAMP, built TEXT)")
    for number, day in enumerate(days):
        connection.execute("INSERT INTO data VALUES ($1, 2, TRY_CAST($2 AS TIMESTAMP), $2)", [number, day])
    found = both(spark, connection, tmp_path, rules)
    counts = found["row.built"].counts
    assert (counts.failed, counts.passed, counts.no_limit, counts.insufficient) == (1, 1, 4, 1)


def test_rows_are_named_by_instants_in_nanoseconds(spark: Any) -> None:
    spark.sql("SELECT TIMESTAMP '2026-07-01 04:00:00.000001' AS time, 9e0 AS a").createOrReplaceTempView("known")
    found = judge_rows_spark(spark, "known", {"r": rule('row.a <= q("5 MW")')}, key=["time"])
    assert [one.key for one in found["r"].worst] == [(1782878400000001000,)]


def test_a_table_without_rows_has_no_worst_ones(spark: Any, connection: Any, tmp_path: Path) -> None:
    connection.execute("CREATE OR REPLACE TABLE data (id BIGINT, a DOUBLE)")
    found = both(spark, connection, tmp_path, {"r": rule('row.a <= q("5 MW")')})
    assert (found["r"].counts.cases, found["r"].worst) == (0, ())


def test_division_by_zero_is_decided_with_ansi_mode_on_and_off(spark: Any, connection: Any, tmp_path: Path) -> None:
    connection.execute("CREATE OR REPLACE TABLE data AS SELECT range AS id, 1e0 AS a, range - 1.0 AS r FROM range(3)")
    rules = {"r": rule('row.a / row.r <= q("5 MW")')}
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"
    first = both(spark, connection, tmp_path, rules)
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        assert both(spark, connection, tmp_path, rules) == first
    finally:
        spark.conf.set("spark.sql.ansi.enabled", "true")
    assert first["r"].counts.not_computable == 1


def test_a_table_that_spark_knows_is_judged_by_its_name(spark: Any) -> None:
    spark.sql("SELECT 1 AS id, 9e0 AS a").createOrReplaceTempView("known")
    found = judge_rows_spark(spark, "known", {"r": rule('row.a <= q("5 MW")')}, key=["id"])
    assert [one.key for one in found["r"].worst] == [(1,)]


def test_what_cannot_be_asked_is_refused(spark: Any) -> None:
    spark.sql("SELECT 1 AS id, 9e0 AS a").createOrReplaceTempView("known")
    with pytest.raises(ValueError, match="not negative: r"):
        judge_rows_spark(spark, "known", {"r": rule("row.on")}, key=["id"], uncertainty={"r": -1.0})
    with pytest.raises(ValueError, match="at least one"):
        judge_rows_spark(spark, "known", {"r": rule("row.on")}, key=["id"], worst=0)
