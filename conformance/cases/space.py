"""The input space of an operation: what its request schema, a site and a declared envelope leave open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen

from conformance.cases import boundary, sample
from conformance.cases.dimension import Dimension, Point, groups
from conformance.cases.mixed import mixed
from conformance.cases.reading import Reader
from conformance.cases.template import Node
from conformance.errors import Problem, Refused, Text
from conformance.errors.space import BadBand
from conformance.model.json import JSON, is_finite_number
from conformance.model.run import Change
from conformance.model.system import Band

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


@frozen(slots=False)
class Space:
    """An input space. Points are tuples of values in natural units, in the order of ``dimensions``."""

    dimensions: tuple[Dimension, ...]
    _template: Node
    _bands: tuple[tuple[int, float, float], ...]

    @staticmethod
    def of(schema: JSON, *, site: Mapping[str, JSON], envelope: Mapping[str, Band]) -> Space:
        """The space of a request schema (JSON Schema 2020-12 with our annotations, references resolved).

        ``site`` is site kind to content. ``envelope`` is field (``loads.p``) or dimension path to a range; names of no
        field here belong to other operations and are passed over.
        Raises `Refused` with all problems.
        """
        reader = Reader(site)
        template = reader.template(schema)
        bands = [band for path, of in envelope.items() for band in _banded(path, of, reader)]
        if reader.problems:
            raise Refused(reader.problems)
        return Space(tuple(reader.dimensions), template, tuple(bands))

    @cached_property
    def nominal(self) -> Point:
        """The point from which everything is counted."""
        return tuple(d.nominal for d in self.dimensions)

    @cached_property
    def groups(self) -> Mapping[str, list[int]]:
        """Field, such as ``loads.p``, to the numbers of its dimensions."""
        return groups(self.dimensions)

    @cached_property
    def declared(self) -> Space:
        """This space cut to the declared envelope, and whole; its points are points of this space too."""
        kept = [d.whole for d in self.dimensions]
        for number, low, high in self._bands:
            kept[number] = kept[number].cut(low, high) or kept[number]
        return self if kept == list(self.dimensions) else Space(tuple(kept), self._template, ())

    @property
    def enveloped(self) -> bool:
        """Whether the system declares an operating envelope in it."""
        return bool(self._bands)

    @cached_property
    def shortest(self) -> Space:
        """The same points, with the least of a length for nominal: what a sequence shrinks toward."""
        kept = (evolve(d, nominal=d.lower, centre=d.first) if d.length else d for d in self.dimensions)
        return Space(tuple(kept), self._template, self._bands)

    def request(self, point: Point) -> JSON:
        """The request at ``point``. Parts that never vary are shared between requests: do not change them."""
        return self._template.build(point)

    def point_of(self, request: JSON) -> Point | None:
        """The point of a stored request; None if it is no request of this space."""
        found: dict[int, JSON] = {}
        try:
            self._template.collect(request, found)
        except (LookupError, TypeError):
            return None
        if not all(d.holds(found.get(number)) for number, d in enumerate(self.dimensions)):
            return None
        point: Point = tuple(found[number] for number in range(len(self.dimensions)))
        return point if self.request(point) == request else None

    def values(self, request: JSON) -> Point | None:
        """The values of a request of this shape, which need not stand on the grid; None if one is out of bounds."""
        found: dict[int, JSON] = {}
        try:
            self._template.collect(request, found)
        except (LookupError, TypeError):
            return None
        if not all(d.spans(found.get(number)) for number, d in enumerate(self.dimensions)):
            return None
        return tuple(found[number] for number in range(len(self.dimensions)))

    def changes(self, point: Point) -> tuple[Change, ...]:
        """Where ``point`` differs from nominal."""
        return tuple(
            Change(d.path, d.nominal, value, d.unit, d.label)
            for d, value in zip(self.dimensions, point, strict=True)
            if value != d.nominal
        )

    def inside(self, point: Point) -> bool:
        """Whether ``point`` is in the declared operating envelope."""
        return all(low <= point[number] <= high for number, low, high in self._bands)  # type: ignore[operator]

    def unit(self, point: Point) -> np.ndarray:
        """``point`` as shares of the ranges, in [0, 1]."""
        return np.array([d.unit_of(v) for d, v in zip(self.dimensions, point, strict=True)])

    def point(self, shares: np.ndarray) -> Point:
        """The nearest point to ``shares``; those outside [0, 1] mean the ends."""
        return tuple(d.of_unit(float(u)) for d, u in zip(self.dimensions, shares, strict=True))

    def independent(self, seed: str, index: int) -> Point:
        """Point ``index`` of the independent sample of ``seed``, inside the declared envelope.

        Cases outside never count, and of twenty loads declared for half their range one in a million is inside.
        """
        return sample.independent(self.declared.dimensions, seed=seed, index=index)

    def boundary(self) -> Iterator[Point]:
        """Points at the ends of ranges."""
        return boundary.boundary(self.dimensions)

    def pairwise(self, seed: str) -> Iterator[Point]:
        """Points that hold every pair of {nominal, low, high} of every two fields."""
        return boundary.pairwise(self.dimensions, seed=seed)

    def mixed(self, rng: Random) -> Point:
        """A point of mixed granularity with extremes."""
        return mixed(self.dimensions, rng=rng)

    def strategy(self) -> SearchStrategy[Point]:
        """A Hypothesis strategy of points that shrinks toward nominal."""
        from conformance.cases.strategy import points  # Hypothesis is slow to import

        return points(self.dimensions)

    def structure(self, test: Callable[[Point], object], *, seed: str, examples: int) -> None:
        """Let Hypothesis propose up to ``examples`` points to ``test``."""
        from conformance.cases.strategy import structure

        structure(self.dimensions, test, seed=seed, examples=examples)

    def describe(self) -> tuple[Mapping[str, JSON], ...]:
        """The dimensions as JSON, for the header of a record."""
        return tuple(d.describe() for d in self.dimensions)


def _banded(path: str, band: Band, reader: Reader) -> Iterator[tuple[int, float, float]]:
    """(dimension, low, high) in the field's unit of one declared range, a rounding error wider."""
    problems: list[Problem] = reader.problems
    if not is_finite_number(band.low) or not is_finite_number(band.high) or band.low > band.high:
        problems.append(BadBand(path=path, detail=Text("no range from low to high", "不是由小到大的范围")))
        return
    for number, dimension in enumerate(reader.dimensions):
        if path not in (dimension.group, dimension.path):
            continue
        if not dimension.numeric:
            problems.append(BadBand(path=path, detail=Text("the field is no number", "该字段不是数值")))
            return
        ends = (band.low, band.high)
        if band.of == "nominal":
            ends = (band.low * float(dimension.nominal), band.high * float(dimension.nominal))
        slack = 1e-9 * max(abs(ends[0]), abs(ends[1]), 1.0)
        low, high = min(ends) - slack, max(ends) + slack
        if dimension.cut(low, high) is None:
            detail = Text(f"no value of {dimension.path} lies in it", f"{dimension.path} 在其中没有可取的值")
            problems.append(BadBand(path=path, detail=detail))
            return
        yield number, low, high
