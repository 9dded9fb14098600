"""What orders the rows of a rule in time: the column, the groups, and how far apart neighbours may be."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from conformance.errors import Problem, Text
from conformance.errors.temporal import BadGap, BadWindow
from conformance.model.quantity import Unit, UnknownUnit, convert, quantity, unit
from conformance.model.standard import Figure, Pack, Rule

SECOND = unit("s")
NS_PER_SECOND = 1_000_000_000
FARTHEST = 2**62
"""Bound of a time's distance from 1970 in ns; half of it bounds windows, so that no sum leaves 64 bits."""


@frozen
class Clock:
    """The order of the samples that a rule looks at."""

    time: str
    """The column of their instants: the table's ``time``, or ``start`` of the windows that a chain leaves."""
    groups: tuple[str, ...]
    """The columns that name a group: the table's key without its time, or the last ``by`` of the chain."""
    gap: int | None
    """Neighbours further apart miss samples in between, ns; None: the rule does not say."""
    back: int = 0
    """How far the rule looks back from each sample, ns; operators without a bound add nothing."""
    ahead: int = 0
    """How far it looks ahead, ns."""


def clock_of(rule: Rule, pack: Pack, problems: list[Problem]) -> Clock | None:
    """The clock of the rows that ``rule`` speaks of; None if they stand in no order of time."""
    table = pack.tables.get(rule.applies_to)
    if table is None:
        return None
    if rule.chain:
        last = rule.chain[-1]
        return Clock("start", last.by, _gap(rule, problems)) if last.every else None
    if table.time is None:
        return None
    return Clock(table.time, tuple(name for name in table.key if name != table.time), _gap(rule, problems))


def looking(clock: Clock, reaches: Sequence[tuple[int, int]]) -> Clock | None:
    """``clock`` of a rule whose expressions look so far back and ahead; None if none of them does."""
    if not reaches:
        return None
    return evolve(clock, back=max(back for back, _ in reaches), ahead=max(ahead for _, ahead in reaches))


def nanoseconds(value: float, of: Unit) -> int:
    """A duration in whole nanoseconds. Raises ValueError if it is none."""
    return round(convert(value, of, SECOND) * NS_PER_SECOND)


def _gap(rule: Rule, problems: list[Problem]) -> int | None:
    if rule.gap is None:
        return None
    parameter = rule.parameters.get(rule.gap)
    try:
        if isinstance(parameter, Figure):
            value, of = float(parameter.value), unit(parameter.unit or "1")
        else:
            value, of = quantity(rule.gap)
        gap = nanoseconds(value, of)
    except UnknownUnit as problem:
        problems.append(evolve(problem, position=rule.position))
        return 1
    except (ValueError, OverflowError):
        gap = 0
    if not 0 < gap <= FARTHEST // 2:
        problems.append(BadGap(position=rule.position, found=rule.gap))
    return gap


def check_window(first: int, last: int, *, gap: int, future: bool = False) -> None:
    """Refuse a window or a gap without meaning; ``future``: the window may not begin before now."""
    if first > last:
        raise BadWindow(
            detail=Text(f"it ends ({last} ns) before it begins ({first} ns)", f"终点 {last} ns 早于起点 {first} ns")
        )
    if future and first < 0:
        raise BadWindow(detail=Text(f"it begins {-first} ns before now", f"起点在当前时刻之前 {-first} ns"))
    if max(abs(first), abs(last), gap) > FARTHEST // 2:
        raise BadWindow(detail=Text("a distance beyond 73 years", "距离超过 73 年"))
    if gap < 1:
        raise BadWindow(detail=Text(f"a gap of {gap} ns", f"`gap` 为 {gap} ns"))
