from __future__ import annotations

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
    monkeypatch.setattr("conformance.systems.tables.text.WORKBOOK", 1)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (2 << 20))
    assert codes(refused(tmp_path, name="a.xlsx")) == ["T019"]


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        packed.writestr("a.txt", "x")
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
