"""Calling a system again with stored requests: fixed, still failing, or changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from attrs import evolve, frozen

from conformance.assess.bench import Bench, Caller, Examined
from conformance.assess.pairs import Pair, Pairs
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
    plan: Plan, system: Caller, stored: Iterable[tuple[Case, Observation]], bases: Mapping[int, Case] | None = None
) -> Iterator[tuple[Case, Reply, list[Replayed]]]:
    """Call ``system`` with each stored request and compare what each rule says with what it said.

    The feasibility witness of a stored failure holds for the same request, so no oracle is asked. Cases of operations
    that the system no longer offers are left out. ``bases`` are the cases, by number, whose requests the varied ones
    among ``stored`` change: of these the whole pair is called.
    """
    for case, observation in stored:
        trial = next((t for t in plan.trials if t.operation.name == case.operation), None)
        if trial is None:
            continue
        bench = Bench(plan, trial, system=system, oracle=None)
        if case.base is None:
            (examined,) = bench.examine([evolve(case, stage=Stage.STORED)])
        else:
            examined = _pair(Pairs(plan, trial, bench), bench, case, (bases or {})[case.base], observation)
        compared = [
            Replayed(case.number, before.rule, before, examined.judgements[before.rule])
            for before in observation.judgements
            if before.rule in examined.judgements
        ]
        yield case, examined.reply, compared


def _pair(pairs: Pairs, bench: Bench, case: Case, base: Case, observation: Observation) -> Examined:
    """The pair of ``base`` and ``case`` called again, for the relations that were judged then."""
    (before,) = bench.examine([evolve(base, stage=Stage.STORED)])
    rules = tuple(j.rule for j in observation.judgements if j.rule in pairs.rules)
    (after,) = pairs.examine([Pair(before, case, rules)])
    return after
