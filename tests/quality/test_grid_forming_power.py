"""Do the rules on operation `respond` find every defect at the wire, and leave the reference alone?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.assess import Plan, make_plan
from conformance.assess.kills import SIZES, false_alarms, kill_matrix
from conformance.cli import common
from conformance.packs import load, read_system
from conformance.systems import Pool, connect, opener, read_defects

ROOT = Path(__file__).parents[2]
DEFECTS = {d.id: d for d in read_defects(ROOT / "fixtures/systems/grid-forming-storage/defects.yaml") if not d.recorded}


@pytest.fixture(scope="module")
def respond() -> Plan:
    pack = load(ROOT / "standards/energy-for-compute/grid-forming-storage")
    oracle = common.oracle_of(pack)
    assert oracle is not None
    return make_plan(pack, oracle, oracle=None, settings=common.settings_for(pack, command="test"))


@pytest.fixture(scope="module")
def reference_plant(respond: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    with Pool(opener(respond.system, respond.pack, scratch=tmp_path_factory.mktemp("reference")), 1) as pool:
        yield pool


def test_the_reference_is_not_alarmed_in_500_cases(respond: Plan, reference_plant: Pool) -> None:
    alarms = false_alarms(respond, reference_plant, cases=500)
    assert alarms.false_alarms == ()
    assert alarms.refused == 0
    assert alarms.cases == 500
    assert alarms.near >= 50


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_by_each_rule_that_names_it(name: str, respond: Plan, tmp_path: Path) -> None:
    (row,) = kill_matrix(
        respond,
        [DEFECTS[name]],
        open_session=lambda: connect(respond.system, respond.pack, scratch=tmp_path / "reference"),
        open_other=lambda place: connect(
            read_system(Path(place) / "system.yaml", [respond.pack]), respond.pack, scratch=tmp_path / "other"
        ),
        cases=100,
        sizes=SIZES[:1],
    )
    assert row.named_by
    assert row.survived == ()
