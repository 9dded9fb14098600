"""One dimension of an input space: the values that one field of a request may take.

A numeric dimension is a grid: whole multiples of its resolution between its bounds, so that every value has one
decimal form on every machine. The nominal value stands in its own grid cell as it was given, unrounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from math import ceil, floor
from typing import Literal, TypeAlias

from attrs import evolve, field, frozen

from conformance.errors import Text
from conformance.model.json import JSON, is_finite_number

Value: TypeAlias = float | str | bool
Point: TypeAlias = tuple[Value, ...]
"""One value per dimension, in the field's own unit."""
Kind = Literal["continuous", "integer", "choice", "boolean"]


@frozen(slots=False, kw_only=True)
class Dimension:
    """A field of the request that varies.

    ``first`` and ``last`` are the ends of its grid: multiples of ``resolution``, or indices into ``choices``.
    """

    path: str
    """Such as ``loads[bus=8].p``."""
    group: str
    """The field without the element, such as ``loads.p``: dimensions of one group may move together."""
    kind: Kind
    nominal: Value
    first: int
    last: int
    resolution: float = 1.0
    unit: str | None = None
    label: Text | None = None
    choices: tuple[Value, ...] = ()
    weights: tuple[float, ...] = ()
    centre: int | None = None
    """Grid cell of the nominal value; None when nominal lies outside the bounds."""
    source: str | None = None
    status: str | None = None
    length: bool = False
    """How much of the request there is, such as the calls of a sequence: drawn whole, and less of it only to shrink."""
    decimals: int = field(init=False, repr=False, eq=False)
    """Of the decimal form of the values."""

    @decimals.default
    def _of_resolution(self) -> int:
        exponent = Decimal(repr(self.resolution)).normalize().as_tuple().exponent
        return max(-int(exponent), 0)

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers between bounds, and not choices."""
        return not self.choices

    @property
    def count(self) -> int:
        """How many values it has."""
        return self.last - self.first + 1

    def at(self, cell: int) -> Value:
        """The value of a grid cell (or choice number) between ``first`` and ``last``."""
        if self.choices:
            return self.choices[cell]
        if cell == self.centre:
            return self.nominal
        if self.kind == "integer":
            return cell * int(self.resolution)
        return round(cell * self.resolution, self.decimals)

    def cell(self, value: Value) -> int:
        """The grid cell (or choice number) nearest to ``value``, inside the bounds.

        Raises ValueError for a value that is no choice.
        """
        if self.choices:
            return self.choices.index(value)
        return min(max(round(float(value) / self.resolution), self.first), self.last)

    @cached_property
    def lower(self) -> Value:
        """Smallest value; of choices, the first."""
        return self.at(self.first)

    @cached_property
    def upper(self) -> Value:
        """Largest value; of choices, the last."""
        return self.at(self.last)

    @cached_property
    def ends(self) -> tuple[Value, ...]:
        """Where the field is at an end and not at nominal: lower and upper, or every other choice; none of a length."""
        if self.length:
            return ()
        values = self.choices or (self.lower, self.upper)
        return tuple(v for v in values if v != self.nominal)

    def holds(self, value: JSON) -> bool:
        """Whether ``value`` is one of the values of this dimension, or its nominal."""
        if self.choices:
            return any(v == value and isinstance(v, bool) == isinstance(value, bool) for v in self.choices)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return value == self.nominal or (abs(value) < 1e300 and self.at(self.cell(value)) == value)

    def spans(self, value: JSON) -> bool:
        """Whether ``value`` lies between the bounds, on the grid or not; of choices, whether it is one."""
        if self.choices or not is_finite_number(value):
            return self.holds(value)
        low, high = float(self.lower), float(self.upper)
        return value == self.nominal or low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high)

    def unit_of(self, value: Value) -> float:
        """``value`` as a share of the range, in [0, 1]; of choices, the middle of the choice's share."""
        if self.choices:
            return (self.cell(value) + 0.5) / self.count
        return (self.cell(value) - self.first) / max(self.last - self.first, 1)

    def of_unit(self, share: float) -> Value:
        """The value at ``share`` of the range; shares outside [0, 1] mean the ends. Of a length always the whole."""
        if self.length:
            return self.nominal
        share = min(max(share, 0.0), 1.0)
        if self.choices:
            return self.choices[min(int(share * self.count), self.count - 1)]
        return self.at(self.first + round(share * (self.last - self.first)))

    def drawn(self, bits: int) -> Value:
        """Inverse transform of a 53-bit uniform integer, in whole numbers: uniform on the grid, or by weight."""
        if not self.choices:
            return self.at(self.first + (bits * self.count >> 53))
        left = bits / 2**53 * sum(self.weights)
        for value, weight in zip(self.choices, self.weights, strict=True):
            left -= weight
            if left < 0:
                return value
        return next(v for v, w in zip(reversed(self.choices), reversed(self.weights), strict=True) if w > 0)

    def cut(self, low: float, high: float) -> Dimension | None:
        """This numeric dimension between ``low`` and ``high`` only; None if none of its values lies there."""
        nominal = self.centre is not None and low <= float(self.nominal) <= high
        first = max(self.first, ceil(low / self.resolution))
        last = min(self.last, floor(high / self.resolution))
        if nominal and self.centre is not None:
            first, last = min(first, self.centre), max(last, self.centre)
        return evolve(self, first=first, last=last, centre=self.centre if nominal else None) if first <= last else None

    @property
    def whole(self) -> Dimension:
        """This dimension, of a length at its nominal value alone."""
        return evolve(self, first=self.last) if self.length else self

    def describe(self) -> dict[str, JSON]:
        """This dimension as JSON for the header of a record."""
        known: dict[str, JSON] = {"path": self.path, "group": self.group, "kind": self.kind, "nominal": self.nominal}
        if self.choices:
            known |= {"choices": list(self.choices), "weights": list(self.weights)}
        else:
            known |= {"lower": self.lower, "upper": self.upper, "resolution": self.resolution}
        label = None if self.label is None else {"en": self.label.en, "zh": self.label.zh}
        extra = {"unit": self.unit, "label": label, "source": self.source, "status": self.status}
        return known | {k: v for k, v in extra.items() if v is not None}


def groups(dimensions: Sequence[Dimension]) -> dict[str, list[int]]:
    """Numbers of the dimensions of each group, in order."""
    found: dict[str, list[int]] = {}
    for number, dimension in enumerate(dimensions):
        found.setdefault(dimension.group, []).append(number)
    return found
