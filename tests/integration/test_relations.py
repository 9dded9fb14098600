"""Relations, end to end: pairs of calls, judged, witnessed, shrunk, stored and called again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess import make_plan
from conformance.assess.kills import false_alarms, kill_matrix
from conformance.assess.replay import replay
from conformance.cli import common
from conformance.errors import Text
from conformance.evidence import read_case
from conformance.model.outcome import Obligation, Outcome, Reason
from conformance.model.run import Finding, Record, Stage
from conformance.model.standard import Pack, Relation, Rule
from conformance.packs import read_system
from conformance.report import first_screen
from conformance.report.html import html
from conformance.systems import Defect, Pool, Session, opener
from conformance.systems.defect import Trigger
from conformance.systems.paths import parse_place

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "fixtures/packs/small_system/small_reference.py").read_text()
NOTHING_WHEN_WARM = f"""{GOOD}
good = heat
def heat(request):
    if request["target"] > 294.5:
        return {{"powers": [{{"id": r["id"], "p": 0.0}} for r in request["rooms"]]}}
    return good(request)
"""

Run = Callable[..., Record]
Write = Callable[..., Path]


def of(record: Record, name: str = "warmer-target") -> Finding:
    return next(f for f in record.findings if f.rule == f"small/{name}")


def related(pack: Pack, name: str, relation: Relation, require: str) -> Pack:
    """``pack`` with one more relation, which stands under R3."""
    rule: Rule = pack.rules["small/warmer-target"]
    assert rule.require is not None
    made = evolve(rule, id=f"small/{name}", relation=relation, require=evolve(rule.require, text=require))
    return evolve(pack, rules={**pack.rules, made.id: made})


ANYTHING = "sum(a.p for a in varied.response.powers) >= -tolerance"
SAME = 'all(abs(a.p - b.p) <= tolerance for a, b in pair(base.response.powers, varied.response.powers, "id"))'


def test_a_relation_passes_on_as_many_pairs_as_the_evidence_demands(run: Run, write_system: Write) -> None:
    record = run(write_system(GOOD), cases=400)
    finding = of(record)
    assert finding.outcome is Outcome.PASSED
    assert finding.bound is not None
    assert finding.bound.cases == 299
    assert finding.counts.inapplicable > 0  # where the target cannot go up without leaving its bounds
    assert of(record, "room-power").counts.cases < finding.counts.cases + 150


def test_pairs_that_are_too_few_are_no_evidence(run: Run, write_system: Write) -> None:
    assert of(run(write_system(GOOD), cases=100)).reason is Reason.INSUFFICIENT_DATA


def test_where_some_requests_cannot_be_changed_the_sample_goes_on(run: Run, write_system: Write) -> None:
    finding = of(run(write_system(GOOD), cases=299))
    assert finding.outcome is Outcome.PASSED
    assert finding.bound is not None
    assert finding.bound.cases == 299


def test_a_broken_relation_is_found_witnessed_and_shrunk(run: Run, write_system: Write) -> None:
    finding = of(run(write_system(NOTHING_WHEN_WARM), mode="all"))
    assert finding.outcome is Outcome.FAILED
    witness = finding.smallest
    assert witness is not None
    assert witness.varied is not None
    assert witness.varied.request["target"] == pytest.approx(witness.request["target"] + 1)
    assert sum(p["p"] for p in witness.response["powers"]) > 0
    assert sum(p["p"] for p in witness.varied.response["powers"]) == 0
    assert witness.oracle_response is not None
    assert witness.varied.oracle_response is not None
    assert witness.margin is not None
    assert witness.margin.physical.high < 0
    assert witness.sides is not None
    assert len(witness.changed) <= 2


def test_a_relation_that_the_oracle_breaks_too_is_held_against_nobody(run: Run, write_system: Write) -> None:
    file = write_system(NOTHING_WHEN_WARM)
    for finding in (of(run(file, oracle=file)), of(run(file, without_oracle=True))):
        assert finding.counts.failed == 0
        assert finding.counts.infeasible > 0
        assert finding.outcome is not Outcome.FAILED


def test_every_pair_stands_in_the_record(run: Run, write_system: Write) -> None:
    record = run(write_system(NOTHING_WHEN_WARM))
    assert record.path is not None
    witness = of(record).smallest
    assert witness is not None
    assert witness.varied is not None
    assert record.stages[witness.case] is Stage.VARIED
    case, observed = read_case(record.path, witness.case)
    assert case.base is not None
    assert case.request == witness.varied.request
    assert {o.of for o in observed} == {"system", "oracle"}
    base, before = read_case(record.path, case.base)
    assert base.request == witness.request
    assert {o.of for o in before} == {"system", "oracle"}


def test_relations_that_change_a_request_alike_share_a_call(run: Run, write_system: Write, small: Pack) -> None:
    once = run(write_system(GOOD), cases=30, calls=0)
    twice = related(small, "other", Relation("increase", "target", "1 K"), ANYTHING)
    assert run(write_system(GOOD), cases=30, calls=0, pack=twice).cases == once.cases


def test_a_crash_on_a_changed_request_fails_only_where_the_oracle_answers_it(
    run: Run, write_system: Write, small: Pack
) -> None:
    """A room is gone: no standard said that they may go, but the reference copes with it."""
    counts = f"{GOOD}\ngood = heat\ndef heat(request):\n    request['rooms'][2]\n    return good(request)\n"
    pack = related(small, "fewer", Relation("drop", "rooms"), ANYTHING)
    file = write_system(counts)
    record = run(file, pack=pack)
    assert of(record, "heat-answers").outcome is Outcome.FAILED
    assert of(record, "fewer").counts.system_error > 0
    record = run(file, pack=pack, oracle=file)
    assert of(record, "heat-answers").outcome is not Outcome.FAILED
    assert of(record, "fewer").counts.system_error > 0


def test_a_system_that_answers_by_place_and_not_by_name_is_found(run: Run, write_system: Write, small: Pack) -> None:
    by_place = f"""{GOOD}
