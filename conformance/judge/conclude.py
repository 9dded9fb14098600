"""One rule over all cases: from a tally to a finding. Decisions 4, 5, 6, 8, 11, 12."""

from __future__ import annotations

from conformance.errors import Text
from conformance.judge.risk import risk
from conformance.judge.rollup import Command, disposition
from conformance.judge.statement import Shown, statement
from conformance.judge.statistics import clopper_pearson_upper
from conformance.judge.subject import Claim, Subject
from conformance.judge.tally import Tally, open_cases
from conformance.model.outcome import Basis, Outcome, Reason
from conformance.model.run import Bound, Disposition, Finding, Waived, Witness
from conformance.model.standard import Evidence


def conclude(
    subject: Subject,
    tally: Tally,
    *,
    number: int,
    basis: Basis,
    command: Command,
    evidence: Evidence,
    canary: bool = True,
    generated: bool | None = None,
    claim: Claim = Claim.DECLARED,
    worst: Witness | None = None,
    smallest: Witness | None = None,
    rows: tuple[Witness, ...] = (),
    surface: str = "",
    absent: Text | None = None,
    waived: Waived | None = None,
) -> Finding:
    """The finding on ``subject``.

    ``number`` is the finding's own. ``canary`` says whether the rule failed on its own failing example in this run
    (leave it True for an implicit rule). ``generated`` says whether requests are generated; by default what the tally
    saw. ``worst`` is the case with the smallest margin, ``smallest`` the counterexample shrunk toward nominal, ``rows``
    are the worst rows of a rule on a table. ``surface`` is what the rule speaks of; ``absent`` says so when the system
    does not bring it. ``waived`` is a waiver that is in force. Implicit rules and a missing capability rest on no
    figure: they are normative whatever ``basis`` says.
    """
    drawn = tally.generated if generated is None else generated
    known = Basis.NORMATIVE if subject.implicit or claim is Claim.MISSING else basis
    found, why = verdict(tally, generated=drawn, evidence=evidence, canary=canary, claim=claim)
    outcome, reason = confirmed(found, why, basis=known, command=command)
    bound = bound_of(tally, evidence) if drawn else None
    start = tally.nominal
    shown = Shown(
        counts=tally.counts,
        independent=tally.independent,
        bound=bound,
        evidence=evidence,
        generated=drawn,
        canary=canary,
        claim=claim,
        capability=subject.capability,
        repeats=tally.repeats,
        repeated=tally.repeated,
        nominal_failed=bool(start and start.outcome is Outcome.FAILED and start.feasible is not False),
        rows=tally.of_rows,
        absent=absent,
    )
    first = (tally.failing or tally.passing or (None,))[0]
    margin = worst.margin if worst else first[1].margin if first else None
    settled = disposition(
        outcome,
        reason,
        basis=known,
        obligation=subject.obligation,
        status=subject.status,
        command=command,
        waived=waived is not None,
    )
    return Finding(
        number=number,
        rule=subject.rule,
        title=subject.title,
        requirements=subject.requirements,
        obligation=subject.obligation,
        severity=subject.severity,
        outcome=outcome,
        basis=known,
        counts=tally.counts,
        statement=statement(found, why, shown, unconfirmed=outcome is not found),
        disposition=settled,
        reason=reason,
        worst=worst,
        smallest=smallest,
        bound=bound,
        risk=risk(subject.severity, bound=bound, nominal=start.margin if start else None, worst=margin),
        nominal=start,
        waived=waived if settled is Disposition.WAIVED else None,
        implicit=subject.implicit,
        surface=surface,
        recorded=not drawn and absent is None,
        rows=rows,
    )


def verdict(
    tally: Tally, *, generated: bool, evidence: Evidence, canary: bool = True, claim: Claim = Claim.DECLARED
) -> tuple[Outcome, Reason | None]:
    """Outcome and reason over all cases, before the basis is asked. First that applies:

    ====  ============================================================  =========================================
    1     optional capability that is not declared                      inapplicable
    2     mandatory capability that is not declared                     failed
    3     the canary did not fail: the instrument is out of order       inconclusive: not-computable
    4     counted failures, none of which came again when repeated      inconclusive: unstable
    5     a counted failure                                             failed
    6     no case inside the envelope                                   untested
    7     ``when`` never true, on generated input                       untested
    8     ``when`` never true, on recorded input                        inapplicable (all refused: untested)
    9     else only windows that an end of the recording cuts off       inconclusive: insufficient-data
    10    nothing passed, failures without a compliant answer known     inconclusive: infeasible-request
    11    nothing passed, the limit could not bind, nothing open        inconclusive: vacuous
    12    open cases, on recorded input or where evidence is not met    inconclusive: the first of system-error,
                                                                        not-computable, no-limit,
                                                                        insufficient-data, within-uncertainty
    13    evidence not met, on generated input                          inconclusive: insufficient-data
    14    else                                                          passed
    ====  ============================================================  =========================================

    Evidence is met when the upper bound on the failure rate, from the independent sample inside the envelope and with
    each open case taken for a failure, is no more than the evidence demands.
    """
    if claim is not Claim.DECLARED:
        return (Outcome.FAILED if claim is Claim.MISSING else Outcome.INAPPLICABLE), None
    if not canary:
        return Outcome.INCONCLUSIVE, Reason.NOT_COMPUTABLE
    counts = tally.counts
    if counts.failed:
        return (Outcome.INCONCLUSIVE, Reason.UNSTABLE) if tally.unstable else (Outcome.FAILED, None)
    inside = counts.cases - counts.outside
    if inside - counts.inapplicable - counts.refused - counts.cut == 0:
        if counts.inapplicable and not generated:
            return Outcome.INAPPLICABLE, None
        return (Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA) if counts.cut else (Outcome.UNTESTED, None)
    bound = bound_of(tally, evidence)
    sampled = bound is not None and bound.upper <= evidence.failure_rate
    open_ = open_cases(tally.independent if generated else tally.places) or open_cases(tally.places)
    if not counts.passed and counts.infeasible:
        return Outcome.INCONCLUSIVE, Reason.INFEASIBLE_REQUEST
    if not counts.passed and not open_:
        return Outcome.INCONCLUSIVE, Reason.VACUOUS
    if generated and sampled:
        return Outcome.PASSED, None
    if open_ and (not generated or tally.independent.total() == 0 or open_cases(tally.independent)):
        return Outcome.INCONCLUSIVE, next(iter(open_))
    return (Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA) if generated else (Outcome.PASSED, None)


def confirmed(
    outcome: Outcome, reason: Reason | None, *, basis: Basis, command: Command
) -> tuple[Outcome, Reason | None]:
    """Decision 8: what rests on figures that nobody has confirmed certifies neither a pass nor a failure."""
    if command == "certify" and basis is Basis.INDICATIVE and outcome in (Outcome.PASSED, Outcome.FAILED):
        return Outcome.INCONCLUSIVE, Reason.UNCONFIRMED_SOURCE
    return outcome, reason


def bound_of(tally: Tally, evidence: Evidence) -> Bound | None:
    """What the independent sample alone shows; None when no independent case counts.

    ``cases`` and ``failures`` are those that were decided. In ``upper`` each open case is taken for a failure, so that
    leaving data out never helps.
    """
    failures = tally.independent["failed"]
    decided = failures + tally.independent["passed"]
    undecided = sum(open_cases(tally.independent).values())
    if decided + undecided == 0:
        return None
    upper = clopper_pearson_upper(failures + undecided, decided + undecided, evidence.confidence)
    return Bound(decided, failures, evidence.confidence, upper, evidence.failure_rate)
