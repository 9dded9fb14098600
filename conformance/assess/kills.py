"""The kill matrix of a pack: which rule finds which defect, after how many cases, and how small the defect may be."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import islice

from attrs import field, frozen

from conformance.assess.bench import Bench, Examined
from conformance.assess.pairs import Pairs
from conformance.assess.plan import Caller, Plan
from conformance.cases import Point, Space
from conformance.errors import Text
from conformance.judge import known
from conformance.model.json import JSON, digest
from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Answer, Case, Reply, Stage
from conformance.systems import Defect, Defective, Hello, Session

SIZES = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01)
"""Sizes of a defect that are tried after its full size, until one survives."""


@frozen
class Row:
    """What became of one defect."""

    defect: str
    title: Text
    named_by: tuple[str, ...]
    """Rules that say they kill it."""
    killed_by: Mapping[str, int]
    """Rule to the number of the first case in which it failed, with a compliant answer shown."""
    smallest: float | None
    """Smallest size, as a share of the defect, that a naming rule still found; None if size means nothing for it."""
    cases: int
    """Cases that were tried."""

    @property
    def survived(self) -> tuple[str, ...]:
        """Rules that name the defect and did not find it; the defect itself if no rule names it and none found it."""
        missed = tuple(rule for rule in self.named_by if rule not in self.killed_by)
        return missed or (() if self.killed_by or self.named_by else (self.defect,))


@frozen
class Alarms:
    """What the rules say of the reference itself, which must pass."""

    cases: int
    false_alarms: tuple[tuple[int, str], ...] = field(repr=False)
    """Case and rule."""
    refused: int
    vacuous: Mapping[str, int]
    near: int
    """Cases in which some rule has a normalised margin below 0.1."""


class Remembering(Session):
    """A system whose answers are kept, so that many defects share them; but of the operations with a state."""

    def __init__(self, session: Session, *, stateful: Container[str]) -> None:
        """Ask ``session`` once per request, and of a ``stateful`` operation every time."""
        self._session = session
        self._stateful = stateful
        self._replies: dict[str, Reply] = {}

    def hello(self) -> Hello:
        """What the system says of itself."""
        return self._session.hello()

    def call(self, operation: str, request: JSON) -> Reply:
        """The answer, from memory where it is known."""
        if operation in self._stateful:
            return self._session.call(operation, request)
        key = f"{operation} {digest(request)}"
        if key not in self._replies:
            self._replies[key] = self._session.call(operation, request)
        return self._replies[key]

    def reset(self) -> bool:
        """Bring the system to its first state."""
        return self._session.reset()

    def close(self) -> None:
        """End the session."""
        self._session.close()


def points(space: Space, *, seed: str, count: int) -> Iterator[Point]:
    """``count`` points: nominal, boundaries for at most a fifth, then half independent, half of mixed granularity."""
    rng = random.Random(f"{seed}/kills")  # noqa: S311  not a secret
    first = [space.nominal, *islice(space.boundary(), count // 5)][:count]
    yield from first
    for index in range(count - len(first)):
        yield space.independent(seed, index // 2) if index % 2 else space.mixed(rng)


def kill_matrix(
    plan: Plan,
    defects: Sequence[Defect],
    *,
    open_session: Callable[[], Session],
    open_other: Callable[[str], Session],
    cases: int,
    sizes: Sequence[float] = SIZES,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Try each defect on up to ``cases`` requests (five times the mean wait for rare ones).

    ``plan`` is that of the reference, which is the oracle as well. ``open_other`` opens the system in a folder, for
    the defects that no operator can express.
    """
    rows = []
    stateful = {trial.called for trial in plan.trials if trial.score is not None}
    with Remembering(open_session(), stateful=stateful) as reference:
        trier = _Trier(plan, reference, open_other, cases)
        for defect in defects:
            tell(defect.id)
            rows.append(_row(plan, defect, trier, sizes))
    return rows


