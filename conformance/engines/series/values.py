"""What parts of an expression are over the samples of a stretch, and how conditions meet there, sample by sample.

As in `conformance.rules.margin`, in arrays of float64. A value that is one for all samples may be a scalar. Where
``bad`` is true a sample is not computable, and its other values mean nothing. Both ends of what is known are one array.
Verdicts are encoded as in `Signal`: true at 0 and above, and a strict atom at its limit at `FAILS_AT_LIMIT`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from conformance.engines.series._signal import FAILS_AT_LIMIT, Mask, opposite
from conformance.rules.margin import Atom, Verdict, either, meet

Values: TypeAlias = Any
"""An array of one value a sample, or a scalar."""
Bad: TypeAlias = Mask | bool
Indices: TypeAlias = NDArray[np.int64]
Decides: TypeAlias = Callable[[int], Atom | None]
"""Which atom decides at a sample; looked up only for the few that are shown."""
NO_INSTANT, UNBOUNDED = -(2**63) + 1, 2**63 - 1
"""Ends of an instant that nothing bounds."""


@frozen(eq=False)
class Number:
    """A number lies in [low, high]."""

    low: Values
    high: Values
    bad: Bad = False

    @property
    def known(self) -> bool:
        """Whether each sample is one number for sure."""
        return self.low is self.high

    @property
    def points(self) -> Mask | bool:
        """Which samples are one number for sure."""
        return True if self.known else self.low == self.high


@frozen(eq=False)
class Moment:
    """An instant lies in [low, high], int64 in UTC nanoseconds."""

    low: Values
    high: Values
    bad: Bad = False


@frozen(eq=False)
class Word:
    """Texts, an object array or a str; where ``lost`` they are missing."""

    value: Values
    lost: Bad = False
    bad: Bad = False


def _none(at: int) -> None:
    return None


def _nowhere() -> bool:
    return False


@frozen(eq=False)
class Says:
    """A verdict: normalised margin in [low, high]."""

    low: Values
    high: Values
    atoms: frozenset[Atom] = frozenset()
    """The comparisons that may decide."""
    bad: Bad = False
    decides: Decides = _none
    weighed: Callable[[], Values] = _nowhere
    """Where a comparison decides; computed only where that matters."""

    @property
    def known(self) -> bool:
        """Whether nothing is open at any sample."""
        return self.low is self.high

    @property
    def true(self) -> Values:
        """Where it is true."""
        return self.low >= 0

    @property
    def false(self) -> Values:
        """Where it is false."""
        return self.high < 0

    def at(self, sample: int) -> Verdict:
        """The verdict of one sample."""
        low, high = (float(_one(end, sample)) for end in (self.low, self.high))
        truth = True if low >= 0 else False if high < 0 else None
        return Verdict(truth, plainly(low), plainly(high), self.decides(sample))

    def negated(self) -> Says:
        """``not``."""
        low = opposite(self.high)
        return evolve(self, low=low, high=low if self.known else opposite(self.low))


def plainly(margin: float) -> float:
    """A margin as a person sees it, without the mark of a strict atom."""
    return 0.0 if margin == FAILS_AT_LIMIT else margin + 0.0


def _one(values: Values, sample: int) -> Any:
    return values[sample] if np.ndim(values) else values


def unless(bad: Bad, values: Values, other: Values) -> Values:
    """``values``, and ``other`` where ``bad``."""
    return values if bad is False else np.where(bad, other, values)


def any_of(*parts: Bad) -> Bad:
    """Where any part is true; False if that is known to be nowhere."""
    open_ = [part for part in parts if part is not False]
    return reduce(np.logical_or, open_) if open_ else False


def plain(truth: Values, lost: Bad = False, bad: Bad = False) -> Says:
    """The verdict of a condition without a distance, unknown where ``lost``."""
    low = np.where(truth, np.inf, -np.inf)
    if lost is False:
        return Says(low, low, bad=bad)
    return Says(np.where(lost, -np.inf, low), np.where(lost, np.inf, low), bad=bad)


def all_of(parts: Sequence[Says]) -> Says:
    """``and``."""
    if len(parts) == 1:
        return parts[0]
    bad = parts[-1].bad
    for part in reversed(parts[:-1]):  # after a plain False, what follows need not even be computable
        bad = any_of(part.bad, bad if bad is False else bad & ~_final(part))
    low = reduce(np.minimum, (p.low for p in parts))
    high = low if all(p.known for p in parts) else reduce(np.minimum, (p.high for p in parts))

    def weighed() -> Values:
        able = any_of(*(p.weighed() & (p.low <= high) for p in parts))
        return able & np.logical_not(any_of(*(_final(p) for p in parts)))

    return _composed(low, high, bad, parts, lambda at: meet(p.at(at) for p in parts).atom, weighed)


def some_of(parts: Sequence[Says]) -> Says:
    """``or``: the mirror of `all_of`."""
    return all_of([part.negated() for part in parts]).negated()


def one_or_other(test: Says, then: Says, other: Says) -> Says:
    """``then`` where ``test`` holds, ``other`` where it does not; where that is open, what both allow."""
    yes, no = test.true, test.false
    low = np.where(yes, then.low, np.where(no, other.low, np.minimum(then.low, other.low)))
    high = np.where(yes, then.high, np.where(no, other.high, np.maximum(then.high, other.high)))

    def decides(at: int) -> Atom | None:
        truth, one, two = test.at(at).truth, then.at(at), other.at(at)
        return (either(one, two) if truth is None else one if truth else two).atom

    def weighed() -> Values:
        one, two = then.weighed(), other.weighed()
        return (yes & one) | (no & two) | (np.logical_not(yes | no) & (one | two))

    return _composed(low, high, either_bad(test, then.bad, other.bad), (then, other), decides, weighed)


def either_bad(test: Says, then: Bad, other: Bad) -> Bad:
    """Where a choice is not computable."""
    if then is False and other is False:
        return test.bad
    return any_of(test.bad, (test.true & then) | (test.false & other) | (~test.true & ~test.false & (then | other)))


def _composed(
    low: Values, high: Values, bad: Bad, parts: Sequence[Says], decides: Decides, weighed: Callable[[], Values]
) -> Says:
    atoms = frozenset[Atom]().union(*(p.atoms for p in parts))
    return Says(low, high, atoms, bad, decides, weighed) if atoms else Says(low, high, atoms, bad)


def _final(part: Says) -> Values:
    """Where it is plainly false, so that nothing can be worse."""
    return (part.high == -np.inf) & np.logical_not(part.weighed())
