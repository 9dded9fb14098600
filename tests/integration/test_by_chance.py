"""Systems that do not always answer alike: repeats, flips, and the sequential test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attrs import evolve

from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Disposition, Finding, Record, Stage
from conformance.model.standard import Pack
from conformance.report import render

GOOD = (Path(__file__).parents[2] / "fixtures/packs/small_system/small_reference.py").read_text()
FORGETS_FUSE = """
def heat(request):
    return {"powers": [{"id": r["id"], "p": r["p_max"]} for r in request["rooms"]]}
"""

Run = Callable[..., Record]
Write = Callable[..., Path]


def glitch(every: int) -> str:
    """A system that gives its rooms too much at every so-many-th call, whatever is asked."""
    return f"""{GOOD}
good, calls = heat, 0


def heat(request):
    global calls
    calls += 1
    answer = good(request)
    if calls % {every} == 0:
        for power in answer["powers"]:
            power["p"] = 99.0
    return answer
"""


def of(record: Record, name: str) -> Finding:
    return next(f for f in record.findings if f.rule == f"small/{name}")


def reach(deterministic: bool) -> str:
    return f'{{python: "program:heat", timeout: 2 s, deterministic: {str(deterministic).lower()}}}'


def test_a_rare_glitch_is_a_pass_only_where_chance_is_declared_and_its_rate_excluded(
    run: Run, write_system: Write
) -> None:
    silent = run(write_system(glitch(631)), cases=299, mode="all", calls=100)
    assert of(silent, "room-power").reason is Reason.UNSTABLE
    assert of(silent, "room-power").sequential is None
    declared = run(write_system(glitch(631), reach=reach(False)), cases=299, mode="all", calls=100)
    finding = of(declared, "room-power")
    assert finding.outcome is Outcome.PASSED
    assert finding.counts.failed >= 1
    assert finding.sequential is not None
    assert finding.sequential.decision == "accept"
    assert finding.sequential.cases >= 332
    assert finding.bound is None
    assert finding.worst is not None
    assert finding.worst.margin is not None
    assert finding.worst.margin.physical.high < 0
    assert "do not decide alone" in finding.statement.en


def test_a_frequent_glitch_is_rejected(run: Run, write_system: Write) -> None:
    finding = of(run(write_system(glitch(10), reach=reach(False)), cases=299), "room-power")
    assert finding.outcome is Outcome.FAILED
    assert finding.sequential is not None
    assert finding.sequential.decision == "reject"


def test_the_pack_can_say_that_an_operation_answers_by_chance(run: Run, write_system: Write, small: Pack) -> None:
    pack = evolve(small, operations={"heat": evolve(small.operations["heat"], deterministic=False)})
    assert of(run(write_system(glitch(10)), pack=pack, cases=299), "room-power").sequential is not None


def test_a_failure_that_comes_every_time_is_no_matter_of_chance(run: Run, write_system: Write) -> None:
    record = run(write_system(FORGETS_FUSE, reach=reach(False)), mode="all", cases=40, calls=60)
    finding = of(record, "total-power")
    assert finding.outcome is Outcome.FAILED
    assert finding.repeats is not None
    assert finding.repeats.times == finding.repeats.again >= 5
    assert of(record, "heat-repeatable").outcome is Outcome.PASSED


def test_chance_excuses_no_crash(run: Run, write_system: Write) -> None:
    dies_once = f"{GOOD}\ngood, calls = heat, 0\n\n\ndef heat(request):\n    global calls\n    calls += 1\n"
    dies_once += "    assert calls != 50\n    return good(request)\n"
    finding = of(run(write_system(dies_once, reach=reach(False)), cases=299), "heat-answers")
    assert finding.sequential is None
    assert finding.outcome is not Outcome.PASSED


def test_repeats_are_counted_and_flips_are_a_finding_of_their_own(run: Run, write_system: Write) -> None:
    record = run(write_system(glitch(2)), cases=40)
    finding, flips = of(record, "room-power"), of(record, "heat-repeatable")
    assert finding.outcome is Outcome.FAILED
    assert finding.repeats is not None
    assert 0 < finding.repeats.again < finding.repeats.times == 5
    repeated = sum(stage is Stage.CONFIRM for stage in record.stages.values())
    assert (flips.reason, flips.disposition) == (Reason.UNSTABLE, Disposition.NOTE)
    assert flips.repeats is not None
    assert flips.repeats.times == repeated
    page = render(record, "html")
    assert f"{finding.repeats.again} " in page
    assert "Repeats of a failing request" in page


def test_a_flip_contradicts_a_system_that_declares_itself_deterministic(run: Run, write_system: Write) -> None:
    flips = of(run(write_system(glitch(2), reach=reach(True)), cases=40), "heat-repeatable")
    assert (flips.outcome, flips.disposition) == (Outcome.FAILED, Disposition.BROKEN)


def test_a_system_without_a_failure_has_nothing_to_repeat(run: Run, write_system: Write) -> None:
    record = run(write_system(GOOD, reach=reach(True)), cases=40)
    assert not [f for f in record.findings if f.rule.endswith("repeatable")]
    assert all(f.repeats is None for f in record.findings)
