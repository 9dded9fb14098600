"""Chains of aggregation: what is refused when a rule is loaded, and what is left of the rows."""

from __future__ import annotations

from math import inf, isclose, nan, sqrt
from typing import Any

import pytest
from chain_bench import COLUMNS, SECOND, compiled, figure, judged, left, ns, pack, rule, table

from conformance.engines.chain import lower as chain_sql
from conformance.engines.chain import ranks as chain_ranks
from conformance.engines.chain.lower import lower_chains
from conformance.engines.chain.slack import slack_of
from conformance.engines.sql.rows import connect
from conformance.errors import Refused
from conformance.model.outcome import Slack
from conformance.model.quantity import ONE, unit
from conformance.rules import types
from conformance.rules.chain import Limit

MINUTE = 60 * SECOND
T0 = ns("2026-03-02T00:00:00")  # a Monday
LIMIT = 'row.value <= q("5 V")'


def rows(*values: Any, start: int = T0, step: int = MINUTE, column: str = "u", **cells: Any) -> list[dict[str, Any]]:
    return [
        {"meter": "a", "phase": "x", "time": start + n * step, column: value, **cells} for n, value in enumerate(values)
    ]


def problems(made: Any, of: Any = None) -> list[tuple[str, int | None]]:
    with pytest.raises(Refused) as caught:
        compiled(made, of)
    for problem in caught.value.problems:
        assert problem.render("zh") != problem.render("en")
    return [(p.code, p.position.line if p.position else None) for p in caught.value.problems]


# Loading


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        ([{"take": "median"}], "R043"),
        ([{"take": "p0"}], "R043"),
        ([{"take": "share"}], "R043"),
        ([{"take": "energy"}], "R043"),
        ([{"take": "max", "by": ["metre"]}], "R041"),
        ([{"take": "max", "by": ["time"]}], "R041"),
        ([{"take": "max", "every": "fortnight"}], "R042"),
        ([{"take": "max", "every": "5 V"}], "R042"),
        ([{"take": "max", "every": "90 s"}], "R042"),
        ([{"take": "max", "coverage": "much"}], "R044"),
        ([{"take": "max", "coverage": "120 %"}], "R044"),
        ([{"take": "max", "coverage": "5 V"}], "R044"),
        ([{"take": "sum", "coverage": "90 %"}], "R046"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused_at_its_place(chain: list[dict[str, Any]], code: str) -> None:
    assert problems(rule(LIMIT, *chain)) == [(code, 20)]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({"by": ["meter"], "take": "max"}, {"by": ["meter", "phase"], "take": "max"}, "R041"),
        ({"every": "10 min", "take": "max"}, {"every": "15 min", "take": "max"}, "R042"),
        ({"every": "1 h", "take": "max"}, {"every": "10 min", "take": "max"}, "R042"),
        ({"every": "week", "take": "max"}, {"every": "month", "take": "max"}, "R042"),
        ({"take": "max"}, {"every": "day", "take": "max"}, "R042"),
        ({"every": "10 min", "take": "max"}, {"every": "day", "take": "share"}, "R043"),
    ],
)
def test_a_step_that_does_not_fit_the_one_before_is_refused(first: Any, second: Any, code: str) -> None:
    assert problems(rule(LIMIT, first, second)) == [(code, 21)]


def test_windows_that_a_local_day_would_cut_are_refused() -> None:
    chain = [{"every": "1 h", "take": "max"}, {"every": "day", "take": "max"}]
    assert problems(rule(LIMIT, *chain), pack(zone="Asia/Kolkata")) == [("R042", 21)]
    assert compiled(rule(LIMIT, *chain), pack(zone="Asia/Shanghai")).chain is not None


