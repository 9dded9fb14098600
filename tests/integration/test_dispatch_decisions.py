"""Decision 3 on the real pack: an answer whose AC replay diverges, while the oracle's does not."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from conformance.assess import assess, make_plan
from conformance.cli import common
from conformance.evidence import read_record
from conformance.model.outcome import Outcome, Reason
from conformance.packs import Registry
from conformance.systems import Defective, read_defects

FIXTURES = Path(__file__).parents[2] / "fixtures/systems/grid-dispatch"


def test_a_replay_that_diverges_fails_solvable_and_leaves_the_rest_not_computable(tmp_path: Path) -> None:
    pack = Registry.shipped().find("grid-dispatch")
    oracle = common.oracle_of(pack)
    assert oracle is not None
    in_kilowatts = next(d for d in read_defects(FIXTURES / "defects.yaml") if d.id == "kilowatts-for-megawatts")
    settings = evolve(common.settings_for(pack), mode="pr", cases=6, calls=0, jobs=1)
    plan = make_plan(pack, oracle, oracle=oracle, settings=settings)
    record = tmp_path / "run.jsonl"
    code = assess(plan, record=record, scratch=tmp_path / "scratch", wrap=lambda s: Defective(s, in_kilowatts))
    found = {f.rule.rpartition("/")[2]: f for f in read_record(record).findings}
    assert code == 1
    assert found["solvable"].outcome is Outcome.FAILED
    assert found["solvable"].worst is not None
    assert found["solvable"].worst.oracle_case is not None
    for name in ("line-loading", "bus-voltage", "power-balance"):
        assert found[name].outcome is Outcome.INCONCLUSIVE
        assert found[name].reason is Reason.NOT_COMPUTABLE
        assert found[name].counts.passed == 0
