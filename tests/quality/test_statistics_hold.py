"""Do the bounds and the sequential test err no more often than they say? By simulation, and wrong ones are caught.

Seeded; `tox -e quality` draws ten times as many samples.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import numpy as np
import pytest

from conformance.judge import Sequential, Tally, cases_needed, clopper_pearson_upper, verdict, zero_failure_bound
from conformance.model.outcome import Judgement, Outcome
from conformance.model.run import Case, Stage
from conformance.model.standard import Evidence

SAMPLES = 100_000 if os.environ.get("CONFORMANCE_FULL") else 10_000
SIGMAS = 4
"""A right formula strays so far once in some 30,000 simulations; the seeds are fixed, so it does always or never."""

Upper = Callable[[int, int, float], float]


def tolerance(rate: float, samples: int) -> float:
    return SIGMAS * math.sqrt(rate * (1 - rate) / samples)


# -- the zero-failure bound


def clean_share(n: int, rate: float) -> float:
    """How often a sample of ``n`` shows no failure."""
    return float((np.random.default_rng(11).binomial(n, rate, SAMPLES) == 0).mean())


def check_zero_failures(bound: Callable[[int, float], float], n: int, confidence: float) -> None:
    """A system whose failure rate is the bound itself shows ``n`` clean cases as often as the doubt says."""
    doubt = 1 - confidence
    assert abs(clean_share(n, bound(n, confidence)) - doubt) <= tolerance(doubt, SAMPLES)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [30, 299, 2995])
def test_the_zero_failure_bound_errs_as_often_as_it_says(n: int, confidence: float) -> None:
    check_zero_failures(zero_failure_bound, n, confidence)


@pytest.mark.parametrize("wrong", [lambda n, c: (1 - c) / n, lambda n, c: -math.log10(1 - c) / n, lambda n, c: 1 / n])
def test_a_wrong_zero_failure_bound_is_caught(wrong: Callable[[int, float], float]) -> None:
    with pytest.raises(AssertionError):
        check_zero_failures(wrong, 299, 0.95)


def test_one_case_fewer_than_needed_is_too_few() -> None:
    n = cases_needed(0.05, 0.95)
    assert zero_failure_bound(n, 0.95) <= 0.05 < zero_failure_bound(n - 1, 0.95)
    assert clean_share(n, 0.05) <= 0.05 + tolerance(0.05, SAMPLES)


# -- Clopper and Pearson


def check_upper(upper: Upper, n: int, rate: float, confidence: float) -> None:
    """The bound lies below the true rate no more often than the doubt says."""
    failures = np.random.default_rng(13).binomial(n, rate, SAMPLES)
    bounds = {int(k): upper(int(k), n, confidence) for k in np.unique(failures)}
    missed = float(np.array([bounds[int(k)] < rate for k in failures]).mean())
    assert missed <= 1 - confidence + tolerance(1 - confidence, SAMPLES)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("n", "rate"), [(20, 0.2), (299, 0.01), (299, 0.0016), (400, 0.05), (2995, 0.002)])
def test_the_bound_of_clopper_and_pearson_holds(n: int, rate: float, confidence: float) -> None:
    check_upper(clopper_pearson_upper, n, rate, confidence)


def wald_interval(k: int, n: int, _confidence: float) -> float:
    """The textbook's normal approximation, which breaks down where failures are few."""
    share = k / n
    return share + 1.645 * math.sqrt(share * (1 - share) / n)


def without_the_next_failure(k: int, n: int, confidence: float) -> float:
    return clopper_pearson_upper(max(k - 1, 0), n, confidence)


@pytest.mark.parametrize("wrong", [wald_interval, without_the_next_failure])
def test_a_wrong_bound_is_caught(wrong: Upper) -> None:
    with pytest.raises(AssertionError):
        check_upper(wrong, 299, 0.01, 0.95)


def test_the_bound_is_no_more_careful_than_it_must_be() -> None:
    """For the rate at which exactly k failures are the limit, it misses as often as the doubt says."""
    rate = clopper_pearson_upper(3, 299, 0.95)
    failures = np.random.default_rng(17).binomial(299, rate * (1 + 1e-9), SAMPLES)
    assert abs(float((failures <= 3).mean()) - 0.05) <= tolerance(0.05, SAMPLES)


# -- Wald's sequential test

Decide = Callable[[int, int], str]


