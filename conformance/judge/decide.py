"""One rule on one case: from an evaluation, or from how the system behaved, to a judgement. Decisions 1 to 3, 6, 7."""

from __future__ import annotations

import math
from collections.abc import Sequence

from conformance.errors import Text
from conformance.judge.tally import OPEN
from conformance.model.json import JSON
from conformance.model.outcome import Evaluation, Judgement, Outcome, Reason
from conformance.model.quantity import convert, unit
from conformance.model.run import Answer, Reply
from conformance.model.standard import Figure, Rule
from conformance.rules.verdicts import RowVerdict

_SILENT = frozenset({Answer.TIMED_OUT, Answer.CRASHED, Answer.GARBAGE, Answer.TOO_LARGE, Answer.UNREACHABLE})


def decide(
    evaluation: Evaluation, rule: Rule, *, generated: bool, live: bool, uncertainty: float | None = None
) -> Judgement:
    """What ``rule`` says of one case. First that applies:

    1. ``when`` is False: inapplicable.
    2. the expression had no value: inconclusive with the evaluation's obstacle.
    3. ``when`` cannot be told: insufficient-data.
    4. the requirement is failed: failed. Vacuity never hides a failure.
    5. the limit could not bind: vacuous; where that cannot be told, a pass is insufficient-data.
    6. passed, within-uncertainty, or insufficient-data.

    ``uncertainty`` is the expanded uncertainty U of the margin in the margin's own unit, as a system or laboratory
    states it; by default the rule's. Guarded rules use it; a live system's answer to a generated request holds nothing
    measured, so there a guarded rule is simple unless an uncertainty is stated. Raises ValueError if U is negative.
    """

    def judged(outcome: Outcome, reason: Reason | None = None) -> Judgement:
        return Judgement(rule.id, outcome, reason, evaluation.margin, evaluation.missing)

    if evaluation.applies is False:
        return judged(Outcome.INAPPLICABLE)
    if evaluation.obstacle is not None:
        return judged(Outcome.INCONCLUSIVE, evaluation.obstacle)
    if evaluation.applies is None:
        return judged(Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA)
    measured = rule.decision == "guarded" and (uncertainty is not None or not (generated and live))
    outcome, reason = _guarded(evaluation, rule, uncertainty) if measured else _simple(evaluation)
    if outcome is not Outcome.FAILED and evaluation.binding is False:
        return judged(Outcome.INCONCLUSIVE, Reason.VACUOUS)
    if outcome is Outcome.PASSED and evaluation.binding is None:
        return judged(Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA)
    return judged(outcome, reason)


def _simple(evaluation: Evaluation) -> tuple[Outcome, Reason | None]:
    if evaluation.truth is None:
        return Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA
    return (Outcome.PASSED if evaluation.truth else Outcome.FAILED), None


def _guarded(evaluation: Evaluation, rule: Rule, stated: float | None) -> tuple[Outcome, Reason | None]:
    """Passed if the whole margin is over U, failed if it is all under -U (JCGM 106, ILAC-G8).

    A pass needs the uncertainty that was stated; a failure cannot be escaped by stating more than the rule's maximum.
    """
    margin = evaluation.margin
    if margin is None or evaluation.truth is None:  # Boolean, or data are missing: uncertainty has no part in it
        return _simple(evaluation)
    default, maximum = (rule.uncertainty.default, rule.uncertainty.maximum) if rule.uncertainty else (None, None)
    u = stated if stated is not None else _in(default, margin.unit)
    if u is None:  # nobody says how well this was measured
        return Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA
    if not u >= 0:
        raise ValueError(f"uncertainty is not negative: {u}")
    if u == 0:
        return _simple(evaluation)
    most = _in(maximum, margin.unit)
    to_fail = u if most is None else min(u, most)
    if evaluation.truth and margin.physical.low > u:
        return Outcome.PASSED, None
    if not evaluation.truth and margin.physical.high < -to_fail:
        return Outcome.FAILED, None
    return Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA if evaluation.missing else Reason.WITHIN_UNCERTAINTY


