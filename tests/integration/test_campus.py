"""One simulated campus through several packs at once: one command, one report, and figures that agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from simulators import imported

from conformance.cli.run import command

CAMPUS = Path(__file__).parents[2] / "fixtures/systems/campus"
PACKS = ("green-direct-connection", "energy-efficiency", "carbon-footprint", "finance-disclosure")


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campus")
    with imported(CAMPUS, "record_all") as module:
        module.write(folder, PACKS)
    return folder


def document(campus: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((campus / name).read_text(encoding="utf-8"))
    return found


def test_two_packs_give_one_report_and_a_record_each(campus: Path, tmp_path: Path) -> None:
    words = ["green-direct-connection", "finance-disclosure", "--system", str(campus / "system.yaml")]
    words += ["--output", str(tmp_path / "run"), "--no-counterexamples"]
    result = CliRunner().invoke(command("en"), words, standalone_mode=False)
    assert result.return_value == 0, result.output
    assert "  finance-disclosure" in result.output
    page = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    for pack in ("green-direct-connection", "finance-disclosure"):
        assert f'href="{pack}/report.html"' in page
        first = json.loads((tmp_path / "run" / pack / "run.jsonl").read_text(encoding="utf-8").partition("\n")[0])
        assert first["pack"]["id"].endswith(pack)


def test_every_pack_speaks_of_the_same_energy_and_racks(campus: Path) -> None:
    with imported(CAMPUS, "campus") as site:
        consumed = site.Campus(seed=1).edc.sum()
    report = document(campus, "energy-efficiency/report.yaml")
    stated = document(campus, "carbon-footprint/efficiency.yaml")
    hours = pq.read_table(campus / "green-direct-connection/hours.parquet", columns=["load"])["load"].to_pylist()
    assert report["edc"] == pytest.approx(consumed, rel=1e-9)
    assert stated["edc"] == pytest.approx(consumed, rel=1e-9)
    assert sum(hours) == pytest.approx(consumed, rel=1e-9)
    assert stated["it"] == pytest.approx(report["it"], rel=1e-9)
    inventory = document(campus, "carbon-footprint/inventory.yaml")
    assert inventory["grid"] + inventory["direct"] + inventory["diesel"] == pytest.approx(consumed, rel=1e-9)
