"""The queries over rows: counting with the least margins, finding the rows that are worth more, fetching those.

A **screening** query counts and, of each row that may be one of the worst, gives the place and the margins; it computes
nothing else, and each is one pass over the columns that the rules read. Only the rows that it names are fetched with
their keys, and judged in full.

No condition on data is left to the statistics of a file (`conformance.engines.sql.rule.opaque`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import inf
from sys import float_info
from typing import Any, TypeAlias

import duckdb
from attrs import field, frozen
from sqlglot import exp

from conformance.engines.sql.prune import FILE, ROW, Group, ParquetRows, parquet
from conformance.engines.sql.rule import Judged, SqlRule, complete_rows, judged_rows, opaque
from conformance.engines.sql.sheet import NULL, TRUE, Sheet, Term, both, case, integer, number, one_of
from conformance.rules.margin import AT_LIMIT
from conformance.rules.verdicts import PLACES, Place

MOST_NEAR = 10_000
"""So many rows are taken down as worth a second look; where there are more, their margins are compared in SQL."""
_SOURCE = "#rows"
Ranked: TypeAlias = tuple[Any, ...]
"""Rank, number of the place, the values of the key, low, high, number of the atom."""
Spot: TypeAlias = tuple[int, int]
"""The number of a file, and of a row in it."""


def table(name: str) -> exp.Table:
    """The relation ``name``."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


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
    rules: Mapping[str, SqlRule]
    key: tuple[str, ...]
    most: int
    uncertainty: Mapping[str, float]
    types: Mapping[str, str]
    """Of the columns of the relation, or of those of the files that it shows."""
    _texts: dict[str, tuple[str, Sequence[Judged]]] = field(init=False, factory=dict)

    def plain(self, groups: Sequence[Group]) -> Counted:
        """The complete rows, with the least ranks of each rule."""
        text, judged = self._screen(near=False)
        rows, *found = self._fetch(self._source(groups), text)
        places, rest = _places(judged, rows, found)
        # Infinity and NaN stand for none.
        return Counted(rows, places, [[at_limit(r) for r in one or () if r < inf] for one in rest])

    def screen(self, groups: Sequence[Group], bounds: Sequence[float]) -> Counted:
        """The complete rows, and where those lie whose rank by some rule is at most its bound."""
        text, judged = self._screen(near=True)
        limits = {f"t{n}": AT_LIMIT if bound == 0 else min(bound, float_info.max) for n, bound in enumerate(bounds)}
        rows, *found = self._fetch(self._source(groups), text, limits)
        places, (listed,) = _places(judged, rows, found)
        if listed is None:
            return Counted(rows, places, [], None)
        near = [_spot(one, judged) for one in listed]
        return Counted(
            rows, places, [[r for _, of in near if (r := of[n]) is not None] for n in range(len(judged))], near
        )

    def others(self, groups: Sequence[Group], *, few: bool) -> Counted:
        """The incomplete rows, with the least ranks of each rule.

        If they are ``few``, they are put together first: the vectors in which DuckDB computes are full then.
        """
        text, judged = self._full(complete=False, key=())
        ranks = [exp.func("min", exp.column(f"r{n}"), integer(self.most)) for n in range(len(judged))]
        source = self._gathered(groups, ()) if few else self._source(groups)
        rows, *found = self._fetch(source, _over(exp.select(*_tallies(judged), *ranks), text), gathered=few)
        places, least = _places(judged, rows, found)
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
        text, _ = self._full(complete=complete, key=self.key)
        near = [exp.column(f"r{n}") <= number(bound) for n, bound in enumerate(bounds)]
        wanted = [self._packed(n, here) for n, here in enumerate(near)]
        query = exp.select(*wanted).where(opaque(one_of(*near)))
        source = self._gathered(groups, self.key) if few else self._source(groups, spots)
        return [ranked or [] for ranked in self._fetch(source, _over(query, text), gathered=few)]

    def _packed(self, n: int, here: Term) -> Term:
        """The worst rows of rule n among those that meet ``here``."""
        shown = (f"r{n}", f"p{n}", *(f"k{m}" for m in range(len(self.key))), f"l{n}", f"h{n}", f"a{n}")
        packed = exp.Anonymous(this="row", expressions=[exp.column(name) for name in shown])
        least = exp.func("min", packed, integer(self.most))
        return exp.Filter(this=least, expression=exp.Where(this=here))

    @property
    def judged(self) -> Sequence[Judged]:
        """The rules, which know what the number of an atom means."""
        return self._screen(near=False)[1]

    def _gathered(self, groups: Sequence[Group], key: Sequence[str]) -> str:
        """The text of a query for the incomplete rows of ``groups``, with ``key`` and what the rules read."""
        sheet = Sheet(self.types)
        for rule in self.rules.values():
            rule.on(sheet, complete=True)
        read = list(dict.fromkeys((*(name for name, _ in sheet.columns), *key)))
        whole = complete_rows(sheet)
        outputs = {f"c{n}": sheet.column(name) for n, name in enumerate(read)}
        rows = sheet.select(outputs, table("all"), where=exp.not_(whole))
        named = (exp.alias_(exp.column(f"c{n}"), name, quoted=True) for n, name in enumerate(read))
        query = exp.select(*named).from_(rows.subquery(copy=False), copy=False)
        return f'WITH "all" AS NOT MATERIALIZED ({self._source(groups)}) {query.sql("duckdb", copy=False)}'

    def _fetch(
        self, source: str, text: str, values: Mapping[str, float] | None = None, *, gathered: bool = False
    ) -> tuple[Any, ...]:
        """The row of the query ``text``, in which ``source`` has a name; ``gathered``: it is computed first."""
        kept = "MATERIALIZED" if gathered else "NOT MATERIALIZED"
        query = f'WITH "{_SOURCE}" AS {kept} ({source}){text}'
        row = self.connection.execute(query, dict(values) if values else None).fetchone()
        return row or ()

    def _screen(self, *, near: bool) -> tuple[str, Sequence[Judged]]:
        """The text of a screening query, from where its source has been named."""
        if (label := f"screen {near}") in self._texts:
            return self._texts[label]
        sheet = Sheet(self.types)
        judged = [
            rule.on(sheet, complete=True, uncertainty=self.uncertainty.get(name), screening=True)
            for name, rule in self.rules.items()
        ]
        complete = complete_rows(sheet)
        outputs = {f"r{n}": one.rank for n, one in enumerate(judged)}
        wanted: list[Term] = [exp.Count(this=exp.Star())]
        for n, one in enumerate(judged):
            outputs |= {f"f{n}x{m}": here for m, here in enumerate(one.at.values())}
            wanted += [exp.CountIf(this=exp.column(f"f{n}x{m}")) for m in range(len(one.at))]
            if one.ranks != TRUE:
                outputs[f"h{n}"] = sheet.name(one.ranks)
        if near:
            outputs |= {name: sheet.column(name) for name in (FILE, ROW)}
        rows = sheet.select(outputs, table(_SOURCE), where=complete)
        query = (self._listing if near else self._least)(rows, wanted, judged)
        self._texts[label] = " " + query.sql("duckdb", copy=False), judged
        return self._texts[label]

    def _least(self, rows: exp.Select, wanted: Sequence[Term], judged: Sequence[Judged]) -> exp.Select:
        """``wanted`` of ``rows``, and the least ranks of each rule."""
        ranks = [
            exp.column(f"r{n}") if one.ranks == TRUE else case((exp.column(f"h{n}"), exp.column(f"r{n}")), other=NULL)
            for n, one in enumerate(judged)
        ]
        return exp.select(*wanted, *(exp.func("min", r, integer(self.most)) for r in ranks)).from_(
            rows.subquery(copy=False), copy=False
        )

    def _listing(self, rows: exp.Select, wanted: Sequence[Term], judged: Sequence[Judged]) -> exp.Select:
        """``wanted`` of ``rows``, and where those lie whose rank is at most the parameter of its rule."""
        shown, limits = [FILE, ROW], []
        for n, one in enumerate(judged):
            here = TRUE if one.ranks == TRUE else exp.column(f"h{n}")
            limits.append(both(here, exp.column(f"r{n}") <= exp.Parameter(this=exp.Var(this=f"t{n}"))))
            shown += [f"r{n}"] if here == TRUE else [f"r{n}", f"h{n}"]
        packed = exp.Anonymous(this="row", expressions=[exp.column(name, quoted=True) for name in shown])
        near = exp.column("near")
        listed = exp.Filter(this=exp.func("list", packed), expression=exp.Where(this=near))
        labels = [f"c{n}" for n in range(len(wanted))]
        counts = [exp.alias_(of, label) for of, label in zip(wanted, labels, strict=True)]
        much = exp.alias_(exp.CountIf(this=near.copy()), "much")
        marked = exp.select("*", exp.alias_(one_of(*limits), "near")).from_(rows.subquery(copy=False), copy=False)
        found = exp.select(*counts, much, exp.alias_(listed, "listed")).from_(marked.subquery(copy=False), copy=False)
        few = exp.column("much") <= integer(MOST_NEAR)
        spots = exp.func("coalesce", exp.column("listed"), exp.Array(expressions=[]))
        return exp.select(*labels, exp.case().when(few, spots)).from_(found.subquery(copy=False), copy=False)

    def _full(self, *, complete: bool, key: Sequence[str]) -> tuple[str, Sequence[Judged]]:
        """The text of a query that judges every complete (or every other) row in full and shows its ``key``."""
        if (label := f"full {complete} {bool(key)}") not in self._texts:
            query, judged = judged_rows(
                table(_SOURCE), self.types, self.rules, key=key, complete=complete, uncertainty=self.uncertainty
            )
            self._texts[label] = query.sql("duckdb", copy=False), judged
        return self._texts[label]

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


