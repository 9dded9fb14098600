"""What the pack flexible-load promises: one campus, baselines that agree everywhere, true relations."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import Judge, imported

from conformance.adapter import Refuse
from conformance.cases import validator
from conformance.measures.flexible_load import baseline, plan
from conformance.model.outcome import Outcome
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/energy-for-compute/flexible-load"
FIXTURES = ROOT / "fixtures/systems/flexible-load"
PACK = load(FOLDER)
QUEUE = json.loads((FOLDER / "data/campus-a-queue.json").read_text(encoding="utf-8"))
PAST = json.loads((FOLDER / "data/campus-a-past.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    """The faults of the simulator, and what they are made of."""
    with imported(FIXTURES, "flexible_load_faults") as module:
        yield module


@pytest.fixture(scope="module")
def year(simulator: Any) -> Any:
    """The reference recording."""
    return simulator.record(None)


@pytest.fixture(scope="module")
def reference() -> Any:
    """The reference that is called, imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FIXTURES / "reference"))
        yield importlib.import_module("flexible_load_reference")
        sys.modules.pop("flexible_load_reference", None)


def table(recording: Any, name: str) -> list[dict[str, Any]]:
    """The rows of a table."""
    columns = recording.tables[name]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


# One campus


def test_the_year_and_each_hour_without_an_event_have_the_energy_of_the_campus(year: Any) -> None:
    for name, planned in year.planned.items():
        hourly = year.load[name].reshape(-1, 4).mean(axis=1) / 1000
        used = year.site.green.used[name]
        assert hourly.sum() == pytest.approx(used.sum(), rel=1e-9)
        touched = (year.load[name] != planned).reshape(-1, 4).any(axis=1)
        assert 0.01 < touched.mean() < 0.05
        assert hourly[~touched] == pytest.approx(used[~touched], rel=1e-9)
        assert not np.isclose(hourly[touched], used[touched]).all()


def test_the_queue_and_the_past_of_the_called_reference_are_hours_of_the_campus(year: Any) -> None:
    site = year.site
    noon = int(np.flatnonzero(site.time == np.datetime64("2026-07-15T04", "ns"))[0])
    still = 1000 * (site.green.used["inference"] + site.green.used["offices"])
    assert QUEUE["other"][::4] == pytest.approx(still[noon : noon + 10], abs=1)
    mean = 1000 * site.green.used["training"][noon : noon + 10].mean()
    assert sum(job["power"] for job in QUEUE["jobs"]) == pytest.approx(mean, abs=5)
    for day in PAST["days"]:
        assert day["before"][::2] == pytest.approx(site.edc[noon - 24 * day["ago"] + 1 :][:2], abs=0.01)


def test_the_same_seed_gives_the_same_year_and_another_another(simulator: Any, year: Any) -> None:
    assert table(simulator.record(None), "intervals") == table(year, "intervals")
    other = simulator.record(None, seed=2)
    assert table(other, "intervals") != table(year, "intervals")
    assert len(other.days) >= 6


# Baselines agree: what was settled, the measure, the reference


def test_settled_baselines_are_those_of_the_measure(year: Any) -> None:
    """The simulator, the measure and so the rules work the same baseline out of the same metered days."""
    past: dict[Any, list[Any]] = {}
    for row in table(year, "history"):
        past.setdefault((row["event"], row["resource"], row["day"]), []).append((row["slot"], row["power"]))
    for told in table(year, "baselines"):
        own = [r for r in table(year, "intervals") if (r["event"], r["resource"]) == (told["event"], told["resource"])]
        days = [
            {
                "ago": row["ago"], "kind": row["kind"], "event": row["had_event"], "outage": row["outage"],
                "before": [p for s, p in slots if s < -10], "during": [p for s, p in slots if 0 <= s < 12],
            }
            for row in table(year, "baseline-days")
            if (slots := past.get((told["event"], told["resource"], row["day"])))
            and (row["event"], row["resource"]) == (told["event"], told["resource"])
        ]  # fmt: skip
        today = {"kind": told["kind"], "before": [r["meter"] for r in own if r["phase"] == "adjust"]}
        found = baseline(method=told["method"], transformer_ratio=1, days=days, today=today)
        assert found["adjustment"] == pytest.approx(told["adjustment"], rel=1e-9)
        assert found["baseline"] == pytest.approx([r["base"] for r in own if r["phase"] == "during"], rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["ten-of-ten", "last-five"]), st.lists(st.floats(0.5, 1.6), min_size=4, max_size=4))
def test_the_called_reference_agrees_with_the_measure(reference: Any, method: str, swing: list[float]) -> None:
    today = PAST["today"] | {"before": [a * b for a, b in zip(PAST["today"]["before"], swing, strict=True)]}
    asked = {"method": method, "transformer_ratio": 1000, "days": PAST["days"], "today": today}
    told, found = reference.baseline(asked), baseline(**asked)
    assert told["baseline"] == pytest.approx(found["baseline"], rel=1e-9)
    assert told["days"] == found["days"]