def test_what_a_statistic_is_taken_of_is_checked() -> None:
    assert problems(rule(LIMIT, {"take": "max"}, of=None)) == [("R043", 20)]
    assert problems(rule(LIMIT, {"take": "max"}, of="row.on")) == [("R043", 20)]
    assert problems(rule(LIMIT, {"take": "max"}, of="row.meter")) == [("R020", 7)]
    assert problems(rule(LIMIT, {"take": "max"}, of="row.volts")) == [("R011", 7)]
    assert problems(rule(LIMIT, {"take": "max"}, where="row.u")) == [("R020", 7)]
    assert problems(rule("row.value <= row.value", {"take": "sum"}, of="row.t")) == [("R027", 20)]
    assert problems(rule(LIMIT, {"every": "day", "take": "max"}), pack(time=False)) == [("R042", 20)]
    assert problems(rule("row.value <= 1", {"take": "energy"}, of="row.p"), pack(every=None)) == [("R043", 20)]


def test_require_speaks_of_what_the_last_step_leaves() -> None:
    assert problems(rule('row.u <= q("5 V")', {"take": "max"})) == [("R011", 7)]
    assert problems(rule('row.value <= q("5 kW")', {"take": "max"})) == [("R021", 7)]
    assert problems(rule("has(row.start)", {"take": "max"})) == [("R011", 7)]
    made = compiled(
        rule(LIMIT, {"every": "day", "by": ["phase", "meter"], "take": "max"}, {"by": ["meter"], "take": "max"})
    )
    assert made.chain is not None
    assert made.chain.row.fields.keys() == {"meter", "value"}
    assert made.chain.key == ("meter",)


@pytest.mark.parametrize(
    ("take", "of", "found"),
    [("rms", "row.u", unit("V")), ("count", "row.u", ONE), ("share", "row.on", ONE), ("energy", "row.p", unit("kWh")),
     ("p99.9", "row.p", unit("kW")), ("mean", "row.t", unit("degC"))],
)  # fmt: skip
def test_the_value_has_the_unit_of_its_statistic(take: str, of: str, found: Any) -> None:
    made = compiled(rule("row.value <= row.value", {"take": take}, of=of, scale=f"1 {found.difference.symbol}"))
    assert made.chain is not None
    assert made.chain.row.fields["value"].type == types.Number(found)


def test_the_number_that_a_value_is_held_against_is_known() -> None:
    def limit(require: str, **options: Any) -> Limit | None:
        made = compiled(rule(require, {"take": "p95"}, **options)).chain
        assert made is not None
        return made.limit

    assert limit(LIMIT) == Limit(5.0, True, 1e-9)
    assert limit('row.value <= q("5 V") and row.value > 0') is None
    assert limit('q("0.2 kV") <= row.value') == Limit(200.0, False, 1e-9)
    assert limit("row.value < top", parameters={"top": figure(0.4, "kV")}) == Limit(400.0, True, 1e-9)


# What is left


def test_missing_samples_leave_all_that_they_could_have_made() -> None:
    data = rows(1.0, -2.0, None, nan, 3.0, inf, 2.0, -1.0, 4.0, 0.5)
    expected = {
        "max": (4, inf), "min": (-inf, -2), "mean": (-inf, inf), "sum": (-inf, inf), "count": (7, 10),
        "rms": (sqrt((1 + 4 + 9 + 4 + 1 + 16 + 0.25) / 10), inf), "p50": (-1, 2), "p90": (3, inf), "p10": (-inf, -2),
    }  # fmt: skip
    for take, ends in expected.items():
        require = "row.value <= 1" if take == "count" else LIMIT
        (found,) = left(compiled(rule(require, {"every": "10 min", "by": ["meter"], "take": take})), data)
        assert found["value"] is None, take
        assert (found["value.low"], found["value.high"]) == pytest.approx(ends), take


def test_enough_samples_stand_for_all() -> None:
    data = rows(1.0, -2.0, None, nan, 3.0, inf, 2.0, -1.0, 4.0, 0.5)
    expected = {"max": 4, "min": -2, "mean": 7.5 / 7, "p50": 1, "p90": 4}
    for take, value in expected.items():
        step = {"every": "10 min", "by": ["meter"], "take": take, "coverage": "least"}
        made = compiled(rule(LIMIT, step, parameters={"least": figure(70, "%")}))
        (found,) = left(made, data)
        assert isclose(found["value"], value), take
        assert found["value"] == found["value.low"] == found["value.high"]


