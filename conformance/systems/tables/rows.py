"""The rows of a file of text as they were written there: CSV, JSON lines and workbooks, one row in memory at a time."""

from __future__ import annotations

import csv
import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from attrs import frozen

from conformance.errors import Position, Refused, Text
from conformance.errors.tables import (
    BadLine,
    TableTooLarge,
    TooManyColumns,
    UnreadableTable,
    XlsxExtraMissing,
)
from conformance.model.system import TableSource
from conformance.systems.tables.files import TableFile
from conformance.systems.tables.lines import Lines, decoding

COLUMNS = 4096
"""Columns of a file at most."""
WORKBOOK = 1024
"""MiB of a workbook at most, once it is unpacked."""
ROWS = 1 << 20
"""Rows that a sheet can have."""
_UNPACKED = Text("the unpacked workbook", "解压后的工作簿")


@frozen
class Record:
    """One row as it was written."""

    line: int
    """1-based line of the file, or row of the sheet."""
    cells: list[str]
    source: str | None = None
    """Its first line."""
    lines: int = 1


def rows(file: TableFile, source: TableSource) -> Iterator[Record]:
    """The records of a CSV file or sheet, names and all, without blank ones."""
    records = _sheet(file, source) if file.format == "xlsx" else _csv(file, source)
    return (r for r in records if r.cells)


def _csv(file: TableFile, source: TableSource) -> Iterator[Record]:
    with decoding(file, source) as text:
        lines = Lines(text, file, source)
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


def keys(file: TableFile, source: TableSource) -> tuple[str, ...]:
    """All keys of the JSON objects of a file, in the order of their first use. Raises `Refused`."""
    names: dict[str, None] = {}
    for line, found, _ in members(file, source):
        names.update(dict.fromkeys(found))
        if len(names) > COLUMNS:
            raise Refused([TooManyColumns(limit=COLUMNS, position=Position(file.name, line, 1))])
    return tuple(names)


def members(file: TableFile, source: TableSource) -> Iterator[tuple[int, dict[str, str], str]]:
    """Line, cells by name, and text of each JSON object."""

    def number(literal: str) -> str:
        return literal.replace(".", source.decimal)

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(given)
        if len(found) < len(given):
            raise ValueError("a key stands twice")
        return found

    with decoding(file, source) as text:
        for count, line in enumerate(lines := Lines(text, file, source), start=1):
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
        from openpyxl import load_workbook
    except ImportError as error:
        raise Refused([XlsxExtraMissing(position=file.start)]) from error
    try:
        with zipfile.ZipFile(file.path) as packed:
            if sum(part.file_size for part in packed.infolist()) > WORKBOOK << 20:
                raise Refused([TableTooLarge(part=_UNPACKED, limit=WORKBOOK, position=file.start)])
        # An open file, for its name may end in anything.
        with file.path.open("rb") as raw, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and checks that are of no use here
            book = load_workbook(raw, read_only=True, data_only=True, keep_links=False)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # the size that is written in the file may be wrong
                for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                    if number > ROWS:  # a row can call itself the thousand-millionth; those between are then made up
                        raise ValueError(f"more than {ROWS} rows")
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
