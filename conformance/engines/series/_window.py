"""Least and greatest of closed time windows [t + a, t + b], and which windows miss samples.

Times on a grid: van Herk and Gil-Werman, three passes whatever the width (M. van Herk, Pattern Recognition Letters 13,
1992; J. Gil and M. Werman, IEEE Trans. Pattern Analysis and Machine Intelligence 15, 1993). Other times: windows of a
block of samples are looked up in minima over powers of two, doubled in cache, O(n log w).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from conformance.engines.series._signal import Mask, Numbers, Times, gaps

Indices: TypeAlias = NDArray[np.int64]
BLOCK = 16384
"""Samples looked up at once: their doubled minima stay in the second-level cache."""


def grid(times: Times) -> tuple[int, Indices | None] | None:
    """The step in ns of a grid on which all times lie, and each one's place on it (None: no place is empty).

    None if there is no such grid, or it would be more than half empty.
    """
    n = len(times)
    if n < 2:
        return None
    step, span = int(np.diff(times).min()), int(times[-1]) - int(times[0])
    if span == step * (n - 1):
        return step, None
    if span % step or span > 2 * step * n:
        return None
    since_first = times - times[0]
    at = since_first // step
    return (step, at) if (at * step == since_first).all() else None


def first_at(times: Times, distance: int) -> Indices:
    """Of each sample: the index of the first sample at or after its time plus ``distance`` ns; n if there is none."""
    n = len(times)
    if distance == 0 or n < 2:
        return np.arange(n) if distance <= 0 else np.full(n, n)
    # On a grid with holes one shift is right almost everywhere; only the others are searched.
    sought = times + distance
    typical = int(np.median(np.diff(times[:BLOCK])))
    shift = min(max(-(-distance // typical), -n), n)
    found = np.arange(shift, n + shift)
    begin, stop = max(0, 1 - shift), min(n, n - shift)  # here the shifted sample and its predecessor exist
    wrong = np.ones(n, np.bool_)
    if begin < stop:
        here = sought[begin:stop]
        guessed = times[begin + shift : stop + shift]
        before = times[begin + shift - 1 : stop + shift - 1]
        wrong[begin:stop] = (guessed < here) | (before >= here)
    others = np.flatnonzero(wrong)
    found[others] = np.searchsorted(times, sought[others])
    return found


@frozen(eq=False)
class Windows:
    """The windows [t + a, t + b] of all samples: where each begins and ends among the samples, or on their grid."""

    places: Indices | None
    """On a grid: the place of each sample; None if no place is empty."""
    first: int
    last: int
    """On a grid: how many places from a sample to the first and to the last place of its window."""
    low: Indices | None
    stop: Indices | None
    """Not on a grid: the first sample of each window, and the first after it."""
    empty: Mask | None
    """Windows without a sample, though nothing is missing; None if there is none."""

    @classmethod
    def of(cls, times: Times, a: int, b: int, gap: int) -> Windows:
        """Windows of closed ends, ns. More than ``gap`` ns without a sample count as missing anyway."""
        found = grid(times)
        if found is not None:
            step, places = found
            first, last = -(-a // step), b // step
            # A window that is wider than a gap is empty only where samples are missing.
            if (last - first + 1) * step >= (step if places is None else gap):
                size = len(times) if places is None else int(places[-1]) + 1
                return cls(places, min(max(first, -size), size), min(max(last, -size), size), None, None, None)
        low, stop = first_at(times, a), first_at(times, b + 1)
        return cls(None, 0, 0, low, stop, low == stop)

    def extreme(self, choose: Any, values: Numbers) -> Numbers:
        """``np.minimum`` or ``np.maximum`` of the values in each window; infinite where there is none."""
        nothing = np.inf if choose is np.minimum else -np.inf
        if self.low is None or self.stop is None:
            if self.places is None:
                return _regular(choose, values, self.first, self.last, nothing)
            dense = np.full(int(self.places[-1]) + 1, nothing)
            dense[self.places] = values
            return _regular(choose, dense, self.first, self.last, nothing)[self.places]
        n, low, stop = len(values), self.low, self.stop
        out = np.full(n, nothing)
        begin = 0
        while begin < n:
            # A block ends where it would need more than twice a block of values, but is no less than a window.
            own = max(BLOCK, int(stop[begin] - low[begin]))
            room = int(np.searchsorted(stop, low[begin] + 2 * own, "right"))
            end = max(begin + 1, min(room, n, begin + own))
            _doubled(choose, values, low[begin:end], stop[begin:end], out[begin:end])
            begin = end
        return out


def _regular(choose: Any, values: Numbers, first: int, last: int, nothing: float) -> Numbers:
    """Of sample i: the extreme of the values i + first to i + last, as far as they exist."""
    n, width = len(values), last - first + 1
    blocks = -(-(n + width - 1) // width)
    padded = np.full(blocks * width, nothing)
    begin, stop = max(first, 0), min(n + last, n)
    if begin < stop:
        padded[begin - first : stop - first] = values[begin:stop]
    if width == 1:
        return padded
    grid = padded.reshape(blocks, width)
    to_here = choose.accumulate(grid, axis=1).ravel()
    from_here = choose.accumulate(grid[:, ::-1], axis=1)[:, ::-1].ravel()
    found: Numbers = choose(from_here[:n], to_here[width - 1 : width - 1 + n])
    return found


def _doubled(choose: Any, values: Numbers, low: Indices, stop: Indices, out: Numbers) -> None:
    """Fill ``out`` with the extreme of values[low:stop]; both ends never descend; empty windows are left alone."""
    origin = int(low[0])
    level = values[origin : int(stop[-1])]
    length = stop - low
    longest, shortest = int(length.max()), int(length.min())
    width = 1
    while width <= longest:
        if shortest < 2 * width:
            ours = (length >= width) & (length < 2 * width)
            here: Any = slice(None) if ours.all() else np.flatnonzero(ours)
            at = low[here] - origin
            if len(at):
                out[here] = choose(level[at], level[stop[here] - origin - width])
        if 2 * width <= longest:
            level = choose(level[:-width], level[width:])
        width *= 2


def beyond(times: Times, a: int, b: int) -> Mask:
    """Windows that reach before the first or past the last sample."""
    out = np.zeros(len(times), np.bool_)
    if len(times):
        out[: np.searchsorted(times, times[0] - a, "left")] = True
        out[np.searchsorted(times, times[-1] - b, "right") :] = True
    return out


def incomplete(times: Times, a: int, b: int, gap: int) -> Mask:
    """Windows that reach into more than ``gap`` ns without a sample between the first and the last one."""
    holes = np.flatnonzero(gaps(times, gap))
    begin = np.searchsorted(times, times[holes] - b, "right")
    return _between(len(times), begin, np.searchsorted(times, times[holes + 1] - a, "left"))


def covering(times: Times, a: int, b: int, samples: Indices) -> Mask:
    """Windows that hold any of ``samples``."""
    begin = np.searchsorted(times, times[samples] - b, "left")
    return _between(len(times), begin, np.searchsorted(times, times[samples] - a, "right"))


def _between(n: int, begin: Indices, stop: Indices) -> Mask:
    """Which of n places lie in any of the spans [begin, stop)."""
    if not len(begin):
        return np.zeros(n, np.bool_)
    open_ = np.bincount(begin, minlength=n + 1) - np.bincount(np.maximum(begin, stop), minlength=n + 1)
    found: Mask = np.cumsum(open_[:n]) > 0
    return found
