# ruff: noqa: D102 - what each method does is documented on `Engine`
"""The arithmetic of table rows: closures over symbolic values, whose results are expressions of SQL.

One engine, two modes. Of **complete** rows (every column that the rules read is there and finite) a number is one
expression, and what overflows or divides by zero stays infinite or undefined up to the comparison where it ends. Of the
others every number has two ends, as in `Intervals`, whose formulas these are, column by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from sys import float_info
from typing import Any

from sqlglot import exp

from conformance.engines.row_engine import RowEngine
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
    greatest,
    integer,
    least,
    negation,
    number,
    of_type,
    one_of,
    undefined,
)
from conformance.engines.sql.values import Moment, Number, Says, Word, either, meet, plain
from conformance.rules.engine import NS_PER_MINUTE, Extreme, Frame, Kind, Place, Run
from conformance.rules.margin import AT_LIMIT, Atom

UNBOUNDED = 10**36
"""Stands for the instant that nothing bounds, far beyond all others."""
_NEVER, _EVER = integer(-UNBOUNDED), integer(UNBOUNDED)
_ZERO = number(0.0)


class Sql(RowEngine):
    """Numbers are `Number`, instants `Moment`, texts `Word`, verdicts `Says`; their parts have names on ``sheet``."""

    def __init__(self, sheet: Sheet, *, complete: bool, screening: bool = False) -> None:
        self.sheet = sheet
        self.complete = complete
        self.screening = screening
        """Truth and margins only, which are left as they are near the limit, to find the rows that are worth more."""
        self.atoms: list[Atom] = []
        """The comparisons of quantities, by the number that `Says.atom` gives."""

    def constant(self, value: float) -> Run:
        fixed = Number(number(value), number(value), size=abs(value))
        return lambda frame: fixed

    def word(self, value: str) -> Run:
        return lambda frame: Word(exp.Literal.string(value))

    def truth(self, value: bool) -> Run:
        return lambda frame: self.plain(TRUE if value else FALSE)

    def plain(self, truth: Term, bad: Term = FALSE) -> Says:
        """The verdict of a condition without a distance."""
        return plain(self.sheet, truth, bad, complete=self.complete)

    # Values

    def read(self, place: Place, kind: Kind) -> Run:
        name = self.sheet.name

        def run(frame: Frame) -> Any:
            if not place.steps:
                return frame[place.slot]  # a limit that was looked up
            column = _column(place)
            found = self.sheet.column(column, kind)
            match kind:
                case "boolean":
                    return self.plain(found)
                case "word":
                    return Word(found)
            made, low, high = (Moment, _NEVER, _EVER) if kind == "instant" else (Number, MINUS_INF, INF)
            if kind == "number" and f"{column}.low" in self.sheet.types:  # what a chain could only bound
                low, high = (self.sheet.column(f"{column}.{end}", kind) for end in ("low", "high"))
            if self.complete:
                return Moment(found, found) if kind == "instant" else Number(found, found, size=float_info.max)
            lost = name(_lost(found, kind))
            return made(name(case((lost, low), other=found)), name(case((lost, high), other=found)))

        return run

    def has(self, place: Place, kind: Kind) -> Run:
        def run(frame: Frame) -> Says:
            column = _column(place)
            found = self.sheet.column(column, kind)
            absent = found.is_(NULL) if any(place.optional) else FALSE
            if f"{column}?" in self.sheet.types:  # what is joined says itself what is not known of it
                absent = both(absent, negation(self.sheet.column(f"{column}?", "boolean")))
            if self.complete:
                return self.plain(TRUE)
            return self.plain(case((absent, FALSE), (_lost(found, kind), NULL), other=TRUE))

        return run

    # Numbers

    def arithmetic(self, op: str, left: Run, right: Run) -> Run:
        apply = {"+": self._add, "-": self._subtract, "*": self._multiply, "/": self._divide}[op]
        return lambda frame: apply(left(frame), right(frame))

    def negative(self, of: Run) -> Run:
        return lambda frame: self._opposite(of(frame))

    def absolute(self, of: Run) -> Run:
        def run(frame: Frame) -> Number:
            value: Number = of(frame)
            low, high = (exp.Abs(this=end.copy()) for end in (value.low, value.high))
            if value.point:
                return self._point(low, value.bad, loose=value.loose, size=value.size)
            around = both(value.low <= _ZERO, value.high >= _ZERO)
            return self._range(case((around, _ZERO), other=least(low, high)), greatest(low, high), value.bad)

        return run

    def root(self, of: Run) -> Run:
        def run(frame: Frame) -> Number:
            value: Number = of(frame).settled()
            bad = one_of(value.bad, value.high < _ZERO)
            low, high = (exp.Sqrt(this=greatest(end, _ZERO)) for end in (value.low, value.high))
            return self._point(low, bad) if value.point else self._range(low, high, bad)

        return run

    def extreme(self, which: Extreme, parts: Sequence[Run]) -> Run:
        choose = least if which == "min" else greatest

        def run(frame: Frame) -> Number:
            values: list[Number] = [part(frame).settled() for part in parts]
            return self._range(
                choose(*(v.low for v in values)), choose(*(v.high for v in values)), *(v.bad for v in values)
            )

        return run

    def elapsed(self, later: Run, earlier: Run) -> Run:
        def minutes(one: Term, other: Term) -> Term:
            apart = self.sheet.name(one - other)
            far = integer(UNBOUNDED // 2)
            whole = exp.cast(of_type(apart.copy(), "int128"), "double")
            return case((apart > far, INF), (apart < -far, MINUS_INF), other=whole / number(NS_PER_MINUTE))

        def run(frame: Frame) -> Number:
            one, other = later(frame), earlier(frame)
            return self._range(minutes(one.low, other.high), minutes(one.high, other.low), one.bad, other.bad)

        return run

    def shifted(self, moment: Run, minutes: Run) -> Run:
        def shift(start: Term, by: Term) -> Term:
            whole = exp.func("round_even", by * number(NS_PER_MINUTE), exp.Literal.number("0"))
            bounded = greatest(number(-UNBOUNDED), least(self.sheet.name(whole), number(UNBOUNDED)))
            return self.sheet.name(start + exp.cast(of_type(bounded, "double"), "int128"))

        def run(frame: Frame) -> Moment:
            one, by = moment(frame), minutes(frame).settled()
            return Moment(shift(one.low, by.low), shift(one.high, by.high), self.sheet.name(one_of(one.bad, by.bad)))

        return run

    # Conditions

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        name = self.sheet.name
        if atom not in self.atoms:
            self.atoms.append(atom)
        index = exp.Literal.number(str(self.atoms.index(atom)))
        scale = number(divisor)

        def near(margin: Term) -> Term:
            margin = name(margin if divisor == 1 else margin / scale)
            return (
                margin
                if self.screening
                else name(case((exp.Abs(this=margin.copy()) <= number(AT_LIMIT), _ZERO), other=margin))
            )

        def run(frame: Frame) -> Says:
            one, other = left(frame), right(frame)
            if one.point and other.point:
                gap = name(other.low - one.low)
                bad = one_of(one.bad, other.bad, FALSE if one.size + other.size < inf else negation(finite(gap)))
                low = near(gap)
                limit = number(AT_LIMIT if strict else -AT_LIMIT) if self.screening else _ZERO
                return Says(name(low > limit if strict else low >= limit), low, low, index, name(bad))
            one, other = one.settled(), other.settled()
            same = both(one.known, other.known, one.low.eq(other.low))  # also where both are infinite
            apart = self._subtract(Number(other.low, other.high), Number(one.low, one.high)).settled()
            low, high = near(case((same, _ZERO), other=apart.low)), near(case((same, _ZERO), other=apart.high))
            met, broken = (low > _ZERO, high <= _ZERO) if strict else (low >= _ZERO, high < _ZERO)
            truth = name(case((met, TRUE), (broken, FALSE), other=NULL))
            return Says(truth, low, high, index, name(one_of(one.bad, other.bad, both(negation(same), apart.bad))))

        return run

    def equal(self, left: Run, right: Run, kind: Kind, tolerance: float = 0.0) -> Run:
        def run(frame: Frame) -> Says:
            one, other = left(frame), right(frame)
            if kind == "boolean":
                return self.plain(one.truth.eq(other.truth), one_of(one.bad, other.bad))
            if kind == "word":
                return self.plain(one.value.eq(other.value), one_of(one.bad, other.bad))
            if kind == "number":
                one, other = one.settled(), other.settled()
            near = one.low.eq(other.low)
            if tolerance:
                near = one_of(near, exp.Abs(this=exp.paren(one.low - other.low)) <= number(tolerance))
            if self.complete:
                return self.plain(near, one_of(one.bad, other.bad))
            known = both(one.low.eq(one.high), other.low.eq(other.high))
            apart = one_of(_above(one.low - other.high, tolerance, kind), _above(other.low - one.high, tolerance, kind))
            return self.plain(case((known, near), (apart, FALSE), other=NULL), one_of(one.bad, other.bad))

        return run

    def choice(self, then: Run, test: Run, other: Run, kind: Kind) -> Run:
        name = self.sheet.name

        def run(frame: Frame) -> Any:
            asked: Says = test(frame)
            one, two = then(frame), other(frame)
            if isinstance(one, Number) and not self.complete:
                one, two = one.settled(), two.settled()
            yes, no = asked.truth, TRUE if self.complete else negation(asked.truth)

            def pick(first: Term, second: Term, unsure: Term) -> Term:
                return name(case((yes, first), (no, second), other=unsure))

            bad = name(one_of(asked.bad, pick(one.bad, two.bad, one_of(one.bad, two.bad))))
            if isinstance(one, Word):
                return Word(pick(one.value, two.value, case((one.value.eq(two.value), one.value), other=NULL)), bad)
            if isinstance(one, Says):
                open_ = either(self.sheet, one, two)
                low = pick(one.low, two.low, open_.low)
                high = low if self.complete else pick(one.high, two.high, open_.high)
                return Says(
                    pick(one.truth, two.truth, open_.truth), low, high, pick(one.atom, two.atom, open_.atom), bad
                )
            low = pick(one.low, two.low, least(one.low, two.low))
            high = low if self.complete else pick(one.high, two.high, greatest(one.high, two.high))
            if isinstance(one, Moment):
                return Moment(low, high, bad)
            return Number(low, high, bad, one.loose or two.loose, max(one.size, two.size))

        return run

    def both(self, parts: Sequence[Run]) -> Run:
        return lambda frame: meet(self.sheet, [part(frame) for part in parts])

    def one_of(self, parts: Sequence[Run]) -> Run:
        return lambda frame: meet(self.sheet, [part(frame).negated(self.sheet) for part in parts]).negated(self.sheet)

    def negation(self, of: Run) -> Run:
        return lambda frame: of(frame).negated(self.sheet)

    # Formulas

    def _point(self, value: Term, bad: Term, *, loose: bool = True, size: float = inf) -> Number:
        named = self.sheet.name(value)
        return Number(named, named, self.sheet.name(bad), loose and size == inf, size)

    def _range(self, low: Term, high: Term, *bad: Term) -> Number:
        return Number(self.sheet.name(low), self.sheet.name(high), self.sheet.name(one_of(*bad)))

    def _opposite(self, of: Number) -> Number:
        low = self.sheet.name(exp.Neg(this=of.high.copy()))
        high = low if of.point else self.sheet.name(exp.Neg(this=of.low.copy()))
        return Number(low, high, of.bad, of.loose, of.size)

    def _subtract(self, one: Number, other: Number) -> Number:
        if one.point and other.point:
            return self._point(one.low - other.low, one_of(one.bad, other.bad), size=one.size + other.size)
        return self._add(one, self._opposite(other))

    def _add(self, one: Number, other: Number) -> Number:
        low = self.sheet.name(one.low + other.low)
        if one.point and other.point:
            return self._point(low, one_of(one.bad, other.bad), size=one.size + other.size)
        one, other = one.settled(), other.settled()
        high = self.sheet.name(one.high + other.high)
        over = both(one.known, other.known, _overflown(low, one.low, other.low))
        ends = case((undefined(low), MINUS_INF), other=low), case((undefined(high), INF), other=high)
        return self._range(*ends, one.bad, other.bad, over)

    def _multiply(self, one: Number, other: Number) -> Number:
        if one.point and other.point:
            return self._point(one.low * other.low, one_of(one.bad, other.bad), size=one.size * other.size)
        one, other = one.settled(), other.settled()
        over = both(one.known, other.known, _overflown(one.low * other.low, one.low, other.low))
        # A missing number is finite, however large: 0 times it is 0.
        products = [
            self.sheet.name(case((one_of(a.eq(_ZERO), b.eq(_ZERO)), _ZERO), other=a * b))
            for a in (one.low, one.high)
            for b in (other.low, other.high)
        ]
        return self._range(least(*products), greatest(*products), one.bad, other.bad, over)

    def _divide(self, one: Number, other: Number) -> Number:
        other = other.settled()
        zero = both(other.low.eq(_ZERO), TRUE if other.point else other.high.eq(_ZERO))
        if one.point and other.point:
            return self._point(one.low / other.low, one_of(one.bad, other.bad, zero))
        one = one.settled()
        over = both(one.known, other.known, _overflown(one.low / other.low, one.low))
        quotients = [self.sheet.name(a / b) for a in (one.low, one.high) for b in (other.low, other.high)]
        open_ = one_of(both(other.low <= _ZERO, other.high >= _ZERO), undefined(greatest(*quotients)))
        low = case((open_, MINUS_INF), other=least(*quotients))
        return self._range(low, case((open_, INF), other=greatest(*quotients)), one.bad, other.bad, zero, over)


def _column(place: Place) -> str:
    """The column that holds ``place``: of the row by its own name, of what is joined by the whole path."""
    return ".".join(place.steps if place.origin == "row" else (place.origin, *place.steps))


def _lost(column: Term, kind: Kind) -> Term:
    return one_of(column.is_(NULL), undefined(column)) if kind == "number" else column.is_(NULL)


def _overflown(value: Term, *of: Term) -> Term:
    """Whether a number from known ones is undefined, or infinite though they are not."""
    return one_of(undefined(exp.paren(value)), both(negation(finite(exp.paren(value))), *(finite(o) for o in of)))


def _above(gap: Term, tolerance: float, kind: Kind) -> Term:
    """Whether ``gap`` is a number over ``tolerance``; NaN, which SQL puts over all, is not."""
    if kind == "instant":
        return gap > integer(0)
    return both(exp.paren(gap) > number(tolerance), exp.paren(gap) <= INF)
