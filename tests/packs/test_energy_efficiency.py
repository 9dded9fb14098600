"""What is special to the pack energy-efficiency: sums before ratios, no rounding, limits that conflict, one campus."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import Judge, imported

from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Finding
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures/systems/energy-efficiency"
PACK = load(ROOT / "standards/energy-for-compute/energy-efficiency")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    """The faults of the simulator, and what they are made of."""
    with imported(FIXTURES, "energy_efficiency_faults") as module:
        yield module


def margin(finding: Finding) -> float:
    """Of the worst row of a finding."""
    assert finding.worst is not None
    assert finding.worst.margin is not None
    return float(finding.worst.margin.physical.low)


# Rounding never improves


@pytest.mark.parametrize(
    ("total", "grade", "outcome"),
    [
        (1.1999, "1", Outcome.PASSED),
        (1.204, "1", Outcome.FAILED),  # 1.20 after rounding
        (1.2999, "2", Outcome.PASSED),
        (1.304, "2", Outcome.FAILED),
        (1.304, "3", Outcome.PASSED),
        (1.504, "3", Outcome.FAILED),
    ],
)
def test_a_grade_is_claimed_of_the_unrounded_year(
    total: float, grade: str, outcome: Outcome, simulator: Any, judge: Judge
) -> None:
    recording = simulator.Recording(total=total)
    recording.state()
    recording.documents["report"].update(grade=grade, pue=round(total, 2))
    found = judge(recording, "pue-of-the-grade")["pue-of-the-grade"]
    assert found.outcome is outcome
    assert margin(found) == pytest.approx({"1": 1.2, "2": 1.3, "3": 1.5}[grade] - total, abs=1e-9)


def test_a_facility_that_claims_no_grade_does_not_pass(simulator: Any, judge: Judge) -> None:
    recording = simulator.record(None)
    recording.documents["report"]["grade"] = None
    found = judge(recording, "pue-of-the-grade")["pue-of-the-grade"]
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA)


# The year is a ratio of sums


def test_neither_a_mean_of_ratios_nor_a_winter_stands_for_the_year(simulator: Any, judge: Judge) -> None:
    recording = simulator.record(None)
    annual = recording.documents["report"]["pue"]
    hours = recording.campus.edc / recording.campus.it
    assert hours.mean() > annual + 0.002
    for stated, outcome in (
        (annual, Outcome.PASSED),
        (hours.mean(), Outcome.FAILED),
        (hours[:744].mean(), Outcome.FAILED),
    ):
        recording.documents["report"]["pue"] = float(stated)
        assert judge(recording, "stated-pue")["stated-pue"].outcome is outcome


def test_a_meter_split_in_three_leaves_every_annual_ratio(simulator: Any, judge: Judge) -> None:
    names = ("stated-pue", "pue-of-the-grade", "energy-balance")
    recording = simulator.record(None)
    before = judge(recording, *names)
    table = recording.tables["readings"]
    of = table["meter"] == "direct-1"
    parts = []
    for number, share in enumerate((0.5, 0.3, 0.2)):
        part = {column: values[of].copy() for column, values in table.items()}
        part["meter"][:], part["energy"] = f"direct-1-{number}", share * part["energy"]
        parts.append(part)
    kept = {column: values[~of] for column, values in table.items()}
    recording.tables["readings"] = {c: np.concatenate((v, *(part[c] for part in parts))) for c, v in kept.items()}
    after = judge(recording, *names)
    for name in names:
        assert after[name].outcome is before[name].outcome is Outcome.PASSED
        assert margin(after[name]) == pytest.approx(margin(before[name]), abs=1e-6)


def test_more_it_load_at_the_same_overhead_comes_nearer_to_one(simulator: Any, judge: Judge) -> None:
    margins = []
    for more in (0.0, 5.0, 20.0):
        recording = simulator.Recording()
        readings = recording.tables["readings"]
        for point, share in (("grid_import", 0.5), ("it_ups_out", 1), ("ups_in", 1)):
            readings["energy"][readings["point"] == point] += share * more
        recording.state()
        margins.append(margin(judge(recording, "pue-of-the-grade")["pue-of-the-grade"]))
    assert margins == sorted(margins)
    assert margins[0] < margins[-1]


hourly = st.lists(st.tuples(st.floats(1, 100), st.floats(0.01, 60)), min_size=1, max_size=48)


@settings(max_examples=200, deadline=None)
@given(hourly, st.floats(0.01, 50))
def test_the_ratio_of_sums_lies_between_the_least_and_greatest_hour_and_falls_with_it_load(
    hours: list[tuple[float, float]], more: float
) -> None:
    it, overhead = np.array(hours).T
    annual = (it + overhead).sum() / it.sum()
    each = (it + overhead) / it
    assert each.min() - 1e-9 <= annual <= each.max() + 1e-9
    assert annual == pytest.approx(np.average(each, weights=it))  # the mean that it is: weighted by IT energy
    assert (it + more + overhead).sum() / (it + more).sum() < annual


# What is left out never helps


@pytest.mark.parametrize("how", ["summer-left-out", "values-left-out", "a-meter-left-out"])
def test_readings_that_are_left_out_never_make_a_lower_pue_pass(how: str, simulator: Any, judge: Judge) -> None:
    recording = simulator.record("wastes-energy")
    table = recording.tables["readings"]
    summer = np.isin((table["month"] + np.timedelta64(8, "h")).astype("datetime64[M]").astype(int) % 12, (5, 6, 7))
    supply = np.isin(table["point"], ("grid_import", "direct_line_in"))
    if how == "values-left-out":
        table["energy"] = np.where(summer & supply, np.nan, table["energy"])
    else:
        gone = summer if how == "summer-left-out" else table["meter"] == "grid-1"
        recording.tables["readings"] = {column: values[~gone] for column, values in table.items()}
    names = ("pue-of-the-grade", "stated-consumption", "readings-complete")
    found = judge(recording, *names)
    assert found["stated-consumption"].outcome is not Outcome.PASSED
    if how != "a-meter-left-out":
        assert found["pue-of-the-grade"].outcome is not Outcome.PASSED


# One limit, two readings


def test_readings_of_a_limit_that_conflict_stand_in_profiles_of_their_own() -> None:
    both = ({"pue-new-large", "pue-east-west"}, {"pue-in-germany", "pue-in-germany-recalled"})
    for profile in PACK.profiles:
        left = {id_.rpartition("/")[2] for id_ in tailor(PACK, profile, as_of="2026-11-22").rules}
        assert all(len(left & pair) <= 1 for pair in both), profile


@pytest.mark.parametrize(
    ("profile", "left"),
    [
        ("gb-40879", 57), ("china-2024-recalled", 58), ("china-2024-code-base", 58), ("green-data-centre-2025", 63),
        ("green-data-centre-2025-full", 63), ("eu-2024-1364", 59), ("germany-recalled", 60), ("germany-code-base", 60),
    ],
)  # fmt: skip
def test_a_profile_leaves_the_rules_that_it_states(profile: str, left: int) -> None:
    assert len(tailor(PACK, profile, as_of="2026-11-22").rules) == left


def test_days_to_report_are_those_of_the_calendar() -> None:
    for row in PACK.limits["days-to-report"].rows:
        year = int(row.eq["year"])
        due = datetime.date(2024, 9, 15) if year == 2023 else datetime.date(year + 1, 5, 15)
        assert row.figure.value == (due - datetime.date(year, 12, 31)).days


# One campus


def test_the_energy_is_that_of_the_direct_connection(simulator: Any) -> None:
    recording = simulator.record(None)
    load = recording.campus.green.hours["load"].sum()
    report = recording.documents["report"]
    assert report["edc"] == pytest.approx(load)
    assert report["edc"] == pytest.approx(recording.total("ups_in", "cooling", "auxiliary"))
    assert report["reused_heat"] == pytest.approx(recording.campus.heat.sum())
    assert report["cue"] * report["it"] == pytest.approx(
        report["grid_factor"] * (report["edc"] - report["edc_backup"] - recording.campus.direct.sum())
        + report["backup_factor"] * report["edc_backup"]
    )


# The pack
