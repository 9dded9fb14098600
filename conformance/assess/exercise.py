"""The stages of a run over one operation, in one budget of calls."""

from __future__ import annotations

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
from conformance.cases import Point, Search, Space, shrink_sequence
from conformance.cases.coverage import Coverage
from conformance.errors import Text
from conformance.errors.usage import NothingAnswers
from conformance.evidence import RecordWriter
from conformance.judge import Sequential, cases_needed, known
from conformance.model.json import JSON, Encoded, digest
from conformance.model.outcome import Judgement
from conformance.model.run import Answer, Case, Reply, Stage

T = TypeVar("T")

SILENT_CALLS = 10
"""When none of so many first calls succeeds, the run stops: the system is not reached at all."""
BATCH = 16
"""Cases that are asked together; the same whatever --jobs is, so that the cases are the same too."""
VOLUME = 64
"""The same of the independent sample, where no answer changes what comes next: it keeps many workers busy."""
TOLD = 1024
"""Cases before the search that it begins with, besides the worst of each rule."""
MOST_DRAWS = 3
"""The independent sample is at most so many times as large as asked for, when not every case counts."""
SHRINK_CALLS = 60
"""Calls for shrinking the counterexample of one rule."""
REPEATS = 5
"""How often the shrunk counterexample is called again."""


