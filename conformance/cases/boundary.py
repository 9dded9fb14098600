"""Cases at the ends of ranges: one field or field group at a time, all together, and every pair of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

import numpy as np

from conformance.cases.dimension import Dimension, Point, Value, groups

_SINGLY: Final = 40
"""Up to so many dimensions are paired one by one; above, whole fields are."""
_TRIALS: Final = 8
"""Candidate rows for each row of the pairwise cover; the best is taken."""


def levels(dimension: Dimension) -> tuple[Value, ...]:
    """Nominal, then the ends: (nominal, lower, upper), or nominal and every other choice."""
    return (dimension.nominal, *dimension.ends)


def boundary(dimensions: Sequence[Dimension]) -> Iterator[Point]:
    """Points at the ends, each once, nominal left out: all low, all high, each field low or high, each value alone.

    A dimension with choices takes part with each choice that is not nominal.
    """
    nominal: Point = tuple(d.nominal for d in dimensions)
    seen = {nominal}
    sets = [list(range(len(dimensions))), *groups(dimensions).values(), *([n] for n in range(len(dimensions)))]
    for numbers in sets:
        if not numbers:
            continue
        for level in range(max(len(dimensions[n].ends) for n in numbers)):
            values = list(nominal)
            for number in numbers:
                ends = dimensions[number].ends
                if len(numbers) == len(dimensions) > 1 and not dimensions[number].numeric:
                    continue  # all low is about figures; every unit out at once would be another test
                values[number] = ends[min(level, len(ends) - 1)] if ends else values[number]
            point = tuple(values)
            if point not in seen:
                seen.add(point)
                yield point


def factors(dimensions: Sequence[Dimension]) -> list[list[int]]:
    """What is paired: each dimension, or, where they are many, each field whole."""
    return list(groups(dimensions).values()) if len(dimensions) > _SINGLY else [[n] for n in range(len(dimensions))]


def pairwise(dimensions: Sequence[Dimension], *, seed: str) -> Iterator[Point]:
    """Points in which every pair of levels of every two `factors` stands at least once.

    Greedy: a row begins with a pair that is still missing, and each further factor takes the level that covers most
    missing pairs; the best of some trials is kept. A number of distinct points near the least possible.
    """
    table = factors(dimensions)
    sizes = [max(len(levels(dimensions[n])) for n in numbers) for numbers in table]
    for row in cover(sizes, rng=Random(f"pairwise/{seed}")):  # noqa: S311 - cases, not secrets
        values: list[Value] = [d.nominal for d in dimensions]
        for numbers, level in zip(table, row, strict=True):
            for number in numbers:
                of = levels(dimensions[number])
                values[number] = of[min(level, len(of) - 1)]
        yield tuple(values)


def cover(sizes: Sequence[int], *, rng: Random) -> Iterator[list[int]]:
    """Rows of levels (``sizes[f]`` of factor f) that hold every pair of levels of every two factors."""
    starts = np.concatenate(([0], np.cumsum(sizes)))
    owner = np.repeat(np.arange(len(sizes)), sizes)
    missing = owner[:, None] != owner[None, :]
    while missing.any():
        rows = np.argwhere(missing)
        trials = [_row(missing, starts, rows[rng.randrange(len(rows))], owner, rng) for _ in range(_TRIALS)]
        best = max(trials, key=lambda row: int(missing[np.ix_(row, row)].sum()))
        missing[np.ix_(best, best)] = False
        yield [int(cell - starts[f]) for f, cell in enumerate(best)]


def _row(missing: np.ndarray, starts: np.ndarray, pair: np.ndarray, owner: np.ndarray, rng: Random) -> list[int]:
    """One row as a cell (level of a factor) per factor, grown from ``pair``."""
    row = {int(owner[cell]): int(cell) for cell in pair}
    gains = missing[:, list(row.values())].sum(axis=1)
    order = [f for f in range(len(starts) - 1) if f not in row]
    rng.shuffle(order)
    for f in order:
        cells = range(int(starts[f]), int(starts[f + 1]))
        row[f] = max(cells, key=lambda cell: (int(gains[cell]), rng.random()))
        gains = gains + missing[:, row[f]]
    return [row[f] for f in range(len(starts) - 1)]
