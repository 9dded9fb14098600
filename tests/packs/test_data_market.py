"""What the pack data-market promises: relations are true of the reference, money adds up, dates are exact."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import SYSTEMS, imported, judged

from conformance.model.outcome import Outcome
from conformance.packs import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/data/data-market"
FIXTURES = SYSTEMS / "data-market"
PACK = load(FOLDER)
BASE: dict[str, Any] = json.loads((FOLDER / "data/wind-history.json").read_text(encoding="utf-8"))
ACTIONS = ("use", "derive", "distribute", "display")
PURPOSES = ("planning", "forecasting", "research", "resale")
REGIONS = ("north", "east", "south", "abroad")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Any]:
    with imported(FIXTURES / "reference", "data_market_reference") as module:
        yield module


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    with imported(FIXTURES, "data_market_faults") as module:
        yield module


def some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True)


def requests() -> st.SearchStrategy[dict[str, Any]]:
    """Requests over all that the gateway may look at; most agreements are in force."""
    permission = st.fixed_dictionaries(
        {"id": st.just("p"), "action": st.sampled_from(ACTIONS), "purposes": some(PURPOSES), "regions": some(REGIONS)}
    )
    prohibition = st.fixed_dictionaries(
        {"id": st.just("f"), "action": st.sampled_from(ACTIONS), "purposes": some(PURPOSES)}
    )
    agreement = {
        "id": st.just("a"), "age": st.integers(-5, 100), "left": st.integers(-5, 100), "revoked": st.booleans(),
        "revoked_ago": st.integers(0, 96), "effect_within": st.integers(1, 72), "used": st.integers(0, 60),
        "granted": st.integers(30, 120),
    }  # fmt: skip
    return st.fixed_dictionaries(
        {
            "consumer": st.just("c"),
            "tier": st.sampled_from(["public", "small", "large"]),
            "action": st.sampled_from(ACTIONS),
            "purpose": st.sampled_from(PURPOSES),
            "region": st.sampled_from(REGIONS),
            "product": st.fixed_dictionaries(
                {
                    "id": st.just("p"),
                    "data_class": st.sampled_from(["general", "important", "core"]),
                    "assessed": st.booleans(),
                }
            ),
            "agreement": st.fixed_dictionaries(agreement),
            "permissions": st.lists(permission, min_size=1, max_size=5),
            "prohibitions": st.lists(prohibition, max_size=3),
            "duties": st.just(BASE["duties"]),
            "prices": st.just(BASE["prices"]),
        }
    )


# The relations of the pack, on its reference


@settings(max_examples=300, deadline=None)
@given(request=requests(), seed=st.integers(0, 99))
def test_relations_hold_of_the_reference(gateway: Any, request: dict[str, Any], seed: int) -> None:
    chance = random.Random(seed)
    granted = gateway.decide(request)["decision"] == "permit"

    def decided(change: str) -> bool:
        varied = deepcopy(request)
        if change == "order":
            chance.shuffle(varied["permissions"])
        elif change == "purposes":
            for permission in varied["permissions"]:
                if permission["purposes"]:
                    permission["purposes"].pop(chance.randrange(len(permission["purposes"])))
        elif varied[change]:
            varied[change].pop(chance.randrange(len(varied[change])))
        return bool(gateway.decide(varied)["decision"] == "permit")

    assert decided("order") == granted
    assert decided("prohibitions") >= granted
    assert decided("permissions") <= granted
    assert decided("purposes") <= granted


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_steps_from_the_source_exist_exactly_where_there_is_no_circle(links: set[tuple[int, int]]) -> None:
    """What provenance-acyclic rests on: longest paths are such steps; a circle admits none."""
    depth = [0] * 6
    for _ in range(7):
        for product, source in links:
            depth[product] = max(depth[product], depth[source] + 1)
    labelled = all(depth[product] > depth[source] for product, source in links)
    reach = np.zeros((6, 6), bool)
    for product, source in links:
        reach[product, source] = True
    for _ in range(6):
        reach |= reach @ reach
    assert labelled == (not reach.diagonal().any())


# Identities across rules, and traps


def test_what_parties_are_paid_is_what_was_invoiced_for_what_was_served(simulator: Any) -> None:
    made = simulator.record(None)
    price = {row["agreement"]: (row["product"], row["price"]) for row in made.tables["agreements"]}
    served: dict[str, float] = defaultdict(float)
    for row in made.rows("usage", served=True):
        product, each = price[row["agreement"]]
        served[product] += each
    paid: dict[str, float] = defaultdict(float)
    for row in made.tables["payouts"]:
        paid[row["product"]] += row["paid"]
    assert paid == pytest.approx(served, abs=1)


def test_a_rebate_that_its_invoices_follow_is_found_by_the_list_alone(simulator: Any, tmp_path: Path) -> None:
    names = {"same-tier-same-price", "amount-of-calls", "calls-as-metered"}
    found = judged(PACK, simulator.record("friend-pays-less"), tmp_path, names)
    assert {name: found[name].outcome for name in names} == {
        "same-tier-same-price": Outcome.FAILED,
        "amount-of-calls": Outcome.PASSED,
        "calls-as-metered": Outcome.PASSED,
    }


@pytest.mark.parametrize(("later", "outcome"), [(0, Outcome.PASSED), (1, Outcome.FAILED)])
def test_a_revocation_takes_effect_to_the_second(later: int, outcome: Outcome, simulator: Any, tmp_path: Path) -> None:
    recording = simulator.record(None)
    agreement = next(row for row in recording.tables["agreements"] if not np.isnat(row["revoked"]))
    last = max(recording.rows("usage", agreement=agreement["agreement"]), key=lambda row: row["time"])
    assert last["time"] == agreement["revoked"] + np.timedelta64(int(agreement["effect_within"]), "h")
    last["time"] += np.timedelta64(later, "s")
    found = judged(PACK, recording, tmp_path, {"revocation-took-effect"})
    assert found["revocation-took-effect"].outcome is outcome


@pytest.mark.parametrize(("hours", "outcome"), [(0, Outcome.PASSED), (-1, Outcome.FAILED)])
def test_the_first_day_of_the_provisions_begins_in_beijing(
    hours: int, outcome: Outcome, simulator: Any, tmp_path: Path
) -> None:
    recording = simulator.record(None)
    item = recording.rows("cost-items", capitalised=True)[0]
    assert item["incurred"] == np.datetime64("2023-12-31T16:00")
    item["incurred"] += np.timedelta64(hours, "h")
    assert judged(PACK, recording, tmp_path, {"not-retrospective"})["not-retrospective"].outcome is outcome


def test_a_missing_price_never_turns_a_failure_into_a_pass(simulator: Any, tmp_path: Path) -> None:
    recording = simulator.record("friend-pays-less")
    for row in recording.rows("agreements", consumer="utility"):
        row["agreement"] += "-lost"
    found = judged(PACK, recording, tmp_path, {"amount-of-calls"})
    assert found["amount-of-calls"].outcome is not Outcome.PASSED
