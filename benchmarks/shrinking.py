"""Calls that shrinking takes and values that it leaves, over the seeded defects of grid-dispatch."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from statistics import median

from attrs import frozen

from conformance.assess import Plan, make_plan
from conformance.assess.bench import Bench
from conformance.assess.kills import points
from conformance.cases import Point, Shrunk, shrink
from conformance.cli import common
from conformance.judge import known
from conformance.model.json import digest
from conformance.model.outcome import Outcome
from conformance.model.run import Case, Stage
from conformance.packs import Registry, read_system
from conformance.systems import Defect, Defective, Session, connect, read_defects

MOST_CALLS = 60
"""Calls at the median, at most."""
MOST_LEFT = 3
"""Values off nominal that may be left."""
BUDGET = 60
"""As in a run."""


@frozen
class Result:
    """What became of the worst failure of one rule under one defect."""

    defect: str
    rule: str
    off: int
    """Values off nominal before."""
    shrunk: Shrunk


class _Judge:
    """Asks a defective system, and the oracle where it fails."""

    def __init__(self, plan: Plan, system: Session, oracle: Session) -> None:
        trial = next(t for t in plan.trials if t.space is not None)
        assert trial.space is not None
        self.space, self._name = trial.space, trial.operation.name
        self._bench = Bench(plan, trial, system=system, oracle=oracle)

    def failures(self, point: Point) -> Mapping[str, float]:
        """Rules that the system fails at ``point`` though the oracle does not, with their normalised margins."""
        request = self.space.request(point)
        (examined,) = self._bench.examine([Case(1, self._name, Stage.MIXED, request, digest(request))])
        failed = {r: j for r, j in examined.judgements.items() if j.outcome is Outcome.FAILED and j.feasible}
        return {rule: margin if (margin := known(j.margin)) is not None else 0.0 for rule, j in failed.items()}


def shrink_all(judge: _Judge, named: Sequence[str], *, defect: str, seed: str, cases: int) -> list[Result]:
    """Shrink, for each rule of ``named`` that fails in some of ``cases`` points, its worst failure."""
    worst: dict[str, tuple[float, Point]] = {}
    for point in islice(points(judge.space, seed=seed, count=cases), 1, None):
        for rule, margin in judge.failures(point).items():
            if rule in named and (rule not in worst or margin < worst[rule][0]):
                worst[rule] = margin, point
    found = []
    for rule, (_, point) in worst.items():

        def still_broken(tried: list[Point], rule: str = rule) -> list[bool]:
            return [rule in judge.failures(p) for p in tried]

        shrunk = shrink(judge.space, point, still_broken, budget=BUDGET)
        found.append(Result(defect, rule, len(judge.space.changes(point)), shrunk))
    return found


def measure(*, cases: int, every: int) -> list[Result]:
    """Over each ``every``-th defect, with ``cases`` points to find its failures."""
    pack = Registry.shipped().find("grid-dispatch")
    oracle = common.oracle_of(pack)
    assert oracle is not None
    assert pack.fixtures is not None
    plan = make_plan(pack, oracle, oracle=None, settings=common.settings_for(pack, command="test"))
    found: list[Result] = []
    with tempfile.TemporaryDirectory() as scratch, connect(plan.system, pack, scratch=Path(scratch) / "clean") as good:
        for defect in read_defects(common.beside(pack.fixtures) / "defects.yaml")[::every]:
            named = [rule.id for rule in pack.rules.values() if defect.id in rule.kills]
            with _opened(defect, good, plan, Path(scratch) / defect.id) as system:
                judge = _Judge(plan, system, good)
                found += shrink_all(judge, named, defect=defect.id, seed=plan.settings.seed, cases=cases)
    return found


def _opened(defect: Defect, good: Session, plan: Plan, scratch: Path) -> AbstractContextManager[Session]:
    if defect.system is None:
        return nullcontext(Defective(good, defect))
    return connect(read_system(Path(defect.system) / "system.yaml", [plan.pack]), plan.pack, scratch=scratch)


def main(arguments: list[str]) -> None:
    """Measure and print a row for each rule that a defect breaks, and the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks shrinking")
    parser.add_argument("--quick", action="store_true", help="every fourth defect")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args(arguments)
    found = measure(cases=60, every=4 if options.quick else 1)
    calls, left = median(r.shrunk.calls for r in found), max(r.shrunk.left for r in found)
    if options.json:
        rows = [
            {"defect": r.defect, "rule": r.rule, "off": r.off, "calls": r.shrunk.calls, "left": r.shrunk.left}
            for r in found
        ]
        targets = {"calls": {"median": calls, "target": MOST_CALLS}, "left": {"most": left, "target": MOST_LEFT}}
        print(json.dumps({"shrinking": rows, **targets}, indent=1))
        return
    print(f"{'defect':<32}{'rule':<44}{'off':>5}{'calls':>7}{'left':>6}")
    for r in found:
        print(f"{r.defect:<32}{r.rule:<44}{r.off:>5}{r.shrunk.calls:>7}{r.shrunk.left:>6}")
    print(f"calls, median {calls:g} (at most {MOST_CALLS}); values left, at most {left} (target {MOST_LEFT})")
