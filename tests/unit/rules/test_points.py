"""The quick arithmetic against the thorough one: whatever stands in the data, both say the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from math import inf, nan
from typing import Any, NoReturn

import pytest
from attrs import evolve
from rules_bench import data, figure, program

from conformance.rules import Program
from conformance.rules.engine import Frame
from conformance.rules.fused import KEPT_AT_LIMIT, Odd
from conformance.rules.points import Points

PARAMETERS = {"t": figure(0.5, "MW"), "k": figure(2, "MW")}
SCALE = {"power": "1 MW", "voltage": "1 kV", "share": "0.01 pu"}
SHAPES = [
    "all(u.p_now <= u.p_max for u in request.units)",
    "all(u.p_now < u.p_max - t for u in request.units)",
    "all(u.p_now + t <= u.p_max - t for u in request.units if u.on)",
    "all(u.p_now - t + t <= u.p_max for u in request.units)",
    "all(u.p_now >= t for u in request.units)",
    "all(u.p_now - t > k for u in request.units)",
    "all(-k <= u.p_now - t for u in request.units)",
    "all(t <= u.p_now <= u.p_max for u in request.units)",
    "all(s.p >= u.p_now - t and s.p <= u.p_max + t for u, s in pair(request.units, response.set, 'id'))",
    "all(s.p <= u.p_max + t and s.p >= u.p_now - t for u, s in pair(request.units, response.set, 'id'))",
    "all(u.p_now >= s.p - t or u.p_max <= s.p + t for u, s in pair(request.units, response.set, 'id'))",
    "all(abs(s.p - u.p_now) <= u.ramp * request.interval + t for u, s in pair(request.units, response.set, 'id'))",
    "all(abs(s.p - t - u.p_now) <= (u.p_max - u.p_now) for u, s in pair(request.units, response.set, 'id'))",
    "all(implies(u.on, u.p_now <= k) for u in request.units)",
    "all(implies(not u.on, u.p_now <= k) for u in request.units)",
    "any(u.on and u.p_now < u.p_max - k for u in request.units)",
    "any(not u.on for u in request.units) and request.voltage > q('1 kV')",
    "all(implies(has(s.v), s.v <= q('1.05 pu')) for s in response.set)",
    "all(has(s.v) or s.p > k for s in response.set)",
    "all(u.kind == 'gas' or u.p_now <= k for u in request.units if has(u.kind))",
    "sum(max(u.p_now, 0) for u in request.units) <= k + t",
    "max(k / u.p_now * t if u.on and has(u.p_max) else 0 for u in request.units) <= k",
    "min(u.p_max for u in request.units) >= max(k, t, sum(s.p for s in response.set))",
    "len(u for u in request.units if u.on or u.p_now > k) * t >= k",
    "all(all(s.p <= u.p_max for s in response.set if s.id == u.id) for u in request.units)",
    "all(s.p <= u.p_max + t for u in request.units for s in response.set if u.on)",
    "request.voltage * 2 <= q('35 kV') * 2",
]
ODD: list[Any] = [None, True, False, "1", inf, -inf, nan, 0, 10**400, [], {}, 1e308]


def give_up(frame: Frame) -> NoReturn:
    raise Odd


def thorough(quick: Program) -> Program:
    """The same rule without the quick arithmetic."""
    return evolve(quick, require=evolve(quick._require, fast=give_up, brief=give_up))


def spoilt() -> Iterator[dict[str, Any]]:
    """The complete case, and each case in which one field of an element, or a whole element, is odd or lost."""
    yield data()
    whole = data()
    lists = {"units": whole["request"]["units"], "set": whole["response"]["set"]}
    for name, rows in lists.items():
        for number, row in enumerate(rows):
            for key in row:
                for value in ODD:
                    case = copy.deepcopy(whole)
                    (case["request"] if name == "units" else case["response"])[name][number][key] = value
                    yield case
        for rest in (rows[:1], rows[:0]):
            yield data(**{name: copy.deepcopy(rest)})


@pytest.mark.parametrize("source", SHAPES)
def test_quick_and_thorough_arithmetic_say_the_same_of_odd_data(source: str) -> None:
    quick = program(source, parameters=PARAMETERS, scale=SCALE)
    slow = thorough(quick)
    for case in spoilt():
        assert quick.evaluate(case) == slow.evaluate(case), case


@pytest.mark.parametrize(
    ("source", "truth"),
    [
        ("all(u.p_now <= u.p_now for u in request.units)", True),
        ("all(u.p_now < u.p_now for u in request.units)", False),
        ("all(u.p_now <= u.p_now and u.p_now < u.p_now for u in request.units)", False),
        ("all(u.p_now <= u.p_now or u.p_now < u.p_now for u in request.units)", True),
        ("any(not (u.p_now <= u.p_now) for u in request.units)", False),
        ("all(u.p_now < u.p_now + q('1e-10 MW') for u in request.units)", False),
    ],
)
def test_at_the_limit_the_sign_of_the_bare_margin_is_the_truth(source: str, truth: bool) -> None:
    compiled = program(source)
    found = compiled.evaluate(data())
    assert found.truth is truth
    assert found.margin is not None
    assert found.margin.physical.low == 0
    points = Points()
    margin = points.margin(compiled._require.checked.typed.build(points))
    assert margin(compiled._frame(data())) == (KEPT_AT_LIMIT if truth else -KEPT_AT_LIMIT)


def test_elements_without_an_id_are_not_matched() -> None:
    case = data()
    case["request"]["units"][0]["id"] = case["response"]["set"][1]["id"] = None
    found = program("all(s.p <= u.p_max for u, s in pair(request.units, response.set, 'id'))").evaluate(case)
    assert found.truth is None
    assert "request.units[0] has no id" in found.missing


def test_a_condition_whose_margin_is_not_wanted_still_tells_missing_data() -> None:
    compiled = program(
        "request.voltage > q('1 kV')", vacuous_unless="all(u.p_now < u.p_max for u in request.units)", scale="1 kV"
    )
    case = data()
    assert compiled.evaluate(case).binding is True
    case["request"]["units"][0]["p_now"] = None
    found = compiled.evaluate(case)
    assert (found.truth, found.binding, found.missing) == (True, None, ("request.units[1].p_now",))
