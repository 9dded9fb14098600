from __future__ import annotations

from math import inf

from rules_bench import RAMP, data, figure, program


def test_every_part_is_shown_with_its_value_at_the_element_that_decided() -> None:
    shown = dict(program(RAMP, parameters={"tolerance": figure(100, "kW")}).explain(data()))
    assert shown["s.p"] == "52 MW"
    assert shown["u.p_now"] == "50 MW"
    assert shown["abs(s.p - u.p_now)"] == "2 MW"
    assert shown["tolerance"] == "100 kW"
    assert list(shown)[-1].startswith("all(abs(s.p")
    assert list(shown.values())[-1] == "true"


def test_missing_open_and_infinite_values_are_shown_as_such() -> None:
    compiled = program(
        "max(request.power, 0) <= q('1 MW') and request.zone == 'a' and len(request.units) >= 2",
        scale={"a": "1 MW", "b": "1"}, when="request.time <= request.until", vacuous_unless="response.sure",
    )  # fmt: skip
    shown = dict(compiled.explain(data(power=None, zone="b", until="2026-07-02T00:00:00Z")))
    assert shown["request.power"] == "missing"
    assert shown["max(request.power, 0)"] == "between 0 and inf kW"
    assert shown["request.zone"] == '"b"'
    assert shown["len(request.units)"] == "2"
    assert shown["request.time"] == "2026-07-01T04:00:00Z"
    assert shown["response.sure"] == "true"
    assert dict(compiled.explain(data(power=inf)))["request.power"] == "inf"


def test_what_is_not_computable_says_why() -> None:
    shown = dict(program("q('1 MW') / (request.share - request.share) <= 0").explain(data()))
    assert "a division by zero" in shown.values()
