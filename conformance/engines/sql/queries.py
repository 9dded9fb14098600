"""The texts of the queries over rows. To write one takes longer than to answer it where rows are few, so those of the
same rules over columns of the same types are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from attrs import frozen
from sqlglot import exp

from conformance.engines.sql.prune import FILE, ROW
from conformance.engines.sql.rule import Judged, SqlRule, complete_rows, judged_rows, opaque
from conformance.engines.sql.sheet import NULL, TRUE, Sheet, Term, both, case, integer, number, one_of
from conformance.rules.margin import Atom
from conformance.rules.verdicts import PLACES, Place

KEPT = 256
"""So many texts of each sort are kept."""
MOST_NEAR = 10_000
"""So many rows are taken down as worth a second look; where there are more, their margins are compared in SQL."""
SOURCE = "#rows"
"""The name of the rows in a query."""


@frozen
class Meant:
    """What the numbers of one rule in the row of a query mean."""

    places: tuple[Place, ...]
    """Those that are counted; all other rows passed."""
    ranks: bool
    """Of a screening: every row has a rank, for it failed or passed."""
    atoms: tuple[Atom, ...]
    """The comparisons, by number."""


Query: TypeAlias = tuple[str, tuple[Meant, ...]]
"""Its text, from where its rows have been named; and of each rule what its numbers mean."""


@frozen
class Asked:
    """What the queries are about."""

    rules: tuple[SqlRule, ...]
    stated: tuple[float | None, ...]
    """Of each rule the uncertainty of its margin as it was stated."""
    types: tuple[tuple[str, str], ...]
    """Of the columns of the rows, by name."""
    key: tuple[str, ...]
    most: int
    """How many of the worst rows are wanted of each rule."""


@lru_cache(maxsize=KEPT)
def screening(asked: Asked, *, near: bool) -> Query:
    """A screening of complete rows; ``near``: it lists where those lie that may be among the worst."""
    sheet = Sheet(dict(asked.types))
    pairs = zip(asked.rules, asked.stated, strict=True)
    judged = [rule.on(sheet, complete=True, uncertainty=u, screening=True) for rule, u in pairs]
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
    rows = sheet.select(outputs, table(SOURCE), where=complete)
    query = _listing(rows, wanted, judged) if near else _least(asked, rows, wanted, judged)
    return " " + query.sql("duckdb", copy=False), _meant(judged)


def _least(asked: Asked, rows: exp.Select, wanted: Sequence[Term], judged: Sequence[Judged]) -> exp.Select:
    """``wanted`` of ``rows``, and the least ranks of each rule."""
    ranks = [
        exp.column(f"r{n}") if one.ranks == TRUE else case((exp.column(f"h{n}"), exp.column(f"r{n}")), other=NULL)
        for n, one in enumerate(judged)
    ]
    return exp.select(*wanted, *(exp.func("min", r, integer(asked.most)) for r in ranks)).from_(
        rows.subquery(copy=False), copy=False
    )


def _listing(rows: exp.Select, wanted: Sequence[Term], judged: Sequence[Judged]) -> exp.Select:
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


@lru_cache(maxsize=KEPT)
def judging(asked: Asked, *, complete: bool, keyed: bool) -> Query:
    """Every complete (or every other) row in full; ``keyed``: with its key."""
    named = {str(n): rule for n, rule in enumerate(asked.rules)}
    stated = {str(n): u for n, u in enumerate(asked.stated) if u is not None}
    query, judged = judged_rows(
        table(SOURCE), dict(asked.types), named, key=asked.key if keyed else (), complete=complete, uncertainty=stated
    )
    return query.sql("duckdb", copy=False), _meant(judged)


@lru_cache(maxsize=KEPT)
def counting(asked: Asked) -> Query:
    """The incomplete rows by place, and the least ranks of each rule."""
    text, meant = judging(asked, complete=False, keyed=False)
    ranks = [exp.func("min", exp.column(f"r{n}"), integer(asked.most)) for n in range(len(meant))]
    return _over(exp.select(*_tallies(meant), *ranks), text), meant


@lru_cache(maxsize=KEPT)
def whole(asked: Asked, *, complete: bool) -> Query:
    """The complete (or the other) rows by place, and the worst rows of each rule, in one pass."""
    text, meant = judging(asked, complete=complete, keyed=True)
    wanted = [_packed(asked, n, exp.not_(exp.column(f"r{n}").is_(NULL))) for n in range(len(meant))]
    return _over(exp.select(*_tallies(meant), *wanted), text), meant


def ranking(asked: Asked, bounds: Sequence[float], *, complete: bool) -> str:
    """Of each rule the worst complete (or other) rows whose rank is at most its bound."""
    text, _ = judging(asked, complete=complete, keyed=True)
    near = [exp.column(f"r{n}") <= number(bound) for n, bound in enumerate(bounds)]
    wanted = [_packed(asked, n, here) for n, here in enumerate(near)]
    return _over(exp.select(*wanted).where(opaque(one_of(*near))), text)


@lru_cache(maxsize=KEPT)
def gathering(asked: Asked, key: tuple[str, ...]) -> str:
    """The incomplete rows of the relation ``all``, with ``key`` and what the rules read."""
    sheet = Sheet(dict(asked.types))
    for rule in asked.rules:
        rule.on(sheet, complete=True)
    read = list(dict.fromkeys((*(name for name, _ in sheet.columns), *key)))
    whole = complete_rows(sheet)
    outputs = {f"c{n}": sheet.column(name) for n, name in enumerate(read)}
    rows = sheet.select(outputs, table("all"), where=exp.not_(whole))
    named = (exp.alias_(exp.column(f"c{n}"), name, quoted=True) for n, name in enumerate(read))
    return exp.select(*named).from_(rows.subquery(copy=False), copy=False).sql("duckdb", copy=False)


def table(name: str) -> exp.Table:
    """The relation ``name``."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def _meant(judged: Sequence[Judged]) -> tuple[Meant, ...]:
    return tuple(Meant(tuple(p for p in one.possible if p != "passed"), one.ranks == TRUE, one.atoms) for one in judged)


def _tallies(meant: Sequence[Meant]) -> list[Term]:
    """How many rows there are, and how many of each place that is counted."""
    tallies = [
        exp.CountIf(this=exp.column(f"p{n}").eq(integer(PLACES.index(place))))
        for n, one in enumerate(meant)
        for place in one.places
    ]
    return [exp.Count(this=exp.Star()), *tallies]


def _packed(asked: Asked, n: int, here: Term) -> Term:
    """The worst rows of rule n among those that meet ``here``."""
    shown = (f"r{n}", f"p{n}", *(f"k{m}" for m in range(len(asked.key))), f"l{n}", f"h{n}", f"a{n}")
    packed = exp.Anonymous(this="row", expressions=[exp.column(name) for name in shown])
    least = exp.func("min", packed, integer(asked.most))
    return exp.Filter(this=least, expression=exp.Where(this=here))


def _over(query: exp.Select, rows: str) -> str:
    """``query`` over the rows of the query whose text is ``rows``."""
    return f", judged AS NOT MATERIALIZED ({rows}) {query.from_('judged').sql('duckdb')}"
