"""A recording states the unit of its columns; its values are converted once, as they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from recordings import opened

from conformance.model.quantity import linear, unit
from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.packs.tables import source_faults

VALUES = ("0.22", "235.4", "-0.07", "1e-7", "49.8", "0.1", "")


def table(of: str, kind: str = "number") -> Table:
    columns = {"type": "object", "properties": {"id": {"type": "string"}, "x": {"type": [kind, "null"], "unit": of}}}
    return Table("readings", columns, ("id",))


def read(folder: Path, of: str, to: str, **more: Any) -> list[float | None]:
    text = "id,x\n" + "".join(f"r{n},{value}\n" for n, value in enumerate(VALUES))
    _, rows = opened(folder, text, table=table(to), units={"x": of}, **more)
    return [row[1] for row in sorted(rows)]


@pytest.mark.parametrize(
    ("of", "to"),
    [
        ("kV", "V"), ("V", "kV"), ("degC", "K"), ("K", "degC"), ("gCO2e/MJ", "kgCO2e/kWh"),
        ("% of rating", "pu of rating"),
        ("L/kWh", "m3/MWh"), ("bar", "MPa"), ("mg/m3", "g/m3"), ("Gbit/s", "MB/s"), ("V", "V"),
    ],
)  # fmt: skip
def test_the_engine_of_tables_converts_by_the_very_operations_of_the_rule_language(
    tmp_path: Path, of: str, to: str
) -> None:
    by = linear(unit(of), unit(to))
    assert read(tmp_path, of, to) == [by(float(v)) if v else None for v in VALUES]
    assert read(tmp_path, of, to, scratch=tmp_path) == [by(float(v)) if v else None for v in VALUES]


def test_a_limit_met_exactly_in_kilovolts_is_met_in_volts(tmp_path: Path) -> None:
    assert read(tmp_path, "kV", "V")[:2] == [220.0, 235400.0]


def test_a_temperature_recorded_in_kelvin_is_one_in_degc(tmp_path: Path) -> None:
    _, rows = opened(tmp_path, "id,x\na,299.15\nb,273.15\n", table=table("degC"), units={"x": "K"})
    assert [row[1] for row in sorted(rows)] == pytest.approx([26, 0], abs=1e-12)


@pytest.mark.parametrize(
    ("of", "to"), [("Mvar", "MW"), ("%", "% of rating"), ("Nm3/h", "m3/h"), ("t", "tce"), ("degC", "MW")]
)
def test_a_column_of_another_kind_is_refused(of: str, to: str) -> None:
    faults = list(source_faults(TableSource(path="a.csv", units={"x": of}), table(to)))
    assert [part for part, _ in faults] == ["units"]
    assert "does not convert" in faults[0][1].en
