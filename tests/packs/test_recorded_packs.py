"""Packs that judge recordings: what their simulators make passes, and each defect is found by rules that name it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.assess import make_plan
from conformance.assess.recorded_kills import recorded_kills
from conformance.cli import common
from conformance.packs import load, read_system
from conformance.systems import read_defects

ROOT = Path(__file__).parents[2]
SYSTEMS = ROOT / "fixtures/systems"
FULL = "CONFORMANCE_FULL" in os.environ
PACKS = sorted(
    folder for folder in (ROOT / "standards").glob("*/*") if (SYSTEMS / folder.name / "simulate.py").exists()
)


@pytest.mark.parametrize("folder", PACKS, ids=[folder.name for folder in PACKS])
def test_the_simulator_passes_and_each_recorded_defect_is_found_by_the_rules_that_name_it(
    folder: Path, tmp_path: Path
) -> None:
    pack, place = load(folder), SYSTEMS / folder.name
    plan = make_plan(
        pack,
        read_system(place / "system.yaml", [pack]),
        oracle=None,
        settings=common.settings_for(pack, command="test"),
    )
    defects = [defect for defect in read_defects(place / "defects.yaml") if defect.recorded]
    alarms, rows = recorded_kills(
        plan, defects, room=tmp_path / "room", recordings=3 if FULL else 1, sizes=(), only_named=not FULL
    )
    assert alarms.false_alarms == ()
    assert [row.defect for row in rows if not row.changed] == []
    assert [row.defect for row in rows if not row.named_by] == []
    assert {row.defect: left for row in rows if (left := set(row.named_by) - row.killed_by.keys())} == {}
