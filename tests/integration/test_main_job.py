"""The way of one figure, end to end, on a small pack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess import make_plan
from conformance.cli import common
from conformance.errors.usage import NothingAnswers, NothingInCommon, Production
from conformance.evidence import read_case
from conformance.model.json import encode
from conformance.model.outcome import Basis, Outcome, Reason
from conformance.model.run import Disposition, Finding, Record, Stage
from conformance.model.standard import Pack
from conformance.packs import read_system

GOOD = (Path(__file__).parents[2] / "fixtures/packs/small_system/small_reference.py").read_text()

Run = Callable[..., Record]
Write = Callable[..., Path]

FORGETS_FUSE = """
def heat(request):
    return {"powers": [{"id": r["id"], "p": r["p_max"]} for r in request["rooms"]]}
"""


def of(record: Record, name: str) -> Finding:
    return next(f for f in record.findings if f.rule == f"small/{name}")


def test_a_good_system_passes_every_rule_on_evidence(run: Run, write_system: Write) -> None:
    record = run(write_system(GOOD), cases=1000)
    assert {f.outcome for f in record.findings} == {Outcome.PASSED}
    assert record.footer is not None
    assert record.footer.exit_code == 0
    assert of(record, "room-power").basis is Basis.INDICATIVE
    assert of(record, "room-power").bound is not None


def test_too_few_cases_are_no_evidence_for_a_pass(run: Run, write_system: Write) -> None:
    record = run(write_system(GOOD), cases=20)
    assert of(record, "room-power").reason is Reason.INSUFFICIENT_DATA
    assert record.footer is not None
    assert record.footer.exit_code == 3


def test_a_fault_is_found_witnessed_and_shrunk(run: Run, write_system: Write) -> None:
    record = run(write_system(FORGETS_FUSE), mode="all")
    finding = of(record, "total-power")
    assert finding.outcome is Outcome.FAILED
    assert finding.disposition is Disposition.BROKEN
    assert finding.smallest is not None
    assert finding.smallest.margin is not None
    assert finding.smallest.margin.physical.high < 0
    assert finding.smallest.oracle_case is not None
    assert len(finding.smallest.changed) <= len(finding.worst.changed if finding.worst else ())
    assert record.footer is not None
    assert record.footer.exit_code == 1


def test_a_failure_that_nobody_can_avoid_is_not_counted(run: Run, write_system: Write, tmp_path: Path) -> None:
    """The oracle breaks the same rule on the same requests: infeasible, never failed."""
    file = write_system(FORGETS_FUSE)
    record = run(file, oracle=file, mode="all")
    finding = of(record, "total-power")
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.reason is Reason.INFEASIBLE_REQUEST
    assert finding.counts.failed == 0
    assert finding.counts.infeasible > 0


def test_without_an_oracle_no_failure_on_a_generated_request_is_held_against_a_system(
    run: Run, write_system: Write, small: Pack
) -> None:
    finding = of(run(write_system(FORGETS_FUSE), oracle=None, mode="all", without_oracle=True), "total-power")
    assert finding.reason is Reason.INFEASIBLE_REQUEST
    assert finding.counts.failed == 0


def test_without_an_oracle_that_answers_no_refusal_counts(run: Run, write_system: Write) -> None:
    refuses = """
        from conformance.adapter import Refuse
        def heat(request):
            raise Refuse("too cold")
    """
    file = write_system(refuses)
    assert of(run(file, oracle=file), "heat-answers").outcome is Outcome.UNTESTED
    assert of(run(file), "heat-answers").outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("raise ValueError('broken')", "heat-answers"),
        ("import time; time.sleep(60)", "heat-answers"),
        ("import os; os._exit(3)", "heat-answers"),
        ("return {'powers': [{'id': r['id'], 'p': None} for r in request['rooms']]}", "heat-response-valid"),
        ("return {'powers': [{'id': r['id'], 'p': float('nan')} for r in request['rooms']]}", "heat-answers"),
        ("return {'powers': []}", "heat-response-valid"),
        ("return {}", "heat-response-valid"),
        ("return {'powers': 2 * [{'id': r['id'], 'p': 0} for r in request['rooms']]}", "heat-response-valid"),
    ],
)
def test_a_system_that_misbehaves_now_and_then_fails_and_the_run_goes_on(
    body: str, rule: str, run: Run, write_system: Write
) -> None:
    lines = GOOD.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def heat"))
    lines.insert(start + 1, f"    if request['target'] >= 298.5:\n        {body}")
    record = run(write_system("\n".join(lines), reach='{python: "program:heat", timeout: 1 s}'), cases=12, calls=80)
    finding = of(record, rule)
    assert finding.outcome is Outcome.FAILED
    assert 0 < finding.counts.failed < finding.counts.cases
    assert of(record, "total-power").outcome is not Outcome.PASSED
    assert record.footer is not None
    assert record.footer.exit_code == 1


def test_the_same_tree_gives_the_same_record_content(run: Run, write_system: Write) -> None:
    file = write_system(FORGETS_FUSE)
    first, second = run(file), run(file)
    assert first.footer is not None
    assert second.footer is not None
    assert first.footer.content_sha256 == second.footer.content_sha256


def test_jobs_do_not_change_what_is_found(run: Run, write_system: Write) -> None:
    file = write_system(FORGETS_FUSE)
    assert run(file, mode="all", jobs=1).findings == run(file, mode="all", jobs=4).findings


def test_outside_the_declared_envelope_nothing_decides(run: Run, write_system: Write) -> None:
    breaks_when_warm = GOOD + (
        "\n_good = heat\ndef heat(request):\n    answer = _good(request)\n"
        "    if request['target'] > 296:\n        answer['powers'][0]['p'] = 99.0\n    return answer\n"
    )
    inside = "environment: test\nenvelope: {target: {of: value, between: [289, 295]}}"
    record = run(write_system(breaks_when_warm, extra=inside), mode="all", cases=320, calls=400)
    assert of(record, "room-power").outcome is Outcome.PASSED
    assert of(record, "room-power").counts.outside > 0
    assert of(run(write_system(breaks_when_warm), mode="all"), "room-power").outcome is Outcome.FAILED


def test_a_capability_that_is_not_claimed_is_information_and_costs_no_calls(run: Run, write_system: Write) -> None:
    record = run(write_system(GOOD, extra="environment: test").parent / "system.yaml")
    assert of(record, "cold-rooms").counts.cases > 0
    file = write_system(GOOD)
    file.write_text(file.read_text().replace("[heating]", "[preheating]"))
    finding = of(run(file), "cold-rooms")
    assert finding.outcome is Outcome.FAILED  # heating is mandatory
    assert finding.counts.cases == 0


def test_production_is_never_hunted(run: Run, write_system: Write) -> None:
    with pytest.raises(Production):
        run(write_system(GOOD, extra="environment: production"))


def test_a_system_that_is_never_reached_stops_the_run_and_leaves_its_record(
    run: Run, write_system: Write, tmp_path: Path
) -> None:
    with pytest.raises(NothingAnswers):
        run(write_system("raise SystemExit(1)"))
    lines = (tmp_path / "run-0" / "run.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["kind"] == "header"
    assert sum(json.loads(line)["kind"] == "observation" for line in lines) >= 10


def test_a_system_without_our_operation_is_refused(run: Run, small: Pack, write_system: Write) -> None:
    file = write_system(GOOD)
    other = evolve(small, operations={"cool": evolve(small.operations["heat"], name="cool")}, rules={})
    system = read_system(file, [small])
    with pytest.raises(NothingInCommon):
        make_plan(other, system, oracle=None, settings=common.settings_for(other))


def test_a_null_in_a_recording_is_a_missing_value(run: Run, write_system: Write, small: Pack) -> None:
    rooms = small.sites["house"].bases["cottage"]
    request = {"target": 294, "connection": rooms["connection"], "ambient": [280], "rooms": rooms["rooms"]}
    lost = {"powers": [{"id": r["id"], "p": None} for r in rooms["rooms"]]}
    file = write_system("", reach="{recorded: outputs/*.jsonl}", extra="environment: production")
    (file.parent / "outputs").mkdir()
    (file.parent / "outputs" / "a.jsonl").write_bytes(encode({"request": request, "response": lost}) + b"\n")
    record = run(file)
    assert of(record, "heat-response-valid").outcome is Outcome.PASSED
    assert of(record, "room-power").outcome is Outcome.INCONCLUSIVE
    assert of(record, "room-power").reason is Reason.INSUFFICIENT_DATA


def test_recordings_are_judged_without_an_oracle(run: Run, write_system: Write, small: Pack) -> None:
    rooms = small.sites["house"].bases["cottage"]
    request = {"target": 294, "connection": rooms["connection"], "ambient": [280], "rooms": rooms["rooms"]}
    too_much = {"powers": [{"id": r["id"], "p": r["p_max"] + 5} for r in rooms["rooms"]]}
    file = write_system("", reach="{recorded: outputs/*.jsonl}", extra="environment: production")
    (file.parent / "outputs").mkdir()
    line = encode({"request": request, "response": too_much})
    (file.parent / "outputs" / "a.jsonl").write_bytes(line + b"\n")
    record = run(file)
    finding = of(record, "room-power")
    assert finding.outcome is Outcome.FAILED
    assert finding.bound is None
    assert set(record.stages.values()) == {Stage.RECORDED}


def test_stored_requests_can_be_read_back_whole(run: Run, write_system: Write) -> None:
    record = run(write_system(FORGETS_FUSE), mode="all")
    finding = of(record, "total-power")
    assert finding.smallest is not None
    assert record.path is not None
    case, observations = read_case(record.path, finding.smallest.case)
    assert case.request == finding.smallest.request
    assert {o.of for o in observations} == {"system", "oracle"}
