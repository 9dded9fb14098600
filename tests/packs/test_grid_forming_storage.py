"""What the pack grid-forming-storage promises: its relations hold on the reference, its figures say what they are."""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conformance.cases import validator
from conformance.measures.grid_forming import features
from conformance.model.standard import Pack
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/energy-for-compute/grid-forming-storage"
FIXTURES = ROOT / "fixtures/systems/grid-forming-storage"
REQUEST = json.loads((FOLDER / "schemas/respond-request.json").read_text(encoding="utf-8"))
TODAY = "2026-11-22"
ABROAD = {"inertia-least", "phase-jump-least", "first-response", "first-response-neso", "jump-withstood"}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load(FOLDER)


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    """The function that the oracle serves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FIXTURES / "reference"))
        yield importlib.import_module("reference_grid_forming").answer


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("reference"))


def simulated(folder: Path, *options: str) -> Path:
    command = [sys.executable, str(FIXTURES / "simulate.py"), "--output", str(folder), *options]
    subprocess.run(command, check=True, timeout=120)
    return folder


def nominal(schema: dict[str, Any]) -> Any:
    if "nominal" in schema:
        return schema["nominal"]
    return {name: nominal(part) for name, part in schema["properties"].items()}


def asked(**changes: float | str) -> dict[str, Any]:
    """The nominal request with other values, by the last part of their path."""
    request = json.loads(json.dumps(nominal(REQUEST)))
    for group in (request["plant"], request["grid"], request["before"], request["disturbance"]):
        group |= {name: value for name, value in changes.items() if name in group}
    return request


def shown(reference: Any, request: dict[str, Any]) -> dict[str, Any]:
    parts = {name: request[name] for name in ("plant", "grid", "before", "disturbance")}
    found: dict[str, Any] = features(**parts, samples=reference(request)["samples"])
    return found


PLANTS = st.fixed_dictionaries({
    "h": st.floats(2.5, 5), "x_plant": st.floats(0.2, 0.3), "damping": st.floats(40, 80), "scr": st.floats(2.5, 10),
})  # fmt: skip


@given(plant=PLANTS, rocof=st.floats(0.2, 0.5), up=st.booleans(), p=st.floats(-30, 30))
@settings(max_examples=30, deadline=None)
def test_doubling_and_mirroring_a_ramp_leave_the_inertia_as_it_is(
    reference: Any, plant: dict[str, float], rocof: float, up: bool, p: float
) -> None:
    rate = rocof if up else -rocof
    first, double, mirrored = (
        shown(reference, asked(kind="rocof", rocof=r, p=p, **plant)) for r in (rate, 2 * rate, -rate)
    )
    for found in (first, double, mirrored):
        assert found["inertia"] == pytest.approx(plant["h"], rel=0.02)


@given(plant=PLANTS, rocof=st.floats(0.2, 1), p=st.floats(1, 30))
@settings(max_examples=20, deadline=None)
def test_a_ramp_is_answered_alike_discharging_and_charging(
    reference: Any, plant: dict[str, float], rocof: float, p: float
) -> None:
    out, into = (shown(reference, asked(kind="rocof", rocof=rocof, p=q, **plant)) for q in (p, -p))
    assert out["inertia"] == pytest.approx(into["inertia"], rel=0.02)


@given(plant=PLANTS, angle=st.floats(2, 60), p=st.floats(-30, 30))
@settings(max_examples=30, deadline=None)
def test_a_jump_is_answered_by_the_formula_until_the_limit(
    reference: Any, plant: dict[str, float], angle: float, p: float
) -> None:
    found = shown(reference, asked(kind="phase-jump", angle=-angle, p=p, **plant))
    assume(not found["limited"])
    assert found["jump"] == pytest.approx(found["expected_jump"], rel=0.02)
    assert found["damping"] > 20


def test_once_the_limit_is_reached_jumps_do_not_add_up(reference: Any) -> None:
    """Superposition is known to be false there, and so no rule uses it."""
    one, both = (shown(reference, asked(kind="phase-jump", angle=-a, scr=10, p=0)) for a in (20, 40))
    assert both["limited"]
    assert both["jump"] < 1.9 * one["jump"]


@pytest.mark.parametrize(("ratio", "share"), [(0.05, 85.4), (0.2, 52.6)])
def test_the_share_of_half_swings_is_that_of_the_damping_ratio(ratio: float, share: float, pack: Pack) -> None:
    exact = 100 * math.exp(-math.pi * ratio / math.sqrt(1 - ratio**2))
    assert 0 <= exact - share < 0.1
    name = "grid-forming-storage/damping-of-swings"
    chosen = tailor(pack, "neso", as_of=TODAY) if ratio == 0.2 else pack
    assert chosen.rules[name].parameters["limit"].value == share


def test_answers_of_the_reference_fit_their_schema(pack: Pack, reference: Any) -> None:
    request = asked()
    assert validator(pack.operations["respond"].request)(request) == []
    answer = reference(request)
    assert validator(pack.operations["respond"].response)(answer) == []
    del answer["samples"][0]["p"]
    assert validator(pack.operations["respond"].response)(answer) != []


def test_tests_begin_at_the_power_of_the_campus_and_both_ways(recorded: Path) -> None:
    events = pq.read_table(recorded / "events.parquet").to_pylist()
    hours = {row["time"]: row for row in pq.read_table(recorded / "hours.parquet").to_pylist()}
    for event in events:
        hour = hours[event["at"].replace(minute=0)]
        assert event["p_before"] == pytest.approx(hour["discharge"] - hour["charge"])
        assert event["soc_before"] == pytest.approx(hour["soc"])
        assert (event["p_before"] > 0) == (event["direction"] == "discharging")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(recorded: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    again.mkdir()
    other.mkdir()
    simulated(again)
    simulated(other, "--seed", "2")
    for file in recorded.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes(), file.name
    assert (recorded / "waveforms.parquet").read_bytes() != (other / "waveforms.parquet").read_bytes()


def test_the_window_of_an_event_holds_its_energy(recorded: Path) -> None:
    """A second implementation of the integral: the trapezoid over the times, not the told spans."""
    events = {row["event"]: row for row in pq.read_table(recorded / "events.parquet").to_pylist()}
    waves = pq.read_table(recorded / "waveforms.parquet")
    column = {name: np.array(waves[name].to_pylist()) for name in ("event", "t", "p")}
    for name in ("rocof-down-charging", "step-up-discharging"):
        own = (column["event"] == name) & (column["t"] >= 0)
        t, change = column["t"][own], column["p"][own] - events[name]["p_before"]
        energy = float(np.sum((change[1:] + change[:-1]) / 2 * np.diff(t))) / 3600
        assert energy == pytest.approx(events[name]["energy"], rel=0.01)


@pytest.mark.parametrize(
    ("profile", "kept"),
    [("neso", {"first-response-neso", "jump-withstood"}), ("rfg-2", {"first-response"}),
     ("ercot", {"inertia-least", "phase-jump-least"}), ("china", set())],
)  # fmt: skip
def test_a_profile_keeps_the_figures_of_its_place_alone(profile: str, kept: set[str], pack: Pack) -> None:
    names = {id_.rpartition("/")[2] for id_ in tailor(pack, profile, as_of=TODAY).rules}
    assert names & ABROAD == kept
    assert ("overload-endured" in names) == (profile == "china")
