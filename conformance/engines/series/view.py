"""The stretch of samples over which a rule is evaluated, as its closures see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from attrs import field, frozen

from conformance.engines.series._operators import Latched
from conformance.engines.series._signal import Mask, Signal
from conformance.engines.series._stream import Stretch
from conformance.engines.series.values import (
    NO_INSTANT,
    UNBOUNDED,
    Bad,
    Moment,
    Number,
    Says,
    Word,
    any_of,
    plain,
    unless,
)
from conformance.rules.engine import Kind
from conformance.rules.margin import Atom

Asked: TypeAlias = Kind | Literal["low", "high", "null", "any"]
Column: TypeAlias = tuple[str, Asked]
"""A column and how it is read. As ``number`` float64, missing is NaN; its ends ``low`` and ``high`` where a relation
has them. As ``boolean`` int8: 0, 1, missing is 2. As ``word`` objects, missing is None. As ``instant`` int64, missing
is `NO_INSTANT`. As ``null`` Booleans: whether it is null. As ``any`` objects, as they are."""


@frozen
class Carried:
    """What an operator without a bound said last, and which comparison decided it."""

    said: Latched
    atom: Atom | None


@frozen(eq=False)
class View:
    """One rule's look at a stretch. ``whole``: nothing is missing beyond the ends of the group."""

    stretch: Stretch
    whole: bool
    before: Mapping[object, Carried]
    """What was carried from earlier stretches, by operator."""
    after: dict[object, Carried] = field(factory=dict)
    """What is to be carried on."""
    _cells: dict[Column, Any] = field(factory=dict, alias="cells")

    def __len__(self) -> int:
        return len(self.stretch.times)

    def read(self, name: str, kind: Kind) -> Any:
        """The samples of a column as a value of ``kind``; its ends, where the relation has both."""
        at = name, kind
        if at not in self._cells:
            self._cells[at] = self._read(name, kind)
        return self._cells[at]

    def _read(self, name: str, kind: Kind) -> Any:
        columns = self.stretch.columns
        if (name, "low") in columns and kind == "number":
            low, high = columns[name, "low"], columns[name, "high"]
            return Number(unless(_some(np.isnan(low)), low, -np.inf), unless(_some(np.isnan(high)), high, np.inf))
        cells = columns[name, kind]
        match kind:
            case "number":
                lost = _some(np.isnan(cells))
                low = unless(lost, cells, -np.inf)
                return Number(low, low if lost is False else np.where(lost, np.inf, cells))
            case "instant":
                lost = _some(cells == NO_INSTANT)
                return Moment(cells, unless(lost, cells, UNBOUNDED))
            case "boolean":
                return plain(cells == 1, _some(cells == 2))
            case "word":
                return Word(cells, _some(cells == np.array(None)))

    def lost(self, name: str, kind: Kind) -> Mask:
        """Where a column holds nothing that can be read."""
        columns = self.stretch.columns
        if kind == "number":
            return np.isnan(columns[name, "low" if (name, "low") in columns else kind])
        missing = {"instant": NO_INSTANT, "boolean": 2, "word": np.array(None)}[kind]
        found: Mask = columns[name, kind] == missing
        return found

    def null(self, name: str) -> Mask:
        """Where a column is null."""
        found: Mask = self.stretch.columns[name, "null"]
        return found

    def signal(self, of: Number | Says) -> Signal:
        """A number or verdict as a kernel takes it: anything, where it is not computable."""
        low = self._spread(unless(of.bad, of.low, -np.inf))
        known = of.known and of.bad is False
        return Signal(self.stretch.times, low, low if known else self._spread(unless(of.bad, of.high, np.inf)))

    def truths(self, of: Says) -> Signal:
        """Truth as 0 and 1."""
        return self.signal(Number(np.where(of.true, 1.0, 0.0), np.where(of.false, 0.0, 1.0), of.bad))

    def codes(self, of: Word) -> Signal:
        """Texts as numbers that tell neighbours apart."""
        texts = self._spread(of.value)
        codes = np.cumsum(np.concatenate(([0.0], texts[1:] != texts[:-1]))[: len(self)])
        return self.signal(Number(codes, codes, any_of(of.lost, of.bad)))

    def _spread(self, values: Any) -> Any:
        return values if np.ndim(values) else np.full(len(self), values)


def _some(mask: Mask) -> Bad:
    return mask if mask.any() else False
