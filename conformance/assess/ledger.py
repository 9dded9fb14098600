"""What is kept of the cases of one operation: the record, each rule's counts, its worst case and smallest failure."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve

from conformance.assess.bench import Examined
from conformance.evidence import RecordWriter
from conformance.judge import Sequential, Tally, known
from conformance.model.outcome import Outcome
from conformance.model.run import Stage, Timing


class Ledger:
    """Writes down each case and what came of it. One thread writes."""

    def __init__(
        self,
        rules: Sequence[str],
        *,
        relations: Container[str],
        writer: RecordWriter,
        first_case: int,
        tests: Mapping[str, Sequential] | None = None,
    ) -> None:
        """``relations`` says which of ``rules`` compare two answers; ``first_case`` is the number of the first case.

        ``tests`` are what decides on the rules of an operation that answers by chance.
        """
        self._relations = relations
        self._writer = writer
        self.next_case = first_case
        """Number of the next case."""
        self.tallies = {rule: Tally(rule, test=(tests or {}).get(rule)) for rule in rules}
        self.worst: dict[str, Examined] = {}
        """Rule to its worst counted failure, else its nearest pass."""
        self.smallest: dict[str, Examined] = {}
        """Rule to its shrunk counterexample."""
        self.shrunk_from: dict[str, int] = {}
        """Rule to the number of the case that was shrunk."""
        self.found: dict[str, int] = {}
        """Rule to the number of its first counted failure."""

    def number(self) -> int:
        """A number for a new case."""
        self.next_case += 1
        return self.next_case - 1

    def keep(self, e: Examined, *, only: str | None = None) -> None:
        """Write down what came of a case, and count it for every rule, or for ``only`` one."""
        self._store(e)
        for rule, judgement in e.judgements.items():
            if only is not None and rule != only:
                continue
            case = e.case
            if e.base is not None and rule in self._relations:  # a pair is a case of the stage of its base
                case = evolve(case, stage=e.base.case.stage)
            self.tallies[rule].add(case, judgement, answer=e.reply.answer)
            if counts(e, rule):
                self.found.setdefault(rule, case.number)
            if case.stage is not Stage.CONFIRM and case.in_envelope and _nearer(e, self.worst.get(rule), rule):
                self.worst[rule] = e

    def _store(self, e: Examined) -> None:
        self._writer.observation(e.observation())
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._writer.timing(Timing("call", at, e.case.number, e.reply.latency_ns))
        if e.oracle is not None:
            self._writer.observation(evolve(e.oracle.observation(), case=e.case.number, of="oracle"))
            if e.base is not None and e.oracle.base is not None and e.base.oracle is None:
                self._writer.observation(evolve(e.oracle.base.observation(), case=e.base.case.number, of="oracle"))

    @property
    def margins(self) -> dict[str, float]:
        """Rule to its least normalised margin, where one is known."""
        found = {rule: known(e.judgements[rule].margin) for rule, e in self.worst.items()}
        return {rule: margin for rule, margin in found.items() if margin is not None}

    def broken(self, rule: str) -> bool:
        """Whether ``rule`` has a counted failure that is at hand."""
        return self.tallies[rule].counts.failed > 0 and rule in self.worst


def counts(e: Examined, rule: str) -> bool:
    """Whether ``e`` is a failure of ``rule`` that counts."""
    judgement = e.judgements[rule]
    witnessed = judgement.feasible is True or e.case.stage is Stage.RECORDED
    return judgement.outcome is Outcome.FAILED and witnessed and e.case.in_envelope


def _nearer(e: Examined, than: Examined | None, rule: str) -> bool:
    """Whether ``e`` shows ``rule`` at a worse place: counted failures before passes, then the smaller margin."""
    judgement = e.judgements[rule]
    if judgement.outcome is not Outcome.PASSED and not counts(e, rule):
        return False
    if than is None:
        return True
    mine, its = counts(e, rule), counts(than, rule)
    if mine is not its:
        return mine
    new, old = known(judgement.margin), known(than.judgements[rule].margin)
    return new is not None and (old is None or new < old)
