from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from conformance.cases import Space, validator
from conformance.cases.transforms import changed, vary
from conformance.model.json import digest
from conformance.model.run import Case, Stage
from conformance.model.system import Band
from conformance.rules import Variation

CASE = Case(1, "dispatch", Stage.INDEPENDENT, None, "")


def change(transform: Any, path: str, amount: float = 0.0, **more: Any) -> Variation:
    return Variation(transform, tuple(path.split(".")), amount, **more)


LOADS = {"resolution": 0.1, "bounded": True}


def case_of(space: Space, request: Any) -> Case:
    point = space.point_of(request)
    assert point is not None
    return evolve(CASE, request=request, sha256=digest(request), changed=space.changes(point))


def varied(space: Space, how: Variation, *, schema: Any = True, request: Any = None, seed: str = "s") -> Any:
    request = space.request(space.nominal) if request is None else request
    made = vary(case_of(space, request), how, space=space, valid=validator(schema), seed=seed)
    return None if made is None else made.request


@pytest.mark.parametrize(
    ("how", "p"),
    [
        (change("increase", "loads.p", 0.1, share=True, **LOADS), [118.8, 106.7, 188.5, 0]),
        (change("increase", "loads.p", 5.0, **LOADS), [113.0, 102.0, 176.4, 0]),
        (change("decrease", "loads.p", 5.0, **LOADS), [103.0, 92.0, 166.4, 0]),
        (change("scale", "loads.p", 0.9, **LOADS), [97.2, 87.3, 154.2, 0]),
    ],
)
def test_values_land_on_the_grid_and_a_field_that_its_bounds_fix_stays(space: Space, how: Variation, p: Any) -> None:
    assert [load["p"] for load in varied(space, how)["loads"]] == p


def test_what_follows_a_field_follows_its_change(space: Space) -> None:
    loads = varied(space, change("scale", "loads.p", 1.1, **LOADS))["loads"]
    assert loads[0]["q"] == pytest.approx(22 * 118.8 / 108, abs=1e-6)
    assert loads[3]["q"] == 5


def test_a_change_smaller_than_the_grid_never_goes_the_other_way(space: Space) -> None:
    how = change("increase", "loads.p", 0.01, **LOADS)
    assert varied(space, how)["loads"][2]["p"] >= 171.37
    assert changed({"x": 171.34}, change("increase", "x", 0.001, resolution=0.1), seed="")["x"] == 171.34
    assert changed({"x": 171.37}, change("decrease", "x", 0.001, resolution=0.1), seed="")["x"] == 171.37


def test_beyond_the_bounds_there_is_no_pair(space: Space) -> None:
    assert varied(space, change("increase", "loads.p", 0.21, share=True, **LOADS)) is None
    assert varied(space, change("increase", "interval", 50.0, whole=True, resolution=5, bounded=True)) is None
    assert varied(space, change("increase", "interval", 45.0, whole=True, resolution=5, bounded=True)) is not None


def test_where_the_schema_is_broken_there_is_no_pair(space: Space) -> None:
    reserve = {"properties": {"reserve": {"maximum": 420}}}
    assert varied(space, change("increase", "reserve", 21.0), schema=reserve) is None
    assert varied(space, change("increase", "reserve", 20.0), schema=reserve)["reserve"] == 420


def test_the_declared_envelope_is_told_of_the_changed_request(schema: Any, site: Any) -> None:
    space = Space.of(schema, site=site, envelope={"loads.p": Band(0.9, 1.05, of="nominal")})
    case = case_of(space, space.request(space.nominal))
    for share, inside in ((0.04, True), (0.1, False)):
        how = change("increase", "loads.p", share, share=True, **LOADS)
        made = vary(case, how, space=space, valid=validator(True), seed="s")
        assert made is not None
        assert made.inside is inside
        assert {c.path for c in made.changed} == {"loads[bus=1].p", "loads[bus=2].p", "loads[bus=3].p"}


def test_the_request_itself_is_left_alone(space: Space) -> None:
    request = space.request(space.nominal)
    before = digest(request)
    for how in (change("scale", "loads.p", 1.1, **LOADS), change("permute", "loads"), change("drop", "generators")):
        assert digest(varied(space, how, request=request)) != before
    assert digest(request) == before


@pytest.mark.parametrize("items", [[1, 2], [1, 1, 2], [{"a": 1}, {"a": 2}, {"a": 3}], list(range(40))])
def test_another_order_is_never_the_same_one(items: list[Any]) -> None:
    for seed in map(str, range(200)):
        mixed = changed({"x": items}, change("permute", "x"), seed=seed)["x"]
        assert mixed != items
        assert sorted(map(repr, mixed)) == sorted(map(repr, items))


