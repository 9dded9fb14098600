from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.adapter import Refuse
from conformance.measures import power_flow as pf

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "fixtures/systems/grid-dispatch/reference"
DATA = ROOT / "standards/ai-for-energy/grid-dispatch/data"


@pytest.fixture(scope="module")
def dispatch() -> Iterator[Any]:
    sys.path.insert(0, str(FOLDER))
    import reference_dispatch

    yield reference_dispatch.dispatch
    sys.path.remove(str(FOLDER))
    del sys.modules["reference_dispatch"]


def request(name: str, rng: np.random.Generator | None = None) -> dict[str, Any]:
    asked = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    asked |= {"time": "2026-07-01T04:00:00Z", "interval": 15}
    if rng is not None:
        asked["interval"] = int(rng.choice(range(5, 65, 5)))
        for load in asked["loads"]:
            factor = rng.uniform(0.8, 1.2)
            load["p"], load["q"] = round(load["p"] * factor, 1), load["q"] * factor
        for unit in asked["generators"]:
            unit["p_now"] = round(unit["p_now"] * rng.uniform(0.95, 1.05), 1)
            unit["in_service"] = bool(rng.random() > 0.03)
    return asked


def assert_keeps_every_limit(asked: dict[str, Any], given: dict[str, Any]) -> None:
    points = {s["id"]: s for s in given["setpoints"]}
    dispatch = {k: asked[k] for k in ("network", "loads", "generators")} | {"setpoints": given["setpoints"]}
    flow = pf.ac(**dispatch)
    spare = 0.0
    for unit, made in zip(asked["generators"], flow["generators"], strict=True):
        p = points[unit["id"]]["p"]
        if not unit["in_service"]:
            assert p == 0
            continue
        assert unit["p_min"] <= p <= unit["p_max"]
        assert abs(p - unit["p_now"]) <= unit["ramp"] * asked["interval"] + 1e-9
        assert unit["p_min"] - 1e-4 <= made["p"] <= unit["p_max"] + 1e-4
        assert unit["q_min"] - 1e-4 <= made["q"] <= unit["q_max"] + 1e-4
        spare += min(unit["p_max"] - p, 10 * unit["ramp"])
    assert spare >= asked["reserve"]
    assert abs(flow["slack"]) <= 1e-3 * sum(load["p"] for load in asked["loads"])
    assert all(b["v_min"] - 1e-6 <= b["v"] <= b["v_max"] + 1e-6 for b in flow["buses"])
    assert max(b["loading"] for b in flow["branches"]) <= 100.0
    assert given["expected"]["losses"] == pytest.approx(flow["losses"], abs=1e-3)
    if asked["network"]["name"] == "ieee24":
        assert pf.n_1(**dispatch)["worst"] <= 100.0


@pytest.mark.parametrize("name", ["case6ww", "ieee9", "ieee14", "ieee24", "ieee30", "ieee39", "ieee57", "ieee118"])
def test_nominal_requests_have_an_answer_that_keeps_every_limit(dispatch: Any, name: str) -> None:
    asked = request(name)
    assert_keeps_every_limit(asked, dispatch(asked))


@pytest.mark.parametrize(("name", "least"), [("ieee24", 30), ("ieee39", 20), ("ieee30", 10)])
def test_answers_keep_every_limit_and_most_requests_have_one(dispatch: Any, name: str, least: int) -> None:
    rng = np.random.default_rng(7)
    answered = 0
    for _ in range(40):
        asked = request(name, rng)
        try:
            given = dispatch(asked)
        except Refuse:
            continue
        answered += 1
        assert_keeps_every_limit(asked, given)
    assert answered >= least


def test_the_same_request_has_the_same_answer(dispatch: Any) -> None:
    assert dispatch(request("ieee39")) == dispatch(request("ieee39"))


def test_it_refuses_what_no_unit_can_carry(dispatch: Any) -> None:
    asked = request("ieee24")
    for load in asked["loads"]:
        load["p"] *= 1.3
    with pytest.raises(Refuse, match="load"):
        dispatch(asked)
