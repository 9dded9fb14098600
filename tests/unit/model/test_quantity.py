from __future__ import annotations

import re
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.quantity import ONE, UnknownUnit, convert, linear, quantity, symbols, unit

DOCS = Path(__file__).parents[3] / "docs"


def listed(page: str) -> list[list[str]]:
    """The units of each line of the table of a page, kind by kind."""
    rows = [line for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [re.findall(r"`([^`]+)`", row.split("|")[2]) for row in rows[1:]]


@pytest.mark.parametrize("page", ["units.md", "units.zh-CN.md"])
def test_the_page_lists_every_unit_once_by_kind(page: str) -> None:
    kinds = listed(page)
    assert sorted(symbol for kind in kinds for symbol in kind) == sorted(symbols())
    for kind in kinds:
        assert all(unit(symbol).comparable(unit(kind[0])) for symbol in kind)
    for one, other in combinations(kinds, 2):
        assert not unit(one[0]).comparable(unit(other[0]))


def test_both_pages_list_the_same() -> None:
    assert listed("units.md") == listed("units.zh-CN.md")


def test_every_unit_named_anywhere_on_the_page_is_known() -> None:
    shown = set(re.findall(r"`([^`]+)`", (DOCS / "units.md").read_text(encoding="utf-8")))
    examples = {s for s in shown if re.fullmatch(r"[A-Za-z%][A-Za-z0-9% _/^*()]*", s) and ("/" in s or " of " in s)}
    for symbol in examples - {"conformance/model/quantity.py"}:
        assert unit(symbol)
    assert {"MW/min", "% of rating", "kWh/(m2*a)"} <= examples


@pytest.mark.parametrize(
    "symbol",
    [
        "MW/min", "MW/s", "Hz/s", "kgCO2e/kWh", "gCO2e/MJ", "kgCO2/kWh", "CNY/MWh", "CNY/kWh", "fen/kWh", "tce/t",
        "gce/kWh", "L/kWh", "m3/MWh", "mg/m3", "m/s", "m3/h", "Nm3/h", "kg/s", "W/m2", "kWh/m2", "kWh/(m2*a)", "Gbit/s",
        "PFLOP/s", "MVA*s", "MW/Hz", "V/A", "1/a", "1/d", "% of rating", "% of volume", "% of LEL", "% of I_L",
        "% of rated voltage", "% of rating/min", "pu of voltage", "pu/s", "ppm of volume", "m^2", "kW·h",
    ],
)  # fmt: skip
def test_units_that_packs_need_can_be_written(symbol: str) -> None:
    assert unit(symbol).symbol == symbol


@pytest.mark.parametrize(
    "symbol",
    [
        "parsec", "mw", "MWs", "2 MW", "1000*MW", "MW min", "MW**2", "MW^99", "MW/", "/MW", "(MW", "MW//h", "% of ",
        "%of rating", "%/%", "degC/h", "h*degC", "K + K", "MW; import", "x" * 70, "MW/((h))", "°C", "。",
    ],
)  # fmt: skip
def test_what_is_not_on_the_list_is_unknown(symbol: str) -> None:
    with pytest.raises(UnknownUnit):
        unit(symbol)


APART = [
    ("MW", "Mvar"), ("MW", "MVA"), ("Mvar", "MVA"), ("MWh", "Mvarh"), ("MWh", "MVAh"), ("MW", "MWh"), ("kV", "kA"),
    ("m3", "Nm3"), ("t", "tce"), ("t", "tCO2e"), ("tCO2", "tCO2e"), ("CNY", "EUR"), ("K", "degC"), ("Hz", "1/s"),
    ("%", "% of rating"), ("1", "% of rating"), ("% of rating", "% of load"), ("pu", "pu of voltage"),
    ("% of volume", "% of LEL"), ("% of rating", "% of rating/min"), ("kgCO2e/kWh", "kgCO2e/tce"), ("B", "FLOP"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), APART)
def test_kinds_do_not_mix(one: str, other: str) -> None:
    assert not unit(one).comparable(unit(other))
    with pytest.raises(ValueError, match="does not convert"):
        convert(1.0, unit(one), unit(other))


ALIKE = [
    (0.22, "kV", "V", 220.0), (220.0, "V", "kV", 0.22), (235.4, "V", "kV", 0.2354), (0.07, "pu", "%", 7.0),
    (0.07, "pu of voltage", "% of voltage", 7.0), (24.0, "ppm", "%", 0.0024), (1.0, "L/kWh", "m3/MWh", 1.0),
    (570.3, "gCO2e/kWh", "kgCO2e/MWh", 570.3), (0.5703, "kgCO2e/kWh", "tCO2e/MWh", 0.5703), (1.0, "MWh", "GJ", 3.6),
    (18.0, "gCO2e/MJ", "kgCO2e/kWh", 0.0648), (50.0, "fen/kWh", "CNY/MWh", 500.0),
    (122.9, "gce/kWh", "tce/MWh", 0.1229),
    (1.0, "a", "d", 365.0), (90.0, "s", "min", 1.5), (0.1, "MPa", "bar", 1.0), (8.0, "bit", "B", 1.0),
    (3.6, "MW/h", "kW/s", 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("value", "of", "to", "expected"), ALIKE)
def test_figures_convert_as_they_are_written(value: float, of: str, to: str, expected: float) -> None:
    assert convert(value, unit(of), unit(to)) == expected


@pytest.mark.parametrize(("value", "of", "to", "expected"), ALIKE)
def test_recorded_values_convert_by_one_rule_up_to_rounding(value: float, of: str, to: str, expected: float) -> None:
    assert linear(unit(of), unit(to))(value) == pytest.approx(expected, rel=5e-16, abs=0)


@given(st.decimals(-10_000, 10_000, places=4), st.sampled_from(["kV", "mV", "V"]), st.sampled_from(["kV", "mV", "V"]))
def test_powers_of_ten_are_exact(value: object, of: str, to: str) -> None:
    exact = Fraction(str(value)) * unit(of).exact / unit(to).exact
    assert convert(float(str(value)), unit(of), unit(to)) == float(exact)
    assert linear(unit(of), unit(to))(float(str(value))) == pytest.approx(float(exact), rel=5e-16, abs=0)


def test_a_temperature_that_was_recorded_converts_with_its_zero_and_a_difference_does_not_exist_in_degc() -> None:
    assert linear(unit("degC"), unit("K"))(26.0) == 299.15
    assert linear(unit("K"), unit("degC"))(299.15) == pytest.approx(26.0, abs=1e-12)
    assert unit("degC").difference == unit("K")
    assert unit("degC").times(unit("min"), -1).comparable(unit("K/min"))


def test_a_product_loses_the_base_of_a_ratio_and_a_rate_of_it_does_not() -> None:
    rate, share = unit("% of rating/min"), unit("% of rating")
    assert share.times(unit("min"), -1).comparable(rate)
    assert rate.times(unit("min")).comparable(share)
    assert unit("min").times(rate).comparable(share)
    assert share.times(unit("MW")).comparable(unit("MW"))
    assert rate.times(unit("MW")).comparable(unit("MW/h"))
    assert share.times(share, -1).comparable(ONE)
    assert not share.times(unit("% of load"), -1).comparable(share)


def test_a_quotient_is_written_so_that_it_means_the_same() -> None:
    found = unit("MW").times(unit("m2*a"), -1)
    assert unit(found.symbol) == found


@pytest.mark.parametrize("text", ["MW", "1e999 MW", "x 5", ""])
def test_a_quantity_begins_with_a_finite_number(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)
    assert quantity("-5e-1 degC") == (-0.5, unit("degC"))
