from __future__ import annotations

import pytest
from hypothesis import find, settings


def test_proposals_are_the_same_for_a_seed(space):
    def proposed(seed):
        points = []
        space.structure(points.append, seed=seed, examples=40)
        return points

    first = proposed("1")
    assert first == proposed("1")
    assert first != proposed("2")
    assert 20 <= len(first) <= 40
    assert all(space.point_of(space.request(p)) == p for p in first)


def test_a_failing_test_is_passed_on(space):
    def fail(point):
        raise LookupError("no such unit")

    with pytest.raises(LookupError):
        space.structure(fail, seed="1", examples=5)


def test_hypothesis_shrinks_toward_nominal(space):
    patient = settings(database=None, deadline=None, derandomize=True, max_examples=2000)
    smallest = find(space.strategy(), lambda p: p[1] > 120, settings=patient)
    assert [c.path for c in space.changes(smallest)] == ["loads[bus=1].p"]
    assert smallest[1] < 121


def test_a_large_space_fits_a_case_of_hypothesis(box):
    points = []
    box(2000).structure(points.append, seed="1", examples=10)
    assert len(points) >= 5
    assert any(p != (0.5,) * 2000 for p in points)
