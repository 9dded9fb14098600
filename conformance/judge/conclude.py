"""One rule over all cases: from a tally to a finding. Decisions 4, 5, 6, 8, 11, 12."""

from __future__ import annotations

from conformance.errors import Text
from conformance.judge.repeats import repeats
from conformance.judge.risk import risk
from conformance.judge.rollup import Command, disposition
from conformance.judge.statement import Scope, Shown, statement
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
    scope: Scope | None = None,
    waived: Waived | None = None,
) -> Finding:
    """The finding on ``subject``.

    ``number`` is the finding's own. ``canary`` says whether the rule failed on its own failing example in this run
    (leave it True for an implicit rule). ``generated`` says whether requests are generated; by default what the tally
    saw. ``worst`` is the case with the smallest margin, ``smallest`` the counterexample shrunk toward nominal, ``rows``
    are the worst rows of a rule on a table. ``surface`` is what the rule speaks of; ``absent`` says so when the system
    does not bring it. ``scope`` is the input space that cases were drawn from. ``waived`` is a waiver that is in force.
    Implicit rules and a missing capability rest on no figure: they are normative whatever ``basis`` says.
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
        scope=scope,
        sequential=tally.sequential,
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
        repeats=repeats([tally], evidence.confidence),
        sequential=tally.sequential,
    )


def verdict(
    tally: Tally, *, generated: bool, evidence: Evidence, canary: bool = True, claim: Claim = Claim.DECLARED
) -> tuple[Outcome, Reason | None]:
    """Outcome and reason over all cases, before the basis is asked. First that applies:

    ====  ============================================================  =========================================
    1     optional capability that is not declared                      inapplicable
    2     mandatory capability that is not declared                     failed
    3     the canary did not fail: the instrument is out of order       inconclusive: not-computable
    4     answers by chance: a counted failure that came again in       failed
          every repeat, or the sequential test rejects
    5     answers by chance: the sequential test accepts                passed
    6     answers by chance, counted failures: the repeats differ       inconclusive: unstable
    7     answers by chance, counted failures: all else                 inconclusive: insufficient-data
    8     counted failures, none of which came again when repeated      inconclusive: unstable
    9     a counted failure, also one that came again only sometimes    failed
    10    no case inside the envelope                                   untested
    11    ``when`` never true, on generated input                       untested
    12    ``when`` never true, on recorded input                        inapplicable (all refused: untested)
    13    else only windows that an end of the recording cuts off       inconclusive: insufficient-data
    14    nothing passed, failures without a compliant answer known     inconclusive: infeasible-request
    15    nothing passed, the limit could not bind, nothing open        inconclusive: vacuous
    16    open cases, on recorded input or where evidence is not met    inconclusive: the first of system-error,
                                                                        not-computable, no-limit,
                                                                        insufficient-data, within-uncertainty
    17    evidence not met, on generated input                          inconclusive: insufficient-data
    18    else                                                          passed
    ====  ============================================================  =========================================

    An operation answers by chance where the pack or the system says so (docs/decisions/0011); its tally has a test.
    Evidence is met when the upper bound on the failure rate, from the independent sample inside the envelope and with
    each open case taken for a failure, is no more than the evidence demands; where a test decides, when that accepts.
    """
    if claim is not Claim.DECLARED:
        return (Outcome.FAILED if claim is Claim.MISSING else Outcome.INAPPLICABLE), None
    if not canary:
        return Outcome.INCONCLUSIVE, Reason.NOT_COMPUTABLE
    counts = tally.counts
    if tally.test is not None and (by_chance := _by_chance(tally)) is not None:
        return by_chance
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


def _by_chance(tally: Tally) -> tuple[Outcome, Reason | None] | None:
    """The verdict on an operation that answers by chance; None while it has neither failed nor been tested to the end.

    One failure says little of such a system, so the rate decides; but a request on which it fails every time is no
    matter of chance.
    """
    failed = tally.counts.failed > 0
    decision = tally.sequential.decision if tally.sequential else "continue"
    if decision == "reject" or (failed and tally.reliable):
        return Outcome.FAILED, None
    if decision == "accept":
        return Outcome.PASSED, None
    if not failed:
        return None
    return Outcome.INCONCLUSIVE, Reason.UNSTABLE if tally.repeats else Reason.INSUFFICIENT_DATA


def confirmed(
    outcome: Outcome, reason: Reason | None, *, basis: Basis, command: Command
) -> tuple[Outcome, Reason | None]:
    """Decision 8: what rests on figures that nobody has confirmed certifies neither a pass nor a failure."""
    if command == "certify" and basis is Basis.INDICATIVE and outcome in (Outcome.PASSED, Outcome.FAILED):
        return Outcome.INCONCLUSIVE, Reason.UNCONFIRMED_SOURCE
    return outcome, reason


def bound_of(tally: Tally, evidence: Evidence) -> Bound | None:
    """What the independent sample alone shows; None when no independent case counts.

    None too where a sequential test decides: when it stops depends on the failures, and such a bound would be wrong.

    ``cases`` and ``failures`` are those that were decided. In ``upper`` each open case is taken for a failure, so that
    leaving data out never helps.
    """
    if tally.test is not None:
        return None
    failures = tally.independent["failed"]
    decided = failures + tally.independent["passed"]
    undecided = sum(open_cases(tally.independent).values())
    if decided + undecided == 0:
        return None
    upper = clopper_pearson_upper(failures + undecided, decided + undecided, evidence.confidence)
    return Bound(decided, failures, evidence.confidence, upper, evidence.failure_rate)
