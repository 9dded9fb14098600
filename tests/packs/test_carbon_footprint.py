"""What the pack carbon-footprint promises besides what every recorded pack does: traps, identities, boundaries."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import Judge, imported

from conformance.model.outcome import Outcome, Reason
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures/systems/carbon-footprint"
PACK = load(ROOT / "standards/energy-for-compute/carbon-footprint")
DRAFT = {
    "hour-of-the-meter", "hour-recomputed", "stated-hourly", "mean-factor", "covariance-recomputed",
    "hourly-less-average", "hourly-matching", "deliverable",
}  # fmt: skip
"""Rules of the consultation draft on Scope 2, which is not in force."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    """The simulator."""
    with imported(FIXTURES, "simulate") as module:
        yield module


@pytest.fixture
def record(simulator: Any) -> Callable[[str | None], Any]:
    """The recording with a fault in it, or the reference."""
    made: Callable[[str | None], Any] = importlib.import_module("carbon_footprint_faults").record
    return made


# Traps


def test_certificates_beside_the_average_factor_are_found_although_every_figure_is_recomputed(
    record: Callable[[str | None], Any], judge: Judge
) -> None:
    made, honest = record("certificates-and-the-average"), record(None)
    assert made.documents["inventory"]["market"] < honest.documents["inventory"]["market"]
    found = judge(made, "market-kind", "market-recomputed", "factor-as-registered", "factor-region")
    assert {name for name, f in found.items() if f.outcome is Outcome.FAILED} == {"market-kind"}


def test_a_factor_of_a_year_without_a_known_value_never_passes(
    record: Callable[[str | None], Any], judge: Judge
) -> None:
    made = record(None)
    factors = made.tables["factors"]
    factors["year"] = np.where(factors["factor"] == "mee-china-2022", 2024, factors["year"])
    finding = judge(made, "known-factor")["known-factor"]
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, Reason.NO_LIMIT)


def test_a_feeder_that_appears_in_no_line_is_found_although_the_sums_agree(
    record: Callable[[str | None], Any], judge: Judge
) -> None:
    made = record(None)
    kept = made.tables["lines"]["meter"] == "grid-1"
    made.tables["lines"] = lines = {name: values[kept] for name, values in made.tables["lines"].items()}
    for method in ("location", "market"):
        made.documents["inventory"][method] = float(lines["emissions"][lines["method"] == method].sum())
    found = judge(made, "lines-cover-the-grid", "stated-location", "stated-market", "line-energy")
    assert {name for name, f in found.items() if f.outcome is Outcome.FAILED} == {"lines-cover-the-grid"}


@pytest.mark.parametrize("how", ["rows", "values"])
def test_hours_that_are_left_out_never_pass(how: str, record: Callable[[str | None], Any], judge: Judge) -> None:
    made = record(None)
    activity = made.tables["activity"]
    if how == "values":
        activity["energy"] = np.where(activity["energy"] > 60000, np.nan, activity["energy"])
    else:
        made.tables["activity"] = {name: values[activity["energy"] <= 60000] for name, values in activity.items()}
    assert judge(made, "stated-activity")["stated-activity"].outcome is not Outcome.PASSED


@pytest.mark.parametrize(
    ("share", "outcome"), [(0.9995, Outcome.PASSED), (1.0005, Outcome.PASSED), (1.0015, Outcome.FAILED)]
)
def test_near_its_tolerance_a_stated_figure_is_judged_unrounded(
    share: float,
    outcome: Outcome,
    record: Callable[[str | None], Any],
    judge: Judge,
) -> None:
    made = record(None)
    made.documents["inventory"]["location"] *= share
    assert judge(made, "stated-location")["stated-location"].outcome is outcome


# Identities across rules, and relations that no rule can ask for, tried on the simulator


def test_the_campus_is_the_one_of_the_other_packs(simulator: Any, record: Callable[[str | None], Any]) -> None:
    made, site = record(None), simulator.campus.Campus(seed=1)
    inventory = made.documents["inventory"]
    assert inventory["grid"] + inventory["direct"] + inventory["diesel"] == pytest.approx(site.edc.sum(), rel=1e-12)
    assert made.documents["efficiency"]["it"] == pytest.approx(site.it.sum(), rel=1e-12)


def test_location_and_market_are_what_a_hand_calculation_gives(record: Callable[[str | None], Any]) -> None:
    inventory = record(None).documents["inventory"]
    certified = record(None).documents["green"]["certified"]
    assert inventory["location"] == pytest.approx(0.5366 * inventory["grid"], rel=1e-12)
    assert inventory["market"] == pytest.approx(0.5856 * (inventory["grid"] - certified), rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1.2)), min_size=1, max_size=48))
def test_hourly_less_average_is_the_hours_times_the_covariance(simulator: Any, rows: list[tuple[float, float]]) -> None:
    energy, factor = np.array(rows).T
    difference = (energy * factor).sum() - energy.sum() * factor.mean()
    assert difference == pytest.approx(len(rows) * simulator.covariance(energy, factor), rel=1e-9, abs=1e-6)


@settings(max_examples=6, deadline=None)
@given(shares=st.tuples(st.floats(0, 1.5), st.floats(0, 1.5)))
def test_more_certificates_never_raise_the_market_figure_nor_move_the_other(
    simulator: Any, shares: tuple[float, float]
) -> None:
    found = []
    for share in sorted(shares):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(simulator.ASSUMED, "covered", share)
            made = simulator.Recording()
            made.state()
        found.append(made.documents["inventory"])
    fewer, more = found
    assert more["market"] <= fewer["market"] + 1e-9
    assert more["location"] == fewer["location"]
    assert more["market"] >= 0


@settings(max_examples=6, deadline=None)
@given(name=st.sampled_from(["job", "gpu-servers"]), part=st.floats(0.1, 0.99))
def test_software_intensity_falls_with_energy_and_with_embodied_emissions(
    simulator: Any, name: str, part: float
) -> None:
    whole, less = simulator.Recording(), simulator.Recording()
    whole.state()
    assets = simulator.ASSUMED["assets"]
    changed = (assets["gpu-servers"][0] * part, *assets["gpu-servers"][1:])
    with pytest.MonkeyPatch.context() as patch:
        if name == "job":  # the same tokens from less energy
            patch.setitem(simulator.ASSUMED, "tokens", simulator.ASSUMED["tokens"] / part)
        else:
            patch.setitem(assets, "gpu-servers", changed)
        less.state()
    assert (less.tables["jobs"]["sci"] < whole.tables["jobs"]["sci"]).all()


# The pack


def test_factors_of_the_simulator_are_those_of_the_pack(simulator: Any) -> None:
    rows = PACK.limits["grid-factor"].rows
    assert {float(row.figure.value) for row in rows} == {factor[-1] for factor in simulator.FACTORS}


def test_rules_of_the_draft_never_certify(simulator: Any) -> None:
    watched = {id_.rpartition("/")[2] for id_, rule in PACK.rules.items() if rule.status == "watch"}
    assert watched == DRAFT
    left = {id_.rpartition("/")[2] for id_ in tailor(PACK, "scope2-2015", as_of="2026-11-22").rules}
    assert not left & DRAFT
    assert left | DRAFT == {id_.rpartition("/")[2] for id_ in PACK.rules}
