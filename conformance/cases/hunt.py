"""The hunt for the worst case: ask and tell on the normalised margins of several rules at once.

Every call serves every rule. A rule gets its share of the calls by how near it is to its limit, unbroken ones first.
For one rule, several ways of proposing the next point compete, and those that lately led to worse points are used most:
CMA-ES, and the ways of `ways`. A chase that no longer gets worse begins anew from other points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

import numpy as np
from attrs import frozen

from conformance.cases import ways
from conformance.cases.deck import Deck
from conformance.cases.descent import Descent
from conformance.cases.dimension import Point
from conformance.cases.quarry import Quarry
from conformance.cases.space import Space

_BROKEN_SHARE: Final = 0.2
_DESCENT: Final = 0.6
"""Share of CMA-ES in the calls of a rule, where they are enough for it to gain anything."""
_NEEDED: Final = 10
"""Calls for each dimension that this takes."""
_MATTERS: Final = 0.3
"""Weight from which on a dimension seems to matter; their mean is about 1."""
_MIXED: Final = 0.3
"""Share of mixed granularity among the points for a rule whose margins lead nowhere."""
_TRIES: Final = 20
"""Proposals that were already judged, before a stage is taken for exhausted."""

Margins = Mapping[str, float | None]
"""Rule to normalised margin; None where the case says nothing of the rule."""


@frozen
class _Proposal:
    """Where a point comes from."""

    rule: str
    way: str
    parent: Point | None = None
    descent: Descent | None = None
    shares: np.ndarray | None = None


class Hunt:
    """Ask and tell. The same seed, asks and tells give the same points; tell in the order of the case numbers."""

    def __init__(self, space: Space, rules: Sequence[str], *, seed: str, budget: int) -> None:
        """``budget`` is the number of points that will be asked for at most."""
        self._space = space
        self._quarries = {rule: Quarry(rule, len(space.dimensions)) for rule in rules}
        self._rng = Random(f"hunt/{seed}")  # noqa: S311 - cases, not secrets
        self._left = budget
        self._judged: dict[Point, Margins] = {}
        self._asked: dict[Point, _Proposal] = {}
        self._descents: dict[str, Descent] = {}
        self._starts = 0
        self._decks = [Deck(d) for d in space.dimensions]
        self._numeric = [n for n, d in enumerate(space.dimensions) if d.numeric]
        self._ways = dict(ways.LONE)
        if any(len(numbers) > 1 for numbers in space.groups.values()):
            self._ways |= ways.ROWS
        plenty = min(budget / (_NEEDED * max(len(self._numeric), 1)), 1.0)
        self._descending = _DESCENT * plenty if len(self._numeric) > 1 else 0.0

    @property
    def left(self) -> int:
        """Points that may still be asked for."""
        return self._left

    def ask(self, n: int) -> list[Point]:
        """Up to ``n`` points that were not asked before; fewer when the budget or the space is used up."""
        asked: list[Point] = []
        for _ in range(min(n, self._left)):
            point = self._propose()
            if point is None:
                break
            asked.append(point)
        self._left -= len(asked)
        return asked

    def tell(self, results: Sequence[tuple[Point, Margins]]) -> None:
        """What became of points: of this hunt, or of any stage before it, which give it its start."""
        for point, margins in results:
            if point in self._judged:
                continue
            self._judged[point] = margins
            proposal = self._asked.pop(point, None)
            for rule, quarry in self._quarries.items():
                margin = _known(margins, rule)
                gain = 0.0 if margin is None else quarry.learn(point, margin, len(self._judged))
                self._compare(quarry, point, margin, proposal)
                if proposal is not None and proposal.rule == rule:
                    quarry.credit(proposal.way, gain)
                    quarry.idle += gain < 1
                    if proposal.descent is not None and proposal.shares is not None:
                        proposal.descent.tell(proposal.shares, margin)

    def chased(self, point: Point) -> str | None:
        """The rule for which a point was proposed that is not told yet."""
        proposal = self._asked.get(point)
        return proposal.rule if proposal is not None else None

    def worst(self, rule: str) -> tuple[Point, float] | None:
        """The point of the lowest margin of ``rule`` so far, and that margin."""
        worst = self._quarries[rule].worst
        return None if worst is None else (worst[1], worst[0])

    def _compare(self, quarry: Quarry, point: Point, margin: float | None, proposal: _Proposal | None) -> None:
        parent = self._space.nominal if proposal is None else proposal.parent
        before = _known(self._judged.get(parent, {}), quarry.rule) if parent is not None else None
        if parent is not None and before is not None and margin is not None:
            pairs = zip(self._space.dimensions, parent, point, strict=True)
            moves = {n: d.unit_of(b) - d.unit_of(a) for n, (d, a, b) in enumerate(pairs) if a != b}
            quarry.compare(moves, before, margin)

    def _propose(self) -> Point | None:
        if not self._space.dimensions or not self._quarries:
            return None
        for _ in range(_TRIES):
            quarry = self._next_rule()
            quarry.spent += 1
            if quarry.stale:
                self._restart(quarry)
            point, proposal = self._from(quarry)
            known = self._judged.get(point)
            if known is None and point not in self._asked:
                self._asked[point] = proposal
                return point
            if known is not None and proposal.descent is not None and proposal.shares is not None:
                proposal.descent.tell(proposal.shares, _known(known, quarry.rule))  # judged before: no call needed
        for _ in range(_TRIES):
            point = self._afresh()
            if point not in self._judged and point not in self._asked:
                self._asked[point] = _Proposal("", "mixed")
                return point
        return None

    def _restart(self, quarry: Quarry) -> None:
        known = (
            (margin, -order, point)
            for order, (point, margins) in enumerate(self._judged.items())
            if (margin := _known(margins, quarry.rule)) is not None
        )
        quarry.restart(known, self._rng)
        self._descents.pop(quarry.rule, None)

    def _next_rule(self) -> Quarry:
        """The rule whose calls lag most behind its share: 1, 1/2, 1/3 ... by nearness to the limit."""

        def rank(quarry: Quarry) -> tuple[bool, bool, float]:
            return (quarry.worst is None, quarry.margin < 0, abs(quarry.margin))

        ranked = sorted(self._quarries.values(), key=rank)
        shares = {}
        for place, quarry in enumerate(ranked):
            share = 1 / (place + 1)
            share *= _BROKEN_SHARE if quarry.margin < 0 or quarry.worst is None else 1.0
            shares[quarry.rule] = share / (1 + quarry.chases)
        return min(ranked, key=lambda q: (q.spent + 1) / shares[q.rule])

    def _from(self, quarry: Quarry) -> tuple[Point, _Proposal]:
        """A point for ``quarry``."""
        if quarry.flat:
            return self._afresh(), _Proposal(quarry.rule, "mixed")
        if self._rng.random() < self._descending:
            return self._descend(quarry)
        way = quarry.choose(list(self._ways), self._rng)
        margins, _, pool = zip(*quarry.pool, strict=True)
        scene = ways.Scene(self._space, self._rng, pool, quarry.weights(), margins, quarry.slopes)
        return self._ways[way](scene), _Proposal(quarry.rule, way, scene.parent)

    def _afresh(self) -> Point:
        """A point where nothing leads: mixed, or from the decks, in which no stretch of a value is left out."""
        if self._rng.random() < _MIXED:
            return self._space.mixed(self._rng)
        return tuple(deck.draw(self._rng) for deck in self._decks)

    def _descend(self, quarry: Quarry) -> tuple[Point, _Proposal]:
        """The next point of CMA-ES, of the numeric dimensions that matter and of all in turns of chases."""
        descent = self._descents.get(quarry.rule)
        if descent is None or descent.over:
            weights = quarry.weights()
            few = [n for n in self._numeric if weights[n] > _MATTERS]
            numbers = few if len(few) > 1 and self._starts % 2 == 0 else self._numeric
            seed = self._rng.getrandbits(32)
            descent = Descent(self._space, quarry.pool[0][2], numbers, restart=quarry.chases, seed=seed)
            self._descents[quarry.rule] = descent
            self._starts += 1
        point, shares = descent.ask()
        return point, _Proposal(quarry.rule, "descent", None, descent, shares)


def _known(margins: Margins, rule: str) -> float | None:
    margin = margins.get(rule)
    return margin if margin is not None and math.isfinite(margin) else None
