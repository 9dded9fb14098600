"""Indicators that are computed on request: what may still be unseen. They decide nothing.

They rest on the independent sample alone, as the bounds do.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from conformance.judge.tally import known
from conformance.model.indicators import Indicators, Tail, Unseen
from conformance.model.outcome import Judgement

TAIL = 0.1
"""Share of the margins, the least, that the tail is fitted to."""
LEAST = 20
"""Fewer margins in the tail are not fitted."""

Kind = tuple[str, ...]
"""A class of behaviour: rule, outcome and reason, the comparison that decided, the elements it decided at."""


class Observed:
    """Gathers what the independent cases of one operation showed. Its memory grows with the margins only."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._cases = 0
        self._kinds: Counter[Kind] = Counter()
        self._margins: dict[str, list[float]] = {}

    def add(self, judgements: Sequence[Judgement]) -> None:
        """Take in what each rule says of one case."""
        self._cases += 1
        self._kinds.update({kind(j) for j in judgements})
        for judgement in judgements:
            if (margin := known(judgement.margin)) is not None:
                self._margins.setdefault(judgement.rule, []).append(margin)

    def indicators(self) -> Indicators:
        """The indicators so far. Raises ValueError before the first case."""
        if not self._cases:
            raise ValueError(f"{self._operation}: no independent case")
        once = sum(n == 1 for n in self._kinds.values())
        tails = [found for rule, margins in self._margins.items() if (found := tail(rule, margins)) is not None]
        return Indicators(
            self._operation,
            Unseen(self._cases, len(self._kinds), once),
            tuple(sorted(tails, key=lambda t: (-t.beyond, t.rule))),
        )


def kind(judgement: Judgement) -> Kind:
    """The class of behaviour that a judgement shows: rule, outcome, deciding clause, and regime: where it decided."""
    margin = judgement.margin
    decided = () if margin is None else (margin.atom, *(f"{name}={element}" for name, element in margin.at))
    return (judgement.rule, judgement.outcome, judgement.reason or "", *decided)


def tail(rule: str, margins: Sequence[float]) -> Tail | None:
    """The tail of the worst of ``margins`` (normalised) before the limit.

    None where there are too few or they do not differ, and where the limit lies behind so many of them that there is
    nothing left to guess.

    Fitted by probability-weighted moments (J. R. M. Hosking and J. R. Wallis, Technometrics 29 (1987) 339-349), which
    need no search and exist for shapes below 1.
    """
    ordered = sorted(margins)
    threshold = ordered[int(len(ordered) * TAIL)] if ordered else 0.0
    excess = sorted(threshold - margin for margin in ordered if margin < threshold)
    fitted = len(excess)
    if fitted < LEAST or threshold <= 0 or excess[0] == excess[-1]:
        return None
    mean = sum(excess) / fitted
    weighted = sum((fitted - place - 0.65) / fitted * x for place, x in enumerate(excess)) / fitted
    spread = mean - 2 * weighted  # positive: the weights fall as the excess grows, and are half on average at most
    shape, scale = 2 - mean / spread, 2 * mean * weighted / spread
    beyond = fitted / len(ordered) * _survival(threshold, shape, scale)
    return Tail(rule, len(ordered), threshold, fitted, shape, scale, beyond, least=ordered[0])


def _survival(excess: float, shape: float, scale: float) -> float:
    """The share of a generalised Pareto distribution beyond ``excess``, which is positive."""
    if abs(shape) < 1e-9:
        return math.exp(-excess / scale)
    inside = 1 + shape * excess / scale
    return float(inside ** (-1 / shape)) if inside > 0 else 0.0
