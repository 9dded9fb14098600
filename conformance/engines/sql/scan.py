"""The queries over rows: counting with the least margins, finding the rows that are worth more, fetching those.

A **screening** query counts and, of each row that may be one of the worst, gives the place and the margins; it computes
nothing else, and each is one pass over the columns that the rules read. Only the rows that it names are fetched with
their keys, and judged in full.

No condition on data is left to the statistics of a file (`conformance.engines.sql.rule.opaque`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import inf
from sys import float_info
from typing import Any, TypeAlias

import duckdb
from attrs import frozen
from sqlglot import exp

from conformance.engines.sql.prune import FILE, ROW, Group, ParquetRows, parquet
from conformance.engines.sql.queries import (
    SOURCE,
    Asked,
    Meant,
    counting,
    gathering,
    judging,
    ranking,
    screening,
    table,
    whole,
)
from conformance.engines.sql.sheet import Term, integer, one_of
from conformance.rules.margin import AT_LIMIT, Atom
from conformance.rules.verdicts import Place

Ranked: TypeAlias = tuple[Any, ...]
"""Rank, number of the place, the values of the key, low, high, number of the atom."""
Spot: TypeAlias = tuple[int, int]
"""The number of a file, and of a row in it."""


@frozen(eq=False)
class Counted:
    """What a pass over some rows found."""

    rows: int
    places: Sequence[Counter[Place]]
    ranks: Sequence[Sequence[float]]
    """Of each rule the least ranks, in order; after a screening those that are at most its bound."""
    near: Sequence[tuple[Spot, Sequence[float | None]]] | None = ()
    """Where the rows lie that are worth more, with their ranks by each rule; None: they are too many."""


@frozen(eq=False)
class Scan:
    """Some rules over the rows of a relation, or of the Parquet files that it shows."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    parquet: ParquetRows | None
    asked: Asked
    """The types in it are those of the columns of the relation, or of those of the files that it shows."""

    def plain(self, groups: Sequence[Group]) -> Counted:
        """The complete rows, with the least ranks of each rule."""
        text, meant = screening(self.asked, near=False)
        rows, *found = self._fetch(self._source(groups), text)
        places, rest = _places(meant, rows, found)
        # Infinity and NaN stand for none.
        return Counted(rows, places, [[at_limit(r) for r in one or () if r < inf] for one in rest])

    def screen(self, groups: Sequence[Group], bounds: Sequence[float]) -> Counted:
        """The complete rows, and where those lie whose rank by some rule is at most its bound."""
        text, meant = screening(self.asked, near=True)
        limits = {f"t{n}": AT_LIMIT if bound == 0 else min(bound, float_info.max) for n, bound in enumerate(bounds)}
        rows, *found = self._fetch(self._source(groups), text, limits)
        places, (listed,) = _places(meant, rows, found)
        if listed is None:
            return Counted(rows, places, [], None)
        near = [_spot(one, meant) for one in listed]
        return Counted(
            rows, places, [[r for _, of in near if (r := of[n]) is not None] for n in range(len(meant))], near
        )

    def others(self, groups: Sequence[Group], *, few: bool) -> Counted:
        """The incomplete rows, with the least ranks of each rule.

        If they are ``few``, they are put together first: the vectors in which DuckDB computes are full then.
        """
        text, meant = counting(self.asked)
        source = self._gathered(groups, ()) if few else self._source(groups)
        rows, *found = self._fetch(source, text, gathered=few)
        places, least = _places(meant, rows, found)
        return Counted(rows, places, [r or [] for r in least])

    def worst(
        self,
        groups: Sequence[Group],
        bounds: Sequence[float],
        *,
        complete: bool,
        few: bool = False,
        spots: Sequence[Spot] | None = None,
    ) -> list[list[Ranked]]:
        """Of each rule the worst complete (or other) rows, at ``spots`` if given, whose rank is at most its bound.

        ``few``: there are few incomplete ones.
        """
        source = self._gathered(groups, self.asked.key) if few else self._source(groups, spots)
        text = ranking(self.asked, bounds, complete=complete)
        return [ranked or [] for ranked in self._fetch(source, text, gathered=few)]

    def whole(self, *, complete: bool) -> tuple[Counted, list[list[Ranked]]]:
        """All complete (or all other) rows, of which there are few, and the worst of each rule."""
        text, meant = whole(self.asked, complete=complete)
        rows, *found = self._fetch(self._source(()), text)
        places, worst = _places(meant, rows, found)
        ranked = [one or [] for one in worst]
        return Counted(rows, places, [[row[0] for row in one] for one in ranked]), ranked

    @property
    def atoms(self) -> Iterator[tuple[Atom, ...]]:
        """The comparisons of each rule, by number."""
        return (one.atoms for one in judging(self.asked, complete=True, keyed=True)[1])

    def _gathered(self, groups: Sequence[Group], key: tuple[str, ...]) -> str:
        """The text of a query for the incomplete rows of ``groups``, with ``key`` and what the rules read."""
        return f'WITH "all" AS NOT MATERIALIZED ({self._source(groups)}) {gathering(self.asked, key)}'

    def _fetch(
        self, source: str, text: str, values: Mapping[str, float] | None = None, *, gathered: bool = False
    ) -> tuple[Any, ...]:
        """The row of the query ``text``, in which ``source`` has a name; ``gathered``: it is computed first."""
        kept = "MATERIALIZED" if gathered else "NOT MATERIALIZED"
        query = f'WITH "{SOURCE}" AS {kept} ({source}){text}'
        row = self.connection.execute(query, dict(values) if values else None).fetchone()
        return row or ()

    def _source(self, groups: Sequence[Group], spots: Sequence[Spot] | None = None) -> str:
        """The text of a query for the rows of ``groups``, or of those at ``spots``; without files for all rows."""
        if self.parquet is None:
            return exp.select("*").from_(table(self.relation)).sql("duckdb")
        row = exp.column("file_row_number")
        whole: list[int] = []
        parts: list[Term] = []
        here: Term
        if spots is not None:
            for file in sorted({file for file, _ in spots}):
                here = row.isin(*(integer(r) for f, r in spots if f == file))
                parts.append(self._rows([file], integer(file)).where(here))
        for file, own in groupby(groups, key=lambda g: g.file):
            members = list(own)
            if sum(g.rows for g in members) == members[0].of:
                whole.append(file)
                continue
            here = one_of(*(row.between(integer(a), integer(b)) for _, a, b in runs(members)))
            parts.append(self._rows([file], integer(file)).where(here))
        if whole:
            numbers = exp.Array(expressions=[integer(file) for file in whole])
            index = exp.Bracket(
                this=numbers, expressions=[exp.cast(exp.column("file_index"), "bigint") + integer(1)], offset=1
            )
            parts.append(self._rows(whole, index if len(whole) > 1 else integer(whole[0])))
        return (parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False, copy=False)).sql(
            "duckdb", copy=False
        )

    def _rows(self, files: Sequence[int], file: Term) -> exp.Select:
        """The rows of ``files`` with the columns of the relation, and where each stands."""
        assert self.parquet is not None  # noqa: S101 - asked by `_source` alone
        shown = [(exp.column("file_row_number"), ROW), (file, FILE)]
        shown += [(exp.column(column, quoted=True), name) for name, column in self.parquet.columns.items()]
        members = (exp.alias_(of, name, quoted=True) for of, name in shown)
        return exp.select(*members).from_(exp.Table(this=parquet(*(self.parquet.files[f] for f in files))))


