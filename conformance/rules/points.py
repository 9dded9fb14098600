# ruff: noqa: D102 - what each method does is documented on `Engine`
"""The arithmetic for complete data: plain finite numbers, as fast as closures go.

Whatever it cannot handle (a missing, infinite or odd value, a division by zero) raises one of `GIVES_UP`, and
`Intervals` takes over. What both can compute, they compute alike, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import fsum, inf, sqrt
from typing import Any

from conformance.rules.engine import NS_PER_MINUTE, Engine, Extreme, Frame, Kind, Place, Rounds, Run, identify, instant
from conformance.rules.margin import AT_LIMIT, FALSE, TRUE, VACUOUS, Atom, NotComputable, Unpaired, Verdict, precedence


class Odd(Exception):
    """A value that plain arithmetic leaves to intervals."""


GIVES_UP = (
    Odd, NotComputable, Unpaired, TypeError, KeyError, IndexError, ValueError, AttributeError, ArithmeticError
)  # fmt: skip
_ODD = Odd()


class Points(Engine):
    """Numbers are floats or ints, verdicts have ``low == high``."""

    def constant(self, value: float) -> Run:
        return lambda frame: value

    def read(self, place: Place, kind: Kind) -> Run:
        reach = _reach(place)
        if kind == "number":
            return _number(place)
        if kind == "boolean":

            def boolean(frame: Frame) -> Verdict:
                value = reach(frame)
                if value is True:
                    return TRUE
                if value is False:
                    return FALSE
                raise _ODD

            return boolean
        if kind == "word":

            def word(frame: Frame) -> str:
                value = reach(frame)
                if value.__class__ is str:
                    return value
                raise _ODD

            return word

        def moment(frame: Frame) -> int:
            value = instant(reach(frame))
            if value is None:
                raise _ODD
            return value

        return moment

    def has(self, place: Place, kind: Kind) -> Run:
        value_of = self.read(place, kind)
        slot, steps = place.slot, tuple(zip(place.steps, place.optional, strict=True))

        def run(frame: Frame) -> Verdict:
            value = frame[slot]
            for step, optional in steps:
                value = value.get(step)
                if value is None and optional:
                    return FALSE
            value_of(frame)  # gives up if what is there cannot be read
            return TRUE

        return run

    def arithmetic(self, op: str, left: Run, right: Run) -> Run:
        # An infinite or undefined result minus itself is not 0.
        def add(frame: Frame) -> Any:
            value = left(frame) + right(frame)
            if value - value:
                raise _ODD
            return value

        def subtract(frame: Frame) -> Any:
            value = left(frame) - right(frame)
            if value - value:
                raise _ODD
            return value

        def multiply(frame: Frame) -> Any:
            value = left(frame) * right(frame)
            if value - value:
                raise _ODD
            return value

        def divide(frame: Frame) -> Any:
            value = left(frame) / right(frame)
            if value - value:
                raise _ODD
            return value

        return {"+": add, "-": subtract, "*": multiply, "/": divide}[op]

    def negative(self, of: Run) -> Run:
        return lambda frame: -of(frame)

    def absolute(self, of: Run) -> Run:
        return lambda frame: abs(of(frame))

    def root(self, of: Run) -> Run:
        return lambda frame: sqrt(of(frame))

    def extreme(self, which: Extreme, parts: Sequence[Run]) -> Run:
        choose: Any = min if which == "min" else max
        return lambda frame: choose([part(frame) for part in parts])

    def elapsed(self, later: Run, earlier: Run) -> Run:
        return lambda frame: (later(frame) - earlier(frame)) / NS_PER_MINUTE

    def shifted(self, moment: Run, minutes: Run) -> Run:
        return lambda frame: moment(frame) + round(minutes(frame) * NS_PER_MINUTE)

    def rows(self, place: Place) -> Run:
        reach = _reach(place)

        def run(frame: Frame) -> list[Any]:
            value = reach(frame)
            if value.__class__ is list:
                return value
            raise _ODD

        return run

    def joined(self, lists: Sequence[Run], key: str | None, names: Sequence[str]) -> Run:
        if key is None:
            return lambda frame: list(zip(*[rows(frame) for rows in lists], strict=True))
        first, second = lists

        def run(frame: Frame) -> list[tuple[Any, Any]]:
            left, right = first(frame), second(frame)
            index = {row[key]: row for row in right}
            if not len(left) == len(right) == len(index):
                raise _ODD
            take = index.pop  # fails on a key that is doubled on the left
            return [(row, take(row[key])) for row in left]

        return run

    def count(self, loops: Sequence[Rounds]) -> Run:
        return lambda frame: sum(1 for _ in _each(loops, frame))

    def total(self, element: Run, loops: Sequence[Rounds]) -> Run:
        # Exactly rounded, so that neither the order of elements nor the version of Python changes a verdict.
        return lambda frame: fsum(element(frame) for _ in _each(loops, frame))

    def extreme_of(self, which: Extreme, element: Run, loops: Sequence[Rounds]) -> Run:
        choose: Any = min if which == "min" else max
        return lambda frame: choose(element(frame) for _ in _each(loops, frame))

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        at_limit = Verdict(not strict, 0.0, 0.0, atom)
        make = Verdict._make

        def run(frame: Frame) -> Verdict:
            margin = (right(frame) - left(frame)) / divisor
            if margin > AT_LIMIT:
                if margin < inf:
                    return make((True, margin, margin, atom, ()))
            elif margin >= -AT_LIMIT:
                return at_limit
            elif margin > -inf:
                return make((False, margin, margin, atom, ()))
            raise _ODD

        return run

    def equal(self, left: Run, right: Run, kind: Kind, tolerance: float = 0.0) -> Run:
        if kind == "number":
            return lambda frame: TRUE if abs(left(frame) - right(frame)) <= tolerance else FALSE
        if kind == "boolean":
            return lambda frame: TRUE if left(frame).truth == right(frame).truth else FALSE
        return lambda frame: TRUE if left(frame) == right(frame) else FALSE

    def choice(self, then: Run, test: Run, other: Run, kind: Kind) -> Run:
        return lambda frame: then(frame) if test(frame)[0] else other(frame)

    def every(self, element: Run, loops: Sequence[Rounds]) -> Run:
        def run(frame: Frame) -> Verdict:
            truth, worst = True, VACUOUS
            at: tuple[tuple[str, str], ...] = ()
            least: float = inf
            for _ in _each(loops, frame):
                verdict = element(frame)
                here = verdict[1]
                if not verdict[0]:
                    truth = False
                if here < least or (here == least and _ahead(verdict, worst)):
                    worst, least, at = verdict, here, identify(loops, frame)
                    if here == -inf:
                        break
            return Verdict(truth, least, least, worst.atom, at + worst.at)

        return run

    def some(self, element: Run, loops: Sequence[Rounds]) -> Run:
        def run(frame: Frame) -> Verdict:
            truth, best = False, FALSE
            at: tuple[tuple[str, str], ...] = ()
            most: float = -inf
            for _ in _each(loops, frame):
                verdict = element(frame)
                here = verdict[1]
                if verdict[0]:
                    truth = True
                if here > most or (here == most and _ahead(verdict, best, wanted=True)):
                    best, most, at = verdict, here, identify(loops, frame)
                    if here == inf and verdict[3] is None:
                        break
            return Verdict(truth, most, most, best.atom, at + best.at)

        return run


def _ahead(new: Verdict, old: Verdict, *, wanted: bool = False) -> bool:
    """Of two verdicts with equal margins: whether ``new`` decides."""
    return (*precedence(new), new.truth is not wanted) < (*precedence(old), old.truth is not wanted)


def _each(loops: Sequence[Rounds], frame: Frame) -> Iterator[None]:
    loop, inner = loops[0], loops[1:]
    slots, index, conditions = loop.slots, loop.index, loop.conditions
    single = slots[0] if len(slots) == 1 else None
    for number, row in enumerate(loop.rows(frame)):
        if single is not None:
            frame[single] = row
        else:
            for slot, value in zip(slots, row, strict=True):
                frame[slot] = value
        frame[index] = number
        if conditions and not all(condition(frame)[0] for condition in conditions):
            continue
        if inner:
            yield from _each(inner, frame)
        else:
            yield None


def _reach(place: Place) -> Run:
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


def _number(place: Place) -> Run:
    """A finite number. Text and null fail to subtract; NaN and infinity differ from themselves; a Boolean is none."""
    if len(place.steps) == 1:
        slot, (step,) = place.slot, place.steps

        def field(frame: Frame) -> Any:
            value = frame[slot][step]
            if value - value or value is True or value is False:
                raise _ODD
            return value

        return field
    reach = _reach(place)

    def run(frame: Frame) -> Any:
        value = reach(frame)
        if value - value or value is True or value is False:
            raise _ODD
        return value

    return run
