"""What the harness itself costs a case, beside the system, and how much faster many jobs are."""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

from attrs import asdict, evolve, frozen
from hypothesis import Phase, given, settings

import conformance.assess.bench
from conformance.assess import assess, make_plan
from conformance.assess.bench import Bench
from conformance.assess.events import nobody
from conformance.assess.exercise import Exercise
from conformance.assess.plan import Plan
from conformance.cases import Point
from conformance.evidence import RecordWriter, read_record
from conformance.model.json import JSON, encode
from conformance.model.run import Answer, Header, Record, Reply, Settings
from conformance.model.standard import Pack
from conformance.model.system import System
from conformance.packs import load, read_system, shipped_root
from conformance.rules import Program, derive
from conformance.systems import connect, protocol

PACKS = {
    "grid-dispatch": (
        "standards/ai-for-energy/grid-dispatch",
        "fixtures/systems/grid-dispatch/reference/system.yaml",
    ),
    "small": ("fixtures/packs/small", "fixtures/packs/small_system/system.yaml"),
}
VOLUME = 3.0
"""The most that a case of a volume stage may cost, in times of what its bytes cost alone."""
STRUCTURE = 1.5
"""The most that a point may cost where Hypothesis drives, in times of Hypothesis alone."""
JOBS = 6.0
"""How many times as fast eight jobs must at least be, with a system of 50 ms a call."""
SLOW = """
import time

from small_reference import heat as at_once


def heat(request):
    time.sleep(0.05)
    return at_once(request)
"""


@frozen
class Volume:
    """Microseconds a case."""

    pack: str
    sent: int
    """Bytes of a request."""
    received: int
    stored: int
    """Bytes of its lines in the record."""
    bytes_alone: float
    """``json.dumps``, ``json.loads`` and ``sha256`` of all these."""
    whole: float
    """All that happens between two calls: the case, the line that is sent, the answer that is read, its schema, what
    is derived from it, every rule, the counts, the record."""
    domain: float
    """What the pack demands of that: deriving values (power flows) and evaluating rules; see ``record``."""
    proposed: float
    """One point of the structure stage, which Hypothesis proposes; it is then asked as any other."""
    bare: float
    """The same by Hypothesis alone, with the same strategy."""

    @property
    def ratio(self) -> float:
        """The harness's own cost in times of the bytes alone."""
        return (self.whole - self.domain) / self.bytes_alone

    @property
    def structure(self) -> float:
        """A point of the structure stage in times of Hypothesis alone."""
        return self.proposed / self.bare


class Watch:
    """How long some functions take, wherever they are called."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def on(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, timed."""

        def timed(*args: Any, **options: Any) -> Any:
            begin = process_time()
            try:
                return function(*args, **options)
            finally:
                self.seconds += process_time() - begin

        return timed


