"""What was exercised of the input space and where rules are nearest to their limits, for every view."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from attrs import frozen

from conformance.errors import Text
from conformance.model.run import LimitMap, OperationCoverage, PairCoverage, RangeCoverage, Record
from conformance.report.plain import clean, fit, number

LEAST_COVERED = 5
"""Pairs that are named, the least covered first."""
BETWEEN = " … "
SHADES = 5
"""Steps of colour between nothing and the most."""


@frozen
class Cell:
    """One part of a dimension, or of two: what is written in it, how it is tinted, and what it stands for."""

    text: str
    kind: str
    meaning: Text


@frozen
class Band:
    """A dimension as a row of its parts."""

    label: Text
    path: str
    lower: str
    upper: str
    unit: str
    cells: tuple[Cell, ...]
    visited: int


@frozen
class Map:
    """A rule's nearness to its limit over two dimensions; the first row is the highest part of ``down``."""

    rule: Text
    across: Band
    down: Band
    told: str
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    """Where a part of ``down`` begins (or its choices), and its cells from low to high of ``across``."""
    columns: tuple[str, ...]
    """Where the parts of ``across`` begin, or its choices."""
    nearest: tuple[float, str, str]
    """The least normalised margin, and the parts of ``across`` and ``down`` where it stands."""


@frozen
class Covered:
    """What the views show of one operation."""

    operation: str
    cases: int
    space: Text
    bands: tuple[Band, ...]
    full: int
    """Dimensions of which every part was visited."""
    share: float
    """Share of the cells of all pairs that were visited."""
    least: tuple[tuple[Text, int, int], ...]
    """The least covered pairs: their names, cells visited, cells."""
    by_field: bool
    maps: tuple[Map, ...]
    """The rule nearest to its limit first."""


_DECLARED = Text("the declared operating envelope", "声明的运行范围")
_WHOLE = Text("the whole request schema", "请求模式的全部范围")
_AND = Text("{a} and {b}", "{a} 与 {b}")
_VISITS = Text("{part}: {n} cases", "{part}：{n} 个用例")
_MARGIN = Text("{part}: least margin {margin}", "{part}：最小裕度 {margin}")
_EMPTY = Text("{part}: not visited, or no margin known", "{part}：未覆盖，或无已知裕度")


def covered(record: Record) -> tuple[Covered, ...]:
    """All that is known of coverage, by operation; nothing in records of before it was kept."""
    return tuple(_operation(record, found) for found in record.coverage)


def _operation(record: Record, found: OperationCoverage) -> Covered:
    bands = {d.path: _band(d) for d in found.dimensions}
    names = {path: band.label for path, band in bands.items()}
    least = sorted(found.pairs, key=lambda p: (p.visited / p.cells, p.first, p.second))[:LEAST_COVERED]
    cells = sum(p.cells for p in found.pairs)
    maps = [_map(record, m, bands, found.dimensions) for m in found.maps if any(map(_known, m.least))]
    return Covered(
        operation=clean(found.operation),
        cases=found.cases,
        space=_DECLARED if found.declared else _WHOLE,
        bands=tuple(bands.values()),
        full=sum(band.visited == len(band.cells) for band in bands.values()),
        share=sum(p.visited for p in found.pairs) / cells if cells else 1.0,
        least=tuple((_pair(p, names), p.visited, p.cells) for p in least),
        by_field=found.by_field,
        maps=tuple(sorted(maps, key=lambda m: m.nearest[0])),
    )


def _pair(pair: PairCoverage, names: dict[str, Text]) -> Text:
    first, second = (names.get(n) or Text(clean(n), clean(n)) for n in (pair.first, pair.second))
    return _AND.format(a=first, b=second)


def _band(found: RangeCoverage) -> Band:
    label = found.label or Text(found.path, found.path)
    parts, most = _parts(found, len(found.cases)), max(found.cases, default=0)
    cells = [
        Cell(str(n), f"v-{_shade(n / most if most else 0)}", _VISITS.format(part=part, n=n))
        for part, n in zip(parts, found.cases, strict=True)
    ]
    return Band(
        label=Text(clean(label.en), clean(label.zh)),
        path=clean(found.path),
        lower=number(found.parts[0]),
        upper=number(found.parts[-1]),
        unit=clean(found.unit or ""),
        cells=tuple(cells),
        visited=sum(n > 0 for n in found.cases),
    )


