"""What the pack green-direct-connection promises: its simulated year passes, the trap of the denominator is found."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import Judge, imported, record_of

from conformance.model.outcome import Outcome, Reason
from conformance.model.standard import Rule
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures/systems/green-direct-connection"
PACK = load(ROOT / "standards/energy-for-compute/green-direct-connection")
ELSEWHERE = {"off-grid-exchanges-nothing", "additionality", "zone-share", "low-intensity"}
"""Rules that do not apply to the reference, which is connected and makes no hydrogen."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    """The faults of the simulator, and what they are made of."""
    with imported(FIXTURES, "faults") as module:
        yield module


def name_of(rule: Rule) -> str:
    return rule.id.rpartition("/")[2]


# The reference


def test_the_simulated_year_passes_every_rule_that_applies_to_it(simulator: Any, tmp_path: Path) -> None:
    record = record_of(PACK, simulator.record(None), tmp_path)
    odd = {f.rule.rpartition("/")[2]: f.outcome for f in record.findings if f.outcome is not Outcome.PASSED}
    assert odd == dict.fromkeys(ELSEWHERE, Outcome.INAPPLICABLE)
    assert record.footer is not None
    assert record.footer.exit_code == 0
    assert all(record.header.canaries.values())


# The trap: of what is self-use a share?


def test_a_share_of_generated_energy_passes_where_one_of_available_energy_fails(simulator: Any, judge: Judge) -> None:
    site = simulator.SITE | simulator.SITES["generation-as-denominator"]
    honest = simulator.Recording(site)
    honest.state()
    h = honest.hours
    assert h["self_used"].sum() / (h["wind"] + h["pv"]).sum() > 0.6 > h["self_used"].sum() / h["available"].sum()
    assert judge(honest, "self-use-of-available")["self-use-of-available"].outcome is Outcome.FAILED
    names = {"self-use-of-available", "stated-available", "available-generation", "available-against-resource"}
    found = judge(simulator.record("generation-as-denominator"), *names)
    assert found["self-use-of-available"].outcome is Outcome.PASSED
    assert found["stated-available"].outcome is Outcome.PASSED
    assert found["available-generation"].outcome is Outcome.FAILED
    assert found["available-against-resource"].outcome is Outcome.FAILED
    for name in ("available-generation", "available-against-resource"):  # so that R1 itself is failed
        assert "green-direct-connection/R1" in PACK.rules[f"green-direct-connection/{name}"].requirements


@pytest.mark.parametrize(
    ("share", "outcome", "reason"),
    [
        (0.604, Outcome.PASSED, None),
        (0.6, Outcome.INCONCLUSIVE, Reason.WITHIN_UNCERTAINTY),
        (0.596, Outcome.FAILED, None),
    ],
)
def test_near_its_limit_a_share_is_as_sure_as_its_meters(
    share: float, outcome: Outcome, reason: Reason | None, simulator: Any, judge: Judge
) -> None:
    recording = simulator.record(None)
    recording.hours["self_used"] = share * recording.hours["available"]
    finding = judge(recording, "self-use-of-available")["self-use-of-available"]
    assert (finding.outcome, finding.reason) == (outcome, reason)
    if outcome is not Outcome.INCONCLUSIVE:  # an open finding shows no row
        assert finding.worst is not None
        assert finding.worst.margin is not None
        assert finding.worst.margin.physical.low == pytest.approx(100 * share - 60, abs=1e-6)


def test_a_project_of_several_users_has_no_known_share_and_does_not_pass(simulator: Any, judge: Judge) -> None:
    recording = simulator.record(None)
    recording.documents["card"]["users"] = "multi"
    names = {"self-use-of-available", "self-use-of-load", "feed-in-of-available"}
    found = judge(recording, *names)
    assert {found[name].reason for name in names} == {Reason.NO_LIMIT}


# Missing hours never help


@pytest.mark.parametrize("how", ["rows-left-out", "values-left-out", "worst-months-left-out"])
def test_hours_that_are_left_out_never_turn_a_failure_into_a_pass(how: str, simulator: Any, judge: Judge) -> None:
    recording = simulator.record("too-much-generation")
    h = recording.hours
    bad = h["curtailed"] > 30
    if how == "values-left-out":
        for name in ("available", "curtailed", "wind", "pv"):
            h[name] = np.where(bad, np.nan, h[name])
    else:
        month = (h["time"] + np.timedelta64(8, "h")).astype("datetime64[M]").astype(int) % 12
        recording.tables["hours"] = {n: v[~bad if how == "rows-left-out" else month < 8] for n, v in h.items()}
    names = {"self-use-of-available", "stated-available", "stated-hours", "metered-hours-in-account"}
    found = judge(recording, *names)
    requirement = [found[n] for n in ("stated-available", "stated-hours", "metered-hours-in-account")]
    assert any(f.outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE) for f in requirement)
    assert found["self-use-of-available"].outcome is not Outcome.PASSED
    assert found["stated-available"].outcome is not Outcome.PASSED


# The relations that no rule can ask for, tried on the simulator


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 200), st.floats(1, 200)), min_size=1, max_size=96),
    st.integers(1, 24),
)
def test_a_finer_block_never_matches_more(hours: list[tuple[float, float]], block: int) -> None:
    generation, load = np.array(hours).T
    blocks = np.arange(len(hours)) // block

    def matched(index: np.ndarray) -> float:
        return float(np.minimum(np.bincount(index, generation), np.bincount(index, load)).sum() / load.sum())

    fine, middle, coarse = (matched(i) for i in (np.arange(len(hours)), blocks, np.zeros_like(blocks)))
    assert fine <= middle + 1e-12
    assert middle <= coarse + 1e-12


def shares_of(simulator: Any, **changed: Any) -> tuple[float, float, float]:
    """Self-use of available generation and of load, and feed-in of available generation, in per cent."""
    recording = simulator.Recording({**simulator.SITE, "orders": 0, **changed})
    recording.state()
    years = recording.tables["years"]
    names = ("self_use_of_available", "self_use_of_load", "feed_in_of_available")
    return tuple(float(years[name][0]) for name in names)  # type: ignore[return-value]


def test_more_load_at_the_same_generation_never_lowers_self_use(simulator: Any) -> None:
    found = [shares_of(simulator, load=load)[0] for load in (60.0, 80.0, 100.0, 120.0, 140.0)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_a_site_twice_as_large_has_the_same_shares(simulator: Any) -> None:
    sizes = ("wind", "pv", "export", "connection", "energy", "least", "power", "initial", "load", "auxiliary", "top_up")
    twice = {name: 2 * simulator.SITE[name] for name in sizes}
    assert shares_of(simulator, **twice) == pytest.approx(shares_of(simulator), rel=1e-12)


def test_the_sun_of_the_simulator_stands_where_it_should(simulator: Any) -> None:
    weather = importlib.import_module("weather")
    noons = np.array(["2026-03-20T12:00", "2026-06-21T12:00", "2026-12-21T12:00"], dtype="datetime64[ns]")
    expected = [90 - 41.0, 90 - 41.0 + 23.4, 90 - 41.0 - 23.4]
    assert weather.elevation(noons, latitude=41.0, longitude=0.0) == pytest.approx(expected, abs=1.5)
    midnights = noons + np.timedelta64(12, "h")
    assert (weather.elevation(midnights, latitude=41.0, longitude=0.0) < -20).all()


# The pack


@pytest.mark.parametrize(
    ("profile", "left"), [("single-user", 72), ("single-user-no-export", 72), ("multi-user", 70), ("hydrogen-eu", 14)]
)
def test_a_profile_leaves_the_rules_that_it_states(profile: str, left: int) -> None:
    assert len(tailor(PACK, profile, as_of="2026-11-22").rules) == left
