"""Operators over time in rules on tables: what a rule says of recorded series, and what is refused at load."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import duckdb
import pytest
from attrs import asdict
from rules_bench import PACK as BENCH
from rules_bench import rule as bench_rule

from conformance.engines.series import feed as series_feed
from conformance.engines.series.judge import judge_series
from conformance.engines.sql.rows import connect
from conformance.errors import Position, Refused, Text
from conformance.model.outcome import Reason, Severity
from conformance.model.standard import (
    Document,
    Expression,
    Figure,
    Join,
    LimitLookup,
    LimitRow,
    LimitTable,
    Pack,
    Rule,
    Status,
    Step,
    Table,
    Uncertainty,
)
from conformance.packs import load
from conformance.rules import Program, compile_rule, compile_rules
from conformance.rules.clock import Clock
from conformance.rules.verdicts import RowVerdict

MINUTE = 60 * 10**9
COLUMNS = {
    "type": "object", "required": ["mine", "time", "gas", "power", "alarm"],
    "properties": {
        "mine": {"type": "string"}, "time": {"type": "string", "format": "date-time"},
        "gas": {"type": "number", "unit": "%"}, "power": {"type": "number", "unit": "MW"},
        "alarm": {"type": "boolean"}, "on": {"type": "boolean"}, "area": {"enum": ["face", "return"]},
    },
}  # fmt: skip


def figure(value: float | str, unit: str | None) -> Figure:
    return Figure(value, unit, "lower", "free", "S1", Status.PROJECT)


LEVELS = LimitTable(
    "level", Text("level", "限值"), "%", {"area": None}, (LimitRow(figure(1.0, "%"), {"area": "face"}),)
)
CARD = {"type": "object", "properties": {"most": {"type": "number", "unit": "%"}, "list": {
    "type": "array", "items": {"type": "number", "unit": "%"}}}}  # fmt: skip
PACK = Pack(
    "test/mine", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {}, limits={"level": LEVELS},
    tables={
        "gas": Table("gas", COLUMNS, ("mine", "time"), "time"),
        "mines": Table("mines", {
            "type": "object", "required": ["name"],
            "properties": {"name": {"type": "string"}, "cap": {"type": "number", "unit": "%"}},
        }, ("name",)),
    },
    documents={"card": Document("card", CARD)},
)  # fmt: skip
SCALE = {"share": "1 %", "time": "1 min", "power": "1 MW", "ramp": "1 MW/min"}


def program(require: str, **parts: Any) -> Program:
    def written(text: str) -> Expression:
        return Expression(text, (Position("r.yaml", 3, 1, source=text),))

    for name in ("when", "vacuous_unless"):
        if name in parts:
            parts[name] = written(parts[name])
    options = {"gap": "2 min", "scale": SCALE, **parts}
    rule = Rule(
        "mine/r", Text("r", "则"), (), "stable", Severity.MAJOR, "gas", written(require),
        position=Position("r.yaml", 1, 1), **options,
    )  # fmt: skip
    return compile_rule(rule, PACK)


Rows = list[tuple[Any, ...]]


def judged(require: str, rows: Rows, *, columns: str = "gas", worst: int = 99, **parts: Any) -> RowVerdict:
    """``rows`` are minutes and the values of ``columns``, of mine A unless the first is its name."""
    connection = connect(threads=1)
    names = ["mine", "time", *columns.split()]
    kinds = {"mine": "VARCHAR", "time": "BIGINT", "alarm": "BOOLEAN", "on": "BOOLEAN", "area": "VARCHAR"}
    made = ", ".join(f'"{name}" {kinds.get(name, "DOUBLE")}' for name in names)
    connection.execute(f"CREATE TABLE data ({made})")
    full = [row if len(row) == len(names) else ("A", *row) for row in rows]
    marks = ", ".join("?" * len(names))
    connection.executemany(
        f"INSERT INTO data VALUES ({marks})",
        [(row[0], None if row[1] is None else round(row[1] * MINUTE), *row[2:]) for row in full],
    )
    return judge(connection, program(require, **parts), worst)


def judge(connection: duckdb.DuckDBPyConnection, one: Program, worst: int = 99) -> RowVerdict:
    assert one.clock is not None
    clock = one.clock
    return judge_series(
        connection, "data", {"r": one}, key=("mine", "time"), time=clock.time, groups=clock.groups, worst=worst
    )["r"]


def counts(verdict: RowVerdict) -> dict[str, int]:
    return {name: n for name, n in asdict(verdict.counts).items() if n}


def failed(verdict: RowVerdict) -> list[float]:
    """Minutes of the rows that failed, in order."""
    return sorted(int(str(row.key[1])) / MINUTE for row in verdict.worst if row.place == "failed")


# What a rule says


def test_hysteresis_sets_at_one_limit_and_resets_at_another() -> None:
    # Mine gas: alarm at 1.0 %; power is cut at 1.5 % and may come back only below 1.0 %.
    cut = 'since(not (row.gas < q("1.0 %")), row.gas >= q("1.5 %"))'
    gas = [0.8, 1.2, 1.6, 1.3, 1.1, 0.9, 1.2, 1.4]
    on = [True, True, False, False, True, True, True, False]
    alarm = [False, True, True, True, True, True, True, True]
    rows = [(n, *cells) for n, cells in enumerate(zip(gas, on, alarm, strict=True))]
    repowered = judged(f"implies({cut}, not row.on)", rows, columns="gas on alarm")
    assert failed(repowered) == [4]
    assert counts(repowered) == {"cases": 8, "passed": 7, "failed": 1}
    needless = judged(f"implies(not row.on, {cut})", rows, columns="gas on alarm")
    assert failed(needless) == [7]
    alarmed = judged('implies(row.gas >= q("1.0 %"), row.alarm)', rows, columns="gas on alarm",
                     when='held(row.gas >= 0, q("1 min"))')  # fmt: skip
    assert counts(alarmed) == {"cases": 8, "passed": 7, "cut": 1}


def test_the_power_is_cut_within_its_time() -> None:
    rule = 'response_time(not row.on, q("5 min")) <= q("2 min")'
    slow = judged(rule, [(0, 1.0, True), (1, 1.6, True), (2, 1.6, True), (3, 1.6, True), (4, 1.6, False)],
                  columns="gas on", when='rises(row.gas >= q("1.5 %"))')  # fmt: skip
    assert failed(slow) == [1]
    assert slow.counts.inapplicable == 4
    margin = slow.worst[0].margin
    assert margin is not None
    assert margin.physical.high == pytest.approx(-1.0)
    assert (margin.unit, margin.atom) == ("min", 'response_time(not row.on, q("5 min")) <= q("2 min")')


def test_a_ramp_is_in_its_unit_per_time() -> None:
    verdict = judged('rate(row.power) <= q("60 MW/h")', [(0, 1), (1, 2), (3, 4), (4, 5.5)], columns="power")
    assert failed(verdict) == [4]
    assert counts(verdict) == {"cases": 4, "passed": 2, "failed": 1, "cut": 1}
    assert verdict.worst[0].margin is not None
    assert verdict.worst[0].margin.unit == "MW/min"
    assert verdict.worst[0].margin.physical.low == pytest.approx(-0.5)


def test_since_of_one_condition_tells_how_long_ago_it_held() -> None:
    rows = [(0, True), (1, False), (2, False), (3, False), (4, True)]
    assert failed(judged('since(row.on) <= q("2 min")', rows, columns="on")) == [3]


def test_previous_and_changed_look_one_sample_back() -> None:
    rows = [(0, 1.0, "face"), (1, 2.0, "face"), (2, 2.0, "return"), (3, 5.0, "return")]
    moved = judged('row.gas - previous(row.gas) <= q("1 %")', rows, columns="gas area")
    assert failed(moved) == [3]
    assert failed(judged("not changed(row.area)", rows, columns="gas area")) == [2]
    assert failed(judged('not changed(row.gas >= q("2 %"))', rows, columns="gas area")) == [1]


def test_settling_and_rise_are_timed() -> None:
    rows = [(0, 0.0), (1, 5.0), (2, 9.0), (3, 10.0), (4, 10.0), (5, 10.0)]
    settled = 'settling_time(abs(row.power - q("10 MW")) <= q("1 MW"), q("2 min"), q("9 min")) <= q("1 min")'
    assert failed(judged(settled, rows, columns="power")) == [0]
    risen = 'rise_time(row.power >= q("1 MW"), row.power >= q("9 MW"), q("9 min")) <= 0'
    assert failed(judged(risen, rows, columns="power")) == [0, 1]


# What is missing


def test_windows_past_the_ends_are_cut_and_those_over_gaps_are_insufficient() -> None:
    rule = 'always(row.gas <= q("1 %"), 0, q("2 min"))'
    rows: Rows = [(0, 0.5), (1, 0.5), (2, 0.5), (6, 0.5), (7, None), (8, 0.5), (9, 0.5), (10, 0.5), (11, 0.5)]
    # 1 and 2 look into the gap, 6 and 7 at what is null, 10 and 11 beyond the end.
    assert counts(judged(rule, rows)) == {"cases": 9, "passed": 3, "insufficient": 4, "cut": 2}


def test_a_window_past_the_end_with_a_null_in_it_is_insufficient() -> None:
    rule = 'always(row.gas <= q("1 %"), 0, q("2 min"))'
    assert counts(judged(rule, [(0, 0.5), (1, 0.5), (2, None)])) == {"cases": 3, "insufficient": 3}


def test_a_window_past_the_end_fails_if_what_is_there_fails() -> None:
    verdict = judged('always(row.gas <= q("1 %"), 0, q("9 min"))', [(0, 0.5), (1, 0.5), (2, 1.5)])
    assert counts(verdict) == {"cases": 3, "failed": 3}
    assert verdict.worst[0].margin is not None
    assert verdict.worst[0].margin.physical.high == -0.5


def test_nothing_is_known_before_the_first_sample() -> None:
    rule = 'implies(since(row.gas <= q("9 %"), row.gas >= q("1.5 %")), row.on)'
    rows: Rows = [(0, 1.0, False), (1, 1.0, False), (2, 9.5, False), (3, 1.0, False), (4, 1.6, True)]
    # Whether it was set before the first sample only what lies there could tell; at 2 it sets itself.
    assert counts(judged(rule, rows, columns="gas on")) == {"cases": 5, "cut": 2, "failed": 2, "passed": 1}


def test_an_instant_that_occurs_twice_says_nothing_once() -> None:
    rows: Rows = [(0, 0.5), (1, 0.5), (1, 0.6), (2, 0.5)]
    assert counts(judged('held(row.gas <= q("1 %"), 0)', rows)) == {"cases": 4, "passed": 2, "insufficient": 2}
    assert counts(judged('held(row.gas <= q("0.1 %"), q("1 min"))', rows)) == {
        "cases": 4, "failed": 3, "insufficient": 1
    }  # fmt: skip


def test_rows_without_a_time_or_a_group_are_insufficient() -> None:
    rows: Rows = [("A", 0, 0.5), ("A", None, 0.5), (None, 1, 0.5), ("A", 1.3e8, 0.5)]
    assert counts(judged('held(row.gas <= q("1 %"), 0)', rows)) == {"cases": 4, "passed": 1, "insufficient": 3}


def test_an_empty_table_has_no_cases() -> None:
    verdict = judged('held(row.gas <= q("1 %"), 0)', [("A", 0, 0.5)][:0] or [(None, None, None)])
    assert counts(verdict) == {"cases": 1, "insufficient": 1}


def test_what_is_not_computable_is_open_to_operators_that_look_at_it() -> None:
    rule = 'row.gas / row.power <= q("1 %/MW")'
    rows: Rows = [(0, 1.0, 2.0), (1, 1.0, 0.0), (2, 1.0, 2.0)]
    scale = {"x": "1 %/MW"}
    assert counts(judged(f"{rule} and held(row.power >= 0, 0)", rows, columns="gas power",
                         scale={**SCALE, **scale})) == {"cases": 3, "passed": 2, "not_computable": 1}  # fmt: skip
    assert counts(judged(f"held({rule}, 0)", rows, columns="gas power", scale=scale)) == {
        "cases": 3, "passed": 2, "insufficient": 1
    }  # fmt: skip


# Groups, limits, joins, intervals, uncertainty


def test_no_window_reaches_into_another_group() -> None:
    rows: Rows = [(mine, n, 0.5 if mine == "A" else 2.0) for n in range(4) for mine in ("A", "B")]
    verdict = judged('held(row.gas <= q("1 %"), q("1 min"))', rows)
    assert counts(verdict) == {"cases": 8, "passed": 3, "failed": 4, "cut": 1}
    assert [row.key[0] for row in verdict.worst[:4]] == ["B"] * 4


def test_groups_may_be_named_by_several_columns() -> None:
    connection = connect(threads=1)
    connection.execute(
        'CREATE TABLE data AS SELECT mine, area, n::BIGINT * 60000000000 AS "time", '
        "CASE WHEN mine = 'B' AND area = 'face' THEN 2.0 ELSE 0.5 END AS gas "
        "FROM (VALUES ('A'), ('B')) m(mine), (VALUES ('face'), ('return')) p(area), range(3) t(n)"
    )
    one = program('held(row.gas <= q("1 %"), q("1 min"))')
    key = ("mine", "area", "time")
    verdict = judge_series(connection, "data", {"r": one}, key=key, time="time", groups=key[:2], worst=99)["r"]
    assert counts(verdict) == {"cases": 12, "passed": 6, "failed": 3, "cut": 3}
    assert {row.key[:2] for row in verdict.worst if row.place == "failed"} == {("B", "face")}


def test_worst_rows_come_by_margin_then_by_key() -> None:
    rows: Rows = [(mine, n, 2.0) for n in (1, 0) for mine in ("B", "A")]
    verdict = judged('held(row.gas <= q("1 %"), 0)', rows, worst=3)
    assert [row.key for row in verdict.worst] == [("A", 0), ("A", MINUTE), ("B", 0)]


def test_the_comparison_that_decides_is_named() -> None:
    rule = 'always(row.gas <= q("1 %") and row.power <= q("5 MW"), 0, q("1 min"))'
    verdict = judged(rule, [(0, 0.5, 5.5), (1, 3.0, 5.5), (2, 0.5, 1.0)], columns="gas power")
    named = {row.key[1]: row.margin.atom for row in verdict.worst if row.margin}
    assert named[0] == 'row.gas <= q("1 %")'
    assert judged(rule, [(0, 0.5, 5.5), (1, 0.5, 1.0)], columns="gas power").worst[0].margin == pytest.approx(
        judged('row.power <= q("5 MW") and held(row.gas >= 0, 0)', [(0, 0.5, 5.5)], columns="gas power").worst[0].margin
    )


def test_limits_are_looked_up_by_row() -> None:
    lookup = {"most": LimitLookup("level", {"area": Expression("row.area", (Position("r.yaml", 2, 1),))})}
    rows: Rows = [(0, 0.5, "face"), (1, 1.5, "face"), (2, 0.5, "return"), (3, 0.5, None), (4, 0.5, "face")]
    verdict = judged("held(row.gas <= most, 0)", rows, columns="gas area", parameters=lookup)
    assert counts(verdict) == {"cases": 5, "passed": 2, "failed": 1, "no_limit": 1, "insufficient": 1}


def test_joined_values_are_columns_of_their_own_name() -> None:
    joins = {"mine": Join(table="mines", on={"name": "mine"}), "card": Join(document="card")}
    connection = connect(threads=1)
    made = 'mine VARCHAR, time BIGINT, gas DOUBLE, "mine.cap" DOUBLE, "card.most" DOUBLE'
    connection.execute(f"CREATE TABLE data ({made})")
    connection.execute("INSERT INTO data VALUES ('A', 0, 1, 2, 3), ('A', 1, 2.5, 2, 3), ('A', 2, 1, NULL, 0.5)")
    one = program("held(row.gas <= get(mine.cap, card.most), 0)", joins=joins)
    assert counts(judge(connection, one)) == {"cases": 3, "passed": 1, "failed": 2}


def test_a_number_with_two_ends_is_an_interval() -> None:
    connection = connect(threads=1)
    connection.execute('CREATE TABLE data (mine VARCHAR, time BIGINT, gas DOUBLE, "gas.low" DOUBLE, "gas.high" DOUBLE)')
    connection.execute("INSERT INTO data VALUES ('A', 0, 1, 0.5, 1), ('A', 1, NULL, 0.5, 2), ('A', 2, 3, 2, NULL)")
    found = judge(connection, program('held(row.gas <= q("1 %"), 0)'))
    assert counts(found) == {"cases": 3, "passed": 1, "insufficient": 1, "failed": 1}


def test_a_guarded_rule_needs_its_distance() -> None:
    stated = Uncertainty(figure(0.2, "%"), figure(0.3, "%"))
    rows: Rows = [(0, 0.5), (1, 0.9), (2, 1.1), (3, 1.5)]
    found = judged('held(row.gas <= q("1 %"), 0)', rows, decision="guarded", uncertainty=stated, scale="1 %")
    assert counts(found) == {"cases": 4, "passed": 1, "failed": 1, "uncertain": 2}


def test_conditions_with_several_scales_are_guarded_each_in_its_unit() -> None:
    rule = 'held(row.gas <= q("1 %") and row.gas >= 0, 0)'
    stated = Uncertainty(figure(0.2, "%"), figure(0.3, "%"))
    found = judged(rule, [(0, 0.5), (1, 0.1), (2, -0.5)], decision="guarded", uncertainty=stated, scale="1 %")
    assert counts(found) == {"cases": 3, "passed": 1, "failed": 1, "uncertain": 1}


def test_vacuous_and_inapplicable_rows_are_counted_apart() -> None:
    rows: Rows = [(0, 0.5, True), (1, 0.5, False), (2, 2.0, True)]
    found = judged('held(row.gas <= q("1 %"), 0)', rows, columns="gas on", when="row.on",
                   vacuous_unless='row.gas >= q("1 %")')  # fmt: skip
    assert counts(found) == {"cases": 3, "vacuous": 1, "inapplicable": 1, "failed": 1}


def test_windows_of_a_chain_that_are_cut_only_fail() -> None:
    chain, gas = (Step("mean", ("mine",), "1 min"),), Expression("row.gas", (Position("r", 1, 1),))
    connection = connect(threads=1)
    ends = 'value DOUBLE, "value.low" DOUBLE, "value.high" DOUBLE'
    connection.execute(f"CREATE TABLE data (mine VARCHAR, start BIGINT, {ends}, cut BOOLEAN)")
    rows = [(None, -9, 9, True), (1, 1, 1, False), (1, 1, 1, False), (3, 3, 3, False), (1, 1, 1, False),
            (1, 1, 1, False), (None, 5, 9, True)]  # fmt: skip
    connection.executemany(
        "INSERT INTO data VALUES ('A', ?, ?, ?, ?, ?)", [(n * MINUTE, *row) for n, row in enumerate(rows)]
    )
    for rule, found in (
        ('held(row.value <= q("2 %"), q("1 min"))', {"cases": 7, "passed": 2, "failed": 3, "cut": 2}),
        ('since(row.value <= q("9 %"), row.value >= q("3 %"))', {"cases": 7, "passed": 3, "cut": 4}),
    ):
        one = program(rule, chain=chain, of=gas, gap="1 min")
        assert one.clock is not None
        verdict = judge_series(
            connection, "data", {"r": one}, key=("mine", "start"), time=one.clock.time, groups=one.clock.groups
        )
        assert counts(verdict["r"]) == found


# Feeding


@pytest.mark.parametrize(("batch", "chunk"), [(1, 1), (3, 2), (7, 100), (1000, 3)])
def test_batches_and_chunks_change_nothing(batch: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Rows = [(mine, n * n % 37, n % 5 / 2) for n in range(37) for mine in "ABC"][::-1]
    rule = 'always(since(row.gas <= q("2 %"), row.gas >= q("1 %")), 0, q("3 min")) or row.gas >= q("1.4 %")'
    whole = judged(rule, rows)
    monkeypatch.setattr(series_feed, "BATCH", batch)
    monkeypatch.setattr(series_feed, "CHUNK", chunk)
    assert judged(rule, rows) == whole


def test_a_key_beyond_group_and_time_is_refused() -> None:
    with pytest.raises(ValueError, match="gas"):
        judge_series(connect(), "data", {}, key=("mine", "gas"), time="time", groups=("mine",))
    with pytest.raises(ValueError, match="at least one"):
        judge_series(connect(), "data", {}, key=("mine",), time="time", groups=("mine",), worst=0)
    with pytest.raises(ValueError, match="not negative"):
        judge_series(connect(), "data", {}, key=("mine",), time="time", groups=("mine",), uncertainty={"r": -1.0})


# Loading


def test_a_program_tells_its_clock() -> None:
    assert program('row.gas <= q("1 %")').clock is None
    found = program('always(held(row.gas <= q("1 %"), q("5 min")), 0, span)', parameters={"span": figure(1, "h")})
    assert found.clock == Clock("time", ("mine",), 2 * MINUTE, 7 * MINUTE, 60 * MINUTE)
    assert program("changed(row.gas)", parameters={"g": figure(30, "s")}, gap="g").clock == Clock(
        "time", ("mine",), MINUTE // 2, MINUTE // 2, 0
    )


def test_a_chain_with_windows_gives_its_clock() -> None:
    chain, gas = (Step("mean", ("mine", "area"), "10 min"),), Expression("row.gas", (Position("r", 1, 1),))
    found = program('held(row.value <= q("2 %"), q("1 h"))', chain=chain, of=gas)
    assert found.clock is not None
    assert (found.clock.time, found.clock.groups) == ("start", ("mine", "area"))


def test_of_one_row_alone_it_is_not_computable() -> None:
    for require in ("changed(row.gas)", 'held(row.gas <= q("1 %"), 0)', 'rate(row.power) <= q("1 MW/min")'):
        one = program(require)
        assert one.evaluate({"row": {"gas": 1.0, "power": 1.0}}).obstacle is Reason.NOT_COMPUTABLE
        assert dict(one.explain({"row": {"gas": 1.0, "power": 1.0}}))


@pytest.mark.parametrize(
    ("require", "parts", "code", "shown"),
    [
        ("changed(row.gas)", {"gap": None}, "W006", "changed(row.gas)"),
        ("changed(row.gas)", {"gap": "soon"}, "W007", None),
        ("changed(row.gas)", {"gap": "0 min"}, "W007", None),
        ("changed(row.gas)", {"gap": "5 MW"}, "W007", None),
        ("changed(row.gas)", {"gap": "5 parsec"}, "Q001", None),
        ('held(row.alarm, q("5 MW"))', {}, "R021", 'q("5 MW")'),
        ("held(row.alarm, row.gas)", {}, "W008", "row.gas"),
        ("held(row.alarm, 0 / 0)", {}, "W008", "0 / 0"),
        ('held(row.alarm, -q("1 min"))', {}, "W003", '-q("1 min")'),
        ('always(row.alarm, q("2 min"), 0)', {}, "W003", 'q("2 min")'),
        ('until(row.alarm, row.on, -q("2 min"), 0)', {}, "W003", '-q("2 min")'),
        ('held(held(row.alarm, q("40 a")), q("40 a"))', {}, "W003", 'q("40 a")'),
        ("held(row.gas, 0)", {}, "R020", "row.gas"),
        ("rate(row.alarm) <= 0", {}, "R020", "row.alarm"),
        ("changed(row.time)", {}, "R020", "row.time"),
        ("always(row.alarm, 0)", {}, "R013", "always(row.alarm, 0)"),
        ("rate(row.power) <= row.power", {}, "R021", "row.power"),
        ('rate(row.power) <= q("1 MW/min")', {"scale": "1 MW"}, "R024", "rate(row.power)"),
        ("changed(row.gas)", {"chain": (Step("mean", ("mine",)),), "of": None}, "W005", "changed(row.gas)"),
    ],
)
def test_what_no_operator_can_use_is_refused_with_its_place(
    require: str, parts: dict[str, Any], code: str, shown: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        program(require, **parts)
    problem = next(p for p in refused.value.problems if p.code == code)
    assert problem.position is not None
    if shown is not None:
        begin = problem.position.column - 1
        assert require[begin : begin + problem.position.width] == shown
    assert problem.render("en") != problem.render("zh")


def test_a_rule_on_an_operation_knows_no_before_and_after() -> None:
    with pytest.raises(Refused) as refused:
        compile_rule(bench_rule("held(response.sure, 0)"), BENCH)
    assert [p.code for p in refused.value.problems] == ["W005"]


def test_a_loop_over_a_joined_list_is_refused() -> None:
    joins = {"card": Join(document="card")}
    with pytest.raises(Refused) as refused:
        program("all(changed(row.gas) for x in card.list)", joins=joins)
    assert [p.code for p in refused.value.problems] == ["W005", "R020"]


def test_a_group_whose_number_is_none_loses_its_own_rows_and_no_others() -> None:
    pack = load(Path(__file__).parents[3] / "fixtures/packs/metering")
    rule = {"x": compile_rules(pack)["metering/gas-cut"]}
    connection = connect(threads=1)
    connection.execute("CREATE TABLE gas (sensor DOUBLE, time BIGINT, ch4 DOUBLE, powered BOOLEAN)")
    for sensor in (1.0, nan, 2.0, inf):
        rows = [[sensor, second * 1_000_000_000, 0.5 if second < 2 else 1.6, True] for second in range(6)]
        connection.executemany("INSERT INTO gas VALUES (?, ?, ?, ?)", rows)
    found = judge_series(connection, "gas", rule, key=("sensor", "time"), time="time", groups=("sensor",))["x"]
    assert (found.counts.passed, found.counts.failed, found.counts.cut, found.counts.insufficient) == (4, 4, 4, 12)