def _parts(found: RangeCoverage, count: int) -> list[str]:
    """What each of ``count`` parts of a dimension is called: its ends, or its choices."""
    held = len(found.cases)
    if len(found.parts) == held:  # choices
        of = [[number(v) for i, v in enumerate(found.parts) if i * count // held == part] for part in range(count)]
        return [" ".join(values) for values in of]
    ends = [number(found.parts[-(-part * held // count)]) for part in range(count + 1)]
    return [f"{low}{BETWEEN}{high}" for low, high in pairwise(ends)]


def _start(part: str) -> str:
    """A part by its lower end alone, to keep tables narrow."""
    low, between, _ = part.partition(BETWEEN)
    return f"≥ {low}" if between else part


def _map(record: Record, found: LimitMap, bands: dict[str, Band], dimensions: Sequence[RangeCoverage]) -> Map:
    across, down = (next(d for d in dimensions if d.path == path) for path in (found.first, found.second))
    rule = record.header.pack.rules.get(found.rule)
    columns, rows = _parts(across, len(found.least[0])), _parts(down, len(found.least))
    figures = [
        (m, column, name)
        for row, name in zip(found.least, rows, strict=True)
        for m, column in zip(row, columns, strict=True)
        if m is not None
    ]
    largest = max(abs(m) for m, _, _ in figures) or 1.0
    made = [
        (_start(name), tuple(_near(m, largest, f"{column}; {name}") for m, column in zip(row, columns, strict=True)))
        for name, row in zip(rows, found.least, strict=True)
    ]
    return Map(
        rule=Text(clean(rule.title.en), clean(rule.title.zh)) if rule else Text(clean(found.rule), clean(found.rule)),
        across=bands[found.first],
        down=bands[found.second],
        told=" + ".join(f"{share * 100:.0f} %" for share in found.told),
        rows=tuple(reversed(made)),
        columns=tuple(map(_start, columns)),
        nearest=min(figures),
    )


def _known(row: Sequence[float | None]) -> bool:
    return any(margin is not None for margin in row)


def _near(margin: float | None, largest: float, part: str) -> Cell:
    if margin is None:
        return Cell("–", "v-0", _EMPTY.format(part=part))
    shown = number(margin, places=3)
    kind = "n-broken" if margin < 0 else f"n-{_shade(1 - margin / largest)}"
    return Cell(shown, kind, _MARGIN.format(part=part, margin=shown))


def _shade(share: float) -> int:
    """A step of colour: 0 for nothing at all, then 1 to `SHADES`."""
    return 0 if share <= 0 else min(int(share * SHADES) + 1, SHADES)


def covered_lines(record: Record) -> list[Text]:
    """Two lines an operation: how much was exercised, and where the rule nearest to its limit is nearest."""
    said: list[Text] = []
    for one in covered(record):
        inputs, share = len(one.bands), f"{one.share * 100:.0f} %"
        said.append(
            Text(
                f"Covered  {one.operation}: {one.cases} cases; all parts of {one.full} of {inputs} inputs"
                + (f"; {share} of pair cells" if one.least else ""),
                f"覆盖  {one.operation}：{one.cases} 个用例；{inputs} 个输入中 {one.full} 个各段均已覆盖"
                + (f"；成对单元 {share}" if one.least else ""),
            )
        )
        said += [_nearest(near) for near in one.maps[:1]]
    return said


def _nearest(near: Map) -> Text:
    margin, across, down = near.nearest
    figure, title = number(margin, places=3), Text(fit(near.rule.en, 28), fit(near.rule.zh, 28))
    return Text(
        f"Nearest  {title.en} ({figure}): {near.across.label.en} {across}, {near.down.label.en} {down}",
        f"最近  {title.zh}（{figure}）：{near.across.label.zh} {across}，{near.down.label.zh} {down}",
    )
