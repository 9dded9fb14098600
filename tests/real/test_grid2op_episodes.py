"""grid2op, which we did not write, plays days on a grid: what the pack finds of them, by grid2op's own figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lightsim2grid", reason="grid2op and lightsim2grid are heavy; `tox -e real-grid2op` installs them")
pytest.importorskip("grid2op", reason="grid2op and lightsim2grid are heavy; `tox -e real-grid2op` installs them")

from conformance.measures import power_flow
from conformance.packs import load, read_system

pytestmark = pytest.mark.filterwarnings("default")  # those of grid2op and what it brings are not ours to mend
ROOT = Path(__file__).parents[2]
FAILED = {
    "line-loading", "power-balance", "bus-voltage", "voltage-setpoint-within-limits", "reactive-within-limits"
}  # fmt: skip


@pytest.fixture(scope="module")
def episodes(beside: Callable[[str], None]) -> Any:
    beside("grid2op-episodes")
    import episodes as module

    return module


@pytest.fixture(scope="module")
def grid(episodes: Any) -> Any:
    return episodes.Grid(episodes.environment())


@pytest.fixture(scope="module", params=["do_nothing", "redispatch"])
def steps(request: pytest.FixtureRequest, episodes: Any, grid: Any) -> list[Any]:
    """All steps of all days of one agent."""
    agent = getattr(episodes, request.param)
    return [step for day in range(episodes.DAYS) for step in grid.episode(day, agent)]


def test_the_pack_s_replay_of_the_set_points_agrees_with_the_flows_of_grid2op(steps: list[Any]) -> None:
    for step in steps[::23]:
        asked, seen = step.request, step.seen
        flow = power_flow.ac(
            network=asked["network"], loads=asked["loads"], generators=asked["generators"],
            setpoints=step.response["setpoints"],
        )  # fmt: skip
        for ours, theirs in (("p_from", seen.p_or), ("q_from", seen.q_or), ("p_to", seen.p_ex), ("q_to", seen.q_ex)):
            assert [b[ours] for b in flow["branches"]] == pytest.approx(theirs.tolist(), abs=1e-3)
        for ours, theirs in (("p", seen.gen_p), ("q", seen.gen_q)):
            assert [g[ours] for g in flow["generators"]] == pytest.approx(theirs.tolist(), abs=1e-3)


def test_each_failure_the_pack_counts_is_one_by_the_figures_of_grid2op(
    steps: list[Any], grid: Any, judged: Callable[..., dict[str, Any]], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = {"do_nothing": "grid2op-episodes", "redispatch": "grid2op-redispatch"}[request.node.callspec.params["steps"]]
    outcomes = judged(name)
    assert {rule for rule, outcome in outcomes.items() if outcome == "failed"} == FAILED
    assert outcomes["ramp-rate"] == outcomes["solvable"] == outcomes["setpoint-within-limits"] == "passed"
    summary = json.loads((tmp_path / name / "summary.json").read_text(encoding="utf-8"))
    counted = {f["rule"].rpartition("/")[2]: f["counts"].get("failed", 0) for f in summary["findings"]}
    found = {rule: sum(by(grid, step) for step in steps) for rule, by in BY_GRID2OP.items()}
    assert found == {rule: counted[rule] for rule in found}


def overloaded(grid: Any, step: Any) -> bool:
    seen = step.seen
    most = np.maximum(np.hypot(seen.p_or, seen.q_or), np.hypot(seen.p_ex, seen.q_ex))
    return bool((100 * most / grid.ratings).max() > 100.01)


def unbalanced(grid: Any, step: Any) -> bool:
    planned = np.array([s["p"] for s in step.response["setpoints"]])
    return bool(abs(float((step.seen.gen_p - planned).sum())) > 0.001 * float(step.seen.load_p.sum()))


def outside_voltage(grid: Any, step: Any) -> bool:
    env, base = grid.env, np.array([bus["base_voltage"] for bus in grid.buses])
    ends = (step.seen.v_or / base[env.line_or_to_subid], step.seen.v_ex / base[env.line_ex_to_subid])
    v = np.concatenate(ends)
    return bool((v > 1.06 + 1e-4).any() or (v < 0.94 - 1e-4).any())


def set_outside_voltage(grid: Any, step: Any) -> bool:
    base = np.array([grid.buses[bus]["base_voltage"] for bus in grid.env.gen_to_subid])
    return bool((step.seen.gen_v / base > 1.06 + 1e-4).any())


def beyond_reactive(grid: Any, step: Any) -> bool:
    units = step.request["generators"]
    low, high = (np.array([unit[limit] for unit in units]) for limit in ("q_min", "q_max"))
    return bool(((step.seen.gen_q > high + 0.1) | (step.seen.gen_q < low - 0.1)).any())


BY_GRID2OP: dict[str, Callable[[Any, Any], bool]] = {
    "line-loading": overloaded, "power-balance": unbalanced, "bus-voltage": outside_voltage,
    "voltage-setpoint-within-limits": set_outside_voltage, "reactive-within-limits": beyond_reactive,
}  # fmt: skip


def test_where_a_limit_of_grid2op_is_exceeded_the_pack_s_is_too(steps: list[Any], grid: Any) -> None:
    beyond = [step for step in steps if step.seen.rho.max() > 1]
    assert len(beyond) == 16
    assert all(overloaded(grid, step) for step in beyond)


def test_the_grid_is_a_site_of_the_pack(grid: Any, tmp_path: Path) -> None:
    folder = ROOT / "fixtures/real/grid2op-episodes"
    (tmp_path / "grid.json").write_text(json.dumps(grid.site), encoding="utf-8")
    (tmp_path / "system.yaml").write_bytes((folder / "system.yaml").read_bytes())
    system = read_system(tmp_path / "system.yaml", [load(ROOT / "standards/ai-for-energy/grid-dispatch")])
    assert len(system.site["grid"]["network"]["branches"]) == 20
