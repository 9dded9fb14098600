"""Days: dates as packs write them (``2026-01-31``), half-open spans of them, and the instant at which one begins."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

Span: TypeAlias = tuple[str | None, str | None]
"""The first day, and the first that is no longer part of it; None where it has no end."""

FIRST = "0001-01-01"
"""The first day of all."""
DAY = (
    r"[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29"
)
"""A date that exists, as a pattern that Python and SQL engines read alike: their own conversions differ."""
_PATTERN = re.compile(DAY)
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


def is_day(text: str) -> bool:
    """Whether ``text`` is a date that exists, as YYYY-MM-DD.

    >>> is_day("2024-02-29"), is_day("2023-02-29"), is_day("20240229")
    (True, False, False)
    """
    return _PATTERN.fullmatch(text) is not None and text >= FIRST


def only(day: str) -> Span:
    """The span of one day."""
    of = date.fromisoformat(day)
    return day, None if of == date.max else (of + timedelta(days=1)).isoformat()


def within(day: str, span: Span) -> bool:
    """Whether ``day`` is part of ``span``."""
    first, end = span
    return (first is None or first <= day) and (end is None or day < end)


def meet(one: Span, other: Span) -> bool:
    """Whether some day is part of both."""
    first = max(one[0] or "", other[0] or "")
    return all(end is None or first < end for end in (one[1], other[1]))


def begins(day: str, zone: str) -> int:
    """The instant at which ``day`` begins in ``zone`` (IANA), in UTC nanoseconds since 1970.

    >>> begins("1970-01-02", "Asia/Shanghai") // 1_000_000_000
    57600
    """
    midnight = datetime.fromisoformat(day)
    offset = midnight.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()
    return (midnight - _EPOCH - offset) // _MICROSECOND * 1000
