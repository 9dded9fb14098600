from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from conformance.judge import cases_needed, clopper_pearson_upper, percent_up, zero_failure_bound


@pytest.mark.parametrize(("rate", "n"), [(1e-2, 299), (1e-3, 2995), (1e-4, 29956)])
def test_cases_needed_are_the_published_ones_and_no_fewer_suffice(rate, n):
    assert cases_needed(rate, 0.95) == n
    assert zero_failure_bound(n, 0.95) <= rate < zero_failure_bound(n - 1, 0.95)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("rate", [0.3, 0.05, 0.01, 0.0037])
def test_cases_needed_agree_with_exact_arithmetic(rate, confidence):
    clean = 1 - Fraction(rate)
    n = cases_needed(rate, confidence)
    assert clean**n <= 1 - Fraction(confidence) + Fraction(1, 10**12)
    assert clean ** (n - 1) > 1 - Fraction(confidence)


@pytest.mark.parametrize(("k", "n"), [(0, 299), (1, 10), (3, 400), (5, 30), (29, 30)])
def test_the_upper_bound_leaves_exactly_the_stated_probability_below(k, n):
    upper = Fraction(clopper_pearson_upper(k, n, 0.95))
    at_most_k = sum(comb(n, i) * upper**i * (1 - upper) ** (n - i) for i in range(k + 1))
    assert float(at_most_k) == pytest.approx(0.05, rel=1e-9)


def test_nothing_seen_excludes_nothing():
    assert zero_failure_bound(0, 0.95) == 1.0
    assert clopper_pearson_upper(0, 0, 0.95) == 1.0
    assert clopper_pearson_upper(4, 4, 0.95) == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: zero_failure_bound(-1, 0.95),
        lambda: zero_failure_bound(1, 1.0),
        lambda: cases_needed(0.0, 0.95),
        lambda: cases_needed(0.01, 95),
        lambda: clopper_pearson_upper(3, 2, 0.95),
        lambda: clopper_pearson_upper(-1, 2, 0.95),
    ],
)
def test_impossible_questions_are_refused(call):
    with pytest.raises(ValueError, match=r"fail|fewer|share"):
        call()


@pytest.mark.parametrize(
    ("share", "text"), [(0.009969, "1.0"), (0.0101, "1.1"), (1.0, "100"), (0.000100001, "0.011"), (0.25, "25")]
)
def test_a_printed_bound_is_never_below_the_bound(share, text):
    assert percent_up(share) == text
    assert float(text) / 100 >= share
