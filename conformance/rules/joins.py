"""Joins: what a row knows besides, from the row of another table with the same key, or from a document.

A row without a match has no values there: ``has(certificate.id)`` is false. Where a key of its own is missing, or one
of theirs, a match cannot be told, and neither ``has`` nor its negation holds. Two rows of theirs with one key leave
their values open, since it is not known which is meant; that there is one is known.
"""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through sqlglot, which quotes
from __future__ import annotations

from collections.abc import Iterator, Mapping
from sys import float_info
from typing import TypeAlias

import duckdb
from sqlglot import exp

from conformance.errors import Problem, Text
from conformance.errors.language import WrongJoin, did_you_mean
from conformance.model.json import JSON
from conformance.model.quantity import UnknownUnit
from conformance.model.standard import Join, Pack, Rule, Table
from conformance.rules import types
from conformance.rules.engine import instant
from conformance.rules.functions import FUNCTIONS
from conformance.rules.sql_sheet import NULL, Term, integer, number
from conformance.rules.typed import kind_of

Connection: TypeAlias = duckdb.DuckDBPyConnection
_TAKEN = frozenset({"request", "response", "row", "document", "base", "varied"})


def join_problems(rule: Rule, pack: Pack) -> Iterator[Problem]:
    """What is wrong with the joins of ``rule``; what its expressions make of them is checked with those."""
    own = pack.tables.get(rule.applies_to)
    for name, join in rule.joins.items():
        found = list(_faults(name, join, rule, own, pack))
        for fault, hint in found:
            yield WrongJoin(position=join.position or rule.position, name=name, fault=fault, hint=hint)


def _faults(name: str, join: Join, rule: Rule, own: Table | None, pack: Pack) -> Iterator[tuple[Text, Text]]:
    if name in _TAKEN or name in FUNCTIONS or name in rule.parameters:
        yield (
            Text("the name already means something else", "该名称已另有含义"),
            Text("choose another", "请改用其他名称"),
        )
    if join.document is not None:
        if join.document not in pack.documents:
            unknown = Text(f"unknown document {join.document!r}", f"未知文档 {join.document!r}")
            yield unknown, did_you_mean(join.document, pack.documents)
        return
    theirs = pack.tables.get(join.table or "")
    if theirs is None:
        yield (
            Text(f"unknown table {join.table!r}", f"未知数据表 {join.table!r}"),
            did_you_mean(join.table or "", pack.tables),
        )
        return
    if own is None:
        only = Text("only rows of a table are joined to a table", "只有数据表的行才能关联另一张表")
        yield only, Text("join a document instead", "请改为关联文档")
        return
    here, there = _fields(own), _fields(theirs)
    for column, other in join.on.items():
        for wanted, fields, table in ((column, there, theirs), (other, here, own)):
            if wanted not in fields:
                unknown = Text(f"{table.name!r} has no column {wanted!r}", f"{table.name!r} 没有列 {wanted!r}")
                yield unknown, did_you_mean(wanted, fields)
        if column in there and other in here and not _alike(there[column].type, here[other].type):
            yield (
                Text(
                    f"{column!r} and {other!r} are of different types or units",
                    f"{column!r} 与 {other!r} 类型或单位不同",
                ),
                Text("join columns of one type", "请关联同类型的列"),
            )
    if missing := [column for column in theirs.key if column not in join.on]:
        names = ", ".join(missing)
        yield (
            Text(f"`on` leaves out {names} of the key of {theirs.name!r}", f"`on` 缺少 {theirs.name!r} 键中的 {names}"),
            Text("several rows would match: name the whole key", "否则会匹配多行：请写出完整的键"),
        )


def _fields(table: Table) -> Mapping[str, types.Field]:
    try:
        row = types.of_schema(table.columns).type
    except UnknownUnit:  # told where the rule's own names are typed
        return {}
    return row.fields if isinstance(row, types.Record) else {}


def _alike(one: types.Type, other: types.Type) -> bool:
    if isinstance(one, types.Number) and isinstance(other, types.Number):
        return one.unit == other.unit
    return type(one) is type(other)


