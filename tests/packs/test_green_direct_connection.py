"""What the pack green-direct-connection promises: its simulated year passes, the trap of the denominator is found."""

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
from conformance.model.run import Finding, Record
from conformance.model.standard import Rule
from conformance.packs import load, read_system, tailor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/energy-for-compute/green-direct-connection"
FIXTURES = ROOT / "fixtures/systems/green-direct-connection"
PACK = load(FOLDER)
DEFECTS: list[dict[str, Any]] = yaml.safe_load((FIXTURES / "defects.yaml").read_text(encoding="utf-8"))
ELSEWHERE = {"off-grid-exchanges-nothing", "additionality", "zone-share", "low-intensity"}
"""Rules that do not apply to the reference, which is connected and makes no hydrogen."""


@pytest.fixture(scope="module")
def simulator() -> Any:
    """The faults of the simulator, and what they are made of; other packs have modules of the same names."""
    own = ("faults", "simulate", "weather")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FIXTURES))
        for name in own:
            patch.delitem(sys.modules, name, raising=False)
        yield importlib.import_module("faults")
        for name in own:
            sys.modules.pop(name, None)


@pytest.fixture
def judge(simulator: Any, tmp_path: Path) -> Callable[..., dict[str, Finding]]:
    """Judge a recording by some rules, end to end; by the names of the rules."""

    def judge_(recording: Any, names: set[str] | None = None) -> dict[str, Finding]:
        rules = {i: r for i, r in PACK.rules.items() if names is None or name_of(r) in names}
        return {f.rule.rpartition("/")[2]: f for f in record_of(recording, rules, tmp_path).findings}

    return judge_


def name_of(rule: Rule) -> str:
    return rule.id.rpartition("/")[2]


def record_of(recording: Any, rules: Mapping[str, Rule], folder: Path) -> Record:
    """The record of a run of ``rules`` alone over ``recording``, with the tables that they speak of."""
    pack = evolve(PACK, rules=dict(rules))
    spoken = {r.applies_to for r in rules.values()} | {j.table for r in rules.values() for j in r.joins.values()}
    written = yaml.safe_load((FIXTURES / "system.yaml").read_text(encoding="utf-8"))
    written["tables"] = {name: source for name, source in written["tables"].items() if name in spoken}
    if not written["tables"]:
        del written["tables"]
    place = folder / f"run-{len(list(folder.iterdir()))}"
    recording.write(place)
    (place / "system.yaml").write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    system = read_system(place / "system.yaml", [pack])
    plan = make_plan(pack, system, oracle=None, settings=common.settings_for(pack))
    assess(plan, record=place / "run.jsonl", scratch=place / "scratch")
    return read_record(place / "run.jsonl")


# The reference


def test_the_simulated_year_passes_every_rule_that_applies_to_it(simulator: Any, tmp_path: Path) -> None:
    record = record_of(simulator.record(None), PACK.rules, tmp_path)
    odd = {f.rule.rpartition("/")[2]: f.outcome for f in record.findings if f.outcome is not Outcome.PASSED}
    assert odd == dict.fromkeys(ELSEWHERE, Outcome.INAPPLICABLE)
    assert record.footer is not None
    assert record.footer.exit_code == 0
    assert all(record.header.canaries.values())


def test_defects_faults_and_rules_name_each_other(simulator: Any) -> None:
    known = {defect["id"] for defect in DEFECTS}
    tested = [rule for rule in PACK.rules.values() if rule.attested is None]
    assert all(rule.kills for rule in tested)
    assert {name for rule in tested for name in rule.kills} == known
    assert {defect["fault"] for defect in DEFECTS if "fault" in defect} == simulator.FAULTS
    assert len(known) == len(DEFECTS)


# The trap: of what is self-use a share?


