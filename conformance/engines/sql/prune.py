"""What the statistics of Parquet files prove of whole row groups, before any row is read.

The least and greatest value and the number of missing ones stand in the footer of a file for every column of a row
group. With them `conformance.engines.sql.bounds` judges all its rows at once. A proved group needs no reading to be
counted, and none either for the worst rows where none of its margins can be among them.

NaN is missing data, yet statistics pass over it. A column of floating-point numbers is believed only where the file
counts its NaN, or where one look at the column (a tenth of the cost of a rule) has found none at all. What is true of
a file that lies can only be found by reading it: there, ask for no statistics.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf, isfinite
from typing import Any

import duckdb
from attrs import evolve, frozen
from sqlglot import exp

from conformance.engines.sql.bounds import Box, Cell, Prover
from conformance.engines.sql.sheet import NULL, Term
from conformance.rules.engine import Kind
from conformance.rules.verdicts import Place

FILE, ROW = "#file", "#row"
"""Names of the columns that say where a row stands: the number of its file, and its own in that file, from 0."""
_FITS: Mapping[Kind, re.Pattern[str]] = {
    "number": re.compile(r"FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|U?(TINY|SMALL|BIG)INT|U?INTEGER"),
    "instant": re.compile(r"TIMESTAMP.*|BIGINT"), "word": re.compile("VARCHAR"), "boolean": re.compile("BOOLEAN"),
}  # fmt: skip
"""Kinds to the types of columns whose statistics are in the order of the kind."""
_FLOATS = ("FLOAT", "DOUBLE")
_TEXTS = 64
"""Longer texts in statistics may have been cut short."""


@frozen
class ParquetRows:
    """The Parquet files whose rows, one after the other, are those of a relation."""

    files: tuple[str, ...]
    columns: Mapping[str, str]
    """Columns of the relation that show a column of the files as it stands; NaN may be shown as null."""


@frozen(eq=False)
class Group:
    """A row group: where it lies, and what its file says of it."""

    file: int
    first: int
    rows: int
    columns: Mapping[str, Column]
    of: int = 0
    """Rows in the whole file."""


@frozen
class Column:
    """What a file says of one column of a row group; None is unknown."""

    low: Any
    high: Any
    nulls: int | None
    undefined: int | None
    """How many are NaN."""


@frozen
class GroupProof:
    """What all rows of a group are."""

    places: Mapping[Place, int]
    least: float
    """None of them has a lower rank."""
    lacking: float
    """None of those that lack a value has a lower rank."""


def types_of(connection: duckdb.DuckDBPyConnection, source: Term) -> dict[str, str]:
    """The columns of ``source`` with DuckDB's names of their types."""
    found = connection.execute(exp.Describe(this=exp.select("*").from_(source)).sql("duckdb")).fetchall()
    return {row[0]: row[1] for row in found}


def stored_types(connection: duckdb.DuckDBPyConnection, rows: ParquetRows) -> dict[str, str]:
    """The columns of the relation with the types that they have in the files."""
    found = types_of(connection, exp.Table(this=parquet(*rows.files)))
    return {name: found[column] for name, column in rows.columns.items()}


def parquet(*files: str) -> exp.Anonymous:
    """The table function that reads ``files``."""
    paths = exp.Array(expressions=[exp.Literal.string(file) for file in files])
    return exp.Anonymous(
        this="read_parquet",
        expressions=[paths, exp.EQ(this=exp.to_identifier("hive_partitioning"), expression=exp.false())],
    )


def read_groups(
    connection: duckdb.DuckDBPyConnection, rows: ParquetRows, kinds: Mapping[str, Kind], types: Mapping[str, str]
) -> list[Group]:
    """The row groups of ``rows`` in their order, with what is said of the columns ``kinds``.

    ``types`` are those of the relation's columns as the files have them.
    """
    numbers = {file: n for n, file in enumerate(rows.files)}
    names = {rows.columns[name]: name for name, kind in kinds.items() if _FITS[kind].fullmatch(types.get(name, ""))}
    paths = exp.Array(expressions=[exp.Literal.string(file) for file in rows.files])
    metadata = exp.Anonymous(this="parquet_metadata", expressions=[paths])
    known = types_of(connection, exp.Table(this=metadata.copy()))
    columns = [exp.column(n) for n in ("file_name", "row_group_id", "row_group_num_rows", "path_in_schema")]
    counts = [exp.column(n) if n in known else NULL.copy() for n in ("stats_null_count", "stats_nan_count")]
    exact = [exp.column(n) if n in known else NULL.copy() for n in ("min_is_exact", "max_is_exact")]
    ends = [
        _read(exp.column(end), kind, {file: types[name] for file, name in names.items() if kinds[name] in wanted})
        for end in ("stats_min_value", "stats_max_value")
        for kind, wanted in (("number", ("number",)), ("instant", ("instant",)), ("word", ("word", "boolean")))
    ]
    query = exp.select(*columns, *counts, *exact, *ends).from_(exp.Table(this=metadata))
    found: dict[tuple[int, int], tuple[int, dict[str, Column]]] = {}
    for file, number, size, path, nulls, nans, *rest in connection.execute(query.sql("duckdb")).fetchall():
        _, said = found.setdefault((numbers[file], number), (size, {}))
        if path in names:
            name = names[path]
            floating = types[name] in _FLOATS
            said[name] = _column(kinds[name], rest, nulls, nans if floating else 0)
    groups: list[Group] = []
    for (file, _), (size, said) in sorted(found.items()):
        before = groups[-1] if groups and groups[-1].file == file else None
        groups.append(Group(file, before.first + before.rows if before else 0, size, said))
    sizes = Counter(dict.fromkeys(numbers.values(), 0))
    for group in groups:
        sizes[group.file] += group.rows
    return [evolve(group, of=sizes[group.file]) for group in groups]


