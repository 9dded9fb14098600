"""From the files of a recorded table to one view with exactly the pack's columns, types and units."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import duckdb
from attrs import field, frozen

from conformance.errors import Position, Problem, Refused
from conformance.errors.tables import (
    BadCell,
    BadTableSource,
    ClockChange,
    MixedZones,
    MoreBadCells,
    NaiveTime,
    TooManyColumns,
    UnreadableTable,
    WrongColumnType,
)  # fmt: skip
from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.packs.tables import QUALITY, Column, columns, nanoseconds, source_faults
from conformance.systems.tables import text
from conformance.systems.tables.cells import (
    A_GRADE,
    A_VALUE,
    SQL_TYPES,
    Cell,
    cell,
    from_text,
    grade,
    parsed,
    wrong_type,
)
from conformance.systems.tables.cells import typed as typed_rows
from conformance.systems.tables.files import TableFile, find
from conformance.systems.tables.findings import findings
from conformance.systems.tables.layout import Part, arrange, staged
from conformance.systems.tables.places import Places, in_stage, in_text
from conformance.systems.tables.sql import file_of, name_of, text_of
from conformance.systems.tables.zones import offset_sql, offsets

Connection: TypeAlias = duckdb.DuckDBPyConnection


@frozen
class SourceFile:
    """A file that was read, or a relation (without a digest)."""

    path: str
    sha256: str | None
    rows: int
    """Rows of the table that it gave."""


@frozen
class OpenedTable:
    """A recorded table that was read whole: a view with the pack's columns."""

    table: Table
    view: str
    """Name of the view. Numbers are DOUBLE or BIGINT in the pack's units, times BIGINT: UTC ns since 1970."""
    rows: int
    problems: tuple[Problem, ...]
    """What is wrong with the data and does not keep them from being read: no rows, keys twice, times that go back."""
    sources: tuple[SourceFile, ...]
    missing: Mapping[str, int]
    """Cells without a value, by column."""
    label: str
    """Which end of its interval a time was recorded for; in the view it is the pack's."""
    accuracy: Mapping[str, str] = field(factory=dict)
    """Column to the accuracy class of its instrument."""
    files: tuple[str, ...] = ()
    """Files that the view reads: the connection must keep its access to them."""


@frozen
class _Piece:
    """Rows that are ready to be queried, from files ``first`` to ``last``."""

    sql: str
    """Empty if its rows were converted and kept."""
    places: Places
    cells: tuple[Cell, ...]
    first: int
    last: int


def open_table(
    source: TableSource,
    table: Table,
    *,
    folder: Path | str,
    connection: Connection,
    view: str | None = None,
    scratch: Path | None = None,
    allow_outside: bool = False,
) -> OpenedTable:
    """Read the files of ``source`` (under ``folder``) as ``table``; make the view ``view`` (by default its name).

    Parquet whose types fit stays where it is and the view reads it; all else is converted once, into Parquet files in
    ``scratch`` (flat memory), or without it into a temporary table. Raises `Refused` with every problem that keeps a
    file from being read whole.
    """
    opening = _Opening(source, table, connection, view or table.name, scratch)
    files = find(source, folder=Path(folder), allow_outside=allow_outside)
    return opening.guarded(lambda: opening.files(files))


def open_relation(
    relation: Any, source: TableSource, table: Table, *, connection: Connection, view: str | None = None
) -> OpenedTable:
    """Read ``relation`` as ``table``: a relation of ``connection``, or what DuckDB registers, such as an Arrow table.

    ``source`` says its columns, units and codes; its path is only a name. Raises `Refused`.
    """
    opening = _Opening(source, table, connection, view or table.name, None)
    return opening.guarded(lambda: opening.relation(relation))


