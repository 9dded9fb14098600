"""Indicators of what may still be unseen. They are computed from a record on request, and decide nothing."""

from __future__ import annotations

from attrs import frozen


@frozen
class Unseen:
    """How likely the next case is to show a class of behaviour that no case has shown yet."""

    cases: int
    classes: int
    once: int
    """Classes that one case alone has shown."""

    @property
    def share(self) -> float:
        """Good-Turing estimate: ``once / cases``.

        Source: I. J. Good, Biometrika 40 (1953) 237-264; for testing M. Boehme, STADS, ACM TOSEM 27 (2018).
        """
        return self.once / self.cases


@frozen
class Tail:
    """A generalised Pareto distribution fitted to the margins of one rule that lie below ``threshold``."""

    rule: str
    cases: int
    threshold: float
    """Normalised margin; ``fitted`` of the cases lie below it."""
    fitted: int
    shape: float
    """Below 0 the tail has an end; the larger, the heavier it is."""
    scale: float
    beyond: float
    """The share of cases beyond the limit, by the fit."""
    least: float
    """The least normalised margin that was seen."""


@frozen
class Indicators:
    """All indicators of one operation, from its independent sample."""

    operation: str
    unseen: Unseen
    tails: tuple[Tail, ...]
    """Of the rules whose margins can be fitted, the likeliest to be broken first."""