def at_limit(rank: float) -> float:
    """``rank``, zero if it is at the limit."""
    return 0.0 if abs(rank) <= AT_LIMIT else rank


def runs(groups: Sequence[Group]) -> list[tuple[int, int, int]]:
    """File, first and last row of each run of neighbours among ``groups``, which are in order."""
    found: list[tuple[int, int, int]] = []
    for one in groups:
        last = one.first + one.rows - 1
        if found and found[-1][0] == one.file and found[-1][2] + 1 == one.first:
            found[-1] = (one.file, found[-1][1], last)
        else:
            found.append((one.file, one.first, last))
    return found


def _places(meant: Sequence[Meant], rows: int, found: Sequence[Any]) -> tuple[list[Counter[Place]], Sequence[Any]]:
    """The counts of each rule, and what stands after them."""
    values = list(found)
    places = []
    for one in meant:
        counts: Counter[Place] = Counter({place: values.pop(0) or 0 for place in one.places})
        counts["passed"] = rows - counts.total()
        places.append(counts)
    return places, values


def _spot(shown: Sequence[Any], meant: Sequence[Meant]) -> tuple[Spot, list[float | None]]:
    """Where a row lies, and its rank by each rule."""
    file, row, *rest = shown
    ranks: list[float | None] = []
    for one in meant:
        rank = rest.pop(0)
        ranks.append(at_limit(rank) if one.ranks or rest.pop(0) else None)
    return (file, row), ranks
