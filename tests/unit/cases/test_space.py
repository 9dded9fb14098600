from __future__ import annotations

import pytest

from conformance.cases import Space
from conformance.errors import Refused
from conformance.model.system import Band


def refused(schema, site, envelope=None):
    with pytest.raises(Refused) as caught:
        Space.of(schema, site=site, envelope=envelope or {})
    for problem in caught.value.problems:
        assert problem.render("en")
        assert problem.render("zh") != problem.render("en")
    return [p.code for p in caught.value.problems]


def load_p(schema):
    return schema["properties"]["loads"]["items"]["properties"]["p"]


def test_every_varying_field_of_every_site_element_is_a_dimension(space):
    assert [d.path for d in space.dimensions] == [
        "interval",
        "loads[bus=1].p",
        "loads[bus=2].p",
        "loads[bus=3].p",  # the load of 0 MW at bus 4 has equal bounds
        "generators[id=1].p_now",
        "generators[id=1].in_service",
        "generators[id=2].p_now",
        "generators[id=2].in_service",
    ]
    load = space.dimensions[1]
    assert (load.lower, load.upper, load.unit, load.group) == (86.4, 129.6, "MW", "loads.p")
    assert (load.label.en, load.label.zh) == ("load at bus 1", "母线 1 负荷")


def test_ends_lie_on_the_grid_and_inside_the_bounds(space):
    third = space.dimensions[3]  # 171.37 MW times 0.8 and 1.2 is 137.096 and 205.644
    assert (third.lower, third.upper) == (137.1, 205.6)
    assert space.dimensions[6].upper == 299.5  # p_max - 0.25 in steps of 0.5


def test_the_nominal_request_is_the_site_as_it_was_given(space, site):
    request = space.request(space.nominal)
    assert request["loads"] == site["grid"]["loads"]
    assert request["generators"] == site["grid"]["generators"]
    assert request["reserve"] == 400
    assert request["interval"] == 15
    assert "note" not in request
    assert type(request["loads"][0]["p"]) is int  # the bytes of the request do not change either


def test_what_does_not_vary_is_shared_between_requests(space):
    first, second = (space.request(space.independent("s", i)) for i in (0, 1))
    assert first["network"] is second["network"]
    assert first["loads"] is not second["loads"]


def test_building_a_request_leaves_the_site_alone(schema, site):
    before = repr(site)
    space = Space.of(schema, site=site, envelope={})
    space.request(space.independent("s", 0))
    assert repr(site) == before


def test_reactive_power_follows_active_power_at_constant_power_factor(space):
    point = list(space.nominal)
    point[1] = 129.6
    load = space.request(tuple(point))["loads"][0]
    assert load == {"bus": "1", "p": 129.6, "q": 26.4}


def test_changes_name_path_nominal_value_unit_and_label(space):
    point = list(space.nominal)
    point[3], point[5] = 205.6, False
    load, unit = space.changes(tuple(point))
    assert (load.path, load.nominal, load.value, load.unit, load.label.en) == (
        "loads[bus=3].p",
        171.37,
        205.6,
        "MW",
        "load at bus 3",
    )
    assert (unit.path, unit.nominal, unit.value) == ("generators[id=1].in_service", True, False)


def test_a_request_leads_back_to_its_point_and_a_foreign_one_to_none(space):
    point = space.independent("s", 4)
    request = space.request(point)
    assert space.point_of(request) == point
    assert space.point_of({**request, "reserve": 1}) is None
    assert space.point_of({**request, "interval": 1000}) is None
    assert space.point_of({**request, "interval": True}) is None
    assert space.point_of({"loads": 3}) is None
    assert space.point_of(None) is None


def test_multiples_of_a_negative_nominal_are_put_in_order(schema, site):
    site["grid"]["loads"][0]["p"] = -50
    load = Space.of(schema, site=site, envelope={}).dimensions[1]
    assert (load.lower, load.upper) == (-60.0, -40.0)


def test_two_loads_at_one_bus_are_two_dimensions(schema, site):
    site["grid"]["loads"][1]["bus"] = "1"
    paths = [d.path for d in Space.of(schema, site=site, envelope={}).dimensions]
    assert paths[1:3] == ["loads[bus=1].p", "loads[bus=1#2].p"]


def test_a_point_outside_the_declared_envelope_is_known(schema, site):
    space = Space.of(schema, site=site, envelope={"loads.p": Band(0.9, 1.1), "interval": Band(5, 30, "value")})
    assert space.inside(space.nominal)
    low, long = list(space.nominal), list(space.nominal)
    low[1], long[0] = 97.1, 35
    assert not space.inside(tuple(low))
    assert not space.inside(tuple(long))
    low[1] = 97.2  # 0.9 of 108 MW: the edge belongs to the envelope
    assert space.inside(tuple(low))


def test_the_independent_sample_stays_in_the_declared_envelope(schema, site):
    space = Space.of(schema, site=site, envelope={"loads.p": Band(0.95, 1.0)})
    points = [space.independent("s", i) for i in range(200)]
    assert all(space.inside(p) for p in points)
    assert {p[1] for p in points} >= {102.6, 108}
    assert space.declared.request(points[0]) == space.request(points[0])


def test_an_envelope_without_nominal_still_has_a_sample(schema, site):
    space = Space.of(schema, site=site, envelope={"loads[bus=3].p": Band(171.3, 171.3, "value")})
    assert {space.independent("s", i)[3] for i in range(20)} == {171.3}
    assert not space.inside(space.nominal)


