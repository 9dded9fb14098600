"""What the pack carbon-footprint promises besides what every recorded pack does: traps, identities, boundaries."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Mapping
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
from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Finding
from conformance.packs import load, read_system, tailor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/energy-for-compute/carbon-footprint"
FIXTURES = ROOT / "fixtures/systems/carbon-footprint"
PACK = load(FOLDER)
DEFECTS: list[dict[str, Any]] = yaml.safe_load((FIXTURES / "defects.yaml").read_text(encoding="utf-8"))
DRAFT = {
    "hour-of-the-meter", "hour-recomputed", "stated-hourly", "mean-factor", "covariance-recomputed",
    "hourly-less-average", "hourly-matching", "deliverable",
}  # fmt: skip
"""Rules of the consultation draft on Scope 2, which is not in force."""


@pytest.fixture(scope="module")
def simulator() -> Any:
    """The simulator and its faults; other packs have modules of the same names."""
    own = ("simulate", "carbon_footprint_faults", "campus")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FIXTURES))
        for name in own:
            patch.delitem(sys.modules, name, raising=False)
        yield importlib.import_module("simulate")
        for name in own:
            sys.modules.pop(name, None)


@pytest.fixture
def record(simulator: Any) -> Callable[[str | None], Any]:
    """The recording with a fault in it, or the reference."""
    faults = importlib.import_module("carbon_footprint_faults")
    return lambda fault: faults.record(simulator.Recording, fault)


@pytest.fixture
def judge(tmp_path: Path) -> Callable[[Any, set[str]], dict[str, Finding]]:
    """Judge a recording by some rules, end to end; by the names of the rules."""

    def judge_(recording: Any, names: set[str]) -> dict[str, Finding]:
        rules = {id_: rule for id_, rule in PACK.rules.items() if id_.rpartition("/")[2] in names}
        assert len(rules) == len(names)
        pack = evolve(PACK, rules=rules)
        spoken = {r.applies_to for r in rules.values()} | {j.table for r in rules.values() for j in r.joins.values()}
        written = yaml.safe_load((FIXTURES / "system.yaml").read_text(encoding="utf-8"))
        written["tables"] = {name: source for name, source in written["tables"].items() if name in spoken}
        place = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        recording.write(place)
        (place / "system.yaml").write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
        system = read_system(place / "system.yaml", [pack])
        plan = make_plan(pack, system, oracle=None, settings=common.settings_for(pack))
        assess(plan, record=place / "run.jsonl", scratch=place / "scratch")
        return {f.rule.rpartition("/")[2]: f for f in read_record(place / "run.jsonl").findings}

    return judge_


# Traps


def test_certificates_beside_the_average_factor_are_found_although_every_figure_is_recomputed(
    record: Callable[[str | None], Any], judge: Callable[[Any, set[str]], dict[str, Finding]]
) -> None:
    made, honest = record("certificates-and-the-average"), record(None)
    assert made.documents["inventory"]["market"] < honest.documents["inventory"]["market"]
    found = judge(made, {"market-kind", "market-recomputed", "factor-as-registered", "factor-region"})
    assert {name for name, f in found.items() if f.outcome is Outcome.FAILED} == {"market-kind"}


def test_a_factor_of_a_year_without_a_known_value_never_passes(
    record: Callable[[str | None], Any], judge: Callable[[Any, set[str]], dict[str, Finding]]
) -> None:
    made = record(None)
    factors = made.tables["factors"]
    factors["year"] = np.where(factors["factor"] == "mee-china-2022", 2024, factors["year"])
    finding = judge(made, {"known-factor"})["known-factor"]
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, Reason.NO_LIMIT)


def test_a_feeder_that_appears_in_no_line_is_found_although_the_sums_agree(
    record: Callable[[str | None], Any], judge: Callable[[Any, set[str]], dict[str, Finding]]
) -> None:
    made = record(None)
    kept = made.tables["lines"]["meter"] == "grid-1"
    made.tables["lines"] = lines = {name: values[kept] for name, values in made.tables["lines"].items()}
    for method in ("location", "market"):
        made.documents["inventory"][method] = float(lines["emissions"][lines["method"] == method].sum())
    found = judge(made, {"lines-cover-the-grid", "stated-location", "stated-market", "line-energy"})
    assert {name for name, f in found.items() if f.outcome is Outcome.FAILED} == {"lines-cover-the-grid"}


@pytest.mark.parametrize("how", ["rows", "values"])
def test_hours_that_are_left_out_never_pass(
    how: str, record: Callable[[str | None], Any], judge: Callable[[Any, set[str]], dict[str, Finding]]
) -> None:
    made = record(None)
    activity = made.tables["activity"]
    if how == "values":
        activity["energy"] = np.where(activity["energy"] > 60000, np.nan, activity["energy"])
    else:
        made.tables["activity"] = {name: values[activity["energy"] <= 60000] for name, values in activity.items()}
    assert judge(made, {"stated-activity"})["stated-activity"].outcome is not Outcome.PASSED


@pytest.mark.parametrize(
    ("share", "outcome"), [(0.9995, Outcome.PASSED), (1.0005, Outcome.PASSED), (1.0015, Outcome.FAILED)]
)
def test_near_its_tolerance_a_stated_figure_is_judged_unrounded(
    share: float,
    outcome: Outcome,
    record: Callable[[str | None], Any],
    judge: Callable[[Any, set[str]], dict[str, Finding]],
) -> None:
    made = record(None)
    made.documents["inventory"]["location"] *= share
    assert judge(made, {"stated-location"})["stated-location"].outcome is outcome


# Identities across rules, and relations that no rule can ask for, tried on the simulator


def test_the_campus_is_the_one_of_the_other_packs(simulator: Any, record: Callable[[str | None], Any]) -> None:
    made, site = record(None), simulator.campus.Campus(seed=1)
    inventory = made.documents["inventory"]
    assert inventory["grid"] + inventory["direct"] + inventory["diesel"] == pytest.approx(site.edc.sum(), rel=1e-12)
    assert made.documents["efficiency"]["it"] == pytest.approx(site.it.sum(), rel=1e-12)


def test_location_and_market_are_what_a_hand_calculation_gives(record: Callable[[str | None], Any]) -> None:
    inventory = record(None).documents["inventory"]
    certified = record(None).documents["green"]["certified"]
    assert inventory["location"] == pytest.approx(0.5366 * inventory["grid"], rel=1e-12)
    assert inventory["market"] == pytest.approx(0.5856 * (inventory["grid"] - certified), rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1.2)), min_size=1, max_size=48))
def test_hourly_less_average_is_the_hours_times_the_covariance(simulator: Any, rows: list[tuple[float, float]]) -> None:
    energy, factor = np.array(rows).T
    difference = (energy * factor).sum() - energy.sum() * factor.mean()
    assert difference == pytest.approx(len(rows) * simulator.covariance(energy, factor), rel=1e-9, abs=1e-6)


@settings(max_examples=6, deadline=None)
@given(shares=st.tuples(st.floats(0, 1.5), st.floats(0, 1.5)))
def test_more_certificates_never_raise_the_market_figure_nor_move_the_other(
    simulator: Any, shares: tuple[float, float]
) -> None:
    found = []
    for share in sorted(shares):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(simulator.ASSUMED, "covered", share)
            made = simulator.Recording()
            made.state()
        found.append(made.documents["inventory"])
    fewer, more = found
    assert more["market"] <= fewer["market"] + 1e-9
    assert more["location"] == fewer["location"]
    assert more["market"] >= 0


@settings(max_examples=6, deadline=None)
@given(name=st.sampled_from(["job", "gpu-servers"]), part=st.floats(0.1, 0.99))
def test_software_intensity_falls_with_energy_and_with_embodied_emissions(
    simulator: Any, name: str, part: float
) -> None:
    whole, less = simulator.Recording(), simulator.Recording()
    whole.state()
    assets = simulator.ASSUMED["assets"]
    changed = (assets["gpu-servers"][0] * part, *assets["gpu-servers"][1:])
    with pytest.MonkeyPatch.context() as patch:
        if name == "job":  # the same tokens from less energy
            patch.setitem(simulator.ASSUMED, "tokens", simulator.ASSUMED["tokens"] / part)
        else:
            patch.setitem(assets, "gpu-servers", changed)
        less.state()
    assert (less.tables["jobs"]["sci"] < whole.tables["jobs"]["sci"]).all()


# The pack


def test_the_simulator_writes_what_its_system_file_names(tmp_path: Path) -> None:
    command = [sys.executable, str(FIXTURES / "simulate.py"), "--output", str(tmp_path), "--fault", "pue-twice"]
    subprocess.run(command, check=True, timeout=120)
    system = yaml.safe_load((FIXTURES / "system.yaml").read_text(encoding="utf-8"))
    places = [source["path"] for source in system["tables"].values()] + list(system["documents"].values())
    assert {Path(place).name for place in places} == {file.name for file in tmp_path.iterdir()}


def test_factors_of_the_simulator_are_those_of_the_pack(simulator: Any) -> None:
    rows = PACK.limits["grid-factor"].rows
    assert {float(row.figure.value) for row in rows} == {factor[-1] for factor in simulator.FACTORS}


def test_rules_of_the_draft_never_certify(simulator: Any) -> None:
    watched = {id_.rpartition("/")[2] for id_, rule in PACK.rules.items() if rule.status == "watch"}
    assert watched == DRAFT
    left = {id_.rpartition("/")[2] for id_ in tailor(PACK, "scope2-2015", as_of="2026-11-22").rules}
    assert not left & DRAFT
    assert left | DRAFT == {id_.rpartition("/")[2] for id_ in PACK.rules}


def test_no_figure_claims_to_be_normative() -> None:
    """No clause was read, so no figure of this pack may certify before an authority adopts it."""
    rows = [row.figure for table in PACK.limits.values() for row in table.rows]
    own = [p for rule in PACK.rules.values() for p in rule.parameters.values() if hasattr(p, "status")]
    assert rows
    assert own
    assert {figure.basis(PACK.sources) for figure in [*rows, *own]} == {"indicative"}


def test_defects_and_rules_name_each_other(simulator: Any) -> None:
    faults = importlib.import_module("carbon_footprint_faults")
    known = {defect["id"] for defect in DEFECTS}
    tested = [rule for rule in PACK.rules.values() if rule.attested is None]
    assert all(rule.kills for rule in tested)
    assert {name for rule in tested for name in rule.kills} == known
    assert {defect["fault"] for defect in DEFECTS if "fault" in defect} == faults.FAULTS
    assert len(known) == len(DEFECTS)


def test_every_requirement_has_a_rule_or_a_reason() -> None:
    checked = {requirement for rule in PACK.rules.values() for requirement in rule.requirements}
    for id_, requirement in PACK.requirements.items():
        assert (id_ in checked) == (requirement.automation != "not-tested")
        assert requirement.automation == "automated" or requirement.reason is not None


def test_every_candidate_rule_of_the_project_is_accounted_for() -> None:
    lines = (FOLDER / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    known = {id_.rpartition("/")[2] for id_ in PACK.requirements}
    for number in range(1, 14):
        line = next(line for line in lines if line.startswith(f"| R{number} |"))
        named: Mapping[str, None] = dict.fromkeys(line.split("|")[2].replace(",", " ").split())
        assert named, line
        assert set(named) <= known, line
