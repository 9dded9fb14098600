"""Shrinks a counterexample toward nominal, or another target: few values off it first, then no further than needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import numpy as np
from attrs import frozen

from conformance.cases.dimension import Point, groups
from conformance.cases.space import Space
from conformance.model.json import digest

StillBroken: TypeAlias = Callable[[list[Point]], list[bool]]
"""Whether the same rule is still broken (with its feasibility witness) at each point."""

_FEW: Final = 3
"""With so few values off nominal, no other order is tried."""


@frozen
class Shrunk:
    """A smaller counterexample."""

    point: Point
    calls: int
    """Points that were judged on the way."""
    left: int
    """Values off nominal."""


class _Budget(Exception):
    """No calls are left."""


class _Shrinker:
    def __init__(self, space: Space, point: Point, target: Point, still_broken: StillBroken, budget: int) -> None:
        self.space, self.target, self.best = space, target, point
        self.still_broken, self.budget, self.calls = still_broken, budget, 0
        self.known: dict[Point, bool] = {point: True}

    def broken(self, points: Sequence[Point]) -> list[bool]:
        """Judge points, each once; keeps the smallest broken one."""
        fresh = list(dict.fromkeys(p for p in points if p not in self.known))
        if len(fresh) > self.budget - self.calls:
            raise _Budget
        if fresh:
            self.calls += len(fresh)
            for point, answer in zip(fresh, self.still_broken(fresh), strict=True):
                self.known[point] = answer
                if answer and len(self.off(point)) < len(self.off(self.best)):
                    self.best = point
        return [self.known[p] for p in points]

    def off(self, point: Point) -> list[int]:
        """Numbers of the values off nominal."""
        return [n for n, (value, nominal) in enumerate(zip(point, self.target, strict=True)) if value != nominal]

    def only(self, point: Point, numbers: Sequence[int]) -> Point:
        """``point`` with all but ``numbers`` at nominal."""
        kept = set(numbers)
        return tuple(value if n in kept else self.target[n] for n, value in enumerate(point))

    def fields(self, point: Point) -> Point:
        """The smallest single field, or point without one field, that is still broken."""
        off = set(self.off(point))
        blocks = [b for numbers in groups(self.space.dimensions).values() if (b := [n for n in numbers if n in off])]
        if len(blocks) < 2:
            return point
        candidates = [self.only(point, b) for b in blocks]
        broken = [c for c, is_broken in zip(candidates, self.broken(candidates), strict=True) if is_broken]
        if broken:
            return min(broken, key=lambda c: len(self.off(c)))
        for block in sorted(blocks, key=len, reverse=True):
            without = self.only(point, [n for n in self.off(point) if n not in set(block)])
            if self.broken([without])[0]:
                point = without
        return point

    def fewest(self, point: Point, order: Sequence[int]) -> Point:
        """Needed values, found one at a time: the shortest broken beginning of ``order`` ends with a needed one.

        About log2(len(order)) calls for each value that is left. ``order`` holds all values off nominal.
        """
        needed: list[int] = []
        rest = list(order)
        while rest and not self.broken([self.only(point, needed)])[0]:
            low, high = 0, len(rest)  # broken with rest[:high], not with rest[:low]
            while high - low > 1:
                middle = (low + high) // 2
                if self.broken([self.only(point, [*needed, *rest[:middle]])])[0]:
                    high = middle
                else:
                    low = middle
            needed.append(rest[high - 1])
            rest = rest[: high - 1]
        return self.only(point, needed)

    def amounts(self, point: Point) -> Point:
        """Each value that is left moves toward nominal as far as the rule stays broken, to its resolution."""
        for number in self.off(point):
            dimension = self.space.dimensions[number]
            if not dimension.numeric:
                continue
            good, bad = dimension.cell(self.target[number]), dimension.cell(point[number])
            while abs(bad - good) > 1:
                middle = (good + bad) // 2
                closer = (*point[:number], dimension.at(middle), *point[number + 1 :])
                if self.broken([closer])[0]:
                    point, bad, self.best = closer, middle, closer
                else:
                    good = middle
        return point

    def largest_first(self, point: Point) -> list[int]:
        """Numbers of the values off nominal by the share of the range that they moved, then by how far."""
        moved = np.abs(self.space.unit(point) - self.space.unit(self.target)).round(2)

        def size(number: int) -> tuple[float, float]:
            numeric = self.space.dimensions[number].numeric
            return moved[number], abs(float(point[number]) - float(self.target[number])) if numeric else 0.0

        return sorted(self.off(point), key=size, reverse=True)

    def pushed(self, point: Point) -> Point:
        """``point`` with each value off nominal at the end of its range on that side."""
        values = list(point)
        for number in self.off(point):
            dimension = self.space.dimensions[number]
            if dimension.numeric:
                above = float(point[number]) > float(self.target[number])
                values[number] = dimension.upper if above else dimension.lower
        return tuple(values)

    def run(self, amounts: bool) -> None:
        """All steps, until the budget ends."""
        point = self.fields(self.best)
        self.fewest(point, self.largest_first(point))
        far = self.pushed(point)
        if len(self.off(self.best)) > _FEW and self.broken([far])[0]:
            kept = set(self.off(self.best))
            self.fewest(far, sorted(self.largest_first(far), key=lambda n: n not in kept))
            point = far
        if len(self.off(self.best)) > _FEW:
            self.fewest(point, sorted(self.off(point), key=lambda n: digest([n])))
        if amounts:
            self.amounts(self.best)


def shrink(
    space: Space,
    point: Point,
    still_broken: StillBroken,
    *,
    budget: int,
    amounts: bool = True,
    target: Point | None = None,
) -> Shrunk:
    """A counterexample near ``target`` (nominal), from ``point``, at which the rule is broken; that is not asked again.

    ``still_broken`` is asked in batches, for ``budget`` points at most, never twice for one, in an order that its
    answers alone decide. With ``amounts`` the values that are left also move toward ``target``, so that the result lies
    close to the limit. The result is ``point`` itself or was judged broken.
    """
    shrinker = _Shrinker(space, point, space.nominal if target is None else target, still_broken, budget)
    with suppress(_Budget):
        shrinker.run(amounts)
    return Shrunk(shrinker.best, shrinker.calls, len(shrinker.off(shrinker.best)))
