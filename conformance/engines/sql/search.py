"""In which order rows are read, so that counts and worst rows are exact and few rows are read, most of them once.

What is read goes by segments. The least margins found so far bound the worst rows: of a later segment only the rows
that are not above are taken down. Row groups of which everything is proved are read only where one of their rows may be
among the worst, those with the least possible margin first (branch and bound).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from sys import float_info
from typing import Any

from conformance.engines.sql.prune import Group, GroupProof
from conformance.engines.sql.scan import Counted, Ranked, Scan, Spot, runs
from conformance.model.run import Counts
from conformance.rules.verdicts import PLACES, Place, RowVerdict, WorstRow

SEGMENT = 1 << 22
"""So many rows are read at once."""
FEW = 1 << 19
"""So many incomplete rows are put together in memory."""
FEW_READ = 1 << 20
"""So many rows are read twice rather than with a note of those that may be among the worst."""
RUNS = 12
"""So many runs of neighbouring rows one query tells apart; with more, that takes longer than to read them."""


class Search:
    """What was found so far, by the rules of ``scan``."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        count = len(scan.rules)
        self.bounds = [inf] * count
        """No row above is one of the worst."""
        self.ranks: list[list[float]] = [[] for _ in range(count)]
        """The least of each rule."""
        self.places: list[Counter[Place]] = [Counter() for _ in range(count)]
        self.near: list[tuple[Spot, Sequence[float | None]]] = []
        """Complete rows that may be among the worst."""
        self.loose: list[Group] = []
        """Where there are too many of those to take them down."""
        self.torn: list[Group] = []
        """Where incomplete rows may be."""
        self.lacking = 0
        """How many there are."""

    def read(self, groups: Sequence[Group]) -> None:
        """Count the rows of ``groups``, and note which may be among the worst."""
        for batch in _batches(groups, most=SEGMENT):
            size = sum(group.rows for group in batch)
            counted = self._screened(batch) if self.scan.parquet and size > FEW_READ else None
            if counted is None or counted.near is None:
                counted = self.scan.plain(batch)
                self.loose += batch
            self._add(counted)
            self.near += counted.near or ()
            if lacking := size - counted.rows:
                self.torn += batch
                self.lacking += lacking

    def _screened(self, batch: Sequence[Group]) -> Counted:
        if inf in self.bounds:
            for n, ranks in enumerate(self.scan.plain(batch[:1]).ranks):
                self.bounds[n] = min(self.bounds[n], self._last(ranks))
        return self.scan.screen(batch, self.bounds)

    def explore(self, proofs: Mapping[Group, GroupProof]) -> None:
        """Count the groups that have ``proofs`` by the only rule; read those that may hold one of its worst rows."""
        waiting = sorted(proofs, key=lambda group: proofs[group].least)
        proved = dict(proofs)
        width = self.scan.most
        while near := [g for g in waiting if proofs[g].least <= min(self.bounds[0], float_info.max)][:width]:
            torn = [g for g in near if proofs[g].lacking < inf]
            self.read(torn)
            for group in torn:
                del proved[group]
            for batch in _batches([g for g in near if proofs[g].lacking == inf]):
                self._rank(self.scan.plain(batch))
                self.loose += batch
            waiting = waiting[len(near) :]
            width *= 4
        for proof in proved.values():
            self.places[0].update(proof.places)

    def verdicts(self, cases: int) -> dict[str, RowVerdict]:
        """What the rules say of all ``cases`` rows, now that all have been read or proved."""
        found: list[list[list[Ranked]]] = []
        torn = []
        for batch in _batches(self.torn):
            if self.lacking <= FEW:
                counted, worst = self.scan.few_others(batch)
                found.append(worst)
            else:
                counted = self.scan.others(batch)
                torn.append(batch)
            self._add(counted)
        found += [self.scan.worst(batch, self.bounds, complete=False) for batch in torn]
        found += [self.scan.worst(batch, self.bounds, complete=True) for batch in _batches(self.loose)]
        spots = [spot for spot, of in self.near if any(_within(r, b) for r, b in zip(of, self.bounds, strict=True))]
        if spots:
            found.append(self.scan.worst((), self.bounds, complete=True, spots=spots))
        verdicts = {}
        for n, (name, judged) in enumerate(zip(self.scan.rules, self.scan.judged, strict=True)):
            least = sorted((row for rows in found for row in rows[n]), key=_order)[: self.scan.most]
            shown = (
                WorstRow(tuple(key), PLACES[place], judged.margin(low, high, atom))
                for _, place, *key, low, high, atom in least
            )
            counts = {str(place): count for place, count in self.places[n].items()}
            verdicts[name] = RowVerdict(Counts(cases=cases, **counts), tuple(shown))
        return verdicts

    def _add(self, counted: Counted) -> None:
        for places, more in zip(self.places, counted.places, strict=True):
            places.update(more)
        self._rank(counted)

    def _rank(self, counted: Counted) -> None:
        for n, ranks in enumerate(counted.ranks):
            self.ranks[n] = sorted(self.ranks[n] + list(ranks))[: self.scan.most]
            self.bounds[n] = min(self.bounds[n], self._last(self.ranks[n]))

    def _last(self, ranks: Sequence[float]) -> float:
        return ranks[self.scan.most - 1] if len(ranks) >= self.scan.most else inf


def _within(rank: float | None, bound: float) -> bool:
    return rank is not None and rank <= bound


def _order(row: Ranked) -> list[tuple[bool, Any]]:
    return [(value is None, value) for value in row]


def _batches(groups: Sequence[Group], *, most: float = inf) -> Iterator[list[Group]]:
    """``groups`` in their order, so many at once that they have at most ``most`` rows and few gaps between them."""
    batch: list[Group] = []
    for group in sorted(groups, key=lambda g: (g.file, g.first)):
        grown = [*batch, group]
        if batch and (sum(g.rows for g in grown) > most or len(runs(grown)) > RUNS):
            yield batch
            grown = [group]
        batch = grown
    if batch:
        yield batch
