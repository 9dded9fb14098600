"""What a finding is to a machine that knows only a few words; nothing inconclusive is ever a success."""

from __future__ import annotations

from typing import Literal

from conformance.model.outcome import Obligation, Outcome
from conformance.model.run import Disposition, Finding

Level = Literal["failure", "error", "warning", "skipped", "pass"]
"""As JUnit has it, and ``warning`` for what is skipped there and yet to be looked at."""


def level(finding: Finding) -> Level:
    """Broken is a failure, an inconclusive ``shall`` an error; all else that is not a pass is skipped or a warning."""
    if finding.disposition is Disposition.BROKEN:
        return "failure"
    if finding.outcome is Outcome.PASSED:
        return "pass"
    if finding.disposition is Disposition.UNSURE and finding.outcome is Outcome.INCONCLUSIVE:
        return "error" if finding.obligation is Obligation.SHALL else "skipped"
    return "warning" if finding.disposition is Disposition.WARNING else "skipped"
