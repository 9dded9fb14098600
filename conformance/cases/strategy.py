"""Hypothesis on an input space: a strategy of points that shrinks toward nominal, and a driver for proposals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from conformance.cases.dimension import Dimension, Point, Value, groups
from conformance.model.json import sha256

_SCALE: Final = 1000
"""Whole-number steps between nominal and an end: Hypothesis climbs and shrinks whole numbers only."""
_MOVES: Final = 12
"""Few draws whatever the size of the space: Hypothesis caps a case at 8 KiB of choices."""


def _moved(dimension: Dimension, steps: int) -> Value:
    """The value ``steps`` of `_SCALE` from nominal toward an end (or that many choices on)."""
    if not dimension.numeric:
        values = (dimension.nominal, *dimension.ends)
        return values[abs(steps) * len(values) // (_SCALE + 1)]
    if steps == 0:
        return dimension.nominal
    start = dimension.cell(dimension.nominal)
    end = dimension.first if steps < 0 else dimension.last
    return dimension.at(start + round((end - start) * abs(steps) / _SCALE))


def points(dimensions: Sequence[Dimension]) -> st.SearchStrategy[Point]:
    """Points of the space: some runs of elements of a field move together; shrinks to fewer, shorter, nearer moves."""
    members = list(groups(dimensions).values())

    @st.composite
    def moves(draw: st.DrawFn) -> tuple[list[int], int]:
        numbers = members[draw(st.integers(0, len(members) - 1))]
        start = draw(st.integers(0, len(numbers) - 1))
        more = draw(st.integers(0, len(numbers) - 1))
        return numbers[start : start + 1 + more], draw(st.integers(-_SCALE, _SCALE))

    def moved_point(drawn: list[tuple[list[int], int]]) -> Point:
        values: list[Value] = [d.nominal for d in dimensions]
        for run, steps in drawn:
            for number in run:
                values[number] = _moved(dimensions[number], steps)
        return tuple(values)

    return st.lists(moves(), max_size=_MOVES).map(moved_point) if dimensions else st.just(())


def structure(dimensions: Sequence[Dimension], test: Callable[[Point], object], *, seed: str, examples: int) -> None:
    """Let Hypothesis propose up to ``examples`` points to ``test``; the same ones for a seed and a Hypothesis version.

    What ``test`` raises ends the proposals and is passed on. Nothing is stored between runs.
    """
    number = int(sha256(f"structure/{seed}".encode())[:12], 16)

    @seeded(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],  # the system under test is slow, not the strategy
    )
    @given(points(dimensions))
    def propose(point: Point) -> None:
        test(point)

    propose()
