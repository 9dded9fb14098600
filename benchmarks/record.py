"""One evaluation of a rule by `Program.evaluate`, against a function written by hand for the same answer."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from attrs import evolve, frozen

from benchmarks import by_hand
from benchmarks.by_hand import ByHand, Case
from conformance.cases import Space
from conformance.model.outcome import Evaluation
from conformance.model.standard import Pack
from conformance.packs import load, read_system, shipped_root
from conformance.rules import Program, compile_rule, derive
from conformance.systems import connect

TARGET = 2.5
"""Times the cost of a function written by hand, at most."""

RULES: Mapping[str, Mapping[str, ByHand]] = {
    "standards/ai-for-energy/grid-dispatch": {
        "grid-dispatch/ramp-rate": by_hand.ramp_rate,
        "grid-dispatch/setpoint-within-limits": by_hand.setpoint_within_limits,
        "grid-dispatch/bus-voltage": by_hand.bus_voltage,
        "grid-dispatch/line-loading": by_hand.line_loading,
        "grid-dispatch/reserve": by_hand.reserve,
        "grid-dispatch/power-balance": by_hand.power_balance,
        "grid-dispatch/claimed-losses": by_hand.claimed_losses,
    },
    "fixtures/packs/small": {"small/room-power": by_hand.room_power, "small/total-power": by_hand.total_power},
}
"""Per pack: the rules that are compared."""
SYSTEMS = {
    "standards/ai-for-energy/grid-dispatch": "fixtures/systems/grid-dispatch/reference/system.yaml",
    "fixtures/packs/small": "fixtures/packs/small_system/system.yaml",
}


@frozen
class Result:
    """Microseconds an evaluation of one rule, by hand and by us."""

    rule: str
    hand: float
    ours: float

    @property
    def ratio(self) -> float:
        """Ours by theirs."""
        return self.ours / self.hand


def cases_of(pack: Pack, system_file: Path, count: int) -> list[Case]:
    """Independent requests, what the system answered, and the derived values; refused requests are left out."""
    system = read_system(system_file, [pack])
    site = {kind.name: system.site.get(kind.name, kind.bases[kind.default]) for kind in pack.sites.values()}
    (operation,) = pack.operations.values()
    space = Space.of(operation.request, site=site, envelope=system.envelope)
    found: list[Case] = []
    with tempfile.TemporaryDirectory() as scratch, connect(system, pack, scratch=Path(scratch)) as session:
        for number in range(count):
            request = space.request(space.independent("record", number))
            response = session.call(operation.name, request).body
            if response is not None:
                case = {"request": request, "response": response}
                found.append(case | derive(pack, operation.name, case))
    return found


def assert_same(ours: Evaluation, hand: Evaluation | None) -> None:
    """Refuse to compare the costs of different answers."""
    assert hand is not None
    assert ours.margin is not None
    assert hand.margin is not None
    mine, theirs = ours.margin.physical.low, hand.margin.physical.low
    assert abs(mine - theirs) <= 1e-9 * max(1.0, abs(theirs)), (ours, hand)
    alike = evolve(hand.margin, physical=ours.margin.physical, normalised=ours.margin.normalised)
    assert ours == evolve(hand, margin=alike), (ours, hand)


def compare(program: Program, hand: ByHand, cases: Sequence[Case], *, rounds: int) -> Result:
    """Median time of an evaluation, in turns of all ``cases``, ours and theirs by turns."""
    for case in cases:
        assert_same(program.evaluate(case), hand(case))
    times: dict[str, list[float]] = {"hand": [], "ours": []}
    for _ in range(rounds):
        for name, run in (("hand", hand), ("ours", program.evaluate)):
            start = perf_counter()
            for case in cases:
                run(case)
            times[name].append((perf_counter() - start) / len(cases) * 1e6)
    return Result(program.rule.id, median(times["hand"]), median(times["ours"]))


def measure(*, cases: int, rounds: int) -> list[Result]:
    """Every rule of `RULES`."""
    found = []
    for folder, functions in RULES.items():
        pack = load(shipped_root() / folder)
        examples = cases_of(pack, shipped_root() / SYSTEMS[folder], cases)
        for name, function in functions.items():
            found.append(compare(compile_rule(pack.rules[name], pack), function, examples, rounds=rounds))
    return found


def main(arguments: Sequence[str]) -> None:
    """Print microseconds and ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks record", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    results = measure(cases=4, rounds=50) if options.quick else measure(cases=20, rounds=400)
    worst = max(results, key=lambda r: r.ratio)
    if options.json:
        rows = [{"rule": r.rule, "hand_us": r.hand, "ours_us": r.ours, "ratio": r.ratio} for r in results]
        print(json.dumps({"rules": rows, "worst": worst.ratio, "target": TARGET}))
        return
    print(f"{'rule':40s} {'by hand':>10s} {'ours':>10s} {'ratio':>7s}")
    for r in results:
        print(f"{r.rule:40s} {r.hand:7.1f} us {r.ours:7.1f} us {r.ratio:7.2f}")
    print(f"worst {worst.ratio:.2f} ({worst.rule}), target {TARGET}")
