"""Expressions of SQL, and the sheet that gives each of them one name.

An expression of intervals mentions its parts several times over; written out it would grow exponentially. A sheet
names every expression once, and equal ones of all rules share a name. Names are laid out in layers of sub-queries, each
computed from the layer below, so that the length of the query is linear in the size of the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import isinf
from typing import TypeAlias

from attrs import field, frozen
from sqlglot import exp

from conformance.rules.engine import Kind

Term: TypeAlias = exp.Expr

TRUE: Term = exp.true()
FALSE: Term = exp.false()
NULL: Term = exp.null()
INF: Term = exp.cast(exp.Literal.string("inf"), "double")
MINUS_INF: Term = exp.cast(exp.Literal.string("-inf"), "double")
_CASTS: Mapping[Kind | None, str] = {"number": "double", "boolean": "boolean", "word": "text", "instant": "int128"}


@lru_cache(maxsize=4096)
def quoted(name: str) -> str:
    """A name of others as an identifier."""
    return exp.to_identifier(name, quoted=True).sql("duckdb")


def number(value: float) -> Term:
    """A float, to the last bit: without its exponent it would be a decimal."""
    if isinf(value):
        return INF if value > 0 else MINUS_INF
    text = repr(abs(float(value)))
    literal: Term = exp.Literal.number(text if "e" in text else f"{text}e0")
    return exp.Neg(this=literal) if value < 0 else literal


def integer(value: int) -> Term:
    """A whole number."""
    return exp.cast(exp.Literal.number(str(value)), "int128") if abs(value) >= 2**63 else exp.Literal.number(str(value))


def of_type(term: Term, kind: str) -> Term:
    """``term``, marked as of type ``kind`` for the engines that cast it in another way."""
    term.type = kind
    return term


def both(*parts: Term) -> Term:
    """``AND``, without what is known already."""
    open_ = [part for part in dict.fromkeys(parts) if part != TRUE]
    if FALSE in open_:
        return FALSE
    return exp.and_(*open_, copy=False) if open_ else TRUE


def one_of(*parts: Term) -> Term:
    """``OR``, without what is known already."""
    open_ = [part for part in dict.fromkeys(parts) if part != FALSE]
    if TRUE in open_:
        return TRUE
    return exp.or_(*open_, copy=False) if open_ else FALSE


def negation(of: Term) -> Term:
    """``NOT``."""
    if of in (TRUE, FALSE):
        return FALSE if of == TRUE else TRUE
    return of.this.copy() if isinstance(of, exp.Not) and isinstance(of.this, exp.Column) else exp.not_(of)


def case(*whens: tuple[Term, Term], other: Term) -> Term:
    """The value of the first condition that is true; ``other`` if none is. A condition that is null is not true."""
    kept: list[tuple[Term, Term]] = []
    for condition, value in whens:
        if condition == TRUE:
            other = value
            break
        if condition != FALSE:
            kept.append((condition, value))
    if all(value == other for _, value in kept):
        return other
    built = exp.case()
    for condition, value in kept:
        built = built.when(condition, value, copy=False)
    return built.else_(other, copy=False)


def finite(of: Term) -> Term:
    """Whether a number is neither infinite nor undefined (NaN is above infinity here)."""
    return TRUE if fixed(of) and of not in (INF, MINUS_INF) else exp.Abs(this=of.copy()) < INF


def undefined(of: Term) -> Term:
    """Whether a number is NaN."""
    return FALSE if fixed(of) else exp.IsNan(this=of.copy())


def least(*parts: Term) -> Term:
    """The least of numbers, none of which is null."""
    one, *more = dict.fromkeys(parts)
    if len(more) == 1:  # twice as fast as the function, and the same for all numbers
        return case((one <= more[0], one), other=more[0])
    return exp.Least(this=one.copy(), expressions=[p.copy() for p in more], ignore_nulls=True) if more else one


def greatest(*parts: Term) -> Term:
    """The greatest of numbers, none of which is null."""
    one, *more = dict.fromkeys(parts)
    if len(more) == 1:
        return case((one >= more[0], one), other=more[0])
    return exp.Greatest(this=one.copy(), expressions=[p.copy() for p in more], ignore_nulls=True) if more else one


def fixed(of: Term) -> bool:
    """Whether an expression is a literal."""
    inner = of.this if isinstance(of, exp.Neg | exp.Cast) else of
    return isinstance(inner, exp.Literal | exp.Boolean | exp.Null)


@frozen
class _Entry:
    expression: Term
    depth: int
    uses: frozenset[str]


@frozen(eq=False)
class Sheet:
    """The named expressions over one relation, the types of whose columns are ``types`` (those of DuckDB)."""

    types: Mapping[str, str] = field(factory=dict)
    columns: dict[tuple[str, Kind | None], Term] = field(factory=dict)
    """Column of the relation and how it is read (None: as it stands) to its name here."""
    _names: dict[Term, str] = field(factory=dict)
    _entries: dict[str, _Entry] = field(factory=dict)

    def column(self, name: str, kind: Kind | None = None) -> Term:
        """The column ``name`` of the relation; an instant in UTC nanoseconds."""
        if (name, kind) not in self.columns:
            raw: Term = exp.column(name, quoted=True)
            if kind == "instant" and self.types.get(name, "").startswith("TIMESTAMP"):
                raw = exp.func("epoch_ns", raw)
            self.columns[name, kind] = self._add(exp.cast(raw, _CASTS[kind]) if kind in _CASTS else raw, 0, frozenset())
        return self.columns[name, kind]

    def name(self, of: Term) -> Term:
        """``of`` by its name; literals and names stand for themselves."""
        if fixed(of) or isinstance(of, exp.Column):
            return of
        found = self._names.get(of)
        if found is not None:
            return exp.column(found)
        uses = _columns(of)
        return self._add(of, 1 + max((self._entries[name].depth for name in uses), default=0), uses)

    def select(self, outputs: Mapping[str, Term], source: Term, *, where: Term = TRUE) -> exp.Select:
        """``outputs`` over the rows of ``source`` that meet ``where``; only what they need is computed."""
        last: dict[str, int] = {}
        for of in outputs.values():
            self._reach(_columns(of), len(self._entries) + 1, last)
        self._reach(_columns(where), 1, last)
        query = self._layer(source, 0, last)
        for depth in range(1, 2 + max((self._entries[name].depth for name in last), default=0)):
            query = self._layer(query.subquery(copy=False), depth, last)
            if depth == 1 and where != TRUE:
                query = query.where(where, copy=False)
        shown = (exp.alias_(of.copy(), alias, copy=False) for alias, of in outputs.items())
        return exp.select(*shown, copy=False).from_(query.subquery(copy=False), copy=False)

    def _add(self, of: Term, depth: int, uses: frozenset[str]) -> Term:
        name = f"v{len(self._entries)}"
        self._entries[name] = _Entry(of, depth, uses)
        self._names[of] = name
        return exp.column(name)

    def _reach(self, names: frozenset[str], depth: int, last: dict[str, int]) -> None:
        """Note for each name below ``names`` the last layer that uses it."""
        waiting = [(name, depth) for name in names]
        while waiting:
            name, by = waiting.pop()
            known = last.get(name)
            if known is None or by > known:
                last[name] = by
            if known is None:
                entry = self._entries[name]
                waiting += [(below, entry.depth) for below in entry.uses]

    def _layer(self, source: Term, depth: int, last: Mapping[str, int]) -> exp.Select:
        shown: list[Term] = []
        for name, until in last.items():
            entry = self._entries[name]
            if entry.depth == depth:
                shown.append(exp.alias_(entry.expression.copy(), name, copy=False))
            elif entry.depth < depth < until:
                shown.append(exp.column(name))
        shown = shown or [exp.alias_(TRUE.copy(), "nothing")]  # a rule may need no column
        return exp.select(*shown, copy=False).from_(source, copy=False)


def _columns(of: Term) -> frozenset[str]:
    return frozenset(column.name for column in of.find_all(exp.Column))
