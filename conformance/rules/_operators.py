"""The temporal operators over whole signals. What each means stands in `conformance.rules.temporal`."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from conformance.rules._latch import latch
from conformance.rules._signal import Mask, Numbers, Signal, Times, check_same, check_window, ends
from conformance.rules._window import Windows, first_at, incomplete

_FAILS_AT_LIMIT = -5e-324
_NEVER = np.iinfo(np.int64).max


def negation(x: Signal) -> Signal:
    """``not``: the mirrored margin; one that just holds at the limit becomes one that just fails there."""
    return _signal(x.times, _opposite(x.high), x if x.known else _opposite(x.low))


def both(x: Signal, y: Signal) -> Signal:
    """``and`` at each sample: the lesser margin."""
    check_same(x, y)
    low = np.minimum(x.low, y.low)
    return Signal(x.times, low, low if x.known and y.known else np.minimum(x.high, y.high))


def one_of(x: Signal, y: Signal) -> Signal:
    """``or`` at each sample: the greater margin."""
    check_same(x, y)
    low = np.maximum(x.low, y.low)
    return Signal(x.times, low, low if x.known and y.known else np.maximum(x.high, y.high))


def always(x: Signal, a: int, b: int, *, gap: int) -> Signal:
    """The least margin in [t + a, t + b] (ns; negative: the past). O(n) on a grid, else O(n log w)."""
    return _extreme(np.minimum, x, a, b, gap)


def eventually(x: Signal, a: int, b: int, *, gap: int) -> Signal:
    """The greatest margin in [t + a, t + b] (ns; negative: the past). O(n) on a grid, else O(n log w)."""
    return _extreme(np.maximum, x, a, b, gap)


def held(x: Signal, d: int, *, gap: int) -> Signal:
    """The least margin of the last ``d`` ns, now included."""
    return always(x, -d, 0, gap=gap)


def until(x: Signal, y: Signal, a: int, b: int, *, gap: int) -> Signal:
    """The best sample of ``y`` in [t + a, t + b], 0 <= a <= b, limited by ``x`` from now to right before it.

    As `eventually(y, a, b)`, and ``x`` always in [t, t + a), and from t + a on ``x`` until some ``y``: that the last
    part looks beyond t + b does no harm (A. Donze, T. Ferrere, O. Maler, CAV 2013).
    """
    check_same(x, y)
    check_window(a, b, gap=gap, future=True)
    found = eventually(y, a, b, gap=gap)
    n, times = len(x), x.times
    open_after = ends(times, gap, first=False)
    low = latch(np.where(open_after, -np.inf, x.low)[::-1], y.low[::-1], -np.inf)[::-1]
    high = latch(x.high[::-1], np.where(open_after, np.maximum(x.high, y.high), y.high)[::-1], np.inf)[::-1]
    if a:
        at = first_at(times, a)
        empty = at == first_at(times, b + 1)
        here = np.minimum(at, n - 1)
        missing = ((at == n) | (times[here] != times + a)) & open_after[at - 1]
        low, high = np.where(missing, -np.inf, low[here]), np.where(missing | empty, np.inf, high[here])
        kept = always(x, 0, a - 1, gap=gap)
        low, high = np.minimum(low, kept.low), np.minimum(high, kept.high)
    return Signal(times, np.minimum(low, found.low), np.minimum(high, found.high))


@frozen
class Latched:
    """What `since` said at the last sample of an earlier chunk."""

    time: int
    low: float
    high: float


def since(x: Signal, y: Signal, *, gap: int, after: Latched | None = None) -> Signal:
    """The best sample of ``y`` up to now, limited by ``x`` from right after it to now; the whole past counts.

    ``after`` continues an earlier chunk: samples up to its time are left unknown.
    """
    check_same(x, y)
    check_window(0, 0, gap=gap)
    begin = 0 if after is None else int(np.searchsorted(x.times, after.time, "right"))
    low, high = np.full(len(x), -np.inf), np.full(len(x), np.inf)
    times, xs, ys = x.times[begin:], x.part(slice(begin, None)), y.part(slice(begin, None))
    open_before = ends(times, gap, first=True)
    if after is not None and len(times):
        open_before[0] = times[0] - after.time > gap
    start = (-np.inf, np.inf) if after is None else (after.low, after.high)
    low[begin:] = latch(np.where(open_before, -np.inf, xs.low), ys.low, start[0])
    high[begin:] = latch(xs.high, np.where(open_before, np.maximum(xs.high, ys.high), ys.high), start[1])
    return Signal(x.times, low, high)


def rate(x: Signal, per: int, *, gap: int) -> Signal:
    """The backward difference (x[i] - x[i-1]) / (t[i] - t[i-1]) of a quantity, per ``per`` ns, in its unit."""
    check_window(1, per, gap=gap)
    before, unknown = _before(x, gap)
    steps = np.diff(x.times, prepend=x.times[:1] - per)
    with np.errstate(over="ignore", invalid="ignore"):
        low = (x.low - before.high) * per / steps
        high = low if x.known else (x.high - before.low) * per / steps
    # Overflow and the difference of infinities say nothing.
    return _signal(
        x.times,
        np.where(unknown | np.isnan(low) | (low == np.inf), -np.inf, low),
        np.where(unknown | np.isnan(high) | (high == -np.inf), np.inf, high),
    )


def changed(x: Signal, *, gap: int) -> Signal:
    """Whether a quantity differs from the previous sample: infinite margins, for there is no distance."""
    before, unknown = _before(x, gap)
    apart = ((x.low > before.high) | (x.high < before.low)) & ~unknown
    same = (x.low == x.high) & (before.low == before.high) & (x.low == before.low) & ~unknown
    return Signal(x.times, np.where(apart, np.inf, -np.inf), np.where(same, -np.inf, np.inf))


def rises(x: Signal, *, gap: int) -> Signal:
    """Whether ``x`` holds now and did not at the previous sample."""
    before, unknown = _before(x, gap)
    low = np.where(unknown, -np.inf, np.minimum(x.low, _opposite(before.high)))
    return Signal(x.times, low, np.where(unknown, x.high, np.minimum(x.high, _opposite(before.low))))


def response_time(x: Signal, within: int, *, gap: int) -> Signal:
    """Nanoseconds from each sample to the first sample, itself included, at which ``x`` holds.

    Not within ``within`` ns: more than that, (within + 1, infinite). A time exact to 2^53 ns, 104 days.
    """
    check_window(0, within, gap=gap)
    times = x.times
    soon = np.where(ends(times, gap, first=False), times + 1, _NEVER)
    low = _first(np.where(x.high >= 0, times, soon)) - times
    surely = _first(np.where(x.low >= 0, times, _NEVER))
    high = np.where(surely <= times + within, surely - times, np.inf)
    return Signal(times, np.minimum(low, within + 1).astype(np.float64), high)


def settling_time(x: Signal, keep: int, within: int, *, gap: int) -> Signal:
    """Nanoseconds from each sample to the first one from which ``x`` holds for ``keep`` ns; see `response_time`."""
    return response_time(always(x, 0, keep, gap=gap), within, gap=gap)


def rise_time(begun: Signal, done: Signal, within: int, *, gap: int) -> Signal:
    """Nanoseconds between the first sample at or after each one at which ``begun`` holds and that of ``done``.

    0 if ``done`` comes first; a first one beyond ``within`` ns is treated as in `response_time`.
    """
    check_same(begun, done)
    start, stop = response_time(begun, within, gap=gap), response_time(done, within, gap=gap)
    return Signal(begun.times, np.maximum(stop.low - start.high, 0.0), np.maximum(stop.high - start.low, 0.0))


def _signal(times: Times, low: Numbers, high: Numbers | Signal) -> Signal:
    return Signal(times, low, low if isinstance(high, Signal) else high)


def _opposite(margin: Numbers) -> Numbers:
    """Minus a margin; 0 (true) and the negative number nearest zero (false) change places."""
    near = (margin == 0) | (margin == _FAILS_AT_LIMIT)
    return np.where(near, np.where(margin == 0, _FAILS_AT_LIMIT, 0.0), -margin) if near.any() else -margin


def _extreme(choose: np.ufunc, x: Signal, a: int, b: int, gap: int) -> Signal:
    check_window(a, b, gap=gap)
    windows = Windows.of(x.times, a, b, gap)
    low = windows.extreme(choose, x.low)
    high = low.copy() if x.known else windows.extreme(choose, x.high)
    missing = incomplete(x.times, a, b, gap)
    if choose is np.minimum:
        low[missing] = -np.inf
    else:
        high[missing] = np.inf
    if windows.empty is not None:
        low[windows.empty], high[windows.empty] = -np.inf, np.inf
    return Signal(x.times, low, high)


def _before(x: Signal, gap: int) -> tuple[Signal, Mask]:
    """The values one sample earlier, and where there is none or samples are missing in between."""
    check_window(0, 0, gap=gap)
    low = np.concatenate((x.low[:1], x.low[:-1]))
    high = low if x.known else np.concatenate((x.high[:1], x.high[:-1]))
    return Signal(x.times, low, high), ends(x.times, gap, first=True)


def _first(candidates: Times) -> Times:
    """The least candidate at or after each sample."""
    found: Times = np.minimum.accumulate(candidates[::-1])[::-1]
    return found
