"""The samples of a step of a chain, as SQL: rows of the relation, or what the step before left.

Columns: ``b0``, ``b1`` ... the groups; ``s`` the beginning of the window; ``t`` that of the sample, ``f`` and ``l``
those of the first and last row in it; ``gone`` what `where` leaves out; ``alone`` false of a doubled key, ``key`` then
the key; and of each item ``x``, ``lo`` and ``hi`` with its number (`chain_statistics`).
"""

# ruff: noqa: S608 - SQL is made of our own words; names of others pass through `quoted`
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import duckdb
from attrs import frozen
from sqlglot import exp

from conformance.engines.chain.footers import Footers
from conformance.engines.chain.sums import Room
from conformance.engines.sql.arithmetic import Sql
from conformance.engines.sql.sheet import NULL, TRUE, Sheet, Term, both, case, finite, negation, quoted
from conformance.engines.sql.values import Number, Says
from conformance.rules.chain import Chain, Sample
from conformance.rules.engine import Frame
from conformance.rules.windows import Grid, Windows

Connection: TypeAlias = duckdb.DuckDBPyConnection
ROWS = '"\x1f"'
"""Stands for a relation in a query; no rule and no name holds such a character."""


@frozen
class Source:
    """The samples of one scan."""

    relation: str
    """Where they are read, in SQL."""
    select: str
    """The query over them, with `ROWS` in the place of the relation."""
    groups: tuple[str, ...]
    """The columns that name a window of a group: ``b0`` ..., ``s`` if there are windows, ``c`` if parts may be cut."""
    grid: Grid | None
    rows: int
    span: tuple[int, int] | None
    """Beginning of the first and of the last sample, where they have times."""
    raw: bool
    time: str | None
    """The column of their times in the relation, in SQL: ``shift`` after the beginning."""
    by: tuple[str, ...]
    """The columns of the groups there."""
    selective: bool = True
    """Whether samples may be left out."""
    doubled: bool = False
    shift: int = 0
    greatest: Mapping[int, float | None] = {}
    """By the number of an item about the greatest magnitude of its samples."""

    def over(self, where: str = "", *, numbered: bool = False) -> str:
        """The query over those rows of the relation that meet ``where``. ``s`` is the beginning of their windows, or
        if they are ``numbered`` the number."""
        rows = f"(SELECT * FROM {self.relation} WHERE {where})" if where else self.relation
        select = self.select.replace(ROWS, rows)
        if self.grid is not None:
            window = self.grid.number("t") if numbered else self.grid.start("t")
            select = f"SELECT *, {window} AS s FROM ({select})"
        return f"({select})"

    def room(self, number: int) -> Room:
        """The room for the sums of item ``number``."""
        return Room.of(self.greatest.get(number), self.rows, windows=self.grid is not None)

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that name a group."""
        return tuple(name for name in self.groups if name.startswith("b"))


def reading(sheet: Sheet, sample: Sample) -> Term:
    """The value of ``sample`` in a row: a finite number or a truth, and null where it has none."""
    probe = Sheet(sheet.types)
    _built(sample, probe)
    there = [
        _finite(column) if kind == "number" else negation(column.is_(NULL))
        for column, (_, kind) in ((sheet.column(*key), key) for key in (probe.columns if sample.strict else ()))
    ]
    found = _built(sample, sheet)
    known = both(*there, negation(found.bad))
    if isinstance(found, Says):
        return sheet.name(case((known, found.truth), other=NULL))
    if not found.point:
        known = both(known, found.low.eq(found.high))
    return sheet.name(case((both(known, _finite(found.low)), found.low), other=NULL))


def _finite(of: Term) -> Term:
    """Whether a number is finite: in a CASE this takes half the time of the comparison that all engines know."""
    return TRUE if finite(of) == TRUE else exp.func("isfinite", of.copy())


def _built(sample: Sample, sheet: Sheet) -> Number | Says:
    frame: Frame = [None] * sample.size
    found: Number | Says = sample.checked.typed.build(Sql(sheet, complete=sample.strict))(frame)
    return found


def column_of(sheet: Sheet, sample: Sample) -> str | None:
    """The column whose numbers ``sample`` takes as they are, if it is one."""
    probe = Sheet(sheet.types)
    found = _built(sample, probe)
    return next((n for (n, _), at in probe.columns.items() if isinstance(found, Number) and found.low == at), None)


def rows_of(
    connection: Connection, relation: str, sheet: Sheet, chain: Chain, kept: Term | None, items: Sequence[Term | None],
    doubled: str | None, *, trusting: bool, footers: Footers | None = None, summed: Mapping[int, str | None],
) -> Source:  # fmt: skip
    """The rows of ``relation`` as samples of the first step of ``chain``.

    ``kept`` is its ``where``, ``items`` what is taken of a row (None: the row itself), ``doubled`` a table of keys that
    come twice. ``summed`` are the numbers of those items that are, with the column that they are. ``trusting``: what
    files state in their ``footers`` may be taken for true.
    """
    table, stage = chain.table, chain.stages[0]
    time = None if table.time is None else quoted(table.time)
    outputs = {f"b{n}": sheet.column(name) for n, name in enumerate(stage.by)}
    outputs |= {f"k{n}": sheet.column(name) for n, name in enumerate(table.key)}
    if table.time is not None:
        outputs["time"] = sheet.column(table.time)
    if kept is not None:
        outputs["kept"] = kept
    outputs |= {f"y{n}": of for n, of in enumerate(items) if of is not None}
    inner = sheet.select(outputs, exp.Table(this=exp.to_identifier("\x1f", quoted=True))).sql("duckdb", copy=False)
    stated = footers if trusting and not doubled else None
    greatest = _greatest(connection, inner.replace(ROWS, quoted(relation)), summed, stated)
    if doubled:
        keys = "(" + ", ".join(f"k{n}" for n in range(len(table.key))) + ")"
        inner = f"SELECT *, {keys} AS key, {keys} NOT IN (SELECT key FROM {quoted(doubled)}) AS alone FROM ({inner})"
    rows, first, last = _outline(connection, relation, table.time, stated, sure=bool(doubled) or not trusting)
    span = None if first is None or last is None else (first - chain.shift, last - chain.shift)
    groups = [f"b{n}" for n in range(len(stage.by))]
    at = "CAST(NULL AS BIGINT)" if time is None else f"time - {chain.shift}" if chain.shift else "time"
    shown = [*groups, f"{at} AS t"]
    shown += ["alone", "key"] if doubled else []
    meant = [part for part in ("kept" if kept is not None else "", "alone" if doubled else "") if part]
    shown += [f"kept IS FALSE{' AND alone' if doubled else ''} AS gone" if kept is not None else "false AS gone"]
    for n, of in enumerate(items):
        value = f"y{n}" if of is not None else "true"
        shown.append(f"CASE WHEN {' AND '.join(meant)} THEN {value} END AS x{n}" if meant else f"{value} AS x{n}")
    select = f"SELECT {', '.join(shown)} FROM ({inner})"
    grid = None
    if stage.windows is not None:
        grid = stage.windows.grid(*(span or (0, 0)))
        groups.append("s")
    return Source(
        quoted(relation), select, tuple(groups), grid, rows, span, True, time, tuple(quoted(name) for name in stage.by),
        kept is not None, doubled is not None, chain.shift, greatest,
    )  # fmt: skip


def _greatest(
    connection: Connection, select: str, summed: Mapping[int, str | None], stated: Footers | None
) -> dict[int, float | None]:
    """About the greatest magnitude of each item that is summed, of the rows that ``select`` gives."""
    found = {n: stated.greatest(column) if stated else None for n, column in summed.items()}
    if unknown := [n for n, of in found.items() if of is None]:
        asked = ", ".join(f"max(abs(y{n}))" for n in unknown)
        found |= dict(zip(unknown, connection.execute(f"SELECT {asked} FROM ({select})").fetchone() or (), strict=True))
    return found


def _outline(
    connection: Connection, relation: str, time: str | None, stated: Footers | None, *, sure: bool
) -> tuple[int, int | None, int | None]:
    """How many rows there are, and the least and greatest of their times.

    ``sure``: a filter that cannot be foreseen keeps DuckDB from answering by the statistics of a file.
    """
    if stated is not None and (time is None or time in stated.ends):
        return stated.rows, *(stated.ends[time] if time else (None, None))
    (rows,) = connection.execute(f"SELECT count(*) FROM {quoted(relation)}").fetchone() or (0,)
    if time is None:
        return rows, None, None
    asked = f"SELECT min({quoted(time)}), max({quoted(time)}) FROM {quoted(relation)}"
    return rows, *(connection.execute(asked + " WHERE random() >= 0" * sure).fetchone() or (None, None))


def parts_of(connection: Connection, parts: str, chain: Chain, number: int, *, hours: str | None) -> Source:
    """What the step before ``number`` left in the table ``parts``, as samples of that step.

    ``hours`` is what a part is multiplied by: of an energy its length.
    """
    stage, before = chain.stages[number], chain.stages[number - 1]
    times = f" * {hours}" if hours else ""
    sizes = ", ".join(f"abs(CASE WHEN isfinite({end}) THEN {end} END{times})" for end in ("x", "lo", "hi"))
    asked = f"SELECT min(s), max(s), count(*), max(greatest({sizes})) FROM {parts}"
    first, last, rows, greatest = connection.execute(asked).fetchone() or (None, None, 0, None)
    groups = [f"b{n}" for n in range(len(stage.by))]
    shown = [f"b{before.by.index(name)} AS b{n}" for n, name in enumerate(stage.by)]
    left = [name for name in before.by if name not in stage.by]
    shown += [f"b{before.by.index(name)} AS d{n}" for n, name in enumerate(left)]
    shown += ["s AS t", "f", "l", "gone", "cut"]
    shown += [f"CASE WHEN NOT gone THEN {of}{times} END AS {of}0" for of in ("x", "lo", "hi")]
    span = None if first is None or last is None else (first, last)
    grid = None
    select = f"SELECT {', '.join(shown)} FROM {ROWS}"
    if stage.windows is not None:
        grid = stage.windows.grid(*(span or (0, 0)))
        select = f"SELECT * EXCLUDE (cut) FROM ({select})"
        groups.append("s")
    else:
        select = f"SELECT * EXCLUDE (cut), cut AS c FROM ({select})"
        groups.append("c")
    by = tuple(f"b{before.by.index(name)}" for name in stage.by)
    return Source(parts, select, tuple(groups), grid, rows, span, False, "s", by, greatest={0: greatest})


def around(windows: Windows, grid: Grid) -> Grid:
    """The grid of finer ``windows`` over all of ``grid``."""
    starts = grid.runs[0].start, grid.runs[-1].end - 1
    return windows.grid(*starts)
