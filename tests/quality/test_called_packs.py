"""Do rules on operations find every defect at the wire, and leave the references alone? `tox -e quality` asks more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess import Plan, make_plan
from conformance.assess.kills import SIZES, false_alarms, kill_matrix
from conformance.cli import common
from conformance.packs import load, read_system
from conformance.systems import Pool, connect, opener, read_defects

ROOT = Path(__file__).parents[2]
SYSTEMS = ROOT / "fixtures/systems"
FOLDERS = {
    folder.name: folder
    for folder in sorted((ROOT / "standards").glob("*/*"))
    if (SYSTEMS / folder.name / "reference/system.yaml").exists()
}
DEFECTS = {
    (name, defect.id): defect
    for name in FOLDERS
    for defect in read_defects(SYSTEMS / name / "defects.yaml")
    if not defect.recorded
}


@cache
def plan_of(name: str) -> Plan:
    """The reference under its own pack."""
    pack = load(FOLDERS[name])
    oracle = common.oracle_of(pack)
    assert oracle is not None
    return make_plan(pack, oracle, oracle=None, settings=common.settings_for(pack, command="test"))


@pytest.fixture(scope="module", params=FOLDERS)
def called(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Plan, Pool]]:
    plan = plan_of(request.param)
    with Pool(opener(plan.system, plan.pack, scratch=tmp_path_factory.mktemp("reference")), 1) as pool:
        yield plan, pool


@pytest.mark.parametrize("part", range(2))
def test_the_reference_is_not_alarmed_in_1000_cases(part: int, called: tuple[Plan, Pool]) -> None:
    plan, reference = called
    seeded = evolve(plan, settings=evolve(plan.settings, seed=f"{plan.settings.seed}/{part}"))
    alarms = false_alarms(seeded, reference, cases=500)
    print(f"{alarms.cases} cases, {alarms.refused} refused, vacuous {dict(alarms.vacuous)}, {alarms.near} near a limit")
    assert alarms.false_alarms == ()
    assert alarms.cases == 500 * len(plan.pack.operations)
    assert alarms.near >= 50  # a reference that stays far from every limit would prove nothing


@pytest.mark.parametrize(("name", "defect"), DEFECTS, ids=[":".join(of) for of in DEFECTS])
def test_a_defect_is_found_by_each_rule_that_names_it(name: str, defect: str, tmp_path: Path) -> None:
    plan = plan_of(name)
    (row,) = kill_matrix(
        plan,
        [DEFECTS[name, defect]],
        open_session=lambda: connect(plan.system, plan.pack, scratch=tmp_path / "reference"),
        open_other=lambda place: connect(
            read_system(Path(place) / "system.yaml", [plan.pack]), plan.pack, scratch=tmp_path / "other"
        ),
        cases=300,
        sizes=SIZES[:1],
    )
    assert row.named_by
    assert row.survived == ()
