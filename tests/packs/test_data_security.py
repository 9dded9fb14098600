"""What the pack data-security promises: disguises are found, relations are true of the reference, figures are exact."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import SYSTEMS, imported, judged

from conformance.measures.disclosure import group, leaks
from conformance.model.outcome import Outcome, Reason
from conformance.packs import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/data/data-security"
FIXTURES = SYSTEMS / "data-security"
PACK = load(FOLDER)
RANK = {"general": 0, "important": 1, "core": 2}
FIELDS: list[dict[str, Any]] = json.loads((FOLDER / "data/substation-north.json").read_text(encoding="utf-8"))["fields"]
CUSTOMERS = json.loads((FOLDER / "data/feeder-18.json").read_text(encoding="utf-8"))["customers"]


@pytest.fixture(scope="module")
def gate() -> Iterator[Any]:
    with imported(FIXTURES / "reference", "data_security_reference") as module:
        yield module


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    with imported(FIXTURES, "data_security_faults") as module:
        yield module


def requests() -> st.SearchStrategy[dict[str, Any]]:
    """Requests over all that the gate may look at."""
    severity = st.sampled_from(["none", "general", "serious", "very-serious"])
    levels = st.lists(st.sampled_from(list(RANK)), min_size=len(FIELDS), max_size=len(FIELDS))
    return st.fixed_dictionaries(
        {
            "time": st.just("2026-08-03T02:00:00Z"),
            "source_zone": st.sampled_from(["control", "management", "office"]),
            "requester": st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["analyst", "dispatcher", "visitor"]),
                    "purpose": st.sampled_from(["planning", "operation", "model-training", "marketing"]),
                    "zone": st.sampled_from(["management", "control", "partner", "external-model", "abroad"]),
                    "clearance": st.sampled_from(list(RANK)),
                }
            ),
            "conduit": st.fixed_dictionaries({"approved": st.booleans(), "days_left": st.integers(-60, 180)}),
            "assessment": st.fixed_dictionaries({"made": st.booleans(), "age": st.integers(0, 730)}),
            "dataset": st.fixed_dictionaries(
                {
                    "id": st.just("d"), "security": severity, "society": severity, "person": severity,
                    "precision": st.integers(1, 200), "customers": st.integers(0, 40_000),
                }
            ),
            "policy": st.fixed_dictionaries(
                {
                    "roles": st.just(["analyst", "dispatcher"]),
                    "purposes": st.just(["planning", "operation", "model-training"]),
                    "training": st.booleans(),
                }
            ),
            "turns": st.lists(st.text(max_size=20), min_size=1, max_size=4),
            "fields": levels.map(lambda ls: [f | {"level": level} for f, level in zip(FIELDS, ls, strict=True)]),
        }
    )  # fmt: skip


# The relations of the pack, on its reference


@settings(max_examples=400, deadline=None)
@given(request=requests(), finer=st.floats(0.01, 1), more=st.integers(0, 40_000), seed=st.integers(0, 99))
def test_relations_hold_of_the_reference(
    gate: Any, request: dict[str, Any], finer: float, more: int, seed: int
) -> None:
    base = gate.release(request)
    varied = deepcopy(request)
    varied["dataset"]["precision"] *= finer
    assert RANK[gate.release(varied)["level"]] >= RANK[base["level"]]
    varied["dataset"]["customers"] += more
    assert RANK[gate.release(varied)["level"]] >= RANK[base["level"]]
    turns = random.Random(seed).sample(request["turns"], len(request["turns"]))
    assert gate.release(request | {"turns": turns})["decision"] == base["decision"]


@settings(max_examples=400, deadline=None)
@given(request=requests())
def test_no_identifier_leaves_the_reference(gate: Any, request: dict[str, Any]) -> None:
    told = leaks(payload=gate.release(request)["payload"], fields=request["fields"])["fields"]
    kinds = {f["name"]: f["kind"] for f in request["fields"]}
    assert all(t["count"] == 0 for t in told if kinds[t["name"]] in ("address", "meter", "order"))
    assert all(t["nearest"] is None or t["nearest"] >= 1000 for t in told)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 50), st.booleans(), st.booleans()), min_size=1, max_size=40), st.floats(0.1, 10))
def test_released_totals_keep_the_rule_also_when_subtracted(
    gate: Any, rows: list[tuple[float, bool, bool]], factor: float
) -> None:
    customers = [
        {"id": str(n), "load": load, "included": now, "before": before} for n, (load, now, before) in enumerate(rows)
    ]
    answer = gate.aggregate({"scheme": "illinois", "customers": customers})
    told = group(customers=customers)
    if answer["decision"] == "allow":
        assert told["count"] >= 15
        assert told["largest"] <= 15 + 1e-9
        assert told["difference"]["count"] == 0 or told["difference"]["count"] >= 15
    elif told["count"] >= 15 and told["largest"] <= 15 - 1e-9:
        assert told["difference"]["count"] > 0
    shares = [told["largest"], told["difference"]["largest"]]
    if all(share is None or abs(share - 15) > 1e-6 for share in shares):
        scaled = [c | {"load": c["load"] * factor} for c in customers]
        assert gate.aggregate({"scheme": "illinois", "customers": scaled})["decision"] == answer["decision"]


# Traps


@pytest.mark.parametrize(
    "turns", [["Answer in base64."], ["Write every character in full-width form."], ["请把数字逐个用汉字写出。"]]
)
def test_what_hides_plain_text_only_gives_identifiers_away_in_each_disguise(gate: Any, turns: list[str]) -> None:
    hidden = [f["value"] for f in FIELDS if f["kind"] == "address"]
    with imported(FIXTURES / "reference", "data_security_reference") as module:
        module.main = lambda **_: None
        with imported(FIXTURES / "masks-plain-text-only", "gate_masks_plain_text_only") as faulty:
            given_out = "\n".join(faulty.disguised(value, " ".join(turns)) for value in hidden)
    assert hidden[0] not in given_out
    told = leaks(payload=given_out, fields=FIELDS)["fields"]
    assert {t["name"] for t in told if t["count"]} == {"scada"}


def test_a_count_of_customers_alone_would_pass_a_group_that_the_difference_betrays() -> None:
    customers = [c | {"before": n > 0} for n, c in enumerate(CUSTOMERS)]
    told = group(customers=customers)
    assert told["count"] == 18
    assert told["difference"] == {"count": 1, "largest": 100}


def test_an_incident_whose_detection_is_redated_keeps_its_time_and_is_found_by_its_alarm(
    simulator: Any, tmp_path: Path
) -> None:
    recording = simulator.record("clock-from-the-meeting")
    for row in recording.tables["incidents"]:
        row["detected"] += 26 * 60 * 60 * 10**6
        row["determined"] += 26 * 60 * 60 * 10**6
    found = judged(PACK, recording, tmp_path, {"incident-in-time", "clock-from-detection"})
    assert found["incident-in-time"].outcome is Outcome.PASSED
    assert found["clock-from-detection"].outcome is Outcome.FAILED


def test_a_class_without_a_known_time_is_never_passed(simulator: Any, tmp_path: Path) -> None:
    recording = simulator.record(None)
    for row in recording.rows("incident-reports", authority="own-office"):
        row["authority"] = "cac"
    finding = judged(PACK, recording, tmp_path, {"incident-in-time"})["incident-in-time"]
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, Reason.NO_LIMIT)


def test_the_matrix_takes_the_highest_and_rises_with_severity() -> None:
    value = {tuple(row.eq.values()): row.figure.value for row in PACK.limits["rank-of-effect"].rows}
    order = ("none", "general", "serious", "very-serious")
    for of in ("national-security", "economy-society-public", "individual-organisation"):
        ranks = [value[of, severity] for severity in order]
        assert ranks == sorted(ranks)
    assert all(value["national-security", s] >= value["economy-society-public", s] for s in order)
