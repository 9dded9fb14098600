from __future__ import annotations

import pytest
from attrs import evolve, frozen

from conformance.judge import canaries, canary, examples
from conformance.model.outcome import Evaluation, Interval, Margin, Outcome
from conformance.model.standard import Derived, Example


@frozen
class AtMost:
    """A rule `response.p <= limit`, in MW, with a scale of 2 MW."""

    limit: float

    def evaluate(self, environment):
        left = self.limit - environment["response"]["p"] - environment.get("flow", 0)
        margin = Margin(Interval.point(left), "MW", Interval.point(left / 2), "response.p <= limit")
        return Evaluation(True, True, left >= 0, margin)


def example(p, expect, **rest):
    return Example("e", Outcome(expect), request={}, response={"p": p}, **rest)


def run(make, *given, program=None, rule=None, **pack_changes):
    ruled = rule or make.rule(examples=given)
    return examples(make.pack(ruled, **pack_changes), {ruled.id: program or AtMost(10)})


def test_a_rule_that_fails_on_its_failing_examples_is_proven(make):
    rule = make.rule(examples=(example(9, "passed"), example(11, "failed")))
    assert canaries(make.pack(rule), {rule.id: AtMost(10)}) == {"p/ramp": True}


@pytest.mark.parametrize("given", [(), (("passed", 9),), (("failed", 11), ("failed", 9))])
def test_a_rule_without_a_failure_on_every_failing_example_is_not(make, given):
    rule = make.rule(examples=tuple(example(p, word) for word, p in given))
    assert canaries(make.pack(rule), {rule.id: AtMost(10)}) == {"p/ramp": False}


def test_examples_agree_on_outcome_reason_and_margin(make):
    results = run(
        make,
        example(10, "passed", margin="0 MW"),
        example(9, "passed", margin="1000 kW"),
        example(12, "failed", margin="-2 MW"),
    )
    assert [r.mismatch for r in results] == [None] * 3


@pytest.mark.parametrize(
    ("given", "en", "zh"),
    [
        (example(9, "failed"), "expected failed, got passed", "应为 failed，实为 passed"),
        (example(9, "passed", margin="1.001 MW"), "expected a margin of 1.001 MW, got 1 MW", "裕度应为 1.001 MW"),
        (example(9, "passed", margin="1 Mvar"), "expected a margin of 1 Mvar, got 1 MW", "裕度应为 1 Mvar"),
        (example(9, "inconclusive", reason="vacuous"), "expected inconclusive vacuous, got passed", "vacuous"),
    ],
)
def test_a_mismatch_says_what_was_expected_and_what_came(make, given, en, zh):
    (result,) = run(make, given)
    assert result.mismatch.en == en
    assert zh in result.mismatch.zh


def test_an_example_may_state_its_own_decision(make):
    given = example(9.9, "inconclusive", reason="within-uncertainty", decision="guarded")
    guarded = make.guarded(0.5)
    rule = evolve(guarded, decision="simple", examples=(given, example(9.9, "passed")))
    assert [r.mismatch for r in run(make, rule=rule)] == [None, None]


def test_derived_values_given_outright_are_used_and_the_others_computed(make, monkeypatch):
    asked = []
    monkeypatch.setattr(canary, "derive", lambda pack, operation, _: asked.append(operation) or {"flow": 5})
    derive = {"flow": Derived("flow", "power_flow.ac", "dispatch", {})}
    given, computed = example(4, "passed", derived={"flow": 6}), example(4, "passed", margin="1 MW")
    assert [r.mismatch for r in run(make, given, computed, derive=derive)] == [None, None]
    assert asked == ["dispatch"]
