"""The windows of a chain: half-open, of fixed length and aligned in UTC, or those of a calendar in a zone.

Days begin at local midnight, weeks on Monday, hours at the full local hour and where clocks are changed. Windows that
follow each other and are equally long make a `Run`, so that the window of an instant is found by arithmetic; where
there are several runs, by halving. Nothing is joined.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from attrs import frozen

from conformance.model.quantity import nanoseconds
from conformance.model.standard import CALENDAR

SECOND = 1_000_000_000
"""Nanoseconds, in which instants count since 1970 in UTC."""
HOUR, DAY = 3600 * SECOND, 86400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FINER = {"hour": ("hour",), "day": ("hour", "day"), "week": ("hour", "day", "week"),
          "month": ("hour", "day", "month"), "year": ("hour", "day", "month", "year")}  # fmt: skip


@frozen
class Windows:
    """How time is divided: in windows of ``length`` nanoseconds, or by a word of the calendar."""

    length: int | None
    word: str | None
    zone: str

    @staticmethod
    def of(every: str, zone: str) -> Windows | None:
        """The windows of ``every`` in the IANA zone ``zone``; None if it is no length of time and no word."""
        if every in CALENDAR:
            return Windows(None, every, zone)
        length = nanoseconds(every)
        return None if length is None else Windows(length, None, zone)

    def divides(self, length: int) -> bool:
        """Whether each window holds a whole number of samples of ``length``."""
        return (self.length or (HOUR if self.word == "hour" else DAY)) % length == 0

    def holds(self, finer: Windows) -> bool:
        """Whether each window of ``finer`` lies in one of these."""
        if self.word is None:
            return finer.length is not None and self.length is not None and self.length % finer.length == 0
        if finer.word is not None:
            return finer.word in _FINER[self.word]
        assert finer.length is not None  # noqa: S101 - windows have a word or a length
        offsets = {_offset(ZoneInfo(self.zone), day * 15 * 86400) for day in range(2800)}  # 1970 to 2085
        return self.divides(finer.length) and all(offset * SECOND % finer.length == 0 for offset in offsets)

    def grid(self, first: int, last: int) -> Grid:
        """The windows from the one that holds the instant ``first`` to the one that holds ``last``."""
        if self.length is not None:
            start = min(first // self.length * self.length, 0)  # from 1970 on nothing need be taken away to divide
            return Grid((Run(start, self.length, (last - start) // self.length + 1, 0),))
        starts = list(_starts(self.word or "", ZoneInfo(self.zone), first, last))
        starts = starts[max(bisect_right(starts, first) - 1, 0) : bisect_right(starts, last) + 1]
        runs: list[Run] = []
        for number, (start, end) in enumerate(pairwise(starts)):
            if runs and runs[-1].length == end - start:
                before = runs.pop()
                runs.append(Run(before.start, before.length, before.count + 1, before.number))
            else:
                runs.append(Run(start, end - start, 1, number))
        return Grid(tuple(runs))


@frozen
class Run:
    """Equally long windows that follow each other."""

    start: int
    length: int
    count: int
    number: int
    """That of the first, in its grid."""

    @property
    def end(self) -> int:
        """Where the last one ends."""
        return self.start + self.length * self.count


@frozen
class Grid:
    """The windows over a stretch of time. What it gives is SQL over an instant in it (or a number), as SQL."""

    runs: tuple[Run, ...]

    def floor(self, instant: int) -> int:
        """Where the window of ``instant`` begins, as a number."""
        run = self.runs[max(bisect_right(self.runs, instant, key=lambda run: run.start) - 1, 0)]
        return run.start + (instant - run.start) // run.length * run.length

    def start(self, instant: str) -> str:
        """Where the window of ``instant`` begins."""

        def of(run: Run) -> str:
            if run.count == 1:
                return f"CAST({run.start} AS BIGINT)"
            return f"({instant} - {run.start}) // {run.length} * {run.length} + {run.start}"

        return _choose(instant, self.runs, lambda run: run.start, of)

    def length(self, start: str) -> str:
        """How long the window is that begins at ``start``."""
        return _choose(start, self.runs, lambda run: run.start, lambda run: str(run.length))

    def number(self, instant: str) -> str:
        """The number of the window of ``instant``."""

        def of(run: Run) -> str:
            if run.count == 1:
                return str(run.number)
            return f"({instant} - {run.start}) // {run.length} + {run.number}"

        return _choose(instant, self.runs, lambda run: run.start, of)

    def start_of(self, number: str) -> str:
        """Where the window of ``number`` begins."""
        return _choose(
            number, self.runs, lambda run: run.number,
            lambda run: f"({number} - {run.number}) * {run.length} + CAST({run.start} AS BIGINT)",
        )  # fmt: skip


def _choose(value: str, runs: Sequence[Run], begin: Callable[[Run], int], of: Callable[[Run], str]) -> str:
    """What ``of`` says of the run in which ``value`` lies, by halving."""
    if len(runs) == 1:
        return of(runs[0])
    middle = len(runs) // 2
    below, above = (_choose(value, part, begin, of) for part in (runs[:middle], runs[middle:]))
    if below == above:
        return below
    return f"CASE WHEN {value} < {begin(runs[middle])} THEN {below} ELSE {above} END"


def _starts(word: str, zone: ZoneInfo, first: int, last: int) -> Iterator[int]:
    """Where the windows of a calendar begin, from one before ``first`` to one after ``last``."""
    day = (_EPOCH + timedelta(seconds=first // SECOND)).astimezone(zone).date() - timedelta(days=1)
    begun = _midnight(_whole(word, day), zone)
    yield begun
    day = _whole(word, day)
    while begun <= last:
        day = _next(word, day)
        midnight = _midnight(day, zone)
        if midnight > begun:  # a day that a zone left out has no window
            if word == "hour":
                yield from _hours(zone, begun, midnight)
            yield midnight
            begun = midnight


def _whole(word: str, day: date) -> date:
    if word == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if word == "month" else day.replace(month=1, day=1) if word == "year" else day


def _next(word: str, day: date) -> date:
    match word:
        case "year":
            return day.replace(year=day.year + 1)
        case "month":
            return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if word == "week" else 1)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """The beginning of ``day``; where clocks skip midnight, the moment at which they do."""
    moment = datetime(day.year, day.month, day.day, tzinfo=zone) - _EPOCH
    return (moment.days * 86400 + moment.seconds) * SECOND


def _hours(zone: ZoneInfo, begin: int, end: int) -> Iterator[int]:
    """The full hours within a day, and the moment at which its clocks are changed."""
    first, last = begin // SECOND, end // SECOND
    before, after = _offset(zone, first), _offset(zone, last - 1)
    low, high = first, last - 1
    while before != after and high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    change = last if before == after else high
    for start, stop, offset in ((first, change, before), (change, last, after)):
        if first < start < last:
            yield start * SECOND
        hour = start + 1 + (-(start + 1 + offset)) % 3600
        yield from (second * SECOND for second in range(hour, stop, 3600))


def _offset(zone: ZoneInfo, second: int) -> int:
    moment = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return int((moment or timedelta()).total_seconds())
