"""Calling a system again with stored requests: fixed, still failing, or changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from attrs import evolve, frozen

from conformance.assess.bench import Bench, Caller
from conformance.assess.plan import Plan
from conformance.model.outcome import Judgement, Outcome
from conformance.model.run import Case, Observation, Reply, Stage

Change = Literal["fixed", "still-failing", "broken", "changed", "same"]


@frozen
class Replayed:
    """What one rule said of a stored case then and says now."""

    case: int
    rule: str
    before: Judgement
    now: Judgement

    @property
    def change(self) -> Change:
        """In a word."""
        was, is_ = self.before.outcome is Outcome.FAILED, self.now.outcome is Outcome.FAILED
        if was:
            return "still-failing" if is_ else "fixed" if self.now.outcome is Outcome.PASSED else "changed"
        if is_:
            return "broken"
        return "same" if self.before.outcome is self.now.outcome else "changed"


def replay(
    plan: Plan, system: Caller, stored: Iterable[tuple[Case, Observation]]
) -> Iterator[tuple[Case, Reply, list[Replayed]]]:
    """Call ``system`` with each stored request and compare what each rule says with what it said.

    The feasibility witness of a stored failure holds for the same request, so no oracle is asked. Cases of operations
    that the system no longer offers are left out.
    """
    for case, observation in stored:
        trial = next((t for t in plan.trials if t.operation.name == case.operation), None)
        if trial is None:
            continue
        bench = Bench(plan, trial, system=system, oracle=None)
        (examined,) = bench.examine([evolve(case, stage=Stage.STORED)])
        compared = [
            Replayed(case.number, before.rule, before, examined.judgements[before.rule])
            for before in observation.judgements
            if before.rule in examined.judgements
        ]
        yield case, examined.reply, compared