def test_a_sample_known_to_be_too_high_is_not_lost_in_a_window_of_poor_coverage() -> None:
    data = rows(*[1.0] * 25, 9.0, *[None] * 34)
    first = {"every": "10 min", "by": ["meter"], "take": "max"}
    chain = [first, {"every": "1 h", "by": ["meter"], "take": "max", "coverage": "1 %"}]
    (found,) = left(compiled(rule(LIMIT, *chain)), data)
    assert found["value"] == 9.0
    assert judged(compiled(rule(LIMIT, *chain)), data).counts.failed == 1


def test_a_doubled_key_says_nothing_and_covers_nothing() -> None:
    data = rows(*[1.0] * 9)
    full = compiled(rule(LIMIT, {"every": "10 min", "by": ["meter"], "take": "max", "coverage": "90 %"}))
    assert left(full, data)[0]["value"] == 1.0
    (found,) = left(full, [*data, data[3]])
    assert (found["value"], found["value.high"]) == (None, inf)


def test_rows_that_where_leaves_out_are_neither_expected_nor_missing() -> None:
    data = rows(1.0, 2.0, 99.0, 3.0, flag="OK")
    data[2]["flag"] = "BAD"
    made = compiled(rule(LIMIT, {"every": "4 min", "by": ["meter"], "take": "max"}, where='row.flag == "OK"'))
    assert [r["value"] for r in left(made, data)] == [3.0]
    data[2]["flag"] = None
    assert [r["value"] for r in left(made, data)] == [None]


def test_a_window_that_where_leaves_out_whole_is_no_part_of_a_longer_one() -> None:
    data = rows(*[1.0] * 60, flag="OK")
    for row in data[20:30]:
        row["flag"] = "BAD"
    first = {"every": "10 min", "by": ["meter"], "take": "max"}
    for take, value in (("count", 5), ("mean", 1.0), ("rms", 1.0), ("p50", 1.0), ("min", 1.0)):
        second = {"every": "1 h", "by": ["meter"], "take": take}
        made = compiled(rule("row.value <= row.value", first, second, where='row.flag == "OK"'))
        assert [r["value"] for r in left(made, data)] == [value], take


def test_windows_without_any_sample_are_missing_and_not_passed() -> None:
    data = rows(*[1.0] * 10) + rows(*[1.0] * 10, start=T0 + 30 * MINUTE)
    made = compiled(rule(LIMIT, {"every": "10 min", "by": ["meter"], "take": "max"}))
    counts = judged(made, data).counts
    assert (counts.cases, counts.passed, counts.insufficient) == (4, 2, 2)


def test_the_ends_of_a_recording_cut_windows_which_then_only_count_when_they_fail() -> None:
    data = rows(*[1.0] * 20, *[9.0] * 6, start=T0 + 4 * MINUTE)
    made = compiled(rule(LIMIT, {"every": "10 min", "by": ["meter"], "take": "max"}))
    counts = judged(made, data).counts
    assert (counts.cases, counts.failed, counts.cut, counts.passed) == (3, 1, 1, 1)
    last = compiled(rule(LIMIT, {"every": "10 min", "by": ["meter"], "take": "max"}, {"by": ["meter"], "take": "max"}))
    assert [(r["value"], r["value.low"], r["cut"]) for r in left(last, data)] == [(9.0, 9.0, False), (None, 1.0, True)]
    counts = judged(last, data).counts
    assert (counts.failed, counts.cut) == (1, 1)


def test_a_row_without_a_time_leaves_its_group_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_sql, "MOST", 5)
    data = [*rows(*[1.0] * 20), {"meter": "a", "phase": "x", "time": None, "u": 9.0}]
    made = compiled(rule(LIMIT, {"every": "10 min", "by": ["meter"], "take": "p95"}))
    assert {r["start"]: r["value"] for r in left(made, data)} == {T0: 1.0, T0 + 10 * MINUTE: 1.0, None: None}
    assert judged(made, data).counts.insufficient == 1