class Canned:
    """A system whose answers are known already: all that a session does but the waiting."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = replies
        self._number = 0

    def stream(self, operation: str, requests: Iterable[JSON]) -> Iterator[Reply]:
        """The answers, over and over."""
        for request in requests:
            known = self._replies[self._number % len(self._replies)]
            self._number += 1
            protocol.write({"kind": "request", "operation": operation, "request": request}, number=self._number)
            if known.answer is Answer.ANSWERED:
                line = b'{"id":%d,"kind":"response","response":%s}' % (self._number, known.raw)
                found = protocol.read(line, number=self._number, kinds=frozenset({"response"}))["response"]
                known = Reply(Answer.ANSWERED, found.raw, found.value)
            yield known

    def sequences(self, operation: str, sequences: Iterable[Sequence[JSON]]) -> Iterator[Reply]:
        """None of these packs has sequences."""
        raise NotImplementedError(operation)


def plan_of(pack: Pack, system: System, **given: object) -> Plan:
    """A plan of nothing but independent cases, without relations, whose second call is a case of its own."""
    plain = Settings(command="run", mode="pr", seed="harness", cases=0, jobs=1, calls=0)
    plan = make_plan(pack, system, oracle=None, settings=evolve(plain, **given))  # type: ignore[arg-type]
    trials = tuple(evolve(t, rules=tuple(r for r in t.rules if r.relation is None)) for t in plan.trials)
    return evolve(plan, trials=trials)


def volume(name: str, folder: Path, *, cases: int, rounds: int) -> Volume:
    """The cost of an independent case of one pack."""
    where, file = PACKS[name]
    root = shipped_root()
    pack = load(root / where)
    system = read_system(root / file, [pack])
    plan = plan_of(pack, system, cases=cases)
    (trial,) = plan.trials
    space, operation = trial.space, trial.operation.name
    assert space is not None
    requests = [space.request(space.independent("harness", n)) for n in range(cases)]
    with connect(plan.system, pack, scratch=folder / f"{name}-system") as session:
        replies = [session.call(operation, request) for request in requests]
    answered = [(q, r.body) for q, r in zip(requests, replies, strict=True) if r.answer is Answer.ANSWERED]
    header = Header(
        schema="1", tool="benchmark", pack=pack, system=plan.system, settings=plan.settings, versions={},
        site_digests={}, canaries={},
    )  # fmt: skip
    number, watch, domain = 0, Watch(), list[float]()

    def whole() -> None:
        nonlocal number
        number += 1
        watch.seconds = 0.0
        with RecordWriter(folder / f"{name}-{number}.jsonl", header) as writer:
            bench = Bench(plan, trial, system=Canned(replies), oracle=None)
            Exercise(plan, trial, bench, writer, first_case=1, listener=nobody).generate(space)
        domain.append(watch.seconds)

    whole()
    stored = [json.loads(line) for line in (folder / f"{name}-1.jsonl").read_text().splitlines()]
    lines = [line for line in stored if line["kind"] in ("case", "observation", "timing")]

    def alone() -> None:
        for value in (*requests, *(body for _, body in answered), *lines):
            raw = encode(value)
            json.loads(raw)
            hashlib.sha256(raw).hexdigest()

    def proposed() -> None:
        space.structure(list[Point]().append, seed="harness", examples=cases)

    def bare() -> None:
        @settings(max_examples=cases, database=None, deadline=None, phases=[Phase.generate])
        @given(space.strategy())
        def nothing(_point: Point) -> None:
            pass

        nothing()

    gc.collect()
    gc.freeze()  # as the command line does once a plan is made
    with (
        patch.object(conformance.assess.bench, "derive", watch.on(derive)),
        patch.object(Program, "evaluate", watch.on(Program.evaluate)),
    ):
        costs = timed([whole, alone, proposed, bare], rounds)
    sent, received = len(encode(requests[0])), len(encode(answered[0][1]))
    kept = sum(len(encode(line)) for line in lines) // cases
    return Volume(
        name, sent, received, kept, *(1e6 * c / cases for c in (costs[1], costs[0], median(domain), costs[2], costs[3]))
    )


def timed(ways: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median seconds of the processor of each way, by turns."""
    found: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, times in zip(ways, found, strict=True):
            begin = process_time()
            way()
            times.append(process_time() - begin)
    return [median(times) for times in found]


def jobs(folder: Path, *, cases: int) -> dict[int, tuple[float, Record]]:
    """Seconds of a run, and its record, by the number of jobs: a system of the small pack of 50 ms a call."""
    root = shipped_root()
    where, file = PACKS["small"]
    pack = load(root / where)
    shutil.copy((root / file).with_name("small_reference.py"), folder)
    (folder / "slow.py").write_text(SLOW)
    (folder / "slow.yaml").write_text((root / file).read_text().replace("small_reference:heat", "slow:heat"))
    system = read_system(folder / "slow.yaml", [pack])
    found: dict[int, tuple[float, Record]] = {}
    for count in (1, 8):
        record = folder / f"jobs-{count}.jsonl"
        (folder / f"scratch-{count}").mkdir()
        plan = plan_of(pack, system, cases=cases, jobs=count)
        begin = perf_counter()
        assess(plan, record=record, scratch=folder / f"scratch-{count}")
        found[count] = perf_counter() - begin, read_record(record)
    return found


def main(argv: Sequence[str]) -> None:
    """Print the costs and ratios; ``--quick`` with few cases, ``--json`` for machines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks harness")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    # Fewer cases than the evidence of a pack needs, or more would be drawn.
    cases, rounds, calls = (100, 3, 64) if options.quick else (250, 9, 400)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        volumes = [volume(name, folder, cases=cases, rounds=rounds) for name in PACKS]
        runs = jobs(folder, cases=calls)
    (one, alone), (eight, together) = runs[1], runs[8]
    same = alone.findings == together.findings
    if options.json:
        shown = [{**asdict(v), "ratio": v.ratio, "structure": v.structure} for v in volumes]
        print(json.dumps({"volume": shown, "jobs": {"1": one, "8": eight, "ratio": one / eight, "same": same}}))
        return
    for v in volumes:
        print(f"{v.pack}: {v.sent} + {v.received} + {v.stored} bytes alone {v.bytes_alone:.0f} us; a case")
        print(f"  {v.whole:.0f} us, measures and rules {v.domain:.0f} of it; ratio {v.ratio:.2f} (at most {VOLUME})")
        print(f"  a proposal {v.proposed:.0f}, bare {v.bare:.0f}; ratio {v.structure:.2f} (at most {STRUCTURE})")
    print(
        f"50 ms a call, {calls} cases: {one:.1f} s, with eight jobs {eight:.1f} s, {one / eight:.1f} times as fast "
        f"(at least {JOBS}); findings {'equal' if same else 'NOT EQUAL'}"
    )