@pytest.mark.parametrize(
    "band", [Band(1.1, 0.9), Band(float("nan"), 1.0), Band(2.0, 3.0)], ids=["reversed", "nan", "nothing in it"]
)
def test_an_envelope_that_holds_no_value_is_refused(schema, site, band):
    assert set(refused(schema, site, {"loads.p": band})) == {"C108"}


def test_an_envelope_of_a_field_that_is_no_number_is_refused(schema, site):
    assert refused(schema, site, {"generators.in_service": Band(0, 1)}) == ["C108"]


def test_a_required_field_without_a_value_is_refused(schema, site):
    schema["required"].append("note")
    assert refused(schema, site) == ["C101"]


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        ({"lower": 0}, "C102"),
        ({"lower": 0, "upper": "much"}, "C102"),
        ({"lower": 0, "upper": float("nan")}, "C102"),
        ({"lower": 0, "upper": 10**400}, "C102"),
        ({"lower": 0, "upper": 1e300}, "C102"),
        ({"lower": 0, "upper": {"of": "no-such"}}, "C103"),
        ({"lower": 0, "upper": {"of": "bus"}}, "C103"),
        ({"lower": 0, "upper": {"of": "p"}}, "C103"),
        ({"lower": 9, "upper": 1}, "C104"),
        ({"lower": 0.01, "upper": 0.02}, "C104"),
    ],
)
def test_bounds_that_cannot_be_used_are_refused(schema, site, bounds, code):
    site["grid"]["loads"] = site["grid"]["loads"][:1]
    load_p(schema)["bounds"] = bounds
    assert refused(schema, site) == [code]


@pytest.mark.parametrize("resolution", [0, -1, "fine", 1e-18, float("inf")])
def test_a_resolution_that_is_no_step_is_refused(schema, site, resolution):
    site["grid"]["loads"] = site["grid"]["loads"][:1]
    load_p(schema)["resolution"] = resolution
    assert refused(schema, site) == ["C102"]


@pytest.mark.parametrize(
    "choices",
    [
        "yes",
        [],
        [None, True],
        [True, True],
        [False],
        [0, 1],
        [{"value": True, "weight": -1}, {"value": False}],
        [{"value": True, "weight": 0}, {"value": False, "weight": 0}],
    ],
)
def test_choices_that_cannot_be_drawn_from_are_refused(schema, site, choices):
    site["grid"]["generators"] = site["grid"]["generators"][:1]
    schema["properties"]["generators"]["items"]["properties"]["in_service"]["choices"] = choices
    assert refused(schema, site) == ["C105"]


def test_a_site_that_lacks_a_part_is_refused_with_all_its_gaps(schema, site):
    del site["grid"]["loads"], site["grid"]["reserve"]
    assert refused(schema, site) == ["C106", "C106"]
    assert set(refused(schema, {})) == {"C106"}


def test_a_site_element_of_another_shape_is_refused(schema, site):
    site["grid"]["loads"][0] = 108
    assert refused(schema, site) == ["C106"]


def test_a_follower_of_nothing_is_refused(schema, site):
    site["grid"]["loads"] = site["grid"]["loads"][:1]
    schema["properties"]["loads"]["items"]["properties"]["q"]["follows"] = "s"
    assert refused(schema, site) == ["C103"]


def test_a_schema_that_describes_no_object_is_refused(site):
    assert refused({"type": "number"}, site) == ["C109"]
    assert refused(True, site) == ["C109"]


def test_a_schema_nested_without_end_is_refused(site):
    schema = {"type": "number"}
    for _ in range(500):
        schema = {"type": "object", "properties": {"a": schema}}
    assert refused(schema, site) == ["C109"]


def test_a_label_never_reaches_into_an_object(schema, site):
    load_p(schema)["label"] = {"en": "{bus.__class__} {bus} {nothing}", "zh": "母线 {bus}"}
    assert Space.of(schema, site=site, envelope={}).dimensions[1].label.en == "{bus.__class__} 1 {nothing}"


def signal(interpolation, nominal, knots=3, length=9):
    bounds = {"lower": 0, "upper": 10}
    number = {"type": "number", "unit": "MW", "bounds": bounds, "nominal": nominal, "resolution": 0.5}
    annotation = {"knots": knots, "length": length, "interpolation": interpolation}
    profile = {"type": "array", "signal": annotation, "items": number}
    return {"type": "object", "properties": {"profile": profile}}


def test_a_held_signal_is_pieces_of_equal_length():
    space = Space.of(signal("hold", 5), site={}, envelope={})
    assert space.request((1.0, 2.0, 3.0)) == {"profile": [1.0] * 3 + [2.0] * 3 + [3.0] * 3}
    assert [d.path for d in space.dimensions] == [f"profile[knot={k}]" for k in range(3)]


def test_a_linear_signal_meets_its_knots_and_leads_back_to_them():
    space = Space.of(signal("linear", 5), site={}, envelope={})
    request = space.request((0.0, 8.0, 2.0))
    assert request["profile"] == [0.0, 2.0, 4.0, 6.0, 8.0, 6.5, 5.0, 3.5, 2.0]
    assert space.point_of(request) == (0.0, 8.0, 2.0)


def test_a_signal_that_cannot_be_expanded_is_refused():
    for wrong in (signal("cubic", 5), signal("hold", 5, knots=0), signal("hold", [1, 2]), signal("hold", 5, 9, 3)):
        assert refused(wrong, {}) == ["C107"]


def test_the_description_is_json_for_the_record(space):
    described = space.describe()
    assert described[0]["source"] == "grid-dispatch/S9"
    assert described[1]["label"] == {"en": "load at bus 1", "zh": "母线 1 负荷"}
    assert described[5]["weights"] == [0.97, 0.03]
