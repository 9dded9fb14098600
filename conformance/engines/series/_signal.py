"""Margins over time: the samples of one ordered group, each an interval, and what is missing between them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike, NDArray

from conformance.errors.temporal import DifferentSamples, FarTime, UnorderedTimes
from conformance.rules.clock import FARTHEST

Times: TypeAlias = NDArray[np.int64]
Numbers: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
FAILS_AT_LIMIT = -5e-324
"""The margin of a strict atom at its limit: the negative number nearest zero."""


@frozen(eq=False)
class Signal:
    """Samples of one group: ``times`` in UTC ns, strictly increasing; margins (or quantities) in [low, high].

    A missing value spans all numbers. Shapes: three arrays of one length; ``low`` and ``high`` may be one array.
    Truth is the sign of the margin: true at 0 and above. A strict atom that fails at its limit stands at
    `FAILS_AT_LIMIT`, so that truth survives every minimum and maximum.
    """

    times: Times
    low: Numbers
    high: Numbers

    @classmethod
    def of(cls, times: ArrayLike, low: ArrayLike, high: ArrayLike | None = None) -> Signal:
        """Checked samples; NaN is missing. Without ``high`` every number stands for itself.

        Raises `UnorderedTimes` for equal or descending times, `FarTime`, and ValueError for arrays of other shapes.
        """
        at = np.ascontiguousarray(times, np.int64)
        least = np.ascontiguousarray(low, np.float64)
        most = least if high is None else np.ascontiguousarray(high, np.float64)
        if at.ndim != 1 or not at.shape == least.shape == most.shape:
            raise ValueError(f"times, low and high need one shape: {at.shape}, {least.shape}, {most.shape}")
        check_times(at)
        lost, lost_above = np.isnan(least), np.isnan(most)
        if lost.any() or lost_above.any():
            least, most = np.where(lost, -np.inf, least), np.where(lost_above, np.inf, most)
        if most is not least and (least > most).any():
            raise ValueError("a margin's low end lies above its high end")
        return cls(at, least, most)

    @property
    def holds(self) -> Mask:
        """Where it is true whatever is missing."""
        return self.low >= 0

    @property
    def fails(self) -> Mask:
        """Where it is false whatever is missing."""
        return self.high < 0

    @property
    def known(self) -> bool:
        """Whether each sample is one number for sure; then one pass serves both ends."""
        return self.low is self.high

    def part(self, of: slice) -> Signal:
        """Some neighbouring samples."""
        low = self.low[of]
        return Signal(self.times[of], low, low if self.known else self.high[of])

    def __len__(self) -> int:
        return len(self.times)


def check_times(times: Times) -> None:
    """Refuse times that do not increase, or that are too far away."""
    if not len(times):
        return
    for end in (int(times.min()), int(times.max())):
        if abs(end) > FARTHEST:
            raise FarTime(time=end)
    back = np.flatnonzero(times[1:] <= times[:-1])
    if len(back):
        at = int(back[0])
        raise UnorderedTimes(number=at + 2, earlier=int(times[at]), later=int(times[at + 1]))


def check_same(one: Signal, other: Signal) -> None:
    """Refuse signals that do not stand at the same times."""
    if one.times is not other.times and not np.array_equal(one.times, other.times):
        raise DifferentSamples()


def opposite(margin: Numbers) -> Numbers:
    """Minus a margin; 0 (true) and the negative number nearest zero (false) change places."""
    near = (margin == 0) | (margin == FAILS_AT_LIMIT)
    return np.where(near, np.where(margin == 0, FAILS_AT_LIMIT, 0.0), -margin) if np.any(near) else -margin


def gaps(times: Times, gap: int) -> Mask:
    """Of each sample but the last: whether samples are missing between it and the next one."""
    found: Mask = np.diff(times) > gap
    return found


def ends(times: Times, gap: int, *, first: bool, whole: bool = False) -> Mask:
    """Of each sample: whether something is missing right before it (``first``) or right after it.

    ``whole``: nothing is missing before the first and past the last.
    """
    edge = np.full(min(len(times), 1), not whole)
    missing: Any = (edge, gaps(times, gap)) if first else (gaps(times, gap), edge)
    return np.concatenate(missing)
