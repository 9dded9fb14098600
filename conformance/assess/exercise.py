"""The stages of a run over one operation, in one budget of calls."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from attrs import evolve

from conformance.assess.bench import Ask, Bench, Examined, always
from conformance.assess.events import Event, Listener
from conformance.assess.ledger import Ledger, counts
from conformance.assess.pairs import Pairs
from conformance.assess.plan import Plan, Trial
from conformance.cases import Hunt, Point, Space, shrink
from conformance.errors import Text
from conformance.errors.usage import NothingAnswers
from conformance.evidence import RecordWriter
from conformance.judge import cases_needed, known
from conformance.model.json import JSON, digest
from conformance.model.outcome import Judgement
from conformance.model.run import Answer, Case, Reply, Stage

T = TypeVar("T")

SILENT_CALLS = 10
"""When none of so many first calls succeeds, the run stops: the system is not reached at all."""
BATCH = 16
"""Cases between two looks at what came back; the same whatever --jobs is, so that the cases are the same too."""
MOST_DRAWS = 3
"""The independent sample is at most so many times as large as asked for, when not every case counts."""
SHRINK_CALLS = 60
"""Calls for shrinking the counterexample of one rule."""
REPEATS = 2
"""How often the shrunk counterexample is called again."""
SHARES = {Stage.BOUNDARY: 0.25, Stage.MIXED: 0.2, Stage.STRUCTURE: 0.1}
"""Shares of the budget of calls; the hunt has the rest. The same for every system."""


class Exercise:
    """Exercises one operation and keeps what its findings will rest on."""

    def __init__(
        self, plan: Plan, trial: Trial, bench: Bench, writer: RecordWriter, *, first_case: int, listener: Listener
    ) -> None:
        """``first_case`` is the number of the first case in the record."""
        self._plan = plan
        self._trial = trial
        self._bench = bench
        self._pairs = Pairs(plan, trial, bench)
        self._writer = writer
        self._listener = listener
        self._answered = False
        self._deadline: float | None = None
        self._extra = 0  # independent cases beyond those that the settings ask for
        self._varied = 0
        self._needed = cases_needed(plan.pack.evidence.failure_rate, plan.pack.evidence.confidence)
        self.ledger = Ledger(bench.rules, relations=self._pairs.rules, writer=writer, first_case=first_case)

    def record(self, exchanges: Iterable[tuple[JSON, Reply]]) -> None:
        """Judge what was recorded; no oracle is needed, for these requests were really made."""
        for request, reply in exchanges:
            case = self._case(Stage.RECORDED, request)
            self._writer.case(case)
            self.ledger.keep(self._bench.judge(case, reply))
            self._tell(Stage.RECORDED)

    def generate(self, space: Space, *, seconds: float | None = None) -> None:
        """Run every stage of the mode. ``seconds`` bounds the adaptive stages by wall time."""
        settings = self._plan.settings
        adaptive = settings.mode != "pr"
        budget = {stage: int(settings.calls * share) for stage, share in SHARES.items()}
        self._play(space, Stage.NOMINAL, [space.nominal])
        self._play(space, Stage.BOUNDARY, islice(space.boundary(), budget[Stage.BOUNDARY]))
        spent = sum(budget.values()) + self._varied
        self._sample(space)
        self._deadline = None if seconds is None else time.monotonic() + seconds
        if adaptive:
            rng = random.Random(f"{settings.seed}/{self._trial.operation.name}/mixed")  # noqa: S311  not a secret
            declared = space.declared  # outside it nothing decides, so nothing is spent there
            mixed = (declared.mixed(rng) for _ in range(budget[Stage.MIXED]))
            self._play(space, Stage.MIXED, mixed, ask=self._worse)
            if budget[Stage.STRUCTURE]:
                declared.structure(
                    lambda point: self._play(space, Stage.STRUCTURE, [point], ask=self._worse),
                    seed=settings.seed,
                    examples=budget[Stage.STRUCTURE],
                )
            self._hunt(space, max(settings.calls - spent, 0))
        for rule in self.ledger.tallies:  # a rule may first fail while another's failure is shrunk
            if self.ledger.broken(rule):
                self._shrink(space, rule)

    def _sample(self, space: Space) -> None:
        """The independent sample: as many cases as the settings say, and then more while evidence is short.

        Whether a case counts (is answered, applies, could bind) has no part in whether it passes, so to draw until
        enough count does not bend the bound. A rule that failed needs no more.
        """
        settings, needed = self._plan.settings, self._needed

        def short() -> bool:
            unbroken = (t for t in self.ledger.tallies.values() if not t.counts.failed)
            return settings.cases >= needed and any(0 < t.independent["passed"] < needed for t in unbroken)

        index = 0
        while index < settings.cases or (index < MOST_DRAWS * settings.cases and short()):
            last = min(index + BATCH, settings.cases if index < settings.cases else MOST_DRAWS * settings.cases)
            cases = [
                self._case(Stage.INDEPENDENT, space.independent(settings.seed, i), space=space, index=i)
                for i in range(index, last)
            ]
            self._extra = max(last - settings.cases, 0)
            self._examine(cases, always)
            index = last

    def _case(self, stage: Stage, what: JSON | Point, *, space: Space | None = None, index: int | None = None) -> Case:
        request = what if space is None else space.request(what)
        return Case(
            number=self.ledger.number(),
            operation=self._trial.operation.name,
            stage=stage,
            request=request,
            sha256=digest(request),
            changed=() if space is None else space.changes(what),
            in_envelope=space is None or space.inside(what),
            index=index,
        )

    def _play(self, space: Space, stage: Stage, points: Iterable[Point], *, ask: Ask = always) -> list[Examined]:
        examined: list[Examined] = []
        for batch in _batches(points, BATCH):
            if self._deadline is not None and time.monotonic() > self._deadline:
                break
            examined += self._examine([self._case(stage, point, space=space) for point in batch], ask)[0]
        return examined

    def _hunt(self, space: Space, budget: int) -> None:
        worst = {r: e for r, e in self.ledger.worst.items() if r not in self._pairs.rules}  # pairs are not hunted yet
        rules = [rule for rule, e in worst.items() if e.judgements[rule].margin is not None]
        if not rules or not space.dimensions:
            return
        hunt = Hunt(space.declared, rules, seed=self._plan.settings.seed, budget=budget)
        seeds = {e.case.number: e for e in self.ledger.worst.values() if e.base is None}
        hunt.tell([self._told(space, e, rules) for e in seeds.values()])
        while points := hunt.ask(BATCH):
            examined = self._play(space, Stage.HUNT, points, ask=self._worse)
            if not examined:  # out of time
                return
            hunt.tell([(p, _margins(e, rules)) for p, e in zip(points, examined, strict=True)])

    def _told(self, space: Space, examined: Examined, rules: Sequence[str]) -> tuple[Point, dict[str, float | None]]:
        point = space.point_of(examined.case.request)
        assert point is not None, "a request of this space has a point"  # noqa: S101
        return point, _margins(examined, rules)

    def _shrink(self, space: Space, rule: str) -> None:
        """Shrink the worst failure of ``rule`` toward nominal; the oracle must still meet the rule there."""
        start = self.ledger.worst[rule]
        self.ledger.smallest[rule] = start
        case = start.base.case if start.base is not None and rule in self._pairs.rules else start.case
        point = space.point_of(case.request)
        if point is not None and case.changed:
            seen: dict[Point, Examined] = {point: start}

            def still_broken(points: list[Point]) -> list[bool]:
                cases = [self._case(Stage.SHRINK, p, space=space) for p in points]
                seen.update(zip(points, self._judging(cases, about, rule), strict=True))
                return [counts(seen[p], rule) for p in points]

            def about(case: Case, judgement: Judgement) -> bool:
                return judgement.rule == rule or self._worse(case, judgement)

            smallest = shrink(space, point, still_broken, budget=SHRINK_CALLS).point
            self.ledger.smallest[rule] = seen[smallest]
            self.ledger.shrunk_from[rule] = start.case.number
        found = self.ledger.smallest[rule]
        asked = found.base.case if found.base is not None and rule in self._pairs.rules else found.case
        again = [self._case(Stage.CONFIRM, asked.request) for _ in range(REPEATS)]
        self._judging([evolve(case, changed=asked.changed) for case in again], always, rule, only=rule)

    def _judging(self, cases: list[Case], ask: Ask, rule: str, *, only: str | None = None) -> list[Examined]:
        """Examine ``cases``; of a relation its pairs. What judges ``rule``, one for each case."""
        wanted = {rule: len(cases)} if rule in self._pairs.rules else {}
        examined, pairs = self._examine(cases, ask, only=only, wanted=wanted)
        judged = {e.case.base: e for e in pairs}
        return [judged.get(e.case.number, e) for e in examined]

    def _worse(self, _case: Case, judgement: Judgement) -> bool:
        """Whether the oracle is asked about a failure that an adaptive stage met: only if it would be a new worst."""
        worst = self.ledger.worst.get(judgement.rule)
        if worst is None or not counts(worst, judgement.rule):
            return True
        new, old = known(judgement.margin), known(worst.judgements[judgement.rule].margin)
        return new is not None and (old is None or new < old)

    def _wanted(self, stage: Stage) -> dict[str, int]:
        """How many pairs each relation still needs; of the independent sample as many as the evidence demands."""
        if stage in (Stage.NOMINAL, Stage.BOUNDARY):
            return dict.fromkeys(self._pairs.rules, BATCH)
        if stage is not Stage.INDEPENDENT:
            return {}
        decided = {rule: self.ledger.tallies[rule].independent for rule in self._pairs.rules}
        return {rule: self._needed - places["passed"] - places["failed"] for rule, places in decided.items()}

    def _examine(
        self, cases: list[Case], ask: Ask, *, only: str | None = None, wanted: Mapping[str, int] | None = None
    ) -> tuple[list[Examined], list[Examined]]:
        """Examine ``cases``, then the pairs of them: ``wanted`` for each relation, else what the stage says."""
        for case in cases:  # before the call, so that a record shows what was asked when a run is killed
            self._writer.case(case)
        examined = self._bench.examine(cases, ask=ask)
        most = self._wanted(cases[0].stage) if wanted is None else wanted
        examined, planned = self._pairs.plan(examined, most, number=self.ledger.next_case)
        self.ledger.next_case += len(planned)
        self._varied += len(planned)
        self._take(examined, only)
        if not planned:
            return examined, []
        for pair in planned:
            self._writer.case(pair.case)
        pairs = self._pairs.examine(planned)
        self._take(pairs, only)
        return examined, pairs

    def _take(self, examined: list[Examined], only: str | None) -> None:
        for e in examined:
            self.ledger.keep(e, only=only)
        self._check_reached(examined)
        self._tell(examined[-1].case.stage)

    def _check_reached(self, examined: Sequence[Examined]) -> None:
        self._answered |= any(e.reply.answer in (Answer.ANSWERED, Answer.REFUSED) for e in examined)
        last = examined[-1]
        if not self._answered and last.case.number >= SILENT_CALLS:
            raise NothingAnswers(
                system=self._plan.system.name,
                calls=last.case.number,
                cause=last.reply.cause or Text("no cause given", "未给出原因"),
            )

    def _tell(self, stage: Stage) -> None:
        settings = self._plan.settings
        self._listener(
            Event(
                operation=self._trial.operation.name,
                stage=stage,
                done=self.ledger.next_case - 1,
                planned=1 + settings.cases + self._extra + self._varied + settings.calls,
                worst=self.ledger.margins,
                broken=frozenset(r for r, t in self.ledger.tallies.items() if t.counts.failed),
            )
        )


def _margins(e: Examined, rules: Sequence[str]) -> dict[str, float | None]:
    return {rule: known(e.judgements[rule].margin) for rule in rules}


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
