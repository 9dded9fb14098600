"""What the pack scenario-lifecycle promises: one story in any order of the log, and effects that hold up."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from simulators import SYSTEMS, imported, judged

from conformance.model.outcome import Outcome
from conformance.model.standard import Figure
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
PACK = load(ROOT / "standards/ai-for-energy/scenario-lifecycle")
LOG = {"lifecycle", "one-role-a-person", "nothing-after-the-last-event", "validated-in-the-log"}
EFFECTS = {"effect-recomputed", "effect-excludes-zero", "baseline-agrees-with-history", "days-cover-the-phase"}


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    """The simulator and its faults."""
    with imported(SYSTEMS / "scenario-lifecycle", "scenario_lifecycle_faults") as module:
        yield module


def failed(recording: Any, folder: Path, names: set[str]) -> set[str]:
    """Which of the rules ``names`` the recording breaks; the others pass."""
    found = {name: finding.outcome for name, finding in judged(PACK, recording, folder, names).items()}
    assert set(found.values()) <= {Outcome.PASSED, Outcome.FAILED}
    return {name for name, outcome in found.items() if outcome is Outcome.FAILED}


# The log: what SL-10 asks of a replay, for which there is no operation


@pytest.mark.parametrize(("fault", "broken"), [(None, set()), ("resumes-without-validation", {"lifecycle"})])
def test_a_log_in_any_order_of_its_rows_tells_the_same(
    fault: str | None, broken: set[str], faults: Any, tmp_path: Path
) -> None:
    made = faults.record(fault)
    rows = made.tables["events"]
    made.tables["events"] = [rows[place] for place in np.random.default_rng(3).permutation(len(rows))]
    assert failed(made, tmp_path, LOG) == broken


def test_another_interleaving_of_scenarios_tells_the_same(faults: Any, tmp_path: Path) -> None:
    """Each scenario keeps its own order; one begins where another did."""
    made = faults.record(None)
    names = sorted({row["scenario"] for row in made.tables["events"]})
    swapped = dict(zip(names, [*names[1:], names[0]], strict=True))
    for table in ("events", "scenarios"):
        for row in made.tables[table]:
            row["scenario"] = swapped[row["scenario"]]
    assert failed(made, tmp_path, LOG) == set()


# Effects


def test_a_return_from_the_worst_months_is_a_sound_effect_on_paper(faults: Any, tmp_path: Path) -> None:
    """The trap: every figure follows from the days, and the interval is far above zero."""
    assert failed(faults.record("regression-to-the-mean"), tmp_path, EFFECTS) == {"baseline-agrees-with-history"}


def test_days_that_are_left_out_openly_are_missed_in_the_window_alone(faults: Any, tmp_path: Path) -> None:
    assert failed(faults.record("drops-bad-days-and-says-so"), tmp_path, EFFECTS) == {"days-cover-the-phase"}


@pytest.mark.parametrize(("lower", "broken"), [(1e-6, set()), (-1e-6, {"effect-excludes-zero"})])
def test_an_interval_must_lie_above_zero_however_little(
    lower: float, broken: set[str], faults: Any, tmp_path: Path
) -> None:
    made = faults.record(None)
    effect = made.tables["effects"][0]
    made.shift(effect["scenario"], effect["after"], made.bounds(effect)[1] - lower)
    made.restate()
    assert failed(made, tmp_path, EFFECTS) == broken


def test_the_effect_does_not_depend_on_the_level_that_both_places_share(faults: Any) -> None:
    made = faults.record(None)
    effect = made.tables["effects"][3]
    before = made.bounds(effect)
    for phase in ("before", "after", "control_before", "control_after"):
        made.shift(effect["scenario"], effect[phase], 7.5)
    assert made.bounds(effect) == pytest.approx(before)


# Independence


def test_a_vendor_that_hides_its_group_is_found_in_the_register_and_not_in_its_decisions(
    faults: Any, tmp_path: Path
) -> None:
    made = faults.record(None)
    for row in made.rows("scenarios", vendor="vendor-c"):
        row["vendor_group"] = "holding-c"
        for event in made.rows("events", scenario=row["scenario"], event="validate"):
            event["organisation"] = "vendor-a-labs"
    names = {"assessor-independent", "group-as-registered"}
    assert failed(made, tmp_path, names) == {"group-as-registered"}


# Limits and profiles


def test_quantiles_are_those_of_the_normal_distribution() -> None:
    for row in PACK.limits["normal-quantile"].rows:
        level = float(row.eq["level"]) / 100
        assert row.figure.value == pytest.approx(NormalDist().inv_cdf(0.5 + level / 2), abs=5e-7)


def test_twelve_months_are_those_of_the_calendar() -> None:
    """Day by day, against the same day of the next year; of a 29th of February it is the 28th."""
    day = date(2019, 3, 1)
    for row in PACK.limits["twelve-months"].rows:
        assert row.since["day"] == day.isoformat()
        while day.isoformat() < row.before["day"]:
            following = day.replace(year=day.year + 1, day=min(day.day, monthrange(day.year + 1, day.month)[1]))
            assert (following - day).days == row.figure.value
            day += timedelta(days=1)
    assert day == date(2035, 3, 1)


def test_a_decision_needs_as_many_kinds_as_its_gates_have(faults: Any) -> None:
    with imported(SYSTEMS / "scenario-lifecycle", "scenario_lifecycle_recording") as recording:
        kinds = {event: sum(map(len, gates.values())) for event, gates in recording.KINDS.items()}
    assert {row.eq["event"]: row.figure.value for row in PACK.limits["kinds-of-event"].rows} == kinds


def test_the_profile_for_safety_tightens_and_leaves_the_programme_out() -> None:
    tailored = tailor(PACK, "safety-critical", as_of="2026-11-22")
    delay = tailored.rules["scenario-lifecycle/entered-in-time"].parameters["delay"]
    assert isinstance(delay, Figure)
    assert delay.value == 1
    assert "scenario-lifecycle/funnel-share" not in tailored.rules
    assert "scenario-lifecycle/lifecycle" in tailored.rules
