"""A request with holes: how a point becomes JSON, and back. What does not vary is shared between requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen

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

    positions: tuple[int, ...] = field(init=False, repr=False, eq=False)
    """Where each knot stands."""

    @positions.default
    def _spread(self) -> tuple[int, ...]:
        count = len(self.knots)
        if self.linear and count > 1:
            return tuple(j * (self.length - 1) // (count - 1) for j in range(count))
        return tuple(j * self.length // count for j in range(count))

    def build(self, point: Point) -> JSON:
        """The expanded list; between linear knots rounded."""
        values = [knot.build(point) for knot in self.knots]
        built: list[JSON] = []
        for here, there, low, high in zip(
            self.positions, (*self.positions[1:], self.length), values, (*values[1:], values[-1]), strict=True
        ):
            if not self.linear:
                built += [low] * (there - here)
                continue
            built.append(low)
            least, most = (low, high) if low < high else (high, low)
            for index in range(1, there - here):
                between = round(low + (high - low) * index / (there - here), self.decimals)
                built.append(min(max(between, least), most))
        return built

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """The values at the knots."""
        for knot, position in zip(self.knots, self.positions, strict=True):
            knot.collect(value[position], into)

    def until(self, count: int) -> int:
        """How many values tell all of the first ``count``: linear ones are told by the next knot too."""
        if not self.linear or len(self.knots) == 1:
            return count
        return next((p for p in self.positions if p >= count - 1), self.length - 1) + 1


@frozen
class Cut:
    """The beginning of a signal, as long as another dimension says; what lies beyond is nominal."""

    signal: Signal
    length: int
    """Number of that dimension."""
    nominal: list[JSON]
    """The whole signal at its nominal values."""

    def build(self, point: Point) -> JSON:
        """The values that are needed."""
        whole: list[JSON] = self.signal.build(point)
        return whole[: self.signal.until(int(point[self.length]))]

    def collect(self, value: JSON, into: dict[int, JSON]) -> None:
        """The values at the knots that are there; LookupError where there are more or fewer than it takes."""
        if len(value) != self.signal.until(into[self.length]):
            raise LookupError("a sequence has a value for each call")
        self.signal.collect([*value, *self.nominal[len(value) :]], into)
