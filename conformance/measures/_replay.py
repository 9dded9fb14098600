"""What a network does with given set-points: who holds the voltage, who takes the mismatch, what flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from attrs import evolve, frozen

from conformance.errors import Text
from conformance.measures._network import Booleans, Complexes, Indices, Network, Reals, guarded
from conformance.measures._newton import Solution, solve_ac
from conformance.measures.registry import NotComputable

Slack = Literal["single", "shared"]
Reactive = Literal["report", "enforce"]
_ROUNDS = 20
"""Of the outer loops (slack sharing, reactive limits)."""


@frozen(eq=False)
class Plant:
    """Demand and units: MW, Mvar, pu of nominal voltage; (n) by bus, (g) by unit."""

    demand: Complexes
    """(n) MW + j Mvar."""
    units: tuple[str, ...]
    bus: Indices
    in_service: Booleans
    p: Reals
    """(g) set-point; 0 out of service, whatever the set-point says."""
    v: Reals
    p_min: Reals
    p_max: Reals
    q_min: Reals
    q_max: Reals


@frozen(eq=False)
class Replay:
    """An AC solution with its flows. MW, Mvar, MVA; branch power counts from the bus into the branch."""

    plant: Plant
    solution: Solution
    reference: int
    """Place of the bus whose angle is 0 and, with ``slack="single"``, whose units take the mismatch."""
    held: Indices
    """Buses whose voltage is held, the reference bus among them."""
    slack: float
    """MW that had to be added to the set-points so that production meets load and losses."""
    p: Reals
    """(g) production."""
    q: Reals
    at_start: Complexes
    """(m) power into each branch at its from-bus."""
    at_end: Complexes

    @property
    def flow(self) -> Reals:
        """(m) MVA, the larger of both ends."""
        return np.maximum(np.abs(self.at_start), np.abs(self.at_end))

    @property
    def losses(self) -> float:
        """MW in all branches."""
        return float(np.sum(self.at_start.real + self.at_end.real))


def read_plant(network: Network, *, loads: Sequence[Mapping[str, Any]], generators: Sequence[Mapping[str, Any]],
               setpoints: Sequence[Mapping[str, Any]]) -> Plant:  # fmt: skip
    """Demand, units and their set-points (the forms of a dispatch). Raises `NotComputable`.

    Every unit in service needs one set-point; a set-point for an unknown unit or a second one is refused.
    """
    plant: Plant = guarded(lambda: _plant(network, loads, generators, setpoints))
    return plant


def _plant(network: Network, loads: Any, generators: Any, setpoints: Any) -> Plant:
    demand = np.zeros(len(network.buses), complex)
    np.add.at(demand, network.places([load["bus"] for load in loads]), [load["p"] + 1j * load["q"] for load in loads])
    units = tuple(str(unit["id"]) for unit in generators)
    given = {point["id"]: point for point in setpoints}
    if len(given) < len(setpoints) or len(set(units)) < len(units):
        raise NotComputable(Text("a unit has two set-points", "同一机组有两个出力指令"))
    if unknown := [str(i) for i in given if i not in set(units)]:
        reason = Text("set-point of an unknown unit: {i}", "指令指向未知机组：{i}")
        raise NotComputable(reason.format(i=unknown[0][:40]))
    live = np.array([bool(unit["in_service"]) for unit in generators], dtype=np.bool_)
    if missing := [i for i, on in zip(units, live, strict=True) if on and i not in given]:
        raise NotComputable(Text("no set-point for unit {i}", "机组 {i} 没有出力指令").format(i=missing[0][:40]))

    def column(name: str) -> Reals:
        return np.array([unit[name] for unit in generators], dtype=np.float64)

    p = np.array([given[i]["p"] if on else 0.0 for i, on in zip(units, live, strict=True)], dtype=np.float64)
    v = np.array([given.get(u["id"], {}).get("v") or u["v_set"] for u in generators], dtype=np.float64)
    plant = Plant(demand, units, network.places([unit["bus"] for unit in generators]), live, p, v,
                  column("p_min"), column("p_max"), column("q_min"), column("q_max"))  # fmt: skip
    numbers = np.concatenate([demand.real, demand.imag, p, v, plant.p_min, plant.p_max, plant.q_min, plant.q_max])
    if not np.all(np.isfinite(numbers)) or np.any(v <= 0):
        raise NotComputable(Text("a value is missing or no voltage", "数值缺失或电压无效"))
    return plant


def _by_bus(network: Network, plant: Plant, values: Reals) -> Reals:
    total = np.zeros(len(network.buses))
    np.add.at(total, plant.bus, np.where(plant.in_service, values, 0.0))
    return total


def reference_bus(network: Network, plant: Plant) -> int:
    """The slack bus if a unit is in service there, else the pv bus with the most capacity in service.

    Raises `NotComputable` if no unit in service can hold a voltage.
    """
    held = np.zeros(len(network.buses), dtype=np.bool_)
    held[plant.bus[plant.in_service]] = True
    for kind in (2, 1):
        able = held & (network.kind == kind)
        if np.any(able):
            return int(np.argmax(np.where(able, _by_bus(network, plant, plant.p_max), -np.inf)))
    raise NotComputable(Text("no unit in service holds a voltage", "没有运行机组维持电压"))


def replay(network: Network, plant: Plant, *, slack: Slack = "single", reactive: Reactive = "report") -> Replay:
    """Solve the AC power flow for the set-points of ``plant``.

    Conventions: `reference_bus` has angle 0. ``slack="single"``: its units take the whole mismatch; ``"shared"``: all
    units in service do, by p_max. Units at pv and slack buses hold the voltage of the first unit in service there; a
    pv bus without a unit in service is a pq bus; a unit at a pq bus gives no reactive power.
    ``reactive="report"``: reactive limits are not enforced; ``"enforce"``: a pv bus past its limit is held at the
    limit instead. Taps and shifts are fixed. Several units at a bus share mismatch by p_max and reactive power by
    reactive range. Raises `NotComputable`; a solution that is not found has ``solution.converged`` False.
    """
    with np.errstate(all="ignore"):  # a solution that was not found has no flows worth a warning
        return _replay(network, plant, slack, reactive)


def _replay(network: Network, plant: Plant, slack: Slack, reactive: Reactive) -> Replay:
    reference = reference_bus(network, plant)
    n = len(network.buses)
    live = np.flatnonzero(plant.in_service)
    first = np.full(n, -1)
    first[plant.bus[live[::-1]]] = live[::-1]
    held = np.flatnonzero((first >= 0) & (network.kind > 0))
    voltage = np.ones(n, complex)
    voltage[held] = plant.v[first[held]]
    share = np.where(plant.in_service & ((slack == "shared") | (plant.bus == reference)), plant.p_max, 0.0)
    share = share / share.sum() if share.sum() > 0 else plant.in_service * (plant.bus == reference) * 1.0
    share /= share.sum()
    reactive_power = np.zeros(n)
    low, high = (_by_bus(network, plant, limit) for limit in (plant.q_min, plant.q_max))
    extra = 0.0
    angles = np.delete(np.arange(n), reference)
    for _ in range(_ROUNDS):
        set_p = _by_bus(network, plant, plant.p + extra * share)
        power = (set_p + 1j * reactive_power - plant.demand) / network.base
        free = np.setdiff1d(np.arange(n), held, assume_unique=True)
        solution = solve_ac(network.bus_admittance, power, voltage, angles=angles, magnitudes=free)
        if not solution.converged:
            break
        voltage = solution.voltage
        made = voltage * (network.bus_admittance @ voltage).conj() * network.base + plant.demand
        missing = float(made.real[reference] - set_p[reference])
        extra += missing
        if reactive == "enforce":
            beyond = np.maximum(made.imag - high, low - made.imag)[held]
            past = held[(held != reference) & (beyond > 1e-6)]
            if len(past):
                reactive_power[past] = np.clip(made.imag[past], low[past], high[past])
                held = np.setdiff1d(held, past, assume_unique=True)
                continue
        if slack == "single" or abs(missing) <= 1e-6:
            break
    voltage = solution.voltage
    into = network.base * voltage[network.start] * (network.start_admittance @ voltage).conj()
    out = network.base * voltage[network.end] * (network.end_admittance @ voltage).conj()
    made = network.base * voltage * (network.bus_admittance @ voltage).conj() + plant.demand
    return Replay(plant, solution, reference, held, extra, plant.p + extra * share,
                  _reactive(network, plant, made.imag), into, out)  # fmt: skip


def _reactive(network: Network, plant: Plant, made: Reals) -> Reals:
    """(g) Mvar of each unit in service: those at one bus use the same part of their range."""
    live = plant.in_service & (network.kind[plant.bus] > 0)
    least = np.zeros(len(network.buses))
    wide, count = least.copy(), least.copy()
    np.add.at(least, plant.bus[live], plant.q_min[live])
    np.add.at(wide, plant.bus[live], (plant.q_max - plant.q_min)[live])
    np.add.at(count, plant.bus[live], 1.0)
    above = (made - least)[plant.bus]
    range_here = wide[plant.bus]
    part = np.where(range_here > 0, (plant.q_max - plant.q_min) / np.where(range_here > 0, range_here, 1.0),
                    1.0 / np.maximum(count[plant.bus], 1.0))  # fmt: skip
    return np.where(live, plant.q_min + above * part, 0.0)


def with_setpoints(plant: Plant, *, p: Reals, v: Reals) -> Plant:
    """``plant`` with other set-points (g): MW, and pu of nominal voltage."""
    return evolve(plant, p=np.where(plant.in_service, p, 0.0), v=v)
