"""SARIF 2.1.0 (OASIS): each finding as a result, at the line of the system file that names what was tested."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from conformance.errors import Language, Text
from conformance.model.outcome import Outcome
from conformance.model.run import Disposition, Finding, Record
from conformance.report.annotations import place
from conformance.report.facts import overview, worst_first
from conformance.report.levels import level
from conformance.report.plain import clean
from conformance.report.sentences import CUT, details, message

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"failure": "error", "warning": "warning"}
_NOT_FAILED = {
    Outcome.PASSED: "pass", Outcome.INCONCLUSIVE: "open", Outcome.UNTESTED: "open",
    Outcome.INAPPLICABLE: "notApplicable", Outcome.FAILED: "informational",
}  # fmt: skip
"""Kind of a result that is no failure; one of a system whose outcome is open asks for more information."""


def sarif(record: Record, *, lang: Language = "en") -> str:
    """A SARIF log of one run: failed findings that count are errors, warned ones warnings, open ones ``open``."""
    header, findings = record.header, worst_first(record)
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "conformance",
                        "version": header.tool.rpartition(" ")[2],
                        "rules": [_rule(f, lang) for f in findings],
                    }
                },
                "automationDetails": {"id": f"{header.pack.id}/{clean(header.system.name)}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(record, lang)],
                "results": [_result(record, finding, number, lang) for number, finding in enumerate(findings)],
                "properties": {
                    "pack": f"{header.pack.id}@{header.pack.version}",
                    "result": clean(overview(record).result.in_(lang)),
                },
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _invocation(record: Record, lang: Language) -> Mapping[str, Any]:
    """Whether the run came to its end."""
    stopped = CUT if record.footer is None else record.footer.stopped
    notes = [{"level": "error", "message": {"text": clean(stopped.in_(lang))}}] if stopped else []
    code = {} if record.footer is None else {"exitCode": record.footer.exit_code}
    return {"executionSuccessful": stopped is None, "toolExecutionNotifications": notes, **code}


def _rule(finding: Finding, lang: Language) -> Mapping[str, Any]:
    return {
        "id": clean(finding.rule),
        "shortDescription": {"text": clean(finding.title.in_(lang)) or clean(finding.rule)},
        "properties": {
            "requirements": [clean(name) for name in finding.requirements],
            "obligation": finding.obligation,
            "severity": finding.severity,
        },
    }


def _result(record: Record, finding: Finding, number: int, lang: Language) -> Mapping[str, Any]:
    file, line = place(record, finding)
    shown = _LEVELS.get(level(finding))
    waived = finding.waived
    failed = shown is not None or (waived is not None and finding.outcome is Outcome.FAILED)
    result: dict[str, Any] = {
        "ruleId": clean(finding.rule),
        "ruleIndex": number,
        "kind": "fail" if failed else _NOT_FAILED[finding.outcome],
        "level": (shown or "error") if failed else "none",
        "message": {"text": _text(f"{message(finding, lang)}\n{details(record, finding, lang)}")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": line}}}],
        "partialFingerprints": {"pack/rule": f"{record.header.pack.id}/{clean(finding.rule)}"},
        "properties": {"outcome": finding.outcome, "disposition": finding.disposition, "basis": finding.basis},
    }
    if finding.reason is not None:
        result["properties"]["reason"] = finding.reason
    if waived is not None and finding.disposition is Disposition.WAIVED:
        said = Text(f"{waived.reason} (until {waived.until})", f"{waived.reason}（至 {waived.until}）").in_(lang)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": clean(said)}]
    return result


def _text(text: str) -> str:
    """``text`` as a message, in which square brackets would make a link."""
    safe = clean(text, lines=True).replace("\\", "\\\\")
    return safe.replace("[", "\\[").replace("]", "\\]")


def _uri(file: str) -> str:
    """A path as a reference to it, relative where it is."""
    whole = file.startswith("/") or file[1:2] == ":"
    return f"file:///{quote(file.lstrip('/'), safe='/:')}" if whole else quote(file)
