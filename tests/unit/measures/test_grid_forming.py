"""Features of a grid-forming response: worked examples, identities, and a second implementation of each formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.measures import grid_forming
from conformance.measures.registry import NotComputable, find

PLANT = {
    "s_n": 66.0, "p_n": 60.0, "e_n": 0.5, "f0": 50.0, "h": 4.0, "x_plant": 0.3, "i_max": 1.2, "droop": 2.0,
    "deadband": 0.03, "efficiency": 100.0,
}  # fmt: skip


def features(kind: str, samples: list[dict[str, float]], **sizes: float) -> dict[str, object]:
    disturbance = {"kind": kind, "rocof": 0.0, "angle": 0.0, "step": 0.0, "lasts": 2.5, **sizes}
    before = {"p": 20.0, "soc": 50.0}
    return grid_forming.features.function(
        plant=PLANT, grid={"scr": 3.0}, before=before, disturbance=disturbance, samples=samples
    )


def constant(p: float, *, f: float = 50.0, slope: float = 0.0) -> list[dict[str, float]]:
    """Samples each 10 ms over 4 s, of constant power after the event."""
    return [
        {"t": t, "p": p, "f": f + slope * min(t / 1000, 2.5), "soc": 50 - 100 * p * t / 3.6e6 / 0.5}
        for t in range(10, 4001, 10)
    ]


def test_a_pack_finds_the_measure_by_its_name() -> None:
    assert find("grid_forming.features") is grid_forming.features


@pytest.mark.parametrize(("f0", "share"), [(50.0, 0.10), (60.0, 0.0833)])
def test_an_inertia_of_two_and_a_half_seconds_gives_a_tenth_at_one_hertz_per_second(f0: float, share: float) -> None:
    slope = np.full(20, -1.0)
    power = np.full(20, share * 66.0)
    assert grid_forming.inertia(power, slope, s_n=66.0, f0=f0) == pytest.approx(2.5, rel=1e-3)


def test_inertia_is_the_slope_of_a_regression_through_the_origin() -> None:
    random = np.random.default_rng(1)
    slope = random.uniform(-1, 1, 50)
    power = -2 * 4 * 66 / 50 * slope + 0.1 * random.standard_normal(50)
    fitted = np.linalg.lstsq(slope[:, None], power, rcond=None)[0][0]
    assert grid_forming.inertia(power, slope, s_n=66.0, f0=50.0) == pytest.approx(-fitted * 50 / (2 * 66), rel=1e-12)
    with pytest.raises(NotComputable):
        grid_forming.inertia(power, np.zeros(50), s_n=66.0, f0=50.0)


@given(angle=st.floats(-60, 60), x=st.floats(0.2, 1.0))
def test_at_no_load_a_jump_gives_the_sine_over_the_reactance(angle: float, x: float) -> None:
    power = grid_forming.phase_jump_power(angle, p_before=0.0, s_n=1.0, x=x)
    assert power == pytest.approx(-math.sin(math.radians(angle)) / x, abs=1e-12)


@given(angle=st.floats(-60, 60), p=st.floats(-0.5, 0.5), x=st.floats(0.2, 1.0))
def test_power_and_current_of_a_jump_are_those_of_the_phasors(angle: float, p: float, x: float) -> None:
    inside = np.exp(1j * math.asin(p * x))
    grid = np.exp(1j * math.radians(angle))
    current = (inside - grid) / (1j * x)
    power = float((inside * current.conjugate()).real)
    assert grid_forming.phase_jump_power(angle, p_before=p, s_n=1.0, x=x) == pytest.approx(power - p, abs=1e-9)
    assert grid_forming.phase_jump_current(angle, p_before=p, s_n=1.0, x=x) == pytest.approx(abs(current), abs=1e-9)


def test_a_power_that_the_grid_cannot_carry_has_no_jump() -> None:
    with pytest.raises(NotComputable):
        grid_forming.phase_jump_power(10.0, p_before=80.0, s_n=66.0, x=1.0)


@given(ratio=st.floats(0.02, 0.7))
def test_the_decrement_gives_back_the_damping_of_a_damped_swing(ratio: float) -> None:
    t = np.linspace(0, 30, 30001)
    own = 2 * math.pi
    swing = np.exp(-ratio * own * t) * np.cos(own * math.sqrt(1 - ratio**2) * t)
    peaks = grid_forming.extrema(swing)[:3]
    assert grid_forming.damping(peaks) == pytest.approx(ratio, rel=0.01)


def test_damping_takes_the_worst_half_swing_and_needs_two() -> None:
    assert grid_forming.damping(np.array([8.0])) is None
    half = math.log(2) / math.hypot(math.pi, math.log(2))
    assert grid_forming.damping(np.array([8.0, -4.0, 1.0])) == pytest.approx(half)
    assert (grid_forming.damping(np.array([4.0, -8.0])) or 0) < 0


def test_energy_and_charge_of_a_constant_power() -> None:
    power, spans = np.full(100, 18.0), np.full(100, 0.02)
    assert grid_forming.energy(power, spans) == pytest.approx(10.0)
    out = grid_forming.charge_change(power, spans, e_n=0.5, efficiency=0.9)
    assert out == pytest.approx(-100 * 0.010 / 0.9 / 0.5)
    assert grid_forming.charge_change(-power, spans, e_n=0.5, efficiency=0.9) == pytest.approx(-out * 0.81)


@given(step=st.floats(-2, 2))
def test_the_droop_is_odd_flat_in_its_dead_band_and_at_most_rated_power(step: float) -> None:
    def power(df: float) -> float:
        return grid_forming.droop_power(df, p_n=60.0, f0=50.0, droop=0.02, deadband=0.03)

    assert power(step) == -power(-step)
    assert abs(power(step)) <= 60
    assert power(0.03) == 0
    assert power(-0.2) == pytest.approx(10.2)


def test_the_features_of_a_ramp() -> None:
    found = features("rocof", constant(20 + 2 * 4 * 66 / 50, f=50.0, slope=-1.0), rocof=-1.0)
    assert found["inertia"] == pytest.approx(4.0, rel=1e-6)
    assert found["least_of_ramp"] == pytest.approx(found["expected_of_ramp"])
    assert found["told_charge_change"] == pytest.approx(found["charge_change"])
    assert found["jump"] is None


def test_a_plant_that_never_answers_a_jump_is_told_with_its_last_sample() -> None:
    found = features("phase-jump", constant(20.0), angle=-10.0)
    assert found["first_response"] == 4000
    assert found["jump"] == 0
    assert not found["limited"]
    assert features("phase-jump", constant(20.0), angle=-60.0)["limited"]


def test_the_features_of_a_step() -> None:
    found = features("frequency-step", constant(30.2), step=-0.2)
    assert found["settled"] == pytest.approx(found["expected_droop"])


@pytest.mark.parametrize("samples", [constant(20.0)[::-1], constant(20.0)[:2], [{"t": 1.0}] * 5])
def test_what_is_no_series_has_no_features(samples: list[dict[str, float]]) -> None:
    with pytest.raises(NotComputable):
        features("rocof", samples, rocof=-1.0)
