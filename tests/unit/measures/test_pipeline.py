"""Formulas of leak detection: worked examples, identities, and second implementations."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.measures.pipeline import balance, bore, falls, mean_pressure, surge, wave
from conformance.measures.registry import NotComputable, find

SEGMENT = {"length": 40_000.0, "diameter": 529.0, "wall": 8.0, "wave_speed": 1000.0}
OIL = {"density": 850.0, "bulk_modulus": 12_000.0, "expansion": 0.0008}
VOLUME = math.pi / 4 * 0.513**2 * 40_000
FLAT = [50.0] * 61


def stations(*values: list[float]) -> list[dict[str, Any]]:
    places = [40_000.0 * n / (len(values) - 1) for n in range(len(values))]
    return [{"tag": str(n), "position": p, "quality": "good", "values": v}
            for n, (p, v) in enumerate(zip(places, values, strict=True))]  # fmt: skip


def losses(window: int, **changes: Any) -> list[float]:
    given_ = {"flow_in": [1000.0] * 61, "flow_out": [1000.0] * 61, "temperature": [20.0] * 61,
              "pressures": stations(FLAT, FLAT)} | changes  # fmt: skip
    found = balance(segment=SEGMENT, fluid=OIL, settings=[{"window": window}], **given_)
    (one,) = found["windows"]
    assert [p["at"] for p in one["points"]] == list(range(window, 61))
    return [p["rate"] for p in one["points"]]


def test_they_are_registered() -> None:
    assert [find(f"pipeline.{name}") for name in ("balance", "falls", "wave", "surge")] == [balance, falls, wave, surge]


def test_what_flows_in_and_not_out_is_lost() -> None:
    assert losses(15, flow_out=[980.0] * 61) == pytest.approx([20.0] * 46)


def test_what_is_packed_is_not_lost() -> None:
    """A rise by 6 bar within the hour packs V dp / K; flow out is less by just that."""
    rising = [50 + 0.1 * n for n in range(61)]
    packed = VOLUME * 6 / 12_000
    assert packed == pytest.approx(4.1338, abs=1e-4)
    assert losses(60, flow_out=[1000 - packed] * 61, pressures=stations(rising, rising)) == pytest.approx([0], abs=1e-6)


def test_what_expands_flows_out_and_is_no_gain() -> None:
    warming = [20 + n / 60 for n in range(61)]
    assert losses(60, flow_out=[1000 + VOLUME * 0.0008] * 61, temperature=warming) == pytest.approx([0], abs=1e-6)


@given(st.lists(st.floats(900, 1100), min_size=61, max_size=61), st.sampled_from([5, 15, 60]))
def test_a_window_is_the_mean_of_its_minutes(flow: list[float], window: int) -> None:
    """A second implementation: the sum of each window by itself."""
    own = [sum(flow[n - window + 1 : n + 1]) / window - 1000 for n in range(window, 61)]
    assert losses(window, flow_in=flow) == pytest.approx(own, abs=1e-6)


def test_stations_weigh_by_the_stretch_that_they_stand_for() -> None:
    listed = [{"position": p, "values": [v]} for p, v in ((40_000, 25.0), (0, 55.0), (16_000, 43.0))]
    trapezoids = (16_000 * (55 + 43) / 2 + 24_000 * (43 + 25) / 2) / 40_000
    assert mean_pressure(listed, 40_000.0) == pytest.approx([trapezoids])


def fallen(values: list[float], planned: float = 0) -> list[float]:
    found = falls(pressures=stations(values, [60.0] * len(values)), planned_drop=planned)["falls"]
    return [f["fall"] for f in found]


def test_a_fall_is_counted_over_fifteen_minutes_and_no_more() -> None:
    step = [50.0] * 10 + [45.0] * 30
    assert fallen(step)[9:25] == pytest.approx([10.0] * 15 + [0.0])
    slow = [50 * (1 - 0.005 * n) for n in range(41)]
    assert max(fallen(slow)) == pytest.approx(0.075 / (1 - 0.005 * 25) * 100)
    twice = [50.0] * 5 + [47.0] * 14 + [44.0] * 20
    assert max(fallen(twice)) == pytest.approx(12.0)
    apart = [50.0] * 5 + [47.0] * 16 + [44.0] * 20
    assert max(fallen(apart)) == pytest.approx(300 / 47)


def test_what_is_planned_is_taken_off_and_a_lost_station_left_out() -> None:
    assert max(fallen([50.0] * 5 + [40.0] * 5, planned=15)) == pytest.approx(5.0)
    lost = [{**s, "quality": "lost"} for s in stations([50.0, 20.0], [50.0, 20.0])]
    assert falls(pressures=lost, planned_drop=0) == {"falls": []}


@given(st.floats(0, 40_000), st.floats(0, 1500))
def test_a_wave_is_placed_where_it_began(x: float, flow: float) -> None:
    """Against the flow it needs x / (a - v), with it (L - x) / (a + v)."""
    v = flow / 3600 / bore(SEGMENT)
    seen = {"upstream": x / (1000 - v), "downstream": (40_000 - x) / (1000 + v), "uncertainty": 0.0}
    found = wave(segment=SEGMENT, flow_in=[flow] * 61, wave=seen)
    assert found["x"] == pytest.approx(x, abs=1e-3)


def test_a_second_between_the_clocks_is_half_a_kilometre() -> None:
    seen = {"upstream": 21.0, "downstream": 20.0, "uncertainty": 1.0}
    found = wave(segment=SEGMENT, flow_in=[0.0] * 61, wave=seen)
    assert found == {"possible": True, "x": pytest.approx(20_500), "half_width": pytest.approx(500)}
    assert not wave(segment=SEGMENT, flow_in=[0.0] * 61, wave=seen | {"upstream": 61.0})["possible"]


def stopped(closing: float | None) -> Any:
    given_ = {"segment": SEGMENT, "fluid": OIL, "flow_in": [1000.0] * 61, "pressures": stations(FLAT, FLAT)}
    return surge(**given_, advice={"close": True, "closing": closing})


def test_a_sudden_stop_is_joukowskys_and_a_slow_one_in_proportion() -> None:
    """850 kg/m3, 1000 m/s and 1.344 m/s make 11.42 bar; the wave is there and back in 80 s."""
    assert stopped(1)["rise"] == pytest.approx(850 * 1000 * 1000 / 3600 / bore(SEGMENT) / 1e5)
    assert stopped(1)["rise"] == pytest.approx(11.42, abs=0.01)
    assert stopped(80) == stopped(1)
    assert stopped(160)["rise"] == pytest.approx(stopped(80)["rise"] / 2)
    assert stopped(160)["pressure"] == pytest.approx(50 + stopped(160)["rise"])
    assert stopped(None) == {"rise": None, "pressure": None}


@pytest.mark.parametrize(
    "broken",
    [
        lambda: losses(5, flow_in=[None] * 61),
        lambda: losses(5, flow_out=[float("nan")] * 61),
        lambda: losses(5, temperature=[20.0] * 60),
        lambda: losses(5, pressures=[{"position": 0.0, "values": FLAT}] * 2),
        lambda: falls(pressures=stations([50.0, 0.0], [50.0, 50.0]), planned_drop=0),
        lambda: surge(segment=SEGMENT, fluid=OIL, flow_in=[1.0], advice={"closing": 1},
                      pressures=[{"quality": "lost", "values": [1.0]}]),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_says_so(broken: Any) -> None:
    with pytest.raises(NotComputable):
        broken()
