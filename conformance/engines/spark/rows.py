"""Rules over the rows of a table, in Spark SQL: the verdicts that `conformance.engines.sql.rows` gives, on a cluster.

The expressions are the same, and so is their order: complete rows are judged as points, the others as intervals. One
job counts, over all rules at once, and finds the least rank in each of `BLOCKS` sets of rows: the k-th least of these
is a bound that the k worst rows do not exceed. One more job ranks the few rows within the bounds. Both need no more
memory for more rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
from attrs import frozen
from sqlglot import exp

from conformance.engines.spark.dialect import spark_text
from conformance.engines.sql.rule import Judged, SqlRule, judged_rows, margin_of
from conformance.engines.sql.sheet import NULL, Term, both, case, integer, number, one_of
from conformance.model.run import Counts
from conformance.rules.verdicts import PLACES, RowVerdict, WorstRow

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BLOCKS = 1024
"""Sets that rows are dealt out to, in turn: enough that the worst rows seldom meet in one."""


def to_parquet(connection: duckdb.DuckDBPyConnection, relation: str, folder: Path) -> Path:
    """Write the table or view ``relation`` to ``rows.parquet`` in ``folder``, for Spark to read; its path.

    A connection that is sealed must have been given that file. Instants become whole UTC nanoseconds
    since 1970: Spark keeps only microseconds. Where Spark runs on other machines they must see the folder under the
    same path. Raises what DuckDB raises.
    """
    source = _table(relation)
    described = connection.execute(exp.Describe(this=source).sql("duckdb")).fetchall()
    columns = [
        exp.alias_(exp.func("epoch_ns", exp.column(name, quoted=True)), name, quoted=True)
        if kind.startswith("TIMESTAMP")
        else exp.column(name, quoted=True)
        for name, kind, *_ in described
    ]
    path = folder / "rows.parquet"
    connection.sql(exp.select(*columns).from_(source).sql("duckdb")).write_parquet(str(path))
    return path


@frozen(eq=False)
class SparkRows:
    """Spark in the place of DuckDB, for rules on single rows and those with operators over time."""

    session: SparkSession
    scratch: Path
    """An empty folder that the connection may write to, and that all machines of Spark see."""

    def frame(self, connection: duckdb.DuckDBPyConnection, relation: str) -> DataFrame:
        """The rows of ``relation``, which Spark reads from Parquet."""
        folder = self.scratch / f"relation-{len(list(self.scratch.iterdir()))}"
        folder.mkdir()
        return self.session.read.parquet(str(to_parquet(connection, relation, folder)))


def judge_rows_spark(
    session_or_frame: SparkSession | DataFrame,
    relation: str,
    rules: Mapping[str, SqlRule],
    *,
    key: Sequence[str],
    worst: int = 5,
    uncertainty: Mapping[str, float] | None = None,
) -> dict[str, RowVerdict]:
    """What each of ``rules`` (by a name of the caller's) says of the rows of the table or view ``relation``.

    The session is one of `conformance.engines.spark.session`; a frame of it is given the name ``relation`` first. The
    other arguments, and the verdicts, are those of `conformance.engines.sql.rows.judge_rows`. Raises ValueError if an
    uncertainty is negative, and what Spark raises when a column is not there.
    """
    stated = uncertainty or {}
    if wrong := [name for name, u in stated.items() if not u >= 0]:
        raise ValueError(f"uncertainty is not negative: {', '.join(wrong)}")
    if worst < 1:
        raise ValueError(f"at least one worst row: {worst}")
    session = _session(session_or_frame, relation)
    everything = session.sql(exp.select("*").from_(_table(relation)).sql("spark"))
    types = {name: kind.upper() for name, kind in everything.dtypes}
    work = _Work(session, relation, types, rules, tuple(key), worst, stated)
    total = everything.count()
    parts = [work.count(complete=True)]
    if parts[0].rows < total:
        parts.append(work.count(complete=False))
    bounds = [_bound([rank for part in parts for rank in part.ranks[n]], worst) for n in range(len(rules))]
    ranked = [work.worst(part, bounds) for part in parts]
    verdicts = {}
    for n, name in enumerate(rules):
        places: Counter[str] = sum((part.places[n] for part in parts), Counter())
        rows = sorted((row for part in ranked for row in part[n]), key=_order)[:worst]
        verdicts[name] = RowVerdict(
            Counts(cases=total, **places), tuple(_shown(row, parts[0].judged[n]) for row in rows)
        )
    return verdicts


_FRAME = exp.Table(this=exp.to_identifier("{frame}"))
_Ranked: TypeAlias = tuple[Any, ...]
"""Rank, number of the place, the values of the key, low, high, number of the atom."""


def _session(of: Any, relation: str) -> SparkSession:
    """A session, or that of a frame, which is given its name there."""
    session: SparkSession = of
    if hasattr(of, "createOrReplaceTempView"):
        of.createOrReplaceTempView(_table(relation).sql("spark"))
        session = of.sparkSession
    return session


def _table(relation: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(relation, quoted=True))


def _bound(ranks: list[float], most: int) -> float | None:
    """What the ``most`` least ranks of all rows do not exceed, from the least ``ranks`` of sets of rows."""
    if not ranks:
        return None
    return sorted(ranks)[most - 1] if len(ranks) >= most else inf


def _order(row: _Ranked) -> list[tuple[bool, Any]]:
    return [(value is None, value) for value in row]


def _shown(row: _Ranked, judged: Judged) -> WorstRow:
    _, place, *key, low, high, atom = row
    return WorstRow(tuple(key), PLACES[place], margin_of(judged.atoms, low, high, atom))


@frozen(eq=False)
class _Part:
    """The complete rows, or the others: how they are computed and what was counted of each rule."""

    frame: DataFrame
    judged: Sequence[Judged]
    rows: int
    places: Sequence[Counter[str]]
    ranks: Sequence[Sequence[float]]
    """The least rank of each rule in each block that has one."""


@frozen(eq=False)
class _Work:
    """One relation and the rules on its rows."""

    session: SparkSession
    relation: str
    types: Mapping[str, str]
    rules: Mapping[str, SqlRule]
    key: tuple[str, ...]
    most: int
    uncertainty: Mapping[str, float]

    def fetch(self, query: exp.Select, frame: DataFrame) -> list[tuple[Any, ...]]:
        """The rows of ``query`` from `_FRAME`, which stands for ``frame``: its long plan is read only once."""
        return [tuple(row) for row in self.session.sql(spark_text(query), frame=frame).collect()]

    def count(self, *, complete: bool) -> _Part:
        """Counts, and the least ranks of each block."""
        query, judged = judged_rows(
            _table(self.relation),
            self.types,
            self.rules,
            key=self.key,
            complete=complete,
            uncertainty=self.uncertainty,
        )
        row = exp.alias_(exp.func("monotonically_increasing_id"), "row")  # also keeps filters from being pushed below
        frame = self.session.sql(spark_text(exp.select("*", row).from_(query.subquery(copy=False))))
        wanted: list[Term] = [exp.Count(this=exp.Star())]
        for n, one in enumerate(judged):
            wanted += [exp.CountIf(this=exp.column(f"p{n}").eq(integer(PLACES.index(p)))) for p in one.possible]
            wanted.append(exp.Min(this=exp.column(f"r{n}")))
        block = exp.Mod(this=exp.column("row"), expression=integer(BLOCKS))
        blocks = self.fetch(exp.select(*wanted).from_(_FRAME).group_by(block), frame)
        counted, *found = zip(*blocks, strict=True) if blocks else [()] * (len(wanted))
        places: list[Counter[str]] = []
        ranks = []
        for one in judged:
            places.append(Counter({place: sum(found.pop(0)) for place in one.possible}))
            ranks.append([rank for rank in found.pop(0) if rank is not None])
        return _Part(frame, judged, sum(counted), places, ranks)

    def worst(self, part: _Part, bounds: Sequence[float | None]) -> list[list[_Ranked]]:
        """Of each rule the worst rows of ``part`` whose rank is at most its bound; None: no row has one."""
        found: list[list[_Ranked]] = [[] for _ in bounds]
        near = {
            n: exp.column(f"r{n}") <= number(bound)
            for n, bound in enumerate(bounds)
            if bound is not None and part.ranks[n] and min(part.ranks[n]) <= bound
        }
        if not near:
            return found
        keys = [f"k{m}" for m in range(len(self.key))]
        listed = exp.func("array", *(self._listed(n, here, keys) for n, here in near.items()))
        within = both(one_of(*near.values()), exp.column("row") >= integer(0))
        rows = exp.select(exp.func("inline", listed)).from_(_FRAME).where(within)
        order = [
            exp.Ordered(this=exp.column(name), desc=False, nulls_first=False)
            for name in ("r", "p", *keys, "l", "h", "a")
        ]
        rank = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("n")], order=exp.Order(expressions=order))
        told = exp.column("n").is_(NULL).not_()
        ranked = exp.select("*", exp.alias_(rank, "rank")).from_(rows.subquery()).where(told)
        least = exp.select("*").from_(ranked.subquery()).where(exp.column("rank") <= integer(self.most))
        for n, *row, _ in self.fetch(least, part.frame):
            found[n].append(tuple(row))
        return found

    def _listed(self, n: int, here: Term, keys: Sequence[str]) -> Term:
        """What is told of rule ``n`` on a row, null where it is not ``here``."""
        types = {"n": "int", "r": "double", "p": "int", "l": "double", "h": "double", "a": "int"}
        stamps = [key for key, name in zip(keys, self.key, strict=True) if self.types[name].startswith("TIMESTAMP")]
        types |= dict.fromkeys(stamps, "bigint")
        told: list[Term] = []
        for name in ("n", "r", "p", *keys, "l", "h", "a"):
            value: Term = integer(n) if name == "n" else exp.column(name if name in keys else f"{name}{n}")
            told += [exp.Literal.string(name), exp.cast(value, types[name]) if name in types else value]
        return case((here, exp.Anonymous(this="named_struct", expressions=told)), other=NULL)