def test_raising_load_before_the_event_never_gains_more_than_the_cap(reference: Any) -> None:
    """The trap: a baseline that the operator moves. A fifth is the most, and no-preheating finds it."""
    asked = {"method": "ten-of-ten", "transformer_ratio": 1000, "days": PAST["days"], "today": PAST["today"]}
    raised = PAST["today"] | {"before": [3 * v for v in PAST["today"]["before"]]}
    fair, moved = (reference.baseline(asked | {"today": today}) for today in (PAST["today"], raised))
    gain = sum(moved["baseline"]) / sum(fair["baseline"])
    assert gain == pytest.approx(1.2 / fair["adjustment"])
    open_ = reference.baseline(asked | {"method": "last-five", "today": raised})["adjustment"]
    assert open_ > 2.9  # of the Chinese method no cap was seen


# The plan of the reference, and the relations that rules state of it


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    """Requests from the ranges of the request schema."""
    step = st.integers(0, 8).map(lambda n: 15 * n)
    jobs = [j | {"power": j["power"] * (f := draw(st.floats(0.6, 1.1))), "maximum": j["maximum"] * f}
            for j in QUEUE["jobs"]]  # fmt: skip
    return {
        "event": {"id": "e", "modification": 0, "type": "DISPATCH_SETPOINT_RELATIVE", "delay": draw(step),
                  "duration": 15 + draw(step), "reduction": draw(st.floats(2000, 50000))},
        "resource": {"opted_out": draw(st.booleans()), "notice": 30, "duration_max": draw(st.integers(60, 240)),
                     "retained": draw(st.floats(30000, 55000)), "ramp": draw(st.floats(1000, 4000)),
                     "capacity_limit": 115000.0},
        "emergency": {"active": draw(st.booleans()), "delay": 60, "duration": 30, "cap": draw(st.floats(60000, 90000))},
        "other": QUEUE["other"], "jobs": jobs,
    }  # fmt: skip


def asked(reference: Any, request: dict[str, Any]) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = reference.respond(request)
    except Refuse:
        return None
    return answer


@settings(max_examples=30, deadline=None)
@given(situations(), st.randoms(use_true_random=False))
def test_neither_a_smaller_demand_nor_the_order_of_jobs_changes_the_mind(
    reference: Any, request: dict[str, Any], random: Any
) -> None:
    """`smaller-request` and `order-of-jobs`, tried on the reference before any rule states them."""
    answer = asked(reference, request)
    smaller = asked(
        reference, request | {"event": request["event"] | {"reduction": 0.8 * request["event"]["reduction"]}}
    )
    shuffled = asked(reference, request | {"jobs": random.sample(request["jobs"], len(request["jobs"]))})
    if answer is None:
        assert smaller is None
        assert shuffled is None
        return
    assert smaller is not None
    assert shuffled is not None
    assert answer["opt"] == "optOut" or smaller["opt"] == "optIn"
    assert shuffled["opt"] == answer["opt"]
    assert shuffled["delivered"] == pytest.approx(answer["delivered"], abs=10)


@settings(max_examples=30, deadline=None)
@given(situations())
def test_the_reference_loses_no_work_and_delivers_what_it_accepts(reference: Any, request: dict[str, Any]) -> None:
    answer = asked(reference, request)
    if answer is None:
        return
    found = plan(event=request["event"], emergency=request["emergency"], other=request["other"], jobs=request["jobs"],
                 load=answer["load"], schedule=answer["jobs"])  # fmt: skip
    assert all(job["in_time"] == pytest.approx(job["needed"], abs=1) for job in found["jobs"])
    if answer["opt"] == "optIn":
        assert found["delivered"] >= found["committed"] - 1


# The pack itself


def test_profiles_ask_for_what_they_say() -> None:
    full = tailor(PACK, "full-delivery", as_of="2026-11-22")
    for name in ("performance", "delivers-what-it-commits"):
        assert [of.rules[f"flexible-load/{name}"].parameters["least"].value for of in (PACK, full)] == [50, 100]
    left = {name: len(tailor(PACK, name, as_of="2026-11-22").rules) for name in ("china", "aemo-type")}
    assert left == {"china": len(PACK.rules) - 4, "aemo-type": len(PACK.rules) - 6}


def test_an_event_that_ends_at_four_does_not_hold_the_slot_that_begins_at_four(simulator: Any, judge: Judge) -> None:
    outcomes = {}
    for fault in (None, "end-inclusive"):
        found = judge(simulator.record(fault), "event-half-open", "delivered-recomputed")
        outcomes[fault] = (found["event-half-open"].outcome, found["delivered-recomputed"].outcome)
    assert outcomes == {
        None: (Outcome.PASSED, Outcome.PASSED),
        "end-inclusive": (Outcome.FAILED, Outcome.PASSED),  # the sum is right, of a wrong interval
    }


@pytest.mark.parametrize("name", sorted(PACK.documents))
def test_an_object_of_openadr_keeps_its_schema_and_no_other_type(name: str, year: Any) -> None:
    valid = validator(PACK.documents[name].schema)
    body = year.documents[name]
    assert valid(body) == []
    assert valid(body | {"objectType": "THING"}) != []
    assert valid({k: v for k, v in body.items() if k != "id"}) != []


@pytest.mark.parametrize("confidence", [-1, 101, 50.5])
def test_confidence_is_a_whole_number_of_per_cent(confidence: float, year: Any) -> None:
    report = json.loads(json.dumps(year.documents["report"]))
    report["payloadDescriptors"][0]["confidence"] = confidence
    assert validator(PACK.documents["report"].schema)(report) != []
