"""From the files of a recorded table to one view with exactly the pack's columns, types and units."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import duckdb
from attrs import field, frozen

from conformance.errors import Position, Problem, Refused
from conformance.errors.tables import (
    BadTableSource,
    MoreBadCells,
    TooManyColumns,
    UnreadableTable,
    WrongColumnType,
)
from conformance.model.quantity import nanoseconds
from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.packs.tables import QUALITY, columns, source_faults
from conformance.systems.tables import footers, text
from conformance.systems.tables.cells import SQL_TYPES, Cell, cell, from_text, grade, same, typed, wrong_type
from conformance.systems.tables.files import TableFile, find
from conformance.systems.tables.findings import findings
from conformance.systems.tables.footers import Footers, Stored
from conformance.systems.tables.layout import Part, arrange, staged
from conformance.systems.tables.places import Places, in_stage, in_text
from conformance.systems.tables.refusals import bad_cell
from conformance.systems.tables.rows import COLUMNS
from conformance.systems.tables.sql import file_of, name_of, text_of
from conformance.systems.tables.stamps import zones
from conformance.systems.tables.survey import Survey, survey

Connection: TypeAlias = duckdb.DuckDBPyConnection
_TRUSTING = "statistics_propagation,row_group_pruner,filter_pushdown"
"""What DuckDB does by the statistics of a file instead of by its rows."""


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
    """Parquet files whose rows, one after the other, the view reads: the connection must keep its access to them."""
    plain: Mapping[str, str] = field(factory=dict)
    """Column of the view to the column of ``files`` that it is: each value that of the file, NaN in none of them. What
    the footers of the files say of it (least, greatest, nulls) was held against every row and is true."""

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file that was recorded."""
        return {file.path: file.sha256 for file in self.sources if file.sha256 is not None}


