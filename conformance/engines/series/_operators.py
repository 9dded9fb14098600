"""The temporal operators over whole signals. What each means stands in `conformance.engines.series.kernel`."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from conformance.engines.series._latch import latch
from conformance.engines.series._signal import Mask, Numbers, Signal, Times, check_same, ends, opposite
from conformance.engines.series._window import Windows, beyond, covering, first_at, incomplete
from conformance.rules.clock import check_window

_NEVER = np.iinfo(np.int64).max
_EVER = np.iinfo(np.int64).min
FEW = 32
"""Missing samples are few where no more than one of so many is missing."""


def always(x: Signal, a: int, b: int, *, gap: int, whole: bool = False) -> Signal:
    """The least margin in [t + a, t + b] (ns; negative: the past). O(n) on a grid, else O(n log w)."""
    return _extreme(np.minimum, x, a, b, gap, whole)


def eventually(x: Signal, a: int, b: int, *, gap: int, whole: bool = False) -> Signal:
    """The greatest margin in [t + a, t + b] (ns; negative: the past). O(n) on a grid, else O(n log w)."""
    return _extreme(np.maximum, x, a, b, gap, whole)


def held(x: Signal, d: int, *, gap: int, whole: bool = False) -> Signal:
    """The least margin of the last ``d`` ns, now included."""
    return always(x, -d, 0, gap=gap, whole=whole)


def until(x: Signal, y: Signal, a: int, b: int, *, gap: int, whole: bool = False) -> Signal:
    """The best sample of ``y`` in [t + a, t + b], 0 <= a <= b, limited by ``x`` from now to right before it.

    As `eventually(y, a, b)`, and ``x`` always in [t, t + a), and from t + a on ``x`` until some ``y``: that the last
    part looks beyond t + b does no harm (A. Donze, T. Ferrere, O. Maler, CAV 2013).
    """
    check_same(x, y)
    check_window(a, b, gap=gap, future=True)
    found = eventually(y, a, b, gap=gap, whole=whole)
    n, times = len(x), x.times
    open_after = ends(times, gap, first=False, whole=whole)
    low = latch(np.where(open_after, -np.inf, x.low)[::-1], y.low[::-1], -np.inf)[::-1]
    past = -np.inf if whole else np.inf
    high = latch(x.high[::-1], np.where(open_after, np.maximum(x.high, y.high), y.high)[::-1], past)[::-1]
    if a:
        at = first_at(times, a)
        empty = at == first_at(times, b + 1)
        here = np.minimum(at, n - 1)
        missing = ((at == n) | (times[here] != times + a)) & open_after[at - 1]
        low, high = np.where(missing, -np.inf, low[here]), np.where(missing | empty, np.inf, high[here])
        kept = always(x, 0, a - 1, gap=gap, whole=whole)
        low, high = np.minimum(low, kept.low), np.minimum(high, kept.high)
    return Signal(times, np.minimum(low, found.low), np.minimum(high, found.high))


@frozen
class Latched:
    """What an operator that looks back without bound said at the last sample of an earlier chunk."""

    time: int
    low: float
    high: float


def since(x: Signal, y: Signal, *, gap: int, whole: bool = False, after: Latched | None = None) -> Signal:
    """The best sample of ``y`` up to now, limited by ``x`` from right after it to now; the whole past counts.

    ``after`` continues an earlier chunk: samples up to its time are left unknown.
    """
    check_same(x, y)
    check_window(0, 0, gap=gap)
    begin, open_before = _continued(x, gap, whole, after)
    low, high = np.full(len(x), -np.inf), np.full(len(x), np.inf)
    xs, ys = x.part(slice(begin, None)), y.part(slice(begin, None))
    start = (after.low, after.high) if after else (-np.inf, -np.inf if whole else np.inf)
    low[begin:] = latch(np.where(open_before, -np.inf, xs.low), ys.low, start[0])
    high[begin:] = latch(xs.high, np.where(open_before, np.maximum(xs.high, ys.high), ys.high), start[1])
    return Signal(x.times, low, high)


def elapsed(x: Signal, *, gap: int, whole: bool = False, after: Latched | None = None) -> Signal:
    """Nanoseconds since ``x`` last held, 0 where it holds; infinite if it never did. ``after`` as in `since`."""
    check_window(0, 0, gap=gap)
    begin, open_before = _continued(x, gap, whole, after)
    low, high = np.zeros(len(x)), np.full(len(x), np.inf)
    part = x.part(slice(begin, None))
    times = part.times
    hidden = np.where(open_before, times - 1, _EVER)
    for out, holds, earlier, ago in (
        (low, part.high >= 0, hidden, after.low if after else np.inf),
        (high, part.low >= 0, np.full(len(times), _EVER), after.high if after else np.inf),
    ):
        start = int(after.time - ago) if after and ago < np.inf else _EVER
        last = np.maximum(np.maximum.accumulate(np.where(holds, times, earlier)), start)
        out[begin:] = np.where(last == _EVER, np.inf, (times - last).astype(np.float64))
    return Signal(x.times, low, high)


def rate(x: Signal, per: int, *, gap: int, whole: bool = False) -> Signal:
    """The backward difference (x[i] - x[i-1]) / (t[i] - t[i-1]) of a quantity, per ``per`` ns, in its unit."""
    check_window(1, per, gap=gap)
    before, unknown = _before(x, gap, whole)
    steps = np.diff(x.times, prepend=x.times[:1] - per)
    with np.errstate(over="ignore", invalid="ignore"):
        low = (x.low - before.high) * per / steps
        high = low if x.known else (x.high - before.low) * per / steps
    # Overflow and the difference of infinities say nothing.
    return Signal(
        x.times,
        np.where(unknown | np.isnan(low) | (low == np.inf), -np.inf, low),
        np.where(unknown | np.isnan(high) | (high == -np.inf), np.inf, high),
    )


def previous(x: Signal, *, gap: int, whole: bool = False) -> Signal:
    """The value of the sample before; anything where there is none."""
    check_window(0, 0, gap=gap)
    before, unknown = _before(x, gap, whole)
    return Signal(x.times, np.where(unknown, -np.inf, before.low), np.where(unknown, np.inf, before.high))


def changed(x: Signal, *, gap: int, whole: bool = False) -> Signal:
    """Whether a quantity differs from the previous sample: infinite margins, for there is no distance."""
    check_window(0, 0, gap=gap)
    before, unknown = _before(x, gap, whole)
    apart = ((x.low > before.high) | (x.high < before.low)) & ~unknown
    same = (x.low == x.high) & (before.low == before.high) & (x.low == before.low) & ~unknown
    return Signal(x.times, np.where(apart, np.inf, -np.inf), np.where(same, -np.inf, np.inf))


def rises(x: Signal, *, gap: int, whole: bool = False) -> Signal:
    """Whether ``x`` holds now and did not at the previous sample."""
    check_window(0, 0, gap=gap)
    before, unknown = _before(x, gap, whole)
    low = np.where(unknown, -np.inf, np.minimum(x.low, opposite(before.high)))
    return Signal(x.times, low, np.where(unknown, x.high, np.minimum(x.high, opposite(before.low))))


def response_time(x: Signal, within: int, *, gap: int, whole: bool = False) -> Signal:
    """Nanoseconds from each sample to the first sample, itself included, at which ``x`` holds.

    Not within ``within`` ns: more than that, (within + 1, infinite). A time exact to 2^53 ns, 104 days.
    """
    check_window(0, within, gap=gap)
    times = x.times
    soon = np.where(ends(times, gap, first=False, whole=whole), times + 1, _NEVER)
    least = _first(np.where(x.high >= 0, times, soon))
    low = np.where(least > times + within, within + 1, least - times)
    surely = _first(np.where(x.low >= 0, times, _NEVER))
    high = np.where(surely <= times + within, surely - times, np.inf)
    return Signal(times, low.astype(np.float64), high)


def settling_time(x: Signal, keep: int, within: int, *, gap: int, whole: bool = False) -> Signal:
    """Nanoseconds from each sample to the first one from which ``x`` holds for ``keep`` ns; see `response_time`."""
    return response_time(always(x, 0, keep, gap=gap, whole=whole), within, gap=gap, whole=whole)


def rise_time(begun: Signal, done: Signal, within: int, *, gap: int, whole: bool = False) -> Signal:
    """Nanoseconds between the first sample at or after each one at which ``begun`` holds and that of ``done``.

    0 if ``done`` comes first; a first one beyond ``within`` ns is treated as in `response_time`.
    """
    check_same(begun, done)
    start, stop = (response_time(x, within, gap=gap, whole=whole) for x in (begun, done))
    return Signal(begun.times, np.maximum(stop.low - start.high, 0.0), np.maximum(stop.high - start.low, 0.0))


def _extreme(choose: np.ufunc, x: Signal, a: int, b: int, gap: int, whole: bool) -> Signal:
    check_window(a, b, gap=gap)
    windows = Windows.of(x.times, a, b, gap)
    low, high = _ends(choose, x, a, b, windows)
    past = beyond(x.times, a, b)
    missing = incomplete(x.times, a, b, gap)
    if not whole:
        missing |= past
    if choose is np.minimum:
        low[missing] = -np.inf
    else:
        high[missing] = np.inf
    if windows.empty is not None:
        # At the end of whole data a window without a sample is met by nothing, and broken by nothing.
        empty = windows.empty & ~past if whole else windows.empty
        low[empty], high[empty] = -np.inf, np.inf
    return Signal(x.times, low, high)


def _ends(choose: np.ufunc, x: Signal, a: int, b: int, windows: Windows) -> tuple[Numbers, Numbers]:
    """The extreme of both ends in each window. Where few samples are missing, one pass and a mark for these will do."""
    if x.known:
        low = windows.extreme(choose, x.low)
        return low, low.copy()
    lost = np.flatnonzero(x.low != x.high)
    if len(lost) > len(x) // FEW or np.isfinite(x.low[lost]).any() or np.isfinite(x.high[lost]).any():
        return windows.extreme(choose, x.low), windows.extreme(choose, x.high)
    found = windows.extreme(choose, x.high if choose is np.minimum else x.low)
    hidden = np.where(covering(x.times, a, b, lost), -np.inf if choose is np.minimum else np.inf, found)
    return (hidden, found) if choose is np.minimum else (found, hidden)


def _continued(x: Signal, gap: int, whole: bool, after: Latched | None) -> tuple[int, Mask]:
    """The first sample past an earlier chunk; of it and all later ones whether something is missing right before."""
    if after is None:
        return 0, ends(x.times, gap, first=True, whole=whole)
    begin = int(np.searchsorted(x.times, after.time, "right"))
    times = x.times[begin:]
    open_before = ends(times, gap, first=True)
    if len(times):
        open_before[0] = times[0] - after.time > gap
    return begin, open_before


def _before(x: Signal, gap: int, whole: bool) -> tuple[Signal, Mask]:
    """The values one sample earlier, and where there is none or samples are missing in between.

    Before the first sample of ``whole`` data stands the same value.
    """
    low: Numbers = np.concatenate((x.low[:1], x.low[:-1]))
    high = low if x.known else np.concatenate((x.high[:1], x.high[:-1]))
    return Signal(x.times, low, high), ends(x.times, gap, first=True, whole=whole)


def _first(candidates: Times) -> Times:
    """The least candidate at or after each sample."""
    found: Times = np.minimum.accumulate(candidates[::-1])[::-1]
    return found
