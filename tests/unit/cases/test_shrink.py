from __future__ import annotations

from functools import partial
from random import Random

import pytest

from conformance.cases import Space, shrink


def test_values_that_do_not_matter_go_back_to_nominal_and_the_rest_to_the_limit(box):
    space = box(50)
    asked = []

    def still_broken(points):
        asked.extend(points)
        return [p[7] > 0.8 and p[31] < 0.3 for p in points]

    start = tuple(Random(3).choice((0.0, 1.0)) for _ in range(50))
    start = (*start[:7], 1.0, *start[8:31], 0.0, *start[32:])
    shrunk = shrink(space, start, still_broken, budget=200)
    assert {c.path: c.value for c in space.changes(shrunk.point)} == {"x[7].v": 0.801, "x[31].v": 0.299}
    assert shrunk.left == 2
    assert shrunk.calls == len(asked) == len(set(asked)) <= 60


def needs(a, b, c, point):
    return point[a] > 0.6 and point[b] < 0.4 and point[c] > 0.55


def each(judge, points):
    return [judge(p) for p in points]


@pytest.mark.parametrize("count", [20, 50, 100])
def test_three_needed_values_are_found_in_about_sixty_calls(box, count):
    space = box(count)
    for seed in range(10):
        rng = Random(seed)
        a, b, c = rng.sample(range(count), 3)
        point = list(space.mixed(rng))
        point[a], point[b], point[c] = 0.9, 0.1, 1.0
        judge = partial(needs, a, b, c)
        shrunk = shrink(space, tuple(point), partial(each, judge), budget=100)
        assert judge(shrunk.point)
        assert shrunk.left == 3
        assert shrunk.calls <= 60


def test_few_values_at_their_ends_are_preferred_to_many_in_between(box):
    space = box(30)
    shrunk = shrink(
        space, (0.6,) * 30, lambda ps: [sum(v - 0.5 for v in p) > 1.2 for p in ps], budget=200, amounts=False
    )
    assert shrunk.left == 3  # 3 x 0.5, in place of 13 x 0.1


def test_only_the_field_that_matters_is_left(space: Space):
    start = tuple(d.upper for d in space.dimensions)
    shrunk = shrink(space, start, lambda ps: [p[7] is False for p in ps], budget=50)
    assert [c.path for c in space.changes(shrunk.point)] == ["generators[id=2].in_service"]


def test_without_calls_the_counterexample_stays_as_it_is(box):
    space = box(10)
    shrunk = shrink(space, (1.0,) * 10, lambda ps: [True for _ in ps], budget=0)
    assert (shrunk.point, shrunk.calls, shrunk.left) == ((1.0,) * 10, 0, 10)


def test_a_rule_broken_at_nominal_leaves_nothing(box):
    shrunk = shrink(box(10), (1.0,) * 10, lambda ps: [True for _ in ps], budget=10)
    assert (shrunk.left, shrunk.calls) == (0, 1)


def test_another_target_than_nominal_is_shrunk_toward(box):
    space = box(12)
    start, target = (1.0,) * 12, (0.0,) * 12
    shrunk = shrink(space, start, lambda ps: [p[2] > 0.25 for p in ps], budget=60, target=target)
    assert shrunk.point == (0.0, 0.0, 0.251, *(0.0,) * 9)
    assert shrunk.left == 1


def test_of_values_at_their_ends_the_longest_moves_are_kept(schema, site):
    space = Space.of(schema, site=site, envelope={})
    start = tuple(d.upper if d.group == "loads.p" else d.nominal for d in space.dimensions)
    loads = space.groups["loads.p"]

    def over(points):
        return [sum(float(p[n]) - float(space.nominal[n]) for n in loads) > 30 for p in points]

    shrunk = shrink(space, start, over, budget=60, amounts=False)
    assert [c.path for c in space.changes(shrunk.point)] == ["loads[bus=3].p"]  # 34 MW of one, not 41 of two