def joined(
    connection: Connection,
    relation: str,
    rule: Rule,
    pack: Pack,
    *,
    tables: Mapping[str, str],
    documents: Mapping[str, JSON],
    name: str,
) -> str:
    """Make the view ``name`` of the rows of ``relation`` with what ``rule`` joins; its name.

    Where it joins nothing there is no view, and the name is that of ``relation``.
    ``tables`` gives the relation of each table by its name in the pack, ``documents`` the bodies. A joined value stands
    in a column such as ``certificate.id``; the column ``certificate.id?`` is true where it is not known whether there
    is one. Tables are joined where ``relation`` has the columns, so that a chain can join before it and after it.
    """
    described = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {_sql(relation)})").fetchall()
    own = dict(described)
    shown, sources = ["r.*"], [f"{_sql(relation)} r"]
    for root, join in rule.joins.items():
        if join.document is not None:
            type_ = types.of_schema(pack.documents[join.document].schema).type
            for path, value, unknown in _constants(type_, documents.get(join.document), (root,), False):
                column = ".".join(path)
                shown += [f"{value.sql('duckdb')} AS {_sql(column)}", f"{str(unknown).lower()} AS {_sql(column + '?')}"]
        elif join.table is not None and own.keys() >= set(join.on.values()):
            columns, source = _match(connection, tables[join.table], pack.tables[join.table], root, join, own, name)
            shown += columns
            sources.append(source)
    if len(shown) == 1:
        return relation
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {_sql(name)} AS SELECT {', '.join(shown)} FROM {' '.join(sources)}"
    )
    return name


def _match(
    connection: Connection, theirs: str, table: Table, root: str, join: Join, own: Mapping[str, str], name: str
) -> tuple[list[str], str]:
    """The columns of a joined table, and the join itself."""
    fields, alias = _fields(table), _sql(f"{root}?")
    keys = ", ".join(_sql(column) for column in join.on)
    others = [column for column in fields if column not in join.on]
    kept = "".join(f", any_value({_sql(column)}) AS {_sql(column)}" for column in others)
    lost = " OR ".join(f"{_sql(column)} IS NULL" for column in join.on)
    kind = f"{name}#{root}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_sql(kind)} AS "
        f"SELECT {keys}, count(*) AS {_sql('#')}{kept} FROM {_sql(theirs)} WHERE NOT ({lost}) GROUP BY {keys}"
    )
    (nameless,) = connection.execute(f"SELECT count(*) > 0 FROM {_sql(theirs)} WHERE {lost}").fetchone() or (False,)
    mine = {column: f"r.{_sql(other)}" for column, other in join.on.items()}
    odd = [
        f"{of} IS NULL" + (f" OR NOT abs({of}) < CAST('inf' AS DOUBLE)" if own[join.on[column]] == "DOUBLE" else "")
        for column, of in mine.items()
    ]
    many = f"{alias}.{_sql('#')}"
    unknown = f"({' OR '.join(odd)}{f' OR {many} IS NULL' if nameless else ''})"
    shown: list[str] = []
    for column, field in fields.items():
        at, there = _sql(f"{root}.{column}"), _sql(f"{root}.{column}?")
        if column in join.on:
            shown += [
                f"CASE WHEN NOT {unknown} AND {many} > 0 THEN {mine[column]} END AS {at}",
                f"{unknown} AS {there}",
            ]
            continue
        of = f"{alias}.{_sql(column)}"
        empty = "false" if field.optional else f"{of} IS NULL"
        shown.append(f"CASE WHEN NOT {unknown} AND {many} = 1 THEN {of} END AS {at}")
        shown.append(f"coalesce({unknown} OR {many} > 1 OR ({many} = 1 AND {empty}), false) AS {there}")
    on = " AND ".join(f"{alias}.{_sql(column)} = {of}" for column, of in mine.items())
    return shown, f"LEFT JOIN {_sql(kind)} {alias} ON {on}"


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


def _sql(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")
