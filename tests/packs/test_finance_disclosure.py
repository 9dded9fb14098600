"""What the pack finance-disclosure promises: one campus behind every document, nothing counted twice, no trick pays."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import Judge, imported

from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Finding
from conformance.model.standard import Rule
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures/systems/finance-disclosure"
PACK = load(ROOT / "standards/ecosystem/finance-disclosure")
LEDGER = {"allocated-within-proceeds", "allocated-as-stated", "green-share-of-proceeds", "financed-once"}
"""Rules on sums of the ledger: what the two relations that no rule can ask for are tried on."""


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    """The faults of the simulator, and what they are made of."""
    with imported(FIXTURES, "finance_disclosure_faults") as module:
        yield module


@pytest.fixture(scope="module")
def simulator(faults: Any) -> Any:
    """What the simulator is made of."""
    return importlib.import_module("finance_disclosure_recording")


def name_of(rule: Rule) -> str:
    return rule.id.rpartition("/")[2]


def outcomes(found: Mapping[str, Finding]) -> dict[str, Outcome]:
    return {name: finding.outcome for name, finding in found.items()}


# One campus behind every document


def test_energy_racks_and_dates_are_those_of_the_campus_that_all_packs_share(simulator: Any) -> None:
    recording, campus = simulator.Recording(seed=2), simulator.campus
    account = recording.tables["years"][0]
    own = recording.campus.green.hours
    assert account["consumption"] == pytest.approx(own["load"].sum())
    assert account["green"] <= own["self_used"].sum()  # of self-use a part runs the plant itself
    assert 0 < account["it"] < account["consumption"]
    facility = recording.tables["facilities"][0]
    assert (facility["design_racks"], facility["installed_racks"]) == (
        campus.RACKS["design"],
        campus.RACKS["installed"],
    )
    assert {row["billed"] for row in recording.tables["racks"][:4]} == {campus.RACKS["used"]}
    assert recording.tables["funds"][0]["operating"] == campus.COMMISSIONED


def test_one_seed_gives_one_recording(simulator: Any) -> None:
    one, same, other = (simulator.Recording(seed=seed).tables for seed in (1, 1, 2))
    assert one == same
    assert one != other


# Traps


def test_two_names_of_a_project_hide_no_asset(faults: Any, judge: Judge) -> None:
    recording = faults.record("same-facility-in-two-bonds")
    for row in recording.rows("allocations", instrument="bond-2", asset="hall-2"):
        row["project"] = "phase-two"
    assert outcomes(judge(recording, "financed-once")) == {"financed-once": Outcome.FAILED}


def test_units_that_all_filings_tell_wrongly_alike_are_found_by_what_was_raised(faults: Any, judge: Judge) -> None:
    recording = faults.record("units-swapped-between-funds")
    units = {row["fund"]: row["units"] for row in recording.tables["funds"]}
    for row in recording.tables["filings"]:
        row["units"] = units[row["fund"]]
    found = outcomes(judge(recording, "units-across-filings", "filed-units-as-registered", "units-times-price"))
    assert found == {
        "units-across-filings": Outcome.PASSED,
        "filed-units-as-registered": Outcome.PASSED,
        "units-times-price": Outcome.FAILED,
    }


def test_a_figure_that_is_left_out_never_turns_a_failure_into_a_pass(faults: Any, judge: Judge) -> None:
    recording = faults.record("pays-wages-from-proceeds")
    for row in recording.rows("allocations", purpose="working-capital"):
        row["amount"] = None
    found = judge(recording, "green-share-of-proceeds", "allocated-as-stated")
    assert all(finding.outcome is not Outcome.PASSED for finding in found.values())


def test_a_mean_of_hourly_values_is_told_from_the_ratio_of_the_year(faults: Any, simulator: Any, judge: Judge) -> None:
    recording = faults.record("hourly-mean-as-annual")
    site = recording.campus
    assert np.mean(site.edc / site.it) > site.edc.sum() / site.it.sum() + 0.001
    assert outcomes(judge(recording, "stated-pue")) == {"stated-pue": Outcome.FAILED}


# At the limit


@pytest.mark.parametrize(
    ("standard", "other", "outcome"),
    [
        ("eu-gbs", 135.0, Outcome.PASSED),
        ("eu-gbs", 135.1, Outcome.FAILED),
        ("china-gbp", 0.0, Outcome.PASSED),
        ("china-gbp", 0.1, Outcome.FAILED),
    ],
)
def test_the_green_share_is_exact(standard: str, other: float, outcome: Outcome, simulator: Any, judge: Judge) -> None:
    recording = simulator.Recording()
    line = recording.tables["allocations"][0] | {"instrument": "bond-2", "line": "a", "asset": "line"}
    recording.tables["allocations"] = [
        line | {"amount": 900 - other, "green": True},
        line | {"line": "b", "amount": other, "green": False},
    ]
    recording.tables["instruments"] = [recording.tables["instruments"][1] | {"standard": standard}]
    found = judge(recording, "green-share-of-proceeds", "allocated-as-stated")
    assert outcomes(found) == {"green-share-of-proceeds": outcome, "allocated-as-stated": Outcome.PASSED}


def test_a_bond_of_no_known_standard_has_no_limit_and_does_not_pass(simulator: Any, judge: Judge) -> None:
    recording = simulator.Recording()
    recording.tables["instruments"][0]["standard"] = "none"
    finding = judge(recording, "green-share-of-proceeds")["green-share-of-proceeds"]
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, Reason.NO_LIMIT)


def test_the_cap_of_leverage_is_the_rule_of_140_per_cent_of_net_assets() -> None:
    cap = PACK.rules["finance-disclosure/leverage"].parameters["cap"]
    two_sevenths = 100 * (140 - 100) / 140
    assert 0 <= two_sevenths - cap.value < 0.01  # type: ignore[union-attr]


# The relations of the candidate rules


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(0, 1000), min_size=1, max_size=40).filter(lambda cash: sum(cash) > 1),
    st.floats(0.1, 20),
    st.floats(0.1, 5),
)
def test_a_higher_rate_gives_a_lower_value_of_cash_flows_that_are_not_negative(
    simulator: Any, cash: list[float], rate: float, more: float
) -> None:
    low, high = (simulator.present_value(cash, r) for r in (rate, rate + more))
    assert high < low
    second = sum(c * np.exp(-n * np.log1p(rate / 100)) for n, c in enumerate(cash, start=1))
    assert low == pytest.approx(second)


def test_with_a_large_outlay_at_the_end_a_higher_rate_gives_a_higher_value(simulator: Any) -> None:
    cash = [10.0, 10.0, -100.0]  # why the rule names its condition
    assert simulator.present_value(cash, 8) > simulator.present_value(cash, 6)


@pytest.mark.parametrize("fault", [None, "same-facility-in-two-bonds", "widens-the-flexible-part"])
def test_splitting_lines_and_changing_the_currency_change_no_verdict(
    fault: str | None, faults: Any, judge: Judge
) -> None:
    plain = outcomes(judge(faults.record(fault), *LEDGER))
    split = faults.record(fault)
    split.tables["allocations"] = [
        row | {"line": f"{row['line']}-{n}", "amount": part * row["amount"], "repaid": part * row["repaid"]}
        for row in split.tables["allocations"]
        for n, part in enumerate((0.25, 0.75))
    ]
    rescaled = faults.record(fault)
    money = {"allocations": ("amount", "repaid"), "instruments": ("proceeds", "allocated"), "assets": ("cost",)}
    for table, columns in money.items():
        rescaled.tables[table] = [row | {name: 0.125 * row[name] for name in columns} for row in rescaled.tables[table]]
    assert outcomes(judge(split, *LEDGER)) == plain
    assert outcomes(judge(rescaled, *LEDGER)) == plain
    assert (Outcome.FAILED in plain.values()) == (fault is not None)


# The pack


@pytest.mark.parametrize(
    ("profile", "left"),
    [
        ("china-green-bond", 45),
        ("china-green-bond-24-months", 45),
        ("european-green-bond", 41),
        ("china-reit", 40),
        ("china-reit-earlier-yield", 40),
    ],
)
def test_a_profile_leaves_the_rules_that_it_states(profile: str, left: int) -> None:
    assert len(tailor(PACK, profile, as_of="2026-11-22").rules) == left


def test_every_rule_stands_in_some_profile() -> None:
    names = ("china-green-bond", "european-green-bond", "china-reit")
    assert {rule for name in names for rule in tailor(PACK, name, as_of="2026-11-22").rules} == set(PACK.rules)
