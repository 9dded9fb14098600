"""What shows that a rule can be kept: an answer of the oracle that passes, or one to which the rule does not apply."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from conformance.model.outcome import Outcome
from conformance.model.run import Record
from conformance.packs import load

SMALL = Path(__file__).parents[2] / "fixtures/packs/small"
RULE = """\
id: small/no-idle-heat
title: {en: Heat goes to a house in which some room is cold, zh: 仅当有房间偏冷时才供暖}
requirements: [small/R2]
status: stable
severity: minor
applies_to: heat
when: sum(a.p for a in response.powers) > 0
require: any(r.temperature < request.target for r in request.rooms)
scale: 1 K
kills: [forgets-the-fuse]
examples:
  - name: cold
    expect: passed
    request: {target: 294, connection: single-phase, ambient: [280], rooms: [{id: a, p_max: 9, temperature: 290}]}
    response: {powers: [{id: a, p: 3}]}
  - name: at-the-limit
    expect: failed
    margin: 0 K
    request: {target: 290, connection: single-phase, ambient: [280], rooms: [{id: a, p_max: 9, temperature: 290}]}
    response: {powers: [{id: a, p: 3}]}
  - name: warm
    expect: failed
    request: {target: 289, connection: single-phase, ambient: [280], rooms: [{id: a, p_max: 9, temperature: 290}]}
    response: {powers: [{id: a, p: 3}]}
"""
ALWAYS_HEATS = """
    def heat(request):
        return {"powers": [{"id": r["id"], "p": 0.1 * r["p_max"]} for r in request["rooms"]]}
"""


def test_a_failure_counts_where_the_reference_does_nothing_that_the_rule_speaks_of(
    run: Callable[..., Record], write_system: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    shutil.copytree(SMALL, folder)
    (folder / "rules/no-idle-heat.yaml").write_text(RULE, encoding="utf-8")
    record = run(write_system(ALWAYS_HEATS), pack=load(folder), cases=400)
    found = next(f for f in record.findings if f.rule == "small/no-idle-heat")
    assert found.counts.infeasible == 0
    assert found.counts.failed > 0
    assert found.outcome is Outcome.FAILED


REFUSES = """
from conformance.adapter import Refuse
def heat(request):
    raise Refuse("no")
"""


def test_a_reference_that_refuses_shows_nothing(
    run: Callable[..., Record], write_system: Callable[..., Path], tmp_path: Path
) -> None:
    """No rule applies to a refusal, which is no answer that keeps one."""
    oracle = write_system(REFUSES).parent.rename(tmp_path / "oracle") / "system.yaml"
    too_much = """
        def heat(request):
            return {"powers": [{"id": r["id"], "p": 2 * r["p_max"]} for r in request["rooms"]]}
    """
    record = run(write_system(too_much), oracle=oracle)
    found = next(f for f in record.findings if f.rule == "small/room-power")
    assert found.counts.failed == 0
    assert found.counts.infeasible > 0
    assert found.outcome is not Outcome.FAILED
