from __future__ import annotations

import copy
import json
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.measures import power_flow as pf
from conformance.measures.registry import NotComputable, find

DATA = Path(__file__).parents[3] / "standards/ai-for-energy/grid-dispatch/data"
CASES = {"ieee9": "case9", "ieee14": "case14", "ieee24": "case24_ieee_rts", "ieee30": "case30", "ieee39": "case39",
         "ieee57": "case57", "ieee118": "case118", "case6ww": "case6ww"}  # fmt: skip


def site(name: str) -> dict[str, Any]:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def setpoints(grid: dict[str, Any], p: Any = None) -> list[dict[str, Any]]:
    values = [u["p_now"] for u in grid["generators"]] if p is None else p
    return [{"id": u["id"], "p": float(x)} for u, x in zip(grid["generators"], values, strict=True)]


def arguments(grid: dict[str, Any], points: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    given = {k: grid[k] for k in ("network", "loads", "generators")}
    return given | {"setpoints": setpoints(grid) if points is None else points}


def solved(grid: dict[str, Any], points: list[dict[str, Any]] | None = None, **conventions: Any) -> pf.Replay:
    network = pf.read_network(grid["network"])
    plant = pf.read_plant(network, loads=grid["loads"], generators=grid["generators"],
                          setpoints=setpoints(grid) if points is None else points)  # fmt: skip
    return pf.replay(network, plant, **conventions)


def pypower(name: str, solver: str) -> dict[str, Any]:
    pytest.importorskip("numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api = pytest.importorskip("pypower.api", exc_type=ImportError)
        case = getattr(import_module(f"pypower.{CASES[name]}"), CASES[name])()
        found = getattr(api, solver)(case, api.ppoption(VERBOSE=0, OUT_ALL=0))
    return found[0] if isinstance(found, tuple) else found


@pytest.mark.parametrize("name", CASES)
def test_voltages_agree_with_pypower(name: str) -> None:
    grid = site(name)
    other = pypower(name, "runpf")
    case = getattr(import_module(f"pypower.{CASES[name]}"), CASES[name])()
    found = solved(grid, setpoints(grid, case["gen"][:, 1]))
    magnitude, angle = other["bus"][:, 7], np.deg2rad(other["bus"][:, 8])
    assert found.solution.converged
    np.testing.assert_allclose(np.abs(found.solution.voltage), magnitude, atol=1e-6, rtol=0)
    np.testing.assert_allclose(np.angle(found.solution.voltage), angle - angle[found.reference], atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.at_start, other["branch"][:, 13] + 1j * other["branch"][:, 14], atol=1e-3)
    np.testing.assert_allclose(found.at_end, other["branch"][:, 15] + 1j * other["branch"][:, 16], atol=1e-3)


@pytest.mark.parametrize(
    ("name", "loading"), [("ieee30", 107.83), ("case6ww", 105.42), ("ieee24", 88.97), ("ieee39", 89.21)]
)
def test_dc_dispatch_replayed_in_ac_gives_the_published_loading(name: str, loading: float) -> None:
    grid = site(name)
    result = pf.ac(**arguments(grid, setpoints(grid, pypower(name, "rundcopf")["gen"][:, 1])))
    assert max(branch["loading"] for branch in result["branches"]) == pytest.approx(loading, abs=0.005)


def test_jacobian_is_the_derivative_of_the_injections() -> None:
    network = pf.read_network(site("ieee14")["network"])
    rng = np.random.default_rng(3)
    n = len(network.buses)
    size, angle = 1 + 0.05 * rng.standard_normal(n), 0.2 * rng.standard_normal(n)
    angles, magnitudes = np.arange(1, n), np.arange(5, n)

    def residual(x: np.ndarray) -> np.ndarray:
        a, v = angle.copy(), size.copy()
        a[angles], v[magnitudes] = x[: n - 1], x[n - 1 :]
        voltage = v * np.exp(1j * a)
        power = voltage * (network.bus_admittance @ voltage).conj()
        return np.concatenate([power.real[angles], power.imag[magnitudes]])

    x = np.concatenate([angle[angles], size[magnitudes]])
    step = 1e-6
    differences = [(residual(x + e) - residual(x - e)) / (2 * step) for e in step * np.eye(len(x))]
    exact = pf.jacobian(network.bus_admittance, size * np.exp(1j * angle), angles=angles, magnitudes=magnitudes)
    np.testing.assert_allclose(exact, np.array(differences).T, atol=1e-6)


def dc_flows(grid: dict[str, Any], injection: np.ndarray) -> np.ndarray:
    return pf.ptdf(pf.read_network(grid["network"]), reference=0) @ injection


@pytest.mark.parametrize("name", ["ieee9", "ieee14", "ieee24", "ieee30", "ieee39"])
def test_lodf_equals_each_dc_outage_solved_anew(name: str) -> None:
    grid = site(name)
    network = pf.read_network(grid["network"])
    injection = np.random.default_rng(1).standard_normal(len(network.buses))
    injection -= injection.mean()
    before = dc_flows(grid, injection)
    shares = pf.outage_shares(network)
    for lost in range(len(network.branches)):
        without = copy.deepcopy(grid)
        without["network"]["branches"][lost]["in_service"] = False
        if np.isnan(shares[lost, lost]):
            with pytest.raises(NotComputable, match="separate parts"):
                pf.read_network(without["network"])
        else:
            np.testing.assert_allclose(before + shares[:, lost] * before[lost], dc_flows(without, injection), atol=1e-9)


def test_shared_slack_leaves_no_mismatch_at_the_reference_bus_alone() -> None:
    grid = site("ieee24")
    for load in grid["loads"]:
        load["p"] *= 1.05
    single, shared = solved(grid), solved(grid, slack="shared")
    plant = shared.plant
    moved = shared.p - plant.p
    np.testing.assert_allclose(moved, shared.slack * plant.p_max / plant.p_max.sum(), atol=1e-9)
    assert shared.p.sum() == pytest.approx(plant.demand.real.sum() + shared.losses, abs=1e-4)
    assert np.flatnonzero(np.abs(single.p - plant.p) > 1e-9).tolist() == [11, 12, 13]
    assert single.slack == pytest.approx((single.p - plant.p).sum())


def test_enforced_reactive_limits_hold_at_all_but_the_reference_bus() -> None:
    grid = site("ieee57")
    free, held = solved(grid), solved(grid, reactive="enforce")

    def beyond(found: pf.Replay) -> np.ndarray:
        over = np.maximum(found.plant.q_min - found.q, found.q - found.plant.q_max)
        return over[found.plant.bus != found.reference]

    assert np.max(beyond(free)) > 5.0
    assert np.max(beyond(held)) <= 1e-6
    assert held.solution.converged


def test_mismatch_is_what_production_lacks_to_load_and_losses() -> None:
    grid = site("ieee24")
    result = pf.ac(**arguments(grid))
    lacking = sum(u["p"] for u in grid["loads"]) + result["losses"] - sum(u["p_now"] for u in grid["generators"])
    assert result["slack"] == pytest.approx(lacking, abs=1e-4)


def test_a_unit_out_of_service_produces_nothing_whatever_its_set_point() -> None:
    grid = site("ieee24")
    grid["generators"][22]["in_service"] = False
    result = pf.ac(**arguments(grid))
    assert result["generators"][22]["p"] == 0
    assert result["generators"][22]["q"] == 0
    assert result["slack"] > 380


def test_without_a_unit_at_the_slack_bus_the_largest_pv_bus_is_the_reference() -> None:
    grid = site("ieee24")
    for unit in grid["generators"][11:14]:
        unit["in_service"] = False
    result = pf.ac(**arguments(grid))
    assert result["converged"]
    assert result["reference"] == "23"
    assert [g["id"] for g in result["generators"] if g["reference"]] == ["31", "32", "33"]


def test_hopeless_load_gives_no_convergence_and_no_numbers() -> None:
    grid = site("ieee24")
    for load in grid["loads"]:
        load["p"] *= 20
    result = pf.ac(**arguments(grid))
    assert result["converged"] is False
    assert {result[k] for k in ("slack", "losses", "buses", "branches", "generators")} == {None}
    with pytest.raises(NotComputable, match="did not converge"):
        pf.n_1(**arguments(grid))


@pytest.mark.parametrize("huge", [1e9, 1e150, 1e300])
def test_absurd_set_points_give_no_convergence_and_no_warning(huge: float) -> None:
    grid = site("ieee24")
    assert pf.ac(**arguments(grid, setpoints(grid, [huge] * 33)))["converged"] is False


def broken(change: Any) -> dict[str, Any]:
    grid = site("ieee9")
    given = arguments(grid)
    change(given)
    return given


@pytest.mark.parametrize("change", [
    lambda g: g["setpoints"].pop(),
    lambda g: g["setpoints"].append(g["setpoints"][0]),
    lambda g: g["setpoints"].append({"id": "x", "p": 1}),
    lambda g: g["setpoints"][0].update(p=None),
    lambda g: g["setpoints"][0].update(p=float("nan")),
    lambda g: g["setpoints"][0].update(p=1e400),
    lambda g: g["setpoints"][0].update(v=-1.0),
    lambda g: g["setpoints"][0].pop("p"),
    lambda g: g.update(setpoints=None),
    lambda g: g["loads"][0].update(bus="nowhere"),
    lambda g: g["generators"][0].update(bus=[]),
    lambda g: g["network"]["branches"][0].update(x=None),
    lambda g: g["network"]["branches"][0].update(to="nowhere"),
    lambda g: g["network"]["branches"][0].update(in_service=False),
    lambda g: g["network"]["buses"][0].update(kind="slak"),
    lambda g: g["network"]["buses"].append(g["network"]["buses"][0]),
    lambda g: g["network"].update(base_power=0),
    lambda g: [u.update(in_service=False) for u in g["generators"]],
])  # fmt: skip
def test_data_that_describe_no_power_flow_are_not_computable(change: Any) -> None:
    with pytest.raises(NotComputable) as caught:
        pf.ac(**broken(change))
    assert caught.value.reason.zh != caught.value.reason.en


def test_n_1_reports_outages_that_separate_the_network_and_skips_none() -> None:
    result = pf.n_1(**arguments(site("ieee24")))
    assert result["islanding"] == ["7-8"]
    assert len(result["outages"]) == 38
    alone = next(o for o in result["outages"] if o["id"] == "7-8")
    assert (alone["loading"], alone["worst_branch"]) == (None, None)
    assert result["worst"] == max(o["loading"] for o in result["outages"] if not o["islanding"])


def test_n_1_screening_is_close_to_an_ac_solution_of_the_outage() -> None:
    grid = site("ieee24")
    screened = {o["id"]: o for o in pf.n_1(**arguments(grid))["outages"]}
    errors = []
    for place, branch in enumerate(grid["network"]["branches"]):
        if screened[branch["id"]]["islanding"]:
            continue
        without = copy.deepcopy(grid)
        without["network"]["branches"][place]["in_service"] = False
        found = pf.ac(**arguments(without))
        if not found["converged"]:
            continue
        emergency = {b["id"]: b["rating_emergency"] for b in grid["network"]["branches"]}
        worst = max(100 * b["flow"] / emergency[b["id"]] for b in found["branches"])
        errors.append(abs(worst - screened[branch["id"]]["loading"]))
    assert len(errors) == 37
    assert np.median(errors) < 1.0


def test_networks_without_ratings_have_no_loading() -> None:
    grid = site("ieee9")
    for branch in grid["network"]["branches"]:
        branch["rating"] = branch["rating_emergency"] = None
    assert {b["loading"] for b in pf.ac(**arguments(grid))["branches"]} == {None}
    assert pf.n_1(**arguments(grid))["worst"] is None


@pytest.mark.parametrize("name", ["ac", "n_1"])
def test_results_meet_the_schema_that_rules_are_typed_from(name: str) -> None:
    import jsonschema

    measure = find(f"power_flow.{name}")
    assert measure is not None
    assert measure.arguments == ("network", "loads", "generators", "setpoints")
    jsonschema.validate(measure(**arguments(site("ieee24"))), dict(measure.result))


def test_the_same_network_is_built_once() -> None:
    assert pf.read_network(site("ieee30")["network"]) is pf.read_network(site("ieee30")["network"])