_SYSTEMATIC = (Stage.BOUNDARY, Stage.PAIRWISE)
"""Stages of the search that no answer steers: every failure is shown to the oracle, and relations are tried."""


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
        self._extra = 0  # independent cases beyond those that the settings ask for
        self._varied = 0
        self._needed = cases_needed(plan.pack.evidence.failure_rate, plan.pack.evidence.confidence)
        by_chance = trial.space is not None and plan.deterministic(trial) is False
        self.ledger = Ledger(
            bench.rules,
            relations=self._pairs.rules,
            writer=writer,
            first_case=first_case,
            tests={rule.id: Sequential.of(plan.pack.evidence) for rule in trial.rules} if by_chance else {},
        )
        self.coverage = None if trial.space is None else Coverage(trial.space, bench.rules)
        self._points: dict[int, Point] = {}
        self._told: list[tuple[Point, Mapping[str, float | None]]] = []

    def record(self, exchanges: Iterable[tuple[JSON, Reply]]) -> None:
        """Judge what was recorded; no oracle is needed, for these requests were really made."""
        for request, reply in exchanges:
            case = self._case(Stage.RECORDED, request)
            self._writer.case(case)
            self.ledger.keep(self._bench.judge(case, reply))
            self._tell(Stage.RECORDED)

    def generate(self, space: Space, *, seconds: float | None = None) -> None:
        """Run every stage of the mode. ``seconds`` bounds the search by wall time."""
        self._examine([self._case(Stage.NOMINAL, space.nominal, space=space)], always)
        self._stored(space)
        self._sample(space)
        self._search(space, until=None if seconds is None else time.monotonic() + seconds)
        for rule in self.ledger.tallies:  # a rule may first fail while another's failure is shrunk
            if self.ledger.broken(rule):
                self._shrink(space, rule)

    def _stored(self, space: Space) -> None:
        """Ask again what earlier runs found; these requests need not stand on the grid of today."""
        for requests in _batches(self._plan.stored.get(self._trial.operation.name, ()), BATCH):
            cases = []
            for request in requests:
                case, values = self._case(Stage.STORED, request), space.values(request)
                if values is not None:
                    case = evolve(case, changed=space.changes(values), in_envelope=space.inside(values))
                cases.append(case)
            self._examine(cases, always)

    def _sample(self, space: Space) -> None:
        """The independent sample: as many cases as the settings say, and then more while evidence is short.

        Whether a case counts (is answered, applies, could bind) has no part in whether it passes, so to draw until
        enough count does not bend the bound. A rule that failed needs no more.
        """
        settings, needed = self._plan.settings, self._needed

        def short() -> bool:
            return settings.cases >= needed and any(t.wants_more(needed) for t in self.ledger.tallies.values())

        index = 0
        while index < settings.cases or (index < MOST_DRAWS * settings.cases and short()):
            size = VOLUME if self._answered else BATCH  # a system that cannot be reached is not asked for long
            last = min(index + size, settings.cases if index < settings.cases else MOST_DRAWS * settings.cases)
            cases = [
                self._case(Stage.INDEPENDENT, space.independent(self._plan.seed, i), space=space, index=i)
                for i in range(index, last)
            ]
            self._extra = max(last - settings.cases, 0)
            self._examine(cases, always)
            index = last

    def _case(self, stage: Stage, what: JSON | Point, *, space: Space | None = None, index: int | None = None) -> Case:
        request = what if space is None else space.request(what)
        if isinstance(request, Mapping):
            request = Encoded(request)
        number = self.ledger.number()
        if space is not None:
            self._points[number] = what
        return Case(
            number=number,
            operation=self._trial.operation.name,
            stage=stage,
            request=request,
            sha256=digest(request),
            changed=() if space is None else space.changes(what),
            in_envelope=space is None or space.inside(what),
            index=index,
        )

    def _search(self, space: Space, *, until: float | None) -> None:
        """Hunt for the worst case of every rule; a relation's too, whose pairs are counted as calls."""
        settings = self._plan.settings
        if not settings.calls:
            return
        search = Search(
            space, [r.id for r in self._trial.rules], seed=self._plan.seed, calls=settings.calls,
            adaptive=settings.mode != "pr",
        )  # fmt: skip
        self._told += self._worst(space)
        while until is None or time.monotonic() < until:
            search.tell(self._told)
            self._told.clear()
            if (batch := search.ask()) is None:
                return
            stage, points = batch
            cases = [self._case(stage, point, space=space) for point in points]
            chased = {case.number: search.chased(point) for case, point in zip(cases, points, strict=True)}
            relations = {number: rule for number, rule in chased.items() if rule in self._pairs.rules}
            _, pairs = self._examine(cases, always if stage in _SYSTEMATIC else self._worse, chased=relations)
            search.spend(len(pairs))

    def _worst(self, space: Space) -> Iterator[tuple[Point, Mapping[str, float | None]]]:
        """Where each rule was nearest to its limit so far; a stored request may be no point of the space."""
        for e in {e.case.number: e for e in self.ledger.worst.values() if e.base is None}.values():
            if (point := space.point_of(e.case.request)) is not None:
                yield point, _margins(e)

    def _shrink(self, space: Space, rule: str) -> None:
        """Shrink the worst failure of ``rule`` toward nominal; the oracle must still meet the rule there."""
        start = self.ledger.worst[rule]
        self.ledger.smallest[rule] = start
        case = start.base.case if start.base is not None and rule in self._pairs.rules else start.case
        point = space.point_of(case.request)
        if point is not None and (case.changed or self._trial.score is not None):
            seen: dict[Point, Examined] = {point: start}

            def still_broken(points: list[Point]) -> list[bool]:
                cases = [self._case(Stage.SHRINK, p, space=space) for p in points]
                seen.update(zip(points, self._judging(cases, about, rule), strict=True))
                return [counts(seen[p], rule) for p in points]

            def about(case: Case, judgement: Judgement) -> bool:
                return judgement.rule == rule or self._worse(case, judgement)

            smallest = shrink_sequence(space, point, still_broken, budget=SHRINK_CALLS).point
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
        if stage in (Stage.NOMINAL, Stage.STORED, *_SYSTEMATIC):
            return dict.fromkeys(self._pairs.rules, BATCH)
        if stage is not Stage.INDEPENDENT:
            return {}
        return {rule: self.ledger.tallies[rule].lacking(self._needed) for rule in self._pairs.rules}

    def _examine(
        self,
        cases: list[Case],
        ask: Ask,
        *,
        only: str | None = None,
        wanted: Mapping[str, int] | None = None,
        chased: Mapping[int, str] | None = None,
    ) -> tuple[list[Examined], list[Examined]]:
        """Examine ``cases``, then the pairs of them: ``wanted`` for each relation, else what the stage says.

        ``chased`` gives the relation for which a case, by its number, was made.
        """
        for case in cases:  # before the call, so that a record shows what was asked when a run is killed
            self._writer.case(case)
        examined = self._bench.examine(cases, ask=ask)
        most = self._wanted(cases[0].stage) if wanted is None else wanted
        examined, planned = self._pairs.plan(examined, most, number=self.ledger.next_case, chased=chased)
        self.ledger.next_case += len(planned)
        self._varied += len(planned)
        self._take(examined, only)
        for pair in planned:
            self._writer.case(pair.case)
        pairs = self._pairs.examine(planned) if planned else []
        self._take(pairs, only)
        self._learn(examined, pairs)
        self._check_reached(examined)
        return examined, pairs

    def _take(self, examined: list[Examined], only: str | None) -> None:
        for e in examined:
            self.ledger.keep(e, only=only)
        if examined:
            self._tell(examined[-1].case.stage)

    def _learn(self, examined: list[Examined], pairs: list[Examined]) -> None:
        """Note the margins at each point; those of a relation at the point before the change."""
        found = {e.case.number: _margins(e) for e in examined}
        for pair in pairs:
            of = _margins(pair)
            if pair.case.base is not None:
                found[pair.case.base] |= {rule: of[rule] for rule in self._pairs.rules if rule in of}
        for number, margins in found.items():
            if (point := self._points.pop(number, None)) is not None:
                if self.coverage is not None:
                    self.coverage.add(point, margins)
                if len(self._told) < TOLD:
                    self._told.append((point, margins))

    def _check_reached(self, examined: Sequence[Examined]) -> None:
        self._answered |= any(e.reply.answer in (Answer.ANSWERED, Answer.REFUSED) for e in examined)
        last = examined[-1]
        if not self._answered and last.case.number >= SILENT_CALLS and self._trial.score is None:
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


def _margins(e: Examined) -> dict[str, float | None]:
    """What a search learns from ``e``: nothing outside the envelope, nor where no compliant answer is known."""
    if not e.case.in_envelope:
        return {}
    return {r: None if j.feasible is False else known(j.margin) for r, j in e.judgements.items()}


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
