from __future__ import annotations

import os
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from recordings import HEAD, READINGS, connection, opened

from conformance.errors import Refused
from conformance.model.system import TableSource
from conformance.packs import read_yaml
from conformance.systems.tables import open_table

HOSTILE = Path(__file__).parents[3] / "fixtures" / "hostile" / "tables"
EXPECTED: list[dict[str, Any]] = read_yaml(HOSTILE / "expected.yaml").value
ROW = "M1,A,2026-07-01T00:00:00Z,230\n"


def refused(folder: Path, text: str | bytes | None = None, **more: Any) -> Refused:
    started = time.monotonic()
    with pytest.raises(Refused) as caught:
        opened(folder, text, **more)
    assert time.monotonic() - started < 30
    for problem in caught.value.problems:
        assert any("\u4e00" <= c <= "\u9fff" for c in problem.render("zh").splitlines()[0])
    return caught.value


def codes(refusal: Refused) -> list[str]:
    return [p.code for p in refusal.problems]


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['file']}-{row['code']}")
def test_a_broken_recording_is_refused_at_its_place(row: dict[str, Any]) -> None:
    refusal = refused(HOSTILE, name=row["file"], **row.get("source", {}))
    assert set(codes(refusal)) == {row["code"]}
    if row["line"] is not None:
        places = [(p.position.file, p.position.line, p.position.column) for p in refusal.problems if p.position]
        assert places[0] == (row["file"], row["line"], row["column"])


def test_each_broken_recording_has_a_line_in_the_table() -> None:
    assert {p.name for p in HOSTILE.iterdir()} - {"expected.yaml"} <= {row["file"] for row in EXPECTED}


def test_the_first_twenty_bad_rows_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    refusal = refused(tmp_path, HEAD + "M1,A,2026-07-01T00:00:00Z,x\n" * 1000)
    assert codes(refusal) == ["T009"] * 20 + ["T010"]
    assert "980 more rows" in refusal.render("en")


def test_ten_thousand_columns_are_refused_before_they_are_read(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(10_000))
    assert codes(refused(tmp_path, f"{names}\n{names}\n")) == ["T008"]
    line = "{" + ",".join(f'"c{i}":1' for i in range(10_000)) + "}\n"
    assert codes(refused(tmp_path, line, name="a.jsonl")) == ["T008"]
    with connection() as duck:
        columns = ", ".join(f"1 AS c{i}" for i in range(10_000))
        duck.execute(f"COPY (SELECT {columns}) TO '{tmp_path / 'a.parquet'}' (FORMAT parquet)")
    assert codes(refused(tmp_path, name="a.parquet")) == ["T008"]


@pytest.mark.parametrize("kept", [0.99, 0.5, 0.1])
def test_a_parquet_file_cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    with connection() as duck:
        duck.execute(f"COPY (SELECT range AS voltage FROM range(10000)) TO '{tmp_path / 'w.parquet'}' (FORMAT parquet)")
    whole = (tmp_path / "w.parquet").read_bytes()
    assert codes(refused(tmp_path, whole[: int(len(whole) * kept)], name="a.parquet")) == ["T004"]


def test_a_parquet_file_with_broken_pages_is_refused(tmp_path: Path) -> None:
    with connection() as duck:
        select = "SELECT 'M1' meter, 'A' phase, TIMESTAMPTZ '2026-07-01 00:00:00Z' + INTERVAL 1 SECOND * i AS time, "
        select += "random() AS voltage FROM range(20000) t(i)"
        duck.execute(f"COPY ({select}) TO '{tmp_path / 'w.parquet'}' (FORMAT parquet, COMPRESSION zstd)")
    data = bytearray((tmp_path / "w.parquet").read_bytes())
    data[2000:12000] = b"\xff" * 10000
    assert codes(refused(tmp_path, bytes(data), name="a.parquet")) == ["T004"]


def test_a_line_without_end_is_refused_with_bounded_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("wb") as file:
        file.write(HEAD.encode())
        for _ in range(64):
            file.write(b"x" * (1 << 20))
    tracemalloc.start()
    try:
        refusal = refused(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    assert set(codes(refusal)) <= {"T011", "T013", "T019"}


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.systems.tables.rows.WORKBOOK", 1)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (2 << 20))
    assert codes(refused(tmp_path, name="a.xlsx")) == ["T019"]


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        packed.writestr("a.txt", "x")
    assert codes(refused(tmp_path, name="a.xlsx")) == ["T004"]


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>voltage</t></is></c></row>'
    '<row r="1000000000"><c r="A1000000000"><v>1</v></c></row></sheetData></worksheet>'
)


def test_a_row_of_a_workbook_that_calls_itself_the_thousand_millionth_is_refused(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["voltage"])
    book.save(tmp_path / "made.xlsx")
    with zipfile.ZipFile(tmp_path / "made.xlsx") as made, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        for name in made.namelist():
            packed.writestr(name, SHEET if name.endswith("sheet1.xml") else made.read(name))
    assert codes(refused(tmp_path, name="a.xlsx")) == ["T004"]


def test_deep_json_is_refused(tmp_path: Path) -> None:
    assert codes(refused(tmp_path, '{"voltage":' + "[" * 200_000 + "\n", name="a.jsonl")) == ["T013"]


def test_a_link_out_of_the_folder_is_refused_unless_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(HEAD + ROW)
    folder = tmp_path / "system"
    folder.mkdir()
    (folder / "a.csv").symlink_to(tmp_path / "b.csv")
    for path in ("a.csv", "../b.csv", str(tmp_path / "b.csv"), "*.csv"):
        assert codes(refused(folder, path=path)) == ["P040"]
    with connection() as duck:
        source = TableSource(path="../b.csv")
        assert open_table(source, READINGS, folder=folder, connection=duck, allow_outside=True).rows == 1


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "a.csv")


