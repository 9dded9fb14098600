"""Verdicts over the rows of a recorded table."""

from __future__ import annotations

import pytest

from conformance.judge import Tally, verdict
from conformance.model.outcome import Interval, Margin, Outcome, Reason
from conformance.model.run import Counts
from conformance.model.standard import Evidence
from conformance.rules.verdicts import RowVerdict, WorstRow


def judged(**places: int) -> tuple[Outcome, Reason | None]:
    tally = Tally("x/y")
    tally.add_rows(RowVerdict(Counts(cases=sum(places.values()), **places), ()))
    return verdict(tally, generated=False, evidence=Evidence())


@pytest.mark.parametrize(
    ("places", "outcome", "reason"),
    [
        ({}, Outcome.UNTESTED, None),
        ({"passed": 3}, Outcome.PASSED, None),
        ({"passed": 3, "cut": 2}, Outcome.PASSED, None),
        ({"passed": 3, "inapplicable": 2}, Outcome.PASSED, None),
        ({"passed": 3, "failed": 1, "insufficient": 5}, Outcome.FAILED, None),
        ({"failed": 1, "cut": 5}, Outcome.FAILED, None),
        ({"passed": 3, "insufficient": 1}, Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA),
        ({"passed": 3, "uncertain": 1}, Outcome.INCONCLUSIVE, Reason.WITHIN_UNCERTAINTY),
        ({"cut": 2}, Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA),
        ({"cut": 2, "inapplicable": 4}, Outcome.INAPPLICABLE, None),
        ({"cut": 2, "vacuous": 4}, Outcome.INCONCLUSIVE, Reason.VACUOUS),
        ({"cut": 2, "insufficient": 1}, Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA),
        ({"inapplicable": 4}, Outcome.INAPPLICABLE, None),
        ({"vacuous": 4}, Outcome.INCONCLUSIVE, Reason.VACUOUS),
        ({"no_limit": 4}, Outcome.INCONCLUSIVE, Reason.NO_LIMIT),
        ({"not_computable": 1, "passed": 9}, Outcome.INCONCLUSIVE, Reason.NOT_COMPUTABLE),
    ],
)
def test_rows_decide_by_where_they_stand(places: dict[str, int], outcome: Outcome, reason: Reason | None) -> None:
    assert judged(**places) == (outcome, reason)


def test_the_worst_rows_keep_their_order() -> None:
    def row(place: str, margin: float) -> WorstRow:
        return WorstRow((margin,), place, Margin(Interval.point(margin), "V", Interval.point(margin), "a <= b"))  # type: ignore[arg-type]

    tally = Tally("x/y")
    tally.add_rows(
        RowVerdict(Counts(cases=4, failed=2, passed=2), (row("failed", -2), row("failed", -1), row("passed", 1)))
    )
    assert [j.margin.physical.low for _, j in tally.failing if j.margin] == [-2, -1]
    assert [number for number, _ in tally.passing] == [3]
    assert tally.of_rows
