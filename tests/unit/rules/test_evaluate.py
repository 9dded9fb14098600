from __future__ import annotations

from math import inf, nan

import attrs
import pytest
from rules_bench import PACK, RAMP, data, evaluate, expression, figure, margin, number, program, record, rule

from conformance.errors import Text
from conformance.measures.registry import Measure, NotComputable
from conformance.model.outcome import Evaluation, Interval, Reason
from conformance.model.standard import Derived, LimitLookup
from conformance.rules import Program, compile_rule, derive

TOLERANCE = {"tolerance": figure(100, "kW")}


def test_the_ramp_rule_gives_the_worst_unit_and_its_margin() -> None:
    found = evaluate(RAMP, parameters=TOLERANCE)
    assert found.truth is True
    assert found.margin is not None
    assert found.margin.physical.low == pytest.approx(7.5 + 0.1 - 2)
    assert found.margin.unit == "MW"
    assert found.margin.at == (("u", "2"), ("s", "2"))
    assert found.margin.atom == "abs(s.p - u.p_now) <= u.ramp * request.interval + tolerance"


def test_pair_matches_by_key_whatever_the_order() -> None:
    case = data()
    first = evaluate(RAMP, case=case, parameters=TOLERANCE)
    case["response"]["set"].reverse()
    assert evaluate(RAMP, case=case, parameters=TOLERANCE) == first


@pytest.mark.parametrize(
    ("setpoints", "told"),
    [
        ([{"id": "1", "p": 1}], "response.set has no element with id 2"),
        ([{"id": "1", "p": 1}, {"id": "2", "p": 1}, {"id": "3", "p": 1}], "request.units has no element with id 3"),
        ([{"id": "1", "p": 1}, {"id": "1", "p": 1}, {"id": "2", "p": 1}], "response.set has 2 elements with id 1"),
        ([{"id": "1", "p": 1}, {"p": 1}], "response.set[1] has no id"),
        ([{"id": "1", "p": 1}, {"id": [], "p": 1}], "response.set[1] has no id"),
        ([{"id": "1", "p": 1}, 7], "response.set[1] has no id"),
    ],
)
def test_lists_that_do_not_match_leave_the_truth_open_and_say_why(setpoints: list[object], told: str) -> None:
    case = data(set=setpoints)
    found = evaluate(RAMP, case=case, parameters=TOLERANCE)
    assert found.truth is None
    assert told in found.missing
    compiled = program(RAMP, parameters=TOLERANCE)
    assert told in [t.en for t in compiled.pairing_problems(case)]
    assert all(t.zh != t.en for t in compiled.pairing_problems(case))
    assert any("pair" in name for name, _ in compiled.explain(case))


def test_zip_needs_equal_lengths() -> None:
    source = "all(u.p_now <= s.p for u, s in zip(request.units, response.set))"
    assert margin(source) == pytest.approx(-38)
    case = data(set=[{"id": "1", "p": 1}])
    assert evaluate(source, case=case).truth is None
    assert len(program(source).pairing_problems(case)) == 1
    assert program(source).pairing_problems(data()) == ()


@pytest.mark.parametrize(
    ("source", "truth"),
    [
        ("request.power <= q('2 MW')", True),
        ("request.power < q('2 MW')", False),
        ("request.power >= q('2 MW')", True),
        ("request.power > q('2 MW')", False),
        ("not request.power < q('2 MW')", True),
        ("request.power <= q('1.9999999999 MW')", True),
        ("request.power < q('2.0000000001 MW')", False),
        ("request.power == q('2.0000000001 MW')", True),
        ("request.power != q('2.0001 MW')", True),
    ],
)
def test_a_margin_within_1e_9_of_its_scale_is_exactly_zero(source: str, truth: bool) -> None:
    found = evaluate(source)
    assert found.truth is truth
    assert found.margin is None or found.margin.physical == Interval(0, 0)


@pytest.mark.parametrize(
    ("source", "figures"),
    [
        ("a - b <= c", (50.2, 50, 0.2)),
        ("(a - b) / b <= c", (235.4, 220, 0.07)),
        ("a / b * 100 <= c", (24, 1e6, 0.0024)),
    ],
)
def test_figures_that_binary_arithmetic_misses_still_pass_at_the_limit(source: str, figures: tuple[float, ...]) -> None:
    parameters = {name: figure(value) for name, value in zip("abc", figures, strict=True)}
    assert evaluate(source, parameters=parameters, scale=1).truth is True


