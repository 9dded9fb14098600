"""The ledger across packs: what excludes what, at the limits, under profiles, and with entries split or left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from simulators import Judge, imported

from conformance.model.outcome import Outcome
from conformance.packs import load
from conformance.packs.profiles import tailor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/ecosystem/ledger"
FIXTURES = ROOT / "fixtures/systems/ledger"
PACK = load(FOLDER)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    """The faults of the simulator, and what they are made of."""
    with imported(FIXTURES, "ledger_faults") as module:
        yield module


EXCLUDE = [
    ("direct-connection", "feed-in"),
    ("green-certificate", "carbon-credit"),
    ("green-certificate", "self-use-claim"),
    ("cover-direct", "cover-certificate"),
    ("green-share", "product-claim"),
    ("demand-response", "frequency-regulation"),
    ("demand-response", "backup-test"),
    ("bond-finance", "reit-finance"),
]
"""Of the candidate rules 04 R1, 05 R3 and R5, 08 R11 and 09 R13, and of their seeded faults."""
STAND_BESIDE = [("direct-connection", "self-use-claim"), ("green-share", "market-based"), ("reit", "lease")]
GROUPS = {row.eq["purpose"]: row for row in PACK.limits["group-of-purpose"].rows}


def test_purposes_that_must_not_share_a_thing_are_of_one_group_and_others_are_not() -> None:
    of = {purpose: (row.eq["kind"], row.figure.value) for purpose, row in GROUPS.items()}
    assert [pair for pair in EXCLUDE if of[pair[0]] != of[pair[1]]] == []
    assert [pair for pair in STAND_BESIDE if of[pair[0]] == of[pair[1]]] == []
    assert len(set(of.values())) == len({group for _, group in of.values()})  # no group is of two kinds


def test_each_purpose_and_group_of_the_schema_is_in_the_tables() -> None:
    kinds = yaml.safe_load((FOLDER / "schemas/kinds.json").read_text(encoding="utf-8"))["$defs"]
    assert sorted(GROUPS) == sorted(kinds["purpose"]["enum"])
    assert [row.eq["group"] for row in PACK.limits["number-of-group"].rows] == kinds["group"]["enum"]
    card = yaml.safe_load((FOLDER / "schemas/card.json").read_text(encoding="utf-8"))
    assert card["properties"]["packs"]["items"]["enum"] == kinds["pack"]["enum"]


def test_exclusion_of_certificates_and_credits_is_known_from_one_source_and_the_rest_is_our_own() -> None:
    told = {purpose for purpose, row in GROUPS.items() if row.figure.status == "secondary-single"}
    assert told == {"green-certificate", "carbon-credit"}
    assert {row.figure.status for purpose, row in GROUPS.items() if purpose not in told} == {"project"}


@pytest.mark.parametrize(
    ("more", "outcome"), [(0.0, Outcome.PASSED), (0.0009, Outcome.PASSED), (0.0011, Outcome.FAILED)]
)
def test_a_kwh_twice_is_found_down_to_the_rounding_of_the_ledger(
    more: float, outcome: Outcome, simulator: Any, judge: Judge
) -> None:
    made = simulator.record(None)
    made.block("uses", claim="fed-in")["energy"][5] += more
    assert judge(made, "kwh-supplied-once")["kwh-supplied-once"].outcome is outcome


def test_what_fits_over_a_month_may_not_fit_each_interval(simulator: Any, judge: Judge) -> None:
    """The trap: certificates cover no more than the year, and consumption is still covered twice."""
    names = ("consumption-covered-once", "certificate-cover-from-certificates", "claimed-energy")
    found = judge(simulator.record("covers-more-than-it-consumed"), *names)
    assert [found[name].outcome for name in names] == [Outcome.FAILED, Outcome.PASSED, Outcome.PASSED]


def test_claims_that_are_hidden_in_another_group_are_found_by_the_group_alone(simulator: Any, judge: Judge) -> None:
    made = simulator.record("sells-the-certificate-and-claims")
    made.block("uses", claim="self-use-too")["group"][:] = "proceeds"
    found = judge(made, "attribute-used-once", "group-of-purpose")
    assert found["attribute-used-once"].outcome is Outcome.PASSED
    assert found["group-of-purpose"].outcome is Outcome.FAILED


def test_under_the_profile_of_china_two_products_may_share_a_resource_within_its_capacity(
    simulator: Any, judge: Judge
) -> None:
    found = judge(simulator.record("splits-capacity-between-products"), "one-product", "capacity-offered-once")
    assert found["one-product"].outcome is Outcome.FAILED
    assert found["capacity-offered-once"].outcome is Outcome.PASSED
    assert "ledger/one-product" not in tailor(PACK, "china", as_of="2026-11-22").rules
    assert "ledger/one-product" in tailor(PACK, "zhejiang", as_of="2026-11-22").rules


def test_splitting_an_entry_changes_no_total(simulator: Any, judge: Judge) -> None:
    made = simulator.record(None)
    block = made.block("uses", claim="fed-in")
    half = {name: values.copy() for name, values in block.items()}
    block["energy"], half["energy"] = 0.25 * block["energy"], 0.75 * half["energy"]
    half["use"] = half["use"] + "-b"
    made.tables["uses"].append(half)
    totals = ("kwh-supplied-once", "claimed-energy", "use-ends-with-its-source")
    found = judge(made, *totals, "entered-once")
    assert {found[name].outcome for name in totals} == {Outcome.PASSED}
    assert found["entered-once"].outcome is Outcome.FAILED  # the ledger keeps one entry where there is one use


@pytest.mark.parametrize("rate", [2, 50])
def test_entries_that_are_left_out_are_missed_in_their_claim(rate: int, simulator: Any, judge: Judge) -> None:
    """Who leaves a second use out of the ledger has to leave it out of the claim as well."""
    made = simulator.record(None)
    block = made.block("uses", claim="fed-in")
    for name in block:
        block[name] = np.delete(block[name], slice(0, None, rate))
    found = judge(made, "claimed-energy", "claim-rests-on-entries")
    assert found["claimed-energy"].outcome is Outcome.FAILED
    assert found["claim-rests-on-entries"].outcome is Outcome.FAILED  # its first entry is among them


def test_energy_of_the_ledger_is_that_of_the_campus(simulator: Any) -> None:
    made = simulator.record(None)
    site = made.campus
    sums = {str(block["claim"][0]): block["energy"].sum() for block in made.tables["uses"]}
    assert sums["direct"] == pytest.approx(site.direct.sum(), rel=1e-12)
    assert sums["covered-directly"] == pytest.approx(site.direct.sum(), rel=1e-12)
    assert sums["fed-in"] == pytest.approx(site.green.hours["fed_in"].sum(), rel=1e-12)
    supplied = sums["direct"] + sums["own-use"]
    assert supplied == pytest.approx(site.green.hours["self_used"].sum(), rel=1e-9)
    assert sums["covered-by-certificates"] == pytest.approx(sums["green-share"], rel=1e-12)


def test_the_changelog_names_rules_and_requirements_that_are_there() -> None:
    lines = (FOLDER / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")][1:]
    requirements = {id_.rpartition("/")[2] for id_ in PACK.requirements}
    rules = {id_.rpartition("/")[2] for id_ in PACK.rules}
    assert {f"G{n}" for n in range(1, 9)} <= {row[0] for row in table}
    for candidate, named, text in table:
        assert set(named.replace(",", " ").split()) <= requirements, candidate
        words = {word.strip(";,()") for word in text.split()}
        assert {w for w in words if w.count("-") >= 2 and w != "green-direct-connection"} <= rules, candidate
