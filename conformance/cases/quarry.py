"""What the hunt knows of one rule: its worst points, which values matter, and which way of proposing pays."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final

import numpy as np
from attrs import define, field

from conformance.cases.dimension import Point

_KEPT: Final = 12
"""Worst points kept: parents of the next ones."""
_FORGET: Final = 0.9
"""What is left of an old gain at each use of a way."""
_EXPLORE: Final = 0.25
"""Share of the proposals that all ways have in equal parts."""
_ENTERS: Final = 0.05
"""Gain of a point that joins the worst without being the worst."""
_PRIOR: Final = 0.1
"""Gain of a way that was not used yet."""


@define
class Quarry:
    """One rule. A chase is what lies between two restarts: a pool of worst points of its own."""

    rule: str
    size: int
    """Dimensions of the space."""
    spent: int = 0
    idle: int = 0
    """Calls spent on this rule since the chase last got worse."""
    chases: int = 0
    worst: tuple[float, Point] | None = None
    """Lowest margin ever and where."""
    pool: list[tuple[float, int, Point]] = field(factory=list)
    """(margin, less for later ones, point) of this chase, lowest margin first: on a plateau the pool drifts."""
    gains: dict[str, float] = field(factory=dict)
    flat: bool = True
    """Whether all margins so far are the same, or there are none: nothing leads anywhere."""
    slopes: dict[int, float] = field(factory=dict)
    """Dimension to the change of the margin over its whole range, from the last two points that differ in it alone."""
    _moved: np.ndarray = field(init=False)
    _tried: np.ndarray = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._moved, self._tried = np.zeros(self.size), np.zeros(self.size)

    @property
    def margin(self) -> float:
        """Lowest margin ever seen."""
        return math.inf if self.worst is None else self.worst[0]

    @property
    def stale(self) -> bool:
        """Whether the chase should begin anew."""
        return self.idle > 60 + 3 * self.size

    def learn(self, point: Point, margin: float, order: int) -> float:
        """Keep a judged point; how much that is worth, from 0 to 1."""
        self.flat = self.flat and (self.worst is None or margin == self.worst[0])
        if margin < self.margin:
            self.worst = (margin, point)
        before = self.pool[0][0] if self.pool else math.inf
        last = self.pool[-1][0] if len(self.pool) >= _KEPT else math.inf
        insort(self.pool, (margin, -order, point), key=lambda w: w[:2])
        del self.pool[_KEPT:]
        if margin < before:
            self.idle = 0
            return 1.0
        return _ENTERS if margin < last else 0.0

    def credit(self, way: str, gain: float) -> None:
        """What a proposal of ``way`` was worth."""
        self.gains[way] = _FORGET * self.gains.get(way, _PRIOR) + (1 - _FORGET) * gain

    def compare(self, moves: Mapping[int, float], margin: float, its: float) -> None:
        """Learn which values matter: by ``moves`` (dimension to share of its range) the margin became ``its``."""
        numbers = list(moves)
        if not numbers or len(numbers) > max(self.size // 4, 3):
            return
        if len(numbers) == 1:
            self.slopes |= {n: (its - margin) / share for n, share in moves.items() if share}
        change = min(abs(its - margin), 1.0 + abs(margin))
        self._moved[numbers] += change / len(numbers)
        self._tried[numbers] += 1

    def weights(self) -> Sequence[float]:
        """How much each dimension seems to matter, at least a tenth of the mean; untried ones like the mean of all."""
        tried = self._tried > 0
        if not tried.any() or not self._moved.any():
            return [1.0] * self.size
        mean = self._moved[tried] / self._tried[tried]
        found = np.full(self.size, mean.mean())
        found[tried] = mean
        return [float(weight) for weight in found / found.mean() + 0.1]

    def choose(self, ways: Sequence[str], rng: Random) -> str:
        """A way, by what each lately gained; all get a part."""
        weights = [self.gains.get(way, _PRIOR) for way in ways]
        total = sum(weights)
        floor = _EXPLORE / len(ways)
        return rng.choices(ways, [floor + (1 - _EXPLORE) * w / total for w in weights])[0]

    def restart(self, known: Iterable[tuple[float, int, Point]], rng: Random) -> None:
        """Begin a new chase with the worst of a random half of all that is known."""
        half = [k for k in known if rng.random() < 0.5]
        self.pool = sorted(half, key=lambda w: w[:2])[:_KEPT] or self.pool
        self.idle, self.chases = 0, self.chases + 1
        self.gains.clear()
