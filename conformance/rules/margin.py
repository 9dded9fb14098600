"""What a condition says: a three-valued truth beside an interval of normalised margins, and how conditions meet.

A comparison of quantities (an atom) has its distance to the limit divided by its scale. A condition without a distance
(a word, a Boolean field, ``==``) stands at plus infinity when true, at minus infinity when false and spans both when
unknown; so it decides by its truth alone, never lends a margin, and truth and sign of the margin never contradict:
a true verdict has no negative margin and a false one no positive margin. When such a condition decides, the rule has
no margin.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import NamedTuple

from attrs import frozen

from conformance.errors import Text

AT_LIMIT = 1e-9
"""A normalised margin within this distance of zero counts as exactly zero."""


@frozen
class Atom:
    """A comparison of quantities: its text, and its scale (a number of ``unit``)."""

    text: str
    unit: str
    scale: float


NO_ELEMENT = Atom("", "", 1.0)
"""In the place of an atom: what ``all`` over nothing says, which is true of nothing."""


class Verdict(NamedTuple):
    """What a condition says. ``atom`` is None where no quantity decides."""

    truth: bool | None
    low: float
    high: float
    atom: Atom | None = None
    at: tuple[tuple[str, str], ...] = ()


TRUE = Verdict(True, inf, inf)
FALSE = Verdict(False, -inf, -inf)
UNKNOWN = Verdict(None, -inf, inf)
VACUOUS = Verdict(True, inf, inf, NO_ELEMENT)


class NotComputable(Exception):
    """An expression has no value: division by zero, the least of nothing, overflow."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


class Unpaired(Exception):
    """Two lists that a rule joins do not match."""

    def __init__(self, reasons: list[Text]) -> None:
        super().__init__(*(r.en for r in reasons))
        self.reasons = reasons


def plain(truth: bool | None) -> Verdict:
    """The verdict of a condition without a distance."""
    return UNKNOWN if truth is None else TRUE if truth else FALSE


def distance(low: float, high: float, atom: Atom, strict: bool) -> Verdict:
    """The verdict of an atom whose normalised margin lies in [low, high]; a strict one fails at the limit."""
    low = 0.0 if -AT_LIMIT <= low <= AT_LIMIT else low
    high = 0.0 if -AT_LIMIT <= high <= AT_LIMIT else high
    if strict:
        truth = True if low > 0 else False if high <= 0 else None
    else:
        truth = True if low >= 0 else False if high < 0 else None
    return Verdict(truth, low, high, atom)


def negated(verdict: Verdict) -> Verdict:
    """``not``: the opposite truth and the mirrored margin."""
    truth, low, high, atom, at = verdict
    return Verdict(None if truth is None else not truth, -high, -low, atom, at)


def precedence(verdict: Verdict) -> tuple[bool, bool]:
    """Of verdicts with equal margins the one that explains most goes first: with a quantity, then any element."""
    return verdict.atom is None or verdict.atom is NO_ELEMENT, verdict.atom is NO_ELEMENT


def meet(verdicts: Iterable[Verdict]) -> Verdict:
    """``and``: Kleene truth, least margin, and the atom that decides. Of nothing: `VACUOUS`."""
    kept: list[Verdict] = []
    for verdict in verdicts:
        if verdict.high == -inf and verdict.atom is None:
            return verdict  # nothing can be worse; what follows need not even be computable
        kept.append(verdict)
    if len(kept) < 2:
        return kept[0] if kept else VACUOUS
    truths = {v.truth for v in kept}
    truth = False if False in truths else None if None in truths else True
    low, high = min(v.low for v in kept), min(v.high for v in kept)
    decider = min(
        (v for v in kept if v.low <= high), key=lambda v: (*precedence(v), v.low, v.high, v.truth is not False)
    )
    return Verdict(truth, low, high, decider.atom, decider.at)


def join(verdicts: Iterable[Verdict]) -> Verdict:
    """``or``: the mirror of `meet`. Of nothing: `FALSE`."""
    found = meet(negated(v) for v in verdicts)
    return FALSE if found is VACUOUS else negated(found)


def either(one: Verdict, other: Verdict) -> Verdict:
    """What is known when the verdict is one of two."""
    low, high = min(one.low, other.low), max(one.high, other.high)
    decider = min((one, other), key=lambda v: (*precedence(v), v.low))
    return Verdict(one.truth if one.truth == other.truth else None, low, high, decider.atom, decider.at)