def _row(plan: Plan, defect: Defect, trier: _Trier, sizes: Sequence[float]) -> Row:
    named = tuple(rule.id for rule in plan.pack.rules.values() if defect.id in rule.kills)
    if defect.implicit:  # the two rules that every operation has stand in no file that could name it
        named += tuple(f"{plan.pack.short}/{t.operation.name}-{defect.implicit}" for t in plan.trials)
    killed, tried = trier.kill(defect, named)
    smallest = None
    if defect.scalable and killed:
        smallest = 1.0
        for size in sizes:
            if not trier.kill(defect.at(size), named)[0]:
                break
            smallest = size
    return Row(defect.id, defect.title, named, killed, smallest, tried)


@frozen
class _Trier:
    plan: Plan
    reference: Session
    open_other: Callable[[str], Session]
    cases: int
    memory: OrderedDict[str, Examined] = field(factory=OrderedDict)

    def kill(self, defect: Defect, named: tuple[str, ...]) -> tuple[dict[str, int], int]:
        """First failing case of each rule, until every rule of ``named`` (or, without one, any) has failed."""
        if defect.system is not None:
            with self.open_other(defect.system) as other:
                return self._run(defect, other, named)
        return self._run(defect, Defective(self.reference, defect), named)

    def _run(self, defect: Defect, system: Session, named: tuple[str, ...]) -> tuple[dict[str, int], int]:
        killed: dict[str, int] = {}
        tried = 0
        count = max(self.cases, int(5 / defect.rate))
        for trial in self.plan.trials:
            if trial.space is None:
                continue
            bench = Bench(self.plan, trial, system=system, oracle=self.reference, memory=self.memory)
            pairs = Pairs(self.plan, trial, bench)
            wanted = dict.fromkeys(pairs.rules.keys() & set(named), 1)  # each costs a call more; others need not try
            for number, point in enumerate(points(trial.space, seed=self.plan.settings.seed, count=count), start=1):
                tried += 1
                request = trial.space.request(point)
                # What a relation changes may be affected, and so may the calls of a sequence.
                shown = defect.affects(request) or bool(wanted) or trial.score is not None
                if not shown and defect.system is None and not defect.remembers:
                    continue  # the reference itself answers
                case = Case(number, trial.operation.name, Stage.MIXED, request, digest(request))
                bases, planned = pairs.plan(bench.examine([case]), wanted, number=number)
                for examined in [*bases, *pairs.examine(planned)]:
                    for rule, judgement in examined.judgements.items():
                        if judgement.outcome is Outcome.FAILED and judgement.feasible:
                            killed.setdefault(rule, number)
                if killed and killed.keys() >= set(named):
                    return killed, tried
        return killed, tried


def false_alarms(plan: Plan, reference: Caller, *, cases: int, tell: Callable[[int], None] = lambda _: None) -> Alarms:
    """Judge the reference of ``plan`` on ``cases`` points; anything but a pass, a refusal or a vacuous case alarms."""
    alarms: list[tuple[int, str]] = []
    vacuous: Counter[str] = Counter()
    refused = near = done = 0
    for trial in plan.trials:
        if trial.space is None:
            continue
        bench = Bench(plan, trial, system=reference, oracle=None)
        pairs = Pairs(plan, trial, bench)
        numbered = enumerate(points(trial.space, seed=plan.settings.seed, count=cases), start=1)
        while batch := list(islice(numbered, 64)):
            requests = [(n, trial.space.request(p)) for n, p in batch]
            asked = [Case(n, trial.operation.name, Stage.INDEPENDENT, r, digest(r)) for n, r in requests]
            bases, planned = pairs.plan(bench.call(asked), dict.fromkeys(pairs.rules, len(asked)), number=1)
            for e in [*bases, *pairs.examine(planned)]:
                if e.reply.answer is Answer.REFUSED:
                    refused += e.base is None
                    continue
                number = e.case.base or e.case.number
                near += any((m := known(j.margin)) is not None and m < 0.1 for j in e.judgements.values())
                for rule, judgement in e.judgements.items():
                    if judgement.reason is Reason.VACUOUS:
                        vacuous[rule] += 1
                    elif judgement.outcome not in (Outcome.PASSED, Outcome.INAPPLICABLE):
                        alarms.append((number, rule))
            done += len(batch)
            tell(done)
    return Alarms(done, tuple(alarms), refused, dict(vacuous), near)
