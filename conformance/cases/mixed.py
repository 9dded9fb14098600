"""Mixed granularity with extremes: each field in 1, 2, 4, 5, 10 or 20 pieces or singly, half of them at an end.

It finds most violations before an optimiser has its first generation (tests/quality measures it).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from conformance.cases.dimension import Dimension, Point, Value, groups

_PIECES: Final = (1, 2, 4, 5, 10, 20)


def pieces(numbers: Sequence[int], count: int) -> list[Sequence[int]]:
    """``numbers`` cut into ``count`` runs of as equal length as can be."""
    total = len(numbers)
    return [numbers[i * total // count : (i + 1) * total // count] for i in range(count)]


def mixed(dimensions: Sequence[Dimension], *, rng: Random) -> Point:
    """One point. Fields with choices stay nominal, change in one element, or are drawn by weight, in equal shares."""
    values: list[Value] = [d.nominal for d in dimensions]
    for numbers in groups(dimensions).values():
        if dimensions[numbers[0]].numeric:
            allowed = [p for p in _PIECES if p < len(numbers)] + [len(numbers)]
            for run in pieces(numbers, rng.choice(allowed)):
                share = float(rng.random() < 0.5) if rng.random() < 0.5 else rng.random()
                for number in run:
                    values[number] = dimensions[number].of_unit(share)
            continue
        way = rng.randrange(3)
        if way == 1:
            number = rng.choice(numbers)
            values[number] = rng.choice(dimensions[number].ends)
        elif way == 2:
            for number in numbers:
                values[number] = dimensions[number].drawn(rng.getrandbits(53))
    return tuple(values)
