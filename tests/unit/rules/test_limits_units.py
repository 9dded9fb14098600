"""Units in rules: what does not go together is told at load, with a caret; what does is converted once."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from rules_bench import PACK, expression, number, record
from rules_bench import figure as plain

from conformance.errors import Position, Refused, Text
from conformance.model.outcome import Margin, Severity
from conformance.model.standard import Figure, Operation, Pack, Rule, Status, Uncertainty
from conformance.rules import Program, compile_rule

FIELDS = {
    "p": "MW", "q": "Mvar", "s": "MVA", "e": "MWh", "u": "V", "u_n": "kV", "share": "%", "loading": "% of rating",
    "of_load": "% of load", "level": "pu", "v": "pu of voltage", "flow": "m3/h", "normal": "Nm3/h", "coal": "tce",
    "mass": "t", "co2": "kgCO2", "co2e": "kgCO2e", "ef": "kgCO2e/kWh", "ef_si": "gCO2e/MJ", "price": "CNY/MWh",
    "euros": "EUR/MWh", "air": "degC", "wall": "degC", "kelvin": "K", "rise": "K", "wue": "L/kWh", "dust": "mg/m3",
    "gas": "% of volume", "lel": "% of LEL", "ramp": "% of rating/min", "f": "Hz", "minutes": "min",
}  # fmt: skip
UNITS = evolve(
    PACK,
    operations={"dispatch": Operation("dispatch", record(**{k: number(u) for k, u in FIELDS.items()}), record())},
    limits={},
)


def program(require: str, scale: Any = None, pack: Pack = UNITS, **parameters: Figure) -> Program:
    scale = scale or {symbol: f"1 {symbol}" for symbol in ("MW", "K", "V", "CNY/MWh", "mg/m3", "L/kWh", "gCO2e/MJ")}
    rule = Rule(
        "bench/rule", Text("rule", "规则"), (), "stable", Severity.MAJOR, "dispatch", expression(require), parameters,
        scale=scale, position=Position("rule.yaml", 1, 1),
    )  # fmt: skip
    return compile_rule(rule, pack)


def margin(require: str, scale: Any = None, pack: Pack = UNITS, **request: float) -> Margin:
    found = program(require, scale, pack).evaluate({"request": request, "response": {}}).margin
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("p", "q"), ("p", "s"), ("q", "s"), ("p", "e"), ("u", "p"), ("share", "loading"), ("loading", "of_load"),
        ("level", "v"), ("flow", "normal"), ("coal", "mass"), ("co2", "co2e"), ("ef", "co2e"), ("price", "euros"),
        ("air", "kelvin"), ("gas", "lel"), ("loading", "ramp"), ("f", "minutes"), ("mass", "co2e"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "shape", ["request.{} <= request.{}", "request.{} - request.{} <= 0", "max(request.{}, request.{}) <= 0"]
)
def test_each_mixture_of_kinds_is_refused_with_a_caret_under_the_part(shape: str, left: str, right: str) -> None:
    source = shape.format(left, right)
    with pytest.raises(Refused) as caught:
        program(source)
    (problem,) = caught.value.problems
    assert problem.code == "R021"
    assert problem.position is not None
    marked = problem.position.source[problem.position.column - 1 :][: problem.position.width]
    assert marked == f"request.{right}"
    for lang in ("en", "zh"):
        caret = problem.render(lang).splitlines()
        assert any(set(line.strip(" |")) == {"^"} and "^" * len(marked) in line for line in caret), caret
        assert FIELDS[left] in problem.render(lang)
        assert FIELDS[right] in problem.render(lang)


def test_a_parameter_and_a_quantity_of_another_kind_are_refused_too() -> None:
    for source, parameters in (("request.p <= top", {"top": plain(5, "Mvar")}), ("request.p <= q('5 MVA')", {})):
        with pytest.raises(Refused) as caught:
            program(source, **parameters)
        assert [p.code for p in caught.value.problems] == ["R021"]


@pytest.mark.parametrize(
    "source",
    [
        "request.air + request.wall <= request.air", "request.air + request.rise <= request.wall",
        "request.air * 2 <= request.wall", "2 * request.air <= request.wall", "request.air / request.wall <= 1",
        "-request.air <= request.wall", "abs(request.air) <= request.wall", "sqrt(request.air) <= 1",
        "0 + request.air <= request.wall",
    ],
)  # fmt: skip
def test_nothing_but_a_difference_is_computed_of_temperatures(source: str) -> None:
    with pytest.raises(Refused) as caught:
        program(source)
    assert {p.code for p in caught.value.problems} & {"R027", "R021"}
    assert {p.code for p in caught.value.problems} <= {"R027", "R021"}


def test_a_tolerance_on_a_temperature_is_a_difference_and_cannot_be_25_degrees_by_mistake() -> None:
    with pytest.raises(Refused, match="K does not go with degC"):
        program("request.air - request.wall <= q('5 degC')")
    assert margin("request.air - request.wall <= q('5 K')", air=30, wall=26).physical.low == 1


def test_temperatures_compare_in_degc_and_their_margin_is_in_kelvin() -> None:
    found = margin("request.air <= q('26 degC')", air=26.5)
    assert (found.physical.low, found.unit) == (-0.5, "K")
    assert margin("min(request.air, request.wall) >= q('-10 degC')", air=-10, wall=3).physical.low == 0
    assert margin("abs(request.air - request.wall) <= request.rise", air=20, wall=25, rise=5).physical.low == 0
    sides = program("request.air <= request.wall").sides({"request": {"air": 26.5, "wall": 26}, "response": {}})
    assert sides is not None
    assert (sides.left, sides.right, sides.unit) == (26.5, 26, "degC")


@pytest.mark.parametrize("scale", ["1 degC", None])
def test_a_scale_of_temperatures_is_a_difference(scale: Any) -> None:
    with pytest.raises(Refused, match="scale: 1 K"):
        program("request.air <= q('26 degC')", scale or "1 MW")


@pytest.mark.parametrize(
    ("source", "request_"),
    [
        ("request.u <= request.u_n", {"u": 235.4, "u_n": 0.2354}),
        ("request.u <= request.u_n", {"u": 220, "u_n": 0.22}),
        ("request.u_n <= request.u", {"u": 235.4, "u_n": 0.2354}),
        ("request.ef_si <= request.ef", {"ef_si": 18, "ef": 0.0648}),
        ("request.wue <= q('1.8 m3/MWh')", {"wue": 1.8}), ("request.dust <= q('0.004 g/m3')", {"dust": 4}),
        ("request.price <= q('0.45 CNY/kWh')", {"price": 450}), ("request.price <= q('45 fen/kWh')", {"price": 450}),
    ],
)  # fmt: skip
def test_what_is_converted_at_the_limit_is_still_exactly_at_the_limit(source: str, request_: dict[str, float]) -> None:
    found = margin(source, **request_)
    assert (found.physical.low, found.physical.high) == (0, 0)
    assert program(source.replace("<=", "<")).evaluate({"request": request_, "response": {}}).truth is False


def test_a_rate_of_a_ratio_is_a_ratio_again_after_its_time() -> None:
    found = margin("request.ramp * request.minutes <= request.loading", "1 % of rating", ramp=10, minutes=5, loading=60)
    assert (found.physical.low, found.unit) == (10, "% of rating")


@pytest.mark.parametrize(
    ("unit", "codes"), [("kW", []), ("kV", ["R021", "R021"]), ("degC", ["R021", "R021"]), ("x", ["Q001", "Q001"])]
)
def test_an_uncertainty_is_in_the_unit_of_the_margin(unit: str, codes: list[str]) -> None:
    stated = Figure(1, unit, "lower", "free", "S1", Status.PROJECT, position=Position("rule.yaml", 3, 4))
    rule = evolve(program("request.p <= 0", "1 MW").rule, decision="guarded", uncertainty=Uncertainty(stated, stated))
    found: list[str] = []
    try:
        compile_rule(rule, UNITS)
    except Refused as refused:
        found = [p.code for p in refused.problems]
    assert found == codes
