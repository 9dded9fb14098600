"""Sequences of calls, end to end: generated, judged as rows of a table, found broken, shrunk, stored, called again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

from conformance.assess import Plan, assess, make_plan
from conformance.assess.bench import Bench, Examined
from conformance.assess.ledger import counts
from conformance.assess.plan import Trial
from conformance.assess.replay import replay
from conformance.assess.traces import Traces
from conformance.cases import Point, shrink_sequence
from conformance.cli import common, init
from conformance.errors.usage import NothingInCommon
from conformance.evidence import read_case, read_record
from conformance.model.json import JSON, digest
from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Answer, Case, Finding, Record, Stage
from conformance.model.standard import Evidence, Operation, Pack, Trace
from conformance.model.system import Http, Recorded, System
from conformance.packs import load, read_system
from conformance.systems import Pool, connect, opener

ROOT = Path(__file__).parents[2]
SYSTEMS = ROOT / "fixtures/packs/gas-alarm-systems"
PACK = load(ROOT / "fixtures/packs/gas-alarm")
DEFECTS = {
    "wrong-hysteresis": "alarm-stays",
    "alarm-late": "alarm-in-time",
    "latch-forgets": "alarm-stays",
    "power-too-early": "power-returns",
    "cut-before-alarm": "event-order",
    "numbers-repeat": "event-once",
}


@pytest.fixture
def pack() -> Pack:
    return PACK


def system(name: str = "reference") -> System:
    return read_system(SYSTEMS / name / "system.yaml", [PACK])


def planned(pack: Pack, under_test: System, **settings: object) -> Plan:
    given = {"mode": "pr", "cases": 12, "calls": 12, "jobs": 1} | settings
    made = evolve(common.settings_for(pack), **given)
    return make_plan(pack, under_test, oracle=system(), settings=made)


def only(pack: Pack, *tables: str) -> Pack:
    """``pack`` with the rules on these tables alone, and an evidence that a dozen cases give."""
    rules = {name: rule for name, rule in pack.rules.items() if rule.applies_to in tables}
    kept = {name: table for name, table in pack.tables.items() if name in tables}
    called = {table.trace.operation for table in kept.values() if table.trace}
    operations = {name: operation for name, operation in pack.operations.items() if name in called}
    return evolve(pack, rules=rules, tables=kept, operations=operations, evidence=Evidence(0.3, 0.8))


Run = Callable[..., Record]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run_(plan: Plan, name: str = "run") -> Record:
        assess(plan, record=tmp_path / name / "run.jsonl", scratch=tmp_path / f"{name}-scratch")
        return read_record(tmp_path / name / "run.jsonl")

    return run_


def of(record: Record, rule: str) -> Finding:
    return next(f for f in record.findings if f.rule == f"gas-alarm/{rule}")


def test_the_reference_passes_with_its_evidence(pack: Pack, run: Run) -> None:
    record = run(planned(pack, system(), cases=29))
    assert {f.outcome for f in record.findings} == {Outcome.PASSED}
    assert {f.rule for f in record.findings} >= {
        *pack.rules, *(f"gas-alarm/{t}-{r}" for t in pack.tables for r in ("answers", "response-valid"))
    }  # fmt: skip
    bound = of(record, "event-order").bound
    assert bound is not None
    assert bound.upper <= 0.1
    assert record.footer is not None
    assert record.footer.exit_code == 0


class Hunted:
    """A few cases of one trace table against a defect, without the stages of a run."""

    def __init__(self, plan: Plan, trial: Trial, scratch: Path) -> None:
        assert plan.oracle is not None
        self.trial = trial
        self.pool = Pool(opener(plan.system, plan.pack, scratch=scratch / "system"), 1)
        self.oracle = Pool(opener(plan.oracle, plan.pack, scratch=scratch / "oracle"), 1)
        self.bench = Bench(plan, trial, system=self.pool, oracle=self.oracle)

    def ask(self, points: Sequence[Point]) -> list[Examined]:
        assert self.trial.space is not None
        requests = [self.trial.space.request(p) for p in points]
        cases = [Case(1, self.trial.operation.name, Stage.MIXED, r, digest(r)) for r in requests]
        return self.bench.examine(cases)

    def close(self) -> None:
        self.pool.close()
        self.oracle.close()


@pytest.fixture
def hunted(pack: Pack, tmp_path: Path) -> Iterator[Callable[[str], Hunted]]:
    made: list[Hunted] = []

    def make(defect: str) -> Hunted:
        plan = planned(pack, system(defect))
        table = pack.rules[f"gas-alarm/{DEFECTS[defect]}"].applies_to
        trial = next(t for t in plan.trials if t.operation.name == table)
        made.append(Hunted(plan, trial, tmp_path / defect))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_is_found_soon_and_shrunk_to_a_few_calls(defect: str, hunted: Callable[[str], Hunted]) -> None:
    hunt, rule = hunted(defect), f"gas-alarm/{DEFECTS[defect]}"
    space = hunt.trial.space
    assert space is not None
    rng = random.Random(7)
    drawn = (space.mixed(rng) if n % 2 else space.independent("s", n) for n in range(80))
    found = next(p for p in drawn if counts(hunt.ask([p])[0], rule))
    shrunk = shrink_sequence(space, found, lambda ps: [counts(e, rule) for e in hunt.ask(ps)], budget=60)
    (smallest,) = hunt.ask([shrunk.point])
    assert counts(smallest, rule)  # with its witness
    # a reference on which the rule is only cut off shows nothing, so some sequences cannot be shortened further
    assert smallest.case.request["calls"] <= (30 if defect == "wrong-hysteresis" else 10)
    assert shrunk.left <= 5
    assert shrunk.calls <= 60
    assert smallest.oracle is not None
    (row, *_) = smallest.rows[rule]
    assert row.row or row.values


def test_a_reference_on_which_a_rule_is_only_cut_off_is_no_witness(hunted: Callable[[str], Hunted]) -> None:
    hunt, rule = hunted("wrong-hysteresis"), "gas-alarm/alarm-stays"
    # before the first row nothing is known, and the reference's alarm ends only where the sequence goes on
    cut = {"calls": 4, "sensor": "s1", "ch4": [0.3, 1.2, 0.9, 0.9], "acknowledge": [True] * 4}
    whole = {"calls": 5, "sensor": "s1", "ch4": [0.3, 1.2, 0.9, 0.9, 0.5], "acknowledge": [True] * 5}
    of_cut, of_whole = hunt.bench.examine(
        [Case(n, hunt.trial.operation.name, Stage.MIXED, r, digest(r)) for n, r in enumerate((cut, whole), start=1)]
    )
    assert of_cut.judgements[rule].outcome is of_whole.judgements[rule].outcome is Outcome.FAILED
    assert not counts(of_cut, rule)
    assert counts(of_whole, rule)


def test_a_run_finds_a_defect_and_says_so_in_its_record(pack: Pack, run: Run) -> None:
    narrow = only(pack, "signals")
    record = run(planned(narrow, system("alarm-late"), mode="all", calls=30))
    finding = of(record, "alarm-in-time")
    assert finding.outcome is Outcome.FAILED
    assert finding.counts.failed > 0
    assert finding.smallest is not None
    assert finding.smallest.oracle_response is not None
    assert of(record, "signals-answers").outcome is Outcome.PASSED
    assert record.path is not None
    case, observed = read_case(record.path, finding.smallest.case)
    assert case.operation == "signals"
    assert len(case.request["ch4"]) == case.request["calls"]
    assert len(observed[0].response) == case.request["calls"]


def test_a_state_that_survives_a_reset_is_found(pack: Pack, run: Run) -> None:
    """What it breaks depends on the sequence before, so a repeat may differ; that is no pass either."""
    record = run(planned(only(pack, "events"), system("state-kept-across-reset")))
    finding = of(record, "event-order")
    assert finding.counts.failed > 0
    assert (finding.outcome, finding.reason) in {(Outcome.FAILED, None), (Outcome.INCONCLUSIVE, Reason.UNSTABLE)}


def test_the_same_outcomes_whatever_the_jobs(pack: Pack, run: Run) -> None:
    narrow = only(pack, "signals", "events")
    one, four = (
        run(planned(narrow, system("power-too-early"), jobs=jobs), f"jobs-{jobs}") for jobs in (1, 4)
    )  # fmt: skip
    assert one.findings == four.findings
    assert one.cases == four.cases


def weather(ch4: Sequence[float], acknowledge: Sequence[bool]) -> JSON:
    """A score with five calls of each value."""
    spread = [[value for value in values for _ in range(5)] for values in (ch4, acknowledge)]
    return {"calls": 5 * len(ch4), "sensor": "s1", "ch4": spread[0], "acknowledge": spread[1]}


WEATHERS = (
    weather([0.3, 1.2, 0.9, 0.3], [False, False, True, True]),
    weather([1.6, 1.1, 0.5, 0.5], [False, False, False, True]),
    weather([0.3, 0.3], [False, True]),
)


@pytest.mark.parametrize("name", ["reference", "wrong-hysteresis", "power-too-early", "alarm-late"])
def test_a_recording_of_a_sequence_is_judged_as_the_sequence_was(
    name: str, pack: Pack, run: Run, tmp_path: Path
) -> None:
    narrow = only(pack, "signals")
    plan = planned(narrow, system(name))
    (trial,) = plan.trials
    assert trial.score is not None
    traces = Traces(narrow, narrow.tables["signals"], trial.score, [plan.programs[r.id] for r in trial.rules])
    bench = Bench(plan, trial, system=None, oracle=None)  # type: ignore[arg-type]  # it only judges
    (tmp_path / "recorded").mkdir()
    text = 'name: r\nvendor: v\nversion: "1"\ntables:\n  signals: {path: rows.jsonl}\n'
    (tmp_path / "recorded/system.yaml").write_text(text)
    seen = set()
    with connect(plan.system, narrow, scratch=tmp_path / "scratch") as session:
        for number, request in enumerate(WEATHERS):
            reply = session.sequence("watch", trial.score.requests(request))
            live = bench.judge(Case(1, "signals", Stage.INDEPENDENT, request, digest(request)), reply)
            rows = traces.rows(request, reply.body)
            (tmp_path / "recorded/rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            recorded = read_system(tmp_path / "recorded/system.yaml", [narrow])
            record = run(make_plan(narrow, recorded, oracle=None, settings=plan.settings), f"recorded-{number}")
            for rule in narrow.rules.values():
                finding, judgement = next(f for f in record.findings if f.rule == rule.id), live.judgements[rule.id]
                assert finding.recorded
                cut_only = finding.reason is Reason.INSUFFICIENT_DATA and finding.counts.cut > 0
                assert judgement.outcome is finding.outcome or (cut_only and judgement.outcome is Outcome.INAPPLICABLE)
                if finding.worst is not None and judgement.outcome in (Outcome.FAILED, Outcome.PASSED):
                    assert finding.worst.margin == judgement.margin
                seen.add(judgement.outcome)
    assert Outcome.PASSED in seen
    assert (Outcome.FAILED in seen) is (name != "reference")


def test_a_stored_sequence_is_called_again_whole(pack: Pack, run: Run, tmp_path: Path) -> None:
    narrow = only(pack, "signals")
    record = run(planned(narrow, system("alarm-late")))
    witness = of(record, "alarm-in-time").smallest
    assert witness is not None
    assert record.path is not None
    case, observed = read_case(record.path, witness.case)

    def again(name: str) -> str:
        plan = planned(narrow, system(name))
        with Pool(opener(plan.system, narrow, scratch=tmp_path / f"again-{name}"), 1) as pool:
            ((_, reply, found),) = replay(plan, pool, [(case, observed[0])])
        assert reply.answer is Answer.ANSWERED
        return next(r.change for r in found if r.rule == "gas-alarm/alarm-in-time")

    assert again("alarm-late") == "still-failing"
    assert again("reference") == "fixed"


MEMORY = """
import sys
from conformance.adapter import Refuse, serve

