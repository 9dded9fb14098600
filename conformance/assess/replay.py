"""Calling a system again with stored requests: fixed, still failing, or changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from attrs import evolve, frozen

from conformance.assess.bench import Bench, Examined
from conformance.assess.pairs import Pair, Pairs
from conformance.assess.plan import Caller, Plan
from conformance.assess.stored import obstacle
from conformance.model.outcome import Judgement, Outcome
from conformance.model.run import Case, Observation, Reply, Stage

Change = Literal["fixed", "still-failing", "broken", "changed", "same"]


@frozen
class Replayed:
    """What one rule said of a stored case then and says now."""

    case: int
    rule: str
    before: Judgement
    now: Judgement | None
    """None: it is no longer judged, since the pack at hand or what the system declares is another."""

    @property
    def change(self) -> Change:
        """In a word.

        ``broken`` is a rule that passed on this very request before: the pass shows that it can be met. Any other new
        failure is ``changed``, for nobody knows whether it could have been avoided.
        """
        was, is_ = self.before.outcome, self.now.outcome if self.now else None
        if was is Outcome.FAILED and self.before.feasible is not False:
            return "still-failing" if is_ is was else "fixed" if is_ is Outcome.PASSED else "changed"
        if is_ is Outcome.FAILED and was is Outcome.PASSED:
            return "broken"
        return "same" if is_ in (was, None) else "changed"


def replay(
    plan: Plan, system: Caller, stored: Iterable[tuple[Case, Observation]], bases: Mapping[int, Case] | None = None
) -> Iterator[tuple[Case, Reply, list[Replayed]]]:
    """Call ``system`` with each stored request and compare what each rule says with what it said.

    The feasibility witness of a stored failure holds for the same request, so no oracle is asked. Cases that can no
    longer be asked (see `obstacle`) are left out. ``bases`` are the cases, by number, whose requests the varied ones
    among ``stored`` change: of these the whole pair is called. Of other cases that a relation was judged on, the pair
    is made anew.
    """
    for case, observation in stored:
        trial = next((t for t in plan.trials if t.operation.name == case.operation), None)
        if trial is None or obstacle(plan, case.operation, case.request) is not None:
            continue
        bench = Bench(plan, trial, system=system, oracle=None)
        pairs = Pairs(plan, trial, bench)
        related = tuple(j.rule for j in observation.judgements if j.rule in pairs.rules)
        examined = _examined(bench, evolve(case, stage=Stage.STORED) if case.base is None else (bases or {})[case.base])
        judgements = dict(examined.judgements)
        if case.base is not None:
            (examined,) = pairs.examine([Pair(examined, case, related)])
            judgements = dict(examined.judgements)
        elif related:
            (examined,), planned = pairs.plan([examined], dict.fromkeys(related, 1), number=case.number)
            judgements = dict(examined.judgements)
            for after in pairs.examine(planned):
                judgements |= {rule: after.judgements[rule] for rule in related if rule in after.judgements}
        compared = [
            Replayed(case.number, before.rule, before, judgements.get(before.rule)) for before in observation.judgements
        ]
        yield case, examined.reply, compared


def _examined(bench: Bench, case: Case) -> Examined:
    (examined,) = bench.examine([evolve(case, stage=Stage.STORED)])
    return examined
