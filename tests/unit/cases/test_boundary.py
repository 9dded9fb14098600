from __future__ import annotations

from itertools import combinations, product

from conformance.cases import Space
from conformance.cases.boundary import factors, levels


def test_each_value_stands_at_each_end_alone(space):
    singles = {c[0].path: set() for p in space.boundary() if len(c := space.changes(p)) == 1}
    for point in space.boundary():
        changes = space.changes(point)
        if len(changes) == 1:
            singles[changes[0].path].add(changes[0].value)
    assert singles == {d.path: set(d.ends) for d in space.dimensions}


def test_all_low_all_high_and_each_field_at_its_ends_are_there(space):
    points = set(space.boundary())
    low = tuple(d.lower if d.numeric else d.nominal for d in space.dimensions)
    high = tuple(d.upper if d.numeric else d.nominal for d in space.dimensions)
    assert {low, high} <= points
    loads = list(space.nominal)
    for number in space.groups["loads.p"]:
        loads[number] = space.dimensions[number].upper
    assert tuple(loads) in points


def test_no_boundary_point_stands_twice_nor_is_nominal(space):
    points = list(space.boundary())
    assert len(points) == len(set(points))
    assert space.nominal not in points


def test_pairwise_holds_every_pair_of_levels(space):
    points = list(space.pairwise("1"))
    for a, b in combinations(range(len(space.dimensions)), 2):
        wanted = set(product(levels(space.dimensions[a]), levels(space.dimensions[b])))
        assert wanted <= {(p[a], p[b]) for p in points}
    assert len(points) <= 20  # 9 at least


def test_pairwise_of_many_dimensions_pairs_whole_fields(schema, site):
    site["grid"]["loads"] = [{"bus": str(n), "p": 100, "q": 20} for n in range(45)]
    space = Space.of(schema, site=site, envelope={})
    points = list(space.pairwise("1"))
    assert len(factors(space.dimensions)) == 4  # interval, loads, present output, in service
    assert len(points) <= 15
    assert all(len(set(p[1:46])) == 1 for p in points)
    assert {(p[0], p[1]) for p in points} == set(product((15, 5, 60), (100, 80.0, 120.0)))


def test_pairwise_of_forty_dimensions_is_complete_and_small(box):
    space = box(40)
    points = list(space.pairwise("1"))
    assert len(points) <= 35
    for a, b in combinations(range(40), 2):
        assert len({(p[a], p[b]) for p in points}) == 9
    assert points == list(space.pairwise("1"))
