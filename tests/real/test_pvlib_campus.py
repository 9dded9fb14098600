"""pvlib, which we did not write, makes the sun of the simulated campus: what its recording promises."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

pytest.importorskip("pvlib", reason="pvlib is heavy; `tox -e real-pvlib` installs it")

from conformance.assess import assess, make_plan
from conformance.cli import common
from conformance.evidence import read_record
from conformance.model.outcome import Outcome
from conformance.packs import load, read_system

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:DatetimeIndex:DeprecationWarning")  # of pandas, about pvlib
PLACE = {"latitude": 41.0, "longitude": 113.0}


@pytest.fixture(scope="module")
def record(beside: Callable[[str], None]) -> Any:
    beside("pvlib-campus")
    import record as module

    return module


def test_the_year_under_the_sun_of_pvlib_conforms(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("pvlib-campus")
    assert outcomes["self-use-of-available"] == "passed"
    assert outcomes["dark-hours"] == "passed"
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == set()


def test_pvlib_and_the_closed_form_of_the_simulator_have_the_sun_at_the_same_hours(record: Any) -> None:
    begin = np.datetime64("2025-12-31T16", "ns")
    time = begin + np.arange(8760) * np.timedelta64(1, "h")
    _, closed = record.weather.sun(time, **PLACE)
    _, theirs = record.sun(time, **PLACE)
    alike = [np.corrcoef(np.roll(theirs, shift), closed)[0, 1] for shift in range(-12, 12)]
    assert int(np.argmax(alike)) - 12 == 0
    assert theirs.min() >= 0
    assert 0.5 < theirs.max() <= 1


def test_pvlib_s_sun_in_local_time_taken_for_utc_is_found(record: Any, tmp_path: Path) -> None:
    def shifted(time: np.ndarray, **place: float) -> tuple[np.ndarray, np.ndarray]:
        high, clear = record.sun(time, **place)
        return high, np.roll(clear, 8)

    record.recording(sun=shifted).write(tmp_path)
    shutil.copy(ROOT / "fixtures/real/pvlib-campus/system.yaml", tmp_path)
    pack = load(ROOT / "standards/energy-for-compute/green-direct-connection")
    pack = evolve(pack, rules={name: rule for name, rule in pack.rules.items() if name.endswith("/dark-hours")})
    plan = make_plan(
        pack, read_system(tmp_path / "system.yaml", [pack]), oracle=None, settings=common.settings_for(pack)
    )
    assess(plan, record=tmp_path / "run.jsonl", scratch=tmp_path / "scratch")
    found = {f.rule.rpartition("/")[2]: f.outcome for f in read_record(tmp_path / "run.jsonl").findings}
    assert found["dark-hours"] is Outcome.FAILED
