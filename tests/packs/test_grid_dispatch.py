"""What the pack grid-dispatch promises: its sites fit its schemas, broken ones and misspelt answers do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cases import validator
from conformance.model.standard import Pack
from conformance.packs import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/ai-for-energy/grid-dispatch"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load(FOLDER)


@pytest.mark.parametrize("file", sorted((FOLDER / "data").glob("*.json")), ids=lambda file: file.stem)
def test_a_base_case_is_a_grid(file: Path, pack: Pack) -> None:
    assert validator(pack.sites["grid"].schema)(json.loads(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("twist", ["no slack", "two slacks", "zero reactance", "unit without id", "null load"])
def test_a_broken_grid_is_refused(twist: str, pack: Pack) -> None:
    grid = json.loads((FOLDER / "data/case6ww.json").read_text())
    buses, branches = grid["network"]["buses"], grid["network"]["branches"]
    if twist == "no slack":
        for bus in buses:
            bus["kind"] = "pq"
    elif twist == "two slacks":
        buses[0]["kind"] = buses[1]["kind"] = "slack"
    elif twist == "zero reactance":
        branches[0]["x"] = 0
    elif twist == "unit without id":
        del grid["generators"][0]["id"]
    else:
        grid["loads"][0]["p"] = None
    assert validator(pack.sites["grid"].schema)(grid) != []


def test_an_answer_may_carry_a_vendors_own_fields_but_no_misspelt_ones(pack: Pack) -> None:
    valid = validator(pack.operations["dispatch"].response)
    answer = {"setpoints": [{"id": "1", "p": 10.0, "x_reason": "cheap"}], "x_model": "7b"}
    assert valid(answer) == []
    assert valid({"setpoints": [{"id": "1", "p": 10.0, "voltage": 1.0}]}) != []
    assert valid({"setpoints": [{"id": "1", "p": None}]}) != []
    assert valid({"setpoints": [{"id": "1", "p": float("nan")}]}) != []