@pytest.mark.parametrize(
    ("source", "truth", "physical"),
    [
        ("request.power <= q('3 MW') and request.power <= q('9 MW')", True, 1),
        ("request.power <= q('1 MW') or request.power <= q('9 MW')", True, 7),
        ("not request.power <= q('3 MW')", False, -1),
        ("implies(request.power <= q('3 MW'), request.power <= q('1 MW'))", False, -1),
        ("implies(response.sure, request.power <= q('3 MW'))", True, 1),
        ("implies(not response.sure, request.power <= q('3 MW'))", True, None),
        ("response.sure and request.power <= q('3 MW')", True, 1),
        ("not response.sure and request.power <= q('3 MW')", False, None),
        ("request.power <= q('3 MW') and not response.sure", False, None),
        ("request.power <= q('1 MW') or response.sure", True, None),
        ("(request.power <= q('3 MW')) == response.sure", True, None),
        ("request.power <= q('3 MW') if response.sure else request.power <= 0", True, 1),
        ("q('1 MW') <= request.power <= q('4 MW')", True, 1),
        ("request.region in ['north', 'south']", True, None),
        ("request.region not in ['north', 'south']", False, None),
        ("any(u.p_now >= q('40 MW') for u in request.units)", True, 10),
        ("any(u.p_now >= q('90 MW') for u in request.units)", False, -40),
        ("all(u.p_now <= q('40 MW') for u in request.units if u.on)", True, 30),
        ("all(all(b <= u.p_max for b in u.blocks) for u in request.units)", True, 10),
        ("all(b <= u.p_max for u in request.units for b in u.blocks)", True, 10),
        ("sum(u.p_now for u in request.units) <= q('61 MW')", True, 1),
        ("max(u.p_now for u in request.units) <= q('49 MW')", False, -1),
        ("min(u.p_now for u in request.units if u.kind == 'coal') <= q('51 MW')", True, 1),
        ("min(request.power, q('1 MW'), q('3 MW')) <= 0", False, -1),
        ("q('1 MW') * len(u for u in request.units if u.on) <= request.power", True, 1),
        ("q('1 MW') * len(request.units) <= request.power", True, 0.0),
        ("all(get(s.v, 1) <= 1 for s in response.set)", False, -0.02),
        ("True", True, None),
    ],
)
def test_conditions_meet_by_least_margin_and_kleene_truth(source: str, truth: bool, physical: float | None) -> None:
    found = evaluate(source, scale={"power": "1 MW", "voltage": "1 pu"})
    assert found.truth is truth
    assert (found.margin and found.margin.physical.low) == (physical and pytest.approx(physical))


def test_atoms_of_several_kinds_are_divided_by_their_scale_before_they_meet() -> None:
    scale = {"power": "10 MW", "level": "1 kV"}
    found = evaluate("request.power <= q('7 MW') and request.voltage <= q('37 kV')", scale=scale)
    assert found.margin is not None
    assert (found.margin.unit, found.margin.physical.low, found.margin.normalised.low) == ("MW", 5, 0.5)


def test_a_margin_beyond_1e_9_of_its_scale_counts() -> None:
    assert margin("request.power <= q('1.999999 MW')") == pytest.approx(-1e-6)
    assert margin("request.power <= q('1.999999 MW')", scale="2 GW") == 0


def test_instants_differ_in_minutes_and_need_a_zone() -> None:
    source = "request.until - request.time <= q('90 min')"
    until = "2026-07-01T13:00:00.5+08:00"
    assert evaluate(source, case=data(until=until), scale="1 min").margin.physical.low == pytest.approx(30 - 0.5 / 60)
    ordered = "request.time + q('2 h') >= request.until"
    assert evaluate(ordered, case=data(until=until), scale="1 min").margin.physical.low == pytest.approx(60 - 0.5 / 60)
    assert evaluate("request.time - q('1 h') < request.time", scale="1 h").margin.physical.low == pytest.approx(1)
    for odd in ("2026-07-01T05:00:00", "2026-02-30T00:00:00Z", "tomorrow", 5, None):
        found = evaluate(source, case=data(until=odd), scale="1 min")
        assert (found.truth, found.missing) == (None, ("request.until",))


@pytest.mark.parametrize("lost", [None, nan, "12", True, [], {}])
def test_a_missing_value_widens_the_margin_and_is_named(lost: object) -> None:
    case = data(set=[{"id": "1", "p": lost}, {"id": "2", "p": 52}])
    found = evaluate(RAMP, case=case, parameters=TOLERANCE)
    assert found.truth is None
    assert found.margin is not None
    assert found.margin.physical == Interval(-inf, pytest.approx(5.6))
    assert found.missing == ("response.set[1].p",)


