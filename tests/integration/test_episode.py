"""One simulated hour of the campus through four packs at once: sound it passes, and each fault is found where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from simulators import imported

from conformance.cli.run import command

FILE = Path(__file__).parents[2] / "fixtures/systems/campus/episode.py"
PACKS = ("power-quality", "flexible-load", "grid-forming-storage", "grid-dispatch")
NEAR = 1e-6
"""MW."""


@pytest.fixture(scope="module")
def episode() -> Iterator[ModuleType]:
    with imported(FILE.parent, FILE.stem) as module:
        yield module


@pytest.fixture(scope="module")
def sound(episode: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("episode")
    episode.write(folder)
    return folder


def outcomes(folder: Path, *packs: str, code: int = 1) -> dict[str, str]:
    """Rule to outcome, of what was recorded; a vacuous rule is told as such. The command ends with ``code``."""
    words = [*packs, "--system", str(folder / "system.yaml"), "--output", str(folder / "run"), "--no-counterexamples"]
    result = CliRunner().invoke(command("en"), words, standalone_mode=False)
    assert result.return_value == code, result.output
    found: dict[str, str] = {}
    for record in (folder / "run").rglob("run.jsonl"):
        for line in record.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            if told["kind"] == "finding" and told.get("recorded"):
                found[told["rule"]] = told.get("reason") or told["outcome"]
    assert {name.partition("/")[0] for name in found} >= set(packs)
    return found


def failed(found: dict[str, str]) -> set[str]:
    return {rule for rule, outcome in found.items() if outcome == "failed"}


def table(folder: Path, name: str) -> dict[str, np.ndarray]:
    read = pq.read_table(folder / f"{name}.parquet")
    return {column: read[column].to_numpy(zero_copy_only=False) for column in read.column_names}


def dispatched(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "grid-dispatch/dispatch.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def computing_by_quarter(folder: Path) -> dict[np.datetime64, float]:
    """MW of both clusters at the start of each quarter, as `flexible-load` meters them."""
    load = table(folder, "flexible-load/load")
    found: dict[np.datetime64, float] = {}
    for time, power in zip(load["time"].astype("datetime64[s]"), load["power"], strict=True):
        found[time] = found.get(time, 0.0) + power / 1000
    return found


def test_fast_swings_have_the_mean_of_the_metered_quarters(sound: Path) -> None:
    load, metered = table(sound, "power-quality/load"), computing_by_quarter(sound)
    at_grid = load["layer"] == "pcc"
    quarters = load["time"][at_grid].astype("datetime64[s]").astype(np.int64) // 900 * 900
    for quarter in np.unique(quarters):
        mean = load["power"][at_grid][quarters == quarter].mean()
        assert mean == pytest.approx(metered[np.datetime64(int(quarter), "s")], abs=NEAR)
    assert len(np.unique(quarters)) == 2


def test_settlement_is_of_the_metered_quarters(sound: Path) -> None:
    settled, metered = table(sound, "flexible-load/intervals"), computing_by_quarter(sound)
    slots = settled["time"].astype("datetime64[s]")
    for slot in np.unique(slots):
        assert settled["meter"][slots == slot].sum() / 1000 == pytest.approx(metered[slot], abs=NEAR)


def test_grid_carries_computing_and_offices_less_the_storage(episode: ModuleType, sound: Path) -> None:
    offices, metered, hours = (
        episode.Episode().offices,
        computing_by_quarter(sound),
        table(sound, "grid-forming-storage/hours"),
    )
    times = []
    for exchange in dispatched(sound):
        time = np.datetime64(exchange["request"]["time"].removesuffix("Z"), "s")
        (hour,) = np.flatnonzero(hours["time"].astype("datetime64[h]") == time.astype("datetime64[h]"))
        (drawn,) = (one["p"] for one in exchange["request"]["loads"] if one["bus"] == episode.BUS)
        assert drawn == pytest.approx(metered[time] + offices - hours["discharge"][hour], abs=NEAR)
        times.append(time)
    assert np.all(np.diff(times) == np.timedelta64(15, "m"))
    assert len(times) == 4


def test_storage_answers_within_the_hour_from_the_power_that_the_grid_counts_on(sound: Path) -> None:
    tests, hours = table(sound, "grid-forming-storage/events"), table(sound, "grid-forming-storage/hours")
    (row,) = np.flatnonzero(tests["event"] == "step-down-discharging")
    begins = np.datetime64(dispatched(sound)[0]["request"]["time"].removesuffix("Z"), "s")
    assert begins < tests["at"][row].astype("datetime64[s]") < begins + np.timedelta64(1, "h")
    (hour,) = np.flatnonzero(hours["time"].astype("datetime64[s]") == begins)
    assert tests["p_before"][row] == pytest.approx(hours["discharge"][hour], abs=NEAR)


def test_a_sound_hour_fails_nothing_in_any_pack(sound: Path) -> None:
    found = outcomes(sound, *PACKS, code=3)
    unlike = {rule: outcome for rule, outcome in found.items() if outcome != "passed"}
    assert unlike == {"grid-dispatch/out-of-service-at-zero": "vacuous"}  # no unit of the case is out of service
    for rule in ("power-quality/dynamic-range", "flexible-load/rebound", "grid-forming-storage/droop-followed",
                 "grid-dispatch/n-1-loading"):  # fmt: skip
        assert found[rule] == "passed"


def test_jobs_that_restart_at_once_are_found_in_three_packs(episode: ModuleType, tmp_path: Path) -> None:
    packs = ("power-quality", "flexible-load", "grid-dispatch")
    episode.write(tmp_path, packs, fault="checkpoint-storm")
    found = failed(outcomes(tmp_path, *packs))
    assert found >= {
        "power-quality/ramp-up",
        "flexible-load/ramp",
        "flexible-load/rebound",
        "grid-dispatch/power-balance",
    }


def test_a_hidden_limit_of_export_is_found_by_its_droop_and_its_other_direction(
    episode: ModuleType, tmp_path: Path
) -> None:
    episode.write(tmp_path, ["grid-forming-storage"], fault="export-limit")
    found = failed(outcomes(tmp_path, "grid-forming-storage"))
    assert found == {"grid-forming-storage/droop-followed", "grid-forming-storage/same-both-ways"}


def test_a_reduction_that_the_dispatch_was_not_told_of_leaves_its_balance_open(
    episode: ModuleType, tmp_path: Path
) -> None:
    made = episode.write(tmp_path, ["grid-dispatch"], fault="unreported-load")
    assert np.all(made.foreseen[: episode.BEFORE_END] - made.drawn[: episode.BEFORE_END] > 10)
    assert "grid-dispatch/power-balance" in failed(outcomes(tmp_path, "grid-dispatch"))