def _over(query: exp.Select, rows: str) -> str:
    """``query`` over the rows of the query whose text is ``rows``."""
    return f", judged AS NOT MATERIALIZED ({rows}) {query.from_('judged').sql('duckdb')}"


def _counted(one: Judged) -> list[Place]:
    """The places that are counted; how many passed follows."""
    return [place for place in one.possible if place != "passed"]


def _tallies(judged: Sequence[Judged]) -> list[Term]:
    """How many rows there are, and how many of each place that is counted."""
    tallies = [
        exp.CountIf(this=exp.column(f"p{n}").eq(integer(PLACES.index(place))))
        for n, one in enumerate(judged)
        for place in _counted(one)
    ]
    return [exp.Count(this=exp.Star()), *tallies]


def _places(judged: Sequence[Judged], rows: int, found: Sequence[Any]) -> tuple[list[Counter[Place]], Sequence[Any]]:
    """The counts of each rule, and what stands after them."""
    values = list(found)
    places = []
    for one in judged:
        counts: Counter[Place] = Counter({place: values.pop(0) or 0 for place in _counted(one)})
        counts["passed"] = rows - counts.total()
        places.append(counts)
    return places, values


def _spot(shown: Sequence[Any], judged: Sequence[Judged]) -> tuple[Spot, list[float | None]]:
    """Where a row lies, and its rank by each rule."""
    file, row, *rest = shown
    ranks: list[float | None] = []
    for one in judged:
        rank = rest.pop(0)
        ranks.append(at_limit(rank) if one.ranks == TRUE or rest.pop(0) else None)
    return (file, row), ranks
