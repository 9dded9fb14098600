"""Closures on plain numbers that do the work of several: what a rule says of fields, in one call instead of five.

They are what loops over many elements spend their time in. Each reads its fields in place, refuses a Boolean that
stands where a number should (`Odd`), and does the same operations in the same order as the closures that it replaces.
"""

from __future__ import annotations

from math import inf
from typing import Any

from attrs import frozen

from conformance.rules.engine import Frame, Run
from conformance.rules.margin import AT_LIMIT

KEPT_AT_LIMIT = 5e-324
"""The bare margin of a condition that is true at the limit; its opposite is false at the limit."""


class Odd(Exception):
    """A value that plain arithmetic leaves to intervals."""


ODD = Odd()


@frozen
class Field:
    """A number that is a field of the record in a slot, plus a constant."""

    slot: int
    step: str
    plus: float = 0.0

    def same(self, other: Field) -> bool:
        """Whether both read the same field."""
        return (self.slot, self.step) == (other.slot, other.step)


@frozen
class Gap:
    """``low <= high`` of two fields."""

    low: Field
    high: Field
    divisor: float
    at_limit: float
    """Its bare margin at the limit."""


def settled(gap: float, at_limit: float) -> float:
    """The bare margin at a normalised distance that is at the limit. Raises `Odd` if it is no distance."""
    if gap - gap:
        raise ODD
    return at_limit


def gap_margin(of: Gap) -> Run:
    """The bare margin of ``low <= high``."""
    slot, step, plus = of.low.slot, of.low.step, of.low.plus
    other, other_step, other_plus = of.high.slot, of.high.step, of.high.plus
    divisor, at_limit = of.divisor, of.at_limit

    def margin(frame: Frame) -> float:
        one, two = frame[slot][step], frame[other][other_step]
        if one is True or one is False or two is True or two is False:
            raise ODD
        gap: float = ((two + other_plus) - (one + plus)) / divisor
        return gap if AT_LIMIT < gap < inf or -inf < gap < -AT_LIMIT else settled(gap, at_limit)

    return margin


def band_margin(lower: Gap, upper: Gap) -> Run:
    """The bare margin of a field between two others: that of ``lower.low <= field and field <= upper.high``."""
    slot, step, plus, also_plus = upper.low.slot, upper.low.step, upper.low.plus, lower.high.plus
    least, least_step, least_plus = lower.low.slot, lower.low.step, lower.low.plus
    most, most_step, most_plus = upper.high.slot, upper.high.step, upper.high.plus
    below, above = gap_margin(lower), gap_margin(upper)
    divisor, other_divisor = lower.divisor, upper.divisor

    def margin(frame: Frame) -> float:
        value, low, high = frame[slot][step], frame[least][least_step], frame[most][most_step]
        if value is True or value is False or low is True or low is False or high is True or high is False:
            raise ODD
        one: float = ((value + also_plus) - (low + least_plus)) / divisor
        two: float = ((high + most_plus) - (value + plus)) / other_divisor
        lesser = one if one < two else two
        if lesser > AT_LIMIT and one < inf and two < inf:
            return lesser
        return min(below(frame), above(frame))  # type: ignore[no-any-return]

    return margin


def constant_margin(field: Field, sign: float, number: float, divisor: float, at_limit: float) -> Run:
    """The bare margin of a field against a constant: of ``sign`` times the field plus ``number``, which is exact."""
    slot, step, plus = field.slot, field.step, field.plus

    def margin(frame: Frame) -> float:
        value = frame[slot][step]
        if value is True or value is False:
            raise ODD
        gap: float = (sign * (value + plus) + number) / divisor
        return gap if AT_LIMIT < gap < inf or -inf < gap < -AT_LIMIT else settled(gap, at_limit)

    return margin


def difference(left: Field, right: Field) -> Run:
    """One field minus another, without their constants."""
    slot, step, other, other_step = left.slot, left.step, right.slot, right.step

    def run(frame: Frame) -> Any:
        one, two = frame[slot][step], frame[other][other_step]
        if one is True or one is False or two is True or two is False:
            raise ODD
        return one - two

    return run


def deviation(left: Field, right: Field) -> Run:
    """How far two fields are apart, without their constants."""
    slot, step, other, other_step = left.slot, left.step, right.slot, right.step

    def run(frame: Frame) -> Any:
        one, two = frame[slot][step], frame[other][other_step]
        if one is True or one is False or two is True or two is False:
            raise ODD
        return abs(one - two)

    return run


def product(left: Field, right: Field) -> Run:
    """One field times another, without their constants."""
    slot, step, other, other_step = left.slot, left.step, right.slot, right.step

    def run(frame: Frame) -> Any:
        one, two = frame[slot][step], frame[other][other_step]
        if one is True or one is False or two is True or two is False:
            raise ODD
        return one * two

    return run


def least_of(one: Run, other: Run) -> Run:
    """The lesser of two numbers or bare margins."""

    def run(frame: Frame) -> Any:
        first, second = one(frame), other(frame)
        return second if second < first else first

    return run


def most_of(one: Run, other: Run) -> Run:
    """The greater of two numbers or bare margins."""

    def run(frame: Frame) -> Any:
        first, second = one(frame), other(frame)
        return second if second > first else first

    return run


def plain_field(field: Field) -> Run:
    """A field as it stands, without the constant."""
    slot, step = field.slot, field.step

    def run(frame: Frame) -> Any:
        value = frame[slot][step]
        if value is True or value is False:
            raise ODD
        return value

    return run


def finite_field(field: Field) -> Run:
    """A field, unless it is infinite or undefined: then it minus itself is not 0."""
    slot, step = field.slot, field.step

    def run(frame: Frame) -> Any:
        value = frame[slot][step]
        if value is True or value is False or value - value:
            raise ODD
        return value

    return run


def guarded(slot: int, step: str, open_at: bool, rest: Run, otherwise: float) -> Run:
    """``rest`` where a Boolean field is ``open_at``, else ``otherwise``."""

    def margin(frame: Frame) -> float:
        value = frame[slot][step]
        if value is open_at:
            return rest(frame)  # type: ignore[no-any-return]
        if value is True or value is False:
            return otherwise
        raise ODD

    return margin
