"""The first screen and the view by requirement."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

from conformance.errors import Language, columns
from conformance.model.outcome import Interval, Sides
from conformance.model.run import Disposition, Record
from conformance.report import by_requirement, first_screen
from conformance.report.listing import bar

SNAPSHOTS = Path(__file__).parent / "snapshots"


def snapshot(name: str, now: str) -> str:
    """What was agreed; with UPDATE_SNAPSHOTS set, what is shown now becomes so, to be looked at in the diff."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        (SNAPSHOTS / name).write_text(now, encoding="utf-8")
    return (SNAPSHOTS / name).read_text(encoding="utf-8")


def fits(screen: str, width: int = 80) -> bool:
    lines = screen.splitlines()
    return len(lines) <= 20 and all(columns(line) <= width for line in lines)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_first_screen_reads_as_agreed(record: Record, lang: Language) -> None:
    screen = first_screen(record, lang=lang, report="reports/runs/2026-07-01/report.html")
    assert screen == snapshot(f"first-screen.{lang}.txt", screen)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_view_by_requirement_reads_as_agreed(record: Record, lang: Language) -> None:
    listing = by_requirement(record, lang=lang)
    assert listing == snapshot(f"by-requirement.{lang}.txt", listing)
    assert all(columns(line) <= 80 for line in listing.splitlines())


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_record_makes_the_first_screen_longer_or_wider(
    record: Record, every: Record, hostile: Record, lang: Language, width: int
) -> None:
    many = evolve(record, findings=tuple(evolve(record.findings[0], number=n, rule=f"x/{n}") for n in range(500)))
    for shown in (record, every, hostile, many, evolve(every, footer=None, broken_line=12)):
        assert fits(first_screen(shown, lang=lang, width=width), width)


def test_what_does_not_fit_is_counted(record: Record) -> None:
    many = evolve(record, findings=tuple(evolve(record.findings[0], number=n, rule=f"x/{n}") for n in range(30)))
    screen = first_screen(many)
    shown = screen.count("  BROKEN  ")
    assert 0 < shown < 30
    assert f"and {30 - shown} more" in screen


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_record_cut_off_says_so_first(record: Record, lang: Language) -> None:
    first = first_screen(evolve(record, footer=None, broken_line=120), lang=lang).splitlines()[0]
    assert "120" in first
    assert first.startswith({"en": "CUT OFF", "zh": "已中断"}[lang])


def test_a_clean_run_is_never_called_conforming(record: Record) -> None:
    kept = tuple(f for f in record.findings if f.disposition is Disposition.OK)
    screen = first_screen(evolve(record, findings=kept))
    said = " ".join(screen.split())
    assert "no nonconformity found in 3 of 8 automated requirements (indicative self-test, no certificate)" in said
    assert "%" not in screen.replace("% of rating", "")
    assert "conforms" not in screen


def test_a_failing_nominal_request_is_said(record: Record) -> None:
    first = record.findings[0]
    assert first.smallest is not None
    nominal = evolve(first, smallest=evolve(first.smallest, changed=()))
    assert "already at the nominal request" in first_screen(evolve(record, findings=(nominal,)))


def test_a_hairs_breadth_over_the_limit_is_not_rounded_away(record: Record) -> None:
    first = record.findings[0]
    assert first.worst is not None
    assert first.worst.margin is not None
    worst = evolve(
        first.worst,
        sides=Sides(100.00042, 100.0, "% of rating", (("b", "7-8"),)),
        margin=evolve(first.worst.margin, physical=Interval.point(-0.00042)),
    )
    screen = first_screen(evolve(record, findings=(evolve(first, worst=worst),)))
    assert "100.00042 % of rating at 7-8, limit 100" in screen
    assert "margin -0.00042 points" in screen


def test_a_view_of_the_surroundings_is_not_told_as_what_was_compared(record: Record) -> None:
    first = record.findings[0]
    assert first.worst is not None
    other = evolve(first.worst, sides=None, oracle_sides=None)  # the comparison had no two known numbers
    screen = first_screen(evolve(record, findings=(evolve(first, worst=other, smallest=other),)))
    assert "limit 100" not in screen
    assert "97.4" not in screen
    assert "at 7-8" in screen


def test_hostile_text_cannot_write_to_the_terminal(hostile: Record) -> None:
    for colour in (False, True):
        screen = first_screen(hostile, colour=colour)
        assert "\u202e" not in screen
        assert "\x00" not in screen
        assert "[red]" in screen  # shown, not obeyed
        assert "\x1b[31m[red]" not in screen
    assert "\x1b" not in first_screen(hostile) + by_requirement(hostile)


def test_colour_changes_no_word(record: Record) -> None:
    import re

    plain = re.sub(r"\x1b\[[0-9;]*m", "", first_screen(record, colour=True))
    assert [line.rstrip() for line in plain.splitlines()] == first_screen(record).splitlines()
    assert "\x1b[1;31m" in first_screen(record, colour=True)


def test_a_bar_lies_on_the_side_of_its_margin() -> None:
    assert bar(-1.0) == "######|      "
    assert bar(1.0) == "      |######"
    assert bar(0.0) == "      |      "
    assert bar(-1e-9) == "     #|      "  # the slightest failure is seen


def test_what_was_recorded_is_neither_nominal_nor_found_by_calls(record: Record) -> None:
    broken = next(f for f in record.findings if f.disposition is Disposition.BROKEN)
    assert broken.worst is not None
    witness = evolve(broken.worst, changed=(), calls=788)
    told = evolve(broken, recorded=True, worst=witness, smallest=None)
    shown = first_screen(evolve(record, findings=(told,)))
    assert f"recorded as case {witness.case}" in shown
    assert "nominal" not in shown
    assert "788" not in shown
    assert "exchanges" in shown
