from __future__ import annotations

from itertools import pairwise
from random import Random


def test_half_of_the_values_are_at_an_end_and_pieces_are_of_all_sizes(box):
    space, rng = box(40), Random(1)
    points = [space.mixed(rng) for _ in range(400)]
    ends = sum(v in (0.0, 1.0) for p in points for v in p) / (400 * 40)
    assert 0.42 < ends < 0.58
    sizes = {sum(a != b for a, b in pairwise(p)) + 1 for p in points}
    assert {1, 2, 4} <= sizes
    assert max(sizes) > 20


def test_choices_are_often_left_nominal(space):
    rng = Random(2)
    points = [space.mixed(rng) for _ in range(300)]
    out = sum(not (p[5] and p[7]) for p in points)
    assert 60 < out < 150  # a third in one element, a few by weight
