"""Text as people have it: packed, without names, with line ends of several kinds; and flat memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from recordings import HEAD, MINUTE, T0, opened

from conformance.errors import Refused

ROW, ROW2 = "M1,A,2026-07-01T00:00:00Z,230\n", "M1,A,2026-07-01T00:01:00Z,231\n"
BY_NUMBER = {"meter": "1", "phase": "2", "time": "3", "voltage": "4"}
TWO = [("M1", "A", T0, 230.0), ("M1", "A", T0 + MINUTE, 231.0)]


def first_four(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row[:4] for row in rows]


def problems(folder: Path, text: str | bytes, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        opened(folder, text, **more)
    return [(p.code, str(p.position)) for p in caught.value.problems]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.CSV.GZ", "a.tsv.gz", "a.txt.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_packed_csv_is_read_like_csv(tmp_path: Path, name: str, encoding: str) -> None:
    data = (HEAD + ROW + ROW2.replace("M1", "电")).encode(encoding)
    parts = gzip.compress(data[:40]) + gzip.compress(data[40:])  # as `cat a.gz b.gz` makes them
    table, rows = opened(tmp_path, parts, name=name, encoding=encoding)
    assert [(row[0], row[3]) for row in rows] == [("M1", 230.0), ("电", 231.0)]
    assert list(table.digests) == [name]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.ndjson.gz"])
def test_packed_json_lines_are_read_like_json_lines(tmp_path: Path, name: str) -> None:
    line = b'{"meter":"M1","phase":"A","time":"2026-07-01T00:00:00Z","voltage":230}\n'
    assert first_four(opened(tmp_path, gzip.compress(line), name=name)[1]) == TWO[:1]


def test_a_bad_cell_of_a_packed_file_has_its_place(tmp_path: Path) -> None:
    packed = gzip.compress((HEAD + ROW + ROW2.replace("231", "x")).encode())
    assert problems(tmp_path, packed, name="a.csv.gz") == [("T009", "a.csv.gz:3:27")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress((HEAD + ROW * 1000).encode())[:-20], "T004"),
        (HEAD.encode(), "T004"),
        (gzip.compress(HEAD.encode())[:-8] + b"\0" * 8, "T004"),
        (gzip.compress(HEAD.encode() + b"0" * (70 << 20)), "T019"),
        (gzip.compress(HEAD.encode() + ROW.encode() * (70 << 15)), "T019"),
    ],
    ids=["cut short", "not packed", "wrong checksum", "a bomb of one line", "a bomb of rows"],
)
def test_a_packed_file_that_is_broken_or_unpacks_to_too_much_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    assert problems(tmp_path, data, name="a.csv.gz") == [(code, "a.csv.gz:1:1")]


def test_columns_without_names_are_called_by_their_number(tmp_path: Path) -> None:
    for data in (ROW + ROW2, b"\xef\xbb\xbf" + (ROW + ROW2).encode()):
        assert first_four(opened(tmp_path, data, header_rows=0, columns=BY_NUMBER)[1]) == TWO
    bad = ROW + ROW2.replace("231", "x")
    assert problems(tmp_path, bad, header_rows=0, columns=BY_NUMBER) == [("T009", "a.csv:2:27")]
    assert problems(tmp_path, ROW, header_rows=0) == [("T006", "a.csv:1:1")] * 4
    assert opened(tmp_path, "", header_rows=0, columns=BY_NUMBER)[0].rows == 0


@pytest.mark.parametrize("first", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("second", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n\r\n"])
def test_line_ends_of_any_kind_and_mixture_end_lines(tmp_path: Path, first: str, second: str, last: str) -> None:
    text = HEAD.strip() + first + ROW.strip() + second + ROW2.strip() + last
    assert first_four(opened(tmp_path, text)[1]) == TWO


def test_a_bad_cell_among_mixed_line_ends_has_its_place(tmp_path: Path) -> None:
    text = HEAD.strip() + "\r\n" + ROW + "\r" + ROW2.replace("231", "x")
    assert problems(tmp_path, text) == [("T009", "a.csv:4:27")]


def test_blank_lines_are_no_rows_and_line_breaks_in_quotes_no_ends(tmp_path: Path) -> None:
    text = HEAD.replace("\n", ",note\n") + "\n" + ROW.strip() + ',"a\nb\r\nc\x01n"\n\n' + ROW2.strip() + ",x\n\n"
    assert [row[6] for row in opened(tmp_path, text)[1]] == ["a\nb\r\nc\x01n", "x"]


def lines(count: int, note: str) -> Iterator[str]:
    for i in range(count):
        yield f'M{i},A,{T0 // 10**9},{i},"{note}"\n'


def test_line_breaks_in_quotes_in_many_rows_lose_none(tmp_path: Path) -> None:
    note = 'x\n""y"",\n1,2,3,4,5\n' * 20
    text = HEAD.replace("\n", ",note\n") + "".join(lines(30_000, note))
    _, rows = opened(tmp_path, text, units={"time": "s"})
    assert [row[3] for row in rows] == list(range(30_000))
    assert {row[6] for row in rows} == {note.replace('""', '"')}


@pytest.mark.parametrize("tail", ["", "\n", "\n" + ROW])
@pytest.mark.parametrize("mebibytes", [5, 9, 20])
def test_a_row_that_is_too_long_is_refused_and_never_left_out(tmp_path: Path, mebibytes: int, tail: str) -> None:
    text = HEAD + ROW + "x" * (mebibytes << 20) + ",A,2026-07-01T00:00:00Z,230" + tail
    assert {code for code, _ in problems(tmp_path, text)} <= {"T013", "T019"}


CHILD = """
import re, sys
from pathlib import Path
from recordings import READINGS
from conformance.model.system import TableSource
from conformance.engines.sql.rows import connect
from conformance.systems.tables import open_table
folder = Path(sys.argv[1])
duck = connect(threads=2, scratch=folder)
source = TableSource("a.csv", timezone="Asia/Shanghai")
table = open_table(source, READINGS, folder=folder, connection=duck, scratch=folder)
peak = re.search("VmHWM:[^0-9]*([0-9]+) kB", Path("/proc/self/status").read_text())
print(table.rows, int(peak[1]) // 1024)
"""


def mebibytes(folder: Path, rows: int) -> int:
    with (folder / "a.csv").open("w") as file:
        file.write(HEAD)
        start = datetime(2026, 7, 1)
        for second in range(rows // 24):
            moment = start + timedelta(seconds=second)
            volts = 220 + second % 1000 / 100
            file.writelines(f"M{m},{p},{moment},{volts}\n" for m in range(8) for p in "ABC")
    path = ":".join([str(Path(__file__).parent), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder)], capture_output=True, text=True, timeout=300, check=True,
        env={"PYTHONPATH": path, "PATH": ""},
    )  # fmt: skip
    count, peak = map(int, run.stdout.split())
    assert count == rows
    return peak


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_rows_of_a_csv_file(tmp_path: Path) -> None:
    few, many = mebibytes(tmp_path, 240_000), mebibytes(tmp_path, 1_200_000)
    assert many <= 1.2 * few
    assert many < 400
