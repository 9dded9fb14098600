"""AC power flow and N-1 screening of a dispatch: measures ``power_flow.ac`` and ``power_flow.n_1``.

The arguments have the form of a dispatch: ``network``, ``loads``, ``generators`` of the request, ``setpoints`` of the
response. MW, Mvar, MVA; voltages in pu of nominal voltage; angles in deg. Conventions are those of `replay`, by
default: the reference bus takes the mismatch, reactive limits are reported and not enforced, taps are fixed.

Method: Newton-Raphson in polar form; DC factors (PTDF, LODF). Sources: MATPOWER manual, chapters 3 and 4; Wood,
Wollenberg, Power Generation, Operation, and Control, chapters 6 and 11. One solve takes about 1 ms on 24 buses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from conformance.errors import Text
from conformance.measures._network import (
    Network,
    Reals,
    admittance,
    guarded,
    lodf,
    outage_shares,
    ptdf,
    read_network,
)
from conformance.measures._newton import Solution, jacobian, sensitivities, solve_ac
from conformance.measures._replay import (
    Plant,
    Reactive,
    Replay,
    Slack,
    read_plant,
    reference_bus,
    replay,
    with_setpoints,
)
from conformance.measures.registry import NotComputable, measure

__all__ = [
    "Network",
    "Plant",
    "Reactive",
    "Replay",
    "Slack",
    "Solution",
    "ac",
    "admittance",
    "jacobian",
    "lodf",
    "n_1",
    "outage_loading",
    "outage_shares",
    "ptdf",
    "read_network",
    "read_plant",
    "reference_bus",
    "replay",
    "sensitivities",
    "solve_ac",
    "with_setpoints",
]

Rows: TypeAlias = Sequence[Mapping[str, Any]]


def _number(unit: str, description: str = "", *, nullable: bool = False) -> dict[str, Any]:
    kind: Any = ["number", "null"] if nullable else "number"
    return {"type": kind, "unit": unit} | ({"description": description} if description else {})


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(**properties: Any) -> dict[str, Any]:
    return {"type": ["array", "null"], "items": _object(**properties)}


_ID = {"type": "string"}

AC_RESULT = _object(
    converged={"type": "boolean", "description": "false: no solution was found, and all else is null"},
    conventions=_object(slack=_ID, reactive=_ID, taps=_ID),
    reference={"type": ["string", "null"], "description": "the bus that took the mismatch"},
    slack=_number("MW", "what the reference bus had to add to its set-points", nullable=True),
    losses=_number("MW", nullable=True),
    buses=_list(id=_ID, v=_number("pu"), v_min=_number("pu"), v_max=_number("pu"), angle=_number("deg")),
    branches=_list(
        id=_ID,
        loading=_number("% of rating", "null: no rating", nullable=True),
        flow=_number("MVA", "the larger of both ends"),
        rating=_number("MVA", nullable=True),
        p_from=_number("MW"), p_to=_number("MW"), q_from=_number("Mvar"), q_to=_number("Mvar"),
    ),
    generators=_list(
        id=_ID, in_service={"type": "boolean"}, reference={"type": "boolean", "description": "at the reference bus"},
        p=_number("MW"), p_min=_number("MW"), p_max=_number("MW"),
        q=_number("Mvar"), q_min=_number("Mvar"), q_max=_number("Mvar"),
    ),
)  # fmt: skip
"""What `ac` returns."""

N_1_RESULT = _object(
    outages={
        "type": "array",
        "items": _object(
            id=_ID,
            islanding={"type": "boolean", "description": "this outage separates the network; it has no loading"},
            worst_branch={"type": ["string", "null"]},
            loading=_number("% of rating", "of the emergency rating; without one, of the rating", nullable=True),
        ),
    },
    islanding={"type": "array", "items": _ID},
    worst=_number("% of rating", "of all outages; null: no branch has a rating", nullable=True),
)
"""What `n_1` returns."""


@lru_cache(maxsize=64)
def _replayed(text: str) -> tuple[Network, Replay]:
    network, loads, generators, setpoints = json.loads(text)
    grid = read_network(network)
    plant = read_plant(grid, loads=loads, generators=generators, setpoints=setpoints)
    return grid, replay(grid, plant)


def _solved(network: Mapping[str, Any], loads: Rows, generators: Rows, setpoints: Rows) -> tuple[Network, Replay]:
    """The replay; the last ones are kept, because both measures ask for the same."""
    text: str = guarded(lambda: json.dumps((network, loads, generators, setpoints)))
    return _replayed(text)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@measure("power_flow.ac", result=AC_RESULT)
def ac(*, network: Mapping[str, Any], loads: Rows, generators: Rows, setpoints: Rows) -> dict[str, Any]:
    """AC power flow of a dispatch (`AC_RESULT`). Raises `NotComputable` for data that describe none."""
    grid, found = _solved(network, loads, generators, setpoints)
    result: dict[str, Any] = {
        "converged": found.solution.converged,
        "conventions": {"slack": "single", "reactive": "report", "taps": "fixed"},
        "reference": None, "slack": None, "losses": None, "buses": None, "branches": None, "generators": None,
    }  # fmt: skip
    if not found.solution.converged:
        return result
    plant, voltage = found.plant, found.solution.voltage
    with np.errstate(invalid="ignore", divide="ignore"):
        loading = 100.0 * found.flow / grid.rating
    result |= {"reference": grid.buses[found.reference], "slack": found.slack, "losses": found.losses}
    result["buses"] = [
        {"id": i, "v": v, "v_min": low, "v_max": high, "angle": angle}
        for i, v, low, high, angle in zip(
            grid.buses, np.abs(voltage).tolist(), grid.v_min.tolist(), grid.v_max.tolist(),
            np.angle(voltage, deg=True).tolist(), strict=True)
    ]  # fmt: skip
    result["branches"] = [
        {"id": i, "loading": _known(part), "flow": flow, "rating": _known(rating),
         "p_from": a.real, "p_to": b.real, "q_from": a.imag, "q_to": b.imag}
        for i, part, flow, rating, a, b in zip(
            grid.branches, loading, found.flow.tolist(), grid.rating, found.at_start.tolist(), found.at_end.tolist(),
            strict=True)
    ]  # fmt: skip
    names = ("p", "q", "p_min", "p_max", "q_min", "q_max")
    columns = [c.tolist() for c in (found.p, found.q, plant.p_min, plant.p_max, plant.q_min, plant.q_max)]
    result["generators"] = [
        {"id": i, "in_service": bool(on), "reference": bool(on and bus == found.reference)}
        | dict(zip(names, values, strict=True))
        for i, on, bus, *values in zip(plant.units, plant.in_service, plant.bus, *columns, strict=True)
    ]
    return result


def outage_loading(network: Network, found: Replay) -> Reals:
    """(m, m) loading in % of the emergency rating of branch ``row`` after branch ``column`` trips.

    Screening: the active flow of the lost branch moves by LODF, reactive flows stay as they were. NaN where the
    outage separates the network, where a branch has no rating, and on the diagonal.
    """
    shares = outage_shares(network)
    lost = (found.at_start.real - found.at_end.real) / 2.0
    moved = shares * lost[None, :]
    start = np.hypot(found.at_start.real[:, None] + moved, found.at_start.imag[:, None])
    end = np.hypot(found.at_end.real[:, None] - moved, found.at_end.imag[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        loading: Reals = 100.0 * np.maximum(start, end) / network.emergency[:, None]
    np.fill_diagonal(loading, np.nan)
    return loading


@measure("power_flow.n_1", result=N_1_RESULT)
def n_1(*, network: Mapping[str, Any], loads: Rows, generators: Rows, setpoints: Rows) -> dict[str, Any]:
    """Loading after the loss of each branch in service (`N_1_RESULT`), screened as in `outage_loading`.

    Outages that separate the network are reported with ``islanding`` true and no loading. Raises `NotComputable`,
    also when the AC power flow before the outage has no solution.
    """
    grid, found = _solved(network, loads, generators, setpoints)
    if not found.solution.converged:
        raise NotComputable(Text("the AC power flow before the outage did not converge", "故障前交流潮流不收敛"))
    loading = np.nan_to_num(outage_loading(grid, found), nan=-1.0)
    splits = np.isnan(np.diag(outage_shares(grid)))
    worst, outages = np.argmax(loading, axis=0), []
    for place in np.flatnonzero(grid.in_service):
        value = float(loading[worst[place], place])
        known = value >= 0.0
        outages.append({
            "id": grid.branches[place],
            "islanding": bool(splits[place]),
            "worst_branch": grid.branches[worst[place]] if known else None,
            "loading": value if known else None,
        })  # fmt: skip
    values = [o["loading"] for o in outages if o["loading"] is not None]
    return {
        "outages": outages,
        "islanding": [o["id"] for o in outages if o["islanding"]],
        "worst": max(values, default=None),
    }
