"""The rows of a limits table: whether each chooses by the keys of the table, and whether two match the same case."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.model.days import meet
from conformance.model.standard import DATE, LimitRow


def fits(row: LimitRow, keys: Mapping[str, str | None]) -> bool:
    """Whether ``row`` chooses by each of ``keys`` once, in the manner of its kind, and by no other."""
    ranged, dated = row.over.keys() | row.upto.keys(), row.since.keys() | row.before.keys()
    named = [*row.eq, *ranged, *dated]
    if set(named) != set(keys) or len(named) != len(keys):
        return False
    numbers = {k for k, of in keys.items() if of not in (None, DATE)}
    return (
        ranged <= numbers
        and all(keys[k] == DATE for k in dated)
        and all(isinstance(v, str) != (k in numbers) for k, v in row.eq.items())
        and all(row.over[k] < row.upto[k] for k in row.over.keys() & row.upto.keys())
        and all(row.since[k] < row.before[k] for k in row.since.keys() & row.before.keys())
    )


def overlap(one: LimitRow, two: LimitRow, keys: Mapping[str, str | None]) -> bool:
    """Whether some case matches both rows on some day; a range is over (exclusive) to upto (inclusive)."""
    return meet(one.in_force, two.in_force) and all(
        meet(one.days(k), two.days(k)) if of == DATE else _meet(one, two, k) for k, of in keys.items()
    )


def _meet(one: LimitRow, two: LimitRow, key: str) -> bool:
    if key in one.eq and key in two.eq:
        return one.eq[key] == two.eq[key]
    for exact, ranged in ((one, two), (two, one)):
        if key in exact.eq:
            value = exact.eq[key]
            return isinstance(value, int | float) and _low(ranged, key) < value <= _high(ranged, key)
    return max(_low(one, key), _low(two, key)) < min(_high(one, key), _high(two, key))


def _low(row: LimitRow, key: str) -> float:
    return row.over.get(key, float("-inf"))


def _high(row: LimitRow, key: str) -> float:
    return row.upto.get(key, float("inf"))
