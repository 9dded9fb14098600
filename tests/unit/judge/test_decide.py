from __future__ import annotations

import itertools
import math

import pytest

from conformance.errors import Text
from conformance.judge import all_finite, answers, decide, response_valid, when_no_answer
from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Answer, Reply

COMPLAINT = (Text("too few", "太少"),)
NAN = float("nan")


def outcome(evaluation, rule, **options):
    judged = decide(evaluation, rule, **{"generated": False, "live": False, **options})
    return f"{judged.outcome}:{judged.reason}" if judged.reason else str(judged.outcome)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"truth": True, "low": 1}, "passed"),
        ({"truth": True, "low": 0}, "passed"),
        ({"truth": False, "low": -1}, "failed"),
        ({"truth": False, "low": 0}, "failed"),  # a strict comparison at its limit
        ({"truth": None, "low": -1, "high": 1}, "inconclusive:insufficient-data"),
        ({"truth": True}, "passed"),
        ({"truth": False}, "failed"),
        ({"truth": True, "low": 1, "applies": False}, "inapplicable"),
        ({"truth": False, "low": -1, "applies": False}, "inapplicable"),
        ({"truth": False, "low": -1, "applies": None}, "inconclusive:insufficient-data"),
        ({"truth": True, "low": 1, "binding": False}, "inconclusive:vacuous"),
        ({"truth": None, "binding": False}, "inconclusive:vacuous"),
        ({"truth": False, "low": -1, "binding": False}, "failed"),
        ({"truth": False, "low": -1, "binding": None}, "failed"),
        ({"truth": True, "low": 1, "binding": None}, "inconclusive:insufficient-data"),
        ({"truth": None, "obstacle": Reason.NOT_COMPUTABLE}, "inconclusive:not-computable"),
        ({"truth": None, "obstacle": Reason.NO_LIMIT, "binding": False}, "inconclusive:no-limit"),
        ({"truth": None, "obstacle": Reason.NO_LIMIT, "applies": None}, "inconclusive:no-limit"),
        ({"truth": None, "obstacle": Reason.NO_LIMIT, "applies": False}, "inapplicable"),
    ],
)
def test_a_simple_rule_says_what_its_truth_says(make, given, expected):
    assert outcome(make.evaluation(**given), make.rule()) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"truth": True, "low": 0.6}, "passed"),
        ({"truth": True, "low": 0.5}, "inconclusive:within-uncertainty"),
        ({"truth": True, "low": 0.0}, "inconclusive:within-uncertainty"),
        ({"truth": False, "low": -0.5}, "inconclusive:within-uncertainty"),
        ({"truth": False, "low": -0.6}, "failed"),
        ({"truth": True, "low": 0.6, "high": 9}, "passed"),
        ({"truth": False, "low": -9, "high": -0.6}, "failed"),
        ({"truth": True, "low": 0.1, "high": 9}, "inconclusive:within-uncertainty"),
        ({"truth": True, "low": 0.1, "high": 9, "missing": ("response.p",)}, "inconclusive:insufficient-data"),
        ({"truth": None, "low": -math.inf, "high": math.inf}, "inconclusive:insufficient-data"),
        ({"truth": False}, "failed"),
        ({"truth": True}, "passed"),
        ({"truth": False, "low": -0.6, "binding": False}, "failed"),
        ({"truth": False, "low": -0.4, "binding": False}, "inconclusive:vacuous"),
    ],
)
def test_a_guarded_rule_keeps_clear_of_its_limit_by_the_uncertainty(make, given, expected):
    assert outcome(make.evaluation(**given), make.guarded(0.5)) == expected


def test_uncertainty_converts_to_the_unit_of_the_margin(make):
    assert outcome(make.evaluation(True, low=0.6), make.guarded(500, unit="kW")) == "passed"
    assert outcome(make.evaluation(True, low=0.4), make.guarded(500, unit="kW")).endswith("within-uncertainty")


def test_stating_more_uncertainty_than_the_rule_allows_escapes_no_failure_and_earns_no_pass(make):
    rule = make.guarded(0.5, maximum=2.0)
    assert outcome(make.evaluation(False, low=-3), rule, uncertainty=100.0) == "failed"
    assert outcome(make.evaluation(True, low=3), rule, uncertainty=100.0) == "inconclusive:within-uncertainty"


def test_a_guarded_rule_without_any_uncertainty_decides_nothing_by_margin(make):
    assert outcome(make.evaluation(True, low=5), make.rule(decision="guarded")) == "inconclusive:insufficient-data"