def test_a_table_without_rows_leaves_none() -> None:
    for chain in (
        [{"every": "day", "by": ["meter"], "take": "p95"}],
        [{"take": "max"}],
        [{"every": "1 h", "take": "max"}, {"take": "p5"}],
    ):
        assert left(compiled(rule(LIMIT, *chain)), []) == []
        assert left(compiled(rule(LIMIT, *chain)), [], unique=True) == []


def test_a_label_tells_in_which_window_a_sample_lies() -> None:
    data = rows(*range(1, 11), start=T0 + MINUTE)
    chain = {"every": "10 min", "by": ["meter"], "take": "max"}
    assert [r["value"] for r in left(compiled(rule(LIMIT, chain), pack(label="end")), data)] == [10.0]
    assert len(left(compiled(rule(LIMIT, chain)), data)) == 2


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Berlin", "2026-03-29T00:00:00+01:00", 23), ("Europe/Berlin", "2026-10-25T00:00:00+02:00", 25),
     ("Australia/Lord_Howe", "2026-04-05T00:00:00+11:00", 24.5), ("Asia/Kathmandu", "2026-04-05T00:00:00+05:45", 24)],
)  # fmt: skip
def test_a_day_is_as_long_as_it_is(zone: str, day: str, hours: float) -> None:
    data = rows(*[2.0] * round(hours * 4), start=ns(day), step=15 * MINUTE, column="p")
    made = compiled(
        rule('row.value <= q("1 MWh")', {"every": "day", "by": ["meter"], "take": "energy"}, of="row.p"),
        pack(zone=zone, every="15 min"),
    )
    (found,) = left(made, data)
    assert (found["start"], found["value"], found["cut"]) == (ns(day), 2.0 * hours, False)
    twice = compiled(
        rule("row.value <= q(\"1 MWh\")", {"every": "15 min", "by": ["meter"], "take": "mean"},
             {"every": "day", "by": ["meter"], "take": "mean"}, {"by": ["meter"], "take": "energy"}, of="row.p"),
        pack(zone=zone, every="15 min"),
    )  # fmt: skip
    assert left(twice, data)[0]["value"] == 2.0 * hours
    assert left(made, data[:-1])[0]["value"] is None


def test_a_leap_year_has_all_its_days() -> None:
    hours = [
        {"meter": "a", "phase": "x", "time": ns("2024-01-01T00:00:00") + n * 3600 * SECOND, "u": 1.0}
        for n in range(8784)
    ]
    made = compiled(
        rule("row.value <= 1", {"every": "day", "by": ["meter"], "take": "sum"},
             {"every": "year", "by": ["meter"], "take": "count"}),
        pack(every="1 h"),
    )  # fmt: skip
    assert [(r["value"], r["cut"]) for r in left(made, hours)] == [(366.0, False)]


def test_a_name_that_is_counted_twice_fails_with_its_margin() -> None:
    made = compiled(rule("row.value <= 1", {"by": ["certificate"], "take": "count"}, of=None), pack(time=False))
    data = [{"certificate": name} for name in ("a", "b", "b", "c", "b")]
    found = judged(made, data)
    assert (found.counts.failed, found.counts.passed) == (1, 2)
    assert found.worst[0].key == ("b",)
    assert found.worst[0].margin is not None
    assert found.worst[0].margin.physical.low == -2
    nameless = judged(made, [*data, {"certificate": None}])
    assert nameless.counts.insufficient == 1


def test_rows_of_nobody_that_are_left_out_make_no_group() -> None:
    made = compiled(
        rule("row.value <= 1", {"by": ["certificate"], "take": "count"}, of=None, where='row.meter == "m1"'),
        pack(time=False),
    )
    known = [{"certificate": "a", "meter": "m1"}]
    assert [r["value"] for r in left(made, [*known, {"certificate": None, "meter": "m2"}])] == [1]
    assert judged(made, [*known, {"certificate": None, "meter": "m2"}]).counts.insufficient == 0
    assert judged(made, [*known, {"certificate": None, "meter": "m1"}]).counts.insufficient == 1
    assert judged(made, [*known, {"certificate": None, "meter": None}]).counts.insufficient == 1  # perhaps it counts
    twice = [*known, {"certificate": None, "meter": "m2"}, {"certificate": None, "meter": "m1"}]
    assert judged(made, twice).counts.insufficient == 1


