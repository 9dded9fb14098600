"""The first screen: what a run found, on at most 20 lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.errors import Language, Text, columns
from conformance.model.outcome import Basis
from conformance.model.run import Disposition, Finding, Record, Witness
from conformance.report.facts import (
    Overview,
    changed_words,
    ended_early,
    lowest,
    overview,
    relation_words,
    replay,
    row_words,
    short,
    simplest,
    unsure_groups,
    worst_first,
)
from conformance.report.lines import STYLES, Line, line, printed
from conformance.report.plain import at_words, clean, fit, flow, margin_words, pad, sides_words, wrap
from conformance.report.words import DISPOSITIONS, PACK_STATUS, RECORDED

LINES = 20
"""The first screen is never longer."""
_LABEL = 10
"""Columns before the text of a finding."""
_HEAD = 8
"""Columns before the text of the lines about the run itself."""


def first_screen(
    record: Record,
    *,
    lang: Language = "en",
    width: int = 80,
    colour: bool = False,
    report: str | None = None,
    run: str = "last",
) -> str:
    """The run on at most 20 lines of at most ``width`` columns, worst first; each line says what to do next.

    ``report`` says where the HTML page stands; without it the line says how to make one. ``run`` is what `replay` calls
    the run.
    """
    facts = overview(record)
    head = [*_head(record, facts, lang, width), Line("")]
    tail = [*_rest(record, facts, lang, width), _report(record, report, lang, width)]
    broken = [f for f in worst_first(record) if f.disposition is Disposition.BROKEN]
    blocks = _broken(record, broken, run, LINES - len(head) - len(tail), lang, width)
    return printed([*head, *blocks, *tail], colour)


def _head(record: Record, facts: Overview, lang: Language, width: int) -> Iterator[Line]:
    def of(label: Text, text: Text, style: str = "bold") -> Iterator[Line]:
        shown, said, room = pad(label.in_(lang), _HEAD), clean(text.in_(lang), longest=180), width - _HEAD
        pieces = said.split(" · ")
        whole = all(columns(piece) <= room for piece in pieces)
        for part in flow(pieces, room, between=" · ") if whole else wrap(said, room):
            yield Line(shown, part, style)
            shown = " " * _HEAD

    system, pack = record.header.system, record.header.pack
    if early := ended_early(record):
        yield from of(*early, "bold yellow" if record.footer else "bold red")
    label = record.header.label or system.label or Text(system.vendor, system.vendor)
    name = clean(f"{system.name} {system.version}", longest=60)
    yield from of(Text("System", "系统"), Text(f"{name} · {label.en}", f"{name} · {label.zh}"))
    name = f"{pack.short} {pack.version}"
    profile = f" · {pack.profile}" if pack.profile else ""
    automated, total, indicative = len(facts.automated), facts.requirements, facts.indicative
    said = Text(
        f"{name} {pack.status}{profile} · {automated} of {total} requirements automated",
        f"{name} {PACK_STATUS[pack.status].zh}{profile} · {total} 项要求中 {automated} 项自动测试",
    )
    if indicative:
        said = Text(f"{said.en} · {indicative} figures indicative", f"{said.zh} · {indicative} 个数值为参考性")
    yield from of(Text("Pack", "标准包"), said)
    bad = any(f.disposition is Disposition.BROKEN for f in record.findings)
    yield from of(Text("Result", "结论"), facts.result, STYLES[Disposition.BROKEN] if bad else "bold")


def _broken(
    record: Record, broken: Sequence[Finding], run: str, room: int, lang: Language, width: int
) -> Iterator[Line]:
    """As many whole blocks as there is room for, worst first; then the first line of each; then how many more."""
    whole = [_block(record, f, run, lang, width) for f in broken]
    kept = [block[:1] for block in whole]
    for place, block in enumerate(whole):
        longer = [*kept[:place], block, *kept[place + 1 :]]
        if sum(map(len, longer)) > room:
            break
        kept = longer
    more = 0
    while kept and sum(map(len, kept)) + bool(more) > room:
        kept.pop()
        more += 1
    for block in kept:
        yield from block
    if more:
        yield line(" " * _LABEL, Text(f"and {more} more, in the report", f"另有 {more} 项，见报告").in_(lang), width)


def _block(record: Record, finding: Finding, run: str, lang: Language, width: int) -> list[Line]:
    room, worst, case = width - _LABEL, finding.worst, simplest(finding)
    margin = margin_words(worst.margin if worst else None).in_(lang)
    margin = Text("margin {}", "裕度 {}").in_(lang).format(margin) if margin else ""
    names = " ".join(short(r) for r in finding.requirements) or short(finding.rule)
    decided = {f.basis for f in record.findings if f.disposition is Disposition.BROKEN}
    mixed = finding.basis is Basis.INDICATIVE and len(decided) > 1  # else the result line says it for all
    mark = Text("indicative", "参考性").in_(lang) if mixed else ""
    title = fit(clean(finding.title.in_(lang), longest=200), max(room - 36, 20))
    lines = list(flow([title, _value(finding, lang), margin, names, mark], room))
    if case:
        done = relation_words(record, finding, case)
        then = Text("then {}", "再：{}").in_(lang).format(done.in_(lang)) if done else ""
        lines += flow([_origin(finding, case, lang), then, _effort(finding, case, lang)], room)
        lines += flow([_answer(case, lang)], room)
        if case.case:
            again = Text("again: ", "复现：").in_(lang)
            lines.append(again + replay(record, case, longest=room - columns(again), run=run))
    label = pad(f"  {DISPOSITIONS[Disposition.BROKEN].in_(lang)}", _LABEL)
    first = Line(label, lines[0], STYLES[Disposition.BROKEN])
    return [first, *(Line(" " * _LABEL, text) for text in lines[1:])]


def _value(finding: Finding, lang: Language) -> str:
    """The deciding value beside its limit; else the cause or the element."""
    worst = finding.worst
    if worst is None:
        return ""
    if worst.sides:
        return sides_words(worst.sides).in_(lang)
    if worst.cause:
        return clean(worst.cause.in_(lang), longest=60)
    at = at_words(worst.margin)
    return Text("at {}", "位于 {}").in_(lang).format(at) if at else ""


def _origin(finding: Finding, worst: Witness, lang: Language) -> str:
    if finding.recorded and worst.case:
        return RECORDED.format(n=worst.case).in_(lang)
    if not worst.case:  # recorded in a table or document
        return Text("at {}", "位于 {}").in_(lang).format(row_words(worst)) if worst.row else ""
    changes = [clean(c.in_(lang), longest=60) for c in changed_words(worst.changed)]
    if not changes:
        met = sides_words(worst.sides) if worst.sides else None
        said = Text("already at the nominal request", "标称请求即不符合")
        return (Text(f"{said.en}: {met.en}", f"{said.zh}：{met.zh}") if met else said).in_(lang)
    shown = Text("; ", "；").in_(lang).join(changes[:2]) + (" …" if len(changes) > 2 else "")
    if len(changes) == 1:
        return Text("one value off nominal: {}", "仅 1 个值偏离标称：{}").in_(lang).format(shown)
    return Text("{} values off nominal: {}", "{} 个值偏离标称：{}").in_(lang).format(len(changes), shown)


def _effort(finding: Finding, worst: Witness, lang: Language) -> str:
    if worst.row and not worst.case:  # recorded; the worst row of a sequence of calls stands in a case
        failed, cases = finding.counts.failed, finding.counts.cases
        return Text(f"{failed:,} of {cases:,} rows", f"{cases:,} 行中 {failed:,} 行").in_(lang)
    if finding.recorded:
        failed, cases = finding.counts.failed, finding.counts.cases
        return Text(f"{failed:,} of {cases:,} exchanges", f"{cases:,} 次交互中 {failed:,} 次").in_(lang)
    said = Text(f"found after {worst.calls} call{'s' * (worst.calls != 1)}", f"第 {worst.calls} 次调用时发现")
    return said.in_(lang) if worst.calls else ""


def _answer(worst: Witness, lang: Language) -> str:
    if worst.oracle_case is None and worst.oracle_response is None:
        return ""
    if worst.oracle_sides:
        met = sides_words(worst.oracle_sides, limit=False)
        return Text(f"it can be met: the reference keeps {met.en}", f"可以满足：参考系统为 {met.zh}").in_(lang)
    return Text("it can be met: the reference answers this request", "可以满足：参考系统对该请求给出合规应答").in_(lang)


def _rest(record: Record, facts: Overview, lang: Language, width: int) -> Iterator[Line]:
    """Waivers, warnings, ok, unsure, by hand: a line each, up to three for unsure."""
    findings, comma = worst_first(record), Text(", ", "，").in_(lang)

    def item(disposition: Disposition, count: int | None, text: str) -> Line:
        label = "" if count is None else f"  {DISPOSITIONS[disposition].in_(lang)}"
        shown = pad("" if count is None else str(count), 4) + text
        return line(pad(label, _LABEL), shown, width, STYLES.get(disposition, ""))

    def of(disposition: Disposition) -> list[Finding]:
        return [f for f in findings if f.disposition is disposition]

    def margin(finding: Finding) -> str:
        return margin_words(finding.worst.margin if finding.worst else None).in_(lang)

    def tight(title: str, ends: str) -> str:
        return fit(title, max(width - _LABEL - 4 - columns(ends), 12)) + ends

    if waived := [(f, f.waived) for f in of(Disposition.WAIVED) if f.waived]:
        first, waiver = waived[0]
        until, who = clean(waiver.until, longest=20), clean(waiver.approver, longest=24)
        said = Text(f", broken, waived until {until} by {who}", f"，不符合，豁免至 {until}，批准人 {who}").in_(lang)
        yield item(Disposition.WAIVED, len(waived), tight(_title(first, lang), said))
    if warnings := of(Disposition.WARNING):
        first = warnings[0]
        said = f"{comma}{margin(first)}" if margin(first) else ""
        said += Text("; see the report", "；见报告").in_(lang)
        yield item(Disposition.WARNING, len(warnings), tight(_title(first, lang), said))
    if good := [f for f in of(Disposition.OK) if not f.implicit and f.worst and f.worst.margin]:
        near = min(good, key=lambda f: lowest(f.worst.margin if f.worst else None))
        said = Text("nearest to its limit: ", "离限值最近：").in_(lang) + _title(near, lang)
        yield item(Disposition.OK, len(facts.by[Disposition.OK]), tight(said, comma + margin(near)))
    elif facts.by[Disposition.OK]:
        yield item(Disposition.OK, len(facts.by[Disposition.OK]), "")
    for place, (why, mend, group) in enumerate(unsure_groups(of(Disposition.UNSURE))[:3]):
        ends = Text(f": {why.en}; {mend.en}", f"：{why.zh}；{mend.zh}").in_(lang)
        names = Text(", ", "、").in_(lang).join(_title(f, lang) for f in group)
        total = None if place else len(facts.by[Disposition.UNSURE])
        yield item(Disposition.UNSURE, total, tight(names, ends))
    if facts.unreached:
        left = facts.unreached
        said = Text(f"{left} requirements not reached; run again", f"{left} 项要求未测到；请重新运行").in_(lang)
        yield item(Disposition.UNSURE, None, said)
    if noted := facts.by[Disposition.NOTE]:
        said = Text("not applicable or not in scope; reasons in the report", "不适用或不在范围内；理由见报告").in_(lang)
        yield item(Disposition.NOTE, len(noted), said)
    if count := facts.manual + facts.not_tested:
        said = Text(
            f"{facts.manual} for an assessor to record, {facts.not_tested} not tested; reasons in the report",
            f"{facts.manual} 项由评定人员记录，{facts.not_tested} 项未测试；理由见报告",
        ).in_(lang)
        yield item(Disposition.BY_HAND, count, said)


def _report(record: Record, report: str | None, lang: Language, width: int) -> Line:
    where = clean(report, longest=200) if report else "conformance report last --format html=report.html"
    pieces = [where]
    if record.header.settings.command == "demo":
        pieces.append(Text("Your own system: conformance init", "测试自己的系统：conformance init").in_(lang))
    return Line(pad(Text("Report", "报告").in_(lang), _HEAD), next(flow(pieces, width - _HEAD)), "bold")


def _title(finding: Finding, lang: Language) -> str:
    return fit(clean(finding.title.in_(lang), longest=200), 34)