def test_what_is_computed_is_decided_simply_unless_an_uncertainty_is_stated(make):
    near = make.evaluation(True, low=0.1)
    assert outcome(near, make.guarded(0.5), generated=True, live=True) == "passed"
    assert outcome(near, make.guarded(0.5), generated=True, live=True, uncertainty=0.0) == "passed"
    assert outcome(near, make.guarded(0.5), generated=True, live=True, uncertainty=0.2).endswith("within-uncertainty")
    assert outcome(near, make.guarded(0.5), generated=True, live=False).endswith("within-uncertainty")


@pytest.mark.parametrize("u", [-0.1, NAN])
def test_an_uncertainty_that_is_none_is_refused(make, u):
    with pytest.raises(ValueError, match="uncertainty"):
        outcome(make.evaluation(True, low=1), make.guarded(), uncertainty=u)


def test_missing_data_never_passes(make):
    """Whatever else is known: a truth that cannot be told ends neither passed nor failed."""
    kleene = (True, False, None)
    for applies, binding, rule in itertools.product(kleene, kleene, (make.rule(), make.guarded())):
        judged = outcome(make.evaluation(None, low=-1, high=2, applies=applies, binding=binding), rule)
        assert judged not in ("passed", "failed")


SILENT = (Answer.CRASHED, Answer.TIMED_OUT, Answer.GARBAGE, Answer.TOO_LARGE, Answer.UNREACHABLE)


@pytest.mark.parametrize("answer", SILENT)
@pytest.mark.parametrize("in_envelope", [True, False])
def test_silence_fails_answers_with_or_without_an_oracle(answer, in_envelope):
    judged = answers(Reply(answer), rule="p/d-answers", in_envelope=in_envelope, oracle_answers=False)
    assert (judged.outcome, judged.feasible) == (Outcome.FAILED, True)


@pytest.mark.parametrize(
    ("in_envelope", "oracle", "expected"),
    [
        (True, True, Outcome.FAILED),
        (True, False, Outcome.INAPPLICABLE),
        (False, True, Outcome.INAPPLICABLE),
        (False, False, Outcome.INAPPLICABLE),
    ],
)
def test_a_refusal_fails_only_inside_the_envelope_where_the_oracle_answers(in_envelope, oracle, expected):
    judged = answers(Reply(Answer.REFUSED), rule="r", in_envelope=in_envelope, oracle_answers=oracle)
    assert judged.outcome is expected


def test_an_answer_passes_and_an_exchange_that_was_not_recorded_is_missing_data():
    options = {"rule": "r", "in_envelope": True, "oracle_answers": True}
    assert answers(Reply(Answer.ANSWERED, body={}), **options).outcome is Outcome.PASSED
    assert answers(Reply(Answer.MISSING), **options).reason is Reason.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("body", "complaints", "pairing", "live", "expected"),
    [
        ({"p": 1.0}, (), (), True, Outcome.PASSED),
        ({"p": None}, COMPLAINT, (), True, Outcome.FAILED),
        ({"p": 1.0}, (), COMPLAINT, True, Outcome.FAILED),
        ({"p": [NAN]}, (), (), True, Outcome.FAILED),
        ({"p": [float("inf")]}, (), (), True, Outcome.FAILED),
        ({"p": [NAN]}, (), (), False, Outcome.PASSED),
        ({"p": 1.0}, COMPLAINT, (), False, Outcome.FAILED),
    ],
)
def test_a_response_is_valid_when_schema_pairing_and_numbers_are(body, complaints, pairing, live, expected):
    judged = response_valid(Reply(Answer.ANSWERED, body=body), complaints, pairing, rule="r", live=live)
    assert judged.outcome is expected
    assert judged.feasible is (True if expected is Outcome.FAILED else None)


@pytest.mark.parametrize("answer", [*SILENT, Answer.REFUSED, Answer.MISSING])
def test_without_an_answer_no_rule_that_needs_one_passes_or_fails(answer):
    expected = {Answer.REFUSED: None, Answer.MISSING: Reason.INSUFFICIENT_DATA}.get(answer, Reason.SYSTEM_ERROR)
    for judged in (response_valid(Reply(answer), rule="r"), when_no_answer("r", answer)):
        assert judged.reason is expected
        assert judged.outcome is (Outcome.INCONCLUSIVE if expected else Outcome.INAPPLICABLE)


def test_an_invalid_response_is_a_system_error_for_the_rules():
    assert when_no_answer("r").reason is Reason.SYSTEM_ERROR


def test_a_value_of_any_depth_is_searched_for_numbers_that_are_none():
    value = NAN
    for _ in range(100_000):
        value = [value]
    assert not all_finite(value)
    assert all_finite({"a": [1, 2.5, "NaN", True, None]})
