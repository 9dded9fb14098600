from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import Refused, Text
from conformance.model.standard import Evidence, Figure, LimitRow, Pack, Profile, Status
from conformance.packs import load, tailor
from conformance.packs.rows import overlap


def codes(pack: Pack, profile: str | None, *, as_of: str | None = None) -> list[str]:
    with pytest.raises(Refused) as caught:
        tailor(pack, profile, as_of=as_of)
    return [p.code for p in caught.value.problems]


def with_set(pack: Pack, value: Any, unit: str | None, *, stricter: Any, tailoring: Any) -> Pack:
    rule = pack.rules["small/room-power"]
    old = rule.parameters["tolerance"]
    assert isinstance(old, Figure)
    rule = evolve(rule, parameters={"tolerance": evolve(old, stricter=stricter, tailoring=tailoring)})
    new = Figure(value, unit, "none", "free", "small/S1", Status.PROJECT)
    profile = Profile("p", Text("p", "配置"), set={"room-power.tolerance": new})
    return evolve(pack, rules={rule.id: rule}, profiles={"p": profile})


def test_no_profile_is_the_pack_itself(small: Pack) -> None:
    assert tailor(small, None, as_of=None) is small


def test_a_profile_sets_figures_leaves_rules_out_with_reasons_and_inherits(small: Pack) -> None:
    strict = tailor(small, "strict", as_of=None)
    assert strict.profile == "strict"
    assert strict.evidence.failure_rate == 0.01
    assert set(strict.rules) == {"small/room-power", "small/total-power"}
    assert strict.excluded["small/cold-rooms"].zh == "此配置不涉及舒适度。"
    tolerance = strict.rules["small/room-power"].parameters["tolerance"]
    assert isinstance(tolerance, Figure)
    assert (tolerance.value, tolerance.unit, tolerance.status) == (5.0, "W", Status.PROJECT)
    assert (tolerance.stricter, tolerance.tailoring) == ("lower", "only-stricter")
    limit = strict.rules["small/total-power"].parameters["limit"]
    assert isinstance(limit, Figure)
    assert (limit.value, limit.status) == (6.0, Status.PRIMARY)


def test_a_profile_never_changes_an_expression(small: Pack) -> None:
    strict = tailor(small, "strict", as_of=None)
    assert all(rule.require == small.rules[name].require for name, rule in strict.rules.items())


@pytest.mark.parametrize(
    ("value", "unit", "stricter", "tailoring", "refused"),
    [
        (0.02, "kW", "lower", "only-stricter", True), (0.005, "kW", "lower", "only-stricter", False),
        (0.01, "kW", "lower", "only-stricter", False), (11.0, "W", "lower", "only-stricter", True),
        (0.02, "kW", "higher", "only-stricter", False), (0.005, "kW", "higher", "only-stricter", True),
        (0.005, "kW", "lower", "fixed", True), (0.01, "kW", "lower", "fixed", True),
        (9.0, "kW", "lower", "free", False),
        (10.0, "W", "lower", "only-stricter", False), (9.999999, "W", "lower", "only-stricter", False),
        (10.000001, "W", "lower", "only-stricter", True), (10.0, "W", "higher", "only-stricter", False),
        (9.999999, "W", "higher", "only-stricter", True), (0.00001, "MW", "lower", "only-stricter", False),
    ],
)  # fmt: skip
def test_only_what_is_at_least_as_strict_is_accepted(
    small: Pack, value: float, unit: str, stricter: str, tailoring: str, refused: bool
) -> None:
    pack = with_set(small, value, unit, stricter=stricter, tailoring=tailoring)
    if refused:
        assert codes(pack, "p") == ["P080"]
    else:
        set_to = tailor(pack, "p", as_of=None).rules["small/room-power"].parameters["tolerance"]
        assert isinstance(set_to, Figure)
        assert set_to.value == value


