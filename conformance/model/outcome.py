"""What a determination can say: outcomes, reasons, bases, margins (ISO/IEC 17000, ILAC-G8)."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Outcome(StrEnum):
    """What was determined of one rule or requirement."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    INAPPLICABLE = "inapplicable"
    UNTESTED = "untested"


class Reason(StrEnum):
    """Why an outcome is inconclusive; exactly one."""

    WITHIN_UNCERTAINTY = "within-uncertainty"
    INSUFFICIENT_DATA = "insufficient-data"
    VACUOUS = "vacuous"
    INFEASIBLE_REQUEST = "infeasible-request"
    NOT_COMPUTABLE = "not-computable"
    NO_LIMIT = "no-limit"
    SYSTEM_ERROR = "system-error"
    UNSTABLE = "unstable"
    UNCONFIRMED_SOURCE = "unconfirmed-source"


class Basis(StrEnum):
    """How well the figures that decide are known."""

    NORMATIVE = "normative"
    ADOPTED = "adopted"
    INDICATIVE = "indicative"

    @staticmethod
    def weakest(bases: list[Basis]) -> Basis:
        """The weakest of ``bases``; nothing used is nothing unread, so an empty list is normative."""
        order = (Basis.INDICATIVE, Basis.ADOPTED, Basis.NORMATIVE)
        return next((b for b in order if b in bases), Basis.NORMATIVE)


class Severity(StrEnum):
    """The consequence if a rule is broken."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    CATASTROPHIC = "catastrophic"


class Obligation(StrEnum):
    """How strongly a provision binds (ISO/IEC Directives Part 2, GB/T 1.1)."""

    SHALL = "shall"
    SHOULD = "should"
    MAY = "may"


@frozen
class Interval:
    """All the values that a quantity may have; one value when ``low == high``."""

    low: float
    high: float

    @staticmethod
    def point(value: float) -> Interval:
        """The interval that holds ``value`` alone."""
        return Interval(value, value)

    @property
    def is_point(self) -> bool:
        """Whether the value is known."""
        return self.low == self.high


@frozen
class Margin:
    """Signed distance to a limit; positive is good."""

    physical: Interval
    """The deciding comparison's distance, in ``unit``."""
    unit: str
    normalised: Interval
    """The same distance divided by the scale of that comparison."""
    atom: str
    """The text of the deciding comparison, as it stands in the rule."""
    at: tuple[tuple[str, str], ...] = ()
    """Which element decided: the loop variables of the rule and the id (or number) of the element each stood for."""


@frozen
class Sides:
    """The two values that the deciding comparison held against each other, in ``unit``."""

    left: float
    right: float
    unit: str
    at: tuple[tuple[str, str], ...] = ()
    """Which element decided, as in `Margin`."""


@frozen
class Slack:
    """Of one window of a percentile rule: how many samples may lie beyond the limit, and how many do."""

    allowed: int
    observed: int
    kth: float
    """The margin of the k-th worst sample, where ``allowed`` is k - 1: the one that decides, in the unit of value."""

    @property
    def count(self) -> int:
        """How many more samples may lie beyond the limit; below zero, too many do."""
        return self.allowed - self.observed


@frozen
class Evaluation:
    """What one rule says of one case, before anything is decided: three-valued truth beside an interval margin."""

    applies: bool | None
    """`when` in Kleene logic; None: it cannot be told."""
    binding: bool | None
    """`vacuous_unless` in Kleene logic: False when the limit could not bind."""
    truth: bool | None
    """`require` in Kleene logic."""
    margin: Margin | None
    """None when the rule does not apply or is Boolean."""
    missing: tuple[str, ...] = ()
    """Paths of the values that were missing and mattered."""
    obstacle: Reason | None = None
    """not-computable or no-limit, when the expression had no value at all."""


@frozen
class Judgement:
    """The outcome of one rule on one case."""

    rule: str
    outcome: Outcome
    reason: Reason | None = None
    margin: Margin | None = None
    missing: tuple[str, ...] = ()
    feasible: bool | None = None
    """Of a failure on a generated request: whether the oracle met the rule on that same request; None: not asked."""
