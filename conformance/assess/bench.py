"""One request on the bench: call, validate, derive, evaluate, decide; and ask the oracle where a failure needs it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from attrs import evolve, field, frozen

from conformance.assess.plan import Caller, Plan, Trial
from conformance.assess.traces import Traces
from conformance.errors import Text
from conformance.judge import answers, decide, implicit, response_valid, when_no_answer
from conformance.measures.registry import NotComputable
from conformance.model.json import JSON, sha256
from conformance.model.outcome import Judgement, Outcome
from conformance.model.run import Answer, Case, Observation, Reply, Stage, Witness
from conformance.rules import derive

ORACLE_CACHE = 512
"""Answers of the oracle that are kept, for requests that several rules or stages ask about."""


@frozen
class Examined:
    """A case with what came back and what each rule says of it."""

    case: Case
    reply: Reply = field(repr=False)
    derived: Mapping[str, JSON] = field(repr=False)
    judgements: Mapping[str, Judgement]
    complaints: tuple[Text, ...] = ()
    oracle: Examined | None = field(default=None, repr=False)
    obstacles: Mapping[str, NotComputable] = field(factory=dict, repr=False)
    """The derived values that could not be computed, and why."""
    rows: Mapping[str, tuple[Witness, ...]] = field(factory=dict, repr=False)
    """Of a sequence of calls: the worst rows of each rule."""
    idle: frozenset[str] = frozenset()
    """Of a sequence of calls: the rules that applied to none of its rows."""
    base: Examined | None = field(default=None, repr=False)
    """Of a varied case: the one whose request was changed."""

    @property
    def usable(self) -> bool:
        """Whether there is a valid answer."""
        return self.reply.answer is Answer.ANSWERED and not self.complaints

    @property
    def environment(self) -> dict[str, JSON]:
        """What a rule may name; of a varied case what a relation may name."""
        own = {"request": self.case.request, "response": self.reply.body, **self.derived, **self.obstacles}
        return own if self.base is None else {"base": self.base.environment, "varied": own}

    def observation(self, *, keep_derived: bool = False) -> Observation:
        """The line of the record."""
        return Observation(
            case=self.case.number,
            of="system",
            answer=self.reply.answer,
            sha256=sha256(self.reply.raw),
            response=self.reply.body,
            cause=self.reply.cause or (self.complaints[0] if self.complaints else None),
            judgements=tuple(self.judgements.values()),
            derived=self.derived if keep_derived else None,
        )


Ask = Callable[[Case, Judgement], bool]
"""Whether the oracle is asked about a failure."""


def always(_case: Case, _judgement: Judgement) -> bool:
    """Ask the oracle about every failure."""
    return True


class Bench:
    """Judges what a system answers to the requests of one operation."""

    def __init__(
        self,
        plan: Plan,
        trial: Trial,
        *,
        system: Caller,
        oracle: Caller | None,
        memory: OrderedDict[str, Examined] | None = None,
    ) -> None:
        """``oracle`` answers the same requests; without one no failure on a generated request can count.

        ``memory`` holds what the oracle was found to do, for benches that share an oracle.
        """
        self._plan = plan
        self._trial = trial
        self._plain = tuple(r for r in trial.rules if r.relation is None)  # for relations see `Pairs`
        self._system = system
        self._oracle = oracle
        self._known = OrderedDict[str, Examined]() if memory is None else memory
        self._answers, self._valid = (s.rule for s in implicit(plan.pack, trial.operation.name))
        self._traces = None
        if trial.score is not None:
            table, programs = plan.pack.tables[trial.operation.name], [plan.programs[r.id] for r in trial.rules]
            self._traces = Traces(plan.pack, table, trial.score, programs)

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of all rules that are judged, the two implicit ones first."""
        return (self._answers, self._valid, *(r.id for r in self._trial.rules))

    def examine(self, cases: Sequence[Case], *, ask: Ask = always) -> list[Examined]:
        """Call the system with each case and judge what comes back, in order.

        Of each failure on a generated request that ``ask`` wants to know about, the oracle's answer to the same
        request says whether it could have been avoided.
        """
        return self.settle(self.call(cases), ask=ask)

    def call(self, cases: Sequence[Case]) -> list[Examined]:
        """Call the system with each case and judge what comes back, in order, before the oracle is asked."""
        replies = self._trial.ask(self._system, [c.request for c in cases])
        return [self.judge(case, reply) for case, reply in zip(cases, replies, strict=True)]

    def settle(self, examined: Sequence[Examined], *, ask: Ask = always) -> list[Examined]:
        """Have the oracle answer where a failure (or a refusal) needs its word."""
        doubtful = [
            e
            for e in examined
            if e.case.stage is not Stage.RECORDED
            and (
                e.reply.answer is Answer.REFUSED
                or any(j.outcome is Outcome.FAILED and ask(e.case, j) for j in e.judgements.values())
            )
        ]
        if self._oracle is None:  # nobody shows that it can be met, so nothing is held against the system
            hopeless = {e.case.number for e in doubtful}
            return [_unwitnessed(e) if e.case.number in hopeless else e for e in examined]
        shown = self.consult([e.case for e in doubtful])
        return [self._witnessed(e, shown[e.case.sha256]) if e.case.sha256 in shown else e for e in examined]

    def judge(self, case: Case, reply: Reply) -> Examined:
        """What each rule says of ``reply``, before the oracle is asked. Needs no system: `verify` uses it too."""
        if self._traces is not None:
            return self._judge_sequence(case, reply, self._traces)
        environment = {"request": case.request, "response": reply.body}
        programs = self._plan.programs
        complaints: tuple[Text, ...] = ()
        pairing: tuple[Text, ...] = ()
        answered = reply.answer is Answer.ANSWERED
        if answered:
            complaints = tuple(c.message for c in self._trial.valid(reply.body))
        usable = answered and not complaints
        if usable:
            pairing = tuple(dict.fromkeys(t for r in self._plain for t in programs[r.id].pairing_problems(environment)))
        usable = usable and not pairing
        derived = derive(self._plan.pack, case.operation, environment) if usable else {}
        generated = case.stage is not Stage.RECORDED
        judgements = self._implicit(case, reply, complaints, pairing)
        for rule in self._plain:
            judgements[rule.id] = (
                decide(programs[rule.id].evaluate(environment | derived), rule, generated=generated, live=generated)
                if usable
                else when_no_answer(rule.id, reply.answer)
            )
        obstacles = {name: value for name, value in derived.items() if isinstance(value, NotComputable)}
        kept = {name: None if name in obstacles else value for name, value in derived.items()}
        return Examined(case, reply, kept, judgements, complaints + pairing, obstacles=obstacles)

    def _judge_sequence(self, case: Case, reply: Reply, traces: Traces) -> Examined:
        """The same of a sequence of calls, by the rows that it makes."""
        answered = reply.answer is Answer.ANSWERED
        complaints = tuple(c.message for c in self._trial.valid(reply.body)) if answered else ()
        rows = traces.rows(case.request, reply.body) if answered and not complaints else []
        complaints += traces.complaints(rows)
        found = traces.judge(rows) if answered and not complaints else {}
        judgements = self._implicit(case, reply, complaints)
        for rule in self._plain:
            known = found.get(rule.id)
            judgements[rule.id] = known.judgement if known else when_no_answer(rule.id, reply.answer)
        worst = {name: one.rows for name, one in found.items()}
        idle = frozenset(name for name, one in found.items() if one.idle)
        return Examined(case, reply, {}, judgements, complaints, rows=worst, idle=idle)

    def _implicit(
        self, case: Case, reply: Reply, complaints: tuple[Text, ...], pairing: tuple[Text, ...] = ()
    ) -> dict[str, Judgement]:
        """What the two rules that every operation has say of ``reply``."""
        live = case.stage is not Stage.RECORDED
        return {
            self._answers: answers(reply, rule=self._answers, in_envelope=case.in_envelope, oracle_answers=False),
            self._valid: response_valid(reply, complaints, pairing, rule=self._valid, live=live),
        }

    def consult(self, cases: Sequence[Case]) -> dict[str, Examined]:
        """What the oracle does with the requests of ``cases``, by their digest; nothing where there is no oracle."""
        if self._oracle is None:
            return {}
        wanted = {c.sha256: c for c in cases}
        name = self._trial.operation.name  # benches of several trials may share the memory
        new = [c for key, c in wanted.items() if f"{name} {key}" not in self._known]
        replies = self._trial.ask(self._oracle, [c.request for c in new])
        for case, reply in zip(new, replies, strict=True):
            self._known[f"{name} {case.sha256}"] = self.judge(case, reply)
        found = {key: self._known[f"{name} {key}"] for key in wanted}
        while len(self._known) > ORACLE_CACHE:
            self._known.popitem(last=False)
        return found

    def _witnessed(self, examined: Examined, oracle: Examined) -> Examined:
        answered = oracle.reply.answer is Answer.ANSWERED
        settled = {}
        for name, judgement in examined.judgements.items():
            if name == self._answers and examined.reply.answer is Answer.REFUSED:
                judgement = answers(
                    examined.reply, rule=name, in_envelope=examined.case.in_envelope, oracle_answers=answered
                )
            elif judgement.outcome is Outcome.FAILED and judgement.feasible is None:
                judgement = evolve(judgement, feasible=self._met(oracle, name))
            settled[name] = judgement
        return evolve(examined, judgements=settled, oracle=oracle)

    def _met(self, oracle: Examined, rule: str) -> bool:
        """Whether the oracle shows a compliant answer: one that passes, or one to which the rule does not apply.

        What a rule applies to may be of the system's own making, such as an action that it takes or the end of an
        alarm. Where the end of a sequence cuts off what would tell, nothing is shown.
        """
        outcome = oracle.judgements[rule].outcome
        if self._trial.score is not None:
            return rule in oracle.idle or outcome is Outcome.PASSED
        return shows(oracle, outcome)


def shows(oracle: Examined, outcome: Outcome) -> bool:
    """Whether an answer of the oracle of which a rule says ``outcome`` shows how the rule can be kept.

    A rule does not apply to a refusal either, which shows nothing.
    """
    return outcome is Outcome.PASSED or (outcome is Outcome.INAPPLICABLE and oracle.usable)


def _unwitnessed(e: Examined) -> Examined:
    settled = {
        name: evolve(j, feasible=False) if j.outcome is Outcome.FAILED and j.feasible is None else j
        for name, j in e.judgements.items()
    }
    return evolve(e, judgements=settled)
