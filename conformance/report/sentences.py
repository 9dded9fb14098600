"""A finding in one sentence and in a few lines, for formats that have room for no more."""

from __future__ import annotations

from conformance.errors import Language, Text
from conformance.model.run import Finding, Record
from conformance.report.facts import changed_words, doubt, relation_words, replay, simplest
from conformance.report.plain import at_words, margin_words

CUT = Text("the run ended before its record was complete", "运行在记录完成之前中断")
_MARGIN = Text("margin {}{}", "裕度 {}{}")
_WAIVED = Text("waived until {}: {} ({})", "豁免至 {}：{}（{}）")


def message(finding: Finding, lang: Language) -> str:
    """Its title, and the margin or why it is open. Text of others is in it as it stands."""
    margin = finding.worst.margin if finding.worst else None
    at = f" ({at_words(margin)})" if at_words(margin) else ""
    said = _MARGIN.in_(lang).format(margin_words(margin).in_(lang), at) if margin else ""
    if doubtful := doubt(finding):
        said = "; ".join(text.in_(lang) for text in doubtful)
    title = finding.title.in_(lang)
    return f"{title}: {said}" if said else title


def details(record: Record, finding: Finding, lang: Language) -> str:
    """What was shown, by whom it is waived, and how to see the case again, a line each."""
    case, lines = simplest(finding), [finding.statement.in_(lang)]
    if waived := finding.waived:
        lines.append(_WAIVED.in_(lang).format(waived.until, waived.reason, waived.approver))
    if case:
        lines += [said.in_(lang) for said in changed_words(case.changed)]
        lines += [done.in_(lang)] if (done := relation_words(record, finding, case)) else []
        lines.append(replay(record, case))
    return "\n".join(lines)
