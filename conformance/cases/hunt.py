"""The hunt for the worst case: ask and tell on the normalised margins of several rules at once.

Every call serves every rule. A rule gets its share of the calls by how near it is to its limit, unbroken ones first.
For one rule, four ways of proposing the next point compete, and the one that lately lowered the margin most is used
most: CMA-ES, block mutation of a worst point, a local step from it, and a fresh point of mixed granularity.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

import numpy as np
from attrs import define, field

from conformance.cases.descent import Descent
from conformance.cases.dimension import Point, Value, groups
from conformance.cases.mixed import pieces
from conformance.cases.space import Space

_KEPT: Final = 6
"""Worst points kept per rule: parents of mutations and starts of descents."""
_FORGET: Final = 0.9
"""What is left of an old gain at each use of a way."""
_EXPLORE: Final = 0.15
_BROKEN_SHARE: Final = 0.2
_TRIES: Final = 20
"""Proposals that were already judged, before a stage is taken for exhausted."""

Margins = Mapping[str, float | None]
"""Rule to normalised margin; None where the case says nothing of the rule."""


@define
class _Quarry:
    """What is known of one rule."""

    rule: str
    worst: list[tuple[float, int, Point]] = field(factory=list)
    """(margin, order of arrival, point), lowest margin first."""
    spent: int = 0
    idle: int = 0
    """Calls spent since the margin last fell."""
    gains: dict[str, float] = field(factory=dict)
    descent: Descent | None = None
    starts: int = 0

    @property
    def margin(self) -> float:
        """Lowest margin seen."""
        return self.worst[0][0] if self.worst else math.inf

    def learn(self, point: Point, margin: float, order: int) -> float:
        """Keep a judged point; by how much it lowered the margin, in units of scale (0 if it did not)."""
        gain = max(self.margin - margin, 0.0) if self.worst else 0.0
        if all(point != kept for _, _, kept in self.worst):
            insort(self.worst, (margin, order, point), key=lambda w: w[:2])
            del self.worst[_KEPT:]
        return gain


class Hunt:
    """Ask and tell. The same seed, asks and tells give the same points; tell in the order of the case numbers."""

    def __init__(self, space: Space, rules: Sequence[str], *, seed: str, budget: int) -> None:
        """``budget`` is the number of points that will be asked for at most."""
        self._space = space
        self._quarries = {rule: _Quarry(rule) for rule in rules}
        self._rng = Random(f"hunt/{seed}")  # noqa: S311 - cases, not secrets
        self._left = budget
        self._judged: dict[Point, Margins] = {}
        self._asked: dict[Point, tuple[str, str, np.ndarray | None]] = {}
        self._groups = list(groups(space.dimensions).values())
        self._numeric = np.array([n for n, d in enumerate(space.dimensions) if d.numeric], dtype=int)
        self._ways: dict[str, Callable[[_Quarry], tuple[Point, np.ndarray | None]]] = {
            "block": self._block,
            "step": self._step,
            "mixed": self._mixed,
        }
        if len(self._numeric) > 1:
            self._ways["descent"] = self._descent

    @property
    def left(self) -> int:
        """Points that may still be asked for."""
        return self._left

    def ask(self, n: int) -> list[Point]:
        """Up to ``n`` points that were not asked before; fewer when the budget or the space is used up."""
        asked: list[Point] = []
        for _ in range(min(n, self._left)):
            point = self._propose()
            if point is None:
                break
            asked.append(point)
        self._left -= len(asked)
        return asked

    def tell(self, results: Sequence[tuple[Point, Margins]]) -> None:
        """What became of points: of this hunt, or of any stage before it, which give it its start."""
        for point, margins in results:
            self._judged[point] = margins
            source = self._asked.pop(point, None)
            order = len(self._judged)
            for rule, quarry in self._quarries.items():
                margin = margins.get(rule)
                known = margin is not None and math.isfinite(margin)
                gain = quarry.learn(point, margin, order) if known and margin is not None else 0.0
                if gain > 0:
                    quarry.idle = 0
                if source is not None and source[0] == rule:
                    self._credit(quarry, source[1], gain)
                    if source[2] is not None and quarry.descent is not None:
                        quarry.descent.tell(source[2], margin if known else None)

    def worst(self, rule: str) -> tuple[Point, float] | None:
        """The point of the lowest margin of ``rule`` so far, and that margin."""
        kept = self._quarries[rule].worst
        return (kept[0][2], kept[0][0]) if kept else None

    def _credit(self, quarry: _Quarry, way: str, gain: float) -> None:
        scale = max(abs(quarry.margin), 1e-3)
        quarry.gains[way] = _FORGET * quarry.gains.get(way, 0.0) + (1 - _FORGET) * min(gain / scale, 1.0)
        quarry.idle += gain <= 0

    def _propose(self) -> Point | None:
        if not self._space.dimensions:
            return None
        for _ in range(_TRIES):
            quarry = self._next_rule()
            way = self._next_way(quarry)
            point, shares = self._ways[way](quarry) if quarry.worst else self._mixed(quarry)
            quarry.spent += 1
            known = self._judged.get(point)
            if known is None and point not in self._asked:
                self._asked[point] = (quarry.rule, way, shares)
                return point
            if known is not None and shares is not None and quarry.descent is not None:
                quarry.descent.tell(shares, known.get(quarry.rule))  # judged before: no call needed
        for _ in range(_TRIES):
            point = self._space.mixed(self._rng)
            if point not in self._judged and point not in self._asked:
                self._asked[point] = ("", "mixed", None)
                return point
        return None

    def _next_rule(self) -> _Quarry:
        """The rule whose calls lag most behind its share: 1, 1/2, 1/3 ... by nearness to the limit."""

        def rank(quarry: _Quarry) -> tuple[bool, bool, float]:
            return (not quarry.worst, quarry.margin < 0, abs(quarry.margin) if quarry.margin >= 0 else quarry.margin)

        ranked = sorted(self._quarries.values(), key=rank)
        shares = {}
        for place, quarry in enumerate(ranked):
            share = 1 / (place + 1)
            share *= _BROKEN_SHARE if quarry.margin < 0 or not quarry.worst else 1.0
            shares[quarry.rule] = share / (1 + quarry.idle / 200)
        return min(ranked, key=lambda q: (q.spent + 1) / shares[q.rule])

    def _next_way(self, quarry: _Quarry) -> str:
        ways = list(self._ways)
        weights = [quarry.gains.get(way, 0.0) for way in ways]
        total = sum(weights)
        if total <= 1e-6:
            weights = [4.0 if way == "descent" else 1.0 for way in ways]
            total = sum(weights)
        floor = _EXPLORE / len(ways)
        return self._rng.choices(ways, [floor + (1 - _EXPLORE) * w / total for w in weights])[0]

    def _parent(self, quarry: _Quarry) -> Point:
        """One of the worst points, the worst most often."""
        kept = quarry.worst
        return kept[min(int(self._rng.expovariate(1.0)), len(kept) - 1)][2]

    def _mixed(self, quarry: _Quarry) -> tuple[Point, None]:
        return self._space.mixed(self._rng), None

    def _block(self, quarry: _Quarry) -> tuple[Point, None]:
        """A run or a random part of one field of a worst point goes to an end, to nominal, or anywhere."""
        rng, values = self._rng, list(self._parent(quarry))
        numbers = rng.choice(self._groups)
        run: Sequence[int] = rng.choice(pieces(numbers, rng.randint(1, len(numbers))))
        if not self._space.dimensions[numbers[0]].numeric:
            run = [rng.choice(numbers)]  # a run of units out at once is mostly a request that nobody can meet
        elif rng.random() < 0.5:
            run = rng.sample(numbers, len(run))
        way, share = rng.randrange(4), rng.random()
        for number in run:
            dimension = self._space.dimensions[number]
            fixed: tuple[Value, ...] = (dimension.lower, dimension.upper, dimension.nominal)
            values[number] = fixed[way] if way < 3 else dimension.of_unit(share)
        return tuple(values), None

    def _step(self, quarry: _Quarry) -> tuple[Point, None]:
        """A few values of a worst point move a little, by a step whose size is drawn anew over three decades."""
        rng, values = self._rng, list(self._parent(quarry))
        few = rng.sample(range(len(values)), min(len(values), rng.choice((1, 1, 2, 3))))
        size = 10 ** rng.uniform(-3, -0.3)
        for number in few:
            dimension = self._space.dimensions[number]
            if dimension.numeric:
                values[number] = dimension.of_unit(dimension.unit_of(values[number]) + rng.gauss(0, size))
            else:
                values[number] = rng.choice(dimension.choices)
        return tuple(values), None

    def _descent(self, quarry: _Quarry) -> tuple[Point, np.ndarray | None]:
        """The next point of CMA-ES over the numeric dimensions; the others stay as in the point it started from."""
        if quarry.descent is None or quarry.descent.over:
            parent = quarry.worst[quarry.starts % len(quarry.worst)][2]
            start = self._space.unit(parent)[self._numeric]
            quarry.descent = Descent(start, parent, restart=quarry.starts, seed=self._rng.getrandbits(32))
            quarry.starts += 1
        shares = quarry.descent.ask()
        values = list(quarry.descent.parent)
        for number, share in zip(self._numeric, shares, strict=True):
            values[number] = self._space.dimensions[number].of_unit(float(share))
        return tuple(values), shares