def test_elements_that_are_all_alike_have_no_other_order(space: Space) -> None:
    assert changed({"x": [1, 1]}, change("permute", "x"), seed="")["x"] == [1, 1]
    assert changed({"x": []}, change("permute", "x"), seed="")["x"] == []
    bare = Space.of({"properties": {"x": {"nominal": [3, 3, 3]}}}, site={}, envelope={})
    assert varied(bare, change("permute", "x")) is None


def test_orders_differ_from_request_to_request(space: Space) -> None:
    orders = set()
    for index in range(20):
        request = space.request(space.independent("s", index))
        orders.add(tuple(load["bus"] for load in varied(space, change("permute", "loads"), request=request)["loads"]))
    assert len(orders) > 5


def test_what_is_drawn_is_the_same_on_every_machine() -> None:
    request = {"x": [10.0, 20.0, 30.0, 40.0]}
    assert changed(request, change("permute", "x"), seed="a")["x"] == [40.0, 10.0, 20.0, 30.0]
    assert changed(request, change("drop", "x"), seed="a")["x"] == [10.0, 30.0, 40.0]
    assert changed(request, change("perturb", "x", 1.0, resolution=0.1), seed="a")["x"] == [9.3, 20.6, 30.1, 40.3]


def test_one_element_is_dropped_and_each_may_be() -> None:
    items = list("abcd")
    left_out = set()
    for seed in map(str, range(100)):
        kept = changed({"x": items}, change("drop", "x"), seed=seed)["x"]
        assert len(kept) == 3
        left_out |= set(items) - set(kept)
    assert left_out == set(items)
    assert changed({"x": []}, change("drop", "x"), seed="")["x"] == []


@pytest.mark.parametrize("more", [{}, {"resolution": 0.1}, {"resolution": 3.0}, {"whole": True}])
def test_noise_stays_within_its_amount(more: Any) -> None:
    values = [100.0, 99.97, -50.0, 0.0] if "whole" not in more else [100, 99, -50, 0]
    for seed in map(str, range(200)):
        for how, reach in (
            (change("perturb", "x", 2.0, **more), [2.0] * 4),
            (change("perturb", "x", 0.02, share=True, **more), [0.02 * abs(v) for v in values]),
        ):
            noisy = changed({"x": values}, how, seed=seed)["x"]
            assert all(abs(n - v) <= r + 1e-9 for n, v, r in zip(noisy, values, reach, strict=True))


def test_samples_move_by_places_and_instants_by_time() -> None:
    series = {"x": [1, 2, 3, 4], "at": "2026-03-29T23:30:00+08:00", "stamps": ["2026-01-01T00:00:00Z", "soon"]}
    assert changed(series, change("shift", "x", 1), seed="")["x"] == [1, 1, 2, 3]
    assert changed(series, change("shift", "x", -2), seed="")["x"] == [3, 4, 4, 4]
    assert changed(series, change("shift", "x", 9), seed="")["x"] == [1, 1, 1, 1]
    assert changed(series, change("shift", "at", 3600), seed="")["at"] == "2026-03-30T00:30:00+08:00"
    assert changed(series, change("shift", "stamps", -60), seed="")["stamps"] == ["2025-12-31T23:59:00Z", "soon"]
    assert changed({"at": "9999-12-31T23:59:00Z"}, change("shift", "at", 3600), seed="")["at"] == "9999-12-31T23:59:00Z"


def test_a_field_that_is_not_there_stays_away() -> None:
    for request in ({}, {"a": None}, {"a": {}}, {"a": [{}, 3]}):
        assert changed(request, change("increase", "a.b", 1.0), seed="") == request


@pytest.mark.parametrize("value", [1e308, -1e308, 2**2000, float("nan"), True, "7"])
def test_what_is_no_ordinary_number_stays(value: Any) -> None:
    found = changed({"x": value}, change("scale", "x", 1e5, resolution=1e-9), seed="")["x"]
    assert found is value


SIGNAL = {
    "type": "object",
    "properties": {
        "wind": {
            "type": "array",
            "items": {"type": "number", "nominal": 5, "resolution": 0.1, "bounds": {"lower": 0, "upper": 10}},
            "signal": {"knots": 3, "length": 9, "interpolation": "linear"},
        }
    },
}


def test_every_sample_of_a_series_keeps_to_the_bounds_of_its_field() -> None:
    space = Space.of(SIGNAL, site={}, envelope={})
    high = {"wind": space.request((9.0, 10.0, 9.0))["wind"]}
    noise = change("perturb", "wind", 0.5, resolution=0.1, bounded=True, series=True)
    made = [varied(space, noise, request=high, seed=str(n)) for n in range(50)]
    assert None in made
    assert all(0 <= v <= 10 for request in made if request for v in request["wind"])
    assert varied(space, change("shift", "wind", 2.0, bounded=True, series=True), request=high)["wind"][:3] == [9.0] * 3
    assert varied(space, change("increase", "wind", 0.5, bounded=True, series=True), request=high) is None
