"""What parts of an expression are in SQL, and how conditions meet there, as in `conformance.rules.margin`.

Null are only the truth of a condition (unknown), a word (missing) and an atom (none decides).
Where ``bad`` is true the part is not computable, and its other expressions mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from attrs import evolve, frozen
from sqlglot import exp

from conformance.engines.sql.sheet import (
    FALSE,
    INF,
    MINUS_INF,
    NULL,
    TRUE,
    Sheet,
    Term,
    both,
    case,
    finite,
    fixed,
    least,
    negation,
    one_of,
)


@frozen
class Number:
    """A number lies in [low, high]. A ``loose`` one is a point that is not finite where it is not computable."""

    low: Term
    high: Term
    bad: Term = FALSE
    loose: bool = False
    size: float = inf
    """No row has a greater magnitude; a number with a finite one is computable."""

    @property
    def point(self) -> bool:
        """Whether both ends are one expression, so that no row widens it."""
        return self.low == self.high

    @property
    def known(self) -> Term:
        """Whether both ends are the same in a row."""
        return TRUE if self.point else self.low.eq(self.high)

    def settled(self) -> Number:
        """The same, with ``bad`` telling all."""
        return Number(self.low, self.high, one_of(self.bad, negation(finite(self.low)))) if self.loose else self


@frozen
class Moment:
    """An instant lies in [low, high], UTC nanoseconds; `UNBOUNDED` (or minus that) where nothing bounds it."""

    low: Term
    high: Term
    bad: Term = FALSE


@frozen
class Word:
    """A text; null when missing."""

    value: Term
    bad: Term = FALSE


@frozen
class Says:
    """A verdict: Kleene truth, normalised margin in [low, high], and the number of the atom that decides."""

    truth: Term
    low: Term
    high: Term
    atom: Term = NULL
    bad: Term = FALSE

    @property
    def quantified(self) -> Term:
        """Whether an atom decides."""
        return FALSE if self.atom == NULL else TRUE if fixed(self.atom) else negation(self.atom.is_(NULL))

    @property
    def final(self) -> Term:
        """Whether it is plainly false: nothing can be worse."""
        return both(negation(self.quantified), self.high.eq(MINUS_INF))

    def negated(self, sheet: Sheet) -> Says:
        """``not``."""
        low = sheet.name(exp.Neg(this=self.high.copy()))
        high = low if self.low == self.high else sheet.name(exp.Neg(this=self.low.copy()))
        return evolve(self, truth=sheet.name(negation(self.truth)), low=low, high=high)


def plain(sheet: Sheet, truth: Term, bad: Term = FALSE, *, complete: bool) -> Says:
    """The verdict of a condition without a distance; in complete rows its truth is known."""
    truth, bad = sheet.name(truth), sheet.name(bad)
    low = sheet.name(case((truth, INF), other=MINUS_INF))
    return Says(truth, low, low if complete else sheet.name(case((negation(truth), MINUS_INF), other=INF)), NULL, bad)


def meet(sheet: Sheet, parts: Sequence[Says]) -> Says:
    """``and``: Kleene truth, least margin, and the atom that decides."""
    if len(parts) == 1:
        return parts[0]
    bad = parts[-1].bad
    for part in reversed(parts[:-1]):  # after a plain False, what follows need not even be computable
        bad = one_of(part.bad, both(negation(part.final), bad))
    low = sheet.name(least(*(p.low for p in parts)))
    points = all(p.low == p.high for p in parts)
    high = low if points else sheet.name(least(*(p.high for p in parts)))
    # Of quantities that may be the least: the lowest, then the one with the lowest upper end, then a false one.
    able = [both(p.quantified, TRUE if points else p.low <= high) for p in parts]
    lowest, upper = low, low
    if not points:
        lowest = sheet.name(least(*(case((a, p.low), other=INF) for a, p in zip(able, parts, strict=True))))
        able = [both(a, p.low.eq(lowest)) for a, p in zip(able, parts, strict=True)]
        upper = sheet.name(least(*(case((a, p.high), other=INF) for a, p in zip(able, parts, strict=True))))
    able = [both(a, p.high.eq(upper)) for a, p in zip(able, parts, strict=True)]
    whens = [(part.final, NULL) for part in parts]
    whens += [
        (both(a, exp.Is(this=p.truth.copy(), expression=FALSE.copy())), p.atom)
        for a, p in zip(able, parts, strict=True)
    ]
    whens += [(a, p.atom) for a, p in zip(able, parts, strict=True)]
    atom = sheet.name(case(*whens, other=NULL))
    return Says(sheet.name(both(*(p.truth for p in parts))), low, high, atom, sheet.name(bad))


def either(sheet: Sheet, one: Says, other: Says) -> Says:
    """What is known when the verdict is one of two; ``bad`` is left to the caller."""
    low = sheet.name(exp.Least(this=one.low, expressions=[other.low], ignore_nulls=True))
    high = sheet.name(exp.Greatest(this=one.high, expressions=[other.high], ignore_nulls=True))
    first = both(one.quantified, one_of(negation(other.quantified), one.low <= other.low))
    atom = sheet.name(case((first, one.atom), (other.quantified, other.atom), other=NULL))
    return Says(sheet.name(case((one.truth.eq(other.truth), one.truth), other=NULL)), low, high, atom)