def _read(end: Term, kind: str, types: Mapping[str, str]) -> Term:
    """One end of a column's values, by way of the column's own type, so that it is rounded as its values are."""
    made = exp.case()
    for path, type_ in types.items():
        value: Term = end.copy()
        if kind != "word":
            value = exp.TryCast(this=value, to=exp.DataType.build(type_, dialect="duckdb"))
        if kind == "number":
            value = exp.cast(value, "double")
        elif kind == "instant":
            value = exp.cast(exp.func("epoch_ns", value) if type_.startswith("TIMESTAMP") else value, "bigint")
        made = made.when(exp.column("path_in_schema").eq(exp.Literal.string(path)), value)
    return made if types else NULL.copy()


def _column(kind: Kind, said: Sequence[Any], nulls: int | None, nans: int | None) -> Column:
    exact, ends = said[:2], said[2:]
    low, high = {"number": ends[0::3], "instant": ends[1::3]}.get(kind, ends[2::3])
    if low is None or high is None:
        return Column(None, None, nulls, nans)
    if kind == "word":
        whole = low == high and False not in exact and len(low) < _TEXTS
        return Column(low if whole else None, high if whole else None, nulls, nans)
    if kind == "boolean":
        return Column(low == "true", high == "true", nulls, nans)
    usable = isfinite(low) and isfinite(high) and low <= high
    return Column(low if usable else None, high if usable else None, nulls, nans)


def without(groups: Sequence[Group], columns: Sequence[str]) -> list[Group]:
    """``groups`` of whose ``columns`` nothing is believed where their NaN are not counted."""
    lost = set(columns)
    return [
        evolve(g, columns={n: c for n, c in g.columns.items() if n not in lost or c.undefined is not None})
        for g in groups
    ]


def undefined_in(connection: duckdb.DuckDBPyConnection, rows: ParquetRows, columns: Sequence[str]) -> list[str]:
    """Those of ``columns`` that have a NaN (or an infinite value) somewhere."""
    if not columns:
        return []
    odd = [exp.CountIf(this=exp.not_(exp.func("isfinite", exp.column(rows.columns[c], quoted=True)))) for c in columns]
    query = exp.select(*odd).from_(exp.Table(this=parquet(*rows.files)))
    found = connection.execute(query.sql("duckdb")).fetchone() or ()
    return [column for column, count in zip(columns, found, strict=True) if count]


def uncounted(groups: Sequence[Group], column: str) -> bool:
    """Whether some group does not say how many NaN ``column`` has."""
    return any(column in g.columns and g.columns[column].undefined is None for g in groups)


def prove(prover: Prover, group: Group) -> GroupProof | None:
    """What all rows of ``group`` are: of complete ones all, and of those that lack a value all. None if that is open.

    NaN that nobody counted are taken for none.
    """
    cells: dict[str, Cell] = {}
    torn: list[str] = []
    for name, kind in prover.columns.items():
        said = group.columns.get(name)
        if said is None or said.nulls is None or said.undefined:
            return None
        if said.nulls == group.rows:
            cells[name] = None
            continue
        if said.low is None:
            return None
        if said.nulls:
            torn.append(name)
        if kind in ("word", "boolean"):
            if said.low != said.high:
                return None
            cells[name] = said.low
        else:
            cells[name] = (said.low, said.high)
    if len(torn) > 1:
        return None
    parts = list(_parts(cells, torn, group))
    found = [prover.prove(box) for box, _ in parts]
    places: dict[Place, int] = {}
    least = lacking = inf
    for proof, (box, rows) in zip(found, parts, strict=True):
        if proof is None:
            return None
        places[proof.place] = places.get(proof.place, 0) + rows
        least = min(least, proof.least)
        if None in box.values():
            lacking = min(lacking, proof.least)
    return GroupProof(places, least, lacking)


def _parts(cells: Mapping[str, Cell], torn: Sequence[str], group: Group) -> Iterator[tuple[Box, int]]:
    """The rows with all values, and those without the one of the torn column, each with their number."""
    lacking = sum(group.columns[name].nulls or 0 for name in torn)
    if lacking < group.rows:
        yield cells, group.rows - lacking
    for name in torn:
        yield {**cells, name: None}, lacking