def test_a_failure_elsewhere_is_not_hidden_by_a_missing_value() -> None:
    case = data(set=[{"id": "1"}, {"id": "2", "p": 99}])
    found = evaluate(RAMP, case=case, parameters=TOLERANCE)
    assert found.truth is False
    assert found.margin is not None
    assert found.margin.physical == Interval(-inf, pytest.approx(-41.4))


@pytest.mark.parametrize(
    ("source", "truth"),
    [
        ("all(u.p_now <= 0 for u in request.units)", None),
        ("any(u.p_now <= 0 for u in request.units)", None),
        ("sum(u.p_now for u in request.units) <= 0", None),
        ("max(u.p_now for u in request.units) <= 0", None),
        ("q('1 MW') * len(request.units) >= 0", True),
        ("response.sure or q('1 MW') * len(request.units) < 0", True),
    ],
)
def test_a_missing_list_may_hold_anything(source: str, truth: bool | None) -> None:
    found = evaluate(source, case=data(units=None))
    assert found.truth is truth


def test_has_tells_absent_from_lost() -> None:
    source = "all(has(s.v) for s in response.set)"
    assert evaluate(source).truth is False
    assert evaluate(source, case=data(set=[{"id": "1", "v": 1.0}])).truth is True
    assert evaluate(source, case=data(set=[{"id": "1", "v": nan}])).truth is None
    assert evaluate(source, case=data(set=[{"id": "1", "v": None}])).truth is False
    assert evaluate("has(request.voltage)", case=data(voltage=None)).truth is None


def test_infinity_in_data_is_a_number() -> None:
    assert evaluate("request.power <= q('1 MW')", case=data(power=inf)).margin.physical.low == -inf
    assert evaluate("request.power >= request.power", case=data(power=inf)).margin.physical.low == 0
    assert evaluate("request.power <= q('1 MW')", case=data(power=-inf)).truth is True
    assert evaluate("request.power <= q('1 MW')", case=data(power=10**400)).truth is False


@pytest.mark.parametrize(
    "source",
    [
        "q('1 MW') * (1 / (request.share - request.share)) <= 0",
        "min(u.p_now for u in request.units if u.p_now > q('99 MW')) <= 0",
        "max(b for u in request.units for b in u.blocks if b > q('99 MW')) <= 0",
        "request.power * q('1e300') * q('1e300') <= 0",
        "sum(u.p_now * q('1e307') for u in request.units) <= 0",
        "sqrt(0 - request.share) <= 0 or response.sure",
    ],
)
def test_what_has_no_value_is_not_computable(source: str) -> None:
    found = evaluate(source, scale={"a": "1 MW", "b": "1"})
    assert found == Evaluation(True, None, None, None, obstacle=Reason.NOT_COMPUTABLE)


def test_a_condition_without_margin_guards_what_cannot_be_computed() -> None:
    source = "request.share == request.share or q('1 MW') / (request.share - request.share) <= 0"
    assert evaluate(source).truth is True
    chosen = "(0 if response.sure else q('1 MW') / (request.share - request.share)) <= q('1 MW')"
    assert evaluate(chosen).truth is True


def test_when_false_means_inapplicable_and_unknown_is_kept() -> None:
    assert evaluate(RAMP, parameters=TOLERANCE, when="request.interval > q('20 min')") == Evaluation(
        False, None, None, None
    )
    found = evaluate(RAMP, parameters=TOLERANCE, when="request.voltage > 0", case=data(voltage=None))
    assert (found.applies, found.truth, found.missing) == (None, True, ("request.voltage",))


def test_vacuity_is_told_beside_the_truth() -> None:
    source = "all(u.p_now <= q('60 MW') for u in request.units)"
    assert evaluate(source).binding is True
    assert evaluate(source, vacuous_unless="any(u.p_max > q('60 MW') for u in request.units)").binding is False
    assert evaluate(source, vacuous_unless="request.voltage > 0", case=data(voltage=nan)).binding is None
    nothing = evaluate(source, case=data(units=[]))
    assert (nothing.truth, nothing.binding, nothing.margin) == (True, False, None)
    nested = evaluate("all(all(b <= 0 for b in u.blocks if b < 0) for u in request.units)")
    assert (nested.truth, nested.binding) == (True, False)
    guarded = evaluate(f"response.sure and {source}", case=data(units=[]))
    assert (guarded.truth, guarded.binding) == (True, True)
    assert evaluate("any(u.on for u in request.units)", case=data(units=[])).truth is False


