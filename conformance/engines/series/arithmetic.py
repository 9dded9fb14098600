# ruff: noqa: D102 - what each method does is documented on `Engine`
"""The arithmetic of series: closures over the samples of a stretch, in the meaning of `Intervals`, sample by sample.

The first slot of a frame holds the `View`. What is not computable at a sample is missing to the operators over time
that look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from conformance.engines.row_engine import RowEngine
from conformance.engines.series import kernel as over
from conformance.engines.series._signal import FAILS_AT_LIMIT, Mask
from conformance.engines.series.kernel import Latched, Signal
from conformance.engines.series.values import (
    NO_INSTANT,
    UNBOUNDED,
    Bad,
    Decides,
    Moment,
    Number,
    Says,
    Values,
    Word,
    all_of,
    any_of,
    either_bad,
    one_or_other,
    plain,
    some_of,
    unless,
)
from conformance.engines.series.view import Carried, Column, View
from conformance.rules.engine import NS_PER_MINUTE, Extreme, Frame, Kind, Over, Place, Run
from conformance.rules.margin import AT_LIMIT, Atom

OPERATORS: Mapping[Over, Callable[..., Signal]] = {
    "always": over.always,
    "changed": over.changed,
    "elapsed": over.elapsed,
    "eventually": over.eventually,
    "held": over.held,
    "previous": over.previous,
    "rate": over.rate,
    "response_time": over.response_time,
    "rise_time": over.rise_time,
    "rises": over.rises,
    "settling_time": over.settling_time,
    "since": over.since,
    "until": over.until,
}
_CONDITIONS = ("always", "changed", "eventually", "held", "rises", "since", "until")
_TIMES = ("elapsed", "response_time", "rise_time", "settling_time")


def column(place: Place) -> str:
    """The column of a relation at ``place``: of the row itself, or of what is joined to it (``certificate.id``)."""
    return ".".join(place.steps if place.origin == "row" else (place.origin, *place.steps))


class Series(RowEngine):
    """Numbers are `Number`, instants `Moment`, texts `Word`, verdicts `Says`."""

    def __init__(self) -> None:
        self.columns: set[Column] = set()
        """What the closures read."""
        self.unbounded = False
        """Whether some operator looks back without a bound."""

    def constant(self, value: float) -> Run:
        number = np.float64(value)
        fixed = Number(number, number)
        return lambda frame: fixed

    def word(self, value: str) -> Run:
        fixed = Word(value)
        return lambda frame: fixed

    def truth(self, value: bool) -> Run:
        says = plain(value)
        return lambda frame: says

    # Values

    def read(self, place: Place, kind: Kind) -> Run:
        if not place.steps:
            slot = place.slot
            return lambda frame: frame[slot]  # a limit that was looked up
        name = column(place)
        self.columns.add((name, kind))
        return lambda frame: frame[0].read(name, kind)

    def has(self, place: Place, kind: Kind) -> Run:
        name, optional = column(place), any(place.optional)
        self.columns |= {(name, kind), (name, "null")}

        def run(frame: Frame) -> Says:
            view: View = frame[0]
            lost = view.lost(name, kind)
            if not lost.any():
                return plain(True)
            there = np.logical_not(lost)
            return plain(there, lost & np.logical_not(view.null(name)) if optional else lost)

        return run

    # Numbers

    def arithmetic(self, op: str, left: Run, right: Run) -> Run:
        apply = {"+": _add, "-": lambda a, b: _add(a, _opposite(b), np.subtract, b), "*": _multiply, "/": _divide}[op]
        return lambda frame: apply(left(frame), right(frame))

    def negative(self, of: Run) -> Run:
        return lambda frame: _opposite(of(frame))

    def absolute(self, of: Run) -> Run:
        def run(frame: Frame) -> Number:
            value: Number = of(frame)
            low, high = np.abs(value.low), np.abs(value.high)
            if value.known:
                return Number(low, low, value.bad)
            around = (value.low <= 0) & (value.high >= 0)
            return Number(np.where(around, 0.0, np.minimum(low, high)), np.maximum(low, high), value.bad)

        return run

    def root(self, of: Run) -> Run:
        def run(frame: Frame) -> Number:
            value: Number = of(frame)
            bad = any_of(value.bad, _where(value.high < 0))
            low = np.sqrt(np.maximum(value.low, 0.0))
            return Number(low, low if value.known else np.sqrt(np.maximum(value.high, 0.0)), bad)

        return run

    def extreme(self, which: Extreme, parts: Sequence[Run]) -> Run:
        choose = np.minimum if which == "min" else np.maximum

        def run(frame: Frame) -> Number:
            values: list[Number] = [part(frame) for part in parts]
            low = reduce(choose, (v.low for v in values))
            high = low if all(v.known for v in values) else reduce(choose, (v.high for v in values))
            return Number(low, high, any_of(*(v.bad for v in values)))

        return run

    def elapsed(self, later: Run, earlier: Run) -> Run:
        def minutes(one: Values, other: Values) -> Values:
            apart = (one - other) / NS_PER_MINUTE
            open_below = (one == NO_INSTANT) | (other == UNBOUNDED)
            open_above = (one == UNBOUNDED) | (other == NO_INSTANT)
            return np.where(open_below, -np.inf, np.where(open_above, np.inf, apart))

        def run(frame: Frame) -> Number:
            one, other = later(frame), earlier(frame)
            low = minutes(one.low, other.high)
            known = one.low is one.high and other.low is other.high
            return Number(low, low if known else minutes(one.high, other.low), any_of(one.bad, other.bad))

        return run

    def shifted(self, moment: Run, minutes: Run) -> Run:
        def shift(start: Values, by: Values) -> Values:
            far = np.rint(by * NS_PER_MINUTE)
            beyond = np.abs(start.astype(np.float64) + far) >= 2.0**63
            whole = start + np.where(beyond, 0, far).astype(np.int64)
            open_ = (start == NO_INSTANT) | (start == UNBOUNDED)
            return np.where(open_, start, np.where(beyond, np.where(far < 0, NO_INSTANT, UNBOUNDED), whole))

        def run(frame: Frame) -> Moment:
            one, by = moment(frame), minutes(frame)
            low = shift(one.low, by.low)
            known = one.low is one.high and by.known
            return Moment(low, low if known else shift(one.high, by.high), any_of(one.bad, by.bad))

        return run

    # Conditions

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        zero = FAILS_AT_LIMIT if strict else 0.0
        atoms = frozenset((atom,))

        def near(margin: Values) -> Values:
            margin = margin if divisor == 1 else margin / divisor
            at_limit = np.abs(margin) <= AT_LIMIT
            return np.where(at_limit, zero, margin) if at_limit.any() else margin

        def run(frame: Frame) -> Says:
            one, other = left(frame), right(frame)
            gap = _add(other, _opposite(one), np.subtract, one)
            bad = gap.bad
            low, high = gap.low, gap.high
            if bad is not False or not gap.known:
                same = (one.low == one.high) & (other.low == other.high) & (one.low == other.low)
                if np.any(same):  # also where both are infinite
                    bad = _where(any_of(one.bad, other.bad, bad & ~same))
                    low, high = np.where(same, 0.0, low), np.where(same, 0.0, high)
            low = near(low)
            high = low if gap.known and bad is False else near(high)
            return Says(unless(bad, low, -np.inf), unless(bad, high, np.inf), atoms, bad, lambda at: atom, lambda: True)

        return run

    def equal(self, left: Run, right: Run, kind: Kind, tolerance: float = 0.0) -> Run:
        def run(frame: Frame) -> Says:
            one, other = left(frame), right(frame)
            bad = any_of(one.bad, other.bad)
            if kind == "boolean":
                lost = any_of(*(_where(~p.true & ~p.false) for p in (one, other)))
                return plain(one.true == other.true, lost, bad)
            if kind == "word":
                return plain(one.value == other.value, any_of(one.lost, other.lost), bad)
            same = one.low == other.low
            if tolerance:
                same = same | (np.abs(one.low - other.low) <= tolerance)
            if one.low is one.high and other.low is other.high:
                return plain(same, bad=bad)
            known = (one.low == one.high) & (other.low == other.high)
            if kind == "instant":
                apart = (one.low > other.high) | (other.low > one.high)
            else:
                apart = (one.low - other.high > tolerance) | (other.low - one.high > tolerance)
            return plain(known & same, ~known & ~apart, bad)

        return run

    def choice(self, then: Run, test: Run, other: Run, kind: Kind) -> Run:
        def run(frame: Frame) -> Any:
            asked: Says = test(frame)
            one, two = then(frame), other(frame)
            if kind == "boolean":
                return one_or_other(asked, one, two)
            yes, no = asked.true, asked.false
            bad = either_bad(asked, one.bad, two.bad)
            if kind == "word":
                differ = any_of(one.lost, two.lost, one.value != two.value)
                lost = (yes & one.lost) | (no & two.lost) | (~yes & ~no & differ)
                return Word(np.where(yes, one.value, two.value), lost, bad)
            low = np.where(yes, one.low, np.where(no, two.low, np.minimum(one.low, two.low)))
            high = np.where(yes, one.high, np.where(no, two.high, np.maximum(one.high, two.high)))
            return Moment(low, high, bad) if kind == "instant" else Number(low, high, bad)

        return run

    def both(self, parts: Sequence[Run]) -> Run:
        return lambda frame: all_of([part(frame) for part in parts])

    def one_of(self, parts: Sequence[Run]) -> Run:
        return lambda frame: some_of([part(frame) for part in parts])

    def negation(self, of: Run) -> Run:
        return lambda frame: of(frame).negated()

    # Over time

    def over_time(self, operator: Over, parts: Sequence[Run], options: Mapping[str, int]) -> Run:
        apply = OPERATORS[operator]
        carries = operator in ("elapsed", "since")
        own = {name: value for name, value in options.items() if name != "above"}
        this = object()
        self.unbounded = self.unbounded or carries

        def run(frame: Frame) -> Any:
            view: View = frame[0]
            values = [part(frame) for part in parts]
            signals = [_signal(view, value, operator) for value in values]
            before = view.before.get(this) if carries else None
            after = {"after": before.said if before else None} if carries else {}
            found = apply(*signals, **own, **after, whole=view.whole)
            decides, atoms = _decider(operator, own, found, signals, values, before)
            if carries:
                _carry(view, this, options["above"], found, decides)
            if operator in _CONDITIONS:
                return Says(found.low, found.high, atoms, False, decides, lambda: bool(atoms) & _finite(found))
            if operator in _TIMES:
                return Number(found.low / NS_PER_MINUTE, found.high / NS_PER_MINUTE)
            return Number(found.low, found.high)

        return run


# Over time


def _signal(view: View, value: Number | Says | Word, operator: Over) -> Signal:
    if isinstance(value, Word):
        return view.codes(value)
    return view.truths(value) if operator == "changed" and isinstance(value, Says) else view.signal(value)


def _decider(
    operator: Over,
    options: Mapping[str, int],
    found: Signal,
    signals: Sequence[Signal],
    values: Sequence[Any],
    before: Carried | None,
) -> tuple[Decides, frozenset[Atom]]:
    """Which comparison gave a sample its margin: that of the first sample looked at (of `since` the last one) whose
    margin has the same size."""
    atoms = frozenset[Atom]().union(*(v.atoms for v in values if isinstance(v, Says)))
    if operator not in _CONDITIONS or operator == "changed" or not atoms:
        return lambda at: None, frozenset()
    if before and before.atom:
        atoms |= {before.atom}
    times = found.times

    def decides(at: int) -> Atom | None:
        end = found.low if np.isfinite(found.low[at]) else found.high
        if not np.isfinite(end[at]):
            return None
        first, last = _looked_at(operator, options, int(times[at]))
        looked = slice(int(np.searchsorted(times, first)), int(np.searchsorted(times, last, "right")))
        size = np.abs(end[at])
        same = [(np.abs(s.low[looked]) == size) | (np.abs(s.high[looked]) == size) for s in signals]
        alike = sorted((int(sample), n) for n, mask in enumerate(same) for sample in np.flatnonzero(mask))
        for sample, n in reversed(alike) if operator == "since" else alike:
            atom: Atom | None = values[n].decides(looked.start + sample)
            if atom is not None:
                return atom
        return before.atom if before else None

    if len(atoms) == 1:
        (only,) = atoms
        return lambda at: only if np.isfinite(found.low[at]) or np.isfinite(found.high[at]) else None, atoms
    return decides, atoms


def _looked_at(operator: Over, options: Mapping[str, int], now: int) -> tuple[int, int]:
    """The first and the last instant that an operator looks at."""
    match operator:
        case "always" | "eventually":
            return now + options["a"], now + options["b"]
        case "until":
            return now, now + options["b"]
        case "held":
            return now - options["d"], now
        case "rises":
            return now - options["gap"], now
        case _:
            return -(2**62), now


def _finite(found: Signal) -> Mask:
    """Where something is known of a margin."""
    known: Mask = np.isfinite(found.low) | np.isfinite(found.high)
    return known


def _carry(view: View, this: object, above: int, found: Signal, decides: Decides) -> None:
    """Keep the last sample that no later evaluation looks back to."""
    before = view.before.get(this)
    last = -1
    if len(view):
        last = int(np.searchsorted(found.times, view.stretch.until - above, "right")) - 1
    if last >= 0 and (before is None or found.times[last] > before.said.time):
        said = Latched(int(found.times[last]), float(found.low[last]), float(found.high[last]))
        view.after[this] = Carried(said, decides(last))
    elif before is not None:
        view.after[this] = before


# Formulas


def _where(mask: Bad) -> Bad:
    return mask if mask is not False and np.any(mask) else False


def _opposite(of: Number) -> Number:
    low = np.negative(of.high)
    return Number(low, low if of.known else np.negative(of.low), of.bad)


def _known(one: Number, other: Number, value: Values, *operands: Values) -> Bad:
    """Where a number from known ones is undefined, or infinite though ``operands`` are not."""
    finite = np.isfinite(value)
    if finite.all():
        return False
    over = np.isnan(value) | (~finite & reduce(np.logical_and, (np.isfinite(o) for o in operands)))
    return _where(over & one.points & other.points)


def _add(one: Number, other: Number, apply: np.ufunc = np.add, second: Number | None = None) -> Number:
    """The sum; a difference is computed at once from its ``second`` part, of which ``other`` is the opposite."""
    low = apply(one.low, (second or other).low) if one.known and other.known else one.low + other.low
    bad = any_of(one.bad, other.bad, _known(one, other, low, one.low, other.low))
    if one.known and other.known:
        return Number(low, low, bad)
    high = one.high + other.high
    return Number(unless(_where(np.isnan(low)), low, -np.inf), unless(_where(np.isnan(high)), high, np.inf), bad)


def _multiply(one: Number, other: Number) -> Number:
    product = one.low * other.low
    bad = any_of(one.bad, other.bad, _known(one, other, product, one.low, other.low))
    if one.known and other.known:
        return Number(product, product, bad)
    # A missing number is finite, however large: 0 times it is 0.
    products = [np.where((a == 0) | (b == 0), 0.0, a * b) for a in (one.low, one.high) for b in (other.low, other.high)]
    return Number(reduce(np.minimum, products), reduce(np.maximum, products), bad)


def _divide(one: Number, other: Number) -> Number:
    quotient = one.low / other.low
    zero = _where((other.low == 0) & (other.high == 0))
    bad = any_of(one.bad, other.bad, zero, _known(one, other, quotient, one.low))
    if one.known and other.known:
        return Number(quotient, quotient, bad)
    quotients = [a / b for a in (one.low, one.high) for b in (other.low, other.high)]
    open_ = reduce(np.logical_or, (np.isnan(q) for q in quotients)) | ((other.low <= 0) & (other.high >= 0))
    return Number(
        np.where(open_, -np.inf, reduce(np.fmin, quotients)), np.where(open_, np.inf, reduce(np.fmax, quotients)), bad
    )
