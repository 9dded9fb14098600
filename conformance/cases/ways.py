"""Ways of proposing the next point from points that are known to be bad: changes of a few values, of runs, of switches.

Each way is a plain function of a `Scene`. A run is some elements of one field in a row: knots of a signal, loads,
machines. Fields of equal length, such as two signals of one request, may change at the same places together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from random import Random
from typing import Final

from attrs import field, frozen

from conformance.cases.dimension import Point, Value
from conformance.cases.space import Space

_SPREAD: Final = (0.5, 0.9, 1.0)
"""Crossover rates of differential evolution: the share of values that the child takes from the difference."""


@frozen(slots=False)
class Scene:
    """What a way may look at."""

    space: Space
    rng: Random
    pool: Sequence[Point]
    """Worst points first; never empty."""
    weights: Sequence[float]
    """By dimension: how much it seems to matter; all positive."""
    margins: Sequence[float]
    """Of the points of the pool."""
    slopes: Mapping[int, float] = field(factory=dict)
    """Dimension to the change of the margin over its whole range, where two points told it."""

    @cached_property
    def chosen(self) -> int:
        """Place of the parent in the pool, the worst most often."""
        return min(int(self.rng.expovariate(1.0)), len(self.pool) - 1)

    @property
    def parent(self) -> Point:
        """The point that most ways change."""
        return self.pool[self.chosen]

    def few(self, most: int) -> list[int]:
        """One to ``most`` dimensions, those that matter more often."""
        count = self.rng.randint(1, most)
        return sorted(set(self.rng.choices(range(len(self.weights)), self.weights, k=count)))

    def field(self) -> list[list[int]]:
        """A field of at least two elements by its dimensions, at times with all other fields of that length."""
        fields = [numbers for numbers in self.space.groups.values() if len(numbers) > 1]
        chosen = self.rng.choices(fields, [sum(self.weights[n] for n in numbers) for numbers in fields])[0]
        alike = [numbers for numbers in fields if len(numbers) == len(chosen)]
        return alike if self.rng.random() < 0.3 else [chosen]

    def run(self, length: int) -> tuple[int, int]:
        """Ends of a run in a field of ``length`` elements: every scale of lengths is as likely, down to one."""
        size = min(int(2 ** self.rng.uniform(0, length.bit_length())), length)
        start = self.rng.randrange(length - size + 1)
        return start, start + size


Way = Callable[[Scene], Point]


def step(scene: Scene) -> Point:
    """A few values move a little, by a step whose size is drawn anew over three decades."""
    rng, values = scene.rng, list(scene.parent)
    size = 10 ** rng.uniform(-3, -0.3)
    for number in scene.few(3):
        dimension = scene.space.dimensions[number]
        if dimension.numeric:
            values[number] = dimension.of_unit(dimension.unit_of(values[number]) + rng.gauss(0, size))
        else:
            values[number] = rng.choice(dimension.choices)
    return tuple(values)


def slope(scene: Scene) -> Point:
    """One value of a worst point moves as far as its slope says that the margin takes to its limit, or beyond."""
    rng, values = scene.rng, list(scene.parent)
    numeric = [n for n, slope in scene.slopes.items() if slope and scene.space.dimensions[n].numeric]
    if not numeric:
        return step(scene)
    number = rng.choices(numeric, [scene.weights[n] for n in numeric])[0]
    dimension = scene.space.dimensions[number]
    move = -abs(scene.margins[scene.chosen]) * rng.uniform(0.5, 1.5) / scene.slopes[number]
    values[number] = dimension.of_unit(dimension.unit_of(values[number]) + move)
    return tuple(values)


def jump(scene: Scene) -> Point:
    """A few values go anywhere, half of them to an end."""
    rng, values = scene.rng, list(scene.parent)
    for number in scene.few(3):
        values[number] = _anywhere(scene, number, rng.random(), rng.random() < 0.5)
    return tuple(values)


def block(scene: Scene) -> Point:
    """A run of one field goes to an end, to nominal, or anywhere."""
    rng, values = scene.rng, list(scene.parent)
    numbers = rng.choice(list(scene.space.groups.values()))
    start, end = scene.run(len(numbers))
    if not scene.space.dimensions[numbers[0]].numeric:
        end = start + 1  # a run of units out at once is mostly a request that nobody can meet
    way, share = rng.randrange(3), rng.random()
    for number in numbers[start:end]:
        nominal = scene.space.dimensions[number].nominal
        values[number] = nominal if way == 0 else _anywhere(scene, number, share, way == 1)
    return tuple(values)


def switch(scene: Scene) -> Point:
    """A run takes the value that stands just before or behind it: a switch moves, or two runs become one."""
    values = list(scene.parent)
    for numbers in scene.field():
        start, end = scene.run(len(numbers) - 1)
        before = scene.rng.random() < 0.5
        source = numbers[start] if before else numbers[end]
        for number in numbers[start + 1 : end + 1] if before else numbers[start:end]:
            _take(scene, values, number, values[source], source)
    return tuple(values)


def shift(scene: Scene) -> Point:
    """A run is copied to another place of its field: what does harm once may do more when it is repeated or moved."""
    values = list(scene.parent)
    fields = scene.field()
    length = len(fields[0])
    start, end = scene.run(length)
    to = scene.rng.randrange(length)
    for numbers in fields:
        for offset, source in enumerate(numbers[start:end]):
            if to + offset < length:
                _take(scene, values, numbers[to + offset], scene.parent[source], source)
    return tuple(values)


def cross(scene: Scene) -> Point:
    """A run of one field, or of all of that length, comes from another of the worst points."""
    values, other = list(scene.parent), scene.rng.choice(scene.pool)
    fields = scene.field()
    start, end = scene.run(len(fields[0]))
    for numbers in fields:
        for number in numbers[start:end]:
            values[number] = other[number]
    return tuple(values)


def difference(scene: Scene) -> Point:
    """Differential evolution: a bad point moves toward a worse one and along the difference of two others."""
    rng, units = scene.rng, scene.space.unit
    worst, other, one, two = scene.parent, *(scene.pool[rng.randrange(len(scene.pool))] for _ in range(3))
    shares = units(other) + rng.uniform(0.3, 0.9) * (units(worst) - units(other) + units(one) - units(two))
    values, rate = list(other), rng.choice(_SPREAD)
    for number, share in enumerate(shares):
        dimension = scene.space.dimensions[number]
        if rng.random() < rate:
            values[number] = dimension.of_unit(float(share)) if dimension.numeric else worst[number]
    return tuple(values)


def mixed(scene: Scene) -> Point:
    """A fresh point of mixed granularity with extremes."""
    return scene.space.mixed(scene.rng)


def _anywhere(scene: Scene, number: int, share: float, end: bool) -> Value:
    dimension = scene.space.dimensions[number]
    if not dimension.numeric:
        return scene.rng.choice(dimension.choices)
    return dimension.of_unit(float(share < 0.5) if end else share)


def _take(scene: Scene, values: list[Value], number: int, value: Value, source: int) -> None:
    """Put the value of dimension ``source`` into dimension ``number``, at the same share of its range."""
    mine, its = scene.space.dimensions[number], scene.space.dimensions[source]
    if mine.numeric and its.numeric:
        values[number] = mine.of_unit(its.unit_of(value))
    elif mine.choices == its.choices:
        values[number] = value


LONE: Final[Mapping[str, Way]] = {
    "step": step,
    "slope": slope,
    "jump": jump,
    "block": block,
    "mixed": mixed,
    "difference": difference,
}
"""Ways for every space."""
ROWS: Final[Mapping[str, Way]] = {"switch": switch, "shift": shift, "cross": cross}
"""Ways for a space that has a field of several elements."""
