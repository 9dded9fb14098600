"""The text of a file, line by line: decoded, unpacked within bounds, no line longer than memory should hold."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import TextIO

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.tables import NotThisEncoding, TableTooLarge, UnreadableTable
from conformance.model.system import TableSource
from conformance.systems.tables.files import TableFile

LINE = 1
"""Millions of characters (2**20) of one line at most."""
UNPACKED = 64
"""MiB that a packed file may always unpack to."""
RATIO = 200
"""Beyond that, how many times longer than itself a packed file may become; telemetry gets 5 to 50 times."""
_A_LINE, _UNPACKED = Text("a line", "某一行"), Text("the unpacked file", "解压后的文件")


class Lines:
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


def decoding(file: TableFile, source: TableSource) -> io.TextIOWrapper:
    """The text of ``file``, with its line ends as they stand there."""
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    return io.TextIOWrapper(_bytes(file), encoding=encoding, newline="")


def pieces(file: TableFile, source: TableSource) -> Iterator[str]:
    """The text of ``file`` in pieces of bounded length. Raises `Refused` where it is not in its encoding."""
    with decoding(file, source) as text:
        yield from iter(lambda: _read(text, file, source), "")


def _read(text: TextIO, file: TableFile, source: TableSource, *, line: bool = False) -> str:
    try:
        return text.readline((LINE << 20) + 1) if line else text.read(1 << 20)
    except UnicodeError as error:
        raise Refused([_not_this_encoding(file, source)]) from error


def _not_this_encoding(file: TableFile, source: TableSource) -> Problem:
    number = 1
    with _bytes(file) as raw:
        for number, line in enumerate(iter(lambda: raw.readline(LINE << 20), b""), start=1):
            try:
                line.decode(source.encoding)
            except UnicodeError:
                shown = line[:200].decode(source.encoding, "replace").rstrip("\r\n")
                return NotThisEncoding(encoding=source.encoding, position=Position(file.name, number, 1, 1, shown))
    return NotThisEncoding(encoding=source.encoding, position=Position(file.name, number, 1))


def _bytes(file: TableFile) -> io.BufferedReader:
    return io.BufferedReader(_Unpacked(file), 1 << 18) if file.packed else file.path.open("rb")


class _Unpacked(io.RawIOBase):
    """The content of a packed file; it stops where there is more of it than an honest file would have."""

    def __init__(self, file: TableFile) -> None:
        self.file = file
        self.inner = gzip.open(file.path, "rb")  # noqa: SIM115 - closed with this one
        self.left = max(UNPACKED << 20, RATIO * file.path.stat().st_size)
        self.limit = self.left >> 20

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            count = self.inner.readinto(buffer)
        except (OSError, EOFError, zlib.error) as error:  # cut short, or no gzip file
            detail = str(error)[:200]
            raise Refused([UnreadableTable(format="gzip", detail=detail, position=self.file.start)]) from error
        self.left -= count
        if self.left < 0:
            raise Refused([TableTooLarge(part=_UNPACKED, limit=self.limit, position=self.file.start)])
        return count

    def close(self) -> None:
        self.inner.close()
        super().close()