good = heat
def heat(request):
    ids = sorted(r["id"] for r in request["rooms"])
    return {{"powers": [{{"id": i, "p": p["p"]}} for i, p in zip(ids, good(request)["powers"])]}}
"""
    pack = related(small, "any-order", Relation("permute", "rooms"), SAME)
    assert of(run(write_system(by_place), pack=pack), "any-order").outcome is Outcome.FAILED
    assert of(run(write_system(GOOD), pack=pack, cases=299), "any-order").outcome is Outcome.PASSED


def test_outside_the_declared_envelope_no_pair_decides(run: Run, write_system: Write) -> None:
    inside = "environment: test\nenvelope: {target: {of: value, between: [289, 294.5]}}"
    finding = of(run(write_system(NOTHING_WHEN_WARM, extra=inside), cases=400))
    assert finding.counts.failed == 0
    assert finding.counts.outside > 0


def test_the_same_tree_gives_the_same_pairs(run: Run, write_system: Write) -> None:
    file = write_system(NOTHING_WHEN_WARM)
    one, two = (run(file, mode="all", jobs=jobs) for jobs in (1, 3))
    assert one.findings == two.findings


def test_a_recording_holds_no_pairs_and_the_finding_says_so(run: Run, write_system: Write) -> None:
    file = write_system("", reach="{recorded: outputs/*.jsonl}", extra="environment: production")
    (file.parent / "outputs").mkdir()
    (file.parent / "outputs" / "a.jsonl").write_text('{"request": {}, "response": {"powers": []}}\n')
    finding = of(run(file))
    assert finding.outcome is Outcome.UNTESTED
    assert "needs heat (live)" in finding.statement.en


def test_a_stored_pair_is_called_again_whole(run: Run, write_system: Write, small: Pack, tmp_path: Path) -> None:
    file = write_system(NOTHING_WHEN_WARM)
    record = run(file)
    witness = of(record).smallest
    assert record.path is not None
    assert witness is not None

    def again(name: str) -> dict[str, str]:
        case, observed = read_case(str(record.path), witness.case)
        base, _ = read_case(str(record.path), case.base or 0)
        plan = make_plan(small, read_system(file, [small]), oracle=None, settings=common.settings_for(small))
        (tmp_path / name).mkdir()
        with Pool(opener(plan.system, small, scratch=tmp_path / name), 1) as pool:
            ((_, _, found),) = replay(plan, pool, [(case, observed[0])], {base.number: base})
        return {r.rule: r.change for r in found}

    assert again("broken")["small/warmer-target"] == "still-failing"
    write_system(GOOD)
    assert again("mended")["small/warmer-target"] == "fixed"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_reports_show_both_answers(run: Run, write_system: Write, small: Pack, lang: str) -> None:
    needed = evolve(small.requirements["small/R3"], obligation=Obligation.SHALL)
    strict = {**small.requirements, "small/R3": needed}
    record = run(write_system(NOTHING_WHEN_WARM), pack=evolve(small, requirements=strict))
    screen = first_screen(record, lang=lang)  # type: ignore[arg-type]
    page = html(record, lang=lang)  # type: ignore[arg-type]
    assert {"en": "then target + 1 K", "zh": "再：target 增加 1 K"}[lang] in screen
    assert "Changed request" in page
    assert "改动后的请求" in page


def test_the_kill_matrix_and_the_false_alarms_know_relations(small: Pack, tmp_path: Path) -> None:
    reference = read_system(ROOT / "fixtures/packs/small_system/system.yaml", [small])
    plan = make_plan(small, reference, oracle=reference, settings=common.settings_for(small))
    defect = Defect(
        id="heats-nobody-in-summer", title=Text("heats nobody in summer", "夏季不供暖"), operator="unit_scale",
        place=parse_place("response.powers[*].p"), amount=0.0,
        trigger=Trigger(parse_place("request.target"), 294.5),
    )  # fmt: skip
    open_ = opener(reference, small, scratch=tmp_path)

    def no_other(folder: str) -> Session:
        raise AssertionError(folder)

    (row,) = kill_matrix(plan, [defect], open_session=open_, open_other=no_other, cases=200, sizes=())
    assert "small/warmer-target" in row.killed_by
    with Pool(open_, 1) as pool:
        alarms = false_alarms(plan, pool, cases=300)
    assert alarms.false_alarms == ()
