"""Does the search find narrow violations in few calls? Same settings everywhere; `tox -e quality` tries all seeds."""

from __future__ import annotations

import os
from collections.abc import Callable
from statistics import median

import pytest

from conformance.cases import Point, Search, Space

FULL = bool(os.environ.get("CONFORMANCE_FULL"))
Margin = Callable[[Point], float]

SHARE = 1e-4
CENTRE = (0.37, 0.71, 0.22, 0.58)


def calls_to_find(space: Space, margin: Margin, *, seed: int, cap: int) -> float:
    """Cases until the margin is negative, nominal included; infinite if it never is."""
    search = Search(space, ["r"], seed=str(seed), calls=cap - 1)
    batch, calls = [space.nominal], 0
    while True:
        results = [(point, {"r": margin(point)}) for point in batch]
        for _, margins in results:
            calls += 1
            if margins["r"] < 0:
                return calls
        search.tell(results)
        asked = search.ask()
        if asked is None:
            return float("inf")
        batch = asked[1]


def box() -> Space:
    """Twelve numbers in [0, 1]."""
    number = {"type": "number", "nominal": 0.5, "resolution": 0.001, "bounds": {"lower": 0, "upper": 1}}
    items = {"type": "object", "properties": {"v": number}}
    schema = {"type": "object", "properties": {"x": {"type": "array", "site": "box.x", "items": items}}}
    return Space.of(schema, site={"box": {"x": [{"v": 0.5}] * 12}}, envelope={})


def corner(x: Point) -> float:
    """Broken in a ten-thousandth of the box, at a corner."""
    threshold = 1 - SHARE ** (1 / 12)
    return max(threshold - (v if i % 2 else 1 - v) for i, v in enumerate(x))


def interior(count: int) -> Margin:
    """Broken in a ten-thousandth of the box, around a point in ``count`` of the dimensions."""
    half = SHARE ** (1 / count) / 2
    return lambda x: max(abs(v - c) for v, c in zip(x[3 : 3 + count], CENTRE[:count], strict=True)) - half


@pytest.mark.parametrize("margin", [corner, interior(2), interior(4)], ids=["corner", "two", "four"])
def test_a_violation_in_a_ten_thousandth_of_twelve_dimensions_is_found(margin: Margin) -> None:
    seeds = range(10) if FULL else range(3)
    calls = sorted(calls_to_find(box(), margin, seed=seed, cap=2000) for seed in seeds)
    print(calls)
    assert calls[-1] < float("inf")
    assert median(calls) <= (400 if FULL else 700)  # three seeds scatter more than ten


def plant() -> Space:
    """Nine numbers and three choices of ten."""
    number = {"type": "number", "nominal": 0.5, "resolution": 0.0001, "bounds": {"lower": 0, "upper": 1}}
    fields = {f"x{n}": number for n in range(9)}
    fields |= {f"c{n}": {"type": "integer", "nominal": 0, "choices": list(range(10))} for n in range(3)}
    return Space.of({"type": "object", "properties": fields}, site={}, envelope={})


SLAB, CHOICE = 0.3714, (7, 3, 5)


def slab(p: Point) -> float:
    """A path that is taken in a thousandth of one range; the margin tells how far away it is."""
    return abs(p[4] - SLAB) - 0.0005


def late_slab(p: Point) -> float:
    """The same, but the margin tells the way only within a tenth of the range; elsewhere it is level."""
    return min(abs(p[4] - SLAB), 0.1) - 0.0005


def choices(p: Point) -> float:
    """One conjunction of three choices in a thousand; the margin falls with each that is right."""
    return sum(a != b for a, b in zip(p[9:], CHOICE, strict=True)) - 0.5


def mode_and_slab(p: Point) -> float:
    """A hundredth of a range in one mode of ten; in the others the margin depends on something else and misleads."""
    return abs(p[4] - SLAB) - 0.005 if p[9] == CHOICE[0] else 0.3 + 0.1 * p[1]


def blind_slab(p: Point) -> float:
    """The slab with no margin: broken or not."""
    return -1.0 if slab(p) < 0 else 1.0


def blind_choices(p: Point) -> float:
    """The conjunction with no margin."""
    return -1.0 if choices(p) < 0 else 1.0


@pytest.mark.parametrize("margin", [slab, late_slab, choices, mode_and_slab, blind_slab, blind_choices])
def test_a_trigger_in_a_thousandth_of_the_space_is_found(margin: Margin) -> None:
    seeds = range(50) if FULL else range(5)
    calls = sorted(calls_to_find(plant(), margin, seed=seed, cap=3000) for seed in seeds)
    print(calls)
    assert sum(count < float("inf") for count in calls) >= 0.9 * len(calls) - (not FULL)
