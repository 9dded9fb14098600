from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from recordings import COLUMNS, HEAD, MINUTE, READINGS, T0, connection, opened

from conformance.errors import Refused
from conformance.errors.tables import DuplicateRows, NoRows, UnorderedTimes
from conformance.model.quantity import linear, unit
from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.systems.tables import open_table


def voltages(rows: list[tuple[Any, ...]]) -> list[float | None]:
    return [row[3] for row in rows]


def test_the_view_has_the_packs_columns_and_types_and_the_record_says_what_was_read(tmp_path: Path) -> None:
    text = "note,voltage,time,phase,meter,other\n甲,230.5,2026-07-01T00:00:00Z,A,M1,x\n,,2026-07-01T00:01:00Z,A,M1,x\n"
    table, rows = opened(tmp_path, text, accuracy={"voltage": "class 0.5"})
    assert rows == [("M1", "A", T0, 230.5, None, None, "甲"), ("M1", "A", T0 + MINUTE, None, None, None, None)]
    assert table.missing == {"meter": 0, "phase": 0, "time": 0, "voltage": 1, "count": 2, "on": 2, "note": 1}
    assert [(s.path, s.rows, len(s.sha256 or "")) for s in table.sources] == [("a.csv", 2, 64)]
    assert (table.problems, table.label, table.accuracy) == ((), "end", {"voltage": "class 0.5"})


def test_a_chinese_export_with_two_rows_of_names_is_read_as_it_stands(tmp_path: Path) -> None:
    text = "电表,时间,v_ln,,\n,,A,B,C\nM1,2026/7/1 8:00,0.23,0.231,--\nM1,2026/7/1 8:01,9999,0.229,0.23\n"
    table, rows = opened(
        tmp_path, text, encoding="gb18030", header_rows=2, layout="wide", missing=("--", "9999"), label="start",
        timezone="Asia/Shanghai", columns={"meter": "电表", "time": "时间", "voltage": "v_ln"}, units={"voltage": "kV"},
    )  # fmt: skip
    volts = linear(unit("kV"), unit("V"))
    assert [row[:4] for row in rows] == [
        ("M1", "A", T0 + MINUTE, volts(0.23)), ("M1", "B", T0 + MINUTE, volts(0.231)),
        ("M1", "C", T0 + MINUTE, None), ("M1", "A", T0 + 2 * MINUTE, None),
        ("M1", "B", T0 + 2 * MINUTE, volts(0.229)), ("M1", "C", T0 + 2 * MINUTE, volts(0.23)),
    ]  # fmt: skip
    assert table.missing["voltage"] == 2
    assert table.label == "start"


def test_a_pattern_names_the_keys_that_stand_in_the_names_of_columns(tmp_path: Path) -> None:
    text = "time,u_M1_A,u_M1_B,n_M1_A,u_M2_A\n2026-07-01T00:00:00Z,1,2,3,4\n"
    columns = {"voltage": "u_{meter}_{phase}", "count": "n_{meter}_{phase}"}
    _, rows = opened(tmp_path, text, layout="wide", columns=columns)
    assert [(*row[:2], *row[3:5]) for row in rows] == [("M1", "A", 1, 3), ("M1", "B", 2, None), ("M2", "A", 4, None)]


def test_bad_and_missing_quality_takes_the_value_away_and_estimated_does_not(tmp_path: Path) -> None:
    text = "meter,phase,time,voltage,flag\n" + "".join(
        f"M1,A,2026-07-01T00:0{i}:00Z,{v},{code}\n"
        for i, (v, code) in enumerate([(1, "g"), (2, "b"), (3, "e"), ("?", "m")])
    )
    quality = {"g": "OK", "b": "BAD", "e": "ESTIMATED", "m": "MISSING"}
    _, rows = opened(tmp_path, text, columns={"quality": "flag"}, quality=quality)
    assert voltages(rows) == [1, None, 3, None]
    properties = {**READINGS.columns["properties"], "quality": {"enum": ["OK", "ESTIMATED", "MISSING", "BAD"]}}
    graded = evolve(READINGS, columns={**READINGS.columns, "properties": properties})
    _, rows = opened(tmp_path, text, table=graded, columns={"quality": "flag"}, quality=quality)
    assert [row[-1] for row in rows] == ["OK", "BAD", "ESTIMATED", "MISSING"]