def test_an_obstacle_to_telling_vacuity_does_not_hide_a_failure() -> None:
    vacuous = "q('1 MW') / (request.share - request.share) <= 0"
    assert evaluate("request.power <= 0", vacuous_unless=vacuous).truth is False
    assert evaluate("request.power >= 0", vacuous_unless=vacuous).obstacle is Reason.NOT_COMPUTABLE


def _with_limit() -> Program:
    lookup = LimitLookup(
        "level", {"voltage": expression("request.voltage"), "region": expression("request.region")}
    )  # fmt: skip
    return program("request.power <= limit", parameters={"limit": lookup}, when="request.interval > 0")


@pytest.mark.parametrize(("voltage", "expected"), [(0.5, 3), (10, 3), (10.001, 18), (110, 18)])
def test_a_limit_is_the_row_whose_half_open_range_holds_the_key(voltage: float, expected: float) -> None:
    found = _with_limit().evaluate(data(voltage=voltage))
    assert found.margin is not None
    assert found.margin.physical.low == expected


def test_no_row_is_no_limit_and_a_missing_key_is_missing_data() -> None:
    assert _with_limit().evaluate(data(voltage=220)).obstacle is Reason.NO_LIMIT
    assert _with_limit().evaluate(data(voltage=0)).obstacle is Reason.NO_LIMIT
    assert _with_limit().evaluate(data(region="south")).obstacle is Reason.NO_LIMIT
    assert _with_limit().evaluate(data(interval=0, region="south")).applies is False
    lost = _with_limit().evaluate(data(voltage=None))
    assert (lost.truth, lost.obstacle) == (None, None)
    assert [f.value for f in _with_limit().figures] == [5, 20]


def test_needs_are_the_top_level_names_that_are_used() -> None:
    assert program("request.power <= 0").needs == {"request"}
    assert program("response.sure", when="request.power > 0").needs == {"request", "response"}
    assert program("all(s.p <= 0 for s in response.set)").needs == {"response"}
    assert program(RAMP, parameters=TOLERANCE).figures == (TOLERANCE["tolerance"],)


@pytest.mark.parametrize(
    "odd", [{}, {"request": None}, {"request": 5, "response": "x"}, {"request": {"units": [None, 7]}}]
)
def test_evaluation_never_raises_for_data(odd: dict[str, object]) -> None:
    compiled = program(RAMP, parameters=TOLERANCE, when="request.voltage > 0", vacuous_unless="response.sure")
    assert compiled.evaluate(odd).truth is None
    compiled.explain(odd)
    compiled.pairing_problems(odd)


def test_a_derived_value_that_cannot_be_computed_is_an_obstacle_only_where_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def double(*, p: float) -> dict[str, float]:
        if p < 0:
            raise NotComputable(Text("negative", "为负"))
        return {"twice": 2 * p}

    measure = Measure("bench.double", ("p",), record("twice", twice=number("MW")), double)
    for module in ("program", "names"):
        monkeypatch.setattr(f"conformance.rules.{module}.find", lambda name: measure if name == measure.name else None)
    pack = attrs.evolve(PACK, derive={"flow": Derived("flow", "bench.double", "dispatch", {"p": "response.loss"})})
    compiled = compile_rule(rule("flow.twice <= q('10 MW')", when="request.interval > 0"), pack)
    assert compiled.needs == {"request", "flow"}

    def run(case: dict[str, object]) -> Evaluation:
        return compiled.evaluate({**case, **derive(pack, "dispatch", case)})

    assert run(data(loss=3)).margin.physical.low == 4
    assert run(data(loss=-3)).obstacle is Reason.NOT_COMPUTABLE
    assert run(data(loss=-3, interval=0)).applies is False
    assert run(data(loss="three")).obstacle is Reason.NOT_COMPUTABLE
    assert run(data()).missing == ("flow.twice",)
    assert derive(pack, "other", data(loss=3)) == {}


def test_a_shift_beyond_all_time_is_a_value_and_no_crash() -> None:
    case = data(until="2026-07-01T13:00:00.5+08:00", interval=1e300)
    found = evaluate("request.until + request.interval >= request.time", case=case, scale="1 min")
    assert found.truth is not False
    assert found.obstacle is None


def test_a_word_that_is_not_in_a_list_fails_though_the_loop_behind_it_has_no_name() -> None:
    made = program("'b' in request.zones and 'c' in request.zones")
    assert made.evaluate(data(zones=["a", "b"])).truth is False
    assert made.evaluate(data(zones=["c", "b"])).truth is True
