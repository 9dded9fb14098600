"""Rows written as text: CSV in any encoding, JSON lines and workbooks, all as one plain CSV that DuckDB reads.

Every record keeps its place, so that a bad cell is shown where it stands. Memory holds one row at a time.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from attrs import frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.tables import BadLine, DuplicateColumn, RaggedRow, TooManyColumns
from conformance.model.system import TableSource
from conformance.systems.tables.files import TableFile
from conformance.systems.tables.lines import LINE, pieces
from conformance.systems.tables.rows import COLUMNS, Record, keys, members, rows
from conformance.systems.tables.sql import file_of, name_of, text_of

SHOWN = 20
"""Problems of one kind that are shown."""
_LINE_BYTES = 4 * LINE << 20
_BLOCK = 1 << 20
_HALF = Text("half a surrogate pair", "含不成对的代理字符")
# A cell of what we write ourselves has no line break, so that DuckDB cannot miss the end of a row.
_KEPT = {"\x01": "\x011", "\n": "\x01n", "\r": "\x01r"}
_KEEP = str.maketrans(_KEPT)


@frozen
class Grid:
    """The rows of a file as a UTF-8 CSV file with one width."""

    path: Path
    skip: int
    """Lines above the data."""
    delimiter: str
    names: tuple[str, ...]
    ours: bool = False
    """Whether we wrote it, with line breaks kept apart."""

    def sql(self, columns: Iterable[int]) -> str:
        """SQL for ``columns`` (``c0``, ``c1`` ...) of all rows, as texts, with ``#row``; memory stays flat."""
        fields = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.names)))
        options = (
            f"auto_detect=false, header=false, skip={self.skip}, columns={{{fields}}}, quote='\"', escape='\"', "
            f"delim={text_of(self.delimiter)}, strict_mode=true, null_padding=false, "
            f"max_line_size={_LINE_BYTES}, buffer_size={2 * _LINE_BYTES}"
        )
        cells = "".join(f", {self._cell(i)}" for i in sorted(columns))
        numbered = f'SELECT row_number() OVER () AS "#row"{cells}'
        return f"{numbered} FROM read_csv({file_of(self.path)}, {options})"

    def lines(self) -> int:
        """Lines below the names: as many as rows, where no line is blank and no cell has a line break."""
        feeds, returns, last = 0, 0, b""
        with self.path.open("rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                feeds, returns = feeds + last.count(b"\n"), returns + last.count(b"\r")
                last = block
        last = last.rstrip(b"\r\n")
        feeds, returns = feeds + last.count(b"\n"), returns + last.count(b"\r")
        return (feeds or returns) + bool(last) - self.skip

    def _cell(self, column: int) -> str:
        name = name_of(f"c{column}")
        if not self.ours:
            return name
        plain = name
        for character, written in reversed(_KEPT.items()):
            plain = f"replace({plain}, chr(1) || {text_of(written[1])}, chr({ord(character)}))"
        return f"{plain} AS {name}"


def grid(file: TableFile, source: TableSource, *, scratch: Path) -> Grid | None:
    """``file`` as a plain CSV, in ``scratch`` unless it is one already; None if it has not even names.

    Raises `Refused` for what can be seen before the cells are read.
    """
    if file.format == "jsonl":
        names, skip = keys(file, source), 0
    else:
        names, skip = _header(rows(file, source), source, file)
    if not names:
        return None
    if file.format != "csv":
        return rewritten(file, source, names, scratch=scratch)
    if source.encoding == "utf-8" and not file.packed:
        return Grid(file.path, skip, source.delimiter, names)
    path = scratch / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(pieces(file, source))
    return Grid(path, skip, source.delimiter, names)


def rewritten(file: TableFile, source: TableSource, names: tuple[str, ...], *, scratch: Path) -> Grid:
    """The rows of ``file`` written anew, where DuckDB would not read it as it stands, such as with mixed line ends."""
    path = scratch / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for record in data(file, source, names):
            try:
                writer.writerow([cell.translate(_KEEP) for cell in record.cells])
            except UnicodeEncodeError as error:
                raise Refused([BadLine(fault=_HALF, position=Position(file.name, record.line, 1))]) from error
    return Grid(path, 0, ",", names, ours=True)


def data(file: TableFile, source: TableSource, names: tuple[str, ...]) -> Iterator[Record]:
    """The rows below the names, each with one cell for each name. Raises `Refused`, also for a row of other width."""
    if file.format == "jsonl":
        for line, found, raw in members(file, source):
            yield Record(line, [found.get(name, "") for name in names], raw)
        return
    for record in islice(rows(file, source), source.header_rows, None):
        if file.format == "xlsx":
            record.cells.extend([""] * (len(names) - len(record.cells)))
        if len(record.cells) != len(names):
            raise Refused([_ragged(file, record, names)])
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


def diagnose(file: TableFile, source: TableSource, names: tuple[str, ...]) -> int:
    """How many rows ``file`` has. Raises `Refused` for what keeps it from being read to its end, at its place."""
    problems: list[Problem] = []
    count = 0
    try:
        for record in islice(rows(file, source), source.header_rows, None):
            count += 1
            if len(record.cells) != len(names):
                problems.append(_ragged(file, record, names))
                if len(problems) == SHOWN:
                    break
    except Refused as refused:
        problems += refused.problems
    if problems:
        raise Refused(problems)
    return count


def _ragged(file: TableFile, record: Record, names: tuple[str, ...]) -> Problem:
    place = Position(file.name, record.line, 1, 1, record.source)
    return RaggedRow(found=len(record.cells), expected=len(names), position=place)


def _header(records: Iterator[Record], source: TableSource, file: TableFile) -> tuple[tuple[str, ...], int]:
    """The name of each column, and the line on which the names end; no names for an empty file.

    Columns without names are called by their number, from 1.
    """
    heads: list[list[str]] = []
    last = 0
    for record in islice(records, max(source.header_rows, 1)):
        heads.append([c.strip().removeprefix("\ufeff") for c in record.cells])
        last = record.line + record.lines - 1
    if not heads:
        return (), 0
    if max(map(len, heads)) > COLUMNS:
        raise Refused([TooManyColumns(limit=COLUMNS, position=Position(file.name, 1, 1))])
    if not source.header_rows:
        return tuple(str(i) for i in range(1, len(heads[0]) + 1)), 0
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
