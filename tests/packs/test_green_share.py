"""What the pack green-share promises: both comparators at 80 %, one campus with other packs, relations of the share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import Judge, imported

from conformance.model.outcome import Outcome
from conformance.model.run import Finding
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures/systems/green-share"
PACK = load(ROOT / "standards/energy-for-compute/green-share")
SHARES = {"share-eighty", "share-above-eighty"}


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    """The faults of the simulator, and what they are made of."""
    with imported(FIXTURES, "green_share_faults") as module:
        yield module


@pytest.fixture(scope="module")
def reference(faults: Any) -> Any:
    """The year that conforms; not to be changed."""
    return faults.record(None)


def outcomes(found: Mapping[str, Finding]) -> dict[str, Outcome]:
    return {name: finding.outcome for name, finding in found.items()}


# The share, and where documents disagree


def test_exactly_eighty_passes_at_least_and_fails_more_than(faults: Any, judge: Judge) -> None:
    found = outcomes(judge(faults.record("just-eighty"), *SHARES))
    assert found == {"share-eighty": Outcome.PASSED, "share-above-eighty": Outcome.FAILED}


@pytest.mark.parametrize(
    ("profile", "kept"),
    [
        ("weights-2025", {"share-eighty"}),
        ("opinions-2025", {"share-above-eighty"}),
        ("opinions-2023", {"share-above-eighty"}),
        ("green-data-centre-2025", set()),
    ],
)
def test_each_document_has_a_profile_with_its_comparator(profile: str, kept: set[str]) -> None:
    rules = tailor(PACK, profile, as_of="2026-11-22").rules
    assert {id_.rpartition("/")[2] for id_ in rules} & SHARES == kept


def test_a_share_of_it_alone_looks_greener_and_is_found(faults: Any, reference: Any, judge: Judge) -> None:
    made = faults.record("it-as-denominator")
    assert made.tables["claims"]["share"][0] > reference.tables["claims"]["share"][0] + 10
    found = outcomes(judge(made, "share-eighty", "denominator-is-edc", "stated-consumption"))
    assert found["share-eighty"] is Outcome.PASSED  # alone it would be taken in
    assert found["denominator-is-edc"] is found["stated-consumption"] is Outcome.FAILED
    for name in ("denominator-is-edc", "stated-consumption"):
        assert "green-share/R1" in PACK.rules[f"green-share/{name}"].requirements


def test_months_beyond_all_are_hidden_by_the_year(faults: Any, judge: Judge) -> None:
    found = outcomes(judge(faults.record("month-above-all"), *SHARES, "stated-share", "month-not-above-all"))
    assert found.pop("month-not-above-all") is Outcome.FAILED
    assert set(found.values()) == {Outcome.PASSED}


def test_without_a_weight_of_its_area_a_facility_does_not_pass(faults: Any, judge: Judge) -> None:
    made = faults.record(None)
    made.tables["weights"]["area"] = np.array(["another-area"])
    names = {"share-at-least-weight", "nonhydro-at-least-weight", "points-above-zero"}
    assert set(outcomes(judge(made, *names)).values()) == {Outcome.INCONCLUSIVE}


# One campus


def test_the_year_is_that_of_the_campus(faults: Any, reference: Any) -> None:
    campus = faults.campus.Campus(seed=1)
    claim, months = reference.tables["claims"], reference.tables["months"]
    assert claim["consumption"][0] == pytest.approx(campus.edc.sum(), rel=1e-12)
    assert claim["own"][0] == pytest.approx(campus.direct.sum(), rel=1e-12)
    assert reference.documents["energy-report"]["it"] == pytest.approx(campus.it.sum(), rel=1e-12)
    bought = months["traded"] + months["unbundled"]
    assert (
        bought <= np.bincount(campus.months() - 1, campus.grid)
    ).all()  # certificates stand for what the grid brought


def test_one_seed_makes_the_same_recording(faults: Any, reference: Any) -> None:
    again = faults.record(None)
    for name, table in reference.tables.items():
        for column, values in table.items():
            assert (again.tables[name][column] == values).all(), (name, column)
    assert again.documents == reference.documents


# Relations that no rule can ask for, as there is no operation


MONTH = st.tuples(st.floats(0, 900), st.integers(0, 900), st.floats(1, 2000))
"""Own supply, certificates, consumption; MWh."""


def share(months: list[tuple[float, int, float]]) -> float:
    """The share of green electricity over ``months``."""
    own, certificates, consumption = np.array(months, dtype=float).T
    return float((own + certificates).sum() / consumption.sum())


@settings(max_examples=400, deadline=None)
@given(st.lists(MONTH, min_size=1, max_size=12), st.integers(0, 11), st.integers(1, 50))
def test_more_certificates_never_lower_the_share(months: list[tuple[float, int, float]], where: int, more: int) -> None:
    own, certificates, consumption = months[where % len(months)]
    after = list(months)
    after[where % len(months)] = (own, certificates + more, consumption)
    assert share(after) >= share(months)


@settings(max_examples=400, deadline=None)
@given(st.lists(MONTH, min_size=1, max_size=12), st.lists(MONTH, min_size=1, max_size=12))
def test_two_facilities_together_have_the_mean_weighted_by_energy(
    one: list[tuple[float, int, float]], other: list[tuple[float, int, float]]
) -> None:
    weights = [sum(m[2] for m in one), sum(m[2] for m in other)]
    assert share(one + other) == pytest.approx(np.average([share(one), share(other)], weights=weights), rel=1e-9)


# The pack