def test_a_row_of_nobody_knows_which_group_may_be_one_more_of_the_next_step() -> None:
    counted = {"by": ["certificate"], "take": "count"}
    made = compiled(
        rule("row.value <= 1", {"by": ["certificate", "meter"], "take": "count"}, counted, of=None), pack(time=False)
    )
    known = [{"certificate": "a", "meter": "m1"}]
    (open_,) = left(made, [*known, {"certificate": "a", "meter": None}])
    assert (open_["value"], open_["value.low"], open_["value.high"]) == (None, 1, 2)
    assert judged(made, [*known, {"certificate": "a", "meter": None}]).counts.insufficient == 1
    assert judged(made, known).counts.passed == 1
    assert judged(made, [*known, {"certificate": "a", "meter": "m2"}]).counts.failed == 1


def test_a_day_without_an_event_counts_none() -> None:
    data = [{"meter": "a", "phase": "x", "time": T0 + d * 1440 * MINUTE, "u": 1.0} for d in (0, 1, 1.5, 4)]
    made = compiled(
        rule("row.value >= 1", {"every": "day", "by": ["meter"], "take": "count"}, of=None), pack(every=None)
    )
    assert [r["value"] for r in left(made, data)] == [1, 2, 0, 0, None]  # of the last day an end is missing
    assert judged(made, data).counts.failed == 2


def test_a_share_of_samples_compares_with_per_cent() -> None:
    made = compiled(rule('row.value >= q("95 %")', {"by": ["meter"], "take": "share"}, of='row.u <= q("5 V")'))
    assert [r["value"] for r in left(made, rows(*[1.0] * 19, 6.0))] == [0.95]
    assert judged(made, rows(*[1.0] * 19, 6.0)).counts.passed == 1
    assert judged(made, rows(*[1.0] * 18, 6.0, 5.0 + 1e-10)).counts.passed == 1
    assert judged(made, rows(*[1.0] * 18, 6.0, 6.0)).counts.failed == 1


def test_sums_are_the_same_in_any_order_and_exact_in_any_unit() -> None:
    ordinary = [0.1, 0.2, 0.3, 1e-3, 7.7]
    for factor in (1.0, 1e-12, 1e-300, 1e12, 1e150):
        data = rows(*(v * factor for v in ordinary * 12))
        for take, value in (("mean", sum(ordinary) / 5), ("rms", sqrt(sum(v * v for v in ordinary) / 5))):
            made = compiled(rule(LIMIT, {"by": ["meter"], "take": take}))
            one, other = left(made, data), left(made, data[::-1])
            assert one == other
            assert isclose(one[0]["value"], value * factor, rel_tol=1e-14)
    huge = compiled(rule(LIMIT, {"by": ["meter"], "take": "sum"}))
    assert [(r["value"], r["value.low"], r["value.high"]) for r in left(huge, rows(*[1.7e308] * 3))] == [
        (None, -inf, inf)
    ]


def test_the_nearest_rank_is_found_in_integers() -> None:
    made = compiled(rule(LIMIT, {"by": ["meter"], "take": "p55"}))
    for n in (20, 100, 180):
        assert left(made, rows(*map(float, range(1, n + 1))))[0]["value"] == 55 * n // 100


def test_percentiles_of_many_rows_are_taken_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    data = [
        {"meter": m, "phase": "x", "time": T0 + n * MINUTE, "u": None if n % 7 == 0 else float(n * 37 % 101)}
        for m in "abc" for n in range(300)
    ]  # fmt: skip
    made = [
        compiled(rule(LIMIT, {"every": every, "by": ["meter"], "take": take, "coverage": coverage}))
        for every, take, coverage in (("1 h", "p95", "100 %"), (None, "p95", "50 %"), ("10 min", "p40", "100 %"))
    ]
    before = [left(one, data) for one in made]
    for module in (chain_sql, chain_ranks):
        monkeypatch.setattr(module, "MOST", 100)
    assert [left(one, data) for one in made] == before
    monkeypatch.setattr("conformance.engines.chain.statistics.MOST_EXTREME", 2)
    assert [left(one, data) for one in made] == before


