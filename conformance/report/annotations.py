"""Findings as annotations of code hosts, at the line of the system file that names what was tested."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from conformance.errors import Language, Position
from conformance.model.outcome import Severity
from conformance.model.run import Finding, Record
from conformance.report.facts import overview, worst_first
from conformance.report.levels import Level, level
from conformance.report.plain import clean
from conformance.report.sentences import CUT, message

_GITHUB: dict[Level, str] = {"failure": "error", "error": "warning", "warning": "warning"}
"""Level to command; what is skipped or passed has none."""
_GITLAB = {
    Severity.CATASTROPHIC: "blocker", Severity.CRITICAL: "critical", Severity.MAJOR: "major", Severity.MINOR: "minor",
}  # fmt: skip


def place(record: Record, finding: Finding) -> tuple[str, int]:
    """The file of the system and the line in it that names the operation, table or document of ``finding``."""
    system = record.header.system
    found: Position | None = system.places.get(finding.surface) or system.position
    return (clean(found.file).replace("\\", "/"), found.line) if found else ("system.yaml", 1)


def github(record: Record, *, lang: Language = "en") -> str:
    """Workflow commands: an error for what is broken, a warning for what is unsure or warned of, then the result."""
    lines = []
    for finding in worst_first(record):
        if command := _GITHUB.get(level(finding)):
            file, line = place(record, finding)
            said = clean(message(finding, lang))
            lines.append(
                f"::{command} file={_property(file)},line={line},title={_property(clean(finding.rule))}::{_data(said)}"
            )
    if record.footer is None:
        lines.append(f"::error::{_data(CUT.in_(lang))}")
    lines.append(f"::notice::{_data(clean(overview(record).result.in_(lang)))}")
    return "\n".join(lines) + "\n"


def gitlab(record: Record, *, lang: Language = "en") -> str:
    """A code quality report (JSON): what is broken by its severity, what is unsure as major, warnings as info."""
    return json.dumps(list(_issues(record, lang)), ensure_ascii=False, indent=1) + "\n"


def _issues(record: Record, lang: Language) -> Iterator[dict[str, object]]:
    pack = record.header.pack
    for finding in worst_first(record):
        shown = level(finding)
        if shown not in _GITHUB:
            continue
        file, line = place(record, finding)
        severity = _GITLAB[finding.severity] if shown == "failure" else "major" if shown == "error" else "info"
        yield _issue(finding.rule, clean(message(finding, lang)), severity, file, line, pack.id)
    if record.footer is None:
        position = record.header.system.position
        yield _issue("run-complete", CUT.in_(lang), "blocker", position.file if position else "system.yaml", 1, pack.id)


def _issue(rule: str, said: str, severity: str, file: str, line: int, pack: str) -> dict[str, object]:
    name = hashlib.sha256(f"{pack} {rule} {file}".encode()).hexdigest()
    return {
        "description": said,
        "check_name": clean(rule),
        "fingerprint": name,
        "severity": severity,
        "location": {"path": file, "lines": {"begin": line}},
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
