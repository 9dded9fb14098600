"""Several packs on one system, as one report: what each found, worst first, and where its own page stands."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from conformance.errors import Language, Text, columns
from conformance.model.run import Disposition, Finding, Record
from conformance.report import facts, words
from conformance.report.lines import STYLES, Line, line, printed
from conformance.report.page_words import PAGE
from conformance.report.plain import clean, fit, margin_words, pad, wrap

LINES = 12
"""Findings that the terminal names at most; the page names all."""
_HEAD = 8
"""Columns before the text of the lines about the run itself."""
_COUNTED = (Disposition.BROKEN, Disposition.UNSURE, Disposition.OK, Disposition.NOTE)
_NAMED = (Disposition.BROKEN, Disposition.WARNING, Disposition.UNSURE)


@frozen
class Part:
    """The record of one pack, and where its page stands beside the joint one."""

    record: Record
    page: str


@frozen
class Named:
    """A finding with its pack."""

    part: Part
    finding: Finding

    @property
    def margin(self) -> Text:
        """The worst margin in words."""
        return margin_words(self.finding.worst.margin if self.finding.worst else None)


def open_findings(parts: Sequence[Part]) -> list[Named]:
    """What is broken, warned of or unsure in any pack, by what it means for the reader, then by severity and margin."""
    found = [Named(part, f) for part in parts for f in facts.worst_first(part.record) if f.disposition in _NAMED]
    return sorted(
        found,
        key=lambda n: (_NAMED.index(n.finding.disposition), facts.SEVERITIES.index(n.finding.severity), _worst(n)),
    )


def systems_of(parts: Sequence[Part]) -> Text:
    """The system that all packs were run on, or how many there were."""
    systems = {(s.name, s.version): s for s in (part.record.header.system for part in parts)}
    if len(systems) > 1:
        return Text(f"{len(systems)} systems, each under its own pack", f"{len(systems)} 个系统，各按其标准包评估")
    (system,) = systems.values()
    label = system.label or Text(system.vendor, system.vendor)
    return Text(f"{system.name} {system.version} · {label.en}", f"{system.name} {system.version} · {label.zh}")


def together_screen(
    parts: Sequence[Part], *, lang: Language = "en", width: int = 80, colour: bool = False, report: str
) -> str:
    """One line for each pack, then the worst findings, in lines of at most ``width`` columns."""
    result = facts.result_of([part.record for part in parts])
    open_ = open_findings(parts)
    bad = any(n.finding.disposition is Disposition.BROKEN for n in open_)
    style = STYLES[Disposition.BROKEN] if bad else "bold"
    lines = [line(pad(Text("System", "系统").in_(lang), _HEAD), systems_of(parts).in_(lang), width)]
    for number, piece in enumerate(wrap(result.in_(lang), width - _HEAD)):
        lines.append(Line(pad("" if number else Text("Result", "结论").in_(lang), _HEAD), piece, style))
    for part in parts:
        if early := facts.ended_early(part.record):
            word, said = (text.in_(lang) for text in early)
            text = f"{part.record.header.pack.short}: {clean(said, longest=180)}"
            for number, piece in enumerate(wrap(text, width - _HEAD)):
                shown = pad("" if number else word, _HEAD)
                lines.append(Line(shown, piece, "bold yellow" if part.record.footer else "bold red"))
    lines += [Line(""), Line(_cells("", [words.DISPOSITIONS[d].in_(lang) for d in _COUNTED]))]
    for part in parts:
        counts, pack = _counts(facts.overview(part.record)), part.record.header.pack
        lines.append(Line(_cells(f"{pack.short} {pack.version}", [str(counts[d]) for d in _COUNTED])))
    if open_:
        lines.append(Line(""))
    for named in open_[:LINES]:
        disposition = named.finding.disposition
        shown = pad(f"  {words.DISPOSITIONS[disposition].in_(lang)}", 10)
        pack, margin = named.part.record.header.pack, named.margin.in_(lang)
        said = f"{pack.short}: {clean(named.finding.title.in_(lang), longest=200)}"
        ends = Text(f", margin {margin}", f"，裕度 {margin}").in_(lang) if margin else ""
        room = max(width - 10 - columns(ends), 20)
        lines.append(line(shown, fit(said, room) + ends, width, STYLES[disposition]))
    if len(open_) > LINES:
        more = len(open_) - LINES
        lines.append(Line(" " * 10, Text(f"and {more} more, in the report", f"另有 {more} 项，见报告").in_(lang)))
    lines += [Line(""), line(pad(Text("Report", "报告").in_(lang), _HEAD), report, width)]
    return printed(lines, colour)


def _counts(overview: facts.Overview) -> dict[Disposition, int]:
    """Requirements of each kind; one that a run never reached is unsure."""
    return {d: len(overview.by[d]) + (overview.unreached if d is Disposition.UNSURE else 0) for d in _COUNTED}


def _cells(name: str, counts: Sequence[str]) -> str:
    return pad(f"  {name}", 34) + "".join(pad(count, 9) for count in counts)


def _worst(named: Named) -> float:
    return facts.lowest(named.finding.worst.margin if named.finding.worst else None)


def together_html(parts: Sequence[Part], *, lang: Language = "en") -> str:
    """One page over the pages of the packs; it makes no outside request and links to them by relative paths."""
    from conformance.report.html import page

    open_ = open_findings(parts)
    return page(
        "together.html.j2",
        lang=lang,
        systems=systems_of(parts),
        system=parts[0].record.header.system,
        several=len({part.record.header.system.name for part in parts}) > 1,
        parts=[(part, of, _counts(of)) for part in parts for of in [facts.overview(part.record)]],
        early=[(part, said) for part in parts if (said := facts.ended_early(part.record))],
        named=open_,
        counted=_COUNTED,
        result=facts.result_of([part.record for part in parts]),
        bad=any(n.finding.disposition is Disposition.BROKEN for n in open_),
        words=words,
        ui=PAGE,
    )
