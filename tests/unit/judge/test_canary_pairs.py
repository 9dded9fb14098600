from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance.judge import canaries, examples
from conformance.model.outcome import Outcome
from conformance.model.standard import Derived, Example, Pack, Relation, Rule
from conformance.packs import load
from conformance.rules import compile_rule

ROOT = Path(__file__).parents[3]
NAME = "small/warmer-target"


@pytest.fixture(scope="module")
def small() -> Pack:
    return load(ROOT / "fixtures/packs/small")


def test_examples_of_a_relation_are_pairs_and_prove_that_it_can_fail(small: Pack) -> None:
    programs = {NAME: compile_rule(small.rules[NAME], small)}
    found = examples(small, programs)
    assert [r.example.name for r in found] == ["more-heat", "at-the-limit", "less-heat"]
    assert all(r.mismatch is None for r in found)
    assert canaries(small, programs) == {NAME: True}


def test_half_a_pair_decides_nothing(small: Pack) -> None:
    rule = small.rules[NAME]
    half = evolve(rule, examples=(evolve(rule.examples[2], varied=None),))
    pack = evolve(small, rules={NAME: half})
    (found,) = examples(pack, {NAME: compile_rule(half, pack)})
    assert found.judgement.outcome is Outcome.INCONCLUSIVE
    assert canaries(pack, {NAME: compile_rule(half, pack)}) == {NAME: False}


def test_derived_values_of_both_sides_are_computed_unless_given(small: Pack) -> None:
    derived = {"flow": Derived("flow", "power_flow.ac", "heat", {"network": "request.rooms"})}
    base: Rule = small.rules[NAME]
    assert base.require is not None
    side = {"request": {}, "response": {}, "derived": {"flow": {"losses": 3.0}}}

    def outcome(varied: Any) -> Outcome:
        example = Example("losses", Outcome.PASSED, base=side, varied=varied)
        rule = evolve(
            base, relation=Relation("permute", "rooms"), scale="1 MW", parameters={}, examples=(example,),
            require=evolve(base.require, text="varied.flow.losses <= base.flow.losses"),
        )  # fmt: skip
        pack = evolve(small, rules={NAME: rule}, derive=derived)
        (found,) = examples(pack, {NAME: compile_rule(rule, pack)})
        return found.judgement.outcome

    assert outcome(side) is Outcome.PASSED
    assert outcome(side | {"derived": {"flow": {"losses": 4.0}}}) is Outcome.FAILED
    assert outcome({"request": {}, "response": {}}) is Outcome.INCONCLUSIVE
