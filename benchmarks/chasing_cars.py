"""Chasing cars (ARCH-COMP, falsification track): the model and its requirements CC1 to CC5 and CCx, with robustness.

Five cars in a row drive toward smaller positions. The first obeys throttle and brake; each other car is an automaton
that looks at the gap to the car before it: Chasing (it gains speed, gap shrinks), Keeping (it lets the gap grow),
Braking. Re-implemented from the Simulink model ``cars.mdl`` of the competition, after Hu, Lygeros and Sastry, "Towards
a theory of stochastic hybrid systems", HSCC 2000. In each mode the motion has a closed form, so that a fixed step
misses nothing but the instant of a change of mode, by one step at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from attrs import frozen
from scipy.ndimage import maximum_filter1d, minimum_filter1d

PIECES: Final = 20
SPAN: Final = 5.0
"""Seconds of each piece of an input."""
STEP: Final = 0.02
"""Seconds of a step of integration."""
SAMPLE: Final = 5
"""Steps in one sample of the trace."""

CHASING, KEEPING, BRAKING = range(3)
LIMIT: Final = np.array([[0, 10, 0], [15, 0, 5], [20, 0, 0]])
"""Gap in metres at which a follower changes from one mode (row) to another (column)."""


@frozen
class Gaps:
    """Least and greatest gap between successive cars in each sample of the trace, (samples, 4, n) in metres."""

    least: np.ndarray
    most: np.ndarray
    every: float
    """Seconds."""


def drive(inputs: np.ndarray, *, finer: int = 1) -> Gaps:
    """100 s from standstill under ``inputs`` (n, 2, 20): throttle and brake in [0, 1]. ``finer`` divides the step."""
    step = STEP / finer
    first = _leader(inputs, step)
    y = np.repeat([[10.0], [20.0], [30.0], [40.0]], len(inputs), axis=1)
    v = np.zeros_like(y)
    mode = np.full(y.shape, KEEPING)
    gap = np.diff(y, axis=0, prepend=first[:1])
    found = np.empty((len(first), *y.shape))
    found[0] = gap
    whole = _motion(step)
    for now, ahead in enumerate(first[1:], start=1):
        keep, gain, move, shift = whole[:, mode]
        y_next, v_next = y + move * v + shift, keep * v + gain
        gap_next = np.diff(y_next, axis=0, prepend=ahead[None])
        changed = _next_mode(mode, gap_next)
        at = np.nonzero(changed != mode)
        if len(at[0]):
            old, new = mode[at], changed[at]
            before = step * np.clip((LIMIT[old, new] - gap[at]) / (gap_next[at] - gap[at] + 1e-12), 0, 1)
            y_next[at], v_next[at] = _moved(new, *_moved(old, y[at], v[at], before), step - before)
            gap_next = np.diff(y_next, axis=0, prepend=ahead[None])
        y, v, mode, gap = y_next, v_next, changed, gap_next
        found[now] = gap
    ends = np.arange(0, len(first) - 1, SAMPLE)
    return Gaps(np.minimum.reduceat(found, ends), np.maximum.reduceat(found, ends), step * SAMPLE)


def _motion(t: np.ndarray | float) -> np.ndarray:
    """In each mode after ``t`` seconds: v is keep v + gain, y is y + move v + shift; (4, modes, ...)."""
    t = np.asarray(t, dtype=float)
    none, one, decay = np.zeros_like(t), np.ones_like(t), np.exp(-t)
    return np.array([[one, one, decay], [t, none, none], [-t, t, decay - 1], [-(t**2) / 2, none, none]])


def _moved(mode: np.ndarray, y: np.ndarray, v: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions and speeds of some cars after each its own time."""
    keep, gain, move, shift = _motion(t)[:, mode, np.arange(len(mode))]
    return y + move * v + shift, keep * v + gain


