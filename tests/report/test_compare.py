"""Runs beside each other: nothing that got worse is hidden, and nothing open is called fixed."""

from __future__ import annotations

import pytest
from attrs import evolve

from conformance.errors import Language, columns
from conformance.model.outcome import Interval, Outcome, Reason
from conformance.model.run import Disposition, Finding, Record
from conformance.report import compare_screen
from conformance.report.compare import Kind, changes


def put(record: Record, rule: str, **changed: object) -> Record:
    """The record with another finding on a rule."""
    findings = tuple(evolve(f, **changed) if f.rule.endswith(rule) else f for f in record.findings)
    return evolve(record, findings=findings)


def find(record: Record, rule: str) -> Finding:
    return next(f for f in record.findings if f.rule.endswith(rule))


def kinds(before: Record, after: Record) -> dict[str, Kind]:
    return {change.finding.rule.rpartition("/")[2]: change.kind for change in changes(before, after)}


OK = {"outcome": Outcome.PASSED, "reason": None, "disposition": Disposition.OK}
OPEN = {"outcome": Outcome.INCONCLUSIVE, "reason": Reason.INSUFFICIENT_DATA, "disposition": Disposition.UNSURE}
BROKEN = {"outcome": Outcome.FAILED, "reason": None, "disposition": Disposition.BROKEN}


def test_a_run_differs_in_nothing_from_itself(record: Record, every: Record) -> None:
    assert changes(record, record) == []
    assert changes(every, every) == []
    assert f"{len(record.findings)} rules as before" in compare_screen([record, record])


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (OK, BROKEN, Kind.BROKE),
        (OPEN, BROKEN, Kind.BROKE),
        (BROKEN, OK, Kind.FIXED),
        (BROKEN, OPEN, Kind.OPENED),  # what is only open now is not mended
        (BROKEN, {**BROKEN, "disposition": Disposition.WAIVED}, Kind.OPENED),
        (OK, OPEN, Kind.OPENED),
        (OPEN, OK, Kind.CLOSED),
        (OK, {**OK, "disposition": Disposition.NOTE}, Kind.CHANGED),
        (OPEN, {**OPEN, "reason": Reason.VACUOUS}, Kind.CHANGED),
    ],
)
def test_what_became_of_a_rule(record: Record, before: dict[str, object], after: dict[str, object], kind: Kind) -> None:
    old, new = (put(record, "/loading", **found) for found in (before, after))
    assert kinds(old, new) == {"loading": kind}


@pytest.mark.parametrize(("by", "kind"), [(-0.1, Kind.NEARER), (0.1, Kind.FARTHER), (1e-12, None)])
def test_a_margin_that_moved_is_told(record: Record, by: float, kind: Kind | None) -> None:
    finding = find(record, "/reserve")
    assert finding.worst is not None
    assert finding.worst.margin is not None
    moved = finding.worst.margin.normalised.low + by
    margin = evolve(finding.worst.margin, normalised=Interval(moved, moved))
    other = put(record, "/reserve", worst=evolve(finding.worst, margin=margin))
    assert kinds(record, other).get("reserve") is kind


def test_a_rule_of_one_run_alone_is_gone_or_new(record: Record) -> None:
    less = evolve(record, findings=tuple(f for f in record.findings if not f.rule.endswith("/loading")))
    assert kinds(record, less) == {"loading": Kind.GONE}
    assert kinds(less, record) == {"loading": Kind.NEW}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_screen_keeps_its_width_and_what_broke_comes_first(record: Record, lang: Language, width: int) -> None:
    better = put(put(record, "/loading", **OK), "/balance", **BROKEN)
    shown = compare_screen([better, record], lang=lang, width=width).splitlines()
    assert all(columns(line) <= max(width, 72) for line in shown)
    said = [line for line in shown if line.startswith("  ") and "→" in line]
    assert {"en": "BROKE", "zh": "新增"}[lang] in said[0]


def test_many_systems_stand_side_by_side_and_none_hides_another(record: Record) -> None:
    system = evolve(record.header.system, name="another")
    other = put(evolve(record, header=evolve(record.header, system=system)), "/setpoint-limits", **BROKEN)
    shown = compare_screen([record, other, record], width=100)
    row = next(line for line in shown.splitlines() if line.startswith(find(record, "/setpoint-limits").title.en[:20]))
    assert row.count("BROKEN") == 1
    assert "A  " in shown
    assert "more rules in which no run found anything open" in shown


def test_a_run_that_was_cut_off_and_other_cases_are_told(record: Record) -> None:
    seeded = evolve(record.header, settings=evolve(record.header.settings, seed="other"))
    shown = compare_screen([evolve(record, footer=None), evolve(record, header=seeded)])
    assert "CUT OFF" in shown
    assert "by chance" in shown


def test_hostile_text_stays_text(hostile: Record) -> None:
    assert "\x1b" not in compare_screen([hostile, evolve(hostile, findings=())])
