"""All stages of a search over one operation that see the whole space or learn from answers, in one budget of calls.

It knows points and margins and no system, so that a run, the benchmark and the tests of power drive the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from random import Random
from typing import Final

from conformance.cases.dimension import Point
from conformance.cases.hunt import Hunt
from conformance.cases.space import Space
from conformance.model.run import Stage

BATCH: Final = 16
"""Points between two looks at what came back; the same whatever --jobs is, so that the points are the same too."""
SHARES: Final[Mapping[Stage, float]] = {
    Stage.MIXED: 0.05,
    Stage.BOUNDARY: 0.1,
    Stage.PAIRWISE: 0.1,
    Stage.STRUCTURE: 0.05,
    Stage.HUNT: 0.7,
}
"""Most of the budget that each stage may use, but for the hunt, which has the rest. The same for every system.

Mixed granularity comes first: it finds most violations in the fewest calls (docs/hunting.md has the figures).
"""


class Search:
    """Ask and tell, stage after stage. The same seed, asks and tells give the same points."""

    def __init__(self, space: Space, rules: Sequence[str], *, seed: str, calls: int, adaptive: bool = True) -> None:
        """At most ``calls`` points will be asked for; without ``adaptive`` only those of boundary and pairwise."""
        self._space, self._seed, self._calls = space, seed, calls
        self._hunt = Hunt(space.declared, rules, seed=seed, budget=calls)
        self._known: set[Point] = set()
        self._asked = 0
        self._batches = self._all(adaptive)

    def ask(self) -> tuple[Stage, list[Point]] | None:
        """At most `BATCH` points of one stage that were neither asked nor told before; None at the end."""
        batch = next(self._batches, None)
        if batch is not None:
            self._asked += len(batch[1])
        return batch

    def tell(self, results: Sequence[tuple[Point, Mapping[str, float | None]]]) -> None:
        """What became of points, in the order asked: the normalised margin of each rule, None where there is none.

        Points of other stages may be told as well, before the first ask: the hunt starts from them.
        """
        self._known.update(point for point, _ in results)
        self._hunt.tell([told for told in results if self._space.inside(told[0])])  # outside, nothing decides

    def chased(self, point: Point) -> str | None:
        """The rule for which a point was proposed that is not told yet; None where none was."""
        return self._hunt.chased(point)

    def spend(self, calls: int) -> None:
        """So many calls were made besides those for the points that were asked."""
        self._asked += calls

    def _all(self, adaptive: bool) -> Iterator[tuple[Stage, list[Point]]]:
        """Batches of the stages in turns: the next is of the stage that has used least of its share."""
        stages = self._stages(adaptive)
        used = dict.fromkeys(stages, 0)
        while stages:
            stage = min(stages, key=lambda s: used[s] / SHARES[s])
            batch = list(islice(stages[stage], min(BATCH, max(self._calls - self._asked, 0))))
            if batch:
                used[stage] += len(batch)
                yield stage, batch
            else:
                del stages[stage]

    def _stages(self, adaptive: bool) -> dict[Stage, Iterator[Point]]:
        """Where the points of each stage come from, in the order of the first turn."""
        space = self._space.declared
        rng = Random(f"{self._seed}/mixed")  # noqa: S311 - cases, not secrets
        ends = {
            Stage.BOUNDARY: self._fresh(Stage.BOUNDARY, chain(space.boundary(), self._space.boundary())),
            Stage.PAIRWISE: self._fresh(Stage.PAIRWISE, space.pairwise(self._seed)),
        }
        if not adaptive:
            return ends
        mixed = (space.mixed(rng) for _ in range(self._share(Stage.MIXED)))
        return {
            Stage.MIXED: self._fresh(Stage.MIXED, mixed),
            **ends,
            Stage.HUNT: self._hunted(),
            Stage.STRUCTURE: self._fresh(Stage.STRUCTURE, self._proposals(space)),
        }

    def _hunted(self) -> Iterator[Point]:
        while points := self._hunt.ask(1):
            if points[0] not in self._known:
                self._known.update(points)
                yield points[0]

    def _share(self, stage: Stage) -> int:
        return int(self._calls * SHARES[stage])

    def _fresh(self, stage: Stage, points: Iterable[Point]) -> Iterator[Point]:
        """``points`` that are new, as many as ``stage`` may use."""
        left = self._share(stage)
        for point in points:
            if left and point not in self._known:
                left -= 1
                self._known.add(point)
                yield point

    def _proposals(self, space: Space) -> list[Point]:
        """What Hypothesis proposes; it does not depend on answers."""
        found: list[Point] = []
        if self._share(Stage.STRUCTURE):
            space.structure(found.append, seed=self._seed, examples=self._share(Stage.STRUCTURE))
        return found