def test_a_share_of_generated_energy_passes_where_one_of_available_energy_fails(
    simulator: Any, judge: Callable[..., dict[str, Finding]]
) -> None:
    site = simulator.SITE | simulator.SITES["generation-as-denominator"]
    honest = simulator.Recording(site)
    honest.state()
    h = honest.hours
    assert h["self_used"].sum() / (h["wind"] + h["pv"]).sum() > 0.6 > h["self_used"].sum() / h["available"].sum()
    assert judge(honest, {"self-use-of-available"})["self-use-of-available"].outcome is Outcome.FAILED
    names = {"self-use-of-available", "stated-available", "available-generation", "available-against-resource"}
    found = judge(simulator.record("generation-as-denominator"), names)
    assert found["self-use-of-available"].outcome is Outcome.PASSED
    assert found["stated-available"].outcome is Outcome.PASSED
    assert found["available-generation"].outcome is Outcome.FAILED
    assert found["available-against-resource"].outcome is Outcome.FAILED
    for name in ("available-generation", "available-against-resource"):  # so that R1 itself is failed
        assert "green-direct-connection/R1" in PACK.rules[f"green-direct-connection/{name}"].requirements


@pytest.mark.parametrize(
    ("share", "outcome", "reason"),
    [
        (0.604, Outcome.PASSED, None),
        (0.6, Outcome.INCONCLUSIVE, Reason.WITHIN_UNCERTAINTY),
        (0.596, Outcome.FAILED, None),
    ],
)
def test_near_its_limit_a_share_is_as_sure_as_its_meters(
    share: float, outcome: Outcome, reason: Reason | None, simulator: Any, judge: Callable[..., dict[str, Finding]]
) -> None:
    recording = simulator.record(None)
    recording.hours["self_used"] = share * recording.hours["available"]
    finding = judge(recording, {"self-use-of-available"})["self-use-of-available"]
    assert (finding.outcome, finding.reason) == (outcome, reason)
    if outcome is not Outcome.INCONCLUSIVE:  # an open finding shows no row
        assert finding.worst is not None
        assert finding.worst.margin is not None
        assert finding.worst.margin.physical.low == pytest.approx(100 * share - 60, abs=1e-6)


def test_a_project_of_several_users_has_no_known_share_and_does_not_pass(
    simulator: Any, judge: Callable[..., dict[str, Finding]]
) -> None:
    recording = simulator.record(None)
    recording.documents["card"]["users"] = "multi"
    names = {"self-use-of-available", "self-use-of-load", "feed-in-of-available"}
    found = judge(recording, names)
    assert {found[name].reason for name in names} == {Reason.NO_LIMIT}


# Missing hours never help


@pytest.mark.parametrize("how", ["rows-left-out", "values-left-out", "worst-months-left-out"])
def test_hours_that_are_left_out_never_turn_a_failure_into_a_pass(
    how: str, simulator: Any, judge: Callable[..., dict[str, Finding]]
) -> None:
    recording = simulator.record("too-much-generation")
    h = recording.hours
    bad = h["curtailed"] > 30
    if how == "values-left-out":
        for name in ("available", "curtailed", "wind", "pv"):
            h[name] = np.where(bad, np.nan, h[name])
    else:
        month = (h["time"] + np.timedelta64(8, "h")).astype("datetime64[M]").astype(int) % 12
        recording.tables["hours"] = {n: v[~bad if how == "rows-left-out" else month < 8] for n, v in h.items()}
    names = {"self-use-of-available", "stated-available", "stated-hours", "metered-hours-in-account"}
    found = judge(recording, names)
    requirement = [found[n] for n in ("stated-available", "stated-hours", "metered-hours-in-account")]
    assert any(f.outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE) for f in requirement)
    assert found["self-use-of-available"].outcome is not Outcome.PASSED
    assert found["stated-available"].outcome is not Outcome.PASSED


# The relations that no rule can ask for, tried on the simulator


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 200), st.floats(1, 200)), min_size=1, max_size=96),
    st.integers(1, 24),
)
def test_a_finer_block_never_matches_more(hours: list[tuple[float, float]], block: int) -> None:
    generation, load = np.array(hours).T
    blocks = np.arange(len(hours)) // block

    def matched(index: np.ndarray) -> float:
        return float(np.minimum(np.bincount(index, generation), np.bincount(index, load)).sum() / load.sum())

    fine, middle, coarse = (matched(i) for i in (np.arange(len(hours)), blocks, np.zeros_like(blocks)))
    assert fine <= middle + 1e-12
    assert middle <= coarse + 1e-12


