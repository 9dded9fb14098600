"""One descent of CMA-ES in the unit box, on margins, tolerant of answers that come late or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conformance.cases.dimension import Point
from conformance.cases.space import Space

_FULL = 150
"""Up to so many dimensions the whole covariance is learned; above, only its diagonal."""
_WALL = 1e-3
"""Penalty per squared distance outside the box: the ends of ranges are reached, and not left far behind."""


class Descent:
    """Minimises a margin from a point in some numeric dimensions; the other values stay."""

    def __init__(self, space: Space, start: Point, numbers: Sequence[int], *, restart: int, seed: int) -> None:
        """``numbers`` are the dimensions. Restarts alternate between wide steps with a growing population and narrow
        ones around the start.
        """
        from cmaes import CMA, SepCMA  # type: ignore[import-untyped]  # slow to import: it brings scipy

        self._space, self._start, self._numbers = space, start, numbers
        count = len(numbers)
        wide = restart % 2 == 0
        size = 4 + int(3 * np.log(count))
        kind = CMA if count <= _FULL else SepCMA
        self._cma = kind(
            mean=space.unit(start)[list(numbers)],
            sigma=0.2 if wide else 0.08,
            seed=seed,
            population_size=size * (1 + restart // 4) if wide else size,
        )
        self._told: list[tuple[np.ndarray, float]] = []
        self._best = np.inf
        self._stale = 0
        self._patience = 10 + 30 * count // size

    @property
    def over(self) -> bool:
        """Whether it has converged, or has not fallen for many generations."""
        return self._stale > self._patience or self._cma.should_stop()

    def ask(self) -> tuple[Point, np.ndarray]:
        """The next point, and the shares to `tell` it by; those outside [0, 1] mean the ends."""
        shares, values = np.asarray(self._cma.ask()), list(self._start)
        for number, share in zip(self._numbers, shares, strict=True):
            values[number] = self._space.dimensions[number].of_unit(float(share))
        return tuple(values), shares

    def tell(self, shares: np.ndarray, margin: float | None) -> None:
        """The margin at an asked point. None ranks last, so that the search leaves where nothing can be judged."""
        outside = shares - np.clip(shares, 0.0, 1.0)
        value = (1e6 if margin is None else margin) + _WALL * float(outside @ outside)
        self._told.append((shares, value))
        if len(self._told) < self._cma.population_size:
            return
        lowest = min(value for _, value in self._told)
        self._stale = 0 if lowest < self._best - 1e-9 else self._stale + 1
        self._best = min(self._best, lowest)
        told, self._told = self._told, []
        self._cma.tell(told)
