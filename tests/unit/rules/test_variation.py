from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from rules_bench import PACK, data, rule

from conformance.errors import Position, Refused, Text
from conformance.measures.registry import NotComputable
from conformance.model.outcome import Reason
from conformance.model.standard import Derived, Operation, Relation
from conformance.rules import Program, Variation, compile_rule, variation

PLACE = Position("rule.yaml", 5, 9)
LESS = "varied.response.loss >= base.response.loss - q('1 MW')"


def related(transform: Any, path: str, amount: str | None = None, **more: Any) -> Any:
    return evolve(rule(LESS, **more), relation=Relation(transform, path, amount, PLACE))


def made(transform: Any, path: str, amount: str | None = None) -> Variation:
    found = variation(related(transform, path, amount), PACK)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("transform", "path", "amount", "worth", "share"),
    [
        ("increase", "voltage", "500 V", 0.5, False),
        ("increase", "units.p_now", "10 %", 0.1, True),
        ("decrease", "units.blocks", "500 kW", 0.5, False),
        ("increase", "share", "5 %", 0.05, True),
        ("increase", "load", "5 % of rating", 5.0, False),
        ("perturb", "units.p_now", "1 MW", 1.0, False),
        ("scale", "units.p_max", "110 %", 1.1, False),
        ("scale", "power", "2", 2.0, False),
        ("shift", "units.blocks", "-1", -1.0, False),
        ("shift", "time", "15 min", 900.0, False),
        ("permute", "units", None, 0.0, False),
        ("drop", "zones", None, 0.0, False),
    ],
)
def test_amounts_are_in_the_units_of_the_field(
    transform: Any, path: str, amount: str | None, worth: float, share: bool
) -> None:
    found = made(transform, path, amount)
    assert found.amount == pytest.approx(worth)
    assert found.share is share
    assert found.path == path


@pytest.mark.parametrize(
    ("transform", "path", "amount", "code"),
    [
        ("increase", "volt", "1 kV", "R051"),
        ("increase", "units.p", "1 MW", "R051"),
        ("increase", "extra.deep", "1 MW", "R051"),
        ("increase", "zone", "1", "R052"),
        ("increase", "units", "1", "R052"),
        ("scale", "units.on", "2", "R052"),
        ("permute", "voltage", None, "R052"),
        ("drop", "time", None, "R052"),
        ("shift", "voltage", "1", "R052"),
        ("shift", "zones", "1", "R052"),
        ("increase", "voltage", None, "R053"),
        ("increase", "voltage", "5 MW", "R053"),
        ("increase", "voltage", "-5 kV", "R053"),
        ("increase", "voltage", "0 kV", "R053"),
        ("increase", "voltage", "5 % of rating", "R053"),
        ("increase", "voltage", "much", "R053"),
        ("increase", "voltage", "5 parsec", "Q001"),
        ("scale", "voltage", "2 kV", "R053"),
        ("scale", "voltage", "100 %", "R053"),
        ("shift", "units.blocks", "15 min", "R053"),
        ("shift", "units.blocks", "0.5", "R053"),
        ("shift", "time", "1", "R053"),
        ("permute", "units", "1", "R053"),
        ("replace-future", "units.blocks", None, "R054"),
    ],
)
def test_a_relation_that_cannot_be_is_refused_where_it_stands(
    transform: Any, path: str, amount: str | None, code: str
) -> None:
    with pytest.raises(Refused) as caught:
        compile_rule(related(transform, path, amount), PACK)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.position == PLACE
    assert problem.render("en") != problem.render("zh")


def test_a_misspelt_field_is_told_its_neighbours() -> None:
    with pytest.raises(Refused, match="did you mean voltage"):
        made("increase", "voltag", "1 kV")


def test_only_what_is_called_has_relations() -> None:
    document = evolve(PACK, documents={"dispatch": None}, operations={})
    with pytest.raises(Refused, match="R050"):
        variation(related("permute", "units"), document)


def test_bounds_and_steps_come_from_the_schema() -> None:
    field = {"type": "integer", "unit": "min", "resolution": 5, "bounds": {"lower": 5, "upper": 60}}
    series = {"type": "array", "unit": "MW", "items": {"type": "number", "resolution": 0.1, "bounds": {}}}
    request = {"type": "object", "properties": {"interval": field, "wind": series}}
    pack = evolve(PACK, operations={"dispatch": Operation("dispatch", request, {})})
    found = variation(related("increase", "interval", "1 h"), pack)
    assert found == Variation("increase", ("interval",), 60.0, whole=True, resolution=5, bounded=True)
    found = variation(related("increase", "wind", "1 MW"), pack)
    assert found == Variation("increase", ("wind",), 1.0, resolution=0.1, bounded=True, series=True)


def program() -> Program:
    return compile_rule(related("increase", "voltage", "1 kV"), PACK)


def test_a_relation_compares_both_answers() -> None:
    sides = {"base": data(loss=10), "varied": data(loss=8.5)}
    found = program().evaluate(sides)
    assert found.truth is False
    assert found.margin is not None
    assert found.margin.physical.low == pytest.approx(-0.5)
    assert program().needs == {"base", "varied"}


def test_a_value_missing_on_one_side_leaves_it_open() -> None:
    found = program().evaluate({"base": data(), "varied": data(loss=8.5)})
    assert found.truth is None
    assert found.obstacle is None
    assert found.missing == ("base.response.loss",)


def test_a_measure_without_a_value_on_one_side_is_named_as_the_reason() -> None:
    derived = {"flow": Derived("flow", "power_flow.ac", "dispatch", {})}
    pack = evolve(PACK, derive=derived)
    one = evolve(related("increase", "voltage", "1 kV"), require=rule("varied.flow.losses >= base.flow.losses").require)
    compiled = compile_rule(one, pack)
    diverged = NotComputable(Text("diverged", "不收敛"))
    found = compiled.evaluate({"base": {"flow": {"losses": 3.0}}, "varied": {"flow": diverged}})
    assert found.obstacle is Reason.NOT_COMPUTABLE
    assert compiled.evaluate({"base": {"flow": {"losses": 3.0}}, "varied": {"flow": None}}).obstacle is None
    assert compiled.evaluate({"base": {"flow": {"losses": 3.0}}, "varied": {"flow": {"losses": 3.0}}}).truth is True
