from __future__ import annotations

import pytest
from rules_bench import RAMP, codes, expression, figure, margin, program

from conformance.errors import Refused
from conformance.model.standard import LimitLookup

REFUSED = {
    "request.volt <= 0": ["R011"],
    "requests.voltage <= 0": ["R010"],
    "request.units.id == 'a'": ["R020"],
    "request.voltage <= request.interval": ["R021"],
    "request.power <= request.reactive": ["R021"],
    "request.share <= request.load": ["R021"],
    "request.power + request.share <= 0": ["R021"],
    "request.power <= q('5')": ["R021"],
    "request.power <= q('MW')": ["R022"],
    "request.power <= q('5 parsec')": ["Q001"],
    "request.power * 3 <= 0": ["R023"],
    "request.voltage <= 0": ["R024"],
    "request.power": ["R020"],
    "request.power and response.sure": ["R020"],
    "not request.power": ["R020"],
    "-response.sure <= 0": ["R020"],
    "request.zone <= 'a'": ["R020"],
    "request.zone == 1": ["R020"],
    "request.extra <= 1": ["R020"],
    "request.units == request.units": ["R020"],
    "request.power in request.zones": ["R020"],
    "request.zone in request.power": ["R020"],
    "request.zone in []": ["R013"],
    "[1, 2] <= 0": ["R020"],
    "any(u.kind == 'gaz' for u in request.units)": ["R026"],
    "any(u.kind in ['gas', 'oil'] for u in request.units)": ["R026"],
    "absolute(request.power) <= 0": ["R012"],
    "abs() <= 0": ["R013"],
    "abs(request.power, 1) <= 0": ["R013"],
    "implies(response.sure)": ["R013"],
    "has(response)": ["R013"],
    "has(request.units)": ["R020"],
    "get(response.loss) <= 0": ["R013"],
    "len(1) <= 0": ["R013"],
    "pair(request.units, response.set, 'id')": ["R013"],
    "all(u.p_now <= 0 for u in pair(request.units, response.set, 'id'))": ["R015"],
    "all(u.p_now <= 0 for u, s in request.units)": ["R015"],
    "all(u.p_now <= 0 for u, s in pair(request.units, response.set, 'name'))": ["R011", "R011"],
    "all(u.p_now <= 0 for u, s in pair(request.units, response.set))": ["R013"],
    "all(u.p_now <= 0 for u, s in zip(request.units))": ["R013"],
    "all(u.p_now <= 0 for u in request.power)": ["R020"],
    "all(u.p_now <= 0 for u in [1, 2])": ["R020"],
    "all(request.p_now <= 0 for request in request.units)": ["R014"],
    "all(u.id == 'a' for u, u in pair(request.units, response.set, 'id'))": ["R014"],
    "all(request.units)": ["R013"],
    "sum(u.on for u in request.units) <= 0": ["R020"],
    "(request.power if response.sure else request.zone) <= 0": ["R020"],
    "(request.power if request.power else 0) <= 0": ["R020"],
    "request.time + request.power <= request.time": ["R021"],
    "request.time <= 0": ["R020"],
    "any(a.on and b.on and c.on and d.on for a in request.units for b in request.units "
    "for c in request.units for d in request.units)": ["R016"],
    "u.p_now <= 0 and all(u.p_now <= 0 for u in request.units)": ["R010"],
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_has_no_meaning_is_refused_at_load(source: str) -> None:
    assert codes(source) == REFUSED[source]


def test_a_wrong_unit_has_its_place_and_the_neighbour_that_fits() -> None:
    with pytest.raises(Refused) as caught:
        program("request.power\n  <= request.voltage")
    (problem,) = caught.value.problems
    assert str(problem.position) == "rule.yaml:11:8"
    assert problem.position is not None
    assert problem.position.width == len("request.voltage")
    assert "did you mean request.power" in problem.render("en")
    assert "是否应为 request.power" in problem.render("zh")


def test_every_problem_of_all_parts_is_reported_at_once() -> None:
    with pytest.raises(Refused) as caught:
        program("request.volt <= foo(1)", when="request.x > 0", vacuous_unless="request.zone", scale="0 MW")
    assert sorted(p.code for p in caught.value.problems) == ["R011", "R011", "R012", "R020", "R025"]


def test_units_are_converted_once_and_the_margin_is_in_the_unit_of_its_scale() -> None:
    assert margin("request.power <= q('5 MW')") == pytest.approx(3)
    assert margin("q('1 MW') <= request.power", scale="100 kW") == pytest.approx(1000)
    assert margin("q('10 MW') * request.share <= q('6 MW')") == pytest.approx(1)
    assert margin("all(u.ramp * q('1 h') <= u.p_max + q('30 MW') for u in request.units)") == pytest.approx(10)


def test_zero_goes_with_every_unit_and_ratios_of_one_kind_convert() -> None:
    assert margin("0 <= request.power") == pytest.approx(2)
    assert margin("max(0, request.power) <= q('3 MW')") == pytest.approx(1)
    assert margin("request.share <= 1", scale=1) == pytest.approx(0.5)


def test_a_product_of_kinds_is_a_kind_of_its_own() -> None:
    assert codes("request.power * request.interval <= q('1 MWh')") == ["R024"]
    assert margin("request.power * request.interval <= q('1 MWh')", scale="1 MWh") == pytest.approx(0.5)
    assert margin("sqrt(request.power * request.power) <= q('3 MW')") == pytest.approx(1)


@pytest.mark.parametrize("scale", ["0 MW", "-1 MW", "MW", {"a": "1 MW", "b": "5 kW"}])
def test_a_scale_is_one_positive_quantity_for_each_kind(scale: object) -> None:
    assert "R025" in codes("request.power <= 0", scale=scale)


def test_a_condition_that_does_not_decide_needs_no_scale() -> None:
    assert codes("response.sure", when="request.voltage > 0", vacuous_unless="request.interval > 0", scale=None) == []
    assert codes("all(u.on for u in request.units if u.p_now > 0)", scale=None) == []
    assert codes("(0 if request.voltage > 0 else 1) <= 1", scale=1) == []


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(Refused) as caught:
        program("response.sure", applies_to="dispach")
    (problem,) = caught.value.problems
    assert problem.code == "R030"
    assert "是否应为 dispatch" in problem.render("zh")


@pytest.mark.parametrize(
    ("table", "by", "expected"),
    [
        ("levels", {}, ["R031"]),
        ("level", {"voltage": "request.voltage"}, ["R031"]),
        ("level", {"voltage": "request.power", "region": "request.region"}, ["R021"]),
        ("level", {"voltage": "request.region", "region": "request.voltage"}, ["R020", "R020"]),
        ("level", {"voltage": "request.voltage", "region": "request.area"}, ["R011"]),
        ("level", {"voltage": "request.voltage +", "region": "request.region"}, ["R003"]),
    ],
)
def test_a_lookup_that_does_not_fit_its_table_is_refused(table: str, by: dict[str, str], expected: list[str]) -> None:
    lookup = LimitLookup(table, {k: expression(v) for k, v in by.items()})
    assert codes("request.power <= limit", parameters={"limit": lookup}) == expected


def test_a_parameter_cannot_hide_a_name_and_its_unit_must_be_known() -> None:
    assert "R014" in codes("response.sure", parameters={"request": figure(1, "MW")})
    assert "R014" in codes("response.sure", parameters={"max": figure(1, "MW")})
    assert "Q001" in codes("request.power <= p", parameters={"p": figure(1, "parsec")})


def test_the_ramp_rule_of_the_documentation_compiles() -> None:
    assert codes(RAMP, parameters={"tolerance": figure(0.1, "MW")}) == []
