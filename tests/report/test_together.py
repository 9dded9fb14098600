"""Several packs on one system as one report: worst first, nothing hidden, readable at 80 columns."""

from __future__ import annotations

import pytest
from attrs import evolve

from conformance.errors import Language, Text, columns
from conformance.model.outcome import Outcome
from conformance.model.run import Disposition, Record
from conformance.report import Part, first_screen, together_html, together_screen
from conformance.report.facts import overview, result_of

COUNTED = (Disposition.BROKEN, Disposition.UNSURE, Disposition.OK, Disposition.NOTE)


@pytest.fixture
def parts(record: Record) -> list[Part]:
    """One pack with something broken, after one in which nothing is."""
    sound = tuple(f for f in record.findings if f.disposition is Disposition.OK)
    calm = evolve(record, findings=sound, footer=None)
    pack = evolve(calm.header.pack, id="ai-for-energy/calm")
    calm = evolve(calm, header=evolve(calm.header, pack=pack))
    return [Part(calm, "calm/report.html"), Part(record, "grid-dispatch/report.html")]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_screen_keeps_its_width_and_names_every_pack(parts: list[Part], lang: Language, width: int) -> None:
    shown = together_screen(parts, lang=lang, width=width, report="reports/runs/x/report.html")
    assert all(columns(line) <= max(width, 70) for line in shown.splitlines())
    for part in parts:
        assert part.record.header.pack.short in shown


def test_what_is_broken_in_any_pack_comes_first_and_makes_the_result(parts: list[Part]) -> None:
    shown = together_screen(parts, report="report.html")
    assert "BROKEN" in shown.splitlines()[1]
    first = next(line for line in shown.splitlines() if line.startswith("  BROKEN"))
    assert "grid-dispatch: Line loading" in first


def test_a_pack_in_which_nothing_is_broken_does_not_hide_one_that_is(parts: list[Part]) -> None:
    alone = overview(parts[1].record)
    broken = len(alone.by[Disposition.BROKEN])
    assert f"{broken} requirement" in result_of([part.record for part in parts]).en
    assert "BROKEN" not in result_of([parts[0].record]).en


def test_one_pack_has_the_result_of_its_own_screen(record: Record) -> None:
    assert result_of([record]) == overview(record).result
    assert result_of([record]).en.split(" (")[0] in first_screen(record, width=200)


def test_a_run_that_did_not_end_is_said_and_what_it_never_reached_is_unsure(parts: list[Part], record: Record) -> None:
    calm, whole = parts[0], record.footer
    assert whole
    early = Part(
        evolve(record, footer=evolve(whole, stopped=Text("the system is gone", "系统已失联"))), "b/report.html"
    )
    shown = together_screen([calm, early], report="report.html").splitlines()
    assert any(line.startswith("CUT OFF calm: the record ends early") for line in shown)
    assert any(line.startswith("Stopped ") and "the system is gone" in line for line in shown)
    alone = overview(calm.record)
    assert alone.unreached
    row = next(line for line in shown if line.startswith("  calm "))
    unsure = len(alone.by[Disposition.UNSURE]) + alone.unreached
    assert row.split()[-4:] == [str(len(alone.by[d])) if d is not Disposition.UNSURE else str(unsure) for d in COUNTED]
    page = together_html([calm, early])
    assert page.count('role="alert"') == 2
    assert f'<td class="right figure">{unsure}</td>' in page
    assert 'role="alert"' not in together_html([Part(record, "x/report.html")])


def test_nothing_determined_is_said(record: Record) -> None:
    untested = evolve(
        record,
        findings=tuple(evolve(f, outcome=Outcome.UNTESTED, disposition=Disposition.UNSURE) for f in record.findings),
        footer=None,
    )
    assert "nothing could be determined" in result_of([untested, untested]).en


def test_the_page_links_to_each_pack_and_each_open_finding(parts: list[Part]) -> None:
    page = together_html(parts)
    broken = [f for f in parts[1].record.findings if f.disposition is Disposition.BROKEN]
    assert 'href="calm/report.html"' in page
    for finding in broken:
        assert f'href="grid-dispatch/report.html#rule-{finding.number}"' in page
    assert "http://" not in page
    assert "https://" not in page


def test_hostile_names_stay_text(hostile: Record) -> None:
    page = together_html([Part(hostile, "x/report.html")])
    assert "<script>alert" not in page
    assert "\x1b" not in together_screen([Part(hostile, "x/report.html")], report="r")
