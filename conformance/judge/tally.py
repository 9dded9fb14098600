"""Exact counts of one rule over a stream of cases, in flat memory."""

from __future__ import annotations

import heapq
import math
from collections import Counter

from attrs import fields

from conformance.judge.sequential import Sequential
from conformance.model.outcome import Judgement, Margin, Outcome, Reason
from conformance.model.run import Answer, Case, Counts, SequentialResult, Stage
from conformance.rules.verdicts import RowVerdict

OPEN: dict[Reason, str] = {
    Reason.SYSTEM_ERROR: "system_error",
    Reason.NOT_COMPUTABLE: "not_computable",
    Reason.NO_LIMIT: "no_limit",
    Reason.INSUFFICIENT_DATA: "insufficient",
    Reason.WITHIN_UNCERTAINTY: "uncertain",
}
"""Why a case to which the rule applies stayed open, in order of precedence, and its name in `Counts`. An open case
might have been a failure; it is never counted as a pass."""

_SEARCHES = frozenset({Stage.MIXED, Stage.STRUCTURE, Stage.HUNT, Stage.SHRINK})
_PLACES = {**OPEN, Reason.VACUOUS: "vacuous", Reason.INFEASIBLE_REQUEST: "infeasible"}


class Tally:
    """Counts the judgements of one rule and keeps its worst cases.

    Every stage is counted, shrinking too, since a rule may fail there first; `Stage.CONFIRM` repeats a failure and is
    counted apart. Cases outside the declared envelope are only numbered.
    """

    def __init__(self, rule: str, *, keep: int = 20, test: Sequential | None = None) -> None:
        """``rule`` is the id whose judgements are counted; ``keep`` how many worst cases of each kind to keep.

        ``test`` is what decides on an operation that answers by chance; its first decision stands.
        """
        self.rule = rule
        self.test = test
        self.sequential: SequentialResult | None = None
        """What ``test`` says so far; None while no independent case counts."""
        self.repeats = 0
        """How often a failure was repeated."""
        self.repeated = 0
        """How often it came again."""
        self.generated = False
        """Whether any request was generated."""
        self.of_rows = False
        """Whether its cases are rows of a table."""
        self.nominal: Judgement | None = None
        """What the rule says of the nominal request."""
        self.independent: Counter[str] = Counter()
        """Places of `Counts` over the independent sample inside the envelope."""
        self.places: Counter[str] = Counter()
        """Places of `Counts` over all cases."""
        self._keep = keep
        self._failing: list[tuple[float, int, int, Judgement]] = []
        self._passing: list[tuple[float, int, int, Judgement]] = []

    def add(self, case: Case, judgement: Judgement, *, answer: Answer = Answer.ANSWERED) -> None:
        """Count one case.

        Raises ValueError for another rule's judgement, for one that no single case can have, and for a failure on a
        generated request without the word of the oracle: such a failure must neither count nor vanish. Only once a
        counted failure is there may a search leave the oracle unasked; such a failure is `Counts.unwitnessed`.
        """
        if judgement.rule != self.rule:
            raise ValueError(f"a judgement of {judgement.rule} in the tally of {self.rule}")
        if case.stage is Stage.CONFIRM:
            self.repeats += 1
            self.repeated += judgement.outcome is Outcome.FAILED
            return
        self.generated |= case.stage is not Stage.RECORDED
        if case.stage is Stage.NOMINAL and self.nominal is None:
            self.nominal = judgement
        place = self._place(case.stage, judgement, answer) if case.in_envelope else "outside"
        self.places[place] += 1
        if case.in_envelope and case.stage is Stage.INDEPENDENT:
            self.independent[place] += 1
            self._weigh()
        if place in ("failed", "passed"):
            self._keep_worst(self._failing if place == "failed" else self._passing, case.number, judgement)

    def add_rows(self, verdict: RowVerdict) -> None:
        """Count the rows of a recorded table, once, with the worst of them."""
        self.of_rows = True
        counts = verdict.counts
        self.places.update({f.name: n for f in fields(Counts) if f.name != "cases" and (n := getattr(counts, f.name))})
        for number, row in enumerate(verdict.worst, start=1):
            outcome = Outcome.FAILED if row.place == "failed" else Outcome.PASSED
            judgement = Judgement(self.rule, outcome, margin=row.margin)
            self._keep_worst(self._failing if row.place == "failed" else self._passing, number, judgement)

    def _place(self, stage: Stage, judgement: Judgement, answer: Answer) -> str:
        match judgement.outcome:
            case Outcome.PASSED:
                return "passed"
            case Outcome.INAPPLICABLE:
                return "refused" if answer is Answer.REFUSED else "inapplicable"
            case Outcome.FAILED if stage is Stage.RECORDED or judgement.feasible:
                return "failed"
            case Outcome.FAILED if judgement.feasible is False:
                return "infeasible"
            case Outcome.FAILED if stage in _SEARCHES and self.places["failed"]:
                return "unwitnessed"
            case Outcome.FAILED:
                raise ValueError(f"{self.rule}: a failure on a generated request needs the word of the oracle")
            case Outcome.INCONCLUSIVE if judgement.reason in _PLACES:
                return _PLACES[judgement.reason]
        raise ValueError(f"{self.rule}: no outcome of one case: {judgement.outcome} {judgement.reason}")

    def _keep_worst(self, heap: list[tuple[float, int, int, Judgement]], number: int, judgement: Judgement) -> None:
        margin = known(judgement.margin)
        if margin is None and judgement.outcome is Outcome.PASSED:
            return  # nothing to rank it by
        worst = -math.inf if margin is None else margin
        entry = (-worst, -number, id(judgement), judgement)  # the heap's least is the best one kept
        (heapq.heappush if len(heap) < self._keep else heapq.heappushpop)(heap, entry)

    def _weigh(self) -> None:
        """Put the independent sample to the test, unless that has decided already."""
        if self.test is None or self._settled:
            return
        failures, undecided = self.independent["failed"], sum(open_cases(self.independent).values())
        cases = failures + undecided + self.independent["passed"]
        if cases:
            self.sequential = SequentialResult(
                decision=self.test.decision(failures, cases, undecided=undecided),
                cases=cases,
                failures=failures,
                undecided=undecided,
                p0=self.test.p0,
                p1=self.test.p1,
                wrong_acceptance=self.test.wrong_acceptance,
                wrong_rejection=self.test.wrong_rejection,
            )

    def wants_more(self, needed: int) -> bool:
        """Whether more independent cases may still be needed, ``needed`` being how many passes the evidence demands.

        Not where a counted failure has decided, nor where not a single case counted so far.
        """
        if self.test is not None:
            return self.sequential is not None and not self._settled
        return not self.places["failed"] and 0 < self.independent["passed"] < needed

    def lacking(self, needed: int) -> int:
        """How many more decided independent cases may be of use, ``needed`` being as for `wants_more`."""
        if self.test is not None:
            return 0 if self._settled else self.test.cases_to_accept
        return needed - self.independent["passed"] - self.independent["failed"]

    @property
    def _settled(self) -> bool:
        return self.sequential is not None and self.sequential.decision != "continue"

    @property
    def counts(self) -> Counts:
        """Counts over all cases."""
        return Counts(cases=self.places.total(), **self.places)

    @property
    def failing(self) -> tuple[tuple[int, Judgement], ...]:
        """Case number and judgement of the worst counted failures, worst first; equal ones in order of number."""
        return _ordered(self._failing)

    @property
    def passing(self) -> tuple[tuple[int, Judgement], ...]:
        """Case number and judgement of the passes nearest to their limit, nearest first."""
        return _ordered(self._passing)

    @property
    def unstable(self) -> bool:
        """Whether failures were repeated and not one came again."""
        return self.repeats > 0 and self.repeated == 0

    @property
    def reliable(self) -> bool:
        """Whether failures were repeated and every one came again."""
        return 0 < self.repeats == self.repeated


def open_cases(places: Counter[str]) -> dict[Reason, int]:
    """How many cases stayed open, by reason, in order of precedence; reasons without a case are left out."""
    return {reason: places[place] for reason, place in OPEN.items() if places[place]}


def known(margin: Margin | None) -> float | None:
    """The smallest known normalised margin: the lower end, or the upper one when the lower is open."""
    if margin is None:
        return None
    return next((end for end in (margin.normalised.low, margin.normalised.high) if math.isfinite(end)), None)


def _ordered(heap: list[tuple[float, int, int, Judgement]]) -> tuple[tuple[int, Judgement], ...]:
    return tuple((-number, judgement) for _, number, _, judgement in sorted(heap, reverse=True))
