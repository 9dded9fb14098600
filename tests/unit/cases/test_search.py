from __future__ import annotations

from itertools import combinations, product

import pytest

from conformance.cases import Search, Space
from conformance.cases.boundary import levels
from conformance.cases.search import BATCH, SHARES
from conformance.model.run import Stage
from conformance.model.system import Band


def play(search: Search, margin=lambda point: 1.0, *, told=()):
    """(stage, points) of every ask, answered by ``margin``."""
    search.tell([(point, {"r": margin(point)}) for point in told])
    while (asked := search.ask()) is not None:
        yield asked
        search.tell([(point, {"r": margin(point)}) for point in asked[1]])


def numbers(count: int) -> Space:
    """``count`` fields of one number each, and two with choices."""
    number = {"type": "number", "nominal": 0.5, "resolution": 0.01, "bounds": {"lower": 0, "upper": 1}}
    fields = {f"x{n}": number for n in range(count)}
    fields |= {
        "mode": {"nominal": "a", "choices": ["a", "b", "c", "d"]},
        "on": {"nominal": True, "choices": [True, False]},
    }
    return Space.of({"type": "object", "properties": fields}, site={}, envelope={})


def test_every_pair_of_levels_of_every_two_fields_is_asked():
    space = numbers(6)
    search = Search(space, ["r"], seed="1", calls=2000, adaptive=False)
    points = [point for _, batch in play(search, told=[space.nominal]) for point in batch] + [space.nominal]
    for (one, a), (two, b) in combinations(enumerate(space.dimensions), 2):
        assert set(product(levels(a), levels(b))) <= {(p[one], p[two]) for p in points}


def test_on_a_huge_space_each_stage_keeps_to_its_share():
    space = numbers(60)
    spent = dict.fromkeys(Stage, 0)
    for stage, batch in play(Search(space, ["r"], seed="1", calls=200), lambda p: p[0]):
        spent[stage] += len(batch)
    assert spent[Stage.PAIRWISE] == 200 * SHARES[Stage.PAIRWISE]  # it would take more
    assert all(spent[stage] <= 200 * share for stage, share in SHARES.items() if stage is not Stage.HUNT)
    assert sum(spent.values()) == 200


def test_without_adaptive_stages_nothing_depends_on_answers(space):
    one = list(play(Search(space, ["r"], seed="1", calls=400, adaptive=False), lambda p: p[0]))
    two = list(play(Search(space, ["r"], seed="1", calls=400, adaptive=False), lambda p: -1.0))
    assert one == two
    assert {stage for stage, _ in one} == {Stage.BOUNDARY, Stage.PAIRWISE}


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_seed_and_answers_give_the_same_points(space, seed):
    def trace(seed):
        return list(play(Search(space, ["r"], seed=seed, calls=150), lambda p: float(p[1])))

    assert trace(seed) == trace(seed)
    assert trace(seed) != trace(seed + "0")


def test_no_point_is_asked_twice_nor_one_that_was_told(space):
    told = [space.nominal, *(space.independent("s", index) for index in range(20))]
    batches = list(play(Search(space, ["r"], seed="1", calls=300), lambda p: float(p[1]), told=told))
    asked = [point for _, batch in batches for point in batch]
    assert len(asked) == len(set(asked)) == 300
    assert not set(asked) & set(told)
    assert all(0 < len(batch) <= BATCH for _, batch in batches)
    assert {stage for stage, _ in batches} == set(SHARES)


def test_what_is_drawn_lies_in_the_declared_envelope(schema, site):
    space = Space.of(schema, site=site, envelope={"loads.p": Band(low=0.95, high=1.05, of="nominal")})
    for stage, batch in play(Search(space, ["r"], seed="1", calls=300), lambda p: float(p[1])):
        if stage is not Stage.BOUNDARY:
            assert all(space.inside(point) for point in batch)


def test_the_hunt_starts_from_points_of_other_stages(box):
    space = box(8)
    centre = (0.4, 0.6, 0.3, 0.7)
    told = [space.nominal, (0.41, 0.6, 0.3, 0.69, *(0.5,) * 4)]

    def margin(point):  # level but near the centre, where a point of the sample happened to be
        return min(max(abs(a - b) for a, b in zip(point[:4], centre, strict=True)), 0.1) - 0.005

    def found(told):
        batches = play(Search(space, ["r"], seed="1", calls=600), margin, told=told)
        return any(margin(point) < 0 for _, batch in batches for point in batch)

    assert found(told)
    assert not found([space.nominal])


def test_without_dimensions_or_calls_nothing_is_asked(space):
    empty = Space.of({"type": "object", "properties": {}}, site={}, envelope={})
    assert list(play(Search(empty, ["r"], seed="1", calls=100), told=[empty.nominal])) == []
    assert Search(space, ["r"], seed="1", calls=0).ask() is None
    without_rules = play(Search(space, [], seed="1", calls=100))
    assert Stage.HUNT not in {stage for stage, _ in without_rules}