@given(st.floats(-10, 10), st.sampled_from(["lower", "higher"]))
def test_no_accepted_value_is_looser_than_the_standard(small: Pack, value: float, stricter: str) -> None:
    pack = with_set(small, value, "kW", stricter=stricter, tailoring="only-stricter")
    looser = value > 0.01 if stricter == "lower" else value < 0.01
    try:
        tailor(pack, "p", as_of=None)
    except Refused:
        assert looser
    else:
        assert not looser


def chained(pack: Pack, *values: tuple[float, str], target: str = "small/room-power.tolerance") -> Pack:
    """Profiles p0, p1 that extends it, and so on, each of which sets the figure."""
    profiles = {
        f"p{n}": Profile(
            f"p{n}", Text("p", "配置"), extends=f"p{n - 1}" if n else None,
            set={target: Figure(value, unit, "none", "free", "small/S1", Status.PROJECT)},
        )
        for n, (value, unit) in enumerate(values)
    }  # fmt: skip
    return evolve(pack, profiles=profiles)


def test_a_profile_may_not_loosen_what_the_one_that_it_extends_tightened(small: Pack) -> None:
    assert codes(chained(small, (5, "W"), (7, "W")), "p1") == ["P080"]
    assert codes(chained(small, (5, "W"), (0.007, "kW"), (4, "W")), "p2") == ["P080"]
    tightened = tailor(chained(small, (5, "W"), (0.005, "kW"), (0.004, "kW")), "p2", as_of=None)
    tolerance = tightened.rules["small/room-power"].parameters["tolerance"]
    assert isinstance(tolerance, Figure)
    assert (tolerance.value, tolerance.unit) == (0.004, "kW")


def test_what_took_the_place_of_a_table_may_only_be_tightened_further(small: Pack) -> None:
    assert codes(chained(small, (6, "kW"), (7, "kW"), target="total-power.limit"), "p1") == ["P080"]
    pack = chained(small, (8, "kW"), (6000, "W"), target="total-power.limit")
    limit = tailor(pack, "p1", as_of=None).rules["small/total-power"].parameters["limit"]
    assert isinstance(limit, Figure)
    assert (limit.value, limit.unit, limit.stricter, limit.tailoring) == (6000, "W", "lower", "only-stricter")


def test_direction_and_permission_come_from_the_standard_whatever_a_profile_says(small: Pack) -> None:
    pack = chained(small, (11, "W"))
    loose = evolve(pack.profiles["p0"].set["small/room-power.tolerance"], stricter="higher", tailoring="free")
    profile = evolve(pack.profiles["p0"], set={"small/room-power.tolerance": loose})
    assert codes(evolve(pack, profiles={"p0": profile}), "p0") == ["P080"]


@pytest.mark.parametrize("unit", ["kV", "Mvar", "% of rating", "K"])
def test_a_figure_of_another_kind_is_refused(small: Pack, unit: str) -> None:
    assert codes(chained(small, (0.001, unit)), "p0") == ["P084"]
    assert codes(chained(small, (0.001, unit), target="total-power.limit"), "p0") == ["P084"]


def test_what_a_profile_extends_must_be_in_force_too(small: Pack) -> None:
    pack = chained(small, (5, "W"), (4, "W"))
    base = evolve(pack.profiles["p0"], effective_to="2026-07-01")
    pack = evolve(pack, profiles={**pack.profiles, "p0": base})
    assert tailor(pack, "p1", as_of="2026-06-30").profile == "p1"
    with pytest.raises(Refused, match="small:p0 is not in force on 2026-07-01"):
        tailor(pack, "p1", as_of="2026-07-01")


def test_a_profile_sets_the_zone_of_calendar_windows_and_inherits_it(small: Pack) -> None:
    assert small.zone == "UTC"
    assert tailor(small, "standard", as_of=None).zone == "Asia/Shanghai"
    assert tailor(small, "strict", as_of=None).zone == "Asia/Shanghai"


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "Mars/Olympus", "Beijing"])
def test_a_zone_that_does_not_exist_is_refused_at_its_place(copy: Path, zone: str) -> None:
    file = copy / "profiles" / "standard.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("Asia/Shanghai", zone), encoding="utf-8")
    with pytest.raises(Refused) as caught:
        load(copy)
    (problem,) = caught.value.problems
    assert (problem.code, problem.position and problem.position.line) == ("P094", 5)


