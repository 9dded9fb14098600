from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from conformance.measures import siting
from conformance.measures.registry import NotComputable, find

POWER = arrays(float, 24, elements=st.floats(0.0, 200.0).map(lambda v: round(v, 3)))


def site(**changed: Any) -> dict[str, Any]:
    """Four hours; 100 MW of wind and 50 MW of sun."""
    return {
        "id": "a", "country": "CN", "province": "Gansu", "hub": True, "grid_node": "n", "contracted": 100.0,
        "power_factor": 0.95, "peak": 60.0, "export": 20.0, "water_stress": 1.0, "wind_capacity": 100.0,
        "pv_capacity": 50.0, "wind": [0.6, 0.2, 0.1, 0.3], "pv": [0.0, 0.4, 0.6, 0.0],
        "emission_factor": [0.6, 0.5, 0.4, 0.7], "price": [400.0, 300.0, 250.0, 500.0],
        "rtt": [{"hub": "h", "p50": 7.0, "p95": 12.0, "p99": 18.0}],
    } | changed  # fmt: skip


WORK: dict[str, Any] = {"load": [30.0, 30.0, 30.0, 30.0], "overhead": 10.0}
NOTHING: dict[str, Any] = {"site": "a", "wind": 0.0}


def assessed(*sites: dict[str, Any], expansion: dict[str, Any] = NOTHING) -> list[dict[str, Any]]:
    return siting.assess(workload=WORK, sites=list(sites), expansion=expansion)["sites"]


def test_the_worked_example() -> None:
    """Renewable 60, 40, 40, 30 MWh and 30 MWh of load each hour: 120 of 170 are absorbed, all of the load is matched.

    The grid takes 20: without the load 40, 20, 20, 10 are curtailed, with it 10, 0, 0, 0.
    """
    (found,) = assessed(site())
    assert found["renewable"] == pytest.approx(170)
    assert found["local_absorption"] == pytest.approx(100 * 120 / 170)
    assert found["matched_share"] == pytest.approx(100)
    assert found["curtailment_avoided"] == pytest.approx(80)
    assert found["room"] == pytest.approx(35)


def test_planned_wind_counts_at_its_own_site_alone() -> None:
    first, second = assessed(site(), site(id="b"), expansion={"site": "b", "wind": 50.0})
    assert first["renewable"] == pytest.approx(170)
    assert second["renewable"] == pytest.approx(170 + 50 * 1.2)


def test_absorption_of_nothing_is_unknown() -> None:
    (found,) = assessed(site(wind_capacity=0.0, pv_capacity=0.0))
    assert found["local_absorption"] is None
    assert found["matched_share"] == 0


@given(load=POWER, renewable=POWER)
@settings(max_examples=150, deadline=None)
def test_the_shares_agree_with_a_second_implementation_hour_by_hour(load: np.ndarray, renewable: np.ndarray) -> None:
    absorbed = sum(min(p, r) for p, r in zip(load.tolist(), renewable.tolist(), strict=True))
    for found, whole in (
        (siting.local_absorption(load, renewable), sum(renewable.tolist())),
        (siting.matched_share(load, renewable), sum(load.tolist())),
    ):
        assert found == (pytest.approx(100 * absorbed / whole, abs=1e-9) if whole > 0 else None)


@given(load=POWER, renewable=POWER)
@settings(max_examples=150, deadline=None)
def test_matched_share_is_absorption_times_the_ratio_of_energies_and_never_above_that_of_the_day(
    load: np.ndarray, renewable: np.ndarray
) -> None:
    absorption, share = siting.local_absorption(load, renewable), siting.matched_share(load, renewable)
    if absorption is None or share is None:
        return
    assert share == pytest.approx(absorption * renewable.sum() / load.sum(), abs=1e-6)
    assert share <= 100 * min(renewable.sum(), load.sum()) / load.sum() + 1e-9


@given(load=POWER, renewable=POWER, export=st.floats(0.0, 200.0))
@settings(max_examples=150, deadline=None)
def test_avoided_curtailment_is_the_part_of_the_load_that_the_surplus_covers(
    load: np.ndarray, renewable: np.ndarray, export: float
) -> None:
    covered = np.minimum(load, np.maximum(renewable - export, 0)).sum()
    assert siting.curtailment_avoided(load, renewable, export=export) == pytest.approx(covered, abs=1e-6)


@pytest.mark.parametrize(
    ("worse", "dominated"),
    [
        ({"wind_capacity": 20.0}, True),
        ({"wind_capacity": 20.0, "peak": 50.0}, False),  # more room
        ({"wind_capacity": 20.0, "province": "Guizhou"}, False),  # another residency
        ({"wind_capacity": 20.0, "rtt": [{"hub": "h", "p50": 9.0, "p95": 11.0, "p99": 18.0}]}, False),  # nearer
        ({"wind_capacity": 20.0, "price": [400.0, 300.0, 250.0, 499.0]}, False),  # one cheaper hour
        ({"price": [401.0, 300.0, 250.0, 500.0]}, False),  # absorbs as much
    ],
)
def test_a_site_dominates_another_only_if_it_is_as_good_in_every_respect(
    worse: dict[str, Any], dominated: bool
) -> None:
    first, second = assessed(site(), site(id="b", **worse))
    assert second["dominated_by"] == (["a"] if dominated else [])
    assert first["dominated_by"] == []


def test_the_worked_schedule() -> None:
    """6 MWh go from the last hour to the third, 10 % more when they arrive; factors are 0.7 and 0.4."""
    moves = [{"begins": 3, "until": 2, "energy": 6.0}]
    found = siting.schedule(workload=WORK, sites=[site()], chosen="a", moves=moves, plan=[30.0, 30.0, 36.6, 24.0])
    assert found["deviation"] == pytest.approx(0)
    assert found["overdrawn"] == pytest.approx(6 - 30)
    assert found["peak"] == pytest.approx(36.6)
    assert found["emissions_asked"] == pytest.approx(30 * 2.2)
    assert found["emissions_planned"] == pytest.approx(30 * 1.1 + 36.6 * 0.4 + 24 * 0.7)


def test_lost_work_and_work_moved_twice_are_seen() -> None:
    twice = [{"begins": 3, "until": 2, "energy": 20.0}] * 2
    found = siting.schedule(workload=WORK, sites=[site()], chosen="a", moves=twice, plan=[30.0, 30.0, 30.0, 30.0])
    assert found["overdrawn"] == pytest.approx(10)
    assert found["deviation"] == pytest.approx(44)


@pytest.mark.parametrize(
    "change",
    [
        {"chosen": "none"},
        {"plan": [30.0]},
        {"moves": [{"begins": 4, "until": 5, "energy": 1.0}]},
        {"sites": [site(emission_factor=[0.5])]},
    ],
)
def test_what_describes_no_schedule_is_not_computable(change: dict[str, Any]) -> None:
    given_ = {"workload": WORK, "sites": [site()], "chosen": "a", "moves": [], "plan": WORK["load"]}
    with pytest.raises(NotComputable):
        siting.schedule(**{**given_, **change})


def test_profiles_of_different_lengths_are_not_computable() -> None:
    with pytest.raises(NotComputable):
        assessed(site(pv=[0.0]))


def test_packs_find_both_measures_by_name() -> None:
    assert find("siting.assess") is siting.assess
    assert find("siting.schedule") is siting.schedule
    assert find("siting.local_absorption") is None
