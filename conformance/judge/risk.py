"""Severity beside likelihood (no single score)."""

from __future__ import annotations

from conformance.judge.tally import known
from conformance.model.outcome import Margin, Severity
from conformance.model.run import Bound, Risk


def risk(severity: Severity, *, bound: Bound | None, nominal: Margin | None, worst: Margin | None) -> Risk:
    """The risk of a finding.

    ``margin_used`` is 1 - worst / nominal of the normalised margins: the share of the distance from nominal to the
    limit that the worst case uses up. None unless both are known and the nominal request is inside the limit.
    """
    start, end = known(nominal), known(worst)
    used = 1 - end / start if start is not None and end is not None and start > 0 else None
    return Risk(severity, bound.upper if bound else None, used)
