"""Rows written as text: CSV in any encoding, JSON lines and workbooks, all as one plain CSV that DuckDB reads.

Every record keeps its place, so that a bad cell is shown where it stands. Memory holds one row at a time.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TextIO

from attrs import frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.tables import (
    BadLine,
    DuplicateColumn,
    NotThisEncoding,
    RaggedRow,
    TableTooLarge,
    TooManyColumns,
    UnreadableTable,
    XlsxExtraMissing,
)
from conformance.model.system import TableSource
from conformance.systems.tables.files import TableFile

COLUMNS = 4096
"""Columns of a file at most."""
LINE = 16
"""MiB of one line at most."""
WORKBOOK = 1024
"""MiB of a workbook at most, once it is unpacked."""
SHOWN = 20
"""Problems of one kind that are shown."""
_A_LINE, _UNPACKED = Text("a line", "某一行"), Text("the unpacked workbook", "解压后的工作簿")


@frozen
class Record:
    """One row as it was written."""

    line: int
    """1-based line of the file, or row of the sheet."""
    cells: list[str]
    source: str | None = None
    """Its first line."""
    lines: int = 1


@frozen
class Grid:
    """The rows of a file as a UTF-8 CSV file with one width."""

    path: Path
    skip: int
    """Lines above the data."""
    delimiter: str
    names: tuple[str, ...]


def grid(file: TableFile, source: TableSource, *, scratch: Path) -> Grid | None:
    """``file`` as a plain CSV, in ``scratch`` unless it is one already; None if it has not even names.

    Raises `Refused` for what can be seen before the cells are read.
    """
    if file.format == "csv":
        return _plain(file, source, scratch)
    names = _keys(file, source) if file.format == "jsonl" else _header(_rows(file, source), source, file)[0]
    if not names:
        return None
    path = scratch / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for record in data(file, source, names):
            try:
                writer.writerow(record.cells)
            except UnicodeEncodeError as error:
                half = Text("half a surrogate pair", "含不成对的代理字符")
                raise Refused([BadLine(fault=half, position=Position(file.name, record.line, 1))]) from error
    return Grid(path, 0, ",", names)


def _plain(file: TableFile, source: TableSource, scratch: Path) -> Grid | None:
    names, skip = _header(_rows(file, source), source, file)
    if not names:
        return None
    if source.encoding == "utf-8":
        return Grid(file.path, skip, source.delimiter, names)
    path = scratch / "rows.csv"
    with _decoding(file, source) as text, path.open("w", encoding="utf-8", newline="") as out:
        for piece in iter(lambda: _read(text, file, source), ""):
            out.write(piece)
    return Grid(path, skip, source.delimiter, names)


def data(file: TableFile, source: TableSource, names: tuple[str, ...]) -> Iterator[Record]:
    """The rows below the names, each with one cell for each name. Raises `Refused`, also for a row of other width."""
    if file.format == "jsonl":
        for line, members, raw in _members(file, source):
            yield Record(line, [members.get(name, "") for name in names], raw)
        return
    rows = _rows(file, source)
    for _ in range(source.header_rows):
        next(rows, None)
    for record in rows:
        if file.format == "xlsx":
            record.cells.extend([""] * (len(names) - len(record.cells)))
        if len(record.cells) != len(names):
            place = Position(file.name, record.line, 1, 1, record.source)
            raise Refused([RaggedRow(found=len(record.cells), expected=len(names), position=place)])
        yield record


def locate(
    file: TableFile, source: TableSource, names: tuple[str, ...], wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[str, Position]]:
    """Text and place of the cells (1-based row of the data, 0-based column) of ``wanted``."""
    by_row: dict[int, list[int]] = {}
    for row, column in wanted:
        by_row.setdefault(row, []).append(column)
    found: dict[tuple[int, int], tuple[str, Position]] = {}
    for number, record in enumerate(data(file, source, names), start=1):
        for column in by_row.get(number, ()):
            start = _start(file, source, record, names, column)
            width = max(len(record.cells[column]), 1)
            place = Position(file.name, record.line, start, width, record.source)
            found[number, column] = record.cells[column], place
        if number >= max(by_row, default=0):
            break
    return found


def _start(file: TableFile, source: TableSource, record: Record, names: tuple[str, ...], column: int) -> int:
    if record.source is None:
        return column + 1
    if file.format == "jsonl":
        return record.source.find(json.dumps(names[column], ensure_ascii=False)) + 1 or 1
    quoted, left = False, column
    for at, character in enumerate(record.source):
        if not left:
            return at + 1
        quoted ^= character == '"'
        left -= character == source.delimiter and not quoted
    return len(record.source) + (1 if not left else 0)


def diagnose(file: TableFile, source: TableSource, names: tuple[str, ...]) -> list[Problem]:
    """What keeps ``file`` from being read to its end, at its place; nothing if we can read it."""
    problems: list[Problem] = []
    rows = _rows(file, source)
    try:
        for _ in range(source.header_rows):
            next(rows, None)
        for record in rows:
            if len(record.cells) != len(names):
                place = Position(file.name, record.line, 1, 1, record.source)
                problems.append(RaggedRow(found=len(record.cells), expected=len(names), position=place))
                if len(problems) == SHOWN:
                    break
    except Refused as refused:
        problems += refused.problems
    return problems


def _rows(file: TableFile, source: TableSource) -> Iterator[Record]:
    """The records of a CSV file or sheet, names and all, without blank ones."""
    records = _sheet(file, source) if file.format == "xlsx" else _csv(file, source)
    return (r for r in records if r.cells)


def _header(rows: Iterator[Record], source: TableSource, file: TableFile) -> tuple[tuple[str, ...], int]:
    """The name of each column, and the line on which the names end; no names for an empty file."""
    heads: list[list[str]] = []
    last = 0
    for _, record in zip(range(source.header_rows), rows, strict=False):
        cells = [c.strip().removeprefix("\ufeff") for c in record.cells]
        last = record.line + record.lines - 1
        heads.append(cells)
    if not heads:
        return (), 0
    if max(map(len, heads)) > COLUMNS:
        raise Refused([TooManyColumns(limit=COLUMNS, position=Position(file.name, 1, 1))])
    for head in heads[:-1]:  # a merged cell has its text in its first column alone
        for column in range(1, len(head)):
            head[column] = head[column] or head[column - 1]
    width = len(heads[-1])
    columns = [[head[c] for head in heads if c < len(head) and head[c]] for c in range(width)]
    names = tuple("/".join(parts) for parts in columns)
    twice = [n for n, count in Counter(names).items() if count > 1 and n]
    if twice:
        place = Position(file.name, last, 1)
        raise Refused([DuplicateColumn(name=n, position=place) for n in twice[:SHOWN]])
    return names, last


class _Lines:
    """The lines of a text, of bounded length, with those of the record that is being read."""

    def __init__(self, text: TextIO, file: TableFile, source: TableSource) -> None:
        self.text, self.file, self.source = text, file, source
        self.count = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        while line := _read(self.text, self.file, self.source, line=True):
            self.count += 1
            if len(line) > LINE << 20:
                place = Position(self.file.name, self.count, 1)
                raise Refused([TableTooLarge(part=_A_LINE, limit=LINE, position=place)])
            self.taken.append(line)
            yield line


def _csv(file: TableFile, source: TableSource) -> Iterator[Record]:
    with _decoding(file, source) as text:
        lines = _Lines(text, file, source)
        reader = csv.reader(lines, delimiter=source.delimiter, strict=True)
        while True:
            start = lines.count + 1
            lines.taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                place = Position(file.name, start, 1, 1, lines.taken[0].rstrip("\r\n") if lines.taken else None)
                raise Refused([BadLine(fault=Text(str(error), str(error)), position=place)]) from error
            yield Record(start, cells, lines.taken[0].rstrip("\r\n"), len(lines.taken))


def _decoding(file: TableFile, source: TableSource) -> io.TextIOWrapper:
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    return io.TextIOWrapper(file.path.open("rb"), encoding=encoding, newline="")


def _read(text: TextIO, file: TableFile, source: TableSource, *, line: bool = False) -> str:
    try:
        return text.readline((LINE << 20) + 1) if line else text.read(1 << 20)
    except UnicodeError as error:
        raise Refused([_not_this_encoding(file, source)]) from error


def _not_this_encoding(file: TableFile, source: TableSource) -> Problem:
    number = 1
    with file.path.open("rb") as raw:
        for number, line in enumerate(iter(lambda: raw.readline(LINE << 20), b""), start=1):
            try:
                line.decode(source.encoding)
            except UnicodeError:
                shown = line[:200].decode(source.encoding, "replace").rstrip("\r\n")
                return NotThisEncoding(encoding=source.encoding, position=Position(file.name, number, 1, 1, shown))
    return NotThisEncoding(encoding=source.encoding, position=Position(file.name, number, 1))


def _keys(file: TableFile, source: TableSource) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for line, members, _ in _members(file, source):
        names.update(dict.fromkeys(members))
        if len(names) > COLUMNS:
            raise Refused([TooManyColumns(limit=COLUMNS, position=Position(file.name, line, 1))])
    return tuple(names)


def _members(file: TableFile, source: TableSource) -> Iterator[tuple[int, dict[str, str], str]]:
    """Line, cells by name, and text of each JSON object."""

    def number(literal: str) -> str:
        return literal.replace(".", source.decimal)

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(given)
        if len(found) < len(given):
            raise ValueError("a key stands twice")
        return found

    with _decoding(file, source) as text:
        for count, line in enumerate(lines := _Lines(text, file, source), start=1):
            lines.taken.clear()
            if not line.strip():
                continue
            shown = line.rstrip("\r\n")
            try:
                value = json.loads(
                    line, parse_float=number, parse_int=number, parse_constant=str, object_pairs_hook=pairs
                )
                if not isinstance(value, dict):
                    raise ValueError("no object")
            except (ValueError, RecursionError) as error:
                fault = str(error)[:200] or type(error).__name__
                place = Position(file.name, count, 1, 1, shown)
                raise Refused([BadLine(fault=Text(fault, fault), position=place)]) from error
            yield count, {name: _shown(v, source) for name, v in value.items()}, shown


def _sheet(file: TableFile, source: TableSource) -> Iterator[Record]:
    """The rows of the first sheet of a workbook."""
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped]
    except ImportError as error:
        raise Refused([XlsxExtraMissing(position=file.start)]) from error
    try:
        with zipfile.ZipFile(file.path) as packed:
            if sum(part.file_size for part in packed.infolist()) > WORKBOOK << 20:
                raise Refused([TableTooLarge(part=_UNPACKED, limit=WORKBOOK, position=file.start)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and checks that are of no use here
            book = load_workbook(file.path, read_only=True, data_only=True, keep_links=False)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # the size that is written in the file may be wrong
                for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                    cells = [_shown(value, source) for value in row]
                    while cells and not cells[-1]:  # what is blank at the end of a row may be stored or not
                        cells.pop()
                    yield Record(number, cells)
            finally:
                book.close()
    except Refused:
        raise
    except Exception as error:  # the reader raises many kinds; each means that the file is no sound workbook
        detail = f"{type(error).__name__}: {error}"[:200]
        raise Refused([UnreadableTable(format="xlsx", detail=detail, position=file.start)]) from error


def _shown(value: object, source: TableSource) -> str:
    """The text that a CSV file would have for ``value``."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value).replace(".", source.decimal)
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case Mapping() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
