"""Shrinks a counterexample that is a sequence: to few values off nominal, few calls, and nothing before it matters."""

from __future__ import annotations

from typing import Final

from conformance.cases.dimension import Point
from conformance.cases.shrink import Shrunk, StillBroken, shrink
from conformance.cases.space import Space

_FEWER: Final = 0.5
"""Share of the budget for leaving values out; the rest is for a later beginning, fewer calls and nearer values."""
_UNBOUNDED: Final = 1000
"""Of questions that were answered before, or that no budget is left for: they cost no call."""


def shrink_sequence(space: Space, point: Point, still_broken: StillBroken, *, budget: int) -> Shrunk:
    """As `shrink` does, toward a single call: few values off nominal, the latest beginning, then few calls.

    ``still_broken`` is asked for ``budget`` points at most, never twice for one. The result is ``point`` itself or was
    judged broken. A space without a length shrinks as ever.
    """
    known = {point: True}
    most = 1 + round(budget * _FEWER)

    def broken(points: list[Point]) -> list[bool]:
        fresh = [p for p in points if p not in known][: most - len(known)]
        if fresh:
            known.update(zip(fresh, still_broken(fresh), strict=True))
        return [known.get(p, False) for p in points]  # what there is no budget for is left as it was

    few = shrink(space.shortest, point, broken, budget=_UNBOUNDED, amounts=False).point
    most = 1 + budget
    begun = _earlier(space, few)
    late = next((p for p, is_broken in zip(begun, broken(begun), strict=True) if is_broken), few)
    shrunk = shrink(space.shortest, late, broken, budget=_UNBOUNDED)
    return Shrunk(shrunk.point, len(known) - 1, shrunk.left)


def _earlier(space: Space, point: Point) -> list[Point]:
    """``point`` begun by so many knots later that a value off nominal still stands, the latest beginning first."""
    signals = [numbers for numbers in space.groups.values() if space.dimensions[numbers[0]].path.endswith("[knot=0]")]
    if not any(d.length for d in space.dimensions):
        return []
    off = [place for numbers in signals for place, n in enumerate(numbers) if point[n] != space.nominal[n]]
    return [_begun(space, point, signals, by) for by in range(min(off, default=0), 0, -1)]


def _begun(space: Space, point: Point, signals: list[list[int]], by: int) -> Point:
    values = list(point)
    for numbers in signals:
        for number, later in zip(numbers, [*numbers[by:], *[None] * by], strict=False):
            values[number] = space.nominal[number] if later is None else point[later]
    return tuple(values)
