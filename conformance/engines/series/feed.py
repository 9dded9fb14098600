"""The rows of a relation, group by group and in the order of time, in flat memory.

A relation may lie in any order. Its groups are counted first. Small groups are fetched together, sorted by DuckDB; a
group of many rows is fetched alone, by slices of time that hold few enough, and sorted here: what comes out of a file
is almost in order. So no more than a batch is ever sorted or held, and filters on group and time let DuckDB skip what
lies elsewhere in a Parquet file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

import duckdb
import numpy as np
from attrs import frozen
from sqlglot import exp

from conformance.engines.series._signal import Times
from conformance.engines.series._stream import Columns
from conformance.engines.series.values import NO_INSTANT
from conformance.engines.series.view import Column
from conformance.engines.sql.sheet import NULL, Term, both, case, finite, integer
from conformance.rules.clock import FARTHEST

BATCH = 1 << 21
"""Rows that are fetched at once."""
CHUNK = 1 << 16
"""Rows that are handed on at once: few enough for what is computed of them to stay in the processor's cache."""
_NAN: Term = exp.cast(exp.Literal.string("nan"), "double")
_SLICES = 64
"""Bars of the histogram of a large group, for each batch that it fills."""


@frozen(eq=False)
class Chunk:
    """Rows of one group, in the order of time; rows of one instant are never in two chunks."""

    group: tuple[object, ...]
    times: Times
    columns: Columns
    last: bool
    """Whether it ends the group."""


@frozen
class _Group:
    values: tuple[Any, ...]
    rows: int
    first: int
    last: int


_Fetched: TypeAlias = tuple[Times, dict[Column, Any]]


@frozen(eq=False)
class Feed:
    """The columns of a relation that are wanted, and what orders its rows."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    time: str
    groups: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def source(self) -> exp.Table:
        """The relation in a query."""
        return exp.Table(this=exp.to_identifier(self.relation, quoted=True))

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The columns of the relation with their types."""
        described = self.connection.execute(exp.Describe(this=self.source).sql("duckdb", copy=False)).fetchall()
        return {name: kind for name, kind, *_ in described}

    def rows(self) -> int:
        """How many rows there are, with those that stand at no time or in no group."""
        ((found,),) = self._fetch(exp.select("count(*)").from_(self.source))
        return int(found)

    def with_ends(self) -> Feed:
        """The same, with both ends of each number for which the relation has them (``value.low``, ``value.high``)."""
        columns = with_ends(self.columns, self.types)
        return Feed(self.connection, self.relation, self.time, self.groups, columns)

    def chunks(self) -> Iterator[Chunk]:
        """All rows that stand at a time and in a group."""
        for batch in _batches(self._groups()):
            if len(batch) > 1:
                yield from self._together(batch)
            else:
                yield from self._alone(batch[0])

    def _groups(self) -> list[_Group]:
        keys = [_name(name) for name in self.groups]
        time = _name(self.time)
        counted = [exp.Count(this=exp.Star()), exp.Min(this=time), exp.Max(this=time)]
        query = exp.select(*keys, *counted).from_(self.source).where(self._placed())
        if keys:
            query = query.group_by(*keys).order_by(*keys)
        return [_Group(tuple(row[:-3]), *row[-3:]) for row in self._fetch(query) if row[-3]]

    def _together(self, batch: Sequence[_Group]) -> Iterator[Chunk]:
        keys = [_name(name) for name in self.groups]
        first, last = (exp.Tuple(expressions=[exp.convert(v) for v in g.values]) for g in (batch[0], batch[-1]))
        own = exp.Tuple(expressions=keys)
        until = exp.Coalesce(this=own.copy() <= last, expressions=[exp.false()])  # DuckDB has no BETWEEN of tuples
        times, columns = self._columns([own >= first, until], order=[*keys, _name(self.time)])
        begin = 0
        for group in batch:
            rows = slice(begin, begin + group.rows)
            begin += group.rows
            yield from _cut(group, times[rows], {name: column[rows] for name, column in columns.items()}, last=True)

    def _alone(self, group: _Group) -> Iterator[Chunk]:
        named = zip(self.groups, group.values, strict=True)
        own: list[Term] = [_name(name).eq(exp.convert(value)) for name, value in named]
        edges = self._edges(group, own)
        for begin, end in pairwise(edges):
            there = [_name(self.time) >= integer(begin), _name(self.time) < integer(end)] if len(edges) > 2 else []
            times, columns = self._columns([*own, *there])
            if (times[1:] < times[:-1]).any():
                order = np.argsort(times, kind="stable")
                times, columns = times[order], {name: column[order] for name, column in columns.items()}
            yield from _cut(group, times, columns, last=end == edges[-1])

    def _edges(self, group: _Group, own: list[Term]) -> list[int]:
        """Where to cut a group so that no slice of it is larger than a batch, if its times allow that."""
        end = group.last + 1
        if group.rows <= BATCH:
            return [group.first, end]
        width = (end - group.first) // (_SLICES * -(-group.rows // BATCH)) + 1
        since = exp.paren(_name(self.time) - integer(group.first))
        bar = exp.IntDiv(this=since, expression=integer(width))
        query = exp.select(exp.alias_(bar, "bar"), "count(*)").from_(self.source).where(self._placed(), *own)
        edges, held = [group.first], 0
        for at, count in self._fetch(query.group_by("bar").order_by("bar")):
            if held and held + count > BATCH:
                edges.append(group.first + at * width)
                held = 0
            held += count
        return [*edges, end]

    def _columns(self, where: list[Term], order: Sequence[Term] = ()) -> _Fetched:
        query = exp.select(*fetched(self.time, self.columns)).from_(self.source).where(self._placed(), *where)
        query = query.order_by(*order) if order else query
        found = self.connection.execute(query.sql("duckdb", copy=False)).fetchnumpy()
        columns = {one: _plain(found[f"c{n}"], one) for n, one in enumerate(self.columns)}
        return np.ascontiguousarray(found["t"], np.int64), columns

    def _placed(self) -> Term:
        numbers = [name for name in self.groups if self.types.get(name) in ("DOUBLE", "FLOAT")]
        return both(placed(self.time, self.groups), *(finite(_name(name)) for name in numbers))

    def _fetch(self, query: exp.Select) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.sql("duckdb", copy=False)).fetchall()


