# ruff: noqa: D102 - what each method does is documented on `Engine`
"""The arithmetic for complete data: plain finite numbers, as fast as closures go.

Whatever it cannot handle (a missing, infinite or odd value, a division by zero) raises one of `GIVES_UP`, and
`Intervals` takes over. What both can compute, they compute alike, to the last bit.

A verdict is costly to make, and of a loop over many elements only one decides. So each condition is compiled twice: to
its verdict, and to its bare margin, a float whose sign is the truth. Loops compare bare margins and ask only the
element that decides for its verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import fsum, inf, isfinite, sqrt
from operator import add, mul, sub, truediv
from typing import Any

from attrs import evolve

from conformance.rules import reading
from conformance.rules.engine import (
    NS_PER_MINUTE,
    Engine,
    Extreme,
    Frame,
    Kind,
    Over,
    Place,
    Rounds,
    Run,
    alone,
    element_id,
    identify,
)
from conformance.rules.fused import (
    KEPT_AT_LIMIT,
    ODD,
    Field,
    Gap,
    Odd,
    band_margin,
    constant_margin,
    deviation,
    difference,
    finite_field,
    gap_margin,
    guarded,
    least_of,
    most_of,
    plain_field,
    product,
    settled,
)
from conformance.rules.margin import (
    AT_LIMIT,
    FALSE,
    TRUE,
    VACUOUS,
    Atom,
    NotComputable,
    Unpaired,
    Verdict,
    precedence,
)

GIVES_UP = (
    Odd, NotComputable, Unpaired, TypeError, KeyError, IndexError, ValueError, AttributeError, ArithmeticError
)  # fmt: skip
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul, "/": truediv}


class Points(Engine):
    """Numbers are floats or ints, verdicts have ``low == high``.

    An infinite or undefined number stays one through ``+ - *`` and is noticed where a comparison ends; only where an
    operation could hide it (a divisor, an extreme, an equality) it is looked for at once.
    """

    def __init__(self) -> None:
        self._constants: dict[Run, float] = {}
        self._fields: dict[Run, Field] = {}
        """Numbers that what uses them can read in place, a call less."""
        self._sums: dict[Run, tuple[Run, float]] = {}
        """A number plus a constant."""
        self._differences: dict[Run, tuple[Field, Field]] = {}
        """One such number minus another."""
        self._gaps: dict[Run, Gap] = {}
        """Comparisons of two such numbers."""
        self._flags: dict[Run, tuple[int, str]] = {}
        """Conditions that are a field of the record in a slot."""
        self._margins: dict[Run, Run] = {}
        self._plain: set[Run] = set()
        """Conditions in which no quantity is compared: their verdict is `TRUE` or `FALSE`."""
        self._opposites: dict[Run, Run] = {}
        """Of these, what was negated."""

    def margin(self, condition: Run) -> Run:
        """The bare margin of a condition of this engine: the normalised margin, but with the truth as its sign.

        So it is never 0: at the limit it is plus or minus `KEPT_AT_LIMIT`. Without a distance it is infinite.
        What only ever fails, or stands for a part that was refused, is its own.
        """
        return self._margins.get(condition, condition)

    def brief(self, condition: Run) -> Run:
        """The same condition without a distance: `TRUE` or `FALSE`."""
        return condition if condition in self._plain else self._boolean(self.margin(condition))

    def _condition(self, run: Run, margin: Run) -> Run:
        self._margins[run] = margin
        return run

    def _boolean(self, margin: Run) -> Run:
        """A condition in which no quantity is compared."""

        def run(frame: Frame) -> Verdict:
            return TRUE if margin(frame) > 0 else FALSE

        self._plain.add(run)
        return self._condition(run, margin)

    # Values

    def constant(self, value: float) -> Run:
        def run(frame: Frame) -> float:
            return value

        self._constants[run] = value
        return run

    def truth(self, value: bool) -> Run:
        margin = inf if value else -inf
        return self._boolean(lambda frame: margin)

    def read(self, place: Place, kind: Kind) -> Run:
        match kind:
            case "number":
                if len(place.steps) != 1:
                    return reading.number(place)
                field = Field(place.slot, place.steps[0])
                run = plain_field(field)
                self._fields[run] = field
            case "boolean":
                run = self._boolean(reading.flag(place))
                if len(place.steps) == 1:
                    self._flags[run] = place.slot, place.steps[0]
            case "word":
                run = reading.word(place)
            case "instant":
                run = reading.moment(place)
        return run

    def has(self, place: Place, kind: Kind) -> Run:
        return self._boolean(reading.has(place, kind))

    # Numbers

    def arithmetic(self, op: str, left: Run, right: Run) -> Run:
        apply = _OPERATORS[op]
        first, last = self._constants.get(left), self._constants.get(right)
        if first is not None and last and isfinite(value := apply(first, last)):
            return self.constant(value)
        if last is not None and op in "+-":
            return self._plus(left, apply(0, last))
        one, two = self._fields.get(left), self._fields.get(right)
        if one and two and not one.plus and not two.plus and op in "-*":
            run = difference(one, two) if op == "-" else product(one, two)
            if op == "-":
                self._differences[run] = one, two
            return run
        divisor = self._finite(right)
        if first is not None and op == "/":
            return lambda frame: first / divisor(frame)
        return {
            "+": lambda frame: left(frame) + right(frame),
            "-": lambda frame: left(frame) - right(frame),
            "*": lambda frame: left(frame) * right(frame),
            "/": lambda frame: left(frame) / divisor(frame),
        }[op]

    def _plus(self, of: Run, number: float) -> Run:
        def run(frame: Frame) -> Any:
            return of(frame) + number

        self._sums[run] = of, number
        field = self._fields.get(of)
        if field and not field.plus:
            self._fields[run] = evolve(field, plus=number)
        return run

    def _finite(self, of: Run) -> Run:
        """The same number, unless it is infinite or undefined: then it minus itself is not 0."""
        if of in self._constants:
            return of
        field = self._fields.get(of)
        if field and not field.plus:
            return finite_field(field)

        def run(frame: Frame) -> Any:
            value = of(frame)
            if value - value:
                raise ODD
            return value

        return run

    def negative(self, of: Run) -> Run:
        if of in self._constants:
            return self.constant(-self._constants[of])
        return lambda frame: -of(frame)

    def absolute(self, of: Run) -> Run:
        if of in self._differences:
            return deviation(*self._differences[of])
        return lambda frame: abs(of(frame))

    def root(self, of: Run) -> Run:
        return lambda frame: sqrt(of(frame))

    def extreme(self, which: Extreme, parts: Sequence[Run]) -> Run:
        finite = [self._finite(part) for part in parts]
        if len(finite) == 2:
            return (least_of if which == "min" else most_of)(*finite)
        choose: Any = min if which == "min" else max
        return lambda frame: choose([part(frame) for part in finite])

    def elapsed(self, later: Run, earlier: Run) -> Run:
        return lambda frame: (later(frame) - earlier(frame)) / NS_PER_MINUTE

    def shifted(self, moment: Run, minutes: Run) -> Run:
        return lambda frame: moment(frame) + round(minutes(frame) * NS_PER_MINUTE)

    def over_time(self, operator: Over, parts: Sequence[Run], options: Mapping[str, int]) -> Run:
        return self._condition(alone, alone)

    # Lists

    def rows(self, place: Place) -> Run:
        reach = reading.reach(place)

        def run(frame: Frame) -> list[Any]:
            value = reach(frame)
            if value.__class__ is list:
                return value
            raise ODD

        return run

    def joined(self, lists: Sequence[Run], key: str | None, names: Sequence[str]) -> Run:
        if key is None:
            return lambda frame: list(zip(*[rows(frame) for rows in lists], strict=True))
        first, second = lists

        def run(frame: Frame) -> list[tuple[Any, Any]]:
            left, right = first(frame), second(frame)
            index = {row[key]: row for row in right}
            if not len(left) == len(right) == len(index) or None in index:
                raise ODD
            take = index.pop  # fails on a key that is doubled on the left
            return [(row, take(row[key])) for row in left]

        return run

    def count(self, loops: Sequence[Rounds]) -> Run:
        rounds = self._sweep(lambda frame: None, loops)
        return lambda frame: len(rounds(frame))

    def total(self, element: Run, loops: Sequence[Rounds]) -> Run:
        # Exactly rounded, so that neither the order of elements nor the version of Python changes a verdict.
        values = self._sweep(element, loops)
        return lambda frame: fsum(values(frame))

    def extreme_of(self, which: Extreme, element: Run, loops: Sequence[Rounds]) -> Run:
        choose: Any = min if which == "min" else max
        sweep = self._sweep(element, loops)

        def run(frame: Frame) -> Any:
            values = sweep(frame)
            if not all(map(isfinite, values)):
                raise ODD
            return choose(values)

        return run

    def _sweep(self, element: Run, loops: Sequence[Rounds]) -> Run:
        """What ``element`` is in each round."""
        rows, target, taken = loops[0].rows, _target(loops[0]), self._taken(loops[0])
        if len(loops) > 1:
            inner = self._sweep(element, loops[1:])
            return lambda frame: [v for frame[target] in rows(frame) if taken(frame) > 0 for v in inner(frame)]
        if loops[0].conditions:
            return lambda frame: [element(frame) for frame[target] in rows(frame) if taken(frame) > 0]
        over = _over(loops[0], element)
        return lambda frame: over(frame, rows(frame))

    def _taken(self, loop: Rounds) -> Run:
        """The bare margin of all conditions of a loop."""
        return self.margin(self.both(loop.conditions) if loop.conditions else self.truth(True))

    # Conditions

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        at_limit = -KEPT_AT_LIMIT if strict else KEPT_AT_LIMIT
        one, two = self._fields.get(left), self._fields.get(right)
        first, last = self._constants.get(left), self._constants.get(right)
        gap = Gap(one, two, divisor, at_limit) if one and two else None
        if gap:
            margin = gap_margin(gap)
        elif one and last is not None:
            margin = constant_margin(one, -1.0, last, divisor, at_limit)
        elif two and first is not None:
            margin = constant_margin(two, 1.0, -first, divisor, at_limit)
        else:
            high, plus = self._sums.get(right, (right, 0.0))

            def margin(frame: Frame) -> float:
                found: float = (high(frame) + plus - left(frame)) / divisor
                if AT_LIMIT < found < inf or -inf < found < -AT_LIMIT:
                    return found
                return settled(found, at_limit)

        def run(frame: Frame) -> Verdict:
            found = margin(frame)
            level = 0.0 if abs(found) <= AT_LIMIT else found
            return Verdict(found > 0, level, level, atom)

        if gap:
            self._gaps[run] = gap
        return self._condition(run, margin)

    def equal(self, left: Run, right: Run, kind: Kind, tolerance: float = 0.0) -> Run:
        if kind == "number":
            one, other = self._finite(left), self._finite(right)
            return self._boolean(lambda frame: inf if abs(one(frame) - other(frame)) <= tolerance else -inf)
        if kind == "boolean":
            first, second = self.margin(left), self.margin(right)
            return self._boolean(lambda frame: inf if (first(frame) > 0) is (second(frame) > 0) else -inf)
        return self._boolean(lambda frame: inf if left(frame) == right(frame) else -inf)

    def choice(self, then: Run, test: Run, other: Run, kind: Kind) -> Run:
        held = self.margin(test)

        def run(frame: Frame) -> Any:
            return then(frame) if held(frame) > 0 else other(frame)

        if kind != "boolean":
            return run
        first, second = self.margin(then), self.margin(other)
        return self._condition(run, lambda frame: first(frame) if held(frame) > 0 else second(frame))

    def negation(self, of: Run) -> Run:
        margin = self.margin(of)
        if of in self._plain:
            opposite = self._boolean(lambda frame: -margin(frame))
            self._opposites[opposite] = of
            return opposite
        return self._condition(super().negation(of), lambda frame: -margin(frame))

    def both(self, parts: Sequence[Run]) -> Run:
        *before, last = parts
        margin = self.margin(last)
        for part in reversed(before):
            margin = self._guarded(part, True, margin) if part in self._plain else least_of(self.margin(part), margin)
        gaps = [self._gaps[part] for part in parts if part in self._gaps]
        if len(gaps) == len(parts) == 2:
            one, other = gaps
            if one.high.same(other.low):
                margin = band_margin(one, other)
            elif other.high.same(one.low):
                margin = band_margin(other, one)
        if self._plain.issuperset(parts):
            return self._boolean(margin)
        return self._condition(self._decided(min, parts, super().both(parts)), margin)

    def one_of(self, parts: Sequence[Run]) -> Run:
        *before, last = parts
        margin = self.margin(last)
        for part in reversed(before):
            margin = self._guarded(part, False, margin) if part in self._plain else most_of(self.margin(part), margin)
        if self._plain.issuperset(parts):
            return self._boolean(margin)
        return self._condition(self._decided(max, parts, super().one_of(parts)), margin)

    def _guarded(self, plain: Run, wanted: bool, rest: Run) -> Run:
        """The bare margin ``rest`` if a condition without quantities is as ``wanted``; else it settles the matter."""
        otherwise = -inf if wanted else inf
        while plain in self._opposites:
            plain, wanted = self._opposites[plain], not wanted
        if plain in self._flags:
            return guarded(*self._flags[plain], wanted, rest, otherwise)
        own = self.margin(plain)
        if wanted:
            return lambda frame: rest(frame) if own(frame) > 0 else otherwise
        return lambda frame: otherwise if own(frame) > 0 else rest(frame)

    def _decided(self, choose: Any, parts: Sequence[Run], otherwise: Run) -> Run:
        """The verdict of the first part with the least or greatest bare margin; ``otherwise`` if that is infinite."""
        margins = [self.margin(part) for part in parts]
        settling = choose(-inf, inf)

        def run(frame: Frame) -> Verdict:
            found = []
            for margin in margins:
                found.append(margin(frame))
                if found[-1] == settling:  # what follows need not even be computable
                    return otherwise(frame)  # type: ignore[no-any-return]
            extreme = choose(found)
            decider = otherwise if extreme == -settling else parts[found.index(extreme)]
            return decider(frame)  # type: ignore[no-any-return]

        return run

    def some(self, element: Run, loops: Sequence[Rounds]) -> Run:
        margins = self._sweep(self.margin(element), loops)
        return self._condition(super().some(element, loops), lambda frame: max(margins(frame), default=-inf))

    def every(self, element: Run, loops: Sequence[Rounds]) -> Run:
        margins = self._sweep(self.margin(element), loops)
        run = self._every(element, loops)
        if element not in self._plain and len(loops) == 1:
            run = self._every_by_margin(element, loops[0], otherwise=run)
        return self._condition(run, lambda frame: min(margins(frame), default=inf))

    def _every_by_margin(self, element: Run, loop: Rounds, *, otherwise: Run) -> Run:
        """``all`` over one loop: the least bare margin first, its verdict last; ``otherwise`` where it is infinite."""
        rows, index, target = loop.rows, loop.index, _target(loop)
        margin, taken = self.margin(element), self._taken(loop)
        named = tuple(zip(loop.names, loop.slots, strict=True))
        if loop.conditions:
            margins_of = _over(loop, lambda frame: margin(frame) if taken(frame) > 0 else inf)
        else:
            margins_of = _over(loop, margin)

        def run(frame: Frame) -> Verdict:
            elements = rows(frame)
            margins = margins_of(frame, elements)
            least = min(margins, default=inf)
            if least - least:
                return otherwise(frame)  # type: ignore[no-any-return]
            number = margins.index(least)
            frame[target], frame[index] = elements[number], number
            truth, low, high, atom, at = element(frame)
            return Verdict(truth, low, high, atom, tuple([(n, element_id(frame[s], number)) for n, s in named]) + at)

        return run

    def _every(self, element: Run, loops: Sequence[Rounds]) -> Run:
        """``all`` over any loops, a verdict a round."""

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


def _over(loop: Rounds, element: Run) -> Callable[[Frame, list[Any]], list[Any]]:
    """What ``element`` is in each round of a loop without conditions."""
    if len(loop.slots) == 2:
        first, second = loop.slots
        return lambda frame, rows: [element(frame) for frame[first], frame[second] in rows]
    target = _target(loop)
    return lambda frame, rows: [element(frame) for frame[target] in rows]


def _target(loop: Rounds) -> int | slice:
    """Where a row goes in the frame."""
    first, last = loop.slots[0], loop.slots[-1]
    return first if first == last else slice(first, last + 1)
