"""What a row knows besides, as columns: the meaning is that of `conformance.rules.joins`."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through sqlglot, which quotes
from __future__ import annotations

from collections.abc import Iterator, Mapping
from sys import float_info
from typing import TypeAlias

import duckdb
from attrs import field, frozen
from sqlglot import exp

from conformance.engines.sql.sheet import NULL, Term, integer, number, quoted
from conformance.model.json import JSON
from conformance.model.standard import Join, Pack, Rule, Table
from conformance.rules import types
from conformance.rules.engine import instant
from conformance.rules.joins import fields_of
from conformance.rules.typed import kind_of

Connection: TypeAlias = duckdb.DuckDBPyConnection

FEW = 1 << 12
"""So many rows are joined once for all queries: to plan a join takes longer than to make it."""


@frozen(eq=False)
class Joiner:
    """Makes the views of one table's rules: rules that join the same share one."""

    connection: Connection
    pack: Pack
    tables: Mapping[str, str]
    """The relation of each table by its name in the pack."""
    documents: Mapping[str, JSON]
    _views: list[tuple[str, Mapping[str, Join], str]] = field(init=False, factory=list)
    _matches: dict[str, bool] = field(init=False, factory=dict)

    def view(self, relation: str, rule: Rule) -> str:
        """The name of the view (of `FEW` rows: the table) of the rows of ``relation`` with what ``rule`` joins.

        Where it joins nothing there is no view, and the name is that of ``relation``. A joined value stands in a column
        such as ``certificate.id``; the column ``certificate.id?`` is true where it is not known whether there is one.
        Tables are joined where ``relation`` has the columns, so that a chain can join before it and after it.
        """
        if not rule.joins:
            return relation
        for known, joins, view in self._views:
            if known == relation and joins == rule.joins:
                return view
        self._views.append((relation, rule.joins, self._made(relation, rule)))
        return self._views[-1][2]

    def _made(self, relation: str, rule: Rule) -> str:
        described = self.connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {quoted(relation)})")
        own = dict(described.fetchall())
        shown, sources = ["r.*"], [f"{quoted(relation)} r"]
        for root, join in rule.joins.items():
            if join.document is not None:
                type_ = types.of_schema(self.pack.documents[join.document].schema).type
                for path, value, unknown in _constants(type_, self.documents.get(join.document), (root,), False):
                    column = ".".join(path)
                    shown.append(f"{value.sql('duckdb')} AS {quoted(column)}")
                    shown.append(f"{str(unknown).lower()} AS {quoted(column + '?')}")
            elif join.table is not None and own.keys() >= set(join.on.values()):
                columns, source = self._match(self.tables[join.table], self.pack.tables[join.table], root, join, own)
                shown += columns
                sources.append(source)
        if len(shown) == 1:
            return relation
        (rows,) = self.connection.execute(f"SELECT count(*) FROM {quoted(relation)}").fetchone() or (0,)
        kind, name = ("TABLE", f"{relation}++{rule.id}") if rows <= FEW else ("VIEW", f"{relation}+{rule.id}")
        self.connection.execute(
            f"CREATE OR REPLACE TEMP {kind} {quoted(name)} AS SELECT {', '.join(shown)} FROM {' '.join(sources)}"
        )
        return name

    def _match(self, theirs: str, table: Table, root: str, join: Join, own: Mapping[str, str]) -> tuple[list[str], str]:
        """The columns of a joined table, and the join itself."""
        fields, alias = fields_of(table), quoted(f"{root}?")
        kind = f"{theirs}#by {', '.join(join.on)}"
        if kind not in self._matches:
            self._matches[kind] = self._grouped(kind, theirs, fields, join)
        mine = {column: f"r.{quoted(other)}" for column, other in join.on.items()}
        odd = [
            f"{of} IS NULL" + (f" OR NOT abs({of}) < CAST('inf' AS DOUBLE)" if own[join.on[column]] == "DOUBLE" else "")
            for column, of in mine.items()
        ]
        many = f"{alias}.{quoted('#')}"
        unknown = f"({' OR '.join(odd)}{f' OR {many} IS NULL' if self._matches[kind] else ''})"
        shown: list[str] = []
        for column, field_ in fields.items():
            at, there = quoted(f"{root}.{column}"), quoted(f"{root}.{column}?")
            if column in join.on:
                shown += [
                    f"CASE WHEN NOT {unknown} AND {many} > 0 THEN {mine[column]} END AS {at}",
                    f"{unknown} AS {there}",
                ]
                continue
            of = f"{alias}.{quoted(column)}"
            empty = "false" if field_.optional else f"{of} IS NULL"
            shown.append(f"CASE WHEN NOT {unknown} AND {many} = 1 THEN {of} END AS {at}")
            shown.append(f"coalesce({unknown} OR {many} > 1 OR ({many} = 1 AND {empty}), false) AS {there}")
        on = " AND ".join(f"{alias}.{quoted(column)} = {of}" for column, of in mine.items())
        return shown, f"LEFT JOIN {quoted(kind)} {alias} ON {on}"

    def _grouped(self, name: str, theirs: str, fields: Mapping[str, types.Field], join: Join) -> bool:
        """Make the table ``name`` of the rows of ``theirs`` by their key; whether some row lacks one."""
        keys = ", ".join(quoted(column) for column in join.on)
        others = [column for column in fields if column not in join.on]
        kept = "".join(f", any_value({quoted(column)}) AS {quoted(column)}" for column in others)
        lost = " OR ".join(f"{quoted(column)} IS NULL" for column in join.on)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS "
            f"SELECT {keys}, count(*) AS {quoted('#')}{kept} FROM {quoted(theirs)} WHERE NOT ({lost}) GROUP BY {keys}"
        )
        asked = f"SELECT count(*) > 0 FROM {quoted(theirs)} WHERE {lost}"
        (nameless,) = self.connection.execute(asked).fetchone() or (False,)
        return bool(nameless)


def _constants(
    type_: types.Type, value: JSON, path: tuple[str, ...], absent: bool
) -> Iterator[tuple[tuple[str, ...], Term, bool]]:
    """Each single value of a document: its path, the value, and whether it is lost where there is none.

    ``absent`` tells that a record around it is not there, as its schema permits.
    """
    if isinstance(type_, types.Record):
        for name, field in type_.fields.items():
            below = value.get(name) if isinstance(value, dict) else None
            yield from _constants(field.type, below, (*path, name), absent or (below is None and field.optional))
        return
    term: Term | None = None
    match kind_of(type_), value:
        case "boolean", bool():
            term = exp.true() if value else exp.false()
        case "word", str():
            term = exp.Literal.string(value)
        case "number", (int() | float()) if not isinstance(value, bool) and abs(value) <= float_info.max:
            term = exp.cast(number(float(value)), "double")
        case "instant", _ if (moment := instant(value)) is not None:
            term = integer(moment)
        case None, _:
            return
    typed = {"boolean": "boolean", "word": "text", "number": "double", "instant": "bigint"}[kind_of(type_) or "word"]
    yield path, exp.cast(NULL.copy(), typed) if term is None else term, term is None and not absent