def _in(figure: Figure | None, symbol: str) -> float | None:
    if figure is None:
        return None
    return convert(float(figure.value), unit(figure.unit or "1"), unit(symbol))


def decide_rows(rule: str, verdict: RowVerdict) -> Judgement:
    """What ``rule`` says of a whole sequence of calls, from what it says of the rows. First that applies:

    1. a row failed: failed, with the margin of the worst one.
    2. a row stayed open: inconclusive, with the first reason in the order of `tally.OPEN`.
    3. a row passed: passed, with the margin nearest to the limit.
    4. the limit could not bind: vacuous.
    5. the rule applied to no row, or only where the end of the sequence cuts it off, which we chose: inapplicable.
    """
    counts = verdict.counts
    decisive = "failed" if counts.failed else "passed"
    margin = next((row.margin for row in verdict.worst if row.place == decisive), None)
    if counts.failed:
        return Judgement(rule, Outcome.FAILED, margin=margin)
    for reason, place in OPEN.items():
        if getattr(counts, place):
            return Judgement(rule, Outcome.INCONCLUSIVE, reason, margin)
    if counts.passed:
        return Judgement(rule, Outcome.PASSED, margin=margin)
    if counts.vacuous:
        return Judgement(rule, Outcome.INCONCLUSIVE, Reason.VACUOUS)
    return Judgement(rule, Outcome.INAPPLICABLE)


def answers(reply: Reply, *, rule: str, in_envelope: bool, oracle_answers: bool) -> Judgement:
    """The implicit rule ``answers``: a live system must answer.

    Crash, time-out, garbage, too much output and silence fail on any request. A refusal fails where the request is
    inside the declared envelope and the oracle answers it; elsewhere the case does not count.
    """
    if reply.answer is Answer.MISSING:
        return Judgement(rule, Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA)
    if reply.answer in _SILENT:
        return Judgement(rule, Outcome.FAILED, feasible=True)
    if reply.answer is Answer.REFUSED:
        counts = in_envelope and oracle_answers
        return Judgement(rule, Outcome.FAILED, feasible=True) if counts else Judgement(rule, Outcome.INAPPLICABLE)
    return Judgement(rule, Outcome.PASSED)


def response_valid(
    reply: Reply, complaints: Sequence[Text] = (), pairing: Sequence[Text] = (), *, rule: str, live: bool = True
) -> Judgement:
    """The implicit rule ``response-valid``: what is answered meets the response schema and pairs with the request.

    ``complaints`` are the validator's, ``pairing`` those of the rules that join two lists by key. A live answer with a
    number that is not finite fails, for JSON has none; recorded, it is missing data. A failure needs no oracle: to
    every request there is a valid answer, or a refusal.
    """
    if reply.answer is not Answer.ANSWERED:
        return when_no_answer(rule, reply.answer)
    if complaints or pairing or (live and not all_finite(reply.body)):
        return Judgement(rule, Outcome.FAILED, feasible=True)
    return Judgement(rule, Outcome.PASSED)


def when_no_answer(rule: str, answer: Answer = Answer.ANSWERED) -> Judgement:
    """What a rule says of a case when it needed an answer and there is none, or none that is valid.

    A refused case does not count for it; an exchange that was not recorded is insufficient-data; all else, a response
    that is not valid too, is a system-error.
    """
    if answer is Answer.REFUSED:
        return Judgement(rule, Outcome.INAPPLICABLE)
    reason = Reason.INSUFFICIENT_DATA if answer is Answer.MISSING else Reason.SYSTEM_ERROR
    return Judgement(rule, Outcome.INCONCLUSIVE, reason)


def all_finite(value: JSON) -> bool:
    """Whether no number in ``value`` is NaN or infinite. Walks without recursion: the value may be nested deeply."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, float) and not math.isfinite(item):
            return False
    return True
