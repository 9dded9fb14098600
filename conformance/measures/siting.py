"""Siting of compute by local renewable power: measures ``siting.assess`` and ``siting.schedule``.

Profiles have the shape (n,): n hours of equal length, power in MW, so that their sums are energies in MWh. Of a site,
renewable power is ``wind_capacity * wind + pv_capacity * pv``, with the wind capacity that is planned there added.

- local absorption = sum min(load, renewable) / sum renewable
- matched share = sum min(load, renewable) / sum load
- curtailment avoided = sum max(0, curtailed without - curtailed with the load), where what the grid cannot take away
  is curtailed: max(0, renewable - load - export)
- room = contracted capacity * power factor - peak of what the site carries already

Source: the project's own definitions (status ``project``); no standard that states them was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from conformance.errors import Text
from conformance.measures.registry import NotComputable, measure

__all__ = ["assess", "curtailment_avoided", "local_absorption", "matched_share", "schedule"]

_SAME: Final = 1e-6
"""MWh: absorbed energies that are nearer count as equal."""

ASSESSMENT: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["sites"],
    "properties": {
        "sites": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "renewable", "local_absorption", "matched_share", "curtailment_avoided", "room",
                             "dominated_by"],
                "properties": {
                    "id": {"type": "string"},
                    "renewable": {"type": "number", "unit": "MWh"},
                    "local_absorption": {"type": ["number", "null"], "unit": "%"},
                    "matched_share": {"type": ["number", "null"], "unit": "%"},
                    "curtailment_avoided": {"type": "number", "unit": "MWh"},
                    "room": {"type": "number", "unit": "MW"},
                    "dominated_by": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}  # fmt: skip

SCHEDULE: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["deviation", "overdrawn", "peak", "emissions_asked", "emissions_planned"],
    "properties": {
        "deviation": {"type": "number", "unit": "MW"},
        "overdrawn": {"type": "number", "unit": "MWh"},
        "peak": {"type": "number", "unit": "MW"},
        "emissions_asked": {"type": "number", "unit": "tCO2e"},
        "emissions_planned": {"type": "number", "unit": "tCO2e"},
    },
}


def local_absorption(load: np.ndarray, renewable: np.ndarray) -> float | None:
    """Share in per cent of renewable energy (n,) that the load (n,) takes in the same hour; None without any."""
    whole = float(renewable.sum())
    return 100 * float(np.minimum(load, renewable).sum()) / whole if whole > 0 else None


def matched_share(load: np.ndarray, renewable: np.ndarray) -> float | None:
    """Share in per cent of consumption (n,) that renewable energy (n,) covers in the same hour; None without load."""
    whole = float(load.sum())
    return 100 * float(np.minimum(load, renewable).sum()) / whole if whole > 0 else None


def curtailment_avoided(load: np.ndarray, renewable: np.ndarray, *, export: float) -> float:
    """MWh that are no longer curtailed with ``load`` (n,), where the grid takes away ``export`` MW at most."""
    without, with_load = (np.maximum(renewable - taken - export, 0) for taken in (np.zeros_like(load), load))
    return float(np.maximum(without - with_load, 0).sum())


@frozen
class _Site:
    """A candidate, in arrays."""

    id: str
    renewable: np.ndarray = field(eq=False)
    absorbed: float
    room: float
    better: tuple[np.ndarray, ...] = field(eq=False)
    """What counts in its favour, the more the better; place and hub are compared apart."""
    place: tuple[Any, ...]


@measure("siting.assess", result=ASSESSMENT)
def assess(*, workload: Mapping[str, Any], sites: Sequence[Mapping[str, Any]], expansion: Mapping[str, Any]) -> Any:
    """Each candidate with the workload as asked for (`ASSESSMENT`).

    ``dominated_by`` names the candidates in the same province that are at least as good in every respect, hour by hour
    and to every hub, and that absorb more. Raises `NotComputable` for profiles of different lengths.
    """
    load = _profile(workload["load"])
    read = [_read(site, load, expansion) for site in sites]
    found = [
        {
            "id": site.id,
            "renewable": float(site.renewable.sum()),
            "local_absorption": local_absorption(load, site.renewable),
            "matched_share": matched_share(load, site.renewable),
            "curtailment_avoided": curtailment_avoided(load, site.renewable, export=float(raw["export"])),
            "room": site.room,
            "dominated_by": [other.id for other in read if _dominates(other, site)],
        }
        for site, raw in zip(read, sites, strict=True)
    ]
    return {"sites": found}


@measure("siting.schedule", result=SCHEDULE)
def schedule(
    *,
    workload: Mapping[str, Any],
    sites: Sequence[Mapping[str, Any]],
    chosen: str,
    moves: Sequence[Mapping[str, Any]],
    plan: Sequence[float],
) -> Any:
    """The plan against the workload that was asked for and what was put off (`SCHEDULE`).

    ``deviation`` is the largest difference of an hour between the plan and the load rebuilt from the moves, each
    arriving with the workload's overhead; ``overdrawn`` the most that is moved out of an hour beyond its load (0 or
    less where nothing is); emissions are sums of power times the emission factor of the chosen site, as asked for and
    as planned. Raises `NotComputable` where the chosen site is no candidate or a profile has another length.
    """
    load, power = _profile(workload["load"]), _profile(plan)
    site = next((s for s in sites if s["id"] == chosen), None)
    if site is None:
        raise NotComputable(Text("the chosen site is no candidate", "所选站址不在候选之列"))
    factor = _profile(site["emission_factor"])
    if not len(load) == len(power) == len(factor):
        raise NotComputable(Text("the plan has another number of hours than the load", "计划与负荷的小时数不一致"))
    out, into = np.zeros_like(load), np.zeros_like(load)
    for move in moves:
        for hours, name in ((out, "begins"), (into, "until")):
            if move[name] >= len(load):
                raise NotComputable(Text("work is moved beyond the profile", "任务移出了曲线范围"))
            hours[move[name]] += move["energy"]
    rebuilt = load - out + into * (1 + workload["overhead"] / 100)
    return {
        "deviation": float(np.abs(power - rebuilt).max()),
        "overdrawn": float((out - load).max()),
        "peak": float(power.max()),
        "emissions_asked": float((load * factor).sum()),
        "emissions_planned": float((power * factor).sum()),
    }


def _profile(values: Sequence[float]) -> np.ndarray:
    return np.array(values, dtype=float)


def _read(site: Mapping[str, Any], load: np.ndarray, expansion: Mapping[str, Any]) -> _Site:
    wind, pv, factor, price = (_profile(site[name]) for name in ("wind", "pv", "emission_factor", "price"))
    if not len(wind) == len(pv) == len(factor) == len(price) == len(load):
        raise NotComputable(Text("profiles have different numbers of hours", "各曲线的小时数不一致"))
    planned = expansion["wind"] if expansion["site"] == site["id"] else 0
    renewable = (site["wind_capacity"] + planned) * wind + site["pv_capacity"] * pv
    room = site["contracted"] * site["power_factor"] - site["peak"]
    rtt = sorted(site["rtt"], key=lambda r: str(r["hub"]))
    trips = np.array([[r["p50"], r["p95"], r["p99"]] for r in rtt], dtype=float).ravel()
    better = (renewable, -factor, -price, -trips, np.array([room, site["export"], -site["water_stress"]]))
    place = (site["country"], site["province"], site["hub"], tuple(r["hub"] for r in rtt))
    return _Site(site["id"], renewable, float(np.minimum(load, renewable).sum()), float(room), better, place)


def _dominates(one: _Site, other: _Site) -> bool:
    """Whether ``one`` is at least as good as ``other`` in every respect and absorbs more."""
    return (
        one.place == other.place
        and one.absorbed > other.absorbed + _SAME
        and all(bool((a >= b).all()) for a, b in zip(one.better, other.better, strict=True))
    )
