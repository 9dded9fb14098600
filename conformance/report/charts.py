"""Charts as inline SVG: margins of many cases, elements of one case beside their limits. Pure functions of figures.

Colours come from classes of the page's style sheet. Each picture has a title and a description for screen readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from math import asinh, ceil, floor, log10

from attrs import frozen

from conformance.errors import Language, Text
from conformance.model.run import Stage
from conformance.report.facts import Element
from conformance.report.plain import clean, decimals, fit, known, number

WIDTH = 460
"""Width of every chart in its own units; the page scales it."""
SHOWN = 14
"""Elements that a bar chart draws, the ones nearest to their limits first."""

_LEFT = 34.0
_ADAPTIVE = {Stage.HUNT, Stage.SHRINK, Stage.CONFIRM}
_GROUPS = {
    "independent": Text("independent sample", "独立抽样"),
    "hunt": Text("hunt for the worst", "最坏工况搜索"),
    "other": Text("other cases", "其他用例"),
}
_TOLERANCE = 1e-9
_OPEN = 1e300


def group(stage: Stage | None) -> str:
    """Which of the three colours a case of ``stage`` has."""
    if stage in (Stage.INDEPENDENT, Stage.RECORDED):
        return "independent"
    return "hunt" if stage in _ADAPTIVE else "other"


def _text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" class="{kind}"/>'


def _rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{kind}"/>'


def _picture(height: float, name: str, title: str, description: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def nice(span: float, steps: int) -> float:
    """A round step (1, 2 or 5 times a power of ten) that divides ``span`` into about ``steps``."""
    if not known(span) or span <= 0:
        return 1.0
    raw = span / steps
    power = 10.0 ** floor(log10(raw))
    return next(m * power for m in (1, 2, 5, 10) if raw <= m * power * (1 + 1e-9))


def margins(
    points: Sequence[tuple[int, float]],
    stages: Mapping[int, Stage],
    *,
    name: str,
    nominal: float | None,
    lang: Language,
) -> str:
    """The distribution of normalised margins, 0 at the limit, failures to its left, coloured by origin.

    ``points`` are (case number, normalised margin). The widest 2 % on the safe side share the last bin. Empty if
    no margin is known.
    """
    judged = [(case, 0.0 if abs(v) <= _TOLERANCE else v) for case, v in points if known(v)]
    if not judged:
        return ""
    values = sorted(v for _, v in judged)
    low, high = min(values[0], 0.0), max(values[floor(0.98 * (len(values) - 1))], 0.0)
    step = nice((high - low) or abs(low) or 1.0, 36)
    first, last = floor(low / step + _TOLERANCE), max(ceil(high / step), 1)
    if low < 0:
        first = min(first, -1)
    counted: dict[str, Counter[int]] = {g: Counter() for g in _GROUPS}
    for case, value in judged:
        # A failure, however slight, is never drawn on the safe side, nor a pass at the limit on the other.
        bin_ = min(floor(value / step), -1) if value < 0 else max(floor(value / step), 0)
        counted[group(stages.get(case))][max(min(bin_, last - 1), first)] += 1
    bins = range(first, last)
    tallest = max(sum(c[b] for c in counted.values()) for b in bins)
    legend, height = _legend(counted, nominal is not None, lang)
    left, top = _LEFT, height + 16
    base = top + 142
    wide = (WIDTH - left - 8) / len(bins)

    def x(value: float) -> float:
        return left + (min(max(value / step, first), last) - first) * wide

    parts = [_box(left, top, x(0) - left, base - top, "beyond")] if first < 0 else []
    for share in (0.5, 1.0):
        y = base - share * (base - top)
        count = number(round(tallest * share))
        parts += [_rule(left, y, WIDTH - 8, y, "grid"), _text(left - 5, y + 4, count, anchor="end")]
    for b in bins:
        y = base
        for kind, counts in counted.items():
            if counts[b]:
                height = max(counts[b] / tallest * (base - top), 2.5)  # one case in a million is still seen
                parts.append(_box(left + (b - first) * wide + 0.4, y - height, wide - 0.8, height, f"g-{kind}"))
                y -= height
    parts.append(_rule(left, base, WIDTH - 8, base, "axis"))
    tick = nice((last - first) * step, 5)
    for n in range(ceil(first * step / tick), floor(last * step / tick) + 1):
        parts.append(_text(x(n * tick), base + 16, number(n * tick), anchor="middle"))
    parts += [_rule(x(0), top - 6, x(0), base + 4, "limit"), _mark(x(values[0]), base, "worst")]
    if nominal is not None and known(nominal):
        parts.append(_mark(x(nominal), base, "nominal"))
    parts += legend
    axis = Text("normalised margin: 0 is the limit, left of it fails", "归一化裕度：0 为限值，左侧为不符合").in_(lang)
    parts.append(_text((left + WIDTH) / 2, base + 34, axis, anchor="middle"))
    failing = sum(v < 0 for v in values)
    said = Text(
        f"{len(values)} cases, {failing} below 0. Smallest margin {number(values[0])}, median "
        f"{number(values[len(values) // 2])}, largest {number(values[-1])}.",
        f"{len(values)} 个用例，其中 {failing} 个低于 0。最小裕度 {number(values[0])}，中位数 "
        f"{number(values[len(values) // 2])}，最大 {number(values[-1])}。",
    )
    title = Text("Margins of all judged cases", "全部已判定用例的裕度").in_(lang)
    return _picture(base + 42, name, title, said.in_(lang), parts)


def _mark(x: float, base: float, kind: str) -> str:
    return f'<path d="M{x:.1f} {base - 1:.1f}l5 -9h-10z" class="m-{kind}"/>'


def _legend(counted: Mapping[str, Counter[int]], nominal: bool, lang: Language) -> tuple[list[str], float]:
    """The legend, in as many rows as it needs, and its height."""
    entries = [(f"g-{kind}", _GROUPS[kind].in_(lang)) for kind, counts in counted.items() if counts]
    entries.append(("m-worst", Text("worst", "最差").in_(lang)))
    if nominal:
        entries.append(("m-nominal", Text("nominal", "标称").in_(lang)))
    parts, x, y = [], _LEFT, 5.0
    for kind, words in entries:
        wide = 30 + _wide(words)
        if x + wide > WIDTH:
            x, y = _LEFT, y + 17
        parts.append(_box(x, y, 9, 9, kind) if kind.startswith("g-") else _mark(x + 4.5, y + 10, kind[2:]))
        parts.append(_text(x + 13, y + 8.5, words))
        x += wide
    return parts, y + 9


def _wide(words: str) -> float:
    """About how wide ``words`` are at the size of chart text."""
    return sum(12.6 if ord(c) > 0x2E7F else 6.2 for c in words)


@frozen
class Scale:
    """Values to x."""

    low: float
    high: float
    left: float
    right: float

    def __call__(self, value: float) -> float:
        """The x of ``value``, kept inside the chart."""
        share = (value - self.low) / (self.high - self.low)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)


def bars(
    system: Sequence[Element],
    oracle: Sequence[Element],
    *,
    name: str,
    title: str,
    unit: str,
    decided: Sequence[str],
    lang: Language,
) -> str:
    """The elements nearest to their limits: the system's value as a bar, the oracle's as a ring, the limit as a line.

    Without a lower limit, bars start at 0; with one, the axis spans the band and values are dots. ``decided`` are the
    elements that the finding names. Empty if there is nothing to draw.
    """
    if not system:
        return ""
    ordered = sorted(system, key=lambda e: (e.name not in decided, -e.excess))
    drawn = sorted(ordered[:SHOWN], key=lambda e: -e.excess)
    beside = {e.name: e.value for e in oracle}
    figures = [v for e in drawn for v in (e.value, beside.get(e.name)) if v is not None]
    far = 4 * max(map(abs, figures)) or _OPEN  # a limit of 9999 means none, and must not flatten the rest
    figures += [v for e in drawn for v in (e.lower, e.upper) if v is not None and abs(v) <= far]
    banded = any(e.lower is not None for e in drawn) or min(figures) < 0
    low, high = (min(figures), max(figures)) if banded else (0.0, max(figures))
    room = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    scale = Scale(low - room * banded, high + room, 104.0, WIDTH - 70.0)
    row, top = 21.0, 28.0
    parts = _key(bool(beside), lang)
    for place, element in enumerate(drawn):
        y, over = top + place * row, element.excess > _TOLERANCE * max(1.0, abs(element.value))
        kind = "over" if over else "value"
        weight = "strong" if element.name in decided else ""
        parts.append(_text(98, y + 13, fit(element.name, 16), anchor="end", kind=weight))
        if banded:
            ends = (scale(low - room if v is None else v) for v in (element.lower, element.upper))
            start, end = next(ends), scale(high + room) if element.upper is None else scale(element.upper)
            parts.append(_box(start, y + 6, end - start, 6, "band"))
            parts.append(f'<circle cx="{scale(element.value):.1f}" cy="{y + 9:.1f}" r="5" class="{kind}"/>')
        else:
            parts.append(_box(scale(0), y + 3, scale(element.value) - scale(0), 12, kind))
        for limit in (element.lower, element.upper):
            if limit is not None and scale.low <= limit <= scale.high:
                parts.append(_rule(scale(limit), y - 1, scale(limit), y + row - 1, "limit"))
        if element.name in beside:
            parts.append(f'<circle cx="{scale(beside[element.name]):.1f}" cy="{y + 9:.1f}" r="4" class="ring"/>')
        value = number(element.value, places=decimals(element.excess) if over else None)
        parts.append(_text(WIDTH - 62, y + 13, value, kind="over-text" if over else "strong"))
    bottom = top + len(drawn) * row
    tick = nice(scale.high - scale.low, 5)
    parts.append(_rule(scale.left, bottom + 1, scale.right, bottom + 1, "axis"))
    for n in range(ceil(scale.low / tick), floor(scale.high / tick) + 1):
        parts.append(_text(scale(n * tick), bottom + 15, number(n * tick), anchor="middle"))
    parts.append(_text(WIDTH - 62, bottom + 15, clean(unit.split(" of ")[0], longest=10)))
    rest = len(system) - len(drawn)
    if rest:
        more = Text(f"{rest} more elements are farther from their limits", f"其余 {rest} 个元件离限值更远").in_(lang)
        parts.append(_text((scale.left + scale.right) / 2, bottom + 34, more, anchor="middle"))
    said = "; ".join(f"{e.name} {number(e.value)}{f' / {number(e.limit)}' * (e.limit is not None)}" for e in drawn)
    return _picture(bottom + (42 if rest else 22), name, f"{clean(title)} ({clean(unit)})", said, parts)


def _key(beside: bool, lang: Language) -> list[str]:
    x, system, limit = 104.0, Text("this system", "被测系统").in_(lang), Text("limit", "限值").in_(lang)
    parts = [_box(x, 5, 9, 9, "value"), _text(x + 13, 13.5, system)]
    x += 28 + _wide(system)
    parts += [_rule(x + 4, 3, x + 4, 16, "limit"), _text(x + 11, 13.5, limit)]
    x += 26 + _wide(limit)
    if beside:
        parts.append(f'<circle cx="{x + 4:.1f}" cy="9.5" r="4" class="ring"/>')
        parts.append(_text(x + 13, 13.5, Text("reference, same request", "参考系统（同一请求）").in_(lang)))
    return parts


def strip(values: Sequence[float], *, largest: float, label: str) -> str:
    """A rule's margins in one line of a table: range, middle half and limit; ``largest`` sets the scale."""
    ordered = sorted(v for v in values if known(v))
    if not ordered:
        return ""
    wide, height = 132.0, 16.0

    def x(value: float) -> float:
        return wide / 3 + asinh(10 * max(min(value / largest, 1), -1)) / asinh(10) * wide * (0.6 if value >= 0 else 0.3)

    low, high = ordered[0], ordered[-1]
    quarter, three = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
    kind = "over" if low < -_TOLERANCE else "value"
    return (
        f'<svg viewBox="0 0 {wide:.0f} {height:.0f}" class="strip" role="img" aria-label="{escape(label)}">'
        f"{_box(0, 0, x(0), height, 'beyond')}{_rule(x(low), 8, x(high), 8, 'whisker')}"
        f"{_box(x(quarter), 4, max(x(three) - x(quarter), 1), 8, 'middle')}{_rule(x(0), 0, x(0), height, 'limit')}"
        f'<circle cx="{x(low):.1f}" cy="8" r="3.5" class="{kind}"/></svg>'
    )


def widest(values: Sequence[float]) -> float:
    """The largest absolute known value; 1 if there is none."""
    return max((abs(v) for v in values if known(v)), default=0.0) or 1.0