def test_chains_that_begin_alike_share_a_scan() -> None:
    connection = connect(threads=1)
    table(connection, "readings", COLUMNS, rows(1.0, 2.0, 3.0, column="u"))
    seen: list[str] = []

    class Watched:
        def execute(self, sql: str, *arguments: Any) -> Any:
            seen.append(sql)
            return connection.execute(sql, *arguments)

    first = {"every": "10 min", "by": ["meter", "phase"]}
    chains = {
        "a": compiled(rule(LIMIT, {**first, "take": "max"})).chain,
        "b": compiled(rule(LIMIT, {**first, "take": "mean"}, {"by": ["meter"], "take": "p95"})).chain,
        "c": compiled(rule('row.value <= q("1 MW")', {**first, "take": "max"}, of="row.p", scale="1 kW")).chain,
    }
    lower_chains(Watched(), "readings", chains, unique=True)  # type: ignore[arg-type]
    assert sum("GROUP BY" in sql and '"readings"' in sql for sql in seen) == 1


def test_chains_that_share_a_scan_do_not_share_what_comes_after() -> None:
    connection = connect(threads=1)
    data = rows(*[1.0] * 120) + [{**row, "phase": "y", "u": 3.0} for row in rows(*[1.0] * 120)]
    table(connection, "readings", COLUMNS, data)
    first = {"every": "10 min", "by": ["meter"], "take": "mean"}
    chains = {
        name: compiled(rule(LIMIT, first, *after)).chain
        for name, after in {
            "a": [{"every": "1 h", "take": "max"}],
            "b": [],
            "c": [{"every": "1 h", "by": ["meter"], "take": "p50"}, {"take": "max"}],
        }.items()
    }
    lower_chains(connection, "readings", chains)  # type: ignore[arg-type]
    for name, expected in {"a": (2, 2.0, 2.0), "b": (12, 2.0, 2.0), "c": (1, 2.0, 2.0)}.items():
        found = connection.execute(f"SELECT count(*), min(value), max(value) FROM {name}").fetchone()
        assert found == expected, name


def test_hostile_texts_in_a_rule_stay_texts() -> None:
    made = compiled(
        rule(
            "row.value <= 1",
            {"by": ["flag"], "take": "count"},
            of=None,
            where='row.flag != "x\'; DROP TABLE readings; --"',
        )
    )
    assert left(made, rows(1.0, flag='";--'))[0]["flag"] == '";--'


# Slack


def slack(made: Any, data: list[dict[str, Any]], *keys: tuple[object, ...]) -> list[Slack | None]:
    connection = connect(threads=1)
    table(connection, "readings", COLUMNS, data)
    return slack_of(connection, "readings", made.chain, keys)


def test_a_percentile_also_tells_how_many_more_samples_may_be_too_high() -> None:
    made = compiled(rule(LIMIT, {"every": "1 h", "by": ["meter"], "take": "p90"}))
    data = rows(*[1.0] * 50, *[4.0] * 6, *[9.0] * 3, None)
    (found,) = slack(made, data, ("a", T0))
    assert found == Slack(5, 3, 1.0)
    assert found.count == 2
    least = compiled(rule('row.value >= q("2 V")', {"by": ["meter"], "take": "p10"}))
    assert slack(least, rows(*map(float, range(20))), ("a",)) == [Slack(1, 2, -1.0)]


def test_the_slack_behind_a_maximum_is_that_of_its_worst_window() -> None:
    chain = [{"every": "1 min", "by": ["meter", "phase"], "take": "rms"},
             {"every": "1 h", "by": ["meter", "phase"], "take": "p90"},
             {"by": ["meter"], "take": "max"}]  # fmt: skip
    made = compiled(rule(LIMIT, *chain))
    data = rows(*[1.0] * 57, *[9.0] * 3) + rows(*[1.0] * 50, *[8.0] * 10, start=T0 + 60 * MINUTE)
    assert slack(made, data, ("a",)) == [Slack(6, 10, -3.0)]
    assert slack(compiled(rule(LIMIT, {"take": "max"})), data, ()) == [None]
