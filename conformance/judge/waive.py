"""Waivers: approved, dated, expiring exceptions. They change a disposition, never an outcome."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import field, frozen

from conformance.model.outcome import Outcome
from conformance.model.run import Finding, Waived


def _with_zone(_: Waiver, __: object, value: datetime) -> None:
    if value.tzinfo is None:
        raise ValueError("a waiver ends at an instant: its time needs a zone")


@frozen(kw_only=True)
class Waiver:
    """One exception, as a waivers file states it."""

    rule: str
    reason: str
    approver: str
    until: datetime = field(validator=_with_zone)
    """The first instant at which it is no longer in force."""

    def waived(self) -> Waived:
        """The form that a finding carries."""
        return Waived(self.reason, self.approver, self.until.isoformat())


def applies(waiver: Waiver, finding: Finding, *, now: datetime) -> bool:
    """Whether ``waiver`` is in force at ``now`` (with a zone) and ``finding`` is one that needs it."""
    needs_one = finding.outcome not in (Outcome.PASSED, Outcome.INAPPLICABLE)
    return waiver.rule == finding.rule and needs_one and now < waiver.until


def in_force(waivers: Iterable[Waiver], rule: str, *, now: datetime) -> Waived | None:
    """The waiver of ``rule`` that lasts longest among those in force at ``now`` (with a zone); None: there is none."""
    valid = [w for w in waivers if w.rule == rule and now < w.until]
    return max(valid, key=lambda w: w.until).waived() if valid else None
