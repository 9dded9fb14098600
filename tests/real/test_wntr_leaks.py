"""WNTR, which we did not write, simulates leaks in pipes of water: what is known of them, and what is found of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("wntr", reason="WNTR is heavy; `tox -e real-wntr` installs it")

pytestmark = pytest.mark.filterwarnings("default")  # those of WNTR are not ours to mend
HOUR = 60
ALWAYS = [1.0] * (4 * HOUR + 1)


@pytest.fixture(scope="module")
def record(beside: Callable[[str], None]) -> Any:
    beside("wntr-leaks")
    import record as module

    return module


@pytest.fixture(scope="module")
def line(record: Any) -> Any:
    return record.wntr_line


def failed(outcomes: dict[str, Any]) -> set[str]:
    return {name for name, outcome in outcomes.items() if outcome == "failed"}


def of_campaign(record: Any, run: Any, *, bulk_modulus: float) -> list[Any]:
    asked = record.Line("W1", 40_000.0, 529.0, 8.0, 64.0, bulk_modulus, record.own.THRESHOLDS)
    return list(record.watched(asked, run, began=record.JUNE))


@pytest.mark.parametrize("place", [4_000.0, 20_000.0, 36_000.0])
def test_what_flows_in_and_not_out_is_the_leak_at_each_minute(line: Any, place: float) -> None:
    run = line.straight(ALWAYS, line.Leak(place, 50.0, begins=HOUR, lasts=HOUR))
    leaks = run.leak > 0
    assert np.flatnonzero(leaks).tolist() == list(range(HOUR + 1, 2 * HOUR + 1))
    assert run.flow_in - run.flow_out == pytest.approx(run.leak, abs=1e-3)
    assert 45 < run.leak[leaks].min() < 50


def test_without_a_leak_both_engines_of_wntr_find_the_same_line(line: Any) -> None:
    taken = list(np.linspace(1.0, 0.5, 2 * HOUR + 1))
    ours, epanet = line.straight(taken), line.straight(taken, epanet=True)
    assert ours.flow_in == pytest.approx(epanet.flow_in, abs=0.1)
    for place, pressure in ours.pressures.items():
        assert pressure == pytest.approx(epanet.pressures[place], abs=0.01)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_an_hour_into_a_leak_the_rate_told_is_its_rate_and_at_first_it_is_lower(
    record: Any, line: Any, share: float
) -> None:
    run = line.straight(ALWAYS, line.Leak(20_000.0, 1000 * share, begins=HOUR, lasts=3 * HOUR))
    seen = of_campaign(record, run, bulk_modulus=record.RIGID)
    first = next(one for one in seen if one.new)
    assert max(a["rate"] for a in first.new) < 0.85 * run.leak[first.minute]
    (last,) = {round(a["rate"], 3) for a in seen[-1].response["alarms"] if a["kind"] == "leak"}
    assert last == pytest.approx(run.leak[-1], rel=1e-3)


def test_a_flow_that_rises_without_a_leak_is_taken_for_one_where_linepack_is_reckoned_that_wntr_has_not(
    record: Any, line: Any
) -> None:
    run = line.straight(record.ramp((0, 0.5), (HOUR, 0.5), (HOUR + 10, 1.0), (2 * HOUR, 1.0)))
    compressible = line.bulk_modulus(line.BORE, line.WALL)
    assert {a["window"] for one in of_campaign(record, run, bulk_modulus=compressible) for a in one.new} == {5, 15, 60}
    assert [a for one in of_campaign(record, run, bulk_modulus=record.RIGID) for a in one.new] == []


def test_the_volume_told_at_detection_is_the_metered_one_but_not_the_rate_told_over_the_time_taken(record: Any) -> None:
    campaign = [
        row for row in record.Recording(rigid=True).campaign if row["operation"] == "steady" and row["detected"]
    ]
    assert len(campaign) == 12
    for row in campaign:
        assert row["told_volume"] == pytest.approx(row["volume"], abs=1e-3)
        assert row["told_rate"] * row["detection_time"] / 60 < 0.9 * row["told_volume"]


def test_the_stop_of_net1_s_pump_is_a_fall_that_calls_for_a_notification_and_no_leak_alarm(
    record: Any, line: Any
) -> None:
    run, pipe = line.net1()
    asked = record.Line("Net1-10", pipe.length, 473.2, 8.0, 16.0, record.RIGID, record.own.THRESHOLDS)
    raised = {
        (a["kind"], a["raised"])
        for one in record.watched(asked, run, began=record.JUNE)
        for a in one.response["alarms"]
    }
    stop = int(np.flatnonzero(run.flow_in == 0)[0]) - 1
    assert raised == {("rupture", f"{record.JUNE + stop * record.MINUTE}Z".replace(".000000", ""))}


def test_the_pack_finds_the_alarms_of_a_linepack_that_wntr_has_not(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("wntr-leaks")
    assert failed(outcomes) == {
        "false-alarms", "rate-error", "theft-recall", "volume-of-the-leak", "strength-tested"
    }  # fmt: skip
    assert outcomes["loss-alarmed"] == outcomes["potential-rupture"] == outcomes["detected-in-time"] == "passed"


def test_of_a_line_in_which_nothing_packs_the_pack_finds_no_false_alarm(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("wntr-leaks-rigid")
    assert failed(outcomes) == {"rate-error", "theft-recall", "volume-of-the-leak", "strength-tested"}
    assert outcomes["false-alarms"] == outcomes["detected-share"] == "passed"
    assert outcomes["location-error"] == "inconclusive"
    assert outcomes["place-of-the-wave"] == "inapplicable"
