"""Relations: what must hold between the answers to a request and to a changed one (metamorphic tests)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from conformance.assess.bench import Bench, Examined, shows
from conformance.assess.plan import Plan, Trial
from conformance.cases import validator
from conformance.cases.transforms import Varied, vary
from conformance.judge import decide, when_no_answer
from conformance.model.json import digest
from conformance.model.outcome import Judgement, Outcome
from conformance.model.run import Case, Stage
from conformance.rules import variation


@frozen
class Pair:
    """A case, the case with its request changed, and the relations that compare the two."""

    base: Examined
    case: Case
    rules: tuple[str, ...]


class Pairs:
    """Makes pairs for the relations of one operation, and judges them."""

    def __init__(self, plan: Plan, trial: Trial, bench: Bench) -> None:
        """The relations are those among the rules of ``trial``; ``bench`` calls the system."""
        self._plan = plan
        self._space = trial.space
        self._bench = bench
        self.rules = {rule.id: rule for rule in trial.rules if rule.relation is not None}
        found = {name: variation(rule, plan.pack) for name, rule in self.rules.items()}
        self._changes = {name: change for name, change in found.items() if change is not None}
        self._valid = validator(trial.operation.request) if self.rules else None

    def plan(
        self,
        bases: Sequence[Examined],
        most: Mapping[str, int],
        *,
        number: int,
        chased: Mapping[int, str] | None = None,
    ) -> tuple[list[Examined], list[Pair]]:
        """The pairs of ``bases``, at most so many for each relation in ``most``, their cases counted from ``number``.

        ``chased`` gives the one relation for which a base, by the number of its case, was made.

        Relations that change a request alike share one call. A base that has no pair, since it was not answered or
        its request cannot be changed so, comes back with what that means for the relation.
        """
        left = dict(most)
        judged: list[Examined] = []
        pairs: list[Pair] = []
        for base in bases:
            alone: dict[str, Judgement] = {}
            made: dict[str, tuple[Varied, list[str]]] = {}
            wanted = {name for name, room in left.items() if room > 0} | {(chased or {}).get(base.case.number)}
            for rule in (name for name in self.rules if name in wanted):
                if not base.usable:
                    alone[rule] = when_no_answer(rule, base.reply.answer)
                elif (varied := self._varied(base.case, rule)) is None:
                    alone[rule] = Judgement(rule, Outcome.INAPPLICABLE)
                else:
                    left[rule] = left.get(rule, 0) - 1
                    made.setdefault(digest(varied.request), (varied, []))[1].append(rule)
            base = evolve(base, judgements={**base.judgements, **alone}) if alone else base
            judged.append(base)
            for sha256, (varied, rules) in made.items():
                pairs.append(Pair(base, _case(base.case, varied, sha256, number + len(pairs)), tuple(rules)))
        return judged, pairs

    def _varied(self, case: Case, rule: str) -> Varied | None:
        if self._space is None or self._valid is None:
            return None
        # The change depends on the request and on no run, so that a stored counterexample breaks again wherever it is.
        return vary(case, self._changes[rule], space=self._space, valid=self._valid, seed=self._plan.pack.id)

    def examine(self, pairs: Sequence[Pair]) -> list[Examined]:
        """Call the system with the changed requests and judge what comes back, in order.

        Of a changed request the two rules that every operation has are judged as well. No failure counts unless the
        oracle, asked both requests, meets the relation; or answers, where the system did not.
        """
        called = self._bench.settle([self._basic(e) for e in self._bench.call([pair.case for pair in pairs])])
        found = [self._judged(evolve(e, base=p.base), p.rules) for e, p in zip(called, pairs, strict=True)]
        shown = self._bench.consult([c for e in found if self._broken(e) for c in _cases(e)])
        return [self._witnessed(e, shown) if self._broken(e) else e for e in found]

    def _basic(self, e: Examined) -> Examined:
        """Only the rules that every operation has; a changed request is odd enough to ask whether it has an answer."""
        kept = {
            name: evolve(judgement, feasible=None)
            for name, judgement in e.judgements.items()
            if name not in self._plan.pack.rules
        }
        return evolve(e, judgements=kept)

    def _judged(self, e: Examined, rules: Sequence[str]) -> Examined:
        return evolve(e, judgements={**e.judgements, **{name: self._judgement(e, name) for name in rules}})

    def _judgement(self, e: Examined, name: str) -> Judgement:
        silent = next((one for one in (e.base, e) if one is not None and not one.usable), None)
        if silent is not None:
            return when_no_answer(name, silent.reply.answer)
        return decide(self._plan.programs[name].evaluate(e.environment), self.rules[name], generated=True, live=True)

    def _broken(self, e: Examined) -> list[str]:
        return [name for name in self.rules if name in e.judgements and e.judgements[name].outcome is Outcome.FAILED]

    def _witnessed(self, e: Examined, shown: Mapping[str, Examined]) -> Examined:
        broken = self._broken(e)
        before, after = (shown.get(case.sha256) for case in _cases(e))
        oracle = None
        if before is not None and after is not None:
            oracle = self._judged(evolve(after, base=before), broken)
        met = {
            name: oracle is not None
            and before is not None
            and before.usable
            and shows(oracle, oracle.judgements[name].outcome)
            for name in broken
        }
        settled = {name: evolve(e.judgements[name], feasible=met[name]) for name in broken}
        return evolve(e, judgements={**e.judgements, **settled}, oracle=oracle or e.oracle)


def _case(base: Case, varied: Varied, sha256: str, number: int) -> Case:
    return Case(
        number=number,
        operation=base.operation,
        stage=Stage.VARIED,
        request=varied.request,
        sha256=sha256,
        changed=varied.changed,
        in_envelope=base.in_envelope and varied.inside,
        base=base.number,
    )


def _cases(e: Examined) -> tuple[Case, Case]:
    """The cases of a pair: before the change and after it."""
    assert e.base is not None, "a pair has a base"  # noqa: S101
    return e.base.case, e.case
