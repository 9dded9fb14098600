"""The view by requirement: what each came to, and how far each rule is from its limit."""

from __future__ import annotations

from math import asinh

from conformance.errors import Language, Text
from conformance.model.run import Disposition, Finding, Record
from conformance.report.covered import covered_lines
from conformance.report.facts import lowest, requirements, short, worst_first
from conformance.report.lines import STYLES, Line, line, printed
from conformance.report.plain import clean, fit, known, margin_words, pad
from conformance.report.words import DISPOSITIONS, OUTCOMES

_HALF = 6
"""Columns of a bar on each side of the limit."""

_LEGEND = Text(
    "| is the limit; # right of it: left over, left of it: missing; failed/cases",
    "| 为限值；其右侧 # 为剩余裕度，左侧 # 为越限量；末列为未通过数/用例数",
)


def by_requirement(record: Record, *, lang: Language = "en", width: int = 80, colour: bool = False) -> str:
    """Every requirement with its rules: smallest margin as bar and figure, and how many of its cases failed.

    The bar starts at the limit (``|``): to the right what is left, to the left what is missing, all on one scale.
    """
    results, findings = requirements(record), worst_first(record)
    largest = max((abs(v) for f in findings if f.worst and known(v := lowest(f.worst.margin))), default=0.0) or 1.0
    lines: list[Line] = []
    for requirement in record.header.pack.requirements.values():
        result = results.get(requirement.id)
        if requirement.automation != "automated":
            said, style = DISPOSITIONS[Disposition.BY_HAND], ""
        elif result is None:
            said, style = Text("not reached", "未测到"), ""
        else:
            said, style = OUTCOMES[result.outcome], STYLES.get(result.disposition, "")
        label = pad(f"{short(requirement.id)} {said.in_(lang)} ", 17)
        lines.append(line(label, requirement.text.in_(lang), width, style))
        lines += [_rule(f, largest, lang, width) for f in findings if requirement.id in f.requirements]
    lines += [_rule(f, largest, lang, width) for f in findings if not f.requirements]
    lines.append(line("", _LEGEND.in_(lang), width))
    lines += [line("", said.in_(lang), width) for said in covered_lines(record)]
    return printed(lines, colour)


def bar(share: float) -> str:
    """A bar for a share of the largest margin, -1 to 1; compressed, so that a hair's breadth and a mile both show."""
    length = asinh(10 * min(abs(share), 1)) / asinh(10) * _HALF
    marks = "#" * (max(round(length), 1) if share else 0)
    return f"{marks.rjust(_HALF)}|{' ' * _HALF}" if share < 0 else f"{' ' * _HALF}|{marks.ljust(_HALF)}"


def _rule(finding: Finding, largest: float, lang: Language, width: int) -> Line:
    margin = finding.worst.margin if finding.worst else None
    drawn = bar(margin.normalised.low / largest) if margin and known(margin.normalised.low) else " " * 13
    figure = pad(fit(margin_words(margin).in_(lang), 16), 16)
    failed, cases = finding.counts.failed, finding.counts.cases
    share = f"{failed}/{cases}" if cases else ""
    room = max(width - 53, 8)
    title = pad(fit(clean(finding.title.in_(lang), longest=200), room), room)
    label = pad(f"   {DISPOSITIONS[finding.disposition].in_(lang)}", 11)
    return line(label, f"{title} {drawn} {figure} {share}", width, STYLES.get(finding.disposition, ""))