def outcomes(decide: Decide, rate: float, *, samples: int, longest: int = 3000) -> tuple[float, float]:
    """Shares of samples that are accepted and rejected, case by case, the first decision being final."""
    rng = np.random.default_rng(19)
    most = 40
    says = {"continue": 0, "accept": 1, "reject": 2}
    table = np.array([[says[decide(min(k, n), n)] for n in range(1, longest + 1)] for k in range(most)], dtype=np.uint8)
    accepted = rejected = 0
    for _ in range(samples // 500):
        failed = np.cumsum(rng.random((500, longest)) < rate, axis=1)
        decided = table[np.minimum(failed, most - 1), np.arange(longest)]
        first = decided[np.arange(500), np.argmax(decided > 0, axis=1)]
        accepted += int((first == 1).sum())
        rejected += int((first == 2).sum())
    return accepted / samples, rejected / samples


def check_sequential(test: Sequential, decide: Decide, *, samples: int = SAMPLES // 5) -> tuple[float, float]:
    """Neither error is more frequent than the test says; the wrong acceptances and rejections."""
    accepted, _ = outcomes(decide, test.p1, samples=samples)
    _, rejected = outcomes(decide, test.p0, samples=samples)
    assert accepted <= test.wrong_acceptance + tolerance(test.wrong_acceptance, samples)
    assert rejected <= test.wrong_rejection + tolerance(test.wrong_rejection, samples)
    return accepted, rejected


@pytest.mark.parametrize(
    "test", [Sequential(1e-3, 1e-2, 0.05, 0.05), Sequential.of(Evidence()), Sequential(0.02, 0.1, 0.1, 0.02)]
)
def test_the_sequential_test_errs_no_more_often_than_it_says(test: Sequential) -> None:
    accepted, rejected = check_sequential(test, test.decision)
    print(f"accepted {accepted:.4f} of at most {test.wrong_acceptance:.4f}, rejected {rejected:.4f}")
    assert accepted > 0.5 * test.wrong_acceptance  # nor is it so careful that it shows nothing


def test_a_good_system_is_accepted_and_a_bad_one_rejected() -> None:
    test = Sequential.of(Evidence())
    assert outcomes(test.decision, test.p0 / 2, samples=SAMPLES // 10)[0] > 0.97
    assert outcomes(test.decision, test.p1 * 3, samples=SAMPLES // 10)[1] > 0.99


def test_wrong_thresholds_are_caught() -> None:
    test = Sequential(1e-3, 1e-2, 0.05, 0.05)

    def in_tens(failures: int, cases: int) -> str:
        """Logarithms of two bases mixed up."""
        ratio = failures * math.log(test.p1 / test.p0) + (cases - failures) * math.log((1 - test.p1) / (1 - test.p0))
        return "accept" if ratio <= math.log10(1 / 19) else "reject" if ratio >= math.log10(19) else "continue"

    def forgets_failures(failures: int, cases: int) -> str:
        return test.decision(max(failures - 1, 0), cases)

    for wrong in (in_tens, forgets_failures):
        with pytest.raises(AssertionError):
            check_sequential(test, wrong)


# -- and through the verdict itself


@pytest.mark.parametrize("by_chance", [True, False])
def test_a_system_at_the_excluded_rate_passes_no_more_often_than_the_evidence_allows(by_chance: bool) -> None:
    evidence, samples = Evidence(), SAMPLES // 25
    needed = cases_needed(evidence.failure_rate, evidence.confidence)
    rng = np.random.default_rng(23)
    passed, failed = (Judgement("p/r", outcome, feasible=True) for outcome in (Outcome.PASSED, Outcome.FAILED))
    cases = [Case(n, "o", Stage.INDEPENDENT, {}, "") for n in range(3 * needed)]
    passes = 0
    for _ in range(samples):
        tally = Tally("p/r", test=Sequential.of(evidence) if by_chance else None)
        draws = rng.random(len(cases)) < evidence.failure_rate
        for case, fails in zip(cases, draws, strict=True):
            if case.number >= needed and not tally.wants_more(needed):
                break
            tally.add(case, failed if fails else passed)
        passes += verdict(tally, generated=True, evidence=evidence)[0] is Outcome.PASSED
    doubt = 1 - evidence.confidence
    assert passes / samples <= doubt + tolerance(doubt, samples)
    assert passes > 0
