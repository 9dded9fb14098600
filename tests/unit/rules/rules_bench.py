"""A small pack made of model values, for the tests of the rule language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.errors import Position, Refused, Text
from conformance.model.outcome import Evaluation, Severity
from conformance.model.standard import (
    Expression,
    Figure,
    LimitLookup,
    LimitRow,
    LimitTable,
    Operation,
    Pack,
    Rule,
    Status,
)
from conformance.rules import Program, compile_rule


def number(unit: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "number", **({"unit": unit} if unit else {}), **more}


def record(required: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


WORD = {"type": "string"}
FLAG = {"type": "boolean"}
TIME = {"type": "string", "format": "date-time"}
UNIT = record(
    "id p_now p_max ramp on kind",
    id=WORD, p_now=number("MW"), p_max=number("MW"), ramp=number("MW/min"), on=FLAG,
    kind={"enum": ["gas", "coal"]}, blocks=array(number("MW")),
)  # fmt: skip
REQUEST = record(
    "interval time units share voltage",
    interval=number("min"), time=TIME, until=TIME, units=array(UNIT), share=number("%"), load=number("% of rating"),
    voltage=number("kV"), power=number("kW"), reactive=number("Mvar"), zones=array(WORD), zone=WORD, extra={},
    region=WORD,
)  # fmt: skip
RESPONSE = record(
    "set", set=array(record("id p", id=WORD, p=number("MW"), v=number("pu"))), sure=FLAG, loss=number("MW")
)

TABLE = LimitTable(
    "level", Text("level", "限值"), "MW", {"voltage": "kV", "region": None},
    tuple(
        LimitRow(
            Figure(value, "MW", "lower", "free", "S1", Status.PROJECT),
            {"region": "north"}, {"voltage": over}, {"voltage": upto},
        )
        for value, over, upto in ((5, 0, 10), (20, 10, 110))
    ),
)  # fmt: skip
PACK = Pack(
    "test/bench", "1.0.0", Text("bench", "试验"), "draft", "CC-BY-4.0", "en", "0" * 64, {}, {}, {},
    {"dispatch": Operation("dispatch", REQUEST, RESPONSE)}, limits={"level": TABLE},
)  # fmt: skip
RAMP = """all(abs(s.p - u.p_now) <= u.ramp * request.interval + tolerance
    for u, s in pair(request.units, response.set, "id"))"""


def expression(text: str) -> Expression:
    """``text`` as it would stand in ``rule.yaml``, from line 10 and column 3."""
    lines = text.split("\n")
    return Expression(text, tuple(Position("rule.yaml", 10 + n, 3, 1, "  " + line) for n, line in enumerate(lines)))


def figure(value: float | str | bool, unit: str | None = None) -> Figure:
    return Figure(value, unit, "lower", "free", "S1", Status.PROJECT)


def rule(
    require: str, *, scale: Any = "1 MW", parameters: Mapping[str, Figure | LimitLookup] | None = None, **parts: str
) -> Rule:
    return Rule(
        "bench/rule", Text("rule", "规则"), (), "stable", Severity.MAJOR, parts.pop("applies_to", "dispatch"),
        expression(require), parameters or {}, scale=scale, position=Position("rule.yaml", 1, 1),
        **{name: expression(text) for name, text in parts.items()},
    )  # fmt: skip


def program(require: str, pack: Pack = PACK, **options: Any) -> Program:
    return compile_rule(rule(require, **options), pack)


def codes(require: str, **options: Any) -> list[str]:
    """The codes of the problems of a rule, which can be shown in both languages; none if it compiles."""
    try:
        program(require, **options)
    except Refused as refused:
        return [p.code for p in refused.problems if p.render("en") and p.render("zh")]
    return []


def data(**changes: Any) -> dict[str, Any]:
    """A complete case with two units; keys of the request or response may be replaced."""
    request = {
        "interval": 15, "time": "2026-07-01T04:00:00Z", "share": 50, "voltage": 35, "power": 2000, "region": "north",
        "units": [
            {"id": "1", "p_now": 10, "p_max": 40, "ramp": 1.0, "on": True, "kind": "gas", "blocks": [10, 30]},
            {"id": "2", "p_now": 50, "p_max": 60, "ramp": 0.5, "on": False, "kind": "coal", "blocks": []},
        ],
    }  # fmt: skip
    response = {"set": [{"id": "2", "p": 52.0}, {"id": "1", "p": 12.0, "v": 1.02}], "sure": True}
    for name, value in changes.items():
        (response if name in ("set", "sure", "loss") else request)[name] = value
    return {"request": request, "response": response}


def evaluate(require: str, *, case: Any = None, **options: Any) -> Evaluation:
    return program(require, **options).evaluate(data() if case is None else case)


def margin(require: str, **options: Any) -> float:
    """The physical margin of a complete case."""
    found = evaluate(require, **options).margin
    assert found is not None
    assert found.physical.is_point
    return found.physical.low
