from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from conformance.cases import Point, Space, ways
from conformance.cases.deck import Deck

WAYS = {**ways.LONE, **ways.ROWS}


def signals(pieces: int = 10) -> Space:
    """Two signals in [0, 1]."""
    signal = {
        "type": "array",
        "signal": {"knots": pieces, "length": pieces, "interpolation": "hold"},
        "items": {"type": "number", "resolution": 0.001},
        "bounds": {"lower": 0, "upper": 1},
        "nominal": 0.5,
    }
    return Space.of({"type": "object", "properties": {"a": signal, "b": signal}}, site={}, envelope={})


def scene(space: Space, pool: Sequence[Point], seed: int) -> ways.Scene:
    return ways.Scene(space, Random(seed), pool, [1.0] * len(space.dimensions), [0.1] * len(pool))


@pytest.mark.parametrize("name", WAYS)
def test_each_way_gives_points_of_the_space_and_changes_some(name, space):
    rng = Random(0)
    pool = [space.mixed(rng) for _ in range(6)]
    found = [WAYS[name](scene(space, pool, seed)) for seed in range(100)]
    assert all(d.holds(value) for point in found for d, value in zip(space.dimensions, point, strict=True))
    assert len(set(found) - set(pool)) > 5


def test_a_switch_of_a_signal_moves_or_two_runs_become_one():
    space = signals()
    parent = (0.0,) * 5 + (1.0,) * 5 + (0.5,) * 10
    found = {ways.switch(scene(space, [parent], seed)) for seed in range(300)}
    for first in range(11):
        assert (0.0,) * first + (1.0,) * (10 - first) + (0.5,) * 10 in found


def test_a_run_that_is_copied_stands_elsewhere_too():
    space = signals()
    parent = (1.0, *(0.0,) * 9, *(0.5,) * 10)
    found = {ways.shift(scene(space, [parent], seed)) for seed in range(300)}
    assert {(1.0, *(float(n == at) for n in range(1, 10)), *(0.5,) * 10) for at in range(1, 10)} <= found


def test_a_run_of_all_signals_can_come_from_another_point():
    space = signals()
    zero, one = (0.0,) * 20, (1.0,) * 20
    both = 0
    for seed in range(200):
        child = ways.cross(scene(space, [zero, one], seed))
        assert set(child) <= {0.0, 1.0}
        both += child[:10] == child[10:] and len(set(child)) == 2
    assert both > 20


def test_values_that_matter_change_more_often(box):
    space = box(10)
    weights = [10.0 if number == 3 else 0.1 for number in range(10)]
    moved = [0] * 10
    for seed in range(200):
        child = ways.step(ways.Scene(space, Random(seed), [space.nominal], weights, [1.0]))
        for number in range(10):
            moved[number] += child[number] != space.nominal[number]
    assert moved[3] > 100 > 3 * max(moved[:3] + moved[4:])


def test_a_slope_leads_to_the_limit(box):
    space = box(3)
    slopes = {1: -2.0}  # the margin falls by 2 over the whole range: 0.3 is 0.15 of it away
    found = [
        ways.slope(ways.Scene(space, Random(seed), [space.nominal], [1.0] * 3, [0.3], slopes))[1] for seed in range(50)
    ]
    assert all(0.575 <= value <= 0.725 for value in found)
    assert any(value > 0.65 for value in found)


def test_a_deck_leaves_no_stretch_out_before_one_comes_again(box, space):
    (dimension,) = box(1, resolution=1e-5).dimensions
    deck, rng = Deck(dimension), Random(1)
    drawn = [float(deck.draw(rng)) for _ in range(1000)]
    assert max(b - a for a, b in zip(sorted(drawn), sorted(drawn)[1:], strict=False)) <= 0.002
    on = next(d for d in space.dimensions if d.kind == "boolean")
    choices = Deck(on)
    assert sorted(choices.draw(rng) for _ in range(10)) == [False] * 5 + [True] * 5
