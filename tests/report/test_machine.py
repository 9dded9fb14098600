"""JSON and JUnit XML."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from attrs import evolve
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from conformance.errors import Language
from conformance.model.outcome import Obligation, Outcome
from conformance.model.run import Disposition, Record
from conformance.report import TextFormat, render

DOCS = Path(__file__).parents[2] / "docs"


def cases(record: Record, lang: Language = "en") -> dict[str, TestCase]:
    return {case.name: case for suite in JUnitXml.fromstring(render(record, "junit", lang)) for case in suite}


def said(case: TestCase) -> str:
    kinds = {Failure: "failure", Error: "error", Skipped: "skipped"}
    return kinds[type(case.result[0])] if case.result else "pass"


@pytest.mark.parametrize("name", ["record", "every", "hostile"])
def test_the_json_report_follows_its_schema(name: str, request: pytest.FixtureRequest) -> None:
    schema = json.loads((files("conformance.report") / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    record: Record = request.getfixturevalue(name)
    for shown in (record, evolve(record, footer=None)):
        jsonschema.validate(json.loads(render(shown, "json")), schema)


def test_the_schema_refuses_what_it_does_not_know(record: Record) -> None:
    schema = json.loads((files("conformance.report") / "report.schema.json").read_text(encoding="utf-8"))
    report = json.loads(render(record, "json"))
    report["findings"][0]["outcome"] = "conforms"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, schema)


def test_nothing_but_a_pass_is_a_success_in_junit(every: Record) -> None:
    shown = cases(every)
    assert len(shown) == len(every.findings)
    for finding in every.findings:
        assert (said(shown[finding.rule]) == "pass") is (finding.outcome is Outcome.PASSED)


@pytest.mark.parametrize("page", ["reports.md", "reports.zh-CN.md"])
def test_junit_follows_the_table_in_the_docs(record: Record, page: str) -> None:
    rows = [line.strip("| ").split(" | ") for line in (DOCS / page).read_text(encoding="utf-8").splitlines()
            if line.endswith((" failure |", " error |", " skipped |", " pass |"))]  # fmt: skip
    assert len(rows) == 8

    def members(cell: str, kind: type[Outcome] | type[Disposition] | type[Obligation]) -> list[str]:
        named = [part.strip("` ") for part in cell.split(",") if "`" in part]
        return named or [m.value for m in kind if m != Disposition.BROKEN]

    seen = set()
    for outcomes, dispositions, obligations, result in rows:
        for outcome in members(outcomes, Outcome):
            for disposition in members(dispositions, Disposition):
                for obligation in members(obligations, Obligation):
                    finding = evolve(
                        record.findings[0],
                        outcome=Outcome(outcome),
                        disposition=Disposition(disposition),
                        obligation=Obligation(obligation),
                    )
                    shown = cases(evolve(record, findings=(finding,)))
                    assert said(shown[finding.rule]) == result, (outcome, disposition, obligation)
                    seen.add((outcome, disposition))
    assert {o for o, _ in seen} == set(Outcome)


def test_a_failure_says_how_far_and_how_to_call_it_again(record: Record) -> None:
    failure = cases(record)["grid-dispatch/loading"].result[0]
    assert "margin -0.31 points (7-8)" in failure.message
    assert "conformance replay x 9 --system" in failure.text
    assert "裕度 -0.31 个百分点" in cases(record, "zh")["grid-dispatch/loading"].result[0].message


def test_a_record_cut_off_is_an_error_in_junit(record: Record) -> None:
    assert "run-complete" not in cases(record)
    assert said(cases(evolve(record, footer=None))["run-complete"]) == "error"


def test_hostile_text_stays_text_in_junit(hostile: Record) -> None:
    failure = cases(hostile)["grid-dispatch/loading"].result[0]
    assert "</script><script>alert(1)" in failure.message
    assert not set("\x1b\u202e\x00") & set(failure.message + failure.text)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_format_shows_every_record(every: Record, lang: Language) -> None:
    for name in get_args(TextFormat):
        assert every.findings[0].title.in_(lang)[:12] in render(every, name, lang)
