"""The temporal kernel against its definition written naively, and against rtamt."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.engines.series import kernel as tl
from conformance.engines.series._latch import latch
from conformance.engines.series.kernel import Signal

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
REACH = 12
"""No window of these tests reaches farther, ns."""

Samples = list[tuple[int, float, float]]
"""Time and the values of two signals."""

margins = st.integers(-6, 6).map(float) | st.sampled_from([inf, -inf])
intervals = margins.map(lambda m: (m, m)) | st.tuples(margins, margins).map(lambda p: (min(p), max(p)))
gaps = st.integers(1, 6)


@st.composite
def times(draw: st.DrawFn, most: int = 25) -> list[int]:
    """Regular times, a grid with holes, or any."""
    steps = draw(
        st.one_of(
            st.tuples(st.integers(1, 4), st.integers(0, most)).map(lambda p: [p[0]] * p[1]),
            st.lists(st.sampled_from([1, 1, 1, 2, 7]), max_size=most),
            st.lists(st.integers(1, 8), max_size=most),
        )
    )
    found: list[int] = np.cumsum([draw(st.integers(-20, 20)), *steps]).tolist()
    return found


@st.composite
def pairs(draw: st.DrawFn, most: int = 25) -> tuple[Signal, Signal]:
    """Two signals at the same times; half of the time without missing values."""
    at = draw(times(most))
    kind = margins.map(lambda m: (m, m)) if draw(st.booleans()) else intervals
    x, y = ([draw(kind) for _ in at] for _ in range(2))
    return tuple(Signal.of(at, [v[0] for v in s], [v[1] for v in s]) for s in (x, y))  # type: ignore[return-value]


windows = st.tuples(st.integers(-REACH, REACH), st.integers(0, REACH)).map(lambda p: (p[0], min(p[0] + p[1], REACH)))


def missing(at: list[int], gap: int) -> list[int]:
    """Every time at which a sample may be missing, as far as a window reaches."""
    found = [t for one, two in pairwise(at) if two - one > gap for t in range(one + 1, two)]
    reach = 2 * REACH + 1
    return [*range(at[0] - reach, at[0]), *found, *range(at[-1] + 1, at[-1] + reach)]


def filled(x: Signal, y: Signal, gap: int, *, best: bool) -> Samples:
    """The completion that is best or worst for every operator that only rises with its signals."""
    at = x.times.tolist()
    lost = inf if best else -inf
    known = zip(at, (x.high if best else x.low).tolist(), (y.high if best else y.low).tolist(), strict=True)
    return sorted([*known, *((t, lost, lost) for t in missing(at, gap))])


def naive_always(trace: Samples, t: int, a: int, b: int) -> float:
    return min((x for u, x, _ in trace if t + a <= u <= t + b), default=inf)


def naive_eventually(trace: Samples, t: int, a: int, b: int) -> float:
    return max((x for u, x, _ in trace if t + a <= u <= t + b), default=-inf)


def naive_until(trace: Samples, t: int, a: int, b: int) -> float:
    return max(
        (min([y, *(x for v, x, _ in trace if t <= v < u)]) for u, _, y in trace if t + a <= u <= t + b), default=-inf
    )


def naive_since(trace: Samples, t: int) -> float:
    return max(min([y, *(x for v, x, _ in trace if u < v <= t)]) for u, _, y in trace if u <= t)


def naive_response(trace: Samples, t: int, within: int) -> float:
    return min((u - t for u, x, _ in trace if u >= t and x >= 0), default=inf)


@MANY
@given(pairs(), windows, gaps)
def test_windows_give_exactly_the_interval_that_missing_samples_allow(
    both: tuple[Signal, Signal], window: tuple[int, int], gap: int
) -> None:
    x, _ = both
    worst, best = (filled(*both, gap, best=b) for b in (False, True))
    for found, naive in (
        (tl.always(x, *window, gap=gap), naive_always),
        (tl.eventually(x, *window, gap=gap), naive_eventually),
    ):
        for n, t in enumerate(x.times.tolist()):
            said = (found.low[n], found.high[n])
            if not any(t + window[0] <= u <= t + window[1] for u, _, _ in worst):
                assert said == (-inf, inf)
            else:
                assert said == (naive(worst, t, *window), naive(best, t, *window))


@MANY
@given(pairs(), st.integers(0, 8), st.integers(0, 8), gaps)
def test_until_gives_exactly_the_interval_that_missing_samples_allow(
    both: tuple[Signal, Signal], a: int, width: int, gap: int
) -> None:
    b = min(a + width, REACH)
    worst, best = (filled(*both, gap, best=flag) for flag in (False, True))
    found = tl.until(*both, a, b, gap=gap)
    for n, t in enumerate(both[0].times.tolist()):
        said = (found.low[n], found.high[n])
        if any(t + a <= u <= t + b for u, _, _ in worst):
            assert said == (naive_until(worst, t, a, b), naive_until(best, t, a, b))
        else:
            assert said == (-inf, naive_always(best, t, 0, a - 1))


@FEW
@given(pairs(most=300), gaps)
def test_since_gives_exactly_the_interval_that_missing_samples_allow(both: tuple[Signal, Signal], gap: int) -> None:
    found = tl.since(*both, gap=gap)
    for best, ours in ((False, found.low), (True, found.high)):
        trace = filled(*both, gap, best=best)
        z, expected = -inf, {}
        for t, x, y in trace:
            z = expected[t] = max(y, min(x, z))
        assert ours.tolist() == [expected[t] for t in both[0].times.tolist()]
    if len(found) < 12:
        trace = filled(*both, gap, best=True)
        assert found.high.tolist() == [naive_since(trace, t) for t in both[0].times.tolist()]


@MANY
@given(pairs(), st.integers(0, REACH), gaps)
def test_a_response_is_timed_exactly_within_its_horizon(both: tuple[Signal, Signal], within: int, gap: int) -> None:
    x, _ = both
    worst, best = (filled(*both, gap, best=flag) for flag in (False, True))
    found = tl.response_time(x, within, gap=gap)
    for n, t in enumerate(x.times.tolist()):
        soonest, latest = naive_response(best, t, within), naive_response(worst, t, within)
        assert found.low[n] == min(soonest, within + 1)
        assert found.high[n] == (latest if latest <= within else inf)


def completed(x: Signal, y: Signal, gap: int, random: Random) -> Samples:
    """Some completion: each interval a number, any number of samples where they may be missing."""

    def some(low: float, high: float) -> float:
        return random.choice([low, high, min(max(float(random.randint(-9, 9)), low), high)])

    at = x.times.tolist()
    ends = (x.low.tolist(), x.high.tolist(), y.low.tolist(), y.high.tolist())
    known = [(t, some(a, b), some(c, d)) for t, a, b, c, d in zip(at, *ends, strict=True)]
    more = [
        (t, float(random.randint(-9, 9)), float(random.randint(-9, 9)))
        for t in missing(at, gap)
        if random.random() < 0.3
    ]
    return sorted([*known, *more])


@MANY
@given(pairs(), gaps, st.randoms(use_true_random=False))
def test_any_completion_of_missing_samples_lies_inside_the_interval(
    both: tuple[Signal, Signal], gap: int, random: Random
) -> None:
    x, y = both
    trace = completed(x, y, gap, random)
    before = {u: p for p, (u, _, _) in zip([None, *trace], trace, strict=False)}
    own = {u: (x, y) for u, x, y in trace}
    settle = [(u, naive_always(trace, u, 0, 4), 0.0) for u, _, _ in trace]
    inner = [(u, naive_eventually(trace, u, -3, 4), 0.0) for u, _, _ in trace]
    found = {
        "rate": tl.rate(x, 10, gap=gap),
        "changed": tl.changed(x, gap=gap),
        "rises": tl.rises(x, gap=gap),
        "settling": tl.settling_time(x, 4, REACH, gap=gap),
        "nested": tl.always(tl.eventually(x, -3, 4, gap=gap), -2, 5, gap=gap),
    }
    for n, t in enumerate(x.times.tolist()):
        here, earlier = own[t][0], before[t]
        true = {
            "settling": naive_response(settle, t, REACH),
            "nested": naive_always(inner, t, -2, 5),
        }
        if earlier is not None:
            true["changed"] = inf if here != earlier[1] else -inf
            # A rise needs x to hold now and to fail before: at 0 it holds.
            true["rises"] = min(here, -earlier[1] if earlier[1] else -5e-324)
            if abs(here) < inf and abs(earlier[1]) < inf:
                true["rate"] = (here - earlier[1]) * 10 / (t - earlier[0])
        for name, value in true.items():
            low, high = found[name].low[n], found[name].high[n]
            if name == "settling" and value > REACH:
                assert high == inf
                assert low <= REACH + 1
            else:
                assert low <= value <= high, (name, t)


@FEW
@given(st.integers(0, 1500), st.integers(0, 2**32 - 1))
def test_the_recursion_by_blocks_gives_what_the_loop_gives(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = (rng.choice([-inf, inf, *range(-40, 40)], n, p=[0.02, 0.1, *[0.011] * 80]) for _ in range(2))
    x, y = np.maximum(x, -20), np.minimum(y, -10)  # long memories
    z, expected = 3.0, []
    for keeps, sets in zip(x.tolist(), y.tolist(), strict=True):
        z = max(sets, min(keeps, z))
        expected.append(z)
    assert latch(x, y, 3.0).tolist() == expected


@FEW
@given(st.integers(1, 3), st.integers(1, 40_000), st.integers(-30_000, 30_000), st.integers(0, 2**32 - 1))
def test_long_irregular_windows_agree_with_short_steps(step: int, width: int, a: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 20_000
    at = np.cumsum(rng.integers(1, 2 * step + 1, n)) if seed % 2 else np.sort(rng.choice(3 * n, n, replace=False))
    x = Signal.of(at, rng.normal(size=n))
    found = tl.always(x, a, a + width, gap=10**6)
    for i in rng.integers(0, n, 20):
        inside = x.low[np.searchsorted(at, at[i] + a) : np.searchsorted(at, at[i] + a + width, "right")]
        assert found.high[i] == inside.min(initial=inf)


Monitor = Callable[[dict[str, list[float]]], list[float]]


def rtamt_monitor(text: str) -> Monitor:
    """The offline discrete-time monitor of rtamt; one sample a second."""
    rtamt = pytest.importorskip("rtamt")
    monitor = rtamt.StlDiscreteTimeSpecification()
    for name in ("x", "y", "out"):
        monitor.declare_var(name, "float")
    monitor.spec = f"out = {text}"
    monitor.parse()

    def run(data: dict[str, list[float]]) -> list[float]:
        return [m for _, m in monitor.evaluate({"time": list(range(len(data["x"]))), **data})]

    return run


def test_margins_agree_with_rtamt_on_a_thousand_traces() -> None:
    second = 10**9
    rng = np.random.default_rng(20_260_701)
    compared = decided = 0
    for _ in range(25):
        a = int(rng.integers(0, 6))
        b = a + int(rng.integers(0, 8))
        monitors = {
            "always": rtamt_monitor(f"always[{a}:{b}](x)"),
            "eventually": rtamt_monitor(f"eventually[{a}:{b}](x)"),
            "until": rtamt_monitor(f"(x) until[{a}:{b}] (y)"),
            "held": rtamt_monitor(f"historically[0:{b}](x)"),
            "since": rtamt_monitor("(x) since (y)"),
            "rises": rtamt_monitor("rise(x)"),
        }
        for _ in range(40):
            n = int(rng.integers(20, 40))
            values = {name: rng.normal(size=n).tolist() for name in ("x", "y")}
            x, y = (Signal.of(np.arange(n) * second, values[name]) for name in ("x", "y"))
            ours = {
                "always": tl.always(x, a * second, b * second, gap=second),
                "eventually": tl.eventually(x, a * second, b * second, gap=second),
                "until": tl.until(x, y, a * second, b * second, gap=second),
                "held": tl.held(x, b * second, gap=second),
                "since": tl.since(x, y, gap=second),
                "rises": tl.rises(x, gap=second),
            }
            for name, monitor in monitors.items():
                theirs = np.array(monitor({k: list(v) for k, v in values.items()}))
                mine = ours[name]
                # rtamt takes nothing to be beyond the trace: one of the completions that we allow for.
                assert ((mine.low <= theirs) & (theirs <= mine.high)).all(), (name, a, b)
                sure = mine.low == mine.high
                assert (mine.low[sure] == theirs[sure]).all(), (name, a, b)
                inside = slice(None, n - b) if name in ("always", "eventually", "until") else slice(b, None)
                if name not in ("since", "rises"):
                    assert sure[inside].all(), (name, a, b)
                compared += n
                decided += int(sure.sum())
    assert decided > 0.75 * compared
