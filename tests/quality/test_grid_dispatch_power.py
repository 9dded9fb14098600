"""Do the rules of grid-dispatch find every seeded defect, and leave the reference alone? `tox -e quality` asks more."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess import Plan
from conformance.assess.kills import SIZES, false_alarms, kill_matrix
from conformance.packs import read_system
from conformance.systems import Pool, connect, read_defects

FOLDER = Path(__file__).parents[2] / "fixtures/systems/grid-dispatch"
DEFECTS = {d.id: d for d in read_defects(FOLDER / "defects.yaml")}


@pytest.mark.parametrize("part", range(4))
def test_the_reference_is_not_alarmed_in_2000_cases(part: int, plan: Plan, reference: Pool) -> None:
    seeded = evolve(plan, settings=evolve(plan.settings, seed=f"{plan.settings.seed}/{part}"))
    alarms = false_alarms(seeded, reference, cases=500)
    print(f"{alarms.cases} cases, {alarms.refused} refused, vacuous {dict(alarms.vacuous)}, {alarms.near} near a limit")
    assert alarms.false_alarms == ()
    assert alarms.cases == 500
    assert alarms.near >= 50  # a reference that stays far from every limit would prove nothing


def test_every_defect_is_named_by_a_rule_and_every_named_one_exists(plan: Plan) -> None:
    named = {defect for rule in plan.pack.rules.values() for defect in rule.kills}
    assert named == {d.id for d in DEFECTS.values() if not d.implicit}
    assert all(rule.kills for rule in plan.pack.rules.values())


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_by_each_rule_that_names_it(name: str, plan: Plan, tmp_path: Path) -> None:
    (row,) = kill_matrix(
        plan,
        [DEFECTS[name]],
        open_session=lambda: connect(plan.system, plan.pack, scratch=tmp_path / "reference"),
        open_other=lambda place: connect(
            read_system(Path(place) / "system.yaml", [plan.pack]), plan.pack, scratch=tmp_path / "other"
        ),
        cases=300,
        sizes=SIZES[:1],
    )
    assert row.named_by
    assert row.survived == ()