def circle(folder: Path) -> None:
    (folder / "a.csv").symlink_to("b.csv")
    (folder / "b.csv").symlink_to("a.csv")


def nowhere(folder: Path) -> None:
    (folder / "a.csv").symlink_to("absent.csv")


def closed_folder(folder: Path) -> None:
    (folder / "a.csv").mkdir()


def name_of_bytes(folder: Path) -> None:
    (folder / os.fsdecode(b"a\xff.csv")).write_text(HEAD + ROW)


@pytest.mark.parametrize("make", [pipe, circle, nowhere, closed_folder, name_of_bytes])
def test_what_fits_the_pattern_and_is_no_file_is_refused_and_not_passed_over(tmp_path: Path, make: Any) -> None:
    (tmp_path / "c.csv").write_text(HEAD + ROW)
    make(tmp_path)
    assert set(codes(refused(tmp_path, path="*.csv"))) == {"P001"}
    assert set(codes(refused(tmp_path, path="a*.csv"))) == {"P001"}


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "a.csv").write_text(HEAD + ROW)
    assert codes(refused(tmp_path, path="day")) == ["P001"]
    assert opened(tmp_path, path="**/*")[0].rows == 1


def test_folders_that_hold_themselves_are_walked_once(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "y").symlink_to(folder)
    (folder / "a.csv").write_text(HEAD + ROW)
    assert opened(tmp_path, path="**/*.csv")[0].rows == 1


@pytest.mark.parametrize("pattern", ["a**b.csv", "[.csv", "", "x" * 5000, "a\0.csv", "absent/*.csv"])
def test_a_pattern_that_fits_nothing_is_refused(tmp_path: Path, pattern: str) -> None:
    assert codes(refused(tmp_path, path=pattern)) == ["T003"]


@pytest.mark.parametrize("name", ["a\nb.csv", "a\x1b[31m.csv", "a\tb.csv", "a%20b.csv", "a\\b.csv", "m=1%2F2/a.csv"])
def test_names_with_any_character_are_read_and_shown_on_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    assert opened(tmp_path, HEAD + ROW, name=name)[0].rows == 1
    refusal = refused(tmp_path, HEAD + ROW.replace("230", "x"), name=name)
    assert str(refusal.problems[0].position).isprintable()


def test_no_rows_in_any_format_are_no_rows(tmp_path: Path) -> None:
    for name, text in (("a.csv", HEAD), ("b.jsonl", "\n\n"), ("c.csv", "")):
        assert [p.code for p in opened(tmp_path, text, name=name)[0].problems] == ["T022"]
    with connection() as duck:
        duck.execute(
            "COPY (SELECT 'M1' meter, 'A' phase, TIMESTAMPTZ '2026-07-01 00:00:00Z' AS time, 1.0 voltage LIMIT 0) "
            f"TO '{tmp_path / 'd.parquet'}' (FORMAT parquet)"
        )
    assert [p.code for p in opened(tmp_path, name="d.parquet")[0].problems] == ["T022"]
    assert codes(refused(tmp_path, b"", name="e.parquet")) == ["T004"]
    assert codes(refused(tmp_path, b"", name="f.xlsx")) == ["T004"]


@pytest.mark.parametrize("name", ["it's.csv", 'a";DROP TABLE x;--.csv', "a*b.csv", "电表.csv", "a b.csv", "{x}.csv"])
def test_names_of_files_are_never_read_as_sql(tmp_path: Path, name: str) -> None:
    assert opened(tmp_path, HEAD + ROW, name=name)[0].rows == 1


@pytest.mark.parametrize("name", ["it's", 'a"b', "'); DROP TABLE x; --", "{phase", "电压", "a\\b"])
def test_names_of_columns_are_never_read_as_sql(tmp_path: Path, name: str) -> None:
    quoted = name.replace('"', '""')
    text = HEAD.replace("voltage", f'"{quoted}"') + ROW
    assert opened(tmp_path, text, columns={"voltage": name})[1][0][3] == 230.0
    with connection() as duck:
        duck.execute(f"""CREATE TABLE t AS SELECT 'M1' meter, 'A' phase, 0 AS time, 230.0 AS "{quoted}" """)
        duck.execute(f"COPY t TO '{tmp_path / 'a.parquet'}' (FORMAT parquet)")
    _, rows = opened(tmp_path, name="a.parquet", columns={"voltage": name}, units={"time": "s"})
    assert rows[0][2:4] == (0, 230.0)


@pytest.mark.parametrize("mark", ["'", "--", "\\", "');", "空"])
def test_missing_markers_and_quality_codes_are_never_read_as_sql(tmp_path: Path, mark: str) -> None:
    text = HEAD.replace("\n", ",quality\n") + f"M1,A,2026-07-01T00:00:00Z,{mark},{mark}\n"
    assert opened(tmp_path, text, missing=(mark,), quality={mark: "OK"})[1][0][3] is None


@pytest.mark.parametrize("kind", ["year 9999", "before 1678", "infinite"])
def test_times_beyond_nanoseconds_are_refused(tmp_path: Path, kind: str) -> None:
    moment = {"year 9999": "9999-01-01", "before 1678": "1600-01-01", "infinite": "infinity"}[kind]
    with connection() as duck:
        select = f"SELECT 'M1' meter, 'A' phase, TIMESTAMP '{moment}' AS time, 1.0 AS voltage"
        duck.execute(f"COPY ({select}) TO '{tmp_path / 'a.parquet'}' (FORMAT parquet)")
    assert codes(refused(tmp_path, name="a.parquet", timezone="UTC")) in (["T009"], ["T004"])
