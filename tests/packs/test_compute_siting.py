"""What the pack compute-siting promises: relations hold on its reference, traps are traps, one campus in all packs."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.cases import Space
from conformance.measures import siting
from conformance.packs import load, read_system, tailor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/energy-for-compute/compute-siting"
FIXTURES = ROOT / "fixtures/systems/compute-siting"
PACK = load(FOLDER)
SUMMER = {"portfolio": json.loads((FOLDER / "data/summer.json").read_text(encoding="utf-8"))}
SPACE = Space.of(PACK.operations["choose-site"].request, site=SUMMER, envelope={})
REQUESTS = SPACE.strategy().map(SPACE.request)
TRIED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def module(file: Path) -> ModuleType:
    """The module in ``file``, under a name of its own; helpers beside it are imported as they are named."""
    spec = importlib.util.spec_from_file_location(f"compute_siting_test_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(made)
    finally:
        sys.path.remove(str(file.parent))
    return made


REFERENCE = module(FIXTURES / "reference/reference_siting.py")
BY_ABSORPTION = module(FIXTURES / "ranks-by-absorption/absorption_siting.py")


@pytest.fixture(scope="module")
def faults() -> ModuleType:
    return module(FIXTURES / "compute_siting_faults.py")


def rank(answer: dict[str, Any], site: str) -> int | None:
    return next((s["rank"] for s in answer["scores"] if s["id"] == site), None)


# The relations, on the reference


@given(request=REQUESTS, more=st.integers(1, 60))
@TRIED
def test_more_wind_never_lowers_the_rank_of_its_site(request: dict[str, Any], more: int) -> None:
    expansion = request["expansion"]
    varied = {**request, "expansion": {**expansion, "wind": expansion["wind"] + more}}
    before, after = (rank(REFERENCE.choose_site(r), expansion["site"]) for r in (request, varied))
    assert (before is None) == (after is None)
    assert before is None or after <= before


@given(request=REQUESTS, order=st.permutations(range(6)))
@TRIED
def test_the_order_of_candidates_changes_nothing(request: dict[str, Any], order: list[int]) -> None:
    varied = {**request, "sites": [request["sites"][n] for n in order]}
    base, other = REFERENCE.choose_site(request), REFERENCE.choose_site(varied)
    assert (base["chosen"], base["scores"], base["plan"]) == (other["chosen"], other["scores"], other["plan"])


@given(request=REQUESTS)
@TRIED
def test_a_dominated_candidate_is_there_and_leaving_it_out_does_not_change_the_choice(request: dict[str, Any]) -> None:
    found = siting.assess(
        workload=request["workload"], sites=request["sites"], expansion=request["expansion"]
    )["sites"]  # fmt: skip
    chosen = REFERENCE.choose_site(request)["chosen"]
    for site in found:
        if site["dominated_by"]:
            left = [s for s in request["sites"] if s["id"] != site["id"]]
            assert REFERENCE.choose_site({**request, "sites": left})["chosen"] == chosen


def test_ranking_by_absorption_prefers_sites_without_wind() -> None:
    """The trap of R6: absorption falls as renewable power grows while the load stays."""
    request = SPACE.request(SPACE.nominal)
    more = {**request, "expansion": {"site": "site-2", "wind": 60}}
    assert rank(REFERENCE.choose_site(more), "site-2") <= rank(REFERENCE.choose_site(request), "site-2")
    shares = [
        next(s["local_absorption"] for s in BY_ABSORPTION.choose_site(r)["scores"] if s["id"] == "site-2")
        for r in (request, more)
    ]
    assert shares[1] < shares[0]


@given(request=REQUESTS)
@TRIED
def test_the_reference_claims_what_the_measure_recomputes(request: dict[str, Any]) -> None:
    """Two implementations: the program behind the wire, and `conformance.measures.siting`."""
    arguments = {n: request[n] for n in ("workload", "sites", "expansion")}
    known = {s["id"]: s for s in siting.assess(**arguments)["sites"]}
    for one in REFERENCE.choose_site(request)["scores"]:
        for name in ("local_absorption", "matched_share", "curtailment_avoided"):
            assert one[name] == pytest.approx(known[one["id"]][name], abs=1e-9)


# The recordings


def test_the_year_is_that_of_the_campus(faults: ModuleType) -> None:
    made = faults.record(None)
    campus = sys.modules["campus"]
    year = campus.Campus(seed=1)
    hours = made.hours["campus-a"]
    assert np.array_equal(hours["load"], year.edc)
    assert np.allclose(hours["wind"] + hours["pv"], year.green.hours["available"], atol=1e-6)
    assert made.sites["campus-a"]["contracted"] == campus.CONTRACTED
    assert np.allclose(made.demand["campus-a"].reshape(-1, 4).mean(axis=1), year.edc)


@pytest.mark.parametrize("seed", [1, 2])
def test_claims_are_those_of_the_measure_and_shares_by_longer_blocks_are_no_less(faults: ModuleType, seed: int) -> None:
    made = faults.record(None, seed=seed)
    for n, hours in enumerate(made.hours.values()):
        renewable, load = hours["wind"] + hours["pv"], hours["load"]
        assert made.tables["claims"]["local_absorption"][n] == pytest.approx(
            siting.local_absorption(load, renewable), abs=0.006
        )
        by_block = [
            siting.matched_share(load.reshape(-1, size).sum(axis=1), renewable.reshape(-1, size).sum(axis=1))
            for size in (1, 24, 8760)
        ]
        assert by_block == sorted(by_block)


def test_a_median_flatters_every_link(faults: ModuleType) -> None:
    claims = faults.record(None).tables["latency-claims"]
    assert (claims["p50"] < 0.7 * claims["p95"]).all()


def test_the_same_seed_gives_the_same_recording(faults: ModuleType) -> None:
    one, two = (faults.record(None, seed=3).tables for _ in range(2))
    assert all(np.array_equal(one[t][c], two[t][c]) for t in one for c in one[t])


# The pack


def test_the_base_cases_are_those_of_the_simulator() -> None:
    made = module(FIXTURES / "siting_candidates.py")
    for name, day in made.DAYS.items():
        assert (FOLDER / f"data/{name}.json").read_text(encoding="utf-8") == made.text(made.candidates(day))


def test_profiles_keep_both_readings_of_the_share_of_hub_nodes() -> None:
    def rules(profile: str) -> set[str]:
        return {name.rpartition("/")[2] for name in tailor(PACK, profile, as_of=None).rules}

    either = {"hub-share", "hub-share-above"}
    assert rules("project") & either == {"hub-share"}
    assert rules("as-published") & either == {"hub-share-above"}
    assert rules("expired-targets-left-out") & either == set()


def test_no_figure_is_taken_from_the_action_plan() -> None:
    own = [p for rule in PACK.rules.values() for p in rule.parameters.values() if hasattr(p, "source")]
    tables = [row.figure for table in PACK.limits.values() for row in table.rows]
    assert "compute-siting/S1" not in {figure.source for figure in [*own, *tables]}


def test_the_reference_is_recorded_apart_from_the_one_that_is_called() -> None:
    recorded = read_system(FIXTURES / "system.yaml", [PACK])
    assert set(recorded.tables) == set(PACK.tables)
    assert not recorded.operations
