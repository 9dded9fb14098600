from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.measures.registry import NotComputable, find
from conformance.measures.renewable_forecast import elevation, frame, yesterday

SITE: dict[str, Any] = {"latitude": 38.5, "longitude": 106.0, "capacity": 100.0}


def framed(*, issue_time: str = "2026-07-01T08:00:00+08:00", horizon: str = "ultra_short", **changed: Any) -> Any:
    given_ = {**SITE, "online": [100.0] * 241} | changed
    return frame(issue_time=issue_time, horizon=horizon, **given_)["points"]


def test_packs_find_the_measures() -> None:
    assert find("renewable_forecast.frame") is frame
    assert find("renewable_forecast.yesterday") is yesterday


def test_the_sun_at_noon_of_the_solstice_stands_at_90_less_latitude_and_declination() -> None:
    noon = np.datetime64("2026-06-21T00:00") + np.arange(1440) * np.timedelta64(1, "m")
    highest = elevation(noon, latitude=38.5, longitude=106.0).max()
    assert highest == pytest.approx(90 - 38.5 + 23.44, abs=0.1)


@given(st.integers(0, 8759), st.floats(18, 50), st.floats(80, 125))
def test_another_closed_form_agrees(hour: int, latitude: float, longitude: float) -> None:
    """Cooper's declination and the short equation of time: coarser, so within 2 degrees."""
    time = np.datetime64("2026-01-01T00:00") + hour * np.timedelta64(1, "h")
    day = hour / 24
    angle = 2 * np.pi * (day - 81) / 365
    minutes = 9.87 * np.sin(2 * angle) - 7.53 * np.cos(angle) - 1.5 * np.sin(angle)
    solar = np.radians(15 * (hour % 24 + longitude / 15 + minutes / 60 - 12))
    declination, north = np.radians(23.45) * np.sin(angle), np.radians(latitude)
    sine = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(solar)
    found = elevation(np.array([time]), latitude=latitude, longitude=longitude)[0]
    assert found == pytest.approx(np.degrees(np.arcsin(np.clip(sine, -1, 1))), abs=2)


@given(st.floats(18, 50), st.floats(80, 120))
def test_the_sun_moves_west_with_longitude(latitude: float, longitude: float) -> None:
    """15 degrees further east it stands an hour earlier where it stands now, but for what an hour of season changes."""
    time = np.datetime64("2026-03-20T00:00") + np.arange(24) * np.timedelta64(1, "h")
    east = elevation(time, latitude=latitude, longitude=longitude + 15)
    assert east[:-1] == pytest.approx(elevation(time, latitude=latitude, longitude=longitude)[1:], abs=0.05)


@pytest.mark.parametrize(("horizon", "count"), [("ultra_short", 16), ("short", 288), ("medium", 960)])
def test_points_follow_each_other_by_15_min_from_15_min_after_the_issue(horizon: str, count: int) -> None:
    points = framed(horizon=horizon)
    times = np.array([point["time"].rstrip("Z") for point in points], dtype="datetime64[us]")
    assert len(points) == count
    assert times[0] == np.datetime64("2026-07-01T00:15")
    assert set(np.diff(times)) == {np.timedelta64(15, "m")}


def test_a_leap_day_is_a_day() -> None:
    times = [point["time"][:10] for point in framed(issue_time="2024-02-28T20:15:00Z", horizon="short")]
    assert times.count("2024-02-29") == 96


def test_a_quarter_takes_the_capacity_of_its_hour() -> None:
    points = framed(online=[100.0, 60.0] + [80.0] * 239)
    assert [point["online"] for point in points[2:8]] == pytest.approx([100, 60, 60, 60, 60, 80])


def test_capacity_that_ends_too_early_is_not_computable() -> None:
    with pytest.raises(NotComputable):
        framed(horizon="short", online=[100.0] * 72)


def test_a_repeat_of_yesterday_has_no_distance() -> None:
    history = [float(n) for n in range(96)]
    told = [{"p": float(n + 1)} for n in range(16)]
    assert yesterday(capacity=100.0, history=history, points=told) == {"distance": 0.0, "spread": 15.0}
    told[3]["p"] += 2.5
    assert yesterday(capacity=100.0, history=history, points=told)["distance"] == 2.5


@pytest.mark.parametrize(("history", "points"), [([1.0] * 95, [{"p": 1.0}]), ([1.0] * 96, [])])
def test_without_a_day_or_a_point_there_is_no_yesterday(history: list[float], points: list[dict[str, float]]) -> None:
    with pytest.raises(NotComputable):
        yesterday(capacity=1.0, history=history, points=points)
