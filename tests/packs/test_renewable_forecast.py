"""What the pack renewable-forecast promises: relations hold on its reference, and formulas of one name are not one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from simulators import SYSTEMS, imported

from conformance.cases import Space
from conformance.measures.renewable_forecast import frame
from conformance.packs import load

FOLDER = Path(__file__).parents[2] / "standards/ai-for-energy/renewable-forecast"
FIXTURES = SYSTEMS / "renewable-forecast"
PACK = load(FOLDER)
SPACE = Space.of(PACK.operations["forecast"].request, site={}, envelope={})
REQUESTS = SPACE.strategy().map(SPACE.request)
TRIED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def reference() -> Any:
    with imported(FIXTURES / "reference", "renewable_forecast_reference") as found:
        yield found


def told(reference: Any, request: dict[str, Any], **weather: Any) -> np.ndarray:
    changed = {**request, "weather": {**request["weather"], **weather}}
    return np.array([point["p"] for point in reference.forecast(changed)["points"]])


@TRIED
@given(REQUESTS, st.floats(1, 100))
def test_more_sun_or_wind_up_to_rated_speed_is_never_less_power(
    reference: Any, request_: dict[str, Any], more: float
) -> None:
    weather, base = request_["weather"], told(reference, request_)
    sunny = told(reference, request_, ghi=[min(1100.0, g + more) for g in weather["ghi"]])
    windy = told(reference, request_, wind=[min(12.0, w + more / 100) for w in weather["wind"]])
    assert (sunny >= base - 1e-6).all()
    assert (windy >= base - 1e-6).all()


@TRIED
@given(REQUESTS, st.lists(st.floats(0, 100), min_size=16, max_size=16))
def test_size_scales_and_the_future_does_not_count(
    reference: Any, request_: dict[str, Any], later: list[float]
) -> None:
    base = told(reference, request_)
    assert told(reference, {**request_, "capacity": 2 * request_["capacity"]}) == pytest.approx(2 * base, abs=1e-5)
    assert (told(reference, {**request_, "later": later}) == base).all()


@TRIED
@given(REQUESTS, st.floats(-0.01, 0.01))
def test_a_little_noise_moves_little(reference: Any, request_: dict[str, Any], part: float) -> None:
    assume(part != 0)
    weather, most = request_["weather"], 0.05 * request_["capacity"]
    base = told(reference, request_)
    for name in ("ghi", "wind"):
        assert np.abs(told(reference, request_, **{name: [v * (1 + part) for v in weather[name]]}) - base).max() <= most


@TRIED
@given(REQUESTS)
def test_two_suns_agree_on_the_night(reference: Any, request_: dict[str, Any]) -> None:
    """The reference computes the sun by another closed form; where the pack says night, it forecasts no sun."""
    known = ("issue_time", "horizon", "latitude", "longitude", "capacity", "online")
    points = frame(**{name: request_[name] for name in known})["points"]
    made = reference.forecast({**request_, "technology": "pv"})["points"]
    assert [p["q95"] for f, p in zip(points, made, strict=True) if f["elevation"] < -2 and p["q95"] > 0] == []


def test_the_word_accuracy_is_no_formula() -> None:
    """One day, one pair of curves, four figures that are all called accuracy."""
    with imported(FIXTURES, "renewable_forecast_scores") as scores:
        clock = np.arange(96) / 4
        actual = 40 + 30 * np.sin(clock * math.pi / 12)
        points = {
            "actual": actual, "forecast": actual + 10 * np.cos(clock), "online": np.full(96, 80.0),
            "capacity": np.full(96, 100.0), "naive": actual,
        }  # fmt: skip
        month, cubic = scores.month(points), scores.cubic(points["forecast"] - actual, 100.0)
    named = {round(v, 1) for v in (month["cr"], month["harmonic"], month["south"], month["qualified"], cubic)}
    assert len(named) == 5


def test_weighting_by_the_cube_punishes_the_largest_errors() -> None:
    """F7 of equal errors is that of each; of unequal ones it is below F5."""
    with imported(FIXTURES, "renewable_forecast_scores") as scores:
        assert scores.cubic(np.array([10.0, -10.0]), 100.0) == pytest.approx(90)
        assert scores.cubic(np.zeros(4), 100.0) == 100
        errors = np.array([1.0, 1.0, 30.0, 2.0])
        assert scores.cubic(errors, 100.0) < 100 * (1 - scores.rms(errors / 100))