calls = 0

def watch(request):
    global calls
    calls += 1
    {body}
    return {{"alarm": False, "powered": True}}

def reset():
    global calls
    calls = 0

serve({{"watch": watch}}, reset=reset)
"""


def made(tmp_path: Path, program: str) -> System:
    folder = tmp_path / "made"
    folder.mkdir(exist_ok=True)
    (folder / "program.py").write_text(program)
    head = 'name: sut\nvendor: v\nversion: "1"\nenvironment: test\n'
    reach = '{command: ["{python}", program.py], timeout: 5 s}'
    (folder / "system.yaml").write_text(f"{head}operations:\n  watch: {reach}\n  monitor: {reach}\n")
    return read_system(folder / "system.yaml", [PACK])


def test_a_death_in_call_17_fails_to_answer_and_decides_nothing_else(pack: Pack, run: Run, tmp_path: Path) -> None:
    narrow = only(pack, "signals")
    record = run(
        planned(
            narrow, made(tmp_path, MEMORY.format(body='calls == 17 and request["ch4"] > 1 and sys.exit("worn out")'))
        )
    )
    answers = of(record, "signals-answers")
    assert answers.outcome is Outcome.FAILED
    assert answers.worst is not None
    assert answers.worst.cause is not None
    assert "at call 17 of 40" in answers.worst.cause.en
    assert "worn out" in answers.worst.cause.en
    stays = of(record, "alarm-stays")
    assert (stays.outcome, stays.reason) == (Outcome.INCONCLUSIVE, Reason.SYSTEM_ERROR)


def test_a_refusal_in_call_3_of_what_the_oracle_answers_fails_to_answer(pack: Pack, run: Run, tmp_path: Path) -> None:
    narrow = only(pack, "signals")
    refuses = 'if calls == 3: raise Refuse("tired")'
    record = run(planned(narrow, made(tmp_path, MEMORY.format(body=refuses))))
    answers = of(record, "signals-answers")
    assert answers.outcome is Outcome.FAILED
    assert answers.worst is not None
    assert answers.worst.cause is not None
    assert answers.worst.cause.en == "at call 3 of 40: tired"
    assert of(record, "alarm-in-time").outcome is Outcome.UNTESTED


def test_an_answer_in_the_middle_that_is_not_valid_is_named_by_its_place(pack: Pack, run: Run, tmp_path: Path) -> None:
    narrow = only(pack, "signals")
    wrong = 'if calls == 5: return {"alarm": "no", "powered": True}'
    record = run(planned(narrow, made(tmp_path, MEMORY.format(body=wrong))))
    valid = of(record, "signals-response-valid")
    assert valid.outcome is Outcome.FAILED
    assert of(record, "signals-answers").outcome is Outcome.PASSED
    assert of(record, "alarm-in-time").reason is Reason.SYSTEM_ERROR


STREAM = """
from conformance.adapter import serve

