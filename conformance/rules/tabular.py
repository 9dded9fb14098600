"""All the rules of one recorded table: which way each is computed, and its worst rows with their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
from attrs import frozen
from sqlglot import exp

from conformance.model.json import JSON
from conformance.model.outcome import Sides
from conformance.model.standard import Pack, Rule, Table
from conformance.rules import types
from conformance.rules.engine import instant
from conformance.rules.names import roots_of
from conformance.rules.program import Program
from conformance.rules.sql import judge_rows, lower
from conformance.rules.typed import Slots
from conformance.rules.verdicts import RowVerdict, WorstRow

_COLUMN = re.compile(r"\b([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)\b")
_TYPES = {types.Number: "DOUBLE", types.Boolean: "BOOLEAN", types.Word: "VARCHAR", types.Instant: "BIGINT"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class ShownRow:
    """One of the worst rows, as a reader sees it."""

    of: WorstRow
    key: Mapping[str, JSON]
    """Instants as ISO 8601 texts in UTC."""
    values: Mapping[str, JSON]
    """What else the rule read."""
    sides: Sides | None
    """What the deciding comparison held against each other."""


@frozen
class TableVerdict:
    """What one rule says of a table."""

    verdict: RowVerdict
    worst: tuple[ShownRow, ...]


def stage(connection: duckdb.DuckDBPyConnection, name: str, table: Table, rows: Sequence[JSON]) -> None:
    """Make the temporary table ``name`` of ``rows``, such as an example gives: instants as texts with a zone.

    A value that is not of its column's type is missing.
    """
    fields = _fields(types.of_schema(table.columns).type)
    columns = ", ".join(f"{_quoted(n)} {_TYPES.get(type(f.type), 'VARCHAR')}" for n, f in fields.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_quoted(name)} ({columns})")
    cells = [
        [_cell(row.get(n), f.type) if isinstance(row, Mapping) else None for n, f in fields.items()] for row in rows
    ]
    if cells:
        places = ", ".join("?" * len(fields))
        connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({places})", cells)  # noqa: S608 - quoted name


def examine(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    programs: Sequence[Program],
    *,
    pack: Pack,
    views: Mapping[str, str],
    documents: Mapping[str, JSON],
    worst: int = 5,
) -> dict[str, TableVerdict]:
    """What each of ``programs`` (rules on ``table``) says, by rule.

    ``views`` gives each recorded table the name of its relation: numbers DOUBLE or BIGINT in the pack's units, instants
    BIGINT in UTC nanoseconds. ``documents`` holds the documents that rules join.
    """
    relation = views[table.name]
    plain = {p.rule.id: lower(p) for p in programs}
    found = judge_rows(connection, relation, plain, key=table.key, worst=worst)
    return {
        p.rule.id: TableVerdict(
            found[p.rule.id],
            tuple(_shown(connection, relation, table.key, row, p, pack) for row in found[p.rule.id].worst),
        )
        for p in programs
    }


def _shown(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    key: Sequence[str],
    row: WorstRow,
    program: Program,
    pack: Pack,
) -> ShownRow:
    kinds = _fields(roots_of(program.rule, pack, Slots(), [])["row"].type)
    read = [name for name in _read(program.rule) if name in kinds and name not in key]
    wanted = exp.select(*(exp.column(n, quoted=True) for n in (*key, *read))).from_(
        exp.to_identifier(relation, quoted=True)
    )
    for name, value in zip(key, row.key, strict=True):
        wanted = wanted.where(
            exp.NullSafeEQ(this=exp.column(name, quoted=True), expression=exp.convert(value)), copy=False
        )
    cells = connection.execute(wanted.limit(1).sql("duckdb")).fetchone() or (*row.key, *(None for _ in read))
    values = {n: _value(v, kinds[n].type) for n, v in zip((*key, *read), cells, strict=True)}
    sides = program.sides({"row": values}) if row.margin is not None else None
    return ShownRow(row, {n: values[n] for n in key}, {n: values[n] for n in read}, sides)


def _read(rule: Rule) -> list[str]:
    """The columns that ``rule`` speaks of, in the order in which it does."""
    texts = [e.text for e in (rule.require, rule.when, rule.vacuous_unless) if e is not None]
    paths = [path.partition(".") for text in texts for path in _COLUMN.findall(text)]
    return list(dict.fromkeys(name for root, _, name in paths if root == "row"))


def _fields(row: types.Type) -> Mapping[str, types.Field]:
    return row.fields if isinstance(row, types.Record) else {}


def _cell(value: JSON, of: types.Type) -> Any:
    match of:
        case types.Instant():
            return instant(value)
        case types.Number():
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        case types.Boolean():
            return value if isinstance(value, bool) else None
        case _:
            return value if isinstance(value, str) else None


def _value(cell: Any, of: types.Type) -> JSON:
    if isinstance(of, types.Instant) and isinstance(cell, int):
        moment = _EPOCH + timedelta(microseconds=cell // 1000)
        return f"{moment:%Y-%m-%dT%H:%M:%S}" + f".{cell % 10**9:09d}".rstrip("0").rstrip(".") + "Z"
    return cell


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")
