"""All the rules of one recorded table: which way each is computed, and its worst rows with their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
from attrs import evolve, frozen
from sqlglot import exp

from conformance.engines.chain.lower import lower_chains
from conformance.engines.chain.slack import slack_of
from conformance.engines.joins import Joiner
from conformance.engines.series.judge import judge_series
from conformance.engines.series.lifecycle import judge_machine
from conformance.engines.spark.rows import SparkRows, judge_rows_spark
from conformance.engines.spark.series import judge_series_spark
from conformance.engines.sql.prune import ParquetRows
from conformance.engines.sql.rows import judge_rows, lower
from conformance.engines.sql.sheet import quoted
from conformance.model.json import JSON
from conformance.model.outcome import Sides, Slack
from conformance.model.standard import LimitLookup, Pack, Rule, Table
from conformance.rules import types
from conformance.rules.engine import instant
from conformance.rules.names import roots_of
from conformance.rules.program import Program
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
    slack: Slack | None = None
    """Of the worst window of a percentile."""


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
    cells = [[_cell(r.get(n), f.type) if isinstance(r, Mapping) else None for r in rows] for n, f in fields.items()]
    # Whole columns at once: fifty times as fast as row by row.
    columns = [f"unnest(?::{_TYPES.get(type(f.type), 'VARCHAR')}[]) AS {quoted(n)}" for n, f in fields.items()]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS SELECT {', '.join(columns)}", cells)


def examine(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    programs: Sequence[Program],
    *,
    pack: Pack,
    views: Mapping[str, str],
    documents: Mapping[str, JSON],
    unique: bool = False,
    parquet: ParquetRows | None = None,
    statistics: bool = True,
    spark: SparkRows | None = None,
    worst: int = 5,
) -> dict[str, TableVerdict]:
    """What each of ``programs`` (rules on ``table``) says, by rule.

    ``views`` gives each recorded table the name of its relation: numbers DOUBLE or BIGINT in the pack's units, instants
    BIGINT in UTC nanoseconds. ``documents`` holds the documents that rules join. ``unique`` promises that no key of the
    table comes twice. ``parquet`` says which files the relation of ``table`` shows as they stand; their ``statistics``
    may spare reading some. ``spark`` judges the rules on single rows of the table and those with operators over time;
    what chains leave, and lifecycles, are judged here.
    """
    joiner = Joiner(connection, pack, views, documents)
    laid = [_Laid(p, raw := joiner.view(views[table.name], p.rule), table.key, raw) for p in programs]
    footers = {views[table.name]: parquet} if parquet is not None and statistics else {}
    laid = _chained(connection, laid, joiner, unique=unique, footers=footers)
    found: dict[str, RowVerdict] = {}
    for (relation, key), alike in _alike(laid).items():
        plain = {p.rule.id: lower(p) for p in alike if p.machine is None and p.clock is None}
        timed = {p.rule.id: p for p in alike if p.clock is not None}
        frame = None
        if spark is not None and (plain or timed) and relation in {one.raw for one in laid}:
            frame = spark.frame(connection, relation)
        if plain and frame is not None:
            found |= judge_rows_spark(frame, "rows", plain, key=key, worst=worst)
        elif plain:
            files = parquet if relation == views[table.name] else None
            found |= judge_rows(connection, relation, plain, key=key, worst=worst, parquet=files, statistics=statistics)
        if clock := next((p.clock for p in timed.values()), None):
            order: dict[str, Any] = {"key": key, "time": clock.time, "groups": clock.groups, "worst": worst}
            if frame is not None:
                found |= judge_series_spark(frame, timed, pack=pack, **order)
            else:
                found |= judge_series(connection, relation, timed, **order)
        for p in alike:
            if p.machine is not None:
                found[p.rule.id] = judge_machine(connection, relation, p, key=key, worst=worst)
    return {
        one.program.rule.id: TableVerdict(
            verdict := found[one.program.rule.id],
            _counted(connection, one, _shown(connection, one, verdict.worst, pack, documents), unique),
        )
        for one in laid
    }


@frozen(eq=False)
class _Laid:
    """A rule, the relation whose rows it judges, and the columns that name one."""

    program: Program
    relation: str
    key: tuple[str, ...]
    raw: str
    """What its chain is made from."""


def _alike(laid: Sequence[_Laid]) -> dict[tuple[str, tuple[str, ...]], list[Program]]:
    """The rules that judge the same rows."""
    found: dict[tuple[str, tuple[str, ...]], list[Program]] = {}
    for one in laid:
        found.setdefault((one.relation, one.key), []).append(one.program)
    return found


def _chained(
    connection: duckdb.DuckDBPyConnection,
    laid: Sequence[_Laid],
    joiner: Joiner,
    *,
    unique: bool,
    footers: Mapping[str, ParquetRows],
) -> list[_Laid]:
    """Each rule over the rows that its chain leaves; chains over the same rows share their scan.

    ``footers`` are the files of relations, whose footers may be believed.
    """
    left: dict[str, tuple[str, ...]] = {}
    for relation in dict.fromkeys(one.relation for one in laid):
        chains = {p.rule.id: p.chain for p in (o.program for o in laid if o.relation == relation) if p.chain}
        files = footers.get(relation)
        left |= lower_chains(connection, relation, chains, unique=unique, parquet=files) if chains else {}
    return [
        evolve(one, relation=joiner.view(rule, one.program.rule), key=left[rule])
        if (rule := one.program.rule.id) in left
        else one
        for one in laid
    ]


def _shown(
    connection: duckdb.DuckDBPyConnection,
    laid: _Laid,
    worst: Sequence[WorstRow],
    pack: Pack,
    documents: Mapping[str, JSON],
) -> list[ShownRow]:
    kinds, rule, key = _kinds(laid.program, pack), laid.program.rule, laid.key
    read = [name for name in _read(rule) if name in kinds and name not in key]
    found = _cells(connection, laid, read, worst)
    shown = []
    for row in worst:
        cells = found.get(row.key, (None,) * len(read))
        values = {n: _value(v, kinds[n]) for n, v in zip((*key, *read), (*row.key, *cells), strict=True)}
        environment: dict[str, JSON] = {"row": values}
        for root, join in rule.joins.items():
            below = {n.removeprefix(f"{root}."): v for n, v in values.items() if n.startswith(f"{root}.")}
            environment[root] = documents.get(join.document) if join.document else below
        sides = laid.program.sides(environment) if row.margin is not None else None
        shown.append(ShownRow(row, {n: values[n] for n in key}, {n: values[n] for n in read}, sides))
    return shown


def _cells(
    connection: duckdb.DuckDBPyConnection, laid: _Laid, read: Sequence[str], worst: Sequence[WorstRow]
) -> dict[tuple[object, ...], tuple[object, ...]]:
    """The values of the columns ``read`` of the rows ``worst``, by key; of a key that is doubled those of one row."""
    if not read or not worst:
        return {}
    keys = [exp.column(name, quoted=True) for name in laid.key]
    wanted = exp.select(*keys, *(exp.column(name, quoted=True) for name in read))
    wanted = wanted.from_(exp.to_identifier(laid.relation, quoted=True))
    if keys:  # else there is one row
        wanted = wanted.where(exp.or_(*(_same(keys, row.key) for row in worst)))
    rows = connection.execute(wanted.sql("duckdb")).fetchmany(1000)
    return {row[: len(keys)]: row[len(keys) :] for row in rows}


def _same(keys: Sequence[exp.Expr], values: Sequence[object]) -> exp.Expr:
    pairs = zip(keys, values, strict=True)
    return exp.and_(*(exp.NullSafeEQ(this=key.copy(), expression=exp.convert(value)) for key, value in pairs))


def _counted(
    connection: duckdb.DuckDBPyConnection, laid: _Laid, worst: Sequence[ShownRow], unique: bool
) -> tuple[ShownRow, ...]:
    """``worst``, the first of them with its slack."""
    chain = laid.program.chain
    if chain is None or not worst:
        return tuple(worst)
    (slack,) = slack_of(connection, laid.raw, chain, [worst[0].of.key], unique=unique)
    return (evolve(worst[0], slack=slack), *worst[1:])


def _kinds(program: Program, pack: Pack) -> dict[str, types.Type]:
    """The type of each column of the rows that ``program`` judges; of a joined table ``meter.nominal``."""
    left = program.chain.row if program.chain else None
    bindings = roots_of(program.rule, pack, Slots(), [], row=left)
    roots = {name: _fields(binding.type) for name, binding in bindings.items()}
    joined_columns = {
        f"{name}.{column}": found.type
        for name, join in program.rule.joins.items()
        if join.table is not None and name in roots
        for column, found in roots[name].items()
    }
    return {column: found.type for column, found in roots["row"].items()} | joined_columns


def _read(rule: Rule) -> list[str]:
    """The columns that ``rule`` speaks of, in the order in which it does."""
    looked_up = [e for p in rule.parameters.values() if isinstance(p, LimitLookup) for e in p.by.values()]
    texts = [e.text for e in (rule.require, rule.when, rule.vacuous_unless, *looked_up) if e is not None]
    paths = [path for text in texts for path in _COLUMN.findall(text)]
    paths += [f"row.{rule.machine.event}"] if rule.machine else []
    return list(dict.fromkeys(path.removeprefix("row.") for path in paths))


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
