"""A counterexample that is a sequence shrinks to few values, few calls, and no waiting before it begins."""

from __future__ import annotations

from random import Random

import pytest
from test_score import score, space  # its spaces are what is shrunk here

from conformance.cases import Point, shrink_sequence

SPACE = space(score())


def high_then_low(point: Point) -> bool:
    """Broken if methane was high, and after it low again, within the calls there are."""
    values = SPACE.request(point)["ch4"]
    high = next((n for n, value in enumerate(values) if value >= 1.0), None)
    return high is not None and any(value < 0.8 for value in values[high:])


def found(seed: int) -> Point:
    rng = Random(seed)
    return next(p for p in (SPACE.declared.mixed(rng) for _ in range(1000)) if high_then_low(p) and len(set(p)) > 4)


@pytest.mark.parametrize("seed", range(10))
def test_it_begins_at_once_and_ends_when_it_has_happened(seed: int) -> None:
    asked: list[Point] = []

    def broken(points: list[Point]) -> list[bool]:
        asked.extend(points)
        return [high_then_low(p) for p in points]

    shrunk = shrink_sequence(SPACE, found(seed), broken, budget=60)
    request = SPACE.request(shrunk.point)
    assert high_then_low(shrunk.point)
    assert request["ch4"][0] >= 1.0
    assert request["calls"] == 8  # the first of four knots holds for seven of thirty calls, and one more shows the fall
    assert set(request["acknowledge"]) == {False}
    assert len(asked) == len(set(asked)) == shrunk.calls <= 60


def test_a_small_budget_is_kept_and_leaves_a_counterexample() -> None:
    for budget in (0, 1, 3, 10):
        asked = []

        def broken(points: list[Point], asked: list[Point] = asked) -> list[bool]:
            asked.extend(points)
            return [high_then_low(p) for p in points]

        shrunk = shrink_sequence(SPACE, found(1), broken, budget=budget)
        assert high_then_low(shrunk.point)
        assert len(asked) <= budget


def test_what_only_happens_at_the_end_keeps_its_calls() -> None:
    def late(points: list[Point]) -> list[bool]:
        return [len(SPACE.request(p)["ch4"]) == 30 and SPACE.request(p)["ch4"][-1] > 2.0 for p in points]

    start = (*SPACE.nominal[:4], 2.5, *SPACE.nominal[5:])
    shrunk = shrink_sequence(SPACE, start, late, budget=60)
    assert SPACE.request(shrunk.point)["calls"] == 30
    assert late([shrunk.point]) == [True]
