"""Runs beside each other: what broke, what was fixed, which margins moved; or many systems under one pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain

from attrs import frozen

from conformance.errors import Language, Text
from conformance.model.run import Disposition, Finding, Record
from conformance.report.facts import ended_early, lowest, overview, worst_first
from conformance.report.lines import STYLES, Line, line, printed
from conformance.report.plain import clean, fit, known, margin_words, pad
from conformance.report.words import DISPOSITIONS

MOVED = 1e-9
"""A margin has moved if its normalised lower end differs by more than this part of the greater of both."""
_LABEL = 10
_CELL = 16
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Kind(StrEnum):
    """What became of a rule from one run to the next; worst first."""

    BROKE = "broke"
    OPENED = "opened"
    GONE = "gone"
    NEARER = "nearer"
    NEW = "new"
    CHANGED = "changed"
    FARTHER = "farther"
    CLOSED = "closed"
    FIXED = "fixed"


KINDS: Mapping[Kind, Text] = {
    Kind.BROKE: Text("BROKE", "新增"),
    Kind.OPENED: Text("open now", "转为未定"),
    Kind.GONE: Text("gone", "不再判定"),
    Kind.NEARER: Text("nearer", "裕度减小"),
    Kind.NEW: Text("new", "新规则"),
    Kind.CHANGED: Text("changed", "有变化"),
    Kind.FARTHER: Text("farther", "裕度增大"),
    Kind.CLOSED: Text("settled", "已判定"),
    Kind.FIXED: Text("fixed", "已修复"),
}
_STYLES = {Kind.BROKE: "bold red", Kind.OPENED: "yellow", Kind.GONE: "yellow", Kind.FIXED: "green"}


@frozen
class Change:
    """A rule of which two runs found something else."""

    kind: Kind
    before: Finding | None
    after: Finding | None

    @property
    def finding(self) -> Finding:
        """The later one, where there is one."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a change has a side
        return found


def changes(before: Record, after: Record) -> list[Change]:
    """What differs, worst first. A rule that one of the runs does not have is gone or new."""
    old, new = ({f.rule: f for f in record.findings} for record in (before, after))
    found = [Change(kind, old.get(rule), new.get(rule)) for rule in {**old, **new}
             if (kind := _kind(old.get(rule), new.get(rule))) is not None]  # fmt: skip
    order = list(Kind)
    return sorted(found, key=lambda c: (order.index(c.kind), _margin(c.finding), c.finding.rule))


def _kind(old: Finding | None, new: Finding | None) -> Kind | None:
    if old is None or new is None:
        return Kind.NEW if old is None else Kind.GONE
    if old.disposition is not new.disposition:
        if Disposition.BROKEN in (old.disposition, new.disposition):
            return Kind.BROKE if new.disposition is Disposition.BROKEN else Kind.FIXED if _settled(new) else Kind.OPENED
        if Disposition.UNSURE in (old.disposition, new.disposition):
            return Kind.OPENED if new.disposition is Disposition.UNSURE else Kind.CLOSED
        return Kind.CHANGED
    one, other = _margin(old), _margin(new)
    if known(one) and known(other) and abs(other - one) > MOVED * max(abs(one), abs(other)):
        return Kind.NEARER if other < one else Kind.FARTHER
    return None if old.outcome is new.outcome and old.reason is new.reason else Kind.CHANGED


def _settled(finding: Finding) -> bool:
    """A failure that is only open or waived now is not mended."""
    return finding.disposition is Disposition.OK


def _margin(finding: Finding) -> float:
    return lowest(finding.worst.margin if finding.worst else None)


def compare_screen(records: Sequence[Record], *, lang: Language = "en", width: int = 80, colour: bool = False) -> str:
    """Two runs of one system as changes; other runs side by side, a line for each rule that is not alike in all."""
    lines = list(_heads(records, lang, width))
    lines += [Line(""), *(_changed if _alike(records) else _beside)(records, lang, width)]
    return printed(lines, colour)