def test_a_fixed_figure_is_refused_when_the_profile_is_loaded(copy: Path) -> None:
    file = copy / "rules" / "room-power.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("tailoring: only-stricter", "tailoring: fixed"), encoding="utf-8")
    with pytest.raises(Refused) as caught:
        load(copy)
    (problem,) = caught.value.problems
    assert problem.code == "P080"
    assert "fixed" in problem.render("zh")


def test_a_figure_in_the_place_of_a_table_is_as_strict_as_each_row(small: Pack) -> None:
    profile = small.profiles["strict"]
    between = {"small/total-power.limit": evolve(profile.set["small/total-power.limit"], value=10.0)}
    pack = evolve(small, profiles={"strict": evolve(profile, extends=None, set=between)})
    assert codes(pack, "strict") == ["P080"]


def test_an_unknown_profile_is_named_with_the_nearest(small: Pack) -> None:
    with pytest.raises(Refused, match="did you mean 'strict'"):
        tailor(small, "strikt", as_of=None)


@pytest.mark.parametrize(
    ("profile", "day", "code"),
    [
        (None, "2025-12-31", "P081"), ("standard", "2025-12-31", "P081"), ("standard", "2030-01-01", "P081"),
        ("standard", "2026-13-01", "P083"),
    ],
)  # fmt: skip
def test_outside_its_dates_nothing_is_in_force(small: Pack, profile: str | None, day: str, code: str) -> None:
    assert codes(small, profile, as_of=day) == [code]


@pytest.mark.parametrize("day", ["2026-01-01", "2029-12-31"])
def test_dates_in_force_are_half_open(small: Pack, day: str) -> None:
    assert tailor(small, "standard", as_of=day).profile == "standard"


ROWS = st.one_of(
    st.tuples(st.just("eq"), st.integers(0, 6)),
    st.tuples(st.integers(0, 5), st.integers(1, 6)).map(lambda r: ("range", (r[0], r[0] + r[1]))),
    st.integers(0, 6).map(lambda v: ("over", v)),
    st.integers(0, 6).map(lambda v: ("upto", v)),
)


def row(shape: Any) -> LimitRow:
    figure = Figure(1.0, "kW", "lower", "free", "s", Status.PROJECT)
    kind, value = shape
    if kind == "eq":
        return LimitRow(figure, eq={"v": value})
    if kind == "range":
        return LimitRow(figure, over={"v": value[0]}, upto={"v": value[1]})
    return LimitRow(figure, **{kind: {"v": value}})


def matches(shape: Any, x: float) -> bool:
    kind, value = shape
    if kind == "eq":
        return bool(x == value)
    low, high = value if kind == "range" else (value, 99) if kind == "over" else (-99, value)
    return bool(low < x <= high)


@given(ROWS, ROWS)
def test_rows_overlap_exactly_when_some_case_matches_both(one: Any, two: Any) -> None:
    probes = [x / 2 for x in range(-4, 40)]
    both = any(matches(one, x) and matches(two, x) for x in probes)
    assert overlap(row(one), row(two), {"v": "kV"}) is both


@pytest.mark.parametrize(
    ("rate", "confidence", "refused"), [(0.02, 0.95, True), (0.01, 0.9, True), (0.001, 0.99, False)]
)
def test_a_profile_never_asks_for_less_evidence_than_the_pack(
    rate: float, confidence: float, refused: bool, small: Pack
) -> None:
    profile = Profile("p", Text("p", "配置"), evidence=Evidence(rate, confidence))
    pack = evolve(small, profiles={"p": profile})
    if refused:
        assert codes(pack, "p") == ["P080"]
    else:
        assert tailor(pack, "p", as_of=None).evidence.failure_rate == rate
