"""Coverage of the input space, repeats and indicators as people and programs see them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import jsonschema
import pytest
from attrs import evolve

from conformance.errors import Language, Text, columns
from conformance.model.indicators import Indicators, Tail, Unseen
from conformance.model.run import (
    LimitMap,
    OperationCoverage,
    PairCoverage,
    RangeCoverage,
    Record,
    Repeats,
    SequentialResult,
)
from conformance.report import by_requirement, indicator_lines, render
from conformance.report.covered import covered, covered_lines

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture
def shown(record: Record) -> Record:
    rule = record.findings[0].rule
    load = RangeCoverage(
        "loads[bus=8].p",
        tuple(float(v) for v in range(0, 110, 10)),
        (4, 0, 0, 0, 9, 0, 0, 0, 0, 1),
        {rule: (0.5, None, None, None, 0.1, None, None, None, None, -0.25)},
        Text("load at bus 8", "母线 8 负荷"),
        "MW",
    )
    mode = RangeCoverage("mode", ("eco", "max"), (14, 0), {})
    maps = (LimitMap(rule, "loads[bus=8].p", "mode", (0.81, 0.02), ((0.5, None, 0.1, None, -0.25), (None,) * 5)),)
    pairs = (PairCoverage("loads[bus=8].p", "mode", 3, 10),)
    return evolve(record, coverage=(OperationCoverage("dispatch", 14, True, (load, mode), pairs, False, maps),))


class Cells(HTMLParser):
    """The cells of the tables of coverage: class and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._kind: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._kind = dict(attrs).get("class") if tag == "td" else None

    def handle_endtag(self, tag: str) -> None:
        self._kind = None

    def handle_data(self, data: str) -> None:
        if self._kind and re.match(r"[nv]-", self._kind):
            self.found.append((self._kind, data.strip()))


def test_every_cell_says_in_text_what_its_colour_says(shown: Record) -> None:
    cells = Cells(render(shown, "html")).found
    assert ("n-broken", "-0.25") in cells
    assert ("v-5", "9") in cells
    assert ("v-1", "1") in cells
    assert ("v-0", "0") in cells
    assert ("v-0", "–") in cells
    assert all(text for _, text in cells)
    assert len(cells) == 12 + 10


def test_parts_and_pairs_have_names_that_people_read(shown: Record) -> None:
    page = render(shown, "html")
    assert "load at bus 8" in page
    assert "母线 8 负荷" in page
    assert "the declared operating envelope" in page
    assert "3 / 10" in page
    assert "81 % + 2 %" in page


def test_records_from_before_coverage_was_kept_have_no_such_section(record: Record) -> None:
    assert 'id="covered-title"' not in render(record, "html")
    assert covered_lines(record) == []
    assert json.loads(render(record, "json"))["coverage"] == []


def test_the_long_terminal_view_has_two_lines_of_it(shown: Record) -> None:
    for lang, first, second in (("en", "Covered ", "Nearest "), ("zh", "覆盖 ", "最近 ")):
        language: Language = "en" if lang == "en" else "zh"
        lines = by_requirement(shown, lang=language).splitlines()
        assert lines[-2].startswith(first)
        assert lines[-1].startswith(second)
        assert all(columns(line) <= 80 for line in lines)
    wide = by_requirement(shown, width=200)
    assert "14 cases; all parts of 0 of 2 inputs; 30 % of pair cells" in wide
    assert "(-0.25): load at bus 8 80 … 100, mode eco" in wide


def test_a_map_has_the_high_parts_on_top_and_names_its_nearest_cell(shown: Record) -> None:
    (drawn,) = covered(shown)[0].maps
    assert [name for name, _ in drawn.rows] == ["max", "eco"]
    assert drawn.columns == ("≥ 0", "≥ 20", "≥ 40", "≥ 60", "≥ 80")
    assert drawn.nearest == (-0.25, "80 … 100", "eco")


def test_the_json_follows_its_schema_and_keeps_it_all(shown: Record) -> None:
    schema = json.loads((files("conformance.report") / "report.schema.json").read_text(encoding="utf-8"))
    weighed = SequentialResult("accept", 332, 0, 0, 0.001, 0.01, 0.05, 0.0525)
    finding = evolve(shown.findings[0], repeats=Repeats(5, 3, 0.95, 0.92), sequential=weighed)
    report = json.loads(render(evolve(shown, findings=(finding, *shown.findings[1:])), "json"))
    jsonschema.validate(report, schema)
    found = next(f for f in report["findings"] if f["rule"] == finding.rule)
    assert (found["repeats"]["times"], found["repeats"]["again"]) == (5, 3)
    assert found["sequential"]["decision"] == "accept"
    assert report["coverage"][0]["pairs"] == [{"first": "loads[bus=8].p", "second": "mode", "visited": 3, "cells": 10}]


def test_the_page_says_how_many_repeats_failed_again_and_what_the_test_said(record: Record) -> None:
    weighed = SequentialResult("reject", 20, 3, 0, 0.001, 0.01, 0.05, 0.0525)
    finding = evolve(record.findings[0], repeats=Repeats(5, 3, 0.95, 0.92), sequential=weighed)
    page = re.sub(r"<[^>]+>", "", render(evolve(record, findings=(finding,)), "html"))
    assert re.search(r"3 (of/|of) 5 failed again", page)
    assert "rejects" in page
    assert "20 independent cases" in page


def test_a_sealed_run_shows_its_commitment_as_such(record: Record) -> None:
    settings = evolve(record.header.settings, mode="sealed", seed="c0ffee" * 8)
    page = render(evolve(record, header=evolve(record.header, settings=settings)), "html")
    assert "commitment to the sealed seed" in page
    assert "c0ffee" * 8 in page
    assert "commitment to the sealed seed" not in render(record, "html")


def test_names_from_a_pack_stay_text(shown: Record) -> None:
    (one,) = shown.coverage
    hostile = evolve(
        one, dimensions=(evolve(one.dimensions[0], label=Text(HOSTILE, HOSTILE), unit=HOSTILE), one.dimensions[1])
    )
    record = evolve(shown, coverage=(hostile,))
    assert "<script>alert" not in render(record, "html")
    assert "\x1b" not in by_requirement(record)


def test_indicators_are_worded_as_such_in_both_languages(record: Record) -> None:
    rule = record.findings[0].rule
    tails = (Tail(rule, 900, 0.4, 90, 0.12, 0.1, 0.0123, 0.02), Tail(HOSTILE, 900, 0.4, 90, -0.5, 0.1, 0.0, 0.3))
    found = [Indicators("dispatch", Unseen(900, 31, 9), tails)]
    en, zh = (indicator_lines(record, found, lang=lang, width=80) for lang in ("en", "zh"))
    flat = " ".join(en.split())
    assert "they decide nothing" in flat
    assert "31 classes" in flat
    assert "a chance of 1 % (Good-Turing)" in flat
    assert "goes on beyond the limit for about 1.23 % of requests" in flat
    assert "ends before the limit" in flat
    assert "不作为判定依据" in zh
    assert "\x1b" not in en + zh
    assert all(columns(line) <= 80 for line in (en + zh).splitlines())


def test_no_class_seen_once_is_not_called_a_chance_of_nothing(record: Record) -> None:
    said = indicator_lines(record, [Indicators("dispatch", Unseen(400, 3, 0), ())], width=200)
    assert "a chance of < 0.25 %" in said
    assert "no independent case" in indicator_lines(record, [])
