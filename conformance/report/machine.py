"""For machines: JSON with a published schema, and JUnit XML in which nothing inconclusive is a success."""

from __future__ import annotations

from attrs import asdict
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from conformance.errors import Language, Text
from conformance.model.convert import to_json as model_json
from conformance.model.json import JSON
from conformance.model.outcome import Margin
from conformance.model.run import Finding, Record, Witness
from conformance.report.facts import overview, requirements, worst_first
from conformance.report.levels import Level, level
from conformance.report.plain import clean
from conformance.report.sentences import CUT, details, message

SCHEMA = "1"
"""Version of the JSON report; `report.schema.json` describes it."""


def to_json(record: Record) -> JSON:
    """The report as JSON (`report.schema.json`): every finding with all its fields, worst first.

    Requests and responses stay in the run record; ``case`` says under which number. Null is an open end of an interval.
    """
    facts, header, footer = overview(record), record.header, record.footer
    pack, system = header.pack, header.system
    return {
        "schema": SCHEMA,
        "tool": header.tool,
        "complete": footer is not None,
        "exit_code": footer.exit_code if footer else None,
        "result": asdict(facts.result),
        "pack": {
            "id": pack.id,
            "version": pack.version,
            "status": pack.status,
            "profile": pack.profile,
            "sha256": pack.sha256,
            "requirements": facts.requirements,
            "automated": len(facts.automated),
            "manual": facts.manual,
            "not_tested": facts.not_tested,
            "indicative_figures": facts.indicative,
        },
        "system": {
            "name": system.name,
            "vendor": system.vendor,
            "version": system.version,
            "identity": asdict(system.identity),
            "label": asdict(header.label or system.label or Text(system.vendor, system.vendor)),
        },
        "settings": asdict(header.settings),
        "versions": dict(header.versions),
        "site_digests": dict(header.site_digests),
        "canaries": dict(header.canaries),
        "content_sha256": footer.content_sha256 if footer else None,
        "requirements": [
            {"id": r.id, "outcome": r.outcome, "basis": r.basis, "disposition": r.disposition}
            for r in requirements(record).values()
        ],
        "findings": [_finding(f) for f in worst_first(record)],
        "coverage": model_json(list(record.coverage)),
    }


def _finding(finding: Finding) -> JSON:
    bound, risk, waived = finding.bound, finding.risk, finding.waived
    return {
        "number": finding.number,
        "rule": finding.rule,
        "implicit": finding.implicit,
        "title": asdict(finding.title),
        "requirements": list(finding.requirements),
        "obligation": finding.obligation,
        "severity": finding.severity,
        "outcome": finding.outcome,
        "reason": finding.reason,
        "basis": finding.basis,
        "disposition": finding.disposition,
        "statement": asdict(finding.statement),
        "counts": asdict(finding.counts),
        "bound": asdict(bound) if bound else None,
        "risk": asdict(risk) if risk else None,
        "waived": asdict(waived) if waived else None,
        "worst": _witness(finding.worst),
        "smallest": _witness(finding.smallest),
        "surface": finding.surface,
        "recorded": finding.recorded,
        "rows": [_witness(row) for row in finding.rows],
        "repeats": model_json(finding.repeats),
        "sequential": model_json(finding.sequential),
    }


def _witness(witness: Witness | None) -> JSON:
    if witness is None:
        return None
    return {
        "case": witness.case,
        "oracle_case": witness.oracle_case,
        "calls": witness.calls,
        "row": model_json(witness.row),
        "values": model_json(witness.values),
        "slack": model_json(witness.slack),
        "margin": _margin(witness.margin),
        "changed": model_json(list(witness.changed)),
        "cause": asdict(witness.cause) if witness.cause else None,
    }


def _margin(margin: Margin | None) -> JSON:
    if margin is None:
        return None
    return {
        "physical": model_json(margin.physical),
        "unit": margin.unit,
        "normalised": model_json(margin.normalised),
        "atom": margin.atom,
        "at": [{"variable": variable, "element": element} for variable, element in margin.at],
    }


def junit(record: Record, *, lang: Language = "en") -> str:
    """JUnit XML: one test case for each rule.

    Broken is a failure. An inconclusive ``shall`` is an error. Whatever else is not a pass (warnings, waived failures,
    untested, inapplicable, notes) is skipped with its reason. A record without its last line is an error of its own.
    """
    header = record.header
    suite = TestSuite(f"{header.pack.id}@{header.pack.version}")
    for name, value in (
        ("system", f"{header.system.name} {header.system.version}"),
        ("result", overview(record).result.in_(lang)),
        ("seed", header.settings.seed),
    ):
        suite.add_property(name, clean(value))
    for finding in worst_first(record):
        suite.add_testcase(_case(record, finding, lang))
    if record.footer is None:
        cut = TestCase("run-complete", header.pack.short)
        cut.result = [Error(CUT.in_(lang), "incomplete")]
        suite.add_testcase(cut)
    xml = JUnitXml("conformance")
    xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    return str(xml.tostring().decode())  # type: ignore[no-untyped-call]


def _case(record: Record, finding: Finding, lang: Language) -> TestCase:
    case = TestCase(clean(finding.rule), clean(_class_name(record)))
    said, shown = clean(message(finding, lang)), level(finding)
    kind = finding.outcome.value if finding.reason is None else f"{finding.outcome.value}: {finding.reason.value}"
    if shown in ("pass", "warning"):
        case.system_out = said
    if shown == "pass":
        return case
    kinds: dict[Level, type[Failure] | type[Error]] = {"failure": Failure, "error": Error}
    result = kinds.get(shown, Skipped)(said, kind)
    result.text = clean(details(record, finding, lang), lines=True)
    case.result = [result]
    return case


def _class_name(record: Record) -> str:
    """The class name of every test case: the pack and the system."""
    return f"{record.header.pack.short}.{record.header.system.name}"