def _alike(records: Sequence[Record]) -> bool:
    """Two runs of one system under one pack."""
    if len(records) != 2:
        return False
    one, other = (record.header for record in records)
    return one.pack.id == other.pack.id and one.system.name == other.system.name


def _heads(records: Sequence[Record], lang: Language, width: int) -> Iterator[Line]:
    for letter, record in zip(_LETTERS, records, strict=False):
        header = record.header
        said = (
            f"{header.system.name} {header.system.version} · {header.pack.short} {header.pack.version} · "
            f"{header.settings.mode}"
        )
        yield line(pad(letter, 3), said, width)
        yield line("   ", overview(record).result.in_(lang), width)
        if early := ended_early(record):
            yield line("   ", f"{early[0].in_(lang)}: {early[1].in_(lang)}", width, "bold red")
    if len({record.header.pack.sha256 for record in records}) > 1:
        said_ = Text("the runs used packs that differ", "各次运行所用的标准包不同")
        yield line("   ", said_.in_(lang), width, "yellow")
    if len({(r.header.settings.seed, r.header.settings.cases) for r in records}) > 1:
        said_ = Text("the runs drew other cases; margins may move by chance",
                     "各次运行抽取的用例不同；裕度可能因抽样而变动")  # fmt: skip
        yield line("   ", said_.in_(lang), width, "yellow")


def _changed(records: Sequence[Record], lang: Language, width: int) -> Iterator[Line]:
    before, after = records
    found = changes(before, after)
    for change in found:
        label = pad(f"  {KINDS[change.kind].in_(lang)}", _LABEL + 2)
        old, new = (_said(finding, lang) for finding in (change.before, change.after))
        ends = f"  {old} → {new}"
        title = clean(change.finding.title.in_(lang), longest=200)
        room = max(width - _LABEL - 2 - len(ends), 20)
        yield line(label, fit(title, room) + ends, width, _STYLES.get(change.kind, ""))
    same = len({f.rule for f in chain(before.findings, after.findings)}) - len(found)
    said = Text(f"{same} rule{'s' * (same != 1)} as before", f"{same} 条规则与之前相同")
    yield line(pad(f"  {Text('same', '不变').in_(lang)}", _LABEL + 2), said.in_(lang), width, "")


def _said(finding: Finding | None, lang: Language) -> str:
    """Disposition and margin in a few characters."""
    if finding is None:
        return "-"
    margin = margin_words(finding.worst.margin if finding.worst else None).in_(lang)
    word = DISPOSITIONS[finding.disposition].in_(lang)
    return f"{word} {clean(margin, longest=24)}".rstrip()


def _beside(records: Sequence[Record], lang: Language, width: int) -> Iterator[Line]:
    by = [{f.rule: f for f in record.findings} for record in records]
    titles = {f.rule: f for record in reversed(records) for f in worst_first(record)}
    rest = max(width - _CELL * len(records), 20)
    yield Line(pad("", rest) + "".join(pad(letter, _CELL) for letter in _LETTERS[: len(records)]))
    alike = 0
    worst = {r: min(_rank(one.get(r)) for one in by) for r in titles}
    for rule in sorted(titles, key=lambda r: (worst[r], r)):
        found = [one.get(rule) for one in by]
        if len({f.disposition if f else None for f in found}) == 1 and found[0] and found[0].disposition in _CALM:
            alike += 1
            continue
        title = pad(fit(clean(titles[rule].title.in_(lang), longest=200), rest - 1), rest)
        cells = "".join(pad(fit(_said(finding, lang), _CELL - 1), _CELL) for finding in found)
        broken = any(f is not None and f.disposition is Disposition.BROKEN for f in found)
        yield Line(title, cells, STYLES[Disposition.BROKEN] if broken else "")
    said = Text(f"{alike} more rules in which no run found anything open", f"另有 {alike} 条规则，各次运行均无未决事项")
    yield line("", said.in_(lang), width, "")


_CALM = (Disposition.OK, Disposition.NOTE)
_ORDER = list(DISPOSITIONS)


def _rank(finding: Finding | None) -> int:
    return len(_ORDER) if finding is None else _ORDER.index(finding.disposition)
