"""Formats that code hosts, spreadsheets and pull requests read; text of others is inert in each."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from typing import Any

import pytest
from attrs import evolve

from conformance.errors import Language, Position
from conformance.model.outcome import Outcome
from conformance.model.run import Disposition, Finding, Record
from conformance.report import TextFormat, render, render_bytes
from conformance.report.facts import worst_first
from conformance.report.levels import level

OPEN = {Outcome.INCONCLUSIVE, Outcome.UNTESTED}


@pytest.fixture
def placed(every: Record) -> Record:
    """A run whose system file names each operation at a line of its own."""
    places = {f.surface: Position("system.yaml", 7 + n, 3) for n, f in enumerate(every.findings)}
    system = evolve(every.header.system, places=places, position=Position("system.yaml", 1, 1))
    return evolve(every, header=evolve(every.header, system=system))


def results(record: Record, lang: Language = "en") -> list[dict[str, Any]]:
    (run,) = json.loads(render(record, "sarif", lang))["runs"]
    found: list[dict[str, Any]] = run["results"]
    return found


def test_nothing_but_a_pass_is_a_success_in_sarif(every: Record) -> None:
    for finding, shown in zip(worst_first(every), results(every), strict=True):
        assert (shown["kind"] == "pass") is (finding.outcome is Outcome.PASSED)
        if finding.disposition is Disposition.BROKEN:
            assert (shown["kind"], shown["level"]) == ("fail", "error")
        elif finding.outcome in OPEN and finding.waived is None:
            assert (shown["kind"], shown["level"]) == ("open", "none")
        assert (shown["level"] == "none") is (shown["kind"] != "fail")  # as the standard has it


def test_a_waived_failure_stays_a_failure_that_is_suppressed(record: Record) -> None:
    shown = next(r for r in results(record) if r["properties"]["disposition"] == "waived")
    assert shown["kind"] == "fail"
    assert shown["suppressions"][0]["status"] == "accepted"
    assert shown["suppressions"][0]["justification"]


def test_results_stand_at_the_line_of_the_system_file_that_names_what_was_tested(placed: Record) -> None:
    lines = {r["ruleId"]: r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results(placed)}
    for finding in placed.findings:
        assert lines[finding.rule] == placed.header.system.places[finding.surface].line
    assert "file=system.yaml,line=" in render(placed, "github")


def test_rules_and_results_of_sarif_fit_each_other(every: Record) -> None:
    (run,) = json.loads(render(every, "sarif"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[r["ruleIndex"]]["id"] for r in run["results"]] == [r["ruleId"] for r in run["results"]]
    assert run["invocations"][0]["executionSuccessful"] is True
    (cut,) = json.loads(render(evolve(every, footer=None), "sarif"))["runs"]
    assert cut["invocations"][0]["executionSuccessful"] is False
    assert cut["invocations"][0]["toolExecutionNotifications"]


@pytest.mark.parametrize(("file", "uri"), [("a b/系统.yaml", "a%20b/%E7%B3%BB"), ("/x/s.yaml", "file:///x/s.yaml")])
def test_paths_are_references(record: Record, file: str, uri: str) -> None:
    system = evolve(record.header.system, position=Position(file, 1, 1))
    shown = results(evolve(record, header=evolve(record.header, system=system)))
    assert shown[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith(uri)


def test_code_hosts_are_told_what_is_broken_or_open_and_of_a_run_cut_off(every: Record) -> None:
    told = render(every, "github").splitlines()
    expected = [level(f) for f in worst_first(every) if level(f) in ("failure", "error", "warning")]
    assert expected
    assert len(told) == len(expected) + 1
    assert [line.split(" ", 1)[0] for line in told[:-1]] == [
        "::error" if shown == "failure" else "::warning" for shown in expected
    ]
    assert told[-1].startswith("::notice::")
    issues = json.loads(render(every, "gitlab"))
    assert len(issues) == len(expected)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert {issue["severity"] for issue in issues} <= {"blocker", "critical", "major", "minor", "info"}
    cut = evolve(every, footer=None)
    assert any(line.startswith("::error::") for line in render(cut, "github").splitlines())
    assert json.loads(render(cut, "gitlab"))[-1]["severity"] == "blocker"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_markdown_says_the_result_what_is_open_and_what_it_is_not(record: Record, lang: Language) -> None:
    said = render(record, "markdown", lang)
    for finding in record.findings:
        assert (finding.rule in said) is (finding.disposition is not Disposition.OK and _open(finding))
    assert {"en": "not a certificate", "zh": "不是证书"}[lang] in said
    assert "conformance replay x 9" in said
    assert "**" in render(evolve(record, footer=None), "markdown", lang).splitlines()[2]


def _open(finding: Finding) -> bool:
    return finding.disposition in (Disposition.BROKEN, Disposition.UNSURE, Disposition.WARNING, Disposition.WAIVED)


def test_a_sheet_has_a_row_for_each_finding(every: Record) -> None:
    rows = list(csv.DictReader(StringIO(render(every, "csv").removeprefix("\ufeff"))))
    assert [row["rule"] for row in rows] == [f.rule for f in worst_first(every)]
    assert {row["outcome"] for row in rows} == {f.outcome.value for f in every.findings}
    openpyxl = pytest.importorskip("openpyxl")
    (head, *cells) = openpyxl.load_workbook(BytesIO(render_bytes(every, "xlsx"))).active.iter_rows(values_only=True)
    assert list(head) == list(rows[0])
    assert [row[0] for row in cells] == [f.rule for f in worst_first(every)]


def test_hostile_text_is_inert_in_every_format(hostile: Record) -> None:
    titled = evolve(
        hostile.findings[0], title=evolve(hostile.findings[0].title, en="=1+1 @all [x](y) https://e.example\n::error::")
    )
    record = evolve(hostile, findings=(titled, *hostile.findings[1:]))
    formats: tuple[TextFormat, ...] = ("sarif", "markdown", "github", "gitlab", "csv")
    for name in formats:
        assert not set("\x1b\u202e\x00") & set(render(record, name)), name
    markdown = render(record, "markdown")
    assert "<script" not in markdown
    assert "@all" not in markdown
    assert "https://e" not in markdown
    assert "[x](y)" not in markdown
    lines = render(record, "github").splitlines()
    assert [line for line in lines if not line.startswith(("::error file=", "::warning file=", "::notice::"))] == []
    (message,) = [r["message"]["text"] for r in results(record) if "1+1" in r["message"]["text"]]
    assert r"\[x\](y)" in message
    cells = [cell for row in csv.reader(StringIO(render(record, "csv"))) for cell in row]
    assert "'=1+1 @all [x](y) https://e.example ::error::" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@"))]
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(BytesIO(render_bytes(record, "xlsx"))).active
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
