from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import Refused
from conformance.model.convert import from_json, to_json
from conformance.model.standard import Pack, Table
from conformance.model.system import System, TableSource
from conformance.packs import load, read_system
from conformance.packs.tables import columns, nanoseconds

SCHEMA = {
    "type": "object",
    "required": ["voltage"],
    "properties": {
        "meter": {"type": "string"},
        "phase": {"enum": ["A", "B", "C"]},
        "time": {"type": "string", "format": "date-time"},
        "voltage": {"type": ["number", "null"], "unit": "V"},
    },
}
STATED = "readings: {columns: schemas/readings.json, key: [meter, phase, time], time: time, label: end, every: 1 s}"
# The example of the formats page, whole.
SOURCE = """
  readings: {path: telemetry/*.csv, encoding: gb18030, header_rows: 2, layout: wide, missing: ["--", "9999"], label: end, timezone: Asia/Shanghai,
             columns: {voltage: v_ln}, units: {voltage: kV}, quality: {Good: OK, Bad: BAD}, accuracy: {voltage: class 0.5}}
"""  # noqa: E501 - as it stands there
HEAD = 'name: x\nvendor: y\nversion: "1"\nenvironment: test\n'

Made = Callable[..., Path]


@pytest.fixture
def made(copy: Path) -> Made:
    """The small pack with a table."""

    def make(stated: str = STATED, schema: Any = SCHEMA, **properties: Any) -> Path:
        schema = {**schema, "properties": {**schema["properties"], **properties}} if properties else schema
        (copy / "schemas" / "readings.json").write_text(json.dumps(schema), encoding="utf-8")
        file = copy / "pack.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("interface:\n", f"interface:\n  tables:\n    {stated}\n"), encoding="utf-8")
        return copy

    return make


def system(folder: Path, pack: Pack, tables: str, more: str = "") -> System:
    file = folder / "system.yaml"
    file.write_text(f"{HEAD}{more}tables:{tables}\n", encoding="utf-8")
    return read_system(file, [pack])


def problems(read: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as caught:
        read()
    assert caught.value.render("en") != caught.value.render("zh")
    return [p.code for p in caught.value.problems]


def test_a_table_of_a_pack_is_read_whole_and_survives_json(made: Made) -> None:
    pack = load(made())
    assert pack.tables == {"readings": Table("readings", SCHEMA, ("meter", "phase", "time"), "time", "end", "1 s")}
    assert from_json(Pack, to_json(pack)) == pack
    found = columns(pack.tables["readings"])
    assert [(c.kind, c.required, c.key) for c in found.values()] == [
        ("text", True, True), ("text", True, True), ("time", True, True), ("number", True, False)
    ]  # fmt: skip
    assert found["phase"].choices == ("A", "B", "C")
    assert found["voltage"].unit.symbol == "V"


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (STATED.replace("[meter,", "[metre,"), "T001"),
        (STATED.replace("time: time", "time: voltage"), "T001"),
        (STATED.replace("1 s", "1 V"), "T001"),
        (STATED.replace("1 s", "0 s"), "T001"),
        (STATED.replace("time: time, ", ""), "T001"),
        (STATED.replace("label: end", "label: middle"), "P033"),
        (STATED.replace("key:", "keys:"), "P030"),
        (STATED.replace("readings:", "heat:"), "P061"),
        (STATED.replace("readings.json", "absent.json"), "P001"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(made: Made, stated: str, code: str) -> None:
    assert code in problems(lambda: load(made(stated)))


@pytest.mark.parametrize(
    "column", [{"type": "array"}, {"type": ["string", "number"]}, {"type": "object"}, {}, True], ids=str
)
def test_a_column_has_one_plain_type(made: Made, column: Any) -> None:
    assert problems(lambda: load(made(other=column))) == ["T001"]


def test_a_schema_without_columns_is_refused(made: Made) -> None:
    assert problems(lambda: load(made(schema={"type": "array"}))) == ["T001"]


def test_the_example_of_the_formats_page_is_accepted_whole(made: Made, tmp_path: Path) -> None:
    read = system(tmp_path, load(made()), SOURCE)
    assert read.operations == {}
    assert read.tables["readings"] == TableSource(
        path="telemetry/*.csv", encoding="gb18030", header_rows=2, layout="wide", missing=("--", "9999"), label="end",
        timezone="Asia/Shanghai", columns={"voltage": "v_ln"}, units={"voltage": "kV"},
        quality={"Good": "OK", "Bad": "BAD"}, accuracy={"voltage": "class 0.5"},
    )  # fmt: skip
    assert from_json(System, to_json(read)) == read


def test_a_table_may_be_named_with_its_pack(made: Made, tmp_path: Path) -> None:
    assert list(system(tmp_path, load(made()), " {small.readings: {path: a.csv}}").tables) == ["readings"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("reading: {path: a.csv}", "P062"),
        ("readings: {path: ../a.csv}", "P040"),
        ("readings: {}", "P031"),
        ("readings: {path: a.csv, speed: 1}", "P030"),
        ("readings: {path: a.csv, encoding: ebcdic}", "P033"),
        ("readings: {path: a.csv, header_rows: -1}", "P035"),
        ("readings: {path: a.csv, quality: {g: GREAT}}", "P033"),
        ("readings: {path: a.csv, delimiter: x}", "P033"),
        ("readings: {path: a.csv, timezone: Asia/Nowhere}", "T002"),
        ("readings: {path: a.csv, units: {voltage: kW}}", "T002"),
        ("readings: {path: a.csv, units: {voltage: volts}}", "T002"),
        ("readings: {path: a.csv, units: {meter: V}}", "T002"),
        ("readings: {path: a.csv, columns: {volts: v}}", "T002"),
        ("readings: {path: a.csv, accuracy: {volts: class 1}}", "T002"),
        ('readings: {path: a.csv, layout: wide, columns: {voltage: "u_{feeder}"}}', "T002"),
    ],
)
def test_a_recording_that_does_not_fit_is_refused_at_its_place(
    made: Made, tmp_path: Path, given: str, code: str
) -> None:
    pack = load(made())
    assert problems(lambda: system(tmp_path, pack, f"\n  {given}")) == [code]


def test_an_interval_label_cannot_be_changed_without_a_length(made: Made, tmp_path: Path) -> None:
    pack = load(made(STATED.replace(", every: 1 s", "")))
    given = " {readings: {path: a.csv, label: start}}"
    assert problems(lambda: system(tmp_path, pack, given)) == ["T002"]


def test_a_system_needs_operations_or_tables(small: Pack, tmp_path: Path) -> None:
    file = tmp_path / "system.yaml"
    file.write_text(HEAD, encoding="utf-8")
    assert problems(lambda: read_system(file, [small])) == ["P031"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("1 s", 10**9), ("10 min", 600 * 10**9), ("0.2 s", 2 * 10**8), ("1 d", 86400 * 10**9), ("1 ms", 10**6),
     ("1 V", None), ("-1 s", None), ("x", None), ("1 lightyear", None)],
)  # fmt: skip
def test_lengths_of_time_are_whole_nanoseconds(shown: str, expected: int | None) -> None:
    assert nanoseconds(shown) == expected
