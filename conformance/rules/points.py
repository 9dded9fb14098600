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
from conformance.rules.margin import (
    AT_LIMIT,
    FALSE,
    TRUE,
    VACUOUS,
    Atom,
    NotComputable,
    Unpaired,
    Verdict,
    distance,
    precedence,
)


class Odd(Exception):
    """A value that plain arithmetic leaves to intervals."""


GIVES_UP = (
    Odd, NotComputable, Unpaired, TypeError, KeyError, IndexError, ValueError, AttributeError, ArithmeticError
)  # fmt: skip
_ODD = Odd()


class Points(Engine):
    """Numbers are floats or ints, verdicts have ``low == high``.

    An infinite or undefined number stays one through ``+ - *`` and is noticed where a comparison ends; only where an
    operation could hide it (a divisor, an extreme, an equality) it is looked for at once.
    """

    def __init__(self) -> None:
        self.constants: dict[Run, float] = {}
        self.gaps: dict[Run, tuple[Run, Atom, bool]] = {}
        """Of an atom: its bare normalised margin, so that a loop over it makes one verdict and not one a round."""

    def constant(self, value: float) -> Run:
        def run(frame: Frame) -> float:
            return value

        self.constants[run] = value
        return run

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
        value_of = _finite(self.read(place, kind)) if kind == "number" else self.read(place, kind)
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
        number = self.constants.get(right)
        if op == "+":
            if number is not None:
                return lambda frame: left(frame) + number
            return lambda frame: left(frame) + right(frame)
        if op == "-":
            if number is not None:
                return lambda frame: left(frame) - number
            return lambda frame: left(frame) - right(frame)
        if op == "*":
            if number is not None:
                return lambda frame: left(frame) * number
            return lambda frame: left(frame) * right(frame)
        divisor = _finite(right)
        return lambda frame: left(frame) / divisor(frame)

    def negative(self, of: Run) -> Run:
        return lambda frame: -of(frame)

    def absolute(self, of: Run) -> Run:
        return lambda frame: abs(of(frame))

    def root(self, of: Run) -> Run:
        return lambda frame: sqrt(of(frame))

    def extreme(self, which: Extreme, parts: Sequence[Run]) -> Run:
        choose: Any = min if which == "min" else max
        finite = [_finite(part) for part in parts]
        return lambda frame: choose([part(frame) for part in finite])

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
        finite = _finite(element)
        return lambda frame: choose(finite(frame) for _ in _each(loops, frame))

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        if divisor == 1:

            def gap(frame: Frame) -> float:
                return right(frame) - left(frame)  # type: ignore[no-any-return]
        else:

            def gap(frame: Frame) -> float:
                return (right(frame) - left(frame)) / divisor  # type: ignore[no-any-return]

        def run(frame: Frame) -> Verdict:
            margin = gap(frame)
            if margin - margin:
                raise _ODD
            return distance(margin, margin, atom, strict)

        self.gaps[run] = gap, atom, strict
        return run

    def equal(self, left: Run, right: Run, kind: Kind, tolerance: float = 0.0) -> Run:
        if kind == "number":
            one, other = _finite(left), _finite(right)
            return lambda frame: TRUE if abs(one(frame) - other(frame)) <= tolerance else FALSE
        if kind == "boolean":
            return lambda frame: TRUE if left(frame).truth == right(frame).truth else FALSE
        return lambda frame: TRUE if left(frame) == right(frame) else FALSE

    def choice(self, then: Run, test: Run, other: Run, kind: Kind) -> Run:
        return lambda frame: then(frame) if test(frame)[0] else other(frame)

    def every(self, element: Run, loops: Sequence[Rounds]) -> Run:
        if element in self.gaps and len(loops) == 1 and not loops[0].conditions:
            return _every_atom(*self.gaps[element], loops[0])

        def run(frame: Frame) -> Verdict:
            truth = True
            worst: Verdict | None = None
            at: tuple[tuple[str, str], ...] = ()
            for _ in _each(loops, frame):
                verdict = element(frame)
                truth = truth and verdict.truth
                if worst is None or verdict.low < worst.low or (verdict.low == worst.low and _ahead(verdict, worst)):
                    worst, at = verdict, identify(loops, frame)
                    if verdict.low == -inf and verdict.atom is None:
                        break
            return VACUOUS if worst is None else Verdict(truth, worst.low, worst.low, worst.atom, at + worst.at)

        return run


def _ahead(new: Verdict, old: Verdict) -> bool:
    """Of two verdicts with equal margins: whether ``new`` decides."""
    return (*precedence(new), new.truth is not False) < (*precedence(old), old.truth is not False)


def _each(loops: Sequence[Rounds], frame: Frame) -> Iterator[None]:
    loop, inner = loops[0], loops[1:]
    slots, index, conditions = loop.slots, loop.index, loop.conditions
    single = len(slots) == 1
    for number, row in enumerate(loop.rows(frame)):
        frame[slots[0] : slots[-1] + 1] = (row,) if single else row
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
    """A number as it stands. Text, null and lists fail where they are computed with; a Boolean would not."""
    if len(place.steps) == 1:
        slot, (step,) = place.slot, place.steps

        def field(frame: Frame) -> Any:
            value = frame[slot][step]
            if value.__class__ is bool:
                raise _ODD
            return value

        return field
    reach = _reach(place)

    def run(frame: Frame) -> Any:
        value = reach(frame)
        if value.__class__ is bool:
            raise _ODD
        return value

    return run


def _finite(of: Run) -> Run:
    """The same number, unless it is infinite or undefined: then it minus itself is not 0."""

    def run(frame: Frame) -> Any:
        value = of(frame)
        if value - value:
            raise _ODD
        return value

    return run


def _every_atom(gap: Run, atom: Atom, strict: bool, loop: Rounds) -> Run:
    """``all`` of one atom over one loop: the least margin first, its verdict and elements last."""
    rows, index, first, last = loop.rows, loop.index, loop.slots[0], loop.slots[-1] + 1
    single = last - first == 1

    def run(frame: Frame) -> Verdict:
        least: float = inf
        worst: Any = None
        at = 0
        for number, row in enumerate(rows(frame)):
            if single:
                frame[first] = row
            else:
                frame[first:last] = row
            margin = gap(frame)
            if margin - margin:
                raise _ODD
            if margin < least:
                if -AT_LIMIT <= margin <= AT_LIMIT:
                    margin = 0.0
                    if least == 0:
                        continue
                least, worst, at = margin, row, number
        if worst is None:
            return VACUOUS
        frame[first:last] = (worst,) if single else worst
        frame[index] = at
        return distance(least, least, atom, strict)._replace(at=loop.identify(frame))

    return run
