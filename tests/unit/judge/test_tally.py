from __future__ import annotations

import random

import pytest

from conformance.judge import Tally
from conformance.model.outcome import Interval, Margin
from conformance.model.run import Counts


def test_every_case_is_counted_once_and_in_its_own_place(make):
    counting = make.tally(
        (3, "passed"),
        (2, "failed", {"feasible": True}),
        (1, "failed", {"feasible": False}),
        (1, "failed", {"stage": "hunt"}),
        (4, "vacuous"),
        (5, "inapplicable"),
        (6, "inapplicable", {"answer": "refused"}),
        (1, "within-uncertainty"),
        (2, "not-computable"),
        (3, "insufficient-data"),
        (4, "no-limit"),
        (5, "system-error"),
        (6, "failed", {"in_envelope": False}),
    )
    assert counting.counts == Counts(
        cases=43,
        passed=3,
        failed=2,
        infeasible=1,
        unwitnessed=1,
        vacuous=4,
        inapplicable=5,
        refused=6,
        uncertain=1,
        not_computable=2,
        insufficient=3,
        no_limit=4,
        system_error=5,
        outside=6,
    )


def test_only_independent_cases_inside_the_envelope_feed_the_statistics(make):
    stages = ("nominal", "stored", "boundary", "mixed", "structure", "hunt", "shrink", "recorded")
    counting = make.tally(
        (7, "passed"), (2, "passed", {"in_envelope": False}), *((3, "passed", {"stage": s}) for s in stages)
    )
    assert counting.independent == {"passed": 7}


@pytest.mark.parametrize("stage", ["nominal", "independent", "boundary", "hunt"])
def test_a_generated_failure_without_the_word_of_the_oracle_is_refused(make, stage):
    with pytest.raises(ValueError, match="oracle"):
        make.tally((1, "failed", {"stage": stage}))


@pytest.mark.parametrize("stage", ["nominal", "independent", "boundary"])
def test_a_failure_that_statistics_or_nominal_rest_on_is_never_left_unwitnessed(make, stage):
    with pytest.raises(ValueError, match="oracle"):
        make.tally((1, "failed", {"feasible": True}), (1, "failed", {"stage": stage}))


def test_a_recorded_failure_needs_no_oracle(make):
    assert make.tally((2, "failed", {"stage": "recorded"})).counts.failed == 2


@pytest.mark.parametrize("word", ["untested", "unstable", "unconfirmed-source"])
def test_what_no_single_case_can_end_as_is_refused(make, word):
    with pytest.raises(ValueError, match="no outcome of one case"):
        make.tally((1, word))


def test_another_rules_judgement_is_refused(make):
    with pytest.raises(ValueError, match="other"):
        Tally("p/ramp").add(make.case(), make.judgement("passed", name="p/other"))


def test_a_repeat_is_counted_apart(make):
    counting = make.tally(
        (1, "failed", {"feasible": True}), (2, "passed", {"stage": "confirm"}), (1, "failed", {"stage": "confirm"})
    )
    assert (counting.counts.cases, counting.repeats, counting.repeated, counting.unstable) == (1, 3, 1, False)


def test_the_worst_are_kept_worst_first_in_any_order_of_adding(make):
    margins = [0.1 * i for i in range(50)] + [0.5, 0.5]
    entries = [(make.case(n), make.judgement("passed", low=m)) for n, m in enumerate(margins)]
    entries += [(make.case(n + 100), make.judgement("failed", low=-m, feasible=True)) for n, m in enumerate(margins)]
    expected_passing = sorted(range(52), key=lambda n: (margins[n], n))[:10]
    expected_failing = [n + 100 for n in sorted(range(52), key=lambda n: (-margins[n], n))[:10]]
    for seed in range(5):
        random.Random(seed).shuffle(entries)
        counting = Tally("p/ramp", keep=10)
        for case, judgement in entries:
            counting.add(case, judgement)
        assert [n for n, _ in counting.passing] == expected_passing
        assert [n for n, _ in counting.failing] == expected_failing


def test_a_failure_without_a_margin_is_kept_and_a_pass_without_one_is_not(make):
    counting = make.tally((1, "passed"), (1, "failed", {"feasible": True}))
    assert [n for n, _ in counting.failing] == [1]
    assert counting.passing == ()


def test_memory_does_not_grow_with_the_cases(make):
    counting = make.tally((3000, "passed", {"low": 1.0}), keep=5)
    assert len(counting.passing) == 5
    assert counting.counts.passed == 3000


def test_the_nominal_judgement_is_the_first_nominal_one(make):
    counting = make.tally((1, "passed", {"stage": "nominal", "low": 0.4}), (1, "vacuous", {"stage": "nominal"}))
    assert counting.nominal == make.judgement("passed", low=0.4)


def test_an_open_margin_ranks_by_its_known_end(make):
    from conformance.judge import known

    inf = float("inf")
    assert known(Margin(Interval(-inf, 2), "MW", Interval(-inf, 2), "a")) == 2
    assert known(Margin(Interval(-inf, inf), "MW", Interval(-inf, inf), "a")) is None
    assert known(None) is None
