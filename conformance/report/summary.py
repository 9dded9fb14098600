"""Markdown for a pull request or the summary of a step: the result, what is open, and how to see it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.errors import Language, Text
from conformance.markdown import Md, bullets, code, listed, plain, table
from conformance.model.run import Disposition, Finding, Record
from conformance.report.facts import ended_early, overview, replay, simplest, worst_first
from conformance.report.page_words import PAGE
from conformance.report.plain import clean, margin_words
from conformance.report.words import DISPOSITIONS, NOT, OUTCOMES, PACK_STATUS, REASONS

SHOWN = 50
"""Findings that are named at most."""
_OPEN = (Disposition.BROKEN, Disposition.UNSURE, Disposition.WARNING, Disposition.WAIVED)
_MORE = Text("and {n} more, in the report", "另有 {n} 项，见报告")
_AGAIN = Text("Again", "复现")
_OUTCOME = Text("Outcome", "结果")


def markdown(record: Record, *, lang: Language = "en") -> str:
    """The run in GitHub's Markdown; what a vendor or a pack says stays text."""
    return "\n\n".join(_parts(record, lang)) + "\n"


def _parts(record: Record, lang: Language) -> Iterator[str]:
    facts, header = overview(record), record.header
    pack, system = header.pack, header.system
    yield f"### {_safe(f'{system.name} {system.version}')}: {_safe(facts.result.in_(lang))}"
    if early := ended_early(record):
        yield f"**{_safe(early[0].in_(lang))}**: {_safe(early[1].in_(lang))}"
    counts = [Md(f"{len(facts.by[d])} {plain(DISPOSITIONS[d].in_(lang))}") for d in DISPOSITIONS if facts.by.get(d)]
    status = plain(PACK_STATUS[pack.status].in_(lang))
    yield listed([code(f"{pack.id}@{pack.version}"), status, *counts], " · ")
    found = [f for f in worst_first(record) if f.disposition in _OPEN]
    if found:
        head = [plain(words.in_(lang)) for words in (PAGE["state"], PAGE["rule"], _OUTCOME, PAGE["margin"])]
        yield table(head, (_row(f, lang) for f in found[:SHOWN]))
    if len(found) > SHOWN:
        yield _MORE.format(n=len(found) - SHOWN).in_(lang)
    yield from _again(record, (f for f in found if f.disposition is Disposition.BROKEN), lang)
    yield bullets(_safe(text.in_(lang)) for text in NOT)


def _row(finding: Finding, lang: Language) -> tuple[Md, ...]:
    outcome = OUTCOMES[finding.outcome].in_(lang)
    why = f" ({REASONS[finding.reason].in_(lang)})" if finding.reason else ""
    margin = margin_words(finding.worst.margin if finding.worst else None).in_(lang)
    return (
        Md(f"**{plain(DISPOSITIONS[finding.disposition].in_(lang))}**"),
        Md(f"{_safe(finding.title.in_(lang))}<br>{code(clean(finding.rule))}"),
        _safe(outcome + why),
        _safe(margin),
    )


def _again(record: Record, broken: Iterable[Finding], lang: Language) -> Iterator[str]:
    commands = [replay(record, case) for f in broken if (case := simplest(f)) is not None and case.case]
    if commands:
        yield f"{_AGAIN.in_(lang)}: {code(commands[0])}"


def _safe(text: str) -> Md:
    """``text`` as words: no markup, no mention of a person, no link of its own."""
    words = plain(clean(text)).replace("@", "&#64;").replace("://", "&#58;//")
    return Md(words.replace("www.", "www&#46;"))
