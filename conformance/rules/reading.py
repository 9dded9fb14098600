"""How plain values are read from a frame. What is not of its kind gives up (`Odd`, `KeyError` or `TypeError`)."""

from __future__ import annotations

from math import inf
from typing import Any

from conformance.rules.engine import Frame, Kind, Place, Run, instant
from conformance.rules.fused import ODD


def reach(place: Place) -> Run:
    """Whatever stands at ``place``."""
    slot = place.slot
    match place.steps:
        case ():
            return lambda frame: frame[slot]
        case (step,):
            return lambda frame: frame[slot][step]
        case (step, second):
            return lambda frame: frame[slot][step][second]
        case steps:

            def run(frame: Frame) -> Any:
                value = frame[slot]
                for step in steps:
                    value = value[step]
                return value

            return run


def number(place: Place) -> Run:
    """A number as it stands. Text, null and lists fail where they are computed with; a Boolean would not."""
    value_of = reach(place)

    def run(frame: Frame) -> Any:
        value = value_of(frame)
        if value is True or value is False:
            raise ODD
        return value

    return run


def flag(place: Place) -> Run:
    """The bare margin of a Boolean."""
    value_of = reach(place)

    def run(frame: Frame) -> float:
        value = value_of(frame)
        if value is True:
            return inf
        if value is False:
            return -inf
        raise ODD

    return run


def word(place: Place) -> Run:
    """A text."""
    value_of = reach(place)

    def run(frame: Frame) -> str:
        value = value_of(frame)
        if value.__class__ is str:
            return value
        raise ODD

    return run


def moment(place: Place) -> Run:
    """An instant, in UTC nanoseconds since 1970."""
    value_of = reach(place)

    def run(frame: Frame) -> int:
        value = instant(value_of(frame))
        if value is None:
            raise ODD
        return value

    return run


def has(place: Place, kind: Kind) -> Run:
    """The bare margin of whether there is a value at ``place``; it must be one of ``kind`` then."""
    check = {"number": number, "boolean": flag, "word": word, "instant": moment}[kind](place)
    slot, steps = place.slot, tuple(zip(place.steps, place.optional, strict=True))

    def run(frame: Frame) -> float:
        value = frame[slot]
        for step, optional in steps:
            value = value.get(step)
            if value is None and optional:
                return -inf
        check(frame)
        if kind == "number" and value - value:
            raise ODD
        return inf

    if len(steps) > 1 or kind != "number":
        return run
    ((step, optional),) = steps

    def field(frame: Frame) -> float:
        value = frame[slot].get(step)
        if value is None and optional:
            return -inf
        if (value.__class__ is float or value.__class__ is int) and value - value == 0:
            return inf
        return run(frame)

    return field
