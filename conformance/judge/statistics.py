"""What an independent sample shows of a failure rate: exact binomial bounds.

Source: Clopper and Pearson, Biometrika 26 (1934) 404-413. Rates and confidences are shares in (0, 1), not percent.
Only independent draws from the input space may be counted here; cases that a search chose may not.
"""

from __future__ import annotations

import math


def zero_failure_bound(n: int, confidence: float) -> float:
    """Upper bound on the failure rate after ``n`` independent cases without a failure; 1 when ``n`` is 0.

    The rate p with (1 - p)^n = 1 - confidence. Raises ValueError on a negative ``n`` or a confidence outside (0, 1).
    """
    _share(confidence)
    if n < 0:
        raise ValueError(f"a sample has no fewer than 0 cases: {n}")
    return -math.expm1(math.log1p(-confidence) / n) if n else 1.0


def cases_needed(rate: float, confidence: float) -> int:
    """How many cases without a failure exclude a failure rate above ``rate``: the least n whose bound reaches it.

    Raises ValueError when a share is outside (0, 1).

    >>> cases_needed(1e-2, 0.95), cases_needed(1e-3, 0.95), cases_needed(1e-4, 0.95)
    (299, 2995, 29956)
    """
    _share(rate)
    _share(confidence)
    n = max(math.ceil(math.log1p(-confidence) / math.log1p(-rate)), 1)
    while n > 1 and zero_failure_bound(n - 1, confidence) <= rate:
        n -= 1
    while zero_failure_bound(n, confidence) > rate:  # the quotient of two rounded logarithms may be one short
        n += 1
    return n


def clopper_pearson_upper(k: int, n: int, confidence: float) -> float:
    """Upper bound on the failure rate after ``k`` failures in ``n`` independent cases (one-sided).

    BetaInv(confidence; k + 1, n - k); with no failure this is `zero_failure_bound`. Raises ValueError unless
    0 <= k <= n and the confidence is in (0, 1).
    """
    _share(confidence)
    if not 0 <= k <= n:
        raise ValueError(f"{k} failures in {n} cases")
    if k == 0:
        return zero_failure_bound(n, confidence)
    if k == n:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(k + 1, n - k, confidence))


def _share(value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"no share between 0 and 1: {value}")
