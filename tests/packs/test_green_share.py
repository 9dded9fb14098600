"""What the pack green-share promises: both comparators at 80 %, one campus with other packs, relations of the share."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.assess import assess, make_plan
from conformance.cli import common
from conformance.evidence import read_record
from conformance.model.outcome import Outcome
from conformance.packs import load, read_system, tailor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/energy-for-compute/green-share"
FIXTURES = ROOT / "fixtures/systems/green-share"
PACK = load(FOLDER)
DEFECTS: list[dict[str, Any]] = yaml.safe_load((FIXTURES / "defects.yaml").read_text(encoding="utf-8"))
SHARES = {"share-eighty", "share-above-eighty"}


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    """The faults of the simulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FIXTURES))
        yield importlib.import_module("green_share_faults")
        for name in ("green_share_faults", "green_share_year", "campus"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def reference(faults: Any) -> Any:
    """The year that conforms; not to be changed."""
    return faults.record(None)


def outcomes(recording: Any, folder: Path, names: set[str]) -> dict[str, Outcome]:
    """What the rules ``names`` say of ``recording``, by name; only the tables that they speak of are written."""
    rules = {id_: rule for id_, rule in PACK.rules.items() if id_.rpartition("/")[2] in names}
    spoken = {r.applies_to for r in rules.values()} | {j.table for r in rules.values() for j in r.joins.values()}
    pack = evolve(PACK, rules=rules)
    recording.tables = {name: table for name, table in recording.tables.items() if name in spoken}
    recording.write(folder)
    written = yaml.safe_load((FIXTURES / "system.yaml").read_text(encoding="utf-8"))
    written["tables"] = {name: source for name, source in written["tables"].items() if name in spoken}
    (folder / "system.yaml").write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    plan = make_plan(pack, read_system(folder / "system.yaml", [pack]), oracle=None, settings=common.settings_for(pack))
    assess(plan, record=folder / "run.jsonl", scratch=folder / "scratch")
    found = {f.rule.rpartition("/")[2]: f.outcome for f in read_record(folder / "run.jsonl").findings}
    return {name: found[name] for name in names}


# The share, and where documents disagree


def test_exactly_eighty_passes_at_least_and_fails_more_than(faults: Any, tmp_path: Path) -> None:
    found = outcomes(faults.record("just-eighty"), tmp_path, SHARES)
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


def test_a_share_of_it_alone_looks_greener_and_is_found(faults: Any, reference: Any, tmp_path: Path) -> None:
    made = faults.record("it-as-denominator")
    assert made.tables["claims"]["share"][0] > reference.tables["claims"]["share"][0] + 10
    found = outcomes(made, tmp_path, {"share-eighty", "denominator-is-edc", "stated-consumption"})
    assert found["share-eighty"] is Outcome.PASSED  # alone it would be taken in
    assert found["denominator-is-edc"] is found["stated-consumption"] is Outcome.FAILED
    for name in ("denominator-is-edc", "stated-consumption"):
        assert "green-share/R1" in PACK.rules[f"green-share/{name}"].requirements


def test_months_beyond_all_are_hidden_by_the_year(faults: Any, tmp_path: Path) -> None:
    found = outcomes(faults.record("month-above-all"), tmp_path, {*SHARES, "stated-share", "month-not-above-all"})
    assert found.pop("month-not-above-all") is Outcome.FAILED
    assert set(found.values()) == {Outcome.PASSED}


def test_without_a_weight_of_its_area_a_facility_does_not_pass(faults: Any, tmp_path: Path) -> None:
    made = faults.record(None)
    made.tables["weights"]["area"] = np.array(["another-area"])
    names = {"share-at-least-weight", "nonhydro-at-least-weight", "points-above-zero"}
    assert set(outcomes(made, tmp_path, names).values()) == {Outcome.INCONCLUSIVE}


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


def test_defects_faults_and_rules_name_each_other(faults: Any) -> None:
    implicit = {defect["id"] for defect in DEFECTS if "implicit" in defect}
    known = {defect["id"] for defect in DEFECTS}
    tested = [rule for rule in PACK.rules.values() if rule.attested is None]
    assert all(rule.kills for rule in tested)
    assert {name for rule in tested for name in rule.kills} == known - implicit
    assert {defect["fault"] for defect in DEFECTS if "fault" in defect} == faults.FAULTS
    assert len(known) == len(DEFECTS)


def test_no_figure_claims_to_be_normative() -> None:
    """No clause was read, so no figure of this pack may certify before an authority adopts it."""
    rows = [row.figure for table in PACK.limits.values() for row in table.rows]
    own = [p for rule in PACK.rules.values() for p in rule.parameters.values() if hasattr(p, "status")]
    assert rows
    assert own
    assert {figure.basis(PACK.sources) for figure in [*rows, *own]} == {"indicative"}


def test_every_candidate_rule_of_the_project_is_accounted_for() -> None:
    lines = (FOLDER / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    known = {id_.rpartition("/")[2] for id_ in PACK.requirements}
    for number in range(1, 13):
        line = next(line for line in lines if line.startswith(f"| R{number} |"))
        named = set(line.split("|")[2].replace(",", " ").split())
        assert named, line
        assert named <= known, line
