"""Temporal operators: what each promises, on samples small enough to check by eye."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import numpy as np
import pytest

from conformance.engines.series import _operators
from conformance.engines.series import kernel as tl
from conformance.engines.series.kernel import Latched, Signal, Stream, opposite
from conformance.errors.temporal import BadWindow, DifferentSamples, FarTime, UnorderedTimes

S = 10**9


def at(seconds: list[float], values: list[float]) -> Signal:
    return Signal.of([round(s * S) for s in seconds], values)


def ends(found: Signal) -> list[tuple[float, float]]:
    return list(zip(found.low.tolist(), found.high.tolist(), strict=True))


@pytest.mark.parametrize("times", [[0, 1, 2, 3], [0, 1, 2, 4], [0.0, 1.25, 2.0, 3.5]])
def test_both_ends_of_a_window_count(times: list[float]) -> None:
    x = at(times, [3, 1, 2, 5])
    span = round((times[2] - times[0]) * S)
    assert ends(tl.always(x, span, span, gap=9 * S))[0] == (2, 2)
    assert ends(tl.always(x, span - 1, span, gap=9 * S))[0] == (2, 2)
    assert ends(tl.always(x, 0, span, gap=9 * S))[0] == (1, 1)
    assert ends(tl.always(x, 0, span - 1, gap=9 * S))[0] == (1, 1)
    assert ends(tl.eventually(x, span, span + 1, gap=9 * S))[0] == (2, 2)
    assert ends(tl.eventually(x, 0, span - 1, gap=9 * S))[0] == (3, 3)


def test_a_window_past_the_end_of_the_data_never_passes_but_may_fail() -> None:
    assert ends(tl.always(at([0, 1, 2], [1, 2, 3]), 0, S, gap=S)) == [(1, 1), (2, 2), (-inf, 3)]
    failed = tl.always(at([0, 1, 2], [1, 2, -3]), 0, 5 * S, gap=S)
    assert failed.fails.all()
    assert not tl.always(at([0, 1, 2], [1, 2, 3]), 0, 5 * S, gap=S).holds.any()


def test_a_window_before_the_start_of_the_data_never_passes() -> None:
    assert ends(tl.held(at([0, 1, 2], [1, 2, 3]), S, gap=S)) == [(-inf, 1), (1, 1), (2, 2)]


def test_a_window_into_a_gap_is_widened_to_what_missing_samples_allow() -> None:
    x = at([0, 1, 5, 6], [4, 3, 2, 1])
    assert ends(tl.always(x, 0, S, gap=2 * S)) == [(3, 3), (-inf, 3), (1, 1), (-inf, 1)]
    assert ends(tl.eventually(x, 0, S, gap=2 * S)) == [(4, 4), (3, inf), (2, 2), (1, inf)]
    assert ends(tl.always(x, 0, S, gap=4 * S))[:3] == [(3, 3), (3, 3), (1, 1)]


def test_leaving_samples_out_never_makes_a_rule_pass() -> None:
    rng = np.random.default_rng(1)
    times, values = np.arange(200) * S, rng.normal(size=200)
    whole = tl.always(Signal.of(times, values), 0, 10 * S, gap=S)
    for _ in range(20):
        kept = np.sort(rng.choice(200, 180, replace=False))
        found = tl.always(Signal.of(times[kept], values[kept]), 0, 10 * S, gap=S)
        assert not (found.holds & ~whole.holds[kept]).any()
        assert not (found.fails & ~whole.fails[kept]).any()


def test_a_window_without_a_sample_says_nothing() -> None:
    x = at([0, 1, 2, 3], [1, 1, 1, 1])
    for found in (
        tl.always(x, S // 4, S // 2, gap=S),
        tl.eventually(x, S // 4, S // 2, gap=S),
        tl.always(at([0, 1, 3, 4], [1, 1, 1, 1]), S // 4, S // 2, gap=2 * S),
    ):
        assert ends(found) == [(-inf, inf)] * 4


def test_a_missing_value_spans_all_numbers() -> None:
    x = Signal.of([0, 1, 2], [1.0, nan, 2.0])
    assert ends(x) == [(1, 1), (-inf, inf), (2, 2)]
    assert ends(tl.always(x, 0, 1, gap=1))[:2] == [(-inf, 1), (-inf, 2)]
    assert ends(Signal.of([0], [nan], [3.0])) == [(-inf, 3)]


@pytest.mark.parametrize("missing", [1, 5, 40, 300])
def test_few_missing_samples_widen_the_same_windows_as_many(missing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(missing)
    values = rng.normal(size=1000)
    values[rng.choice(1000, missing, replace=False)] = nan
    x = Signal.of(np.cumsum(rng.choice([1, 1, 1, 2, 9], 1000)), values)
    marked = [of(x, a, a + 7, gap=3) for of in (tl.always, tl.eventually) for a in (-9, -3, 0, 4)]
    monkeypatch.setattr(_operators, "FEW", 10**6)
    computed = [of(x, a, a + 7, gap=3) for of in (tl.always, tl.eventually) for a in (-9, -3, 0, 4)]
    assert [ends(one) for one in marked] == [ends(one) for one in computed]


def test_until_needs_x_up_to_right_before_y() -> None:
    x, y = at([0, 1, 2, 3], [5, 4, -1, 5]), at([0, 1, 2, 3], [-2, -2, 3, 3])
    found = tl.until(x, y, 0, 2 * S, gap=S)
    assert ends(found)[:2] == [(3, 3), (3, 3)]
    assert ends(tl.until(x, y, 3 * S, 3 * S, gap=S))[0] == (-1, -1)


def test_until_with_a_window_without_a_sample_knows_only_what_came_before() -> None:
    x, y = at([0, 1, 2, 3], [5, 5, -1, -1]), at([0, 1, 2, 3], [-2, -2, -2, -2])
    assert ends(tl.until(x, y, 5 * S // 4, 3 * S // 2, gap=S))[0] == (-inf, 5)


def test_since_remembers_until_it_is_reset() -> None:
    on, stays = at([0, 1, 2, 3, 4], [-1, 1, -1, -1, -1]), at([0, 1, 2, 3, 4], [1, 1, 1, -1, 1])
    found = tl.since(stays, on, gap=S)
    assert ends(found) == [(-1, 1), (1, 1), (1, 1), (-1, -1), (-1, -1)]


def test_since_forgets_across_a_gap() -> None:
    on, keep = at([0, 1, 5], [1, -1, -1]), at([0, 1, 5], [1, 1, 1])
    assert ends(tl.since(keep, on, gap=S)) == [(1, 1), (1, 1), (-1, 1)]


def test_rate_is_the_backward_difference_per_unit_of_time() -> None:
    x = at([0, 10, 20, 90], [100, 105, 103, 103])
    assert ends(tl.rate(x, 60 * S, gap=10 * S)) == [(-inf, inf), (30, 30), (-12, -12), (-inf, inf)]
    y = Signal.of([0, 10 * S], [100, 104], [101, 105])
    assert ends(tl.rate(y, 60 * S, gap=10 * S))[1] == (18, 30)


def test_a_rate_beyond_all_numbers_says_nothing() -> None:
    for values in ([-1.7e308, 1.7e308], [inf, inf], [0.0, inf]):
        assert ends(tl.rate(at([0, 1], values), 60 * S, gap=S))[1][0] == -inf
        assert ends(tl.rate(at([0, 1], values), 60 * S, gap=S))[1][1] == inf


def test_changed_compares_with_the_previous_sample() -> None:
    x = at([0, 1, 2, 3, 9], [1, 1, 2, nan, 2])
    assert ends(tl.changed(x, gap=S)) == [(-inf, inf), (-inf, -inf), (inf, inf), (-inf, inf), (-inf, inf)]


def test_a_condition_at_its_limit_rises_only_once() -> None:
    found = tl.rises(at([0, 1, 2, 3], [-1, 0, 0, 2]), gap=S)
    assert found.holds.tolist() == [False, True, False, False]
    assert found.fails.tolist() == [True, False, True, True]


def test_a_margin_at_the_limit_is_never_both_true_and_not_true() -> None:
    x = at([0, 1, 2], [0.0, -5e-324, 3.0])
    assert x.holds.tolist() == [True, False, True]
    assert (opposite(x.low) >= 0).tolist() == [False, True, False]
    assert opposite(opposite(x.low)).tolist() == x.low.tolist()


def test_a_response_is_timed_to_the_first_sample_that_holds() -> None:
    x = at([0, 1, 2, 3], [-1, -1, 1, -1])
    assert ends(tl.response_time(x, 5 * S, gap=S)) == [(2 * S, 2 * S), (S, S), (0, 0), (1, inf)]
    assert ends(tl.response_time(x, S, gap=S))[0] == (S + 1, inf)
    # Before a response that is seen, a missing sample may have held already.
    assert ends(tl.response_time(at([0, 5], [-1, 1]), 9 * S, gap=S))[0] == (1, 5 * S)


def test_settling_needs_the_condition_to_keep_holding() -> None:
    x = at([0, 1, 2, 3, 4, 5, 6], [-1, 1, -1, 1, 1, 1, 1])
    assert ends(tl.settling_time(x, 2 * S, 4 * S, gap=S))[0] == (3 * S, 3 * S)


def test_a_rise_is_timed_from_its_begin() -> None:
    value = np.array([0.0, 5, 20, 60, 95, 99])
    times = np.arange(6) * S
    begun, done = Signal.of(times, value - 10), Signal.of(times, value - 90)
    assert ends(tl.rise_time(begun, done, 5 * S, gap=S))[0] == (2 * S, 2 * S)


@pytest.mark.parametrize(("times", "number"), [([0, 1, 1], 3), ([5, 4, 6], 2)])
def test_equal_and_descending_times_are_refused_with_their_place(times: list[int], number: int) -> None:
    with pytest.raises(UnorderedTimes) as refused:
        Signal.of(times, [0.0] * 3)
    assert refused.value.number == number
    assert str(number) in refused.value.render("zh")


def test_times_that_are_no_nanoseconds_are_refused() -> None:
    with pytest.raises(FarTime):
        Signal.of([0, 2**62 + 1], [0.0, 0.0])


@pytest.mark.parametrize(
    "run",
    [
        lambda x: tl.always(x, 2, 1, gap=1),
        lambda x: tl.eventually(x, 0, 1, gap=0),
        lambda x: tl.held(x, -1, gap=1),
        lambda x: tl.until(x, x, -1, 1, gap=1),
        lambda x: tl.always(x, 0, 2**62, gap=1),
        lambda x: tl.rate(x, 0, gap=1),
    ],
)
def test_windows_without_meaning_are_refused(run: Callable[[Signal], object]) -> None:
    with pytest.raises(BadWindow):
        run(Signal.of([0, 1], [0.0, 0.0]))


def test_signals_at_different_times_are_refused() -> None:
    with pytest.raises(DifferentSamples):
        tl.since(at([0, 1], [1, 1]), at([0, 2], [1, 1]), gap=S)
    with pytest.raises(DifferentSamples):
        tl.until(at([0], [1]), at([0, 1], [1, 1]), 0, S, gap=S)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        Signal.of([0, 1], [1.0])
    with pytest.raises(ValueError, match="low end"):
        Signal.of([0], [1.0], [0.0])


def test_an_empty_group_gives_nothing() -> None:
    nothing = Signal.of([], [])
    assert len(tl.until(nothing, nothing, 1, 2, gap=1)) == len(tl.elapsed(nothing, gap=1)) == 0
    assert Stream(1, 1).push(nothing.times, {}, last=True) is None


def test_one_sample_is_its_own_whole_window() -> None:
    assert ends(tl.always(at([7], [2]), 0, 0, gap=1)) == [(2, 2)]
    assert ends(tl.always(at([7], [2]), -1, 1, gap=1)) == [(-inf, 2)]


def test_whole_data_miss_nothing_beyond_their_ends() -> None:
    x, none = at([0, 1, 2], [1, 2, 3]), at([0, 1, 2], [-1, -1, -1])
    assert ends(tl.always(x, 0, 5 * S, gap=S, whole=True)) == [(1, 1), (2, 2), (3, 3)]
    assert ends(tl.eventually(none, 3 * S, 5 * S, gap=S, whole=True)) == [(-inf, -inf)] * 3
    assert ends(tl.until(x, none, 0, 5 * S, gap=S, whole=True)) == [(-1, -1)] * 3
    assert ends(tl.until(x, none, 3 * S, 5 * S, gap=S, whole=True)) == [(-inf, -inf)] * 3
    assert ends(tl.since(x, none, gap=S, whole=True)) == [(-1, -1)] * 3
    assert ends(tl.elapsed(none, gap=S, whole=True)) == [(inf, inf)] * 3
    assert ends(tl.rate(x, S, gap=S, whole=True)) == [(0, 0), (1, 1), (1, 1)]
    assert ends(tl.changed(x, gap=S, whole=True))[0] == (-inf, -inf)
    assert tl.response_time(none, 2 * S, gap=S, whole=True).low.tolist() == [2 * S + 1] * 3


def test_gaps_inside_whole_data_still_miss_samples() -> None:
    x = at([0, 1, 5], [1, 2, 3])
    assert ends(tl.always(x, 0, 2 * S, gap=S, whole=True)) == [(-inf, 1), (-inf, 2), (3, 3)]
    assert ends(tl.rises(x, gap=S, whole=True))[2] == (-inf, 3)


def test_elapsed_counts_from_the_last_sample_that_held() -> None:
    x = at([0, 1, 2, 3, 9], [-1, 1, -1, -1, -1])
    assert ends(tl.elapsed(x, gap=S)) == [(1, inf), (0, 0), (S, S), (2 * S, 2 * S), (1, 8 * S)]


def test_elapsed_goes_on_from_what_it_said_last() -> None:
    x = at([3, 4, 5], [-1, -1, 1])
    found = tl.elapsed(x, gap=S, after=Latched(3 * S, 2 * S, 2 * S))
    assert ends(found) == [(0, inf), (3 * S, 3 * S), (0, 0)]
    assert ends(tl.elapsed(x, gap=S, after=Latched(3 * S, inf, inf)))[1] == (inf, inf)


def test_previous_is_anything_where_it_is_missing() -> None:
    assert ends(tl.previous(at([0, 1, 9], [1, 2, 3]), gap=S)) == [(-inf, inf), (1, 1), (-inf, inf)]


def test_a_stream_gives_each_sample_as_soon_as_its_window_has_passed() -> None:
    stream = Stream(0, 2 * S)
    first = stream.push(np.array([0, 1, 2]) * S, {})
    last = stream.push(np.array([], np.int64), {}, last=True)
    assert first is not None
    assert last is not None
    assert (first.times[first.decided] // S).tolist() == [0]
    assert (last.times[last.decided] // S).tolist() == [1, 2]
    assert (first.first, first.last, last.first, last.last) == (True, False, True, True)


def test_a_stream_keeps_no_more_than_its_windows_need() -> None:
    stream, most, given = Stream(50, 50), 0, 0
    for begin in range(0, 100_000, 100):
        times = np.arange(begin, begin + 100)
        stretch = stream.push(times, {"x": times})
        if stretch is not None:
            most = max(most, len(stretch.times))
            given += len(stretch.times[stretch.decided])
            looked = stretch.times[stretch.decided]
            assert stretch.first or stretch.times[0] <= looked[0] - 50
            assert stretch.times[-1] >= looked[-1] + 50
            assert (stretch.columns["x"] == stretch.times).all()
    assert most <= 500
    assert given == 100_000 - 50