def _next_mode(mode: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """The mode of each follower after a look at its gap."""
    chasing = np.where(gap <= 10, KEEPING, CHASING)
    keeping = np.where(gap >= 15, CHASING, np.where(gap <= 5, BRAKING, KEEPING))
    braking = np.where(gap >= 20, CHASING, BRAKING)
    return np.choose(mode, [chasing, keeping, braking])


def _leader(inputs: np.ndarray, step: float) -> np.ndarray:
    """Positions of the first car at each step: v' = -throttle - brake v, y' = v, from rest at 0."""
    each = round(SPAN / step)
    since = np.arange(each)[:, None] * step
    y, v, found = np.zeros(len(inputs)), np.zeros(len(inputs)), []
    for throttle, brake in zip(inputs[:, 0].T, inputs[:, 1].T, strict=True):
        brake = np.maximum(brake, 1e-9)  # the closed form divides by it

        def moved(t, y=y, v=v, throttle=throttle, brake=brake):  # type: ignore[no-untyped-def]
            lag = -np.expm1(-brake * t) / brake
            return y + v * lag - throttle * (t - lag) / brake, v * (1 - brake * lag) - throttle * lag

        found.append(moved(since)[0])
        y, v = moved(SPAN)
    return np.concatenate([*found, y[None]])


@frozen
class Trace:
    """A signal over time, (samples, n), as robustness: positive where it holds. ``every`` seconds a sample."""

    values: np.ndarray
    every: float

    def always(self, start: float, end: float) -> Trace:
        """At t: the least value in [t + start, t + end] seconds; it ends where that leaves the trace."""
        return self._over(minimum_filter1d, start, end)

    def eventually(self, start: float, end: float) -> Trace:
        """At t: the greatest value in [t + start, t + end] seconds."""
        return self._over(maximum_filter1d, start, end)

    def either(self, other: Trace) -> Trace:
        """At t: the greater of both, while both last."""
        last = min(len(self.values), len(other.values))
        return Trace(np.maximum(self.values[:last], other.values[:last]), self.every)

    def _over(self, extreme: Callable[..., np.ndarray], start: float, end: float) -> Trace:
        first, last = round(start / self.every), round(end / self.every)
        size = last - first  # a sample is a stretch of the trace, so a window has no end of its own
        found = extreme(self.values, size=size, axis=0, origin=-(size // 2))
        return Trace(found[first : len(self.values) - size + 1], self.every)


def robustness(gaps: Gaps) -> Mapping[str, np.ndarray]:
    """Requirement to its robustness in metres, (n,); negative where it is broken.

    CC4 has the inner window of 5 s of the competition's configuration files, which 100 s just hold.
    """
    front, back = 0, 3

    def always_over(number: int, limit: float, start: float, end: float) -> Trace:
        return Trace(gaps.least[:, number] - limit, gaps.every).always(start, end)

    def always_under(number: int, limit: float, start: float, end: float) -> Trace:
        return Trace(limit - gaps.most[:, number], gaps.every).always(start, end)

    def once_over(number: int, limit: float, start: float, end: float) -> Trace:
        return Trace(gaps.most[:, number] - limit, gaps.every).eventually(start, end)

    def once_under(number: int, limit: float, start: float, end: float) -> Trace:
        return Trace(limit - gaps.least[:, number], gaps.every).eventually(start, end)

    traces = {
        "CC1": always_under(back, 40, 0, 100),
        "CC2": once_over(back, 15, 0, 30).always(0, 70),
        "CC3": always_under(front, 20, 0, 20).either(once_over(back, 40, 0, 20)).always(0, 80),
        "CC4": always_over(back, 8, 0, 5).eventually(0, 30).always(0, 65),
        "CC5": once_under(front, 9, 0, 5).either(always_over(back, 9, 5, 20)).eventually(0, 8).always(0, 72),
    }
    found = {name: trace.values[0] for name, trace in traces.items()}
    return found | {"CCx": np.min([always_over(n, 7.5, 0, 50).values[0] for n in range(4)], axis=0)}
