"""Rules on the rows of a table: what is loaded, decided and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from conformance.engines.sql.rows import RowVerdict, connect, judge_rows, lower, seal
from conformance.errors import Position, Refused, Text
from conformance.judge.decide import decide
from conformance.model.outcome import Interval, Margin, Severity
from conformance.model.standard import Expression, Figure, LimitLookup, LimitRow, LimitTable, Pack, Rule, Status, Table
from conformance.model.standard import Uncertainty as Measured
from conformance.rules import Program, compile_rule

VOLT = {"type": "number", "unit": "V"}
COLUMNS = {
    "type": "object", "required": ["meter", "time", "v", "i"],
    "properties": {
        "meter": {"type": "string"}, "time": {"type": "string", "format": "date-time"}, "v": VOLT,
        "i": {"type": "number", "unit": "A"}, "level": VOLT, "parts": {"type": "array", "items": {"type": "number"}},
    },
}  # fmt: skip


def figure(value: float, unit: str = "V") -> Figure:
    return Figure(value, unit, "lower", "free", "S1", Status.PROJECT)


LIMITS = LimitTable(
    "top", Text("top", "上限"), "V", {"level": "V"},
    (LimitRow(figure(242), {}, {"level": 100}, {"level": 230}), LimitRow(figure(0.44, "kV"), {}, {"level": 230})),
)  # fmt: skip
PACK = Pack(
    "test/rows", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {},
    limits={"top": LIMITS}, tables={"readings": Table("readings", COLUMNS, ("meter", "time"), "time")},
)  # fmt: skip


def expression(text: str) -> Expression:
    return Expression(text, (Position("r.yaml", 7, 3, source="  " + text),))


def program(require: str, **options: Any) -> Program:
    for name in ("when", "vacuous_unless"):
        if name in options:
            options[name] = expression(options[name])
    return compile_rule(
        Rule(
            "p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "readings", expression(require),
            **{"scale": {"voltage": "10 V", "current": "1 A"}, **options},
        ),
        PACK,
    )  # fmt: skip


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


def judged(connection: duckdb.DuckDBPyConnection, rule: Program, *cells: tuple[Any, ...], **options: Any) -> RowVerdict:
    """Rows are v, i, level; the meter is their letter."""
    connection.execute('CREATE TABLE "my readings" (meter TEXT, time TIMESTAMP_NS, v DOUBLE, i FLOAT, level INTEGER)')
    for number, row in enumerate(cells):
        values = ["abcdefgh"[number], "2026-07-01 04:00:00", *row, *[None] * (3 - len(row))]
        connection.execute('INSERT INTO "my readings" VALUES (?, ?, ?, ?, ?)', values)
    return judge_rows(connection, "my readings", {"r": lower(rule)}, key=["meter"], **options)["r"]


def places(verdict: RowVerdict) -> dict[str, int]:
    names = ["passed", "failed", "inapplicable", "vacuous", "not_computable", "no_limit", "insufficient", "uncertain"]
    return {name: count for name in names if (count := getattr(verdict.counts, name))}


def test_counts_are_exact_and_the_worst_rows_come_in_order_of_margin_and_key(connection: Any) -> None:
    found = judged(
        connection, program('row.v <= q("240 V")'), (245,), (230,), (None,), (245,), (float("nan"),), worst=3
    )
    assert found.counts.cases == 5
    assert places(found) == {"failed": 2, "passed": 1, "insufficient": 2}
    assert [(row.key, row.place) for row in found.worst] == [(("a",), "failed"), (("d",), "failed"), (("b",), "passed")]
    limit = 'row.v <= q("240 V")'
    assert found.worst[0].margin == Margin(Interval.point(-5.0), "V", Interval.point(-0.5), limit)


def test_a_null_fails_where_the_whole_interval_fails_and_never_passes_by_itself(connection: Any) -> None:
    rule = program('row.v <= q("240 V") and row.i <= q("5 A")')
    found = judged(connection, rule, (250, None), (230, None), (None, 6))
    assert places(found) == {"failed": 2, "insufficient": 1}
    assert [row.margin and row.margin.normalised.high for row in found.worst] == [-1.0, -1.0]


def test_the_margin_of_the_deciding_comparison_has_its_own_unit(connection: Any) -> None:
    found = judged(connection, program('row.v <= q("240 V") and row.i <= q("5 A")'), (239, 7))
    margin = found.worst[0].margin
    assert margin is not None
    assert (margin.atom, margin.unit, margin.physical.low) == ('row.i <= q("5 A")', "A", -2.0)


def test_a_margin_within_a_billionth_of_the_scale_is_at_the_limit(connection: Any) -> None:
    found = judged(connection, program('row.v <= q("240 V")'), (240 + 9e-9,), (240 + 2e-8,))
    assert places(found) == {"passed": 1, "failed": 1}


def test_infinity_is_a_number_and_division_by_zero_is_not_computable(connection: Any) -> None:
    found = judged(
        connection, program('row.v / row.i <= q("100 V/A")', scale="1 V/A"), (float("inf"), 1), (1, 0), (1, 1)
    )
    assert places(found) == {"failed": 1, "not_computable": 1, "passed": 1}
    assert found.worst[0].key == ("a",)


def test_when_and_vacuity_are_counted_as_the_judge_counts_them(connection: Any) -> None:
    rule = program('row.v <= q("240 V")', when='row.i > q("0 A")', vacuous_unless='row.v >= q("200 V")')
    found = judged(connection, rule, (250, 0), (250, 1), (100, 1), (230, 1), (230, None))
    assert places(found) == {"inapplicable": 1, "failed": 1, "vacuous": 1, "passed": 1, "insufficient": 1}


def test_limits_are_looked_up_row_by_row_and_converted(connection: Any) -> None:
    rule = program("row.v <= top", parameters={"top": LimitLookup("top", {"level": expression("row.level")})})
    found = judged(connection, rule, (243, 1, 220), (243, 1, 400), (243, 1, 50), (500, 1, None))
    assert places(found) == {"failed": 1, "passed": 1, "no_limit": 1, "insufficient": 1}


@pytest.mark.parametrize("stated", [None, 0.0, 1.0, 3.0])
def test_guarded_decisions_are_those_of_the_judge(connection: Any, stated: float | None) -> None:
    measured = Measured(figure(0.5), figure(2))
    limits = 'row.v <= q("240 V") and row.level <= q("240 V")'
    rule = program(limits, decision="guarded", uncertainty=measured, scale={"voltage": "10 V"})
    data = [(v, 1, level) for v in (237.5, 239.2, 239.8, 240.2, 240.8, 242.5) for level in (100,)] + [(239.8, 1, None)]
    uncertainty = {} if stated is None else {"r": stated}
    found = judged(connection, rule, *data, uncertainty=uncertainty)
    expected: dict[str, int] = {}
    for v, i, level in data:
        evaluation = rule.evaluate({"row": {"v": v, "i": i, "level": level}})
        says = decide(evaluation, rule.rule, generated=False, live=False, uncertainty=stated)
        words = {"insufficient-data": "insufficient", "within-uncertainty": "uncertain"}
        name = words[says.reason.value] if says.reason else says.outcome.value
        expected[name] = expected.get(name, 0) + 1
    assert places(found) == expected


def test_all_rules_of_a_table_are_judged_together_and_an_empty_one_has_no_rows(connection: Any) -> None:
    connection.execute("CREATE TABLE t (meter TEXT, v DOUBLE, i DOUBLE)")
    rules = {"one": lower(program('row.v <= q("240 V")')), "two": lower(program('row.i <= q("5 A")'))}
    assert [(v.counts.cases, v.worst) for v in judge_rows(connection, "t", rules, key=["meter"]).values()] == [
        (0, ())
    ] * 2
    connection.execute("INSERT INTO t VALUES ('a', 250, 1)")
    assert [places(v) for v in judge_rows(connection, "t", rules, key=["meter"]).values()] == [
        {"failed": 1},
        {"passed": 1},
    ]


def test_instants_are_nanoseconds_whatever_type_the_column_has(connection: Any) -> None:
    rule = lower(program('row.time + q("1 min") <= row.time + q("2 min")', scale={"time": "1 min"}))
    stamp = "TIMESTAMP '2026-07-01 04:00:00'"
    for kind in (stamp, f"{stamp}::TIMESTAMP_NS", f"{stamp}::TIMESTAMPTZ", f"epoch_ns({stamp})"):
        connection.execute(f"CREATE OR REPLACE TABLE t AS SELECT 'a' AS meter, {kind} AS time")
        margin = judge_rows(connection, "t", {"r": rule}, key=["meter"])["r"].worst[0].margin
        assert margin is not None
        assert margin.physical.low == 1.0


@pytest.mark.parametrize("text", ["all(p > 0 for p in row.parts)", "sum(row.parts) > 0", "row.v in row.parts"])
def test_a_row_rule_that_loops_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Refused) as caught:
        program(text)
    assert all(p.position is not None and p.position.line == 7 for p in caught.value.problems)


def test_an_uncertainty_below_zero_is_refused(connection: Any) -> None:
    with pytest.raises(ValueError, match="not negative: r"):
        judged(connection, program('row.v <= q("240 V")'), (1,), uncertainty={"r": -1.0})


def test_a_sealed_connection_reads_the_files_it_was_given_and_no_other(connection: Any, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.parquet", tmp_path / "other.parquet"
    for file in (mine, other):
        connection.execute(f"COPY (SELECT 'a' AS meter, 250e0 AS v) TO '{file}'")
    connection.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{mine}')")
    seal(connection, files=[mine])
    found = judge_rows(connection, "readings", {"r": lower(program('row.v <= q("240 V")'))}, key=["meter"])
    assert places(found["r"]) == {"failed": 1}
    with pytest.raises(duckdb.PermissionException):
        connection.execute(f"SELECT * FROM read_parquet('{other}')")
    with pytest.raises(duckdb.InvalidInputException):
        connection.execute("SET enable_external_access = true")
