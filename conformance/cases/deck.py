"""Values of one dimension drawn like cards: no stretch of its range comes twice before all have come once."""

from __future__ import annotations

from random import Random
from typing import Final

from attrs import define, field

from conformance.cases.dimension import Dimension, Value

_STRETCHES: Final = 1000
"""Stretches of a numeric range; a trigger in a thousandth of it is then met in some thousand draws."""


@define
class Deck:
    """A deck of a numeric dimension's stretches, or of its choices, each of them as likely."""

    _dimension: Dimension
    _cards: list[int] = field(factory=list)

    def draw(self, rng: Random) -> Value:
        """The next value."""
        count = min(self._dimension.count, _STRETCHES)
        if not self._cards:
            self._cards = rng.sample(range(count), count)
        card = self._cards.pop()
        if not self._dimension.numeric:
            return self._dimension.choices[card]
        return self._dimension.of_unit((card + rng.random()) / count)
