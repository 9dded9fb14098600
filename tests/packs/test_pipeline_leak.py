"""What the pack pipeline-leak promises: its relations hold on the reference, boundaries are exact, traps are met."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import SYSTEMS, imported, judged

from conformance.cases import validator
from conformance.measures.pipeline import balance, falls
from conformance.model.outcome import Outcome
from conformance.model.standard import Pack
from conformance.packs import load, tailor

FOLDER = Path(__file__).parents[2] / "standards/ai-for-energy/pipeline-leak"
FIXTURES = SYSTEMS / "pipeline-leak"
BEGUN = "2026-07-01T04:00:00Z"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load(FOLDER)


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    """The function that the oracle serves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FIXTURES / "reference"))
        yield importlib.import_module("reference_pipeline_leak").detect


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    with imported(FIXTURES, "pipeline_leak_faults") as module:
        yield module


def asked(**changes: Any) -> dict[str, Any]:
    """An hour in which nothing happens, with changes."""
    places = {"PT-1": (0, 55.0), "PT-2": (16_000, 43.0), "PT-3": (40_000, 25.0)}
    return {
        "time": BEGUN,
        "segment": {"id": "L1-1", "length": 40_000, "diameter": 529, "wall": 8, "mop": 64, "wave_speed": 1000},
        "fluid": {"kind": "liquid", "density": 850, "bulk_modulus": 12_000, "expansion": 0.0008},
        "operation": "steady",
        "planned_drop": 0,
        "settings": [{"window": 5, "rate": 60}, {"window": 15, "rate": 25}, {"window": 60, "rate": 10}],
        "meters": {"flow_in": "good", "flow_out": "good"},
        "flow_in": [1000.0] * 61,
        "flow_out": [1000.0] * 61,
        "temperature": [20.0] * 61,
        "pressures": [
            {"tag": tag, "position": at, "quality": "good", "values": [p] * 61} for tag, (at, p) in places.items()
        ],
        "wave": {"seen": False, "upstream": 20, "downstream": 20, "uncertainty": 0.1},
    } | changes


