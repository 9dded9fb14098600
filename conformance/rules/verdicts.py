"""What a rule says of the rows of a table: exact counts by place, and the worst rows. All engines give the same."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from conformance.model.outcome import Margin
from conformance.model.run import Counts

Place: TypeAlias = Literal[
    "failed", "passed", "inapplicable", "vacuous", "not_computable", "no_limit", "insufficient", "uncertain", "cut"
]
PLACES: tuple[Place, ...] = (
    "failed", "passed", "inapplicable", "vacuous", "not_computable", "no_limit", "insufficient", "uncertain", "cut"
)  # fmt: skip
"""Where a row can stand in `Counts`, by the number that it has in SQL."""


@frozen
class WorstRow:
    """One of the worst rows of a rule."""

    key: tuple[object, ...]
    """The values of the key columns; instants in UTC nanoseconds."""
    place: Place
    """``failed`` or ``passed``."""
    margin: Margin | None
    """None where no comparison of quantities decides."""


@frozen
class RowVerdict:
    """What one rule says of all rows."""

    counts: Counts
    worst: tuple[WorstRow, ...]
    """Of the rows that failed or passed those with the least known margin: least first, then failures, then by key.
    A failure without a margin stands before all, a pass without one nowhere."""
