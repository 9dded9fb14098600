"""What every shipped pack promises of itself: no figure is known better than it is, and nothing is left unaccounted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from simulators import SYSTEMS

from conformance.model.outcome import Basis
from conformance.model.standard import Figure, Pack
from conformance.packs import load
from conformance.systems import read_defects

STANDARDS = Path(__file__).parents[2] / "standards"
FOLDERS = {file.parent.name: file.parent for file in sorted(STANDARDS.glob("*/*/pack.yaml"))}
CANDIDATES = {
    "carbon-footprint": ("R", 13),
    "coal-mine-gas": ("CM-", 16),
    "competence": ("TC-", 11),
    "compute-siting": ("R", 11),
    "crosswalk": ("XW-", 9),
    "data-market": ("DM-", 12),
    "data-security": ("DS-R", 12),
    "dataset-quality": ("DQ-", 12),
    "energy-efficiency": ("R", 15),
    "finance-disclosure": ("R", 14),
    "flexible-load": ("R", 16),
    "green-direct-connection": ("R", 12),
    "green-share": ("R", 12),
    "grid-dispatch": ("GD-", 17),
    "grid-forming-storage": ("GF-", 12),
    "pipeline-leak": ("PL-", 14),
    "renewable-forecast": ("RF-", 14),
    "safety-governance": ("SG-R", 14),
    "scenario-lifecycle": ("SL-", 12),
    "standards-register": ("SE-", 12),
}
"""The prefix and number of the rules that the project set out with, where a pack's table tells what became of them."""


@pytest.fixture(scope="module", params=FOLDERS)
def pack(request: pytest.FixtureRequest) -> Pack:
    return load(FOLDERS[request.param])


def test_no_figure_claims_to_be_normative(pack: Pack) -> None:
    """No clause was read, so no figure may certify before an authority adopts it."""
    rows = [row.figure for table in pack.limits.values() for row in table.rows]
    own = [p for rule in pack.rules.values() for p in rule.parameters.values() if isinstance(p, Figure)]
    assert rows
    assert own
    assert {figure.basis(pack.sources) for figure in [*rows, *own]} == {Basis.INDICATIVE}


def test_every_requirement_has_a_rule_or_a_reason(pack: Pack) -> None:
    checked = {requirement for rule in pack.rules.values() for requirement in rule.requirements}
    for id_, requirement in pack.requirements.items():
        if requirement.automation == "automated":
            assert id_ in checked
        else:
            assert requirement.reason is not None, id_
        if requirement.automation == "not-tested":
            assert id_ not in checked


def test_every_rule_kills_a_defect_and_every_defect_is_named(pack: Pack) -> None:
    known = read_defects(SYSTEMS / pack.short / "defects.yaml")
    tested = [rule for rule in pack.rules.values() if rule.attested is None]
    assert [rule.id for rule in tested if not rule.kills] == []
    named = {defect for rule in tested for defect in rule.kills}
    assert named <= {defect.id for defect in known}
    assert {defect.id for defect in known if defect.implicit is None} <= named
    assert max(Counter(defect.id for defect in known).values()) == 1


def test_every_fault_of_the_simulator_is_a_defect(pack: Pack) -> None:
    folder = SYSTEMS / pack.short
    if not (folder / "simulate.py").exists():
        pytest.skip("nothing is recorded")
    told = subprocess.run(
        [sys.executable, "simulate.py", "--help"], cwd=folder, check=True, capture_output=True, text=True, timeout=120,
        env=os.environ | {"COLUMNS": "100000"},
    ).stdout  # fmt: skip
    found = re.search(r"--fault \{(.*?)\}", told)
    assert found is not None
    assert set(found[1].split(",")) == {d.fault for d in read_defects(folder / "defects.yaml") if d.fault}


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidate_rule_of_the_project_is_accounted_for(name: str) -> None:
    prefix, count = CANDIDATES[name]
    lines = (FOLDERS[name] / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    known = {id_.rpartition("/")[2] for id_ in load(FOLDERS[name]).requirements}
    for number in range(1, count + 1):
        shown = f"{prefix}{number}" if prefix == "R" else f"{prefix}{number:02}"
        line = next(line for line in lines if line.startswith(f"| {shown} |"))
        named = set(line.split("|")[2].replace(",", " ").split())
        assert named, line
        assert named <= known, line
