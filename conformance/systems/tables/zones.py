"""Local time to UTC by the IANA time zone database, without guessing where clocks were changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

SECOND = 1_000_000_000
"""Nanoseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = 6 * 3600
_MARGIN = 2 * 86400


def offsets(zone: str, first: int, last: int) -> list[tuple[int, int | None]]:
    """Offset from UTC by local time, from ``first`` to ``last`` (local, nanoseconds since 1970).

    Returns (local start in ns, offset in ns) in ascending order; each holds until the next, the first from ever. None
    stands where a local time comes twice or never.
    """
    info = ZoneInfo(zone)
    start, end = first // SECOND - _MARGIN, last // SECOND + _MARGIN

    def offset(second: int) -> int:
        moment = (_EPOCH + timedelta(seconds=second)).astimezone(info).utcoffset()
        return int((moment or timedelta()).total_seconds())

    changes: list[tuple[int, int]] = [(start, offset(start))]
    for low, high in pairwise([*range(start, end, _STEP), end]):
        if offset(high) != changes[-1][1]:
            changes.append((_change(offset, low, high), offset(high)))
    found: list[tuple[int, int | None]] = [(start * SECOND, changes[0][1] * SECOND)]
    for (_, before), (moment, after) in pairwise(changes):
        twice_or_never = sorted((moment + before, moment + after))
        found += [(twice_or_never[0] * SECOND, None), (twice_or_never[1] * SECOND, after * SECOND)]
    return found


def _change(offset: Callable[[int], int], low: int, high: int) -> int:
    """The first second in (low, high] that has the offset of ``high``."""
    after = offset(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset(middle) == after else (middle, high)
    return high


def offset_sql(local: str, found: list[tuple[int, int | None]]) -> str:
    """SQL for the offset in ns of the local time that ``local`` gives; NULL where it comes twice or never."""
    ends = " ".join(
        f"WHEN {local} < {start} THEN {'NULL' if value is None else value}"
        for (_, value), (start, _) in pairwise(found)
    )
    last = found[-1][1]
    value = "NULL" if last is None else str(last)
    return f"CASE {ends} ELSE {value} END" if ends else f"CAST({value} AS BIGINT)"
