"""Parquet that stays where it is: how thin the view on it is, and footers that do not tell the truth."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recordings import MINUTE, READINGS, T0, connection, opened

from conformance.errors import Refused
from conformance.model.system import TableSource
from conformance.systems.tables import OpenedTable, open_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ROWS, GROUP = 6000, 2048
NS = {"time": "ns"}


def columns(**other: Any) -> dict[str, Any]:
    return {
        "meter": ["M1"] * ROWS, "phase": ["A"] * ROWS, "time": [T0 + i * MINUTE for i in range(ROWS)],
        "voltage": [200 + i / 100 for i in range(ROWS)], "count": list(range(ROWS)), **other,
    }  # fmt: skip


def written(path: Path, *, group: int = GROUP, statistics: bool = True, **other: Any) -> Path:
    pq.write_table(pa.table(columns(**other)), path, row_group_size=group, write_statistics=statistics)
    return path


def read(folder: Path, **source: Any) -> OpenedTable:
    return opened(folder, name="a.parquet", **{"units": NS, **source})[0]


def test_columns_that_are_those_of_the_file_say_so(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", u=[1.5] * ROWS)
    table = read(tmp_path)
    assert table.plain == {n: n for n in ("meter", "phase", "time", "voltage", "count")}
    assert table.files == (str(path),)
    assert table.digests == {"a.parquet": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert read(tmp_path, columns={"voltage": "u"}).plain["voltage"] == "u"


@pytest.mark.parametrize(
    ("column", "values", "source"),
    [
        ("voltage", [float("nan")] + [1.0] * (ROWS - 1), {}),
        ("voltage", [9999.0] + [1.0] * (ROWS - 1), {"missing": ("9999",)}),
        ("voltage", [0.4] * ROWS, {"units": {**NS, "voltage": "kV"}}),
        ("voltage", ["1.5"] * ROWS, {}),
        ("count", [1.0] * ROWS, {}),
        ("note", [" "] + ["x"] * (ROWS - 1), {}),
        ("time", [T0 // 10**9 + 60 * i for i in range(ROWS)], {"units": {"time": "s"}}),
        ("time", [T0 + i * MINUTE for i in range(ROWS)], {"label": "start"}),
    ],
)
def test_a_column_with_a_value_that_is_not_the_files_own_is_not_plain(
    tmp_path: Path, column: str, values: list[Any], source: dict[str, Any]
) -> None:
    written(tmp_path / "a.parquet", **{column: values})
    assert column not in read(tmp_path, **source).plain


def test_values_whose_quality_is_bad_are_not_plain(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", quality=["g"] * (ROWS - 1) + ["b"])
    table = read(tmp_path, quality={"g": "OK", "b": "BAD"})
    assert (set(table.plain), table.missing["voltage"]) == ({"meter", "phase", "time"}, 1)
    assert "voltage" in read(tmp_path, quality={"g": "OK", "b": "ESTIMATED"}).plain


def test_files_of_unlike_columns_are_plain_where_they_agree(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet")
    written(tmp_path / "b.parquet", meter=["M2"] * ROWS, voltage=[float("nan")] * ROWS, note=["x"] * ROWS)
    assert set(read(tmp_path, path="*.parquet").plain) == {"meter", "phase", "time", "count"}


def test_a_filter_on_the_view_reaches_the_file(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet")
    with connection() as duck:
        table = open_table(TableSource("a.parquet", units=NS), READINGS, folder=tmp_path, connection=duck)
        (plan,) = duck.execute(f"EXPLAIN SELECT count(*) FROM {table.view} WHERE voltage > 240").fetchall()
        scan = plan[1][plan[1].index("Parquet") :] if "Parquet" in plan[1] else plan[1]
        assert "voltage" in scan
        assert "isnan" not in plan[1].lower()


def test_what_was_converted_is_plain_in_the_files_it_was_converted_to(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    text = "meter,phase,time,voltage\nM1,A,2026-07-01T00:00:00Z,NaN\nM1,A,2026-07-01T00:01:00Z,5\n"
    table, _ = opened(tmp_path, text, scratch=scratch)
    assert (set(table.plain), len(table.files)) == (set(READINGS.columns["properties"]), 1)
    stored = pq.read_table(table.files[0])
    assert stored.column("voltage").to_pylist() == [None, 5.0]
    assert not opened(tmp_path, text)[0].plain


def test_row_groups_too_small_to_be_told_apart_are_converted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", group=7)
    table = read(tmp_path, scratch=tmp_path)
    assert table.rows == ROWS
    assert str(path) not in table.files


def test_files_without_statistics_stay(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", statistics=False)
    assert read(tmp_path).files == (str(path),)


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["é" * 100 + str(i) for i in range(ROWS)]),
        pa.array(["\U0010ffff" * 30] * ROWS),
        pa.array(["x"] * ROWS).dictionary_encode(),
        pa.array([None] * ROWS, pa.string()),
    ],
)
def test_honest_statistics_of_any_text_are_believed(tmp_path: Path, values: Any) -> None:
    written(tmp_path / "a.parquet", note=values)
    assert read(tmp_path).rows == ROWS


@pytest.mark.parametrize(
    "values",
    [
        pa.array([float("inf"), float("-inf"), -0.0, 0.0] * (ROWS // 4)),
        pa.array([0.1] * ROWS, pa.float32()), pa.array(range(ROWS), pa.int16()), pa.array(range(ROWS), pa.uint64()),
        pa.array(["1.25"] * ROWS).cast(pa.decimal128(12, 3)), pa.array([float("nan")] * ROWS),
        pa.array([None] * ROWS, pa.float64()), pa.nulls(ROWS),
    ],
)  # fmt: skip
def test_honest_statistics_of_any_number_are_believed(tmp_path: Path, values: Any) -> None:
    written(tmp_path / "a.parquet", voltage=values)
    assert read(tmp_path).rows == ROWS


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Shanghai"])
def test_honest_statistics_of_any_time_are_believed(tmp_path: Path, unit: str, zone: str | None) -> None:
    step = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    times = [(T0 + i * MINUTE) // step for i in range(ROWS)]
    written(tmp_path / "a.parquet", time=pa.array(times, pa.timestamp(unit, tz=zone)))
    rows = opened(tmp_path, name="a.parquet", timezone="UTC")[1]
    assert [row[2] for row in rows] == [T0 + i * MINUTE for i in range(ROWS)]


def zigzag(number: int) -> bytes:
    """A whole number as the compact Thrift protocol writes it."""
    rest, out = number * 2, b""
    while rest > 127:
        out, rest = out + bytes([rest & 127 | 128]), rest >> 7
    return out + bytes([rest])


def double(number: float) -> bytes:
    return struct.pack("<d", number)


def patched(path: Path, old: bytes, new: bytes) -> None:
    """Replace ``old`` by ``new`` in the footer of the file, not in its rows."""
    data = path.read_bytes()
    (length,) = struct.unpack("<I", data[-8:-4])
    footer = data[-8 - length : -8]
    assert old in footer
    assert len(old) == len(new)
    path.write_bytes(data[: -8 - length] + footer.replace(old, new) + data[-8:])


LIES: dict[str, tuple[bytes, bytes, str, int]] = {
    "a greatest value below one of the rows": (double(200 + 4095 / 100), double(230), "voltage", 2049),
    "a least value above one of the rows": (double(200 + 4096 / 100), double(250), "voltage", 4097),
    "fewer rows in a group": (zigzag(GROUP), zigzag(GROUP - 1), "count", 1),
    "more rows in a group": (zigzag(GROUP), zigzag(GROUP + 1), "count", 1),
    "more rows in the file": (zigzag(ROWS), zigzag(ROWS + 1), "count", 1),
    "another text": (b"M1", b"M2", "meter", 1),
    "a greatest count": (struct.pack("<q", ROWS - 1), struct.pack("<q", ROWS - 2), "count", 4097),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_footer_that_lies_is_refused_at_the_first_row_that_it_lies_about(tmp_path: Path, lie: str) -> None:
    old, new, column, row = LIES[lie]
    path = written(tmp_path / "a.parquet")
    patched(path, old, new)
    with pytest.raises(Refused) as caught:
        read(tmp_path)
    first = caught.value.problems[0]
    assert {p.code for p in caught.value.problems} == {"T023"}
    said = {(getattr(p, "column", ""), str(p.position)) for p in caught.value.problems}
    assert (column, f"a.parquet:{row}:1") in said
    assert "统计信息" in first.render("zh")


def test_a_bound_that_is_only_wide_is_no_lie(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet")
    patched(path, double(200 + 4095 / 100), double(1000))
    assert read(tmp_path).rows == ROWS


def test_a_lie_about_what_is_converted_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", voltage=[str(i) for i in range(ROWS)])
    patched(path, struct.pack("<q", ROWS - 1), struct.pack("<q", 2))
    table, rows = opened(tmp_path, name="a.parquet", units=NS)
    assert ([row[4] for row in rows], table.missing["count"]) == (list(range(ROWS)), 0)


def test_lies_that_duckdb_would_believe_are_what_is_tested(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet")
    patched(path, *LIES["a greatest value below one of the rows"][:2])
    with connection() as duck:
        asked = f"SELECT count(*) FROM '{path}' WHERE voltage > 235 AND voltage < 240.9"
        assert duck.execute(asked).fetchone() == (0,)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b[:4], lambda b: b"", lambda b: b[:-8] + b"\xff" * 8,
                                    lambda b: b[: len(b) // 2] + b[-1000:]])  # fmt: skip
def test_a_file_cut_short_is_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = written(tmp_path / "a.parquet")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(Refused) as caught:
        read(tmp_path)
    assert {p.code for p in caught.value.problems} == {"T004"}


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    given = columns()
    table = pa.Table.from_arrays([*map(pa.array, given.values()), pa.array([1.0] * ROWS)], names=[*given, "voltage"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(Refused) as caught:
        read(tmp_path)
    assert [p.code for p in caught.value.problems] == ["T007"]


def test_the_rows_of_the_files_are_those_of_the_view_in_their_order(tmp_path: Path) -> None:
    head = "meter,phase,time,voltage\n"
    for name, meter in (("a", "M1"), ("c", "M3")):
        (tmp_path / f"{name}.csv").write_text(f"{head}{meter},A,2026-07-01T00:00:00Z,1\n")
    stamp = pa.array([T0 // 1000], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"meter": ["M2"], "phase": ["A"], "time": stamp, "voltage": [1.0]}), tmp_path / "b.parquet")
    with connection() as duck:
        table = open_table(TableSource("[abc].*"), READINGS, folder=tmp_path, connection=duck, scratch=tmp_path)
        of_view = duck.execute(f"SELECT meter FROM {table.view}").fetchall()
        of_files = [duck.execute("SELECT meter FROM read_parquet(?)", [file]).fetchall() for file in table.files]
    assert sorted(of_view) == [("M1",), ("M2",), ("M3",)]
    assert of_view == [row for rows in of_files for row in rows]
    assert set(table.plain) == {"meter", "phase", "voltage"}
