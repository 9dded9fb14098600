"""What was exercised of an input space, and where each rule is nearest to its limit; in flat memory.

Points are gathered in blocks and counted with numpy. A range is cut in tenths of its grid, in pairs in fifths; choices
stand for themselves, in pairs by fifths of their list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from conformance.cases.dimension import Dimension, Point, groups
from conformance.cases.space import Space
from conformance.model.run import LimitMap, OperationCoverage, PairCoverage, RangeCoverage

PARTS = 10
"""Parts of the range of one dimension."""
SIDE = 5
"""Parts of a dimension in a pair."""
MOST_DIMENSIONS = 40
"""With more dimensions pairs are of fields, each by the mean of its elements: 68 dimensions have 2,278 pairs."""
BLOCK = 256
"""Points that are gathered before they are counted."""
LEARN = 1024
"""Cases after which it is settled which two dimensions tell most of a rule's margin; until then they are kept."""
DIGITS = 4
"""Significant digits of the margins that are reported."""

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Coverage:
    """Counts what is exercised of an input space inside its declared envelope.

    Memory depends on the numbers of dimensions and rules, not on that of cases.
    """

    def __init__(self, space: Space, rules: Sequence[str]) -> None:
        """``rules`` are those whose margins are followed."""
        self._space = space
        self._rules = tuple(rules)
        self._dimensions = dimensions = space.declared.dimensions
        self._sizes = np.array([d.count for d in dimensions], dtype=np.intp)
        self._parts = np.array([_parts(d) for d in dimensions], dtype=np.intp)
        self._starts = np.concatenate([[0], np.cumsum(self._parts)])[:-1].astype(np.intp)
        self._counts = np.zeros(int(self._parts.sum()), dtype=np.int64)
        self._least = np.full((len(self._rules), len(self._counts)), np.inf)
        self._axes = _axes(dimensions)
        self._first, self._second = np.triu_indices(len(self._axes), k=1)
        self._visited = np.zeros((len(self._first), SIDE * SIDE), dtype=bool)
        self._points: list[Point] = []
        self._margins: list[list[float]] = []
        self._learning: list[tuple[Indices, Floats]] = []
        self._maps: dict[int, _Map] | None = None
        self._cases = 0

    def add(self, point: Point, margins: Mapping[str, float | None]) -> None:
        """Count a case at ``point``; ``margins`` are the normalised ones by rule, None where nothing is known.

        A point outside the declared envelope is passed over: nothing is claimed there.
        """
        if not self._space.inside(point):
            return
        self._points.append(point)
        self._margins.append([np.nan if (m := margins.get(rule)) is None else m for rule in self._rules])
        if len(self._points) == BLOCK:
            self._flush()

    def summary(self, operation: str) -> OperationCoverage:
        """What was covered so far, for the record."""
        self._flush()
        maps = self._maps if self._maps is not None else self._settled()
        return OperationCoverage(
            operation=operation,
            cases=self._cases,
            declared=self._space.enveloped,
            dimensions=tuple(map(self._range, range(len(self._dimensions)))),
            pairs=tuple(
                PairCoverage(a.name, b.name, int(seen), a.sides * b.sides)
                for a, b, seen in zip(
                    [self._axes[i] for i in self._first],
                    [self._axes[i] for i in self._second],
                    self._visited.sum(axis=1),
                    strict=True,
                )
            ),
            by_field=len(self._dimensions) > MOST_DIMENSIONS,
            maps=tuple(self._map(rule, of) for rule, of in maps.items()),
        )

    def _flush(self) -> None:
        if not self._points or not self._dimensions:
            return
        cells, margins = self._cells(), np.array(self._margins)
        self._points, self._margins = [], []
        self._cases += len(cells)
        flat = self._starts + cells * self._parts // self._sizes
        self._counts += np.bincount(flat.ravel(), minlength=len(self._counts))
        for least, of in zip(self._least, margins.T, strict=True):
            known = ~np.isnan(of)
            np.minimum.at(least, flat[known].ravel(), np.repeat(of[known], flat.shape[1]))
        sides = np.stack([axis.side(cells, self._sizes) for axis in self._axes], axis=1)
        pair = sides[:, self._first] * SIDE + sides[:, self._second]
        self._visited[np.broadcast_to(np.arange(pair.shape[1]), pair.shape), pair] = True
        fifths = cells * np.minimum(self._sizes, SIDE) // self._sizes
        if self._maps is None:
            self._learning.append((fifths, margins))
            if self._cases >= LEARN:
                self._maps, self._learning = self._settled(), []
        else:
            for rule, of_rule in self._maps.items():
                of_rule.add(fifths, margins[:, rule])

    def _cells(self) -> Indices:
        """Of each gathered point and dimension the number of its value on the grid, from 0."""
        columns = zip(self._dimensions, zip(*self._points, strict=True), strict=True)
        return np.stack([_numbers(d, values) for d, values in columns], axis=1)

    def _settled(self) -> dict[int, _Map]:
        """The map of each rule over the two dimensions that tell most of its margin in the cases kept for learning."""
        if not self._learning:
            return {}
        fifths, margins = (np.concatenate(part) for part in zip(*self._learning, strict=True))
        maps = {}
        for rule, of in enumerate(margins.T):
            told = _told(fifths, of)
            if len(told) >= 2 and told.max() > 0:
                first, second = (int(i) for i in np.argsort(-told.round(9), kind="stable")[:2])
                maps[rule] = _Map(first, second, (float(told[first]), float(told[second])))
                maps[rule].add(fifths, of)
        return maps

    def _range(self, number: int) -> RangeCoverage:
        dimension, start, parts = self._dimensions[number], int(self._starts[number]), int(self._parts[number])
        ends = [dimension.at(dimension.first - (-p * dimension.count // parts)) for p in range(parts)]
        least = self._least[:, start : start + parts]
        return RangeCoverage(
            path=dimension.path,
            parts=dimension.choices or (*ends, dimension.upper),
            cases=tuple(int(n) for n in self._counts[start : start + parts]),
            least={rule: _reported(of) for rule, of in zip(self._rules, least, strict=True) if np.isfinite(of).any()},
            label=dimension.label,
            unit=dimension.unit,
        )

    def _map(self, rule: int, of: _Map) -> LimitMap:
        first, second = self._dimensions[of.first], self._dimensions[of.second]
        rows, columns = min(second.count, SIDE), min(first.count, SIDE)
        return LimitMap(
            rule=self._rules[rule],
            first=first.path,
            second=second.path,
            told=(round(of.told[0], 4), round(of.told[1], 4)),
            least=tuple(_reported(row[:columns]) for row in of.least[:rows]),
        )


@frozen
class _Axis:
    """A side of a pair: one dimension, or all of a field."""

    name: str
    members: tuple[int, ...]
    sides: int

    def side(self, cells: Indices, sizes: Indices) -> Indices:
        """In which of its parts each case is, by the mean of its members' shares of their ranges."""
        own, of = cells[:, self.members], sizes[list(self.members)]
        if len(self.members) == 1:
            return np.asarray(own[:, 0] * self.sides // of[0], dtype=np.intp)
        return np.asarray(((own + 0.5) / of).mean(axis=1) * self.sides, dtype=np.intp)


@frozen(eq=False)
class _Map:
    """Least margins over two dimensions, which are given by number."""

    first: int
    second: int
    told: tuple[float, float]
    least: Floats = field(factory=lambda: np.full((SIDE, SIDE), np.inf))

    def add(self, fifths: Indices, margins: Floats) -> None:
        """Take in the margins of one rule."""
        known = ~np.isnan(margins)
        np.minimum.at(self.least, (fifths[known, self.second], fifths[known, self.first]), margins[known])


def _told(fifths: Indices, margins: Floats) -> Floats:
    """Share of the variance of ``margins`` that lies between the fifths of each dimension (correlation ratio).

    Source: K. Pearson, On the General Theory of Skew Correlation, 1905. Empty where margins are not known or all equal.
    """
    known = np.isfinite(margins)
    centred = margins[known] - (margins[known].mean() if known.any() else 0.0)
    whole = float((centred**2).sum())
    if whole <= 0:
        return np.empty(0)
    width = fifths.shape[1]
    flat = (np.arange(width) * SIDE + fifths[known]).ravel()
    size = np.bincount(flat, minlength=width * SIDE)
    total = np.bincount(flat, weights=np.repeat(centred, width), minlength=width * SIDE)
    between = (total**2 / np.maximum(size, 1)).reshape(width, SIDE).sum(axis=1)
    return np.asarray(between / whole, dtype=np.float64)


def _parts(dimension: Dimension) -> int:
    return dimension.count if dimension.choices else min(dimension.count, PARTS)


def _axes(dimensions: Sequence[Dimension]) -> list[_Axis]:
    if len(dimensions) <= MOST_DIMENSIONS:
        return [_Axis(d.path, (number,), min(d.count, SIDE)) for number, d in enumerate(dimensions)]
    return [
        _Axis(name, tuple(of), SIDE if len(of) > 1 else min(dimensions[of[0]].count, SIDE))
        for name, of in groups(dimensions).items()
    ]


def _numbers(dimension: Dimension, values: Sequence[object]) -> Indices:
    """The numbers of ``values`` on the grid of ``dimension``, from 0; of choices, their place in the list."""
    if dimension.choices:
        return np.fromiter(map(dimension.choices.index, values), dtype=np.intp, count=len(values))
    cells = np.rint(np.array(values, dtype=np.float64) / dimension.resolution)
    return np.asarray(np.clip(cells - dimension.first, 0, dimension.count - 1), dtype=np.intp)


def _reported(margins: Floats) -> tuple[float | None, ...]:
    return tuple(float(f"{m:.{DIGITS}g}") if np.isfinite(m) else None for m in margins)
