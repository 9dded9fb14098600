"""A request with holes: how a point becomes JSON, and back. What does not vary is shared between requests."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Protocol

from attrs import frozen

from conformance.cases.dimension import Point
from conformance.model.json import JSON


class Node(Protocol):
    """A part of the template."""

    def build(self, point: Point) -> JSON:
        """The JSON of this part at ``point``."""

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """The inverse of `build`: values of dimensions from ``value``. LookupError or TypeError on another shape."""


@frozen
class Fixed:
    """A part that is the same in every request; it is not copied."""

    value: JSON

    def build(self, point: Point) -> JSON:
        """The part itself."""
        return self.value

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """Nothing varies here."""


@frozen
class Slot:
    """The value of one dimension."""

    number: int

    def build(self, point: Point) -> JSON:
        """The value."""
        return point[self.number]

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """The value is the dimension's."""
        into[self.number] = value


@frozen
class Follow:
    """A number that keeps its ratio to a sibling dimension; where the sibling is nominally 0, it stays."""

    number: int
    of: float
    nominal: float
    decimals: int

    def build(self, point: Point) -> JSON:
        """Nominal times the sibling's value over its nominal, rounded."""
        value = point[self.number]
        if value == self.of or self.of == 0:
            return self.nominal
        return round(self.nominal * (float(value) / self.of), self.decimals) + 0.0  # + 0.0: no negative zero

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """The sibling says it all."""


@frozen
class Object:
    """An object in which some fields vary."""

    base: Mapping[str, JSON]
    parts: tuple[tuple[str, Node], ...]

    def build(self, point: Point) -> JSON:
        """A new object; its fixed fields are shared."""
        built = dict(self.base)
        for name, node in self.parts:
            built[name] = node.build(point)
        return built

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """Each varying field in turn."""
        for name, node in self.parts:
            node.collect(value[name], into)


@frozen
class Array:
    """A list in which some elements vary."""

    parts: tuple[Node, ...]

    def build(self, point: Point) -> JSON:
        """A new list; its fixed elements are shared."""
        return [node.build(point) for node in self.parts]

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """Each element in turn."""
        for index, node in enumerate(self.parts):
            node.collect(value[index], into)


@frozen
class Signal:
    """Knots expanded to ``length`` numbers; a knot is a `Slot`, or `Fixed` where its range is one value.

    Knots stand at whole positions: of ``hold`` at the start of each piece, of ``linear`` spread from end to end.
    """

    knots: tuple[Node, ...]
    length: int
    linear: bool
    decimals: int | None
    """Of the values between knots; None: whole numbers."""

    def _positions(self) -> list[int]:
        count = len(self.knots)
        if self.linear and count > 1:
            return [j * (self.length - 1) // (count - 1) for j in range(count)]
        return [j * self.length // count for j in range(count)]

    def build(self, point: Point) -> JSON:
        """The expanded list; between linear knots rounded."""
        values = [knot.build(point) for knot in self.knots]
        stands = self._positions()
        return [self._at(index, values, stands) for index in range(self.length)]

    def _at(self, index: int, values: list[JSON], stands: list[int]) -> JSON:
        piece = bisect_right(stands, index) - 1
        if not self.linear or index == stands[piece]:
            return values[piece]
        (low, high), (here, there) = values[piece : piece + 2], stands[piece : piece + 2]
        between = round(low + (high - low) * (index - here) / (there - here), self.decimals)
        return min(max(between, min(low, high)), max(low, high))

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """The values at the knots."""
        for knot, position in zip(self.knots, self._positions(), strict=True):
            knot.collect(value[position], into)