serve({{}}, streams={{"monitor": lambda time, sample: [{events}]}})
"""


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ('{"time": time, "number": 1, "event": "alarm"}, {"time": time, "number": 2, "event": "cut"}', "two rows"),
        ('{"time": "noon", "number": 1, "event": "alarm"}', "'noon' is no date-time"),
    ],
)
def test_events_that_nothing_tells_apart_are_not_valid(
    events: str, word: str, pack: Pack, run: Run, tmp_path: Path
) -> None:
    narrow = only(pack, "events")
    record = run(planned(narrow, made(tmp_path, STREAM.format(events=events)), cases=3, calls=3))
    valid = of(record, "events-response-valid")
    assert valid.outcome is Outcome.FAILED
    assert valid.worst is not None
    assert valid.worst.cause is not None
    assert word in valid.worst.cause.en


def test_what_calls_cannot_make_is_untested_and_says_what_is_missing(pack: Pack, run: Run) -> None:
    narrow = only(pack, "signals", "events")
    live = system()
    service = Http("http://localhost:1/watch")
    for lacking, operations in (
        ("`reset` (watch)", {**live.operations, "watch": service}),
        ("watch (live)", {**live.operations, "watch": Recorded("x")}),
        ("watch", {"monitor": live.operations["monitor"]}),
    ):
        plan = planned(narrow, evolve(live, operations=operations))
        assert plan.absent == {f"gas-alarm/{r}": lacking for r in ("alarm-in-time", "alarm-stays", "power-returns")}
        assert [t.operation.name for t in plan.trials if t.score] == ["events"]
    record = run(planned(narrow, evolve(live, operations={"monitor": live.operations["monitor"]}), cases=3, calls=3))
    finding = of(record, "alarm-stays")
    assert finding.outcome is Outcome.UNTESTED
    assert "it needs watch" in finding.statement.en
    with pytest.raises(NothingInCommon):
        planned(narrow, evolve(live, operations={"watch": service}))


def test_a_service_with_a_reset_is_tested(pack: Pack) -> None:
    live = evolve(system(), operations={"watch": Http("http://localhost:1/w", reset="http://localhost:1/r")})
    plan = planned(only(pack, "signals"), live)
    assert plan.absent == {}
    assert [t.operation.name for t in plan.trials] == ["signals"]


def test_the_last_event_holds_until_the_next(pack: Pack) -> None:
    plan = planned(only(pack, "states"), system())
    (trial,) = plan.trials
    assert trial.score is not None
    traces = Traces(pack, pack.tables["states"], trial.score, [])
    score = {"calls": 4, "sensor": "s1", "ch4": [0.0] * 4, "acknowledge": [False] * 4}
    answers = [[], [{"event": "alarm"}], [], [{"event": "cut"}, {"event": "normal"}]]
    rows = traces.rows(score, answers)
    assert [row["state"] for row in rows] == ["normal", "alarm", "alarm", "normal"]
    assert [row["time"] for row in rows] == [f"2026-01-01T00:00:0{n}Z" for n in range(4)]


def test_an_operation_that_only_traces_call_is_not_called_alone(pack: Pack) -> None:
    plan = planned(pack, system())
    assert [t.operation.name for t in plan.trials] == ["signals", "states", "events"]
    other = evolve(
        pack, operations={**pack.operations, "ping": Operation("ping", {"type": "object", "properties": {}}, {})}
    )
    names = [t.operation.name for t in planned(other, evolve(system(), operations={
        **system().operations, "ping": system().operations["watch"]})).trials]  # fmt: skip
    assert names == ["ping", "signals", "states", "events"]


def test_ten_thousand_calls_are_judged_as_one_sequence(pack: Pack, tmp_path: Path) -> None:
    table = evolve(pack.tables["signals"], trace=Trace("watch", 10_000))
    long = evolve(only(pack, "signals"), tables={"signals": table})
    plan = planned(long, system("wrong-hysteresis"))
    (trial,) = plan.trials
    assert trial.space is not None
    hunt = Hunted(plan, trial, tmp_path)
    try:
        (examined,) = hunt.ask([trial.space.independent("long", 0)])
    finally:
        hunt.close()
    assert examined.usable
    assert len(examined.reply.body) == 10_000
    assert examined.judgements["gas-alarm/alarm-in-time"].outcome is Outcome.PASSED
    assert len(json.dumps(examined.case.request)) < 200_000


@pytest.mark.parametrize("kind", ["command", "http"])
def test_init_writes_what_a_pack_with_sequences_and_streams_needs(kind: str, pack: Pack, tmp_path: Path) -> None:
    folder = ROOT / "fixtures/packs/gas-alarm"
    invoked = CliRunner().invoke(init.command("en"), ["--pack", str(folder), "--kind", kind, "--output", str(tmp_path)])
    assert invoked.exit_code == 0
    plan = planned(pack, read_system(tmp_path / "system.yaml", [pack]))
    assert plan.absent == {}
    if kind == "command":
        with connect(plan.system, pack, scratch=tmp_path / "scratch") as session:
            replies = [session.sequence(t.called, t.score.requests(t.space.request(t.space.nominal)))
                       for t in plan.trials if t.score and t.space]  # fmt: skip
        assert [reply.answer for reply in replies] == [Answer.REFUSED] * 3
