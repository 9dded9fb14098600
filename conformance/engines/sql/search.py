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
from conformance.engines.sql.rule import margin_of
from conformance.engines.sql.scan import Counted, Ranked, Scan, Spot, runs
from conformance.model.run import Counts
from conformance.rules.verdicts import PLACES, Place, RowVerdict, WorstRow

SEGMENT = 1 << 22
"""So many rows are read at once."""
FEW = 1 << 19
"""So many incomplete rows are put together in memory."""
FEW_READ = 1 << 18
"""So many rows are read twice rather than with a note of those that may be among the worst."""
SMALL = 1 << 14
"""So many rows are judged in full at once: to look twice would take longer."""
RUNS = 12
"""So many runs of neighbouring rows one query tells apart; with more, that takes longer than to read them."""


class Search:
    """What was found so far, by the rules of ``scan``."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self.most = scan.asked.most
        count = len(scan.asked.rules)
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
        self.worst: list[list[list[Ranked]]] = []
        """The worst rows by rule, of every part that has been read for them."""

    def read_all(self, rows: int) -> None:
        """Count all ``rows`` of a relation without files, and note which may be among the worst."""
        if rows > SMALL:
            self.read([Group(0, 0, rows, {})])
            return
        for complete in (True, False):
            counted, worst = self.scan.whole(complete=complete)
            self._add(counted)
            self.worst.append(worst)
            if counted.rows == rows:
                break

    def read(self, groups: Sequence[Group]) -> None:
        """Count the rows of ``groups``, and note which may be among the worst."""
        for batch in _batches(groups, most=SEGMENT):
            counted = self._looked(batch)
            self._add(counted)
            if lacking := sum(group.rows for group in batch) - counted.rows:
                self.torn += batch
                self.lacking += lacking

    def _looked(self, batch: Sequence[Group]) -> Counted:
        """The complete rows of ``batch``, of which those are noted that may be among the worst."""
        size = sum(group.rows for group in batch)
        counted = self._screened(batch) if self.scan.parquet and size > FEW_READ else None
        if counted is None or counted.near is None:
            counted = self.scan.plain(batch)
            self.loose += batch
        self.near += counted.near or ()
        return counted

    def _screened(self, batch: Sequence[Group]) -> Counted:
        if inf in self.bounds:
            for n, ranks in enumerate(self.scan.plain(batch[:1]).ranks):
                self.bounds[n] = min(self.bounds[n], self._last(ranks))
        return self.scan.screen(batch, self.bounds)

    def explore(self, proofs: Mapping[Group, Sequence[GroupProof]]) -> None:
        """Count the groups of which every rule has a proof; read those that may hold one of their worst rows."""
        waiting, proved = dict(proofs), dict(proofs)
        width = self.most
        while near := self._nearest(waiting, width):
            torn = [g for g in near if any(proof.lacking < inf for proof in proofs[g])]
            self.read(torn)
            for group in torn:
                del proved[group]
            for batch in _batches([g for g in near if g not in torn]):
                self._rank(self._looked(batch))
            for group in near:
                del waiting[group]
            width *= 4
        for of in proved.values():
            for places, proof in zip(self.places, of, strict=True):
                places.update(proof.places)

    def _nearest(self, waiting: Mapping[Group, Sequence[GroupProof]], width: int) -> list[Group]:
        """Of each rule up to ``width`` groups that may hold one of its worst rows, by their least margins."""
        found: dict[Group, None] = {}
        for n, bound in enumerate(self.bounds):
            near = [group for group, of in waiting.items() if of[n].least <= min(bound, float_info.max)]
            found |= dict.fromkeys(sorted(near, key=lambda group: waiting[group][n].least)[:width])
        return list(found)

    def verdicts(self, cases: int) -> list[RowVerdict]:
        """What each rule says of all ``cases`` rows, now that all have been read or proved."""
        found = self.worst
        few = self.lacking <= FEW
        torn = [(batch, self.scan.others(batch, few=few)) for batch in _batches(self.torn)]
        for _, counted in torn:
            self._add(counted)
        for batch, counted in torn:
            if any(ranks and ranks[0] <= bound for ranks, bound in zip(counted.ranks, self.bounds, strict=True)):
                found.append(self.scan.worst(batch, self.bounds, complete=False, few=few))
        found += [self.scan.worst(batch, self.bounds, complete=True) for batch in _batches(self.loose)]
        spots = [spot for spot, of in self.near if any(_within(r, b) for r, b in zip(of, self.bounds, strict=True))]
        if spots:
            found.append(self.scan.worst((), self.bounds, complete=True, spots=spots))
        verdicts = []
        for n, atoms in enumerate(self.scan.atoms):
            least = sorted((row for rows in found for row in rows[n]), key=_order)[: self.most]
            shown = (
                WorstRow(tuple(key), PLACES[place], margin_of(atoms, low, high, atom))
                for _, place, *key, low, high, atom in least
            )
            counts = {str(place): count for place, count in self.places[n].items()}
            verdicts.append(RowVerdict(Counts(cases=cases, **counts), tuple(shown)))
        return verdicts

    def _add(self, counted: Counted) -> None:
        for places, more in zip(self.places, counted.places, strict=True):
            places.update(more)
        self._rank(counted)

    def _rank(self, counted: Counted) -> None:
        for n, ranks in enumerate(counted.ranks):
            self.ranks[n] = sorted(self.ranks[n] + list(ranks))[: self.most]
            self.bounds[n] = min(self.bounds[n], self._last(self.ranks[n]))

    def _last(self, ranks: Sequence[float]) -> float:
        return ranks[self.most - 1] if len(ranks) >= self.most else inf


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
