"""What the pack competence promises: terms by the calendar, hours that count once, nobody in two roles."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulators import SYSTEMS, imported, judged

from conformance.model.outcome import Outcome
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
PACK = load(ROOT / "standards/ecosystem/competence")
HOURS = {"hours-in-the-window", "hours-of-the-proposal", "hours-on-standards", "hours-on-the-simulator"}
MONTHS = {"six-months": 6, "twelve-months": 12, "fifteen-months": 15}


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    """The simulator and its faults."""
    with imported(SYSTEMS / "competence", "competence_faults") as module:
        yield module


def outcomes(recording: Any, folder: Path, names: set[str]) -> dict[str, Outcome]:
    """What the rules ``names`` say of ``recording``."""
    found = judged(PACK, recording, folder, names)
    return {name: found[name].outcome for name in names}


# The calendar, against a second way to count it


def later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def ends_of(row: Any, key: str) -> tuple[date, date]:
    """The first and the last day of a row."""
    return date.fromisoformat(row.since[key]), date.fromisoformat(row.before[key]) - timedelta(days=1)


@pytest.mark.parametrize("name", MONTHS)
def test_months_are_those_of_the_calendar_and_end_with_the_month(name: str) -> None:
    for row in PACK.limits[name].rows:
        for day in ends_of(row, "day"):
            assert day + timedelta(days=row.figure.value) == later(day, MONTHS[name]), day


@pytest.mark.parametrize(("name", "key"), [("validity", "issued"), ("review", "reviewed")])
def test_a_term_ends_with_the_day_before_its_anniversary(name: str, key: str) -> None:
    years = {"general": 6 if name == "validity" else 3, "coal": 6, "nerc": 3}
    for row in PACK.limits[name].rows:
        for day in ends_of(row, key):
            last = day + timedelta(days=row.figure.value - 1)
            same = later(day, 12 * years[str(row.eq["regime"])])
            assert last == (same - timedelta(days=1) if same.day == day.day else same), day


def test_years_of_365_days_and_a_quarter_are_a_day_too_long_for_many(faults: Any, tmp_path: Path) -> None:
    """The trap: shifts stay within what the certificates state; only the term shows it."""
    names = {"term-of-the-certificate", "valid-at-the-shift"}
    found = outcomes(faults.record("six-years-of-365-days-and-a-quarter"), tmp_path, names)
    assert found == {"term-of-the-certificate": Outcome.FAILED, "valid-at-the-shift": Outcome.PASSED}


@pytest.mark.parametrize(("days", "outcome"), [(-1, Outcome.PASSED), (0, Outcome.FAILED), (1, Outcome.FAILED)])
def test_at_exactly_six_months_the_test_is_due(days: int, outcome: Outcome, faults: Any, tmp_path: Path) -> None:
    made = faults.record(None)
    row = next(row for row in made.tables["shifts"] if row["retest"])
    begins = datetime.fromisoformat(row["begins"])
    last = datetime.combine(later(begins.date(), -6), begins.timetz())
    assert later(last.date(), 6) == begins.date()
    row.update(retest=None, previous=(last - timedelta(days=days)).isoformat())
    assert outcomes(made, tmp_path, {"back-after-absence"}) == {"back-after-absence": outcome}


def test_a_sham_shift_hides_an_absence_from_the_rule_on_absences_alone(faults: Any, tmp_path: Path) -> None:
    found = outcomes(faults.record("hides-an-absence"), tmp_path, {"back-after-absence", "previous-as-recorded"})
    assert found == {"back-after-absence": Outcome.PASSED, "previous-as-recorded": Outcome.FAILED}


# Hours: what TC-10 asks of a verdict, for which there is no operation


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(1, 50), hours=st.floats(0.25, 8), topic=st.sampled_from(["standards", "simulation", "safety"]))
def test_adding_training_never_turns_a_pass_into_a_failure(
    seed: int, hours: float, topic: str, faults: Any, tmp_path: Path
) -> None:
    made = faults.record(None, seed=seed)
    for number, window in enumerate(made.tables["windows"][::3]):
        made.add("credits", window=window["window"], training=f"more-{number}", topic=topic, hours=hours)
    assert set(outcomes(made, tmp_path, HOURS).values()) == {Outcome.PASSED}


def test_merging_two_pseudonyms_of_one_person_keeps_the_hours(faults: Any, tmp_path: Path) -> None:
    """Apart, each has half of the hours; together they have what one person has."""
    apart, merged = faults.record(None), faults.record(None)
    window = apart.rows("windows", scheme="coal-yearly")[0]["window"]
    for row in apart.rows("credits", window=window)[::2]:
        row["window"] = f"{window}-second"
    apart.add("windows", **{**apart.rows("windows", window=window)[0], "window": f"{window}-second"})
    names = {"hours-in-the-window"}
    assert outcomes(apart, tmp_path, names) == {"hours-in-the-window": Outcome.FAILED}
    assert outcomes(merged, tmp_path, names) == {"hours-in-the-window": Outcome.PASSED}
    total = sum(row["hours"] for w in (window, f"{window}-second") for row in apart.rows("credits", window=w))
    assert total == sum(row["hours"] for row in merged.rows("credits", window=window))


def test_hours_of_today_may_fall_short_of_the_proposal_and_each_profile_says_its_own(
    faults: Any, tmp_path: Path
) -> None:
    made = faults.record(None)
    for window in made.rows("windows", scheme="nerc-rc"):
        counted = made.rows("credits", window=window["window"])
        for row in counted:
            row["hours"] = 220 / len(counted)
    found = outcomes(made, tmp_path, {"hours-in-the-window", "hours-of-the-proposal"})
    assert found == {"hours-in-the-window": Outcome.PASSED, "hours-of-the-proposal": Outcome.FAILED}
    proposal = "competence/hours-of-the-proposal"
    assert proposal in tailor(PACK, "nerc-2004", as_of="2026-11-22").rules
    assert proposal not in tailor(PACK, "nerc-present", as_of="2026-11-22").rules


# Watches and statistics


def test_a_watch_that_is_left_out_is_missed_on_the_list_and_not_in_its_numbers(faults: Any, tmp_path: Path) -> None:
    made = faults.record(None)
    gone = made.tables["watches"][7]["watch"]
    made.tables["manning"] = [row for row in made.tables["manning"] if row["watch"] != gone]
    found = outcomes(made, tmp_path, {"watch-manned", "watch-on-the-list"})
    assert found == {"watch-manned": Outcome.PASSED, "watch-on-the-list": Outcome.FAILED}


def test_a_second_pseudonym_does_not_part_duties(faults: Any, tmp_path: Path) -> None:
    found = outcomes(
        faults.record("assessor-under-another-pseudonym"), tmp_path, {"duties-apart", "identity-of-the-person"}
    )
    assert found == {"duties-apart": Outcome.FAILED, "identity-of-the-person": Outcome.PASSED}
