# ruff: noqa: D102 - what each method does is documented on `Engine`
"""The arithmetic for incomplete data: a missing number is anything, so every number is an interval.

Sound: whatever the missing values are, the margin lies inside the interval. Rounding does not hurt that, for each
operation is monotone in IEEE arithmetic and is done on the ends in the same order as on points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from math import fsum, inf, isfinite, isnan, sqrt
from typing import Any, NoReturn, TypeAlias

from conformance.errors import Text
from conformance.rules.engine import (
    NS_PER_MINUTE,
    Engine,
    Extreme,
    Frame,
    Kind,
    Place,
    Rounds,
    Run,
    identify,
    instant,
    match,
)
from conformance.rules.margin import (
    FALSE,
    UNKNOWN,
    Atom,
    NotComputable,
    Verdict,
    distance,
    either,
    meet,
    plain,
)

Ends: TypeAlias = tuple[float, float]
_ANY: Ends = (-inf, inf)


class Round(Enum):
    """How surely a round of a loop takes place."""

    SURE = "sure"
    UNSURE = "unsure"
    LOST = "lost"
    """The list itself is missing: any number of rounds."""


class Intervals(Engine):
    """Numbers and instants are (low, high); words are None when missing; verdicts are three-valued."""

    def constant(self, value: float) -> Run:
        return lambda frame: (value, value)

    def read(self, place: Place, kind: Kind) -> Run:
        def run(frame: Frame) -> Any:
            value = _value(_walk(place, frame), kind)
            if value is None:
                frame[0].append(place.name(frame))
                return UNKNOWN if kind == "boolean" else None if kind == "word" else _ANY
            if kind == "boolean":
                return plain(value)
            return value if kind == "word" else (value, value)

        return run

    def has(self, place: Place, kind: Kind) -> Run:
        def run(frame: Frame) -> Verdict:
            value = frame[place.slot]
            for step, optional in zip(place.steps, place.optional, strict=True):
                value = value.get(step) if isinstance(value, dict) else None
                if value is None and optional:
                    return FALSE
            # A value that the schema demands, or that cannot be read, is lost: whether it was there is unknown.
            if _value(value, kind) is None:
                frame[0].append(place.name(frame))
                return UNKNOWN
            return plain(True)

        return run

    def arithmetic(self, op: str, left: Run, right: Run) -> Run:
        apply = {"+": _add, "-": lambda a, b: _add(a, (-b[1], -b[0])), "*": _multiply, "/": _divide}[op]
        return lambda frame: apply(left(frame), right(frame))

    def negative(self, of: Run) -> Run:
        def run(frame: Frame) -> Ends:
            low, high = of(frame)
            return -high, -low

        return run

    def absolute(self, of: Run) -> Run:
        def run(frame: Frame) -> Ends:
            low, high = of(frame)
            return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))

        return run

    def root(self, of: Run) -> Run:
        def run(frame: Frame) -> Ends:
            low, high = of(frame)
            if high < 0:
                _fail("the root of a negative number", "负数开平方")
            return sqrt(max(low, 0.0)), sqrt(high)

        return run

    def extreme(self, which: Extreme, parts: Sequence[Run]) -> Run:
        choose: Any = min if which == "min" else max

        def run(frame: Frame) -> Ends:
            values = [part(frame) for part in parts]
            return choose(v[0] for v in values), choose(v[1] for v in values)

        return run

    def elapsed(self, later: Run, earlier: Run) -> Run:
        def run(frame: Frame) -> Ends:
            (low, high), (first, last) = later(frame), earlier(frame)
            return (low - last) / NS_PER_MINUTE, (high - first) / NS_PER_MINUTE

        return run

    def shifted(self, moment: Run, minutes: Run) -> Run:
        def shift(start: float, by: float) -> float:
            far = by * NS_PER_MINUTE
            return start + (round(far) if isfinite(far) else far)

        def run(frame: Frame) -> Ends:
            (low, high), (least, most) = moment(frame), minutes(frame)
            return shift(low, least), shift(high, most)

        return run

    def rows(self, place: Place) -> Run:
        def run(frame: Frame) -> list[Any] | None:
            value = _walk(place, frame)
            if isinstance(value, list | tuple):
                return list(value)
            frame[0].append(place.name(frame))
            return None

        return run

    def joined(self, lists: Sequence[Run], key: str | None, names: Sequence[str]) -> Run:
        def run(frame: Frame) -> list[Any] | None:
            found = [rows(frame) for rows in lists]
            return None if None in found else match(found, key, names)

        return run

    def count(self, loops: Sequence[Rounds]) -> Run:
        def run(frame: Frame) -> Ends:
            rounds = list(each(loops, frame))
            sure = float(rounds.count(Round.SURE))
            return sure, inf if Round.LOST in rounds else float(len(rounds))

        return run

    def total(self, element: Run, loops: Sequence[Rounds]) -> Run:
        def run(frame: Frame) -> Ends:
            lows, highs = [], []
            for surely in each(loops, frame):
                low, high = _ANY if surely is Round.LOST else element(frame)
                lows.append(min(low, 0.0) if surely is Round.UNSURE else low)
                highs.append(max(high, 0.0) if surely is Round.UNSURE else high)
            known = lows == highs
            return _sum(lows, -inf, known), _sum(highs, inf, known)

        return run

    def extreme_of(self, which: Extreme, element: Run, loops: Sequence[Rounds]) -> Run:
        def least(frame: Frame) -> Ends:
            sure: list[Ends] = []
            unsure: list[Ends] = []
            for surely in each(loops, frame):
                value = _ANY if surely is Round.LOST else element(frame)
                if which == "max":
                    value = (-value[1], -value[0])
                (sure if surely is Round.SURE else unsure).append(value)
            if not sure and not unsure:
                _fail(f"the {which} of nothing", f"空集的 {which}")
            low = min(v[0] for v in sure + unsure)
            return low, min(v[1] for v in sure) if sure else max(v[1] for v in unsure)

        if which == "min":
            return least
        return self.negative(least)

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        def run(frame: Frame) -> Verdict:
            one, other = left(frame), right(frame)
            if one[0] == one[1] == other[0] == other[1]:  # also where both are infinite
                return distance(0.0, 0.0, atom, strict)
            low, high = _add(other, (-one[1], -one[0]))
            return distance(low / divisor, high / divisor, atom, strict)

        return run

    def equal(self, left: Run, right: Run, kind: Kind, tolerance: float = 0.0) -> Run:
        def run(frame: Frame) -> Verdict:
            one, other = left(frame), right(frame)
            if kind == "boolean":
                one, other = one.truth, other.truth
            if kind in ("boolean", "word"):
                return UNKNOWN if one is None or other is None else plain(one == other)
            if one[0] == one[1] and other[0] == other[1]:
                return plain(one[0] == other[0] or abs(one[0] - other[0]) <= tolerance)
            apart = one[0] - other[1] > tolerance or other[0] - one[1] > tolerance
            return FALSE if apart else UNKNOWN

        return run

    def choice(self, then: Run, test: Run, other: Run, kind: Kind) -> Run:
        def run(frame: Frame) -> Any:
            truth = test(frame).truth
            if truth is not None:
                return then(frame) if truth else other(frame)
            one, two = then(frame), other(frame)
            if kind == "boolean":
                return either(one, two)
            if kind == "word":
                return one if one == two else None
            return min(one[0], two[0]), max(one[1], two[1])

        return run

    def every(self, element: Run, loops: Sequence[Rounds]) -> Run:
        return lambda frame: meet(_verdicts(element, loops, frame))


def _verdicts(element: Run, loops: Sequence[Rounds], frame: Frame) -> Iterator[Verdict]:
    """What must hold of all: of a round that may not take place, only that it is good or absent."""
    for surely in each(loops, frame):
        if surely is Round.LOST:
            yield UNKNOWN
            continue
        truth, low, high, atom, at = element(frame)
        at = identify(loops, frame) + at
        if surely is Round.SURE:
            yield Verdict(truth, low, high, atom, at)
        else:
            yield Verdict(truth or None, low, inf, atom, at)


def each(loops: Sequence[Rounds], frame: Frame, surely: Round = Round.SURE) -> Iterator[Round]:
    """Every round of nested ``loops`` that may take place, with its elements in the frame."""
    loop, inner = loops[0], loops[1:]
    rows = loop.rows(frame)
    if rows is None:
        yield Round.LOST
        return
    for number, row in enumerate(rows):
        values = row if len(loop.slots) > 1 else (row,)
        for slot, value in zip(loop.slots, values, strict=True):
            frame[slot] = value
        frame[loop.index] = number
        held = meet(condition(frame) for condition in loop.conditions).truth
        if held is False:
            continue
        here = surely if held else Round.UNSURE
        if inner:
            yield from each(inner, frame, here)
        else:
            yield here


def _walk(place: Place, frame: Frame) -> Any:
    value = frame[place.slot]
    for step in place.steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _value(value: Any, kind: Kind) -> Any:
    """``value`` if it is one of ``kind``, else None."""
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "word":
        return value if isinstance(value, str) else None
    if kind == "instant":
        return instant(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer beyond every float
        return inf if value > 0 else -inf
    return None if isnan(number) else number


def _fail(en: str, zh: str) -> NoReturn:
    raise NotComputable(Text(en, zh))


def _overflow() -> NoReturn:
    _fail("a number became too large or undefined", "数值溢出或无定义")


def _add(one: Ends, other: Ends) -> Ends:
    low, high = one[0] + other[0], one[1] + other[1]
    if one[0] == one[1] and other[0] == other[1]:
        if isnan(low) or (not isfinite(low) and isfinite(one[0]) and isfinite(other[0])):
            _overflow()
        return low, low
    return (-inf if isnan(low) else low), (inf if isnan(high) else high)


def _multiply(one: Ends, other: Ends) -> Ends:
    if one[0] == one[1] and other[0] == other[1]:
        value = one[0] * other[0]
        if isnan(value) or (not isfinite(value) and isfinite(one[0]) and isfinite(other[0])):
            _overflow()
        return value, value
    # A missing number is finite, however large: 0 times it is 0.
    products = [0.0 if 0.0 in (a, b) else a * b for a in one for b in other]
    return min(products), max(products)


def _divide(one: Ends, other: Ends) -> Ends:
    if other == (0, 0):
        _fail("a division by zero", "除数为零")
    if one[0] == one[1] and other[0] == other[1]:
        value = one[0] / other[0]
        if isnan(value) or (not isfinite(value) and isfinite(one[0])):
            _overflow()
        return value, value
    if other[0] <= 0 <= other[1]:
        return _ANY
    quotients = [a / b for a in one for b in other]
    if any(isnan(q) for q in quotients):  # unbounded by unbounded
        return _ANY
    return min(quotients), max(quotients)


def _sum(values: list[float], unbounded: float, known: bool) -> float:
    """The sum of the ends on one side; ``known`` when the ends on both sides are the same."""
    if not known and unbounded in values:
        return unbounded
    try:
        return fsum(values)
    except (OverflowError, ValueError):  # ValueError: both infinities among the values
        if known:
            _overflow()
        return unbounded
