"""Rules with operators over time on the rows of a table: exact counts and the worst rows, in flat memory.

All rules of a table share one feed (`conformance.engines.series.feed`); the samples of each group pass through a stream
that keeps as many as the rule that looks furthest needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from conformance.engines.series._signal import Mask
from conformance.engines.series._stream import Stream, Stretch
from conformance.engines.series.feed import Chunk, Feed
from conformance.engines.series.rule import Placed, SeriesRule, States, series
from conformance.engines.series.values import NO_INSTANT
from conformance.engines.series.view import Column
from conformance.model.run import Counts
from conformance.rules.program import Program
from conformance.rules.verdicts import PLACES, RowVerdict, WorstRow

_INSUFFICIENT = PLACES.index("insufficient")


def judge_series(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    programs: Mapping[str, Program],
    *,
    key: Sequence[str],
    time: str,
    groups: Sequence[str],
    worst: int = 5,
    uncertainty: Mapping[str, float] | None = None,
) -> dict[str, RowVerdict]:
    """What each of ``programs`` (by a name of the caller's) says of the rows of the table or view ``relation``.

    ``time`` and ``groups`` are those of the programs' `Clock`: a column of instants (BIGINT, UTC nanoseconds) and the
    columns that name a group. ``key``, the columns that name a row, is made of these. What is joined has columns such
    as ``certificate.id``; a number that is an interval has ``value.low`` and ``value.high`` beside ``value``.

    A row without a time or a group is insufficient; a number that is not finite names no group. Where an instant occurs
    more than once in a group, it says nothing: its values are missing, and all its rows but one are insufficient.

    ``worst`` and ``uncertainty`` are as in `conformance.engines.sql.rows.judge_rows`. Raises ValueError for an
    uncertainty below 0, no worst row or another key, and what DuckDB raises when a column is not there.
    """
    tallies = tallies_of(programs, key=key, time=time, groups=groups, worst=worst, uncertainty=uncertainty)
    feed = Feed(connection, relation, time, tuple(groups), tallies.columns).with_ends()
    samples = tallies.take(feed.chunks())
    return tallies.verdicts(feed.rows(), samples)


def tallies_of(
    programs: Mapping[str, Program],
    *,
    key: Sequence[str],
    time: str,
    groups: Sequence[str],
    worst: int,
    uncertainty: Mapping[str, float] | None,
) -> Tallies:
    """The tallies of ``programs`` before the first sample. Raises ValueError as `judge_series` does."""
    stated = uncertainty or {}
    if wrong := [name for name, u in stated.items() if not u >= 0]:
        raise ValueError(f"uncertainty is not negative: {', '.join(wrong)}")
    if worst < 1:
        raise ValueError(f"at least one worst row: {worst}")
    if other := set(key) - {time, *groups}:
        raise ValueError(f"a row of a series is named by its group and time: {', '.join(sorted(other))}")
    order = [(*groups, time).index(name) for name in key]
    clocks = [program.clock for program in programs.values() if program.clock]
    return Tallies(
        {name: Tally(series(one, uncertainty=stated.get(name)), worst, order) for name, one in programs.items()},
        back=max((c.back for c in clocks), default=0),
        ahead=max((c.ahead for c in clocks), default=0),
    )


@frozen(eq=False)
class Tallies:
    """What the rules on one relation have said so far, by the caller's names."""

    of: Mapping[str, Tally]
    back: int
    """How far the rule that looks furthest looks back, ns."""
    ahead: int
    """How far the rule that looks furthest looks ahead, ns."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What the rules read."""
        return tuple(sorted({column for tally in self.of.values() for column in tally.rule.columns}))

    def take(self, chunks: Iterable[Chunk]) -> int:
        """Judge all rows of some groups; how many samples they make: an instant that occurs twice is one."""
        samples = 0
        stream = Stream(self.back, self.ahead)
        for chunk in chunks:
            once, columns_once = _once(chunk)
            samples += len(once)
            stretch = stream.push(once, columns_once, last=chunk.last)
            for tally in self.of.values():
                if stretch is not None:
                    tally.add(stretch, chunk.group)
                if chunk.last:
                    tally.begin()
            if chunk.last:
                stream = Stream(self.back, self.ahead)
        return samples

    def verdicts(self, total: int, samples: int) -> dict[str, RowVerdict]:
        """The verdicts on ``total`` rows that make so many ``samples``."""
        return {name: tally.verdict(total, total - samples) for name, tally in self.of.items()}


def _once(chunk: Chunk) -> tuple[NDArray[np.int64], Mapping[Any, NDArray[Any]]]:
    """Each instant once; the values of one that occurs more often are missing."""
    times = chunk.times
    again: Mask = times[1:] == times[:-1]
    if not again.any():
        return times, chunk.columns
    repeated = np.concatenate((again, [False])) | np.concatenate(([False], again))
    keep = np.concatenate(([True], ~again))
    return times[keep], {
        column: np.where(repeated, _missing(column), cells)[keep] for column, cells in chunk.columns.items()
    }


def _missing(column: Column) -> Any:
    """What stands in a column for nothing."""
    kinds = {"boolean": np.int8(2), "instant": np.int64(NO_INSTANT), "word": None, "null": False}
    return kinds.get(column[1], np.nan)


@frozen(eq=False)
class Tally:
    """What one rule has said so far."""

    rule: SeriesRule
    most: int
    order: Sequence[int]
    """Of each key column its number among those of the group and the time."""
    counts: NDArray[np.int64] = field(factory=lambda: np.zeros(len(PLACES), np.int64))
    worst: list[tuple[float, WorstRow]] = field(factory=list)
    """The worst rows with their ranks."""
    carried: dict[bool, States] = field(factory=lambda: {False: {}, True: {}})

    def begin(self) -> None:
        """A new group."""
        for states in self.carried.values():
            states.clear()

    def add(self, stretch: Stretch, group: tuple[object, ...]) -> None:
        """The samples that ``stretch`` decides."""
        placed = self.rule.place(stretch, self.carried)
        self.counts[:] += np.bincount(placed.places, minlength=len(PLACES))
        times = stretch.times[stretch.decided]
        last = self.worst[-1] if len(self.worst) == self.most else None
        for sample, rank in _least(placed, self.most, np.inf if last is None else last[0]):
            name = (*group, int(times[sample]))
            row = WorstRow(tuple(name[n] for n in self.order), PLACES[placed.places[sample]], None)
            if last is None or _order((rank, row)) < _order(last):
                self.worst.append((rank, evolve(row, margin=placed.margin(sample))))
        self._keep()

    def merge(self, counts: Sequence[int], worst: Iterable[tuple[float, WorstRow]]) -> None:
        """What a tally of the same rule says of other groups."""
        self.counts[:] += counts
        self.worst.extend(worst)
        self._keep()

    def _keep(self) -> None:
        self.worst.sort(key=_order)
        del self.worst[self.most :]

    def verdict(self, total: int, lost: int) -> RowVerdict:
        """The verdict on ``total`` rows, ``lost`` of which stand for no sample."""
        counts = {place: int(n) for place, n in zip(PLACES, self.counts, strict=True)}
        counts["insufficient"] += lost
        return RowVerdict(Counts(cases=total, **counts), tuple(row for _, row in self.worst))


def _order(ranked: tuple[float, WorstRow]) -> tuple[float, bool, tuple[Any, ...]]:
    rank, row = ranked
    return rank, row.place != "failed", row.key


def _least(placed: Placed, most: int, bound: float) -> list[tuple[int, float]]:
    """The samples with the least ranks up to ``bound``, failures and then the earliest first among equal ones."""
    rank = placed.ranks()
    here = np.flatnonzero(rank <= bound) if bound < np.inf else np.flatnonzero(rank < np.inf)
    if len(here) > most:
        limit = np.partition(rank[here], most - 1)[most - 1]
        at_limit = here[rank[here] == limit]
        failed = at_limit[placed.places[at_limit] == 0]
        passed = at_limit[placed.places[at_limit] != 0]
        here = np.concatenate((here[rank[here] < limit], failed[:most], passed[:most]))
    return [(int(sample), float(rank[sample])) for sample in here]