def with_ends(columns: Iterable[Column], there: Collection[str]) -> tuple[Column, ...]:
    """``columns``, with both ends of each number for which they are ``there``."""
    asked: list[Column] = []
    for name, kind in columns:
        both_ends = kind == "number" and f"{name}.low" in there and f"{name}.high" in there
        asked += [(name, "low"), (name, "high")] if both_ends else [(name, kind)]
    return tuple(asked)


def placed(time: str, groups: Iterable[str]) -> Term:
    """Rows at a time and in a group; the caller sees to numbers that are none. A time beyond the years of the kernel is
    as good as none."""
    there = [exp.not_(_name(name).is_(NULL)) for name in groups]
    return both(exp.Between(this=_name(time), low=integer(-FARTHEST), high=integer(FARTHEST)), *there)


def fetched(time: str, columns: Iterable[Column]) -> list[Term]:
    """The time as ``t`` and the columns as ``c0``, ``c1`` ..., so that nothing but texts and ``any`` is null."""
    return [exp.alias_(_name(time), "t"), *(exp.alias_(_cell(*one), f"c{n}") for n, one in enumerate(columns))]


def _name(column: str) -> exp.Column:
    return exp.column(exp.to_identifier(column, quoted=True))


def _cell(name: str, kind: str) -> Term:
    """How a column is fetched, so that nothing in it is null."""
    column = _name(name)
    match kind:
        case "low" | "high":
            return _cell(f"{name}.{kind}", "number")
        case "number":
            return exp.func("coalesce", exp.cast(column, "double"), _NAN)
        case "instant":
            return exp.func("coalesce", exp.cast(column, "bigint"), integer(NO_INSTANT))
        case "boolean":
            truth = exp.cast(column, "boolean")
            code = case((truth, integer(1)), (exp.not_(truth.copy()), integer(0)), other=integer(2))
            return exp.cast(code, "tinyint")
        case "null":
            return column.is_(NULL)
        case "any":
            return column
    return exp.cast(column, "text")


def _plain(cells: Any, column: Column) -> Any:
    """Fetched cells as an ordinary array."""
    if column[1] not in ("word", "any"):
        return np.ascontiguousarray(cells)
    values = np.ma.getdata(cells).astype(object)
    values[np.ma.getmaskarray(cells)] = None
    return values


def _batches(groups: Iterable[_Group]) -> Iterator[list[_Group]]:
    """Groups of at most a batch in all; a larger one is alone."""
    batch: list[_Group] = []
    rows = 0
    for group in groups:
        if batch and rows + group.rows > BATCH:
            yield batch
            batch, rows = [], 0
        batch.append(group)
        rows += group.rows
    if batch:
        yield batch


def _cut(group: _Group, times: Times, columns: Mapping[Column, Any], *, last: bool) -> Iterator[Chunk]:
    begin = 0
    while begin < len(times) or (last and not len(times)):
        end = min(begin + CHUNK, len(times))
        if 0 < end < len(times):
            end = int(np.searchsorted(times, times[end - 1], "right"))
        rows = slice(begin, end)
        part = {name: column[rows] for name, column in columns.items()}
        yield Chunk(group.values, times[rows], part, last and end == len(times))
        if end == len(times):
            return
        begin = end