@frozen
class _Piece:
    """Rows that are ready to be queried, from files ``first`` to ``last``."""

    sql: str
    """Empty if its rows were converted and kept."""
    places: Places
    cells: tuple[Cell, ...]
    first: int
    last: int
    plain: Mapping[str, str] = field(factory=dict)
    survey: Survey | None = None
    files: tuple[str, ...] = ()
    """Those that stay where they are."""


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

    Parquet whose types fit stays where it is and the view reads it, once its footers have been held against its rows;
    all else is converted once, into Parquet files in ``scratch`` (flat memory), or without it into a temporary table.
    Raises `Refused` with every problem that keeps a file from being read whole.
    """
    opening = _Opening(source, table, connection, view or table.name, scratch)
    files = find(source, folder=Path(folder), allow_outside=allow_outside)
    return opening.guarded(lambda: opening.files(files))


def open_relation(
    relation: Any,
    source: TableSource,
    table: Table,
    *,
    connection: Connection,
    view: str | None = None,
    scratch: Path | None = None,
) -> OpenedTable:
    """Read ``relation`` as ``table``: a relation of ``connection``, or what DuckDB registers, such as an Arrow table.

    ``source`` says its columns, units and codes; its path is only a name. Its rows are copied as those of a file are.
    Raises `Refused`.
    """
    opening = _Opening(source, table, connection, view or table.name, scratch)
    return opening.guarded(lambda: opening.relation(relation))


@contextmanager
def _settings(connection: Connection, **wanted: str) -> Iterator[None]:
    """Settings of ``connection`` that hold inside."""
    before = {n: connection.execute(f"SELECT current_setting('{n}')::VARCHAR").fetchone() for n in wanted}
    try:
        for name, value in wanted.items():
            connection.execute(f"SET {name} = {text_of(value)}")
        yield
    finally:
        for name, row in before.items():
            connection.execute(f"SET {name} = {text_of(row[0] if row else '')}")


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
        self.store, self.given = f"{view}#rows", f"{view}#given"
        self.pieces: list[_Piece] = []
        self.converted: list[Path] = []
        self.stored = False
        self.current = Position(source.path, 1, 1)

    def guarded(self, work: Callable[[], list[tuple[str, str | None]]]) -> OpenedTable:
        """The table of the pieces that ``work`` makes; if it is refused, nothing of it stays behind."""
        try:
            # Rows are counted in the order of the file.
            with _settings(self.connection, preserve_insertion_order="true"):
                with _settings(self.connection, disabled_optimizers=_TRUSTING):
                    self._clear()
                    named = work()
                    surveys = self._surveys()
                return self._opened(named, surveys)
        except duckdb.Error as error:
            detail = str(error).strip().splitlines()[0][:300]
            raise Refused([UnreadableTable(format="table", detail=detail, position=self.current)]) from error
        finally:
            footers.drop(self.connection)
            self.connection.execute(f"DROP VIEW IF EXISTS {name_of(self.given)}")
            self.connection.execute(f"DROP TABLE IF EXISTS {name_of(self.given + '#once')}")
            if not self._made():
                self._drop()

    def _made(self) -> bool:
        found = self.connection.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = ?", [self.view])
        return bool((found.fetchone() or (0,))[0])

    def _clear(self) -> None:
        self.connection.execute(f"DROP VIEW IF EXISTS {name_of(self.view)}")
        self._drop()

    def _drop(self) -> None:
        self.connection.execute(f"DROP VIEW IF EXISTS {name_of(self.view + '#all')}")
        self.connection.execute(f"DROP TABLE IF EXISTS {name_of(self.store)}")
        for path in self.converted:
            path.unlink(missing_ok=True)

    def files(self, files: Sequence[TableFile]) -> list[tuple[str, str | None]]:
        """Make pieces of ``files``; their names and digests."""
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
        return [(f.name, f.sha256) for f in files]

    def relation(self, relation: Any) -> list[tuple[str, str | None]]:
        """Make a piece of ``relation``; its name."""
        given = name_of(self.given)
        if isinstance(relation, duckdb.DuckDBPyRelation):
            relation.create_view(self.given, replace=True)
        else:
            try:
                self.connection.register(self.given, relation)
            except TypeError as error:  # such as None
                detail = f"{type(relation).__name__} is no table"
                raise Refused([UnreadableTable(format="table", detail=detail, position=self.current)]) from error
        names = [row[0] for row in self.connection.execute(f"DESCRIBE SELECT * FROM {given}").fetchall()]
        if len(names) > COLUMNS:
            raise Refused([TooManyColumns(limit=COLUMNS, position=self.current)])
        parts = arrange(names, {}, self.source, self.table, self.columns, position=self.current)
        used = "".join(f", {name_of(names[i])}" for i in sorted({i for part in parts for i in part.at.values()}))
        once = name_of(self.given + "#once")  # a stream of batches can be read once only
        self.connection.execute(f'CREATE TEMP TABLE {once} AS SELECT row_number() OVER () AS "#row"{used} FROM {given}')
        rows = f'SELECT 0 AS "#file", * FROM {once}'
        stage = staged(parts, rows, self._wanted(parts), column=lambda i: name_of(names[i]))
        self._add(stage, parts, in_stage(self.connection, stage, [self.source.path]), 0, 0)
        return [(self.source.path, None)]

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

    def _wanted(self, parts: Sequence[Part]) -> list[str]:
        has = {name for part in parts for name in (*part.at, *part.texts)}
        hidden = [QUALITY] if QUALITY in has and QUALITY not in self.columns else []
        return [*self.columns, *hidden]

    def _parquet(self, files: list[TableFile], first: int, shape: tuple[tuple[str, ...], ...]) -> None:
        names, types, folders = shape
        if len(names) > COLUMNS:
            raise Refused([TooManyColumns(limit=COLUMNS, position=files[0].start)])
        paths = ", ".join(file_of(f.path) for f in files)
        hive = "hive_partitioning=true, hive_types_autocast=false" if folders else "hive_partitioning=false"
        numbered = f'SELECT file_index + {first} AS "#file", file_row_number + 1 AS "#row", *'
        rows = f"{numbered} FROM read_parquet([{paths}], {hive})"
        at = [*names, *(f for f in folders if f not in names)]
        parts = arrange(at, {}, self.source, self.table, self.columns, position=files[0].start)
        stage = staged(parts, rows, self._wanted(parts), column=lambda i: name_of(at[i]))
        stored = {
            name: Stored(names[i], types[i])
            for part in parts
            for name, i in part.at.items()
            if i < len(names) and names[i] not in folders
        }
        read = footers.read(self.connection, files, first, set(stored.values()))
        places = in_stage(self.connection, stage, [f.name for f in files], first)
        stays = read if read.comparable and len(parts) == 1 else None
        self._add(stage, parts, places, first, first + len(files) - 1, stays=stays, stored=stored)

    def _text(self, file: TableFile, index: int) -> None:
        with TemporaryDirectory(dir=self.scratch) as folder:
            scratch = Path(folder)
            found = text.grid(file, self.source, scratch=scratch)
            if found is None:
                return
            parts = arrange(found.names, file.partitions, self.source, self.table, self.columns, position=file.start)
            used = {i for part in parts for i in part.at.values()}
            raw = self._raw(file, found, used, scratch)
            rows = f'SELECT {index} AS "#file", * FROM read_parquet({file_of(raw)}, hive_partitioning=false)'
            stage = staged(parts, rows, self._wanted(parts), column=lambda i: f"c{i}")
            self._add(stage, parts, in_text(file, self.source, found.names, parts), index, index)

    def _raw(self, file: TableFile, grid: text.Grid, used: set[int], scratch: Path) -> Path:
        """The texts of the ``used`` columns of ``file`` as Parquet: of all rows, which DuckDB does not promise.

        A row that is longer than its buffer is left out without a word; hence rows are counted. Raises `Refused`.
        """
        path = scratch / "raw.parquet"
        if not grid.ours:
            try:
                rows = self._copy(grid.sql(used), path)
            except duckdb.Error:  # such as mixed line ends
                rows = -1
            if rows == grid.lines() or rows == text.diagnose(file, self.source, grid.names):
                return path
            grid = text.rewritten(file, self.source, grid.names, scratch=scratch)
        if self._copy(grid.sql(used), path) != grid.lines():
            detail = "it has rows that are too long"
            raise Refused([UnreadableTable(format=file.format, detail=detail, position=file.start)])
        return path

    def _add(
        self,
        stage: str,
        parts: Sequence[Part],
        places: Places,
        first: int,
        last: int,
        *,
        stays: Footers | None = None,
        stored: Mapping[str, Stored] | None = None,
    ) -> None:
        """Read the rows of ``stage`` as the table; those in files that may stay do so if the types allow it."""
        cells = self._cells(stage, parts)
        offsets = zones(self.connection, cells, stage, places, zone=self.source.timezone)
        shown = list(self.columns)
        held = stored or {}
        if stays is None or any(from_text(c.column, c.type) for c in cells if c.column.name in held):
            self._keep(typed(cells, stage, offsets, shown))
            plain = dict(zip(shown, shown, strict=True)) if self.scratch else {}
            self.pieces.append(_Piece("", places, cells, first, last, plain))
            return
        asked = [n for n, c in self.columns.items() if n in held and same(c, held[n].type)]
        whole = typed(cells, stage, offsets, shown, raw=held)
        found = survey(self.connection, whole, shown, stored=held, asked=asked, read=stays)
        sql = typed(cells, stage, offsets, shown, plain=found.plain)
        plain = {n: held[n].name for n in asked if n in found.plain}
        files = tuple(str(file.path) for file in stays.files)
        self.pieces.append(_Piece(sql, places, cells, first, last, plain, found, files))

    def _cells(self, stage: str, parts: Sequence[Part]) -> tuple[Cell, ...]:
        """How each column is read. Raises `Refused` for those whose types can never be what they need to be."""
        described = self.connection.execute(f"DESCRIBE {stage}").fetchall()
        types = {row[0].removeprefix("raw:"): "VARCHAR" if row[1] == '"NULL"' else row[1] for row in described}
        graded = any(QUALITY in (*part.at, *part.texts) for part in parts)
        shift = self._shift()
        cells: list[Cell] = []
        problems: list[Problem] = []
        for name in sorted(self._wanted(parts), key=lambda n: n != QUALITY):
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
        return tuple(cells)

    def _shift(self) -> int:
        label = self.source.label or self.table.label
        if label == self.table.label or self.table.every is None:
            return 0
        every = nanoseconds(self.table.every) or 0
        return every if self.table.label == "end" else -every

    def _copy(self, sql: str, path: Path) -> int:
        """Write the rows of ``sql``; how many there are.

        With one thread nothing is read ahead to be kept until its turn: memory stays flat, and the order costs nothing.
        """
        with _settings(self.connection, threads="1"):
            found = self.connection.execute(f"COPY ({sql}) TO {text_of(str(path))} (FORMAT parquet)").fetchone()
        return int(found[0]) if found else 0

    def _keep(self, sql: str) -> None:
        """Convert the rows of ``sql`` once, and keep them."""
        if self.scratch is not None:
            path = self.scratch.absolute() / f"{self.view}-{len(self.converted) + 1}.parquet"
            self.converted.append(path)
            self._copy(sql, path)
        else:
            if not self.stored:
                self._store()
            self.connection.execute(f"INSERT INTO {name_of(self.store)} {sql}")

    def _store(self) -> None:
        self.stored = True
        members = ", ".join(f"{name_of(n)} {SQL_TYPES[c.kind]}" for n, c in self.columns.items())
        self.connection.execute(
            f'CREATE OR REPLACE TEMP TABLE {name_of(self.store)} ("#file" INTEGER, "#row" BIGINT, "#k" INTEGER, '
            f'"#bad" SMALLINT, {members})'
        )

    def _kept(self) -> str:
        if not self.converted:
            return f"SELECT * FROM {name_of(self.store)}"
        paths = ", ".join(file_of(path) for path in self.converted)
        return f"SELECT * FROM read_parquet([{paths}], hive_partitioning=false)"

    def _surveys(self) -> list[Survey]:
        found = [piece.survey for piece in self.pieces if piece.survey]
        if self.stored or self.converted:
            found.append(survey(self.connection, self._kept(), self.columns))
        return found

    def _opened(self, named: Sequence[tuple[str, str | None]], surveys: Sequence[Survey]) -> OpenedTable:
        if not self.pieces:
            self._store()
        whole = name_of(self.view + "#all")
        parts = dict.fromkeys(p.sql or self._kept() for p in self.pieces) or [self._kept()]
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {whole} AS {' UNION ALL '.join(parts)}")
        if bad := sum(s.bad for s in surveys):
            raise Refused(self._bad(bad))
        rows = {file: count for s in surveys for file, count in s.rows.items()}
        total = sum(rows.values())
        problems = findings(self.connection, self.view + "#all", self.table, rows=total)
        members = ", ".join(name_of(n) for n in self.columns)
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name_of(self.view)} AS SELECT {members} FROM {whole}")
        plain = [p.plain.items() for p in self.pieces]
        return OpenedTable(
            table=self.table, view=self.view, rows=total, problems=problems,
            sources=tuple(SourceFile(path, sha, rows.get(i, 0)) for i, (path, sha) in enumerate(named)),
            missing={n: sum(s.missing[n] for s in surveys) for n in self.columns},
            label=self.source.label or self.table.label, accuracy=self.source.accuracy,
            files=tuple(dict.fromkeys(f for p in self.pieces for f in p.files or map(str, self.converted))),
            plain={n: name for n, name in (plain[0] if plain else ()) if all((n, name) in p for p in plain)},
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
            problems += [
                bad_cell(self.connection, one, *place, self.source)
                for (*_, one), place in zip(inside, places, strict=True)
            ]
        if count > len(found):
            problems.append(MoreBadCells(count=count - len(found), position=problems[-1].position))
        return problems