@pytest.mark.parametrize(
    ("written", "zone", "expected"),
    [
        ("2026-07-01T00:00:00Z", None, T0),
        ("2026-07-01 08:00:00+08:00", None, T0),
        ("2026-07-01 08:00+0800", None, T0),
        ("2026/7/1 8:00", "Asia/Shanghai", T0),
        ("2026-06-30 24:00", "UTC", T0),
        ("2026-07-01", "UTC", T0),
        ("2026-07-01T05:45:00.000000001", "Asia/Kathmandu", T0 + 1),
        ("2026-03-29 01:59:59", "Europe/Berlin", 1_774_745_999_000_000_000),
        ("2026-03-29 03:00:00", "Europe/Berlin", 1_774_746_000_000_000_000),
        ("2026-10-25 01:59:59", "Europe/Berlin", 1_792_886_399_000_000_000),
        ("2026-10-25 03:00:00", "Europe/Berlin", 1_792_893_600_000_000_000),
    ],
)  # fmt: skip
def test_times_become_utc_nanoseconds(tmp_path: Path, written: str, zone: str | None, expected: int) -> None:
    _, rows = opened(tmp_path, f"{HEAD}M1,A,{written},230\n", timezone=zone)
    assert rows[0][2] == expected


def test_times_may_be_counted_from_1970(tmp_path: Path) -> None:
    _, rows = opened(tmp_path, f"{HEAD}M1,A,1782864000.25,230\n", units={"time": "s"})
    assert rows[0][2] == T0 + 250_000_000
    _, rows = opened(tmp_path, f"{HEAD}M1,A,1782864000001,230\n", units={"time": "ms"})
    assert rows[0][2] == T0 + 1_000_000


@pytest.mark.parametrize(("pack", "recorded", "shift"), [("end", "start", 1), ("start", "end", -1), ("end", "end", 0)])
def test_interval_labels_come_to_that_of_the_pack(tmp_path: Path, pack: Any, recorded: str, shift: int) -> None:
    table = evolve(READINGS, label=pack)
    found, rows = opened(tmp_path, f"{HEAD}M1,A,2026-07-01T00:00:00Z,230\n", table=table, label=recorded)
    assert rows[0][2] == T0 + shift * MINUTE
    assert found.label == recorded


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_decimal_commas_blank_lines_quotes_and_both_line_ends_are_read(tmp_path: Path, line_end: str) -> None:
    first, second = 'M1;A;2026-07-01T00:00:00Z;230,5;"a;""b"', "M1;B;2026-07-01T00:00:00Z;1,5E2;"
    lines = ["meter;phase;time;voltage;note", first, "", second, ""]
    _, rows = opened(tmp_path, line_end.join(lines), delimiter=";", decimal=",")
    assert [(row[3], row[6]) for row in rows] == [(230.5, 'a;"b'), (150.0, None)]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    text = f"{HEAD}M1,A,2026-07-01T00:00:00Z,230\n"
    for data, encoding in ((b"\xef\xbb\xbf" + text.encode(), "utf-8"), (text.encode("utf-16"), "utf-16")):
        _, rows = opened(tmp_path, data, encoding=encoding)
        assert voltages(rows) == [230.0]


def test_not_a_number_is_missing_and_infinity_is_not(tmp_path: Path) -> None:
    cells = ["NaN", "inf", "-Infinity", "1e3", "+5", "9999.0"]
    text = HEAD + "".join(f"M1,A,2026-07-01T00:0{i}:00Z,{c}\n" for i, c in enumerate(cells))
    _, rows = opened(tmp_path, text, missing=("9999",))
    assert voltages(rows) == [None, float("inf"), float("-inf"), 1000.0, 5.0, None]


