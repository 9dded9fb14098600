"""What findings mean: disposition, roll-up to requirements, exit code. Decision 10; docs/outcomes.md is its table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from conformance.judge.subject import RuleStatus
from conformance.model.outcome import Basis, Obligation, Outcome, Reason
from conformance.model.run import Disposition, Finding, RequirementResult
from conformance.model.standard import Pack

Command = Literal["run", "certify", "test", "demo"]

ROLL_UP = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.UNTESTED, Outcome.PASSED, Outcome.INAPPLICABLE)
"""The first that any rule of a requirement has is the requirement's."""

_WORST_FIRST = (
    Disposition.BROKEN,
    Disposition.UNSURE,
    Disposition.WARNING,
    Disposition.WAIVED,
    Disposition.OK,
    Disposition.NOTE,
)
_ONLY_STRICT = (Reason.VACUOUS, Reason.UNCONFIRMED_SOURCE)


def decides(status: RuleStatus, command: Command) -> bool:
    """Whether rules of this status decide: drafts and experiments never, rules under watch not in ``certify``."""
    return status == "stable" or (status == "watch" and command != "certify")


def disposition(
    outcome: Outcome,
    reason: Reason | None = None,
    *,
    basis: Basis,
    obligation: Obligation,
    status: RuleStatus = "stable",
    command: Command = "run",
    waived: bool = False,
) -> Disposition:
    """What a finding means for the reader and the exit code.

    In ``certify`` an indicative pass or failure is unconfirmed; a ``reason`` changes nothing else here, for it is only
    the exit code that sets vacuous and unconfirmed findings apart.
    """
    if outcome is Outcome.INAPPLICABLE:
        return Disposition.NOTE
    unconfirmed = command == "certify" and basis is Basis.INDICATIVE and reason is None
    if outcome is Outcome.PASSED and not unconfirmed:
        return Disposition.OK
    binds = obligation is Obligation.SHALL and decides(status, command)
    if outcome is Outcome.FAILED and not unconfirmed:
        if waived:
            return Disposition.WAIVED
        advice = obligation is Obligation.MAY or status == "withdrawn"
        return Disposition.BROKEN if binds else Disposition.NOTE if advice else Disposition.WARNING
    if not binds:
        return Disposition.NOTE
    return Disposition.WAIVED if waived else Disposition.UNSURE


def requirement_results(pack: Pack, findings: Iterable[Finding], *, command: Command) -> tuple[RequirementResult, ...]:
    """Each requirement of ``pack`` with the roll-up of its rules' findings.

    Rules that do not decide speak only where no rule that decides has a finding. A requirement whose rules all are out
    of scope is untested, and so is one that an assessor has to look at.
    """
    every = tuple(findings)
    results = []
    for requirement in pack.requirements.values():
        own = [f for f in every if requirement.id in f.requirements]
        own = [f for f in own if f.rule in pack.rules and decides(pack.rules[f.rule].status, command)] or own
        if not own:
            by_hand = requirement.automation == "manual"
            left = Disposition.BY_HAND if by_hand else Disposition.NOTE
            results.append(RequirementResult(requirement.id, Outcome.UNTESTED, Basis.NORMATIVE, left))
            continue
        outcome = next(o for o in ROLL_UP if any(f.outcome is o for f in own))
        basis = Basis.weakest([f.basis for f in own if f.outcome is outcome])
        worst = next(d for d in _WORST_FIRST if any(f.disposition is d for f in own))
        results.append(RequirementResult(requirement.id, outcome, basis, worst))
    return tuple(results)


def by_hand(pack: Pack) -> int:
    """How many ``shall`` requirements of ``pack`` an assessor has to look at."""
    return sum(r.automation == "manual" and r.obligation is Obligation.SHALL for r in pack.requirements.values())


def exit_code(
    findings: Iterable[Finding],
    *,
    command: Command = "run",
    strict: bool = False,
    by_hand: int = 0,
    unusable: bool = False,
    unverified: bool = False,
) -> int:
    """The exit code; the first that applies.

    2 usage, configuration or rule file (``unusable``); 4 evidence does not verify (``unverified``); 1 nonconformity in
    an automated ``shall`` rule; 5 nothing was tested: no rule of the pack itself has a case; 3 an automated ``shall``
    rule is inconclusive or untested (vacuous and unconfirmed ones, and the ``by_hand`` requirements that wait for an
    assessor, only with ``strict``, which ``certify`` always is); 0 none found.
    """
    if unusable:
        return 2
    if unverified:
        return 4
    every = tuple(findings)
    if any(f.disposition is Disposition.BROKEN for f in every):
        return 1
    if all(f.implicit or f.outcome in (Outcome.UNTESTED, Outcome.INAPPLICABLE) for f in every):
        return 5
    severe = strict or command == "certify"
    unsure = [f for f in every if f.disposition is Disposition.UNSURE]
    if any(severe or f.reason not in _ONLY_STRICT for f in unsure) or (severe and by_hand):
        return 3
    return 0
