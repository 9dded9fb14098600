"""Whatever a relation does to a request of an input space, the pair is sound or there is none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cases import Space, validator
from conformance.cases.transforms import vary
from conformance.model.json import digest, encode
from conformance.model.run import Case, Stage
from conformance.model.standard import Relation, Rule
from conformance.packs import load
from conformance.rules import variation

PACK = load(Path(__file__).parents[2] / "fixtures/packs/small")
HEAT = PACK.operations["heat"]
SPACE = Space.of(HEAT.request, site={"house": PACK.sites["house"].bases["cottage"]}, envelope={})
VALID = validator(HEAT.request)
RULE: Rule = PACK.rules["small/warmer-target"]

kelvin = st.decimals(min_value="0.1", max_value="12", places=1).map(lambda n: f"{n} K")
share = st.integers(1, 4).map(lambda n: f"{n} %")
values = st.sampled_from(["target", "ambient", "rooms.temperature", "rooms.p_max"])
relations = st.one_of(
    st.builds(Relation, st.sampled_from(["increase", "decrease", "perturb"]), st.just("target"), kelvin | share),
    st.builds(Relation, st.sampled_from(["increase", "decrease", "perturb"]), values, share),
    st.builds(Relation, st.just("scale"), values, st.sampled_from(["99 %", "101 %", "0.98"])),
    st.builds(Relation, st.sampled_from(["permute", "drop"]), st.sampled_from(["rooms", "ambient"])),
    st.builds(Relation, st.just("shift"), st.just("ambient"), st.sampled_from(["1", "-3", "40"])),
)


def leaves(value: Any) -> Counter[str]:
    parts = value if isinstance(value, list) else [value]
    return Counter(repr(p) for p in parts)


@settings(max_examples=400, deadline=None)
@given(relation=relations, point=SPACE.strategy(), seed=st.text(max_size=4))
def test_a_changed_request_is_another_valid_one_within_the_bounds(relation: Relation, point: Any, seed: str) -> None:
    request = SPACE.request(point)
    before = encode(request)
    case = Case(1, "heat", Stage.MIXED, request, digest(request), SPACE.changes(point))
    change = variation(evolve(RULE, relation=relation), PACK)
    assert change is not None
    made = vary(case, change, space=SPACE, valid=VALID, seed=seed)
    assert encode(request) == before
    assert made == vary(case, change, space=SPACE, valid=VALID, seed=seed)
    if made is None:
        return
    assert made.request != request
    assert VALID(made.request) == []
    touched = relation.path.partition(".")[0]
    assert {k: v for k, v in made.request.items() if k != touched} == {k: v for k, v in request.items() if k != touched}
    if relation.transform in ("permute", "drop"):
        gone = leaves(request[touched]) - leaves(made.request[touched])
        assert gone.total() == (relation.transform == "drop")
        assert leaves(made.request[touched]) <= leaves(request[touched])
    else:
        assert SPACE.values(made.request) is not None
    if touched == "target" and relation.transform != "scale":
        moved = made.request["target"] - request["target"]
        assert {"increase": moved > 0, "decrease": moved < 0, "perturb": True}[relation.transform]
        assert 289 <= made.request["target"] <= 299
