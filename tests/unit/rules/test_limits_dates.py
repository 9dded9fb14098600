"""Limits by day: of an instant in the pack's zone, or of a date; closures and SQL find the same row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.engines.sql.rows import connect, judge_rows, lower
from conformance.errors import Position, Refused, Text
from conformance.judge.decide import decide
from conformance.model.outcome import Severity
from conformance.model.standard import (
    DATE,
    Expression,
    Figure,
    LimitLookup,
    LimitRow,
    LimitTable,
    Pack,
    Rule,
    Status,
    Table,
)
from conformance.rules import Program, compile_rule

COLUMNS = {
    "type": "object", "required": ["meter"],
    "properties": {
        "meter": {"type": "string"}, "time": {"type": "string", "format": "date-time"}, "name": {"type": "string"},
        "built": {"type": "string", "format": "date"}, "v": {"type": "number", "unit": "V"},
        "hot": {"type": "number", "unit": "degC"},
    },
}  # fmt: skip

CONNECTION = connect(threads=1)


def row(value: float, **chosen: Any) -> LimitRow:
    return LimitRow(Figure(value, "V", "lower", "free", "S1", Status.PROJECT), **chosen)


OLD, MIDDLE, LEAP, NEW = (
    row(1, before={"day": "2020-01-01"}), row(2, since={"day": "2020-01-01"}, before={"day": "2024-02-29"}),
    row(3, eq={"day": "2024-02-29"}), row(4, since={"day": "2024-06-01"}),
)  # fmt: skip


def program(by: str, *rows: LimitRow, zone: str = "UTC") -> Program:
    def expression(text: str) -> Expression:
        return Expression(text, (Position("r.yaml", 7, 3, source=text),))

    table = LimitTable("age", Text("a", "甲"), "V", {"day": DATE}, rows or (OLD, MIDDLE, LEAP, NEW))
    pack = Pack(
        "test/rows", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {}, limits={"age": table}, zone=zone,
        tables={"readings": Table("readings", COLUMNS, ("meter",))},
    )  # fmt: skip
    rule = Rule(
        "p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "readings", expression("row.v <= top"),
        {"top": LimitLookup("age", {"day": expression(by)})}, scale="1 V", position=Position("r.yaml", 1, 1),
    )  # fmt: skip
    return compile_rule(rule, pack)


def shown(rule: Program, cells: dict[str, Any]) -> tuple[str, float | None]:
    """What closures say: the place of the row, and its margin."""
    evaluation = rule.evaluate({"row": {"meter": "a", **cells}})
    judgement = decide(evaluation, rule.rule, generated=False, live=False)
    margin = evaluation.margin.physical.low if evaluation.margin and judgement.outcome in ("passed", "failed") else None
    return {"no-limit": "no_limit", "insufficient-data": "insufficient"}.get(
        judgement.reason or "", judgement.outcome
    ), margin


def in_sql(rule: Program, cells: dict[str, Any]) -> tuple[str, float | None]:
    """The same by DuckDB."""
    moment = cells.get("time")
    naive = moment and datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
    columns = "meter TEXT, time TIMESTAMP_NS, built TEXT, name TEXT, v DOUBLE, hot DOUBLE"
    CONNECTION.execute(f"CREATE OR REPLACE TABLE t ({columns})")
    CONNECTION.execute("INSERT INTO t VALUES ('a', ?, ?, 'n', ?, 1)", [naive, cells.get("built"), cells.get("v")])
    found = judge_rows(CONNECTION, "t", {"r": lower(rule)}, key=["meter"])["r"]
    (place,) = [p for p in ("passed", "failed", "no_limit", "insufficient") if getattr(found.counts, p)]
    return place, found.worst[0].margin.physical.low if found.worst and found.worst[0].margin else None


DATES = [
    "2019-12-31",
    "2020-01-01",
    "2024-02-28",
    "2024-02-29",
    "2024-03-01",
    "2024-05-31",
    "2024-06-01",
    "0001-01-01",
    "9999-12-31",
]
LIMIT = [1, 2, 2, 3, None, None, 4, 1, 4]


@pytest.mark.parametrize(("day", "limit"), list(zip(DATES, LIMIT, strict=True)))
def test_a_date_finds_its_row_from_since_up_to_before(day: str, limit: float | None) -> None:
    rule, cells = program("row.built"), {"built": day, "v": 2.5}
    expected = ("no_limit", None) if limit is None else ("passed" if limit > 2.5 else "failed", limit - 2.5)
    assert shown(rule, cells) == expected
    assert in_sql(rule, cells) == expected


@pytest.mark.parametrize(
    "text", ["2020-1-1", "20200101", "2023-02-29", "soon", "", "2020-01-01T00:00:00Z", "0000-01-01", "2020-01-01\n"]
)
def test_a_text_that_is_no_date_has_no_limit(text: str) -> None:
    rule, cells = program("row.built"), {"built": text, "v": 0.5}
    assert shown(rule, cells)[0] == "no_limit"
    assert in_sql(rule, cells)[0] in ("no_limit", "insufficient")  # an empty text may stand for a missing one


@pytest.mark.parametrize("by", ["row.built", "row.time"])
def test_a_missing_day_never_passes(by: str) -> None:
    rule = program(by)
    assert shown(rule, {"v": 0.5}) == ("insufficient", None)
    assert in_sql(rule, {"v": 0.5}) == ("insufficient", None)


@pytest.mark.parametrize(
    ("zone", "moment", "limit"),
    [
        ("UTC", "2019-12-31T23:59:59.999999+00:00", 1), ("UTC", "2020-01-01T00:00:00+00:00", 2),
        ("UTC", "2020-01-01T07:59:59+08:00", 1), ("Asia/Shanghai", "2019-12-31T15:59:59+00:00", 1),
        ("Asia/Shanghai", "2019-12-31T16:00:00+00:00", 2), ("Asia/Shanghai", "2024-02-29T15:59:59+00:00", 3),
        ("Asia/Shanghai", "2024-02-29T16:00:00+00:00", None), ("America/New_York", "2024-06-01T03:59:59+00:00", None),
        ("America/New_York", "2024-06-01T04:00:00+00:00", 4),
    ],
)  # fmt: skip
def test_the_day_of_an_instant_is_that_of_the_zone_of_the_pack(zone: str, moment: str, limit: float | None) -> None:
    rule, cells = program("row.time", zone=zone), {"time": moment, "v": 0.0}
    expected = ("no_limit", None) if limit is None else ("passed", limit)
    assert shown(rule, cells) == expected
    assert in_sql(rule, cells) == expected


@settings(max_examples=40, deadline=None)
@given(
    st.datetimes(datetime(2019, 12, 28), datetime(2020, 1, 4)),
    st.sampled_from(["UTC", "Asia/Kathmandu", "America/Havana"]),
    st.sampled_from([1.0, 1.5, 2.0]),
)
def test_instants_and_the_dates_that_they_fall_on_agree_in_both_engines(moment: datetime, zone: str, v: float) -> None:
    aware = moment.replace(tzinfo=UTC)
    by_instant, cells = program("row.time", zone=zone), {"time": aware.isoformat(), "v": v}
    found = shown(by_instant, cells)
    assert in_sql(by_instant, cells) == found
    day = aware.astimezone(ZoneInfo(zone)).date().isoformat()
    assert shown(program("row.built"), {"built": day, "v": v}) == found


def test_a_day_that_is_computed_may_be_a_key() -> None:
    rule = program("row.time + q('1 d')")
    assert shown(rule, {"time": "2019-12-31T00:00:00Z", "v": 0.0}) == ("passed", 2)
    assert shown(rule, {"time": (datetime(2019, 12, 30, tzinfo=UTC) + timedelta(0)).isoformat(), "v": 0.0})[1] == 1


@pytest.mark.parametrize("by", ["row.v", "row.name", "row.hot"])
def test_only_an_instant_or_a_date_is_a_day(by: str) -> None:
    with pytest.raises(Refused, match="an instant or a date is needed here"):
        program(by)
