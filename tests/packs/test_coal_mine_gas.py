"""What the pack coal-mine-gas promises besides what every pack does: who delays, loosens or clears is caught."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import SYSTEMS, imported, judged

from conformance.assess import make_plan
from conformance.assess.kills import false_alarms, kill_matrix
from conformance.cli import common
from conformance.model.outcome import Outcome
from conformance.model.standard import Pack
from conformance.packs import load, read_system, tailor
from conformance.systems import Pool, connect, opener, read_defects

FOLDER = Path(__file__).parents[2] / "standards/ai-for-energy/coal-mine-gas"
FIXTURES = SYSTEMS / "coal-mine-gas"
PACK = load(FOLDER)
AS_OF = "2026-11-22"


@pytest.fixture(scope="module")
def monitor() -> Iterator[Any]:
    """The program that the oracle runs."""
    with imported(FIXTURES / "reference", "coal_gas_monitor") as module:
        yield module


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    with imported(FIXTURES, "coal_mine_gas_faults") as module:
        yield module


def plan_of(pack: Pack) -> Any:
    oracle = common.oracle_of(pack)
    assert oracle is not None
    return make_plan(pack, oracle, oracle=None, settings=common.settings_for(pack, command="test"))


@pytest.mark.parametrize(
    ("variant", "rules"),
    [
        ("delays-by-one-sample", {"alarm-at-limit", "window-alarms"}),
        ("set-point-upward", {"alarm-at-limit"}),
        ("clears-at-one-percent", {"alarm-at-limit", "alarm-ends-when-sustained", "power-below-limit"}),
    ],
)
def test_advice_that_delays_loosens_or_clears_an_alarm_is_caught(variant: str, rules: set[str], tmp_path: Path) -> None:
    plan = plan_of(PACK)
    (defect,) = (d for d in read_defects(FIXTURES / "defects.yaml") if d.id == variant)
    (row,) = kill_matrix(
        plan,
        [defect],
        open_session=lambda: connect(plan.system, PACK, scratch=tmp_path / "clean"),
        open_other=lambda place: connect(read_system(Path(place) / "system.yaml", [PACK]), PACK, scratch=tmp_path),
        cases=150,
        sizes=(),
    )
    assert rules <= {rule.rpartition("/")[2] for rule in row.killed_by}
    assert row.survived == ()


def test_the_reference_with_its_advice_is_not(tmp_path: Path) -> None:
    plan = plan_of(PACK)
    with Pool(opener(plan.system, PACK, scratch=tmp_path), 1) as pool:
        found = false_alarms(plan, pool, cases=30)
    assert found.false_alarms == ()
    assert found.near >= found.cases / 10


@pytest.mark.parametrize(
    ("ch4", "alarm", "powered"),
    [(0.99, False, True), (1.0, True, True), (1.01, True, True), (1.49, True, True), (1.5, True, False)],
)
def test_boundaries_of_a_face(monitor: Any, ch4: float, alarm: bool, powered: bool) -> None:
    told = monitor.Point.of("face").step(ch4)
    assert (told["alarm"], told["powered"]) == (alarm, powered)


def test_an_alarm_is_not_cleared_at_exactly_the_limit_however_long(monitor: Any) -> None:
    point = monitor.Point.of("face-return")
    assert all(point.step(value)["alarm"] for value in [1.2, *[1.0] * 20])
    assert not point.powered
    assert [point.step(0.99)["alarm"] for _ in range(3)] == [True, True, False]


def test_set_points_of_the_reference_are_those_of_the_table_or_stricter(monitor: Any) -> None:
    table = {(r.eq["place"], r.eq["function"]): r.figure.value for r in PACK.limits["set-points"].rows}
    returns = {r.eq["place"]: r.figure.value for r in PACK.limits["return-air"].rows}
    for place, values in monitor.SET_POINTS.items():
        if place in returns:
            assert values[0] <= returns[place]
            assert values[1] is None
        else:
            assert values == tuple(table[place, function] for function in ("alarm", "cut", "repower"))


CH4 = st.lists(st.integers(5, 350).map(lambda n: n / 100), min_size=1, max_size=40)


def states(monitor: Any, ch4: list[float], **given_: Any) -> list[tuple[bool, bool]]:
    point = monitor.Point(1.0, 1.5, 1.0)
    for name, value in given_.items():
        setattr(point, name, value)
    return [(told["alarm"], not told["powered"]) for told in map(point.step, ch4)]


def kept(first: list[tuple[bool, bool]], second: list[tuple[bool, bool]]) -> bool:
    return all(b[0] >= a[0] and b[1] >= a[1] for a, b in zip(first, second, strict=True))


@given(ch4=CH4, more=st.data())
@settings(max_examples=400, deadline=None)
def test_more_methane_anywhere_removes_and_delays_nothing(monitor: Any, ch4: list[float], more: st.DataObject) -> None:
    raised = [v + more.draw(st.integers(0, 20)) / 100 for v in ch4]
    assert kept(states(monitor, ch4), states(monitor, raised))


@given(ch4=CH4, period=st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_closer_samples_delay_nothing(monitor: Any, ch4: list[float], period: int) -> None:
    assert kept(states(monitor, ch4, period=2.0 * period), states(monitor, ch4, period=1.0 * period))


@given(ch4=CH4, repeats=st.integers(2, 4))
@settings(max_examples=200, deadline=None)
def test_holding_each_sample_delays_nothing(monitor: Any, ch4: list[float], repeats: int) -> None:
    """The half of CM-09 that no transform can say; power is left out, since nobody puts it back here."""
    held = states(monitor, [v for v in ch4 for _ in range(repeats)])
    reached = [n for n, v in enumerate(ch4) if v >= 1.0]
    assert all(held[n * repeats][0] for n in reached)


@given(ch4=CH4, noise=st.data())
@settings(max_examples=400, deadline=None)
def test_noise_hides_no_alarm(monitor: Any, ch4: list[float], noise: st.DataObject) -> None:
    noisy = [v + noise.draw(st.integers(-2, 2)) / 100 for v in ch4]
    told = states(monitor, [round(v, 2) for v in noisy])
    assert all(on for (on, _), v in zip(told, ch4, strict=True) if round(v - 0.02, 2) >= 1.0)


def test_a_return_at_072_is_fine_by_one_text_and_not_by_the_other(simulator: Any, tmp_path: Path) -> None:
    made = simulator.record(None)
    told = made.tables["setpoints"]
    told["value"] = [0.72 if s == "m-r" else v for s, v in zip(told["sensor"], told["value"], strict=True)]
    strict = tailor(PACK, "return-air-070", as_of=AS_OF)
    assert judged(PACK, made, tmp_path, {"return-air-set-point"})["return-air-set-point"].outcome is Outcome.PASSED
    assert judged(strict, made, tmp_path, {"return-air-set-point"})["return-air-set-point"].outcome is Outcome.FAILED


def test_polling_that_an_old_code_permits_is_too_slow_for_the_draft_of_2016(simulator: Any, tmp_path: Path) -> None:
    made = simulator.record(None)
    made.tables["polls"]["cycle"] = [28.0] * len(made.tables["polls"]["cycle"])
    draft = tailor(PACK, "upgrade-2016", as_of=AS_OF)
    assert judged(PACK, made, tmp_path, {"polling-cycle"})["polling-cycle"].outcome is Outcome.PASSED
    assert judged(draft, made, tmp_path, {"polling-cycle"})["polling-cycle"].outcome is Outcome.FAILED


def test_a_looser_re_power_value_of_the_upper_corner_cannot_be_chosen(simulator: Any, tmp_path: Path) -> None:
    """Older texts say below 1.5 %; sources disagree, and the stricter one stands."""
    made = simulator.record(None)
    told = made.tables["setpoints"]
    where = zip(told["place"], told["function"], told["value"], strict=True)
    told["value"] = [1.5 if (p, f) == ("face-upper-corner", "repower") else v for p, f, v in where]
    name = "set-point-not-looser"
    assert judged(PACK, made, tmp_path, {name})[name].outcome is Outcome.FAILED
