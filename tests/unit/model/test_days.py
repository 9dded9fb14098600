from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.days import begins, is_day, meet, only, within

DAYS = st.dates(date(2020, 1, 1), date(2020, 1, 8)).map(date.isoformat)
ENDS = st.none() | DAYS
ALL = [f"2020-01-{n:02}" for n in range(1, 10)]
ZONES = ["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/Sao_Paulo", "America/Havana", "Africa/Casablanca"]


@given(ENDS, ENDS, ENDS, ENDS)
def test_spans_meet_exactly_when_some_day_is_in_both(
    a: str | None, b: str | None, c: str | None, d: str | None
) -> None:
    assert meet((a, b), (c, d)) is any(within(day, (a, b)) and within(day, (c, d)) for day in ["0001-01-01", *ALL])


@given(DAYS, DAYS)
def test_one_day_is_a_span_of_its_own(day: str, other: str) -> None:
    assert within(other, only(day)) is (day == other)


def test_the_last_day_of_all_has_no_day_after_it() -> None:
    assert only("9999-12-31") == ("9999-12-31", None)


@pytest.mark.parametrize(
    "text", ["2023-02-29", "20240101", "2024-1-1", "2024-W01-1", "0000-01-01", "2024-01-01T00", ""]
)
def test_what_is_no_date_is_told(text: str) -> None:
    assert not is_day(text)


def test_every_date_of_400_years_exists_and_no_other_of_its_shape() -> None:
    first = date(1900, 1, 1)
    real = {(first + timedelta(days=n)).isoformat() for n in range(146_097)}
    shaped = {f"{y}-{m:02}-{d:02}" for y in range(1900, 2300) for m in range(14) for d in range(33)}
    assert {text for text in shaped if is_day(text)} == real


@pytest.mark.parametrize("zone", ZONES)
@given(day=st.dates(date(2000, 1, 1), date(2030, 1, 1)))
def test_a_day_begins_with_its_first_second_in_its_zone(zone: str, day: date) -> None:
    second = begins(day.isoformat(), zone) // 10**9
    local = [datetime.fromtimestamp(s, tz=UTC).astimezone(ZoneInfo(zone)).date() for s in (second - 1, second)]
    assert local == [day - timedelta(days=1), day]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Havana"])
def test_the_ends_of_the_calendar_have_an_instant(zone: str) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        assert abs(begins(day, zone) - begins(day, "UTC")) < 86_400 * 10**9
