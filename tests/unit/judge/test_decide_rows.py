"""What a rule says of the rows of a sequence becomes one judgement of the case."""

from __future__ import annotations

import pytest

from conformance.judge import decide_rows
from conformance.model.outcome import Interval, Margin, Outcome, Reason
from conformance.model.run import Counts
from conformance.rules.verdicts import RowVerdict, WorstRow


def margin(value: float) -> Margin:
    return Margin(Interval.point(value), "s", Interval.point(value), "a <= b")


@pytest.mark.parametrize(
    ("counts", "outcome", "reason"),
    [
        (Counts(cases=9, failed=1, passed=4, insufficient=3, cut=1), Outcome.FAILED, None),
        (Counts(cases=9, passed=8, not_computable=1), Outcome.INCONCLUSIVE, Reason.NOT_COMPUTABLE),
        (Counts(cases=9, passed=6, no_limit=2, insufficient=1), Outcome.INCONCLUSIVE, Reason.NO_LIMIT),
        (Counts(cases=9, passed=8, insufficient=1), Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA),
        (Counts(cases=9, passed=8, uncertain=1), Outcome.INCONCLUSIVE, Reason.WITHIN_UNCERTAINTY),
        (Counts(cases=9, passed=1, vacuous=3, inapplicable=2, cut=3), Outcome.PASSED, None),
        (Counts(cases=9, vacuous=1, inapplicable=8), Outcome.INCONCLUSIVE, Reason.VACUOUS),
        (Counts(cases=9, inapplicable=9), Outcome.INAPPLICABLE, None),
        (Counts(cases=9, inapplicable=4, cut=5), Outcome.INAPPLICABLE, None),
        (Counts(), Outcome.INAPPLICABLE, None),
    ],
)
def test_a_failure_comes_first_and_what_is_open_is_never_passed(
    counts: Counts, outcome: Outcome, reason: Reason | None
) -> None:
    judgement = decide_rows("x/y", RowVerdict(counts, ()))
    assert (judgement.outcome, judgement.reason) == (outcome, reason)


def test_the_margin_is_that_of_the_worst_row_that_decides() -> None:
    passed, failed = WorstRow((1,), "passed", margin(-0.1)), WorstRow((2,), "failed", margin(-0.05))
    worst = decide_rows("x/y", RowVerdict(Counts(cases=2, passed=1, failed=1), (passed, failed)))
    assert worst.margin == margin(-0.05)
    near = decide_rows("x/y", RowVerdict(Counts(cases=1, passed=1), (passed,)))
    assert near.margin == margin(-0.1)
