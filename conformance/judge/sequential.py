"""Wald's sequential test: how many failures a system that answers by chance may show, case by case.

Source: A. Wald, Sequential Tests of Statistical Hypotheses, Annals of Mathematical Statistics 16 (1945) 117-186. The
test weighs after each independent case whether a failure rate of at least ``p1`` or of at most ``p0`` explains better
what was seen, and stops as soon as one of them does so well enough.
"""

from __future__ import annotations

import math

from attrs import frozen

from conformance.model.run import Decision
from conformance.model.standard import Evidence

RATIO = 10.0
"""A system must be so many times better than the failure rate that is to be excluded, to be sure to be accepted."""


@frozen
class Sequential:
    """The test of p <= ``p0`` against p >= ``p1``. ``alpha`` and ``beta`` set its thresholds; all are shares in (0, 1).

    Raises ValueError unless 0 < p0 < p1 < 1, both errors are in (0, 1), and alpha + beta < 1.

    >>> test = Sequential(1e-3, 1e-2, 0.05, 0.05)
    >>> test.cases_to_accept, test.decision(0, 325), test.decision(0, 326), test.decision(2, 20)
    (326, 'continue', 'accept', 'reject')
    """

    p0: float
    p1: float
    alpha: float
    beta: float

    def __attrs_post_init__(self) -> None:
        errors = (self.alpha, self.beta, self.alpha + self.beta)
        if not 0 < self.p0 < self.p1 < 1 or not all(0 < share < 1 for share in errors):
            raise ValueError(f"no sequential test: {self.p0}, {self.p1}, {self.alpha}, {self.beta}")

    @staticmethod
    def of(evidence: Evidence) -> Sequential:
        """The test that shows what ``evidence`` demands: p1 is its failure rate, p0 a tenth of that.

        beta is (1 - confidence) confidence, so that `wrong_acceptance` is no more than 1 - confidence.
        """
        doubt = round(1 - evidence.confidence, 12)
        return Sequential(evidence.failure_rate / RATIO, evidence.failure_rate, doubt, doubt * (1 - doubt))

    @property
    def wrong_acceptance(self) -> float:
        """Upper bound on the chance to accept a system that fails at ``p1`` or more: beta / (1 - alpha)."""
        return self.beta / (1 - self.alpha)

    @property
    def wrong_rejection(self) -> float:
        """Upper bound on the chance to reject a system that fails at ``p0`` or less: alpha / (1 - beta)."""
        return self.alpha / (1 - self.beta)

    @property
    def cases_to_accept(self) -> int:
        """After how many cases without a failure it accepts."""
        n = max(math.floor(math.log(self.wrong_acceptance) / self._weight(0, 1)), 1)
        while self.decision(0, n) != "accept":  # the quotient of two rounded logarithms may be one short
            n += 1
        return n

    def decision(self, failures: int, cases: int, *, undecided: int = 0) -> Decision:
        """What ``failures`` in ``cases`` say, ``undecided`` of the cases being open.

        An open case is taken for a failure before a system is accepted and for a pass before it is rejected, so that
        leaving data out never helps. The first decision other than ``continue`` stands: ask after every case.
        Raises ValueError unless 0 <= failures + undecided <= cases.
        """
        if failures < 0 or undecided < 0 or failures + undecided > cases:
            raise ValueError(f"{failures} failures and {undecided} undecided in {cases} cases")
        if self._weight(failures + undecided, cases) <= math.log(self.wrong_acceptance):
            return "accept"
        return "reject" if self._weight(failures, cases) >= -math.log(self.wrong_rejection) else "continue"

    def _weight(self, failures: int, cases: int) -> float:
        """Logarithm of the likelihood ratio of p1 to p0."""
        passed = math.log1p(-self.p1) - math.log1p(-self.p0)
        return failures * math.log(self.p1 / self.p0) + (cases - failures) * passed
