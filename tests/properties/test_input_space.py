"""What must hold of every input space and of every point in it."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cases import Space, shrink, validator
from conformance.errors import Refused
from conformance.model.json import encode
from conformance.model.system import Band

numbers = st.integers(-30_000, 30_000).map(lambda n: n / 100)
resolutions = st.sampled_from([0.01, 0.1, 0.25, 0.5, 1, 2.5, 0.003])


def attempt(schema: dict, site: dict, envelope: dict, *, allowed: str) -> Space | None:
    """The space, or None if it is refused with problems of one kind only."""
    try:
        return Space.of(schema, site=site, envelope=envelope)
    except Refused as refused:
        kinds = {p.code for p in refused.problems}
        if kinds != {allowed}:
            raise
    return None


@st.composite
def spaces(draw: st.DrawFn) -> tuple[Space, dict, dict]:
    """A space of one list of numbers with a follower and a switch, its schema and its site."""
    low, high = draw(st.sampled_from([(0.8, 1.2), (0.0, 1.0), (0.95, 3.0)]))
    amount = {
        "type": "number",
        "resolution": draw(resolutions),
        "minimum": -400,
        "maximum": 400,
        "bounds": {"lower": {"of": "nominal", "times": low}, "upper": {"of": "nominal", "times": high, "plus": 0.07}},
    }
    switch = {"type": "boolean", "choices": [{"value": True, "weight": 3}, False]}
    items = {"type": "object", "properties": {"p": amount, "q": {"type": "number", "follows": "p"}, "on": switch}}
    hours = {"type": "integer", "nominal": 3, "bounds": {"lower": draw(st.integers(-5, 3)), "upper": 9}}
    schema = {
        "type": "object",
        "required": ["loads", "hours"],
        "properties": {"loads": {"type": "array", "site": "s.loads", "items": items}, "hours": hours},
    }
    elements = st.fixed_dictionaries({"p": numbers, "q": numbers, "on": st.booleans()})
    site = {"s": {"loads": draw(st.lists(elements, min_size=1, max_size=6))}}
    space = attempt(schema, site, {}, allowed="C104")  # no multiple of the resolution in so small a range
    if space is None:
        site["s"]["loads"] = [{"p": 100.0, "q": 1.0, "on": True}]
        space = Space.of(schema, site=site, envelope={})
    return space, schema, site


def points_of(space: Space, seed: int) -> list:
    rng = Random(seed)
    return [space.mixed(rng), space.independent(str(seed), seed), *list(space.boundary())[:20]]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(spaces(), st.integers(0, 10**6))
def test_every_generated_request_is_valid_and_inside_its_bounds(made, seed):
    space, schema, _ = made
    validate = validator(schema)
    for point in points_of(space, seed):
        request = space.request(point)
        assert validate(request) == []
        assert encode(request)
        for dimension, value in zip(space.dimensions, point, strict=True):
            if dimension.numeric and value != dimension.nominal:
                assert dimension.lower <= value <= dimension.upper
                cells = value / dimension.resolution
                assert math.isclose(cells, round(cells), rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(spaces(), st.integers(0, 10**6))
def test_shares_and_requests_lead_back_to_the_point(made, seed):
    space, _, _ = made
    for point in points_of(space, seed):
        shares = space.unit(point)
        assert ((shares >= 0) & (shares <= 1)).all()
        for d, back, value in zip(space.dimensions, space.point(shares), point, strict=True):
            nominal_outside_bounds = d.numeric and d.centre is None and value == d.nominal
            assert back == value or nominal_outside_bounds
        assert space.point_of(space.request(point)) == point
    anywhere = np.random.default_rng(seed).uniform(-0.2, 1.2, len(space.dimensions))
    assert all(d.holds(v) for d, v in zip(space.dimensions, space.point(anywhere), strict=True))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(spaces(), st.integers(0, 10**6))
def test_a_case_of_the_sample_does_not_depend_on_the_cases_before_it(made, seed):
    space, schema, site = made
    forward = [space.independent("a", i) for i in range(8)]
    again = Space.of(schema, site=site, envelope={})
    assert [again.independent("a", i) for i in reversed(range(8))] == forward[::-1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(spaces(), st.floats(0.3, 1.0), st.floats(1.0, 1.4), st.integers(0, 10**6))
def test_the_sample_is_inside_the_declared_envelope(made, low, high, seed):
    _, schema, site = made
    space = attempt(schema, site, {"loads.p": Band(low, high)}, allowed="C108")
    if space is not None:
        assert all(space.inside(space.independent(str(seed), i)) for i in range(10))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(spaces(), st.integers(0, 10**6), st.integers(0, 60))
def test_what_shrinking_returns_is_still_broken_and_no_larger(made, seed, budget):
    space, _, _ = made
    start = space.mixed(Random(seed))
    salt = Random(seed).random()

    def broken(point):  # neither monotone nor smooth
        return point == start or (sum(space.unit(point)) * 7.3 + salt) % 1 < 0.4

    shrunk = shrink(space, start, lambda batch: [broken(p) for p in batch], budget=budget)
    assert broken(shrunk.point)
    assert shrunk.calls <= budget
    assert shrunk.left == len(space.changes(shrunk.point)) <= len(space.changes(start))
    assert all(d.holds(v) for d, v in zip(space.dimensions, shrunk.point, strict=True))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(spaces(), st.data())
def test_the_strategy_draws_points_of_the_space(made, data):
    space, _, _ = made
    point = data.draw(space.strategy())
    assert all(d.holds(v) for d, v in zip(space.dimensions, point, strict=True))
    assert space.point_of(space.request(point)) == point