class _Opening:
    def __init__(
        self, source: TableSource, table: Table, connection: Connection, view: str, scratch: Path | None
    ) -> None:
        faults = [
            BadTableSource(table=table.name, fault=fault, position=source.position)
            for _, fault in source_faults(source, table)
        ]
        if faults:
            raise Refused(faults)
        self.source, self.table, self.connection, self.view, self.scratch = source, table, connection, view, scratch
        self.columns = columns(table)
        self.store = f"{view}#rows"
        self.pieces: list[_Piece] = []
        self.read: list[str] = []
        self.converted: list[Path] = []
        self.stored = False
        self.current = Position(source.path, 1, 1)

    def guarded(self, work: Callable[[], OpenedTable]) -> OpenedTable:
        """What ``work`` makes; if it is refused, nothing of it stays in the connection or in ``scratch``."""
        setting = self.connection.execute("SELECT current_setting('preserve_insertion_order')").fetchone()
        try:
            self.connection.execute("SET preserve_insertion_order = true")  # rows are counted in the order of the file
            return work()
        except duckdb.Error as error:
            detail = str(error).strip().splitlines()[0][:300]
            raise Refused([UnreadableTable(format="table", detail=detail, position=self.current)]) from error
        finally:
            if not self._made():
                self._drop()
            if setting == (False,):
                self.connection.execute("SET preserve_insertion_order = false")

    def _made(self) -> bool:
        found = self.connection.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = ?", [self.view])
        return bool((found.fetchone() or (0,))[0])

    def _drop(self) -> None:
        self.connection.execute(f"DROP VIEW IF EXISTS {name_of(self.view + '#all')}")
        self.connection.execute(f"DROP TABLE IF EXISTS {name_of(self.store)}")
        for path in self.converted:
            path.unlink(missing_ok=True)

    def files(self, files: Sequence[TableFile]) -> OpenedTable:
        self._clear()
        start = 0
        for kind, run in groupby(files, key=lambda f: self._shape(f)):
            members = list(run)
            self.current = members[0].start
            if isinstance(kind, tuple):
                self._parquet(members, start, kind)
            else:
                for i, file in enumerate(members, start=start):
                    self.current = file.start
                    self._text(file, i)
            start += len(members)
        return self._opened([(f.name, f.sha256) for f in files])

    def relation(self, relation: Any) -> OpenedTable:
        self._clear()
        given = f"{self.view}#given"
        if isinstance(relation, duckdb.DuckDBPyRelation):
            relation.create_view(given, replace=True)
        else:
            self.connection.register(given, relation)
        names = self._names(f"SELECT * FROM {name_of(given)}")
        rows = f'SELECT 0 AS "#file", row_number() OVER () AS "#row", * FROM {name_of(given)}'
        parts = arrange(names, {}, self.source, self.table, self.columns, position=self.current)
        stage = staged(parts, rows, self._wanted(parts), column=lambda i: name_of(names[i]))
        self._add(stage, parts, in_stage(self.connection, stage, [self.source.path]), 0, 0)
        return self._opened([(self.source.path, None)])

    def _clear(self) -> None:
        self.connection.execute(f"DROP VIEW IF EXISTS {name_of(self.view)}")
        self._drop()

    def _shape(self, file: TableFile) -> tuple[tuple[str, ...], ...] | str:
        """Names and types of a Parquet file, for those with the same are read together."""
        if file.format != "parquet":
            return file.format
        self.current = file.start
        try:
            found = self.connection.execute(
                f"DESCRIBE SELECT * FROM read_parquet({file_of(file.path)}, hive_partitioning=false)"
            ).fetchall()
        except duckdb.Error as error:
            detail = str(error).strip().splitlines()[0].replace(str(file.path), file.name)[:300]
            raise Refused([UnreadableTable(format="parquet", detail=detail, position=file.start)]) from error
        return (tuple(r[0] for r in found), tuple(r[1] for r in found), tuple(file.partitions))

    def _names(self, sql: str) -> list[str]:
        return [row[0] for row in self.connection.execute(f"DESCRIBE {sql}").fetchall()]

    def _wanted(self, parts: Sequence[Part]) -> list[str]:
        has = {name for part in parts for name in (*part.at, *part.texts)}
        hidden = [QUALITY] if QUALITY in has and QUALITY not in self.columns else []
        return [*self.columns, *hidden]

    def _parquet(self, files: list[TableFile], first: int, shape: tuple[tuple[str, ...], ...]) -> None:
        names, _, folders = shape
        if len(names) > text.COLUMNS:
            raise Refused([TooManyColumns(limit=text.COLUMNS, position=files[0].start)])
        paths = ", ".join(file_of(f.path) for f in files)
        hive = "hive_partitioning=true, hive_types_autocast=false" if folders else "hive_partitioning=false"
        numbered = f'SELECT file_index + {first} AS "#file", file_row_number + 1 AS "#row", *'
        rows = f"{numbered} FROM read_parquet([{paths}], {hive})"
        at = [*names, *(f for f in folders if f not in names)]
        parts = arrange(at, {}, self.source, self.table, self.columns, position=files[0].start)
        stage = staged(parts, rows, self._wanted(parts), column=lambda i: name_of(at[i]))
        places = in_stage(self.connection, stage, [f.name for f in files], first)
        self._add(stage, parts, places, first, first + len(files) - 1, stays=[str(f.path) for f in files])

    def _text(self, file: TableFile, index: int) -> None:
        with TemporaryDirectory(dir=self.scratch) as scratch:
            found = text.grid(file, self.source, scratch=Path(scratch))
            if found is None:
                return
            parts = arrange(found.names, file.partitions, self.source, self.table, self.columns, position=file.start)
            fields = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(found.names)))
            options = (
                f"auto_detect=false, header=false, skip={found.skip}, columns={{{fields}}}, quote='\"', escape='\"', "
                f"delim={text_of(found.delimiter)}, strict_mode=true, null_padding=false, "
                f"max_line_size={text.LINE << 20}"
            )
            numbered = f'SELECT {index} AS "#file", row_number() OVER () AS "#row", *'
            rows = f"{numbered} FROM read_csv({file_of(found.path)}, {options})"
            stage = staged(parts, rows, self._wanted(parts), column=lambda i: f"c{i}")
            try:
                self._add(stage, parts, in_text(file, self.source, found.names, parts), index, index)
            except duckdb.Error as error:
                if file.format == "csv" and (problems := text.diagnose(file, self.source, found.names)):
                    raise Refused(problems) from error
                raise

    def _add(
        self, stage: str, parts: Sequence[Part], places: Places, first: int, last: int, *, stays: Sequence[str] = ()
    ) -> None:
        """Read the rows of ``stage`` as the table; those of files that ``stays`` names stay there if types allow it."""
        wanted = self._wanted(parts)
        described = self.connection.execute(f"DESCRIBE {stage}").fetchall()
        types = {row[0].removeprefix("raw:"): row[1] for row in described}
        graded = any(QUALITY in (*part.at, *part.texts) for part in parts)
        shift = self._shift()
        cells: list[Cell] = []
        problems: list[Problem] = []
        for name in sorted(wanted, key=lambda n: n != QUALITY):
            if name == QUALITY and graded:
                cells.append(grade(self.source, column=self.columns.get(name)))
                continue
            column = self.columns[name]
            if wrong_type(column, types[name], self.source):
                expected = cell(column, "VARCHAR", self.source, graded=False, shift=0).expected
                problems.append(
                    WrongColumnType(column=name, found=types[name], expected=expected, position=self.current)
                )
                continue
            by = shift if name == self.table.time else 0
            cells.append(cell(column, types[name], self.source, graded=graded, shift=by))
        if problems:
            raise Refused(problems)
        zones = self._zones(cells, stage, places)
        sql = typed_rows(cells, stage, zones, list(self.columns))
        given = {name for part in parts for name in (*part.at, *part.texts)} - {QUALITY}
        if stays and not any(from_text(c.column, c.type) for c in cells if c.column.name in given):
            self.read += stays
        else:
            self._keep(sql)
            sql = ""
        self.pieces.append(_Piece(sql, places, tuple(cells), first, last))

    def _shift(self) -> int:
        label = self.source.label or self.table.label
        if label == self.table.label or self.table.every is None:
            return 0
        every = nanoseconds(self.table.every) or 0
        return every if self.table.label == "end" else -every

    def _keep(self, sql: str) -> None:
        """Convert the rows of ``sql`` once, and keep them."""
        if self.scratch is not None:
            path = self.scratch.absolute() / f"{self.view}-{len(self.converted) + 1}.parquet"
            self.converted.append(path)
            self.connection.execute(f"COPY ({sql}) TO {text_of(str(path))} (FORMAT parquet)")
        else:
            if not self.stored:
                self._store()
            self.connection.execute(f"INSERT INTO {name_of(self.store)} {sql}")

    def _converted(self) -> str:
        if not self.converted:
            return f"SELECT * FROM {name_of(self.store)}"
        paths = ", ".join(file_of(path) for path in self.converted)
        return f"SELECT * FROM read_parquet([{paths}], hive_partitioning=false)"

    def _store(self) -> None:
        self.stored = True
        members = ", ".join(f"{name_of(n)} {SQL_TYPES[c.kind]}" for n, c in self.columns.items())
        self.connection.execute(
            f'CREATE OR REPLACE TEMP TABLE {name_of(self.store)} ("#file" INTEGER, "#row" BIGINT, "#k" INTEGER, '
            f'"#bad" SMALLINT, {members})'
        )

    def _zones(self, cells: Sequence[Cell], stage: str, places: Places) -> dict[str, str]:
        """SQL for the offset of each time that was written without one. Raises `Refused`."""
        found: dict[str, str] = {}
        problems: list[Problem] = []
        at = """{'file': "#file", 'row': "#row", 'part': "#k"}"""
        for one in (c for c in cells if c.naive):
            name = one.column.name
            local, offset = name_of("l:" + name), name_of("o:" + name)
            naive, zoned = f"{local} IS NOT NULL AND {offset} IS NULL", f"{offset} IS NOT NULL"
            asked = (
                f"SELECT min({local}) FILTER ({naive}), max({local}) FILTER ({naive}), min({at}) FILTER ({naive}), "
                f"min({at}) FILTER ({zoned}) FROM ({parsed([one], stage)})"
            )
            low, high, first, other = self.connection.execute(asked).fetchone() or (None,) * 4
            found[name] = "CAST(NULL AS BIGINT)"
            if low is None:
                continue
            if other is not None:
                later = max((first, other), key=lambda cell: (cell["file"], cell["row"]))
                problems.append(MixedZones(column=name, position=places([(*later.values(), name)])[0][1]))
            elif self.source.timezone is None:
                shown, position = places([(*first.values(), name)])[0]
                problems.append(NaiveTime(text=shown, column=name, position=position))
            else:
                found[name] = offset_sql(local, offsets(self.source.timezone, low, high))
        if problems:
            raise Refused(problems)
        return found

    def _opened(self, named: Sequence[tuple[str, str | None]]) -> OpenedTable:
        if not self.pieces:
            self._store()
        whole = name_of(self.view + "#all")
        parts = dict.fromkeys(p.sql or self._converted() for p in self.pieces) or [self._converted()]
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {whole} AS {' UNION ALL '.join(parts)}")
        counts = ", ".join(f"count(*) - count({name_of(n)})" for n in self.columns)
        by_file = self.connection.execute(
            f'SELECT "#file", count(*), count("#bad"), {counts} FROM {whole} GROUP BY ALL'
        ).fetchall()
        if any(row[2] for row in by_file):
            raise Refused(self._bad(sum(row[2] for row in by_file)))
        rows = {row[0]: row[1] for row in by_file}
        missing = {n: sum(row[3 + i] for row in by_file) for i, n in enumerate(self.columns)}
        problems = findings(self.connection, self.view + "#all", self.table, rows=sum(rows.values()))
        members = ", ".join(name_of(n) for n in self.columns)
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name_of(self.view)} AS SELECT {members} FROM {whole}")
        return OpenedTable(
            table=self.table, view=self.view, rows=sum(rows.values()), problems=problems,
            sources=tuple(SourceFile(path, sha, rows.get(i, 0)) for i, (path, sha) in enumerate(named)),
            missing=missing, label=self.source.label or self.table.label, accuracy=self.source.accuracy,
            files=(*self.read, *map(str, self.converted)),
        )  # fmt: skip

    def _bad(self, count: int) -> list[Problem]:
        """The first cells that cannot be read, each at its place."""
        found = self.connection.execute(
            f'SELECT "#file", "#row", "#k", "#bad" FROM {name_of(self.view + "#all")} WHERE "#bad" IS NOT NULL '
            f"ORDER BY ALL LIMIT {text.SHOWN}"
        ).fetchall()
        problems: list[Problem] = []
        for piece in self.pieces:
            inside = [(f, r, k, piece.cells[bad]) for f, r, k, bad in found if piece.first <= f <= piece.last]
            places = piece.places([(f, r, k, one.column.name) for f, r, k, one in inside]) if inside else []
            problems += [self._cell(one, *place) for (*_, one), place in zip(inside, places, strict=True)]
        if count > len(found):
            problems.append(MoreBadCells(count=count - len(found), position=problems[-1].position))
        return problems

    def _cell(self, bad: Cell, shown: str, position: Position) -> Problem:
        column: Column = bad.column
        if column.name == QUALITY:
            return BadCell(text=shown, expected=A_GRADE, column=QUALITY, position=position)
        if column.key and shown.strip() in ("", *self.source.missing):
            return BadCell(text=shown, expected=A_VALUE, column=column.name, position=position)
        if bad.naive and self.source.timezone and self._is_time(bad, shown):
            return ClockChange(text=shown, zone=self.source.timezone, column=column.name, position=position)
        return BadCell(text=shown, expected=bad.expected, column=column.name, position=position)

    def _is_time(self, bad: Cell, shown: str) -> bool:
        raw = f"SELECT {text_of(shown)} AS {name_of('raw:' + bad.column.name)}"
        as_text = cell(bad.column, "VARCHAR", self.source, graded=False, shift=0)
        found = self.connection.execute(
            f"SELECT {name_of('l:' + bad.column.name)} IS NOT NULL FROM ({parsed([as_text], raw)})"
        ).fetchone()
        return bool(found and found[0])
