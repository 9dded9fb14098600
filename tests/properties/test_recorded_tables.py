"""A table that is written in any of the ways that people use reads back to the same rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model.quantity import linear, unit
from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.systems.tables import open_table

TABLE = Table(
    "readings",
    {
        "properties": {
            "meter": {"type": "string"},
            "phase": {"enum": ["A", "B", "C"]},
            "time": {"type": "string", "format": "date-time"},
            "voltage": {"type": "number", "unit": "V"},
            "count": {"type": "integer"},
            "on": {"type": "boolean"},
            "note": {"type": "string"},
        }
    },
    ("meter", "phase", "time"),
    "time",
)
NAMES = tuple(TABLE.columns["properties"])
START = datetime(2026, 7, 1, tzinfo=UTC)
notes = st.text("甲乙é ab,;|\"'\\\n{}0_#", min_size=1, max_size=8).filter(lambda t: t.strip() == t and t)
numbers = st.floats(allow_nan=False, width=64).filter(lambda x: abs(x) < 1e300) | st.sampled_from([math.inf, -math.inf])
cells = st.tuples(
    st.none() | numbers, st.none() | st.integers(-(2**53), 2**53), st.none() | st.booleans(), st.none() | notes
)
keys = st.tuples(notes, st.sampled_from("ABC"), st.integers(0, 50_000_000))
tables = st.dictionaries(keys, cells, min_size=1, max_size=8).map(lambda d: [(*k, *v) for k, v in d.items()])


def moment(second: int) -> datetime:
    return START + timedelta(seconds=second)


def expected(rows: list[tuple[Any, ...]], *, factor: bool) -> list[tuple[Any, ...]]:
    base = int(START.timestamp())
    kilo = linear(unit("kV"), unit("V"))
    volts = (lambda x: x if x is None else kilo(x)) if factor else (lambda x: x)
    return [(m, p, (base + t) * 10**9, volts(v), *rest) for m, p, t, v, *rest in rows]


def read(data: bytes, name: str, table: Table = TABLE, **source: Any) -> list[tuple[Any, ...]]:
    with TemporaryDirectory() as folder, duckdb.connect() as duck:
        (Path(folder) / name).write_bytes(data)
        found = open_table(TableSource(path=name, **source), table, folder=folder, connection=duck)
        return duck.execute(f'SELECT * FROM "{found.view}"').fetchall()


def shown(value: Any, decimal: str) -> str:
    if isinstance(value, float):
        return repr(value).replace(".", decimal)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@settings(max_examples=40, deadline=None)
@given(tables, st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), st.sampled_from(",;|\t"),
       st.sampled_from(".,"), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())  # fmt: skip
def test_csv(
    rows: list[tuple[Any, ...]], encoding: str, delimiter: str, decimal: str, kilo: bool, end: str, named: bool,
    packed: bool,
) -> None:  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    if named:
        writer.writerow(NAMES)
    for m, p, t, *rest in rows:
        stamp = moment(t).astimezone(UTC).replace(tzinfo=None) + timedelta(hours=8)  # the clock in Shanghai
        writer.writerow([m, p, stamp.isoformat(sep=" "), *(shown(v, decimal) for v in rest)])
    data = out.getvalue().encode(encoding)
    found = read(
        gzip.compress(data) if packed else data, "a.csv.gz" if packed else "a.csv", delimiter=delimiter,
        encoding=encoding.removesuffix("-sig"), decimal=decimal, timezone="Asia/Shanghai",
        units={"voltage": "kV"} if kilo else {}, header_rows=int(named),
        columns={} if named else {name: str(i) for i, name in enumerate(NAMES, start=1)},
    )  # fmt: skip
    assert found == expected(rows, factor=kilo)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_json_lines(rows: list[tuple[Any, ...]]) -> None:
    lines = [
        json.dumps({"meter": m, "phase": p, "time": moment(t).isoformat(), **dict(zip(NAMES[3:], rest, strict=True))})
        for m, p, t, *rest in rows
    ]
    assert read("\n".join(lines).encode(), "a.jsonl") == expected(rows, factor=False)


@settings(max_examples=20, deadline=None)
@given(tables)
def test_workbooks(rows: list[tuple[Any, ...]]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(NAMES)
    finite = [(*r[:3], None if r[3] is None or math.isinf(r[3]) else r[3], *r[4:]) for r in rows]
    for m, p, t, *rest in finite:
        sheet.append([m, p, moment(t).isoformat(), *rest])
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book.save(out)
    found = read(out.getvalue(), "a.xlsx")
    wanted = expected(finite, factor=False)
    # A workbook keeps 16 digits or so of a number; all else comes back as it was.
    assert [(*r[:3], *r[4:]) for r in found] == [(*r[:3], *r[4:]) for r in wanted]
    for got, want in zip(found, wanted, strict=True):
        assert got[3] == want[3] or math.isclose(got[3], want[3], rel_tol=1e-14)


@settings(max_examples=20, deadline=None)
@given(tables, st.booleans())
def test_parquet(rows: list[tuple[Any, ...]], kilo: bool) -> None:
    with TemporaryDirectory() as folder, duckdb.connect() as duck:
        duck.execute("CREATE TABLE t (meter VARCHAR, phase VARCHAR, time TIMESTAMP, voltage DOUBLE, count BIGINT, "
                     '"on" BOOLEAN, note VARCHAR)')  # fmt: skip
        duck.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(m, p, moment(t).replace(tzinfo=None), math.nan if v is None else v, *rest) for m, p, t, v, *rest in rows],
        )
        path = Path(folder) / "a.parquet"
        duck.execute(f"COPY t TO '{path}' (FORMAT parquet)")
        data = path.read_bytes()
    source = {"timezone": "UTC", "units": {"voltage": "kV"} if kilo else {}}
    assert read(data, "a.parquet", **source) == expected(rows, factor=kilo)
    for name, own in plain(data, **source).items():
        assert repr(own[0]) == repr(own[1]), name


def plain(data: bytes, **source: Any) -> dict[str, tuple[list[Any], list[Any]]]:
    """The columns that are plain, as the view and as the file has them."""
    with TemporaryDirectory() as folder, duckdb.connect() as duck:
        path = Path(folder) / "a.parquet"
        path.write_bytes(data)
        found = open_table(TableSource(path="a.parquet", **source), TABLE, folder=folder, connection=duck)
        return {
            name: (
                duck.execute(f'SELECT "{name}" FROM "{found.view}"').fetchall(),
                duck.execute(f"SELECT \"{own}\" FROM '{path}'").fetchall(),
            )
            for name, own in found.plain.items()
        }


grids = st.lists(st.lists(st.none() | numbers, min_size=3, max_size=3), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(grids, st.booleans())
def test_wide_layouts(grid: list[list[float | None]], two_rows: bool) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    heads = [["time", "meter", "u", "", ""], ["", "", *"ABC"]] if two_rows else [["time", "meter", "u_A", "u_B", "u_C"]]
    writer.writerows(heads)
    for t, values in enumerate(grid):
        writer.writerow([moment(t).isoformat(), "M1", *(shown(v, ".") for v in values)])
    found = read(
        out.getvalue().encode(), "a.csv", layout="wide", header_rows=len(heads),
        columns={"voltage": "u" if two_rows else "u_{phase}"},
    )  # fmt: skip
    rows = [
        ("M1", phase, t, v, None, None, None) for t, vs in enumerate(grid) for phase, v in zip("ABC", vs, strict=True)
    ]
    assert found == expected(rows, factor=False)