def parquet(path: Path, select: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with connection() as duck:
        duck.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


ROW = "'M1' AS meter, 'A' AS phase, TIMESTAMPTZ '2026-07-01 00:00:00+00' + INTERVAL 1 MINUTE * i AS time"


def test_parquet_stays_where_it_is_and_the_view_reads_it(tmp_path: Path) -> None:
    voltage = "CAST(['0', 'nan', '9999', '3'][i + 1] AS FLOAT) AS voltage"
    parquet(tmp_path / "p.parquet", f"SELECT {ROW}, {voltage} FROM range(4) t(i)")
    table, rows = opened(tmp_path, name="p.parquet", missing=("9999",))
    assert voltages(rows) == [0.0, None, None, 3.0]
    assert rows[3][2] == T0 + 3 * MINUTE
    assert table.files == (str(tmp_path / "p.parquet"),)


def test_folders_are_columns_and_a_name_with_brackets_is_no_pattern(tmp_path: Path) -> None:
    for meter in ("M1", "M 2"):
        folder = tmp_path / "t" / f"meter={meter.replace(' ', '%20')}"
        parquet(
            folder / "a[1].parquet", f"SELECT * EXCLUDE (meter) FROM (SELECT {ROW}, 1.5 AS voltage FROM range(2) t(i))"
        )
    (tmp_path / "t" / "meter=M3").mkdir()
    (tmp_path / "t" / "meter=M3" / "a.csv").write_text("phase,time,voltage\nA,2026-07-01T00:00:00Z,7\n")
    table, rows = opened(tmp_path, path="t/*/*")
    assert [(row[0], row[3]) for row in rows] == [("M 2", 1.5), ("M 2", 1.5), ("M1", 1.5), ("M1", 1.5), ("M3", 7.0)]
    assert [s.rows for s in table.sources] == [2, 2, 1]


def test_parquet_files_of_unlike_types_are_read_each_by_its_own(tmp_path: Path) -> None:
    parquet(tmp_path / "1.parquet", f"SELECT {ROW}, 1.5 AS voltage FROM range(1) t(i)")
    parquet(tmp_path / "2.parquet", f"SELECT '2' AS voltage, {ROW.replace('M1', 'M2')} FROM range(1) t(i)")
    _, rows = opened(tmp_path, path="*.parquet")
    assert voltages(rows) == [1.5, 2.0]


def test_local_times_in_parquet_need_a_zone_too(tmp_path: Path) -> None:
    parquet(
        tmp_path / "p.parquet", "SELECT 'M1' meter, 'A' phase, TIMESTAMP '2026-07-01 08:00:00' AS time, 1.0 voltage"
    )
    with pytest.raises(Refused) as caught:
        opened(tmp_path, name="p.parquet")
    assert [p.code for p in caught.value.problems] == ["T014"]
    assert opened(tmp_path, name="p.parquet", timezone="Asia/Shanghai")[1][0][2] == T0


def test_a_column_that_cannot_hold_what_is_needed_is_named(tmp_path: Path) -> None:
    parquet(tmp_path / "p.parquet", f"SELECT {ROW}, [1.5] AS voltage, 1.5 AS note FROM range(1) t(i)")
    with pytest.raises(Refused) as caught:
        opened(tmp_path, name="p.parquet")
    assert [(p.code, getattr(p, "column", "")) for p in caught.value.problems] == [
        ("T017", "voltage"),
        ("T017", "note"),
    ]


def test_conversion_into_scratch_leaves_parquet_there_and_nothing_else(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    table, rows = opened(tmp_path, f"{HEAD}M1,A,2026-07-01T00:00:00Z,230\n", scratch=scratch)
    assert voltages(rows) == [230.0]
    assert table.files == tuple(str(p) for p in scratch.iterdir())
    with pytest.raises(Refused):
        opened(
            tmp_path, f"{HEAD}M1,A,2026-07-01T00:00:00Z,x\n", scratch=scratch / "..", table=evolve(READINGS, name="b")
        )
    assert not list(tmp_path.glob("b-*"))


def test_the_view_works_on_when_the_connection_is_sealed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}M1,A,2026-07-01T00:00:00Z,230\n")
    with connection() as duck:
        table = open_table(TableSource(path="a.csv"), READINGS, folder=tmp_path, connection=duck)
        duck.execute("SET enable_external_access = false")
        assert duck.execute(f"SELECT voltage FROM {table.view}").fetchall() == [(230.0,)]


def test_keys_that_repeat_and_times_that_go_back_are_counted_and_the_rows_kept(tmp_path: Path) -> None:
    minutes = [0, 2, 1, 2, 3]
    text = HEAD + "".join(f"M1,A,2026-07-01T00:0{m}:00Z,{i}\n" for i, m in enumerate(minutes))
    table, rows = opened(tmp_path, text)
    assert len(rows) == 5
    twice, back = table.problems
    assert isinstance(twice, DuplicateRows)
    assert isinstance(back, UnorderedTimes)
    assert (twice.count, back.count) == (1, 1)
    assert f"time={T0 + 2 * MINUTE}" in twice.first
    assert f"time={T0 + MINUTE}" in back.first


def test_rows_of_several_meters_in_any_mixture_are_sound(tmp_path: Path) -> None:
    text = HEAD + "".join(
        f"{m},{p},2026-07-01T00:0{i}:00Z,1\n" for i in range(3) for m in ("M2", "M1") for p in ("C", "A")
    )
    assert opened(tmp_path, text)[0].problems == ()


@pytest.mark.parametrize("text", ["", HEAD, "\n\n"])
def test_an_empty_table_has_no_rows_and_says_so(tmp_path: Path, text: str) -> None:
    table, rows = opened(tmp_path, text)
    assert (rows, table.rows) == ([], 0)
    assert [type(p) for p in table.problems] == [NoRows]


def test_a_table_without_time_or_order_has_only_its_key(tmp_path: Path) -> None:
    table = Table(
        "assets", {"properties": {"id": {"type": "string"}, "power": {"type": "number", "unit": "MW"}}}, ("id",)
    )
    found, rows = opened(tmp_path, "id,power\nb,1\na,2\nb,3\n", table=table)
    assert len(rows) == 3
    assert [p.code for p in found.problems] == ["T020"]


def test_a_refusal_leaves_nothing_in_the_connection(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}M1,A,2026-07-01T00:00:00Z,x\n")
    with connection() as duck:
        with pytest.raises(Refused):
            open_table(TableSource(path="a.csv"), READINGS, folder=tmp_path, connection=duck)
        assert duck.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall() == []
        assert duck.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []


def test_rows_keep_their_order_where_a_connection_does_not_ask_for_it(tmp_path: Path) -> None:
    lines = [f"M1,A,{T0 // 10**9 + i},{i}\n" for i in range(300_000)]
    lines[250_000] = f"M1,A,{T0 // 10**9 + 250_000},x\n"
    with connection() as duck:
        duck.execute("SET preserve_insertion_order = false")
        source = TableSource(path="a.csv", units={"time": "s"})
        (tmp_path / "a.csv").write_text(HEAD + "".join(lines))
        with pytest.raises(Refused) as caught:
            open_table(source, READINGS, folder=tmp_path, connection=duck)
        assert [str(p.position) for p in caught.value.problems] == ["a.csv:250002:17"]
        lines[250_000] = ""
        (tmp_path / "a.csv").write_text(HEAD + "".join(lines))
        assert open_table(source, READINGS, folder=tmp_path, connection=duck).problems == ()
        assert duck.execute("SELECT current_setting('preserve_insertion_order')").fetchone() == (False,)


def test_no_extension_is_loaded_for_any_format(tmp_path: Path) -> None:
    with connection() as duck:
        before = duck.execute("SELECT extension_name FROM duckdb_extensions() WHERE loaded ORDER BY 1").fetchall()
        (tmp_path / "a.csv").write_bytes(f"{HEAD}电,A,2026-07-01T00:00:00Z,1\n".encode("gb18030"))
        open_table(TableSource(path="a.csv", encoding="gb18030"), READINGS, folder=tmp_path, connection=duck)
        assert (
            duck.execute("SELECT extension_name FROM duckdb_extensions() WHERE loaded ORDER BY 1").fetchall() == before
        )
        assert ("excel",) not in before


def test_all_columns_are_those_of_the_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}M1,A,2026-07-01T00:00:00Z,1\n")
    with connection() as duck:
        table = open_table(TableSource(path="a.csv"), READINGS, folder=tmp_path, connection=duck, view="other")
        described = duck.execute(f"DESCRIBE {table.view}").fetchall()
    assert tuple(row[0] for row in described) == COLUMNS
    assert [row[1] for row in described] == ["VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "BIGINT", "BOOLEAN", "VARCHAR"]


def test_parquet_is_read_behind_the_seal_when_its_files_stay_allowed(tmp_path: Path) -> None:
    parquet(tmp_path / "p.parquet", f"SELECT {ROW}, 1.5 AS voltage FROM range(2) t(i)")
    with connection() as duck:
        table = open_table(TableSource(path="p.parquet"), READINGS, folder=tmp_path, connection=duck)
        listed = ", ".join(f"'{path}'" for path in table.files)
        duck.execute(f"SET allowed_paths = [{listed}]")
        duck.execute("SET enable_external_access = false")
        assert duck.execute(f"SELECT voltage FROM {table.view}").fetchall() == [(1.5,), (1.5,)]


def test_keys_that_repeat_are_counted_in_parts_as_they_are_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = [5, 1, 1, 9, 9, 9, 0, 5, 3]
    text = HEAD + "".join(f"M1,A,2026-07-01T00:0{m}:00Z,{i}\n" for i, m in enumerate(minutes))
    at_once = opened(tmp_path, text)[0].problems
    monkeypatch.setattr("conformance.systems.tables.findings._AT_ONCE", 2)
    assert repr(opened(tmp_path, text)[0].problems) == repr(at_once)
    assert [(type(p).__name__, getattr(p, "count", 0)) for p in at_once] == [
        ("DuplicateRows", 4),
        ("UnorderedTimes", 3),
    ]