def shares_of(simulator: Any, **changed: Any) -> tuple[float, float, float]:
    """Self-use of available generation and of load, and feed-in of available generation, in per cent."""
    recording = simulator.Recording({**simulator.SITE, "orders": 0, **changed})
    recording.state()
    years = recording.tables["years"]
    names = ("self_use_of_available", "self_use_of_load", "feed_in_of_available")
    return tuple(float(years[name][0]) for name in names)  # type: ignore[return-value]


def test_more_load_at_the_same_generation_never_lowers_self_use(simulator: Any) -> None:
    found = [shares_of(simulator, load=load)[0] for load in (60.0, 80.0, 100.0, 120.0, 140.0)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_a_site_twice_as_large_has_the_same_shares(simulator: Any) -> None:
    sizes = ("wind", "pv", "export", "connection", "energy", "least", "power", "initial", "load", "auxiliary", "top_up")
    twice = {name: 2 * simulator.SITE[name] for name in sizes}
    assert shares_of(simulator, **twice) == pytest.approx(shares_of(simulator), rel=1e-12)


def test_the_sun_of_the_simulator_stands_where_it_should(simulator: Any) -> None:
    weather = importlib.import_module("weather")
    noons = np.array(["2026-03-20T12:00", "2026-06-21T12:00", "2026-12-21T12:00"], dtype="datetime64[ns]")
    expected = [90 - 41.0, 90 - 41.0 + 23.4, 90 - 41.0 - 23.4]
    assert weather.elevation(noons, latitude=41.0, longitude=0.0) == pytest.approx(expected, abs=1.5)
    midnights = noons + np.timedelta64(12, "h")
    assert (weather.elevation(midnights, latitude=41.0, longitude=0.0) < -20).all()


# The pack


def test_the_simulator_writes_what_its_system_file_names(tmp_path: Path) -> None:
    command = [sys.executable, str(FIXTURES / "simulate.py"), "--output", str(tmp_path), "--fault", "annual-netting"]
    subprocess.run(command, check=True, timeout=120)
    system = yaml.safe_load((FIXTURES / "system.yaml").read_text(encoding="utf-8"))
    places = [source["path"] for source in system["tables"].values()] + list(system["documents"].values())
    assert {Path(place).name for place in places} == {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("profile", "left"), [("single-user", 72), ("single-user-no-export", 72), ("multi-user", 70), ("hydrogen-eu", 14)]
)
def test_a_profile_leaves_the_rules_that_it_states(profile: str, left: int) -> None:
    assert len(tailor(PACK, profile, as_of="2026-11-22").rules) == left


def test_no_figure_claims_to_be_normative() -> None:
    """No clause was read, so no figure of this pack may certify before an authority adopts it."""
    rows = [row.figure for table in PACK.limits.values() for row in table.rows]
    own = [p for rule in PACK.rules.values() for p in rule.parameters.values() if hasattr(p, "status")]
    assert rows
    assert own
    assert {figure.basis(PACK.sources) for figure in [*rows, *own]} == {"indicative"}


def test_every_requirement_has_a_rule_or_a_reason() -> None:
    checked = {requirement for rule in PACK.rules.values() for requirement in rule.requirements}
    for id_, requirement in PACK.requirements.items():
        if requirement.automation == "not-tested":
            assert requirement.reason is not None
            assert id_ not in checked
        else:
            assert id_ in checked


def test_every_candidate_rule_of_the_project_is_accounted_for() -> None:
    lines = (FOLDER / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    known = {id_.rpartition("/")[2] for id_ in PACK.requirements}
    for number in range(1, 13):
        line = next(line for line in lines if line.startswith(f"| R{number} |"))
        named = set(line.split("|")[2].replace(",", " ").split())
        assert named, line
        assert named <= known, line
