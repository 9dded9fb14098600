"""Simulations until each requirement of chasing cars is falsified, by `Search` as a run drives it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

import numpy as np
from attrs import define, field, frozen

from benchmarks.chasing_cars import PIECES, drive, robustness
from conformance.cases import Point, Search, Space
from conformance.model.json import JSON

CALLS: Final = 1500
"""Simulations at most for one requirement and seed."""
FINER: Final = 5
"""A violation counts only if it is one at so much finer a step, too."""
_TOGETHER: Final = 400
"""Runs that are integrated at once."""


@frozen
class Target:
    """What is asked for one requirement, and what others published."""

    seeds: int
    quick: int
    found: float
    """Share of the seeds that must find it."""
    most: float | None
    """Simulations at the median, at most."""
    published: str


TARGETS: Final[Mapping[str, Target]] = {
    "CC1": Target(100, 10, 1.0, 6.75, "396; 198"),
    "CC2": Target(100, 10, 1.0, 4.5, "76; 38"),
    "CC3": Target(100, 10, 1.0, 6, "122; 61"),
    "CC4": Target(10, 10, 0.6, None, "1256 in 4 of 10; 474"),
    "CC5": Target(100, 10, 1.0, 12, "not run"),
    "CCx": Target(100, 10, 1.0, 150, "not found"),
}
"""Published: mean simulations of FalCAuN (github.com/MasWag/FalCAuN-ARCH-COMP) in its tables of 2024 and of 2026."""


def request_schema() -> JSON:
    """The request of the system: two signals of 20 pieces; half throttle and half brake are nominal."""
    signal = {
        "type": "array",
        "signal": {"knots": PIECES, "length": PIECES, "interpolation": "hold"},
        "items": {"type": "number", "resolution": 0.001},
        "bounds": {"lower": 0, "upper": 1},
        "nominal": 0.5,
    }
    return {"type": "object", "properties": {"throttle": signal, "brake": signal}, "required": ["throttle", "brake"]}


@define
class Attempt:
    """One search for a violation of one requirement."""

    rule: str
    search: Search
    wanted: list[Point]
    """Points to simulate next."""
    spent: int = 0
    found: int | None = None
    """Number of the simulation that falsified, the nominal one included."""
    violation: Point | None = None
    margins: list[tuple[Point, Mapping[str, float | None]]] = field(factory=list)

    def look(self, point: Point, margin: float, broken: bool) -> None:
        """The next simulation came back."""
        if self.found is None:
            self.spent += 1
            self.margins.append((point, {self.rule: margin}))
            if broken:
                self.found, self.violation = self.spent, point

    def go_on(self) -> None:
        """Tell what came back and ask for more; nothing more once it is found or the budget is used up."""
        self.search.tell(self.margins)
        self.margins = []
        asked = None if self.found is not None else self.search.ask()
        self.wanted = [] if asked is None else asked[1]


def simulate(space: Space, points: Sequence[Point], *, finer: int = 1) -> Mapping[str, np.ndarray]:
    """Requirement to its robustness at each point."""
    requests = [space.request(point) for point in points]
    inputs = np.array([[r["throttle"], r["brake"]] for r in requests], dtype=float).reshape(-1, 2, PIECES)
    size = _TOGETHER // finer
    parts = [robustness(drive(inputs[i : i + size], finer=finer)) for i in range(0, len(inputs), size)]
    return {rule: np.concatenate([part[rule] for part in parts]) for rule in parts[0]}


def falsify(seeds: Mapping[str, int], *, calls: int = CALLS) -> list[Attempt]:
    """Search for each requirement with its number of ``seeds``. All attempts go on in step, so that many points are
    integrated at once; none knows of another.
    """
    space = Space.of(request_schema(), site={}, envelope={})
    attempts = [
        Attempt(rule, Search(space, [rule], seed=str(seed), calls=calls - 1), [space.nominal])
        for rule, count in seeds.items()
        for seed in range(count)
    ]
    while active := [a for a in attempts if a.wanted]:
        points = list(dict.fromkeys(point for a in active for point in a.wanted))
        margins = simulate(space, points)
        below = [p for n, p in enumerate(points) if any(margins[rule][n] < 0 for rule in seeds)]
        confirmed = simulate(space, below, finer=FINER) if below else {}
        place, finer = {p: n for n, p in enumerate(points)}, {p: n for n, p in enumerate(below)}
        for attempt in active:
            for point in attempt.wanted:
                margin = float(margins[attempt.rule][place[point]])
                broken = margin < 0 and bool(confirmed[attempt.rule][finer[point]] < 0)
                attempt.look(point, margin, broken)
            attempt.go_on()
    return attempts


def summary(attempts: Sequence[Attempt]) -> dict[str, JSON]:
    """Requirement to what came of its attempts; the median counts one that found nothing as the last of all."""
    rows: dict[str, JSON] = {}
    for rule in dict.fromkeys(a.rule for a in attempts):
        counts = [a.found for a in attempts if a.rule == rule]
        middle = median(float("inf") if count is None else count for count in counts)
        found = sum(count is not None for count in counts)
        target = TARGETS[rule]
        met = found >= target.found * len(counts) and (target.most is None or middle <= target.most)
        rows[rule] = {
            "seeds": len(counts),
            "found": found,
            "median": middle if np.isfinite(middle) else None,
            "most": max((count for count in counts if count is not None), default=None),
            "target": target.most,
            "met": met,
            "published": target.published,
        }
    return rows


def main(arguments: list[str]) -> None:
    """Measure and print a row for each requirement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks falsification")
    parser.add_argument("--quick", action="store_true", help="ten seeds for each requirement in place of a hundred")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args(arguments)
    attempts = falsify({rule: t.quick if options.quick else t.seeds for rule, t in TARGETS.items()})
    rows = summary(attempts)
    if options.json:
        print(json.dumps({"chasing cars": rows}, indent=1))
        return
    print(f"{'':<5}{'found':>10}{'median':>9}{'most':>7}{'target':>9}  met  published (FalCAuN 2024; 2026), mean")
    for rule, row in rows.items():
        found = f"{row['found']} of {row['seeds']}"
        middle = "-" if row["median"] is None else f"{row['median']:g}"
        print(
            f"{rule:<5}{found:>10}{middle:>9}{row['most'] or '-':>7}{row['target'] or '-':>9}"
            f"  {'yes' if row['met'] else 'no ':<4} {row['published']}"
        )