def pressures_with(values: list[float]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked()["pressures"]
    found[1]["values"] = values
    return found


def minute_of(answer: dict[str, Any], kind: str) -> int | None:
    """min of the first alarm of ``kind``."""
    raised = [np.datetime64(a["raised"][:19]) for a in answer["alarms"] if a["kind"] == kind]
    return int((min(raised) - np.datetime64(BEGUN[:19])) / np.timedelta64(1, "m")) if raised else None


SERIES = st.builds(
    lambda knots: [float(v) for v in np.repeat(knots, [13, 12, 12, 12, 12])],
    st.lists(st.floats(960, 1010), min_size=5, max_size=5),
)
PRESSURES = st.builds(
    lambda knots: pressures_with([float(v) for v in np.repeat(knots, [13, 12, 12, 12, 12])]),
    st.lists(st.floats(38, 47), min_size=5, max_size=5),
)


@given(out=SERIES, pressures=PRESSURES, more=st.floats(0, 40))
@settings(max_examples=60, deadline=None)
def test_a_larger_loss_is_alarmed_no_later(reference: Any, out: list[float], pressures: Any, more: float) -> None:
    first = minute_of(reference(asked(flow_out=out, pressures=pressures)), "leak")
    second = minute_of(reference(asked(flow_out=[q - more for q in out], pressures=pressures)), "leak")
    assert first is None or (second is not None and second <= first)


@given(out=SERIES, pressures=PRESSURES, share=st.floats(0.5, 1))
@settings(max_examples=60, deadline=None)
def test_lower_thresholds_alarm_no_later(reference: Any, out: list[float], pressures: Any, share: float) -> None:
    request = asked(flow_out=out, pressures=pressures)
    lower = [{**s, "rate": s["rate"] * share} for s in request["settings"]]
    first, second = (minute_of(reference(request | {"settings": s}), "leak") for s in (request["settings"], lower))
    assert first is None or (second is not None and second <= first)


@given(out=SERIES, pressures=PRESSURES, order=st.permutations([0, 1, 2]), hours=st.integers(1, 23))
@settings(max_examples=60, deadline=None)
def test_neither_the_order_of_stations_nor_the_hour_matters(
    reference: Any, out: list[float], pressures: Any, order: list[int], hours: int
) -> None:
    request = asked(flow_out=out, pressures=pressures)
    later = str(np.datetime64(BEGUN[:19]) + np.timedelta64(hours, "h")) + "Z"
    one, other, moved = (
        reference(request | change) for change in ({}, {"pressures": [pressures[n] for n in order]}, {"time": later})
    )
    assert [(a["kind"], a["raised"]) for a in one["alarms"]] == [(a["kind"], a["raised"]) for a in other["alarms"]]
    assert len(one["alarms"]) == len(moved["alarms"])


@given(out=SERIES, pressures=PRESSURES)
@settings(max_examples=60, deadline=None)
def test_the_reference_alarms_when_the_measure_shows_a_loss(reference: Any, out: list[float], pressures: Any) -> None:
    """Two implementations: minute by minute, and with arrays."""
    request = asked(flow_out=out, pressures=pressures)
    names = ("segment", "fluid", "settings", "flow_in", "flow_out", "temperature", "pressures")
    shown = balance(**{name: request[name] for name in names})["windows"]
    above = [
        p["at"]
        for w, s in zip(shown, request["settings"], strict=True)
        for p in w["points"]
        if p["rate"] > s["rate"] + 1e-6
    ]
    assert minute_of(reference(request), "leak") == min(above, default=None)


@pytest.mark.parametrize(
    ("values", "minute"),
    [
        ([50.0] * 20 + [45.0] * 41, None),  # exactly 10 %
        ([50.0] * 20 + [44.99] * 41, 20),
        ([50.0] * 20 + [47.0] * 14 + [44.0] * 27, 34),  # two steps within 15 min
        ([50.0] * 20 + [47.0] * 16 + [44.0] * 25, None),  # two steps further apart
        ([50.0 - 0.34 * n for n in range(61)], 15),  # slowly
        ([50.0 - 0.2 * n for n in range(61)], None),  # too slowly, at first; never 10 % within 15 min
    ],
)
def test_a_rupture_is_notified_beyond_ten_per_cent_within_fifteen_minutes(
    reference: Any, values: list[float], minute: int | None
) -> None:
    request = asked(pressures=pressures_with(values))
    shown = [f["at"] for f in falls(pressures=request["pressures"], planned_drop=0)["falls"] if f["fall"] > 10 + 1e-9]
    assert minute_of(reference(request), "rupture") == minute == min(shown, default=None)


def test_answers_of_the_reference_fit_their_schema(pack: Pack, reference: Any) -> None:
    operation = pack.operations["detect"]
    request = asked(flow_out=[900.0] * 61, wave={"seen": True, "upstream": 15, "downstream": 25, "uncertainty": 0.1})
    answer = reference(request)
    assert validator(operation.request)(request) == []
    assert validator(operation.response)(answer) == []
    assert {a["kind"] for a in answer["alarms"]} == {"leak"}
    broken = deepcopy(answer)
    del broken["thresholds"][0]["rate"]
    assert validator(operation.response)(broken) != []


def test_a_late_identification_hides_a_late_valve_and_is_found_itself(pack: Pack, faults: Any, tmp_path: Path) -> None:
    """Stamped at the controller's acknowledgement, the clock of 30 minutes begins later: only R21 tells."""
    made = faults.record(None)
    ruptures, valves = made.tables["ruptures"], made.tables["valves"]
    ruptures["identified_at"] = list(ruptures["acknowledged_at"])
    valves["closed_at"] = [at + np.timedelta64(15, "m") for at in valves["closed_at"]]
    found = judged(pack, made, tmp_path, {"valve-closed-in-time", "identified-in-time"})
    assert found["valve-closed-in-time"].outcome is Outcome.PASSED
    assert found["identified-in-time"].outcome is Outcome.FAILED


def test_a_learned_leak_is_told_by_the_bias_where_the_balance_still_adds_up(
    pack: Pack, faults: Any, tmp_path: Path
) -> None:
    made = faults.record("bias-learns-the-leak")
    found = judged(pack, made, tmp_path, {"balance-of-flows", "bias-does-not-learn"})
    assert found["balance-of-flows"].outcome is Outcome.PASSED
    assert found["bias-does-not-learn"].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("profile", "out", "kept"),
    [
        ("liquid-us", "gas-over-pressure", "detection-since"),
        ("gas-us", "loss-alarmed", "gas-over-pressure"),
        ("china", "detection-since", "loss-alarmed"),
    ],
)
def test_a_profile_keeps_the_rules_of_its_place(pack: Pack, profile: str, out: str, kept: str) -> None:
    names = {id_.rpartition("/")[2] for id_ in tailor(pack, profile, as_of="2026-11-22").rules}
    assert out not in names
    assert kept in names


def test_the_vendors_own_fields_begin_with_x(pack: Pack, reference: Any) -> None:
    valid = validator(pack.operations["detect"].response)
    answer = json.loads(json.dumps(reference(asked())))
    assert valid(answer | {"x_model": "2.3"}) == []
    assert valid(answer | {"model": "2.3"}) != []
