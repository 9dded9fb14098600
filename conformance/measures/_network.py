"""A network as arrays: topology, admittances (the standard pi model), DC factors. Frozen, and kept per network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from conformance.errors import Text
from conformance.measures.registry import NotComputable

Reals: TypeAlias = NDArray[np.float64]
Complexes: TypeAlias = NDArray[np.complex128]
Indices: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]

_KINDS = ("pq", "pv", "slack")


@frozen(eq=False)
class Network:
    """Buses (n) and branches (m) of one network; per unit on ``base`` MVA unless said otherwise."""

    base: float
    """MVA."""
    buses: tuple[str, ...]
    kind: Indices
    """(n) 0 pq, 1 pv, 2 slack."""
    v_min: Reals
    v_max: Reals
    branches: tuple[str, ...]
    start: Indices
    """(m) index of the from-bus."""
    end: Indices
    """(m) index of the to-bus."""
    in_service: Booleans
    rating: Reals
    """(m) MVA; NaN: no limit."""
    emergency: Reals
    """(m) MVA: the emergency rating, or the rating where none is stated; NaN: no limit."""
    bus_admittance: Complexes
    """(n, n)"""
    start_admittance: Complexes
    """(m, n): bus voltages to the current that enters each branch at its from-bus."""
    end_admittance: Complexes
    """(m, n): the same at its to-bus."""
    susceptance: Reals
    """(m) DC model: 1 / (x ratio); 0 out of service."""
    shift: Reals
    """(m) rad."""
    index: Mapping[str, int] = field(repr=False)
    """Bus id to its place."""

    @property
    def incidence(self) -> Reals:
        """(m, n): +1 at the from-bus, -1 at the to-bus of each branch in service."""
        m = len(self.branches)
        matrix = np.zeros((m, len(self.buses)))
        matrix[np.arange(m), self.start] = self.in_service
        matrix[np.arange(m), self.end] -= self.in_service
        return matrix

    def places(self, ids: Sequence[str]) -> Indices:
        """The places of buses ``ids``. Raises `NotComputable` for an unknown one."""
        try:
            return np.array([self.index[i] for i in ids], dtype=np.int64)
        except KeyError as unknown:
            raise _no(f"unknown bus {unknown}", f"未知母线 {unknown}") from None


def _no(en: str, zh: str) -> NotComputable:
    return NotComputable(Text(en, zh))


def admittance(
    *, r: Reals, x: Reals, b: Reals, ratio: Reals, shift: Reals, in_service: Booleans
) -> tuple[Complexes, Complexes, Complexes, Complexes]:
    """The four terms (m each, pu) of each branch's pi model: from-from, from-to, to-from, to-to.

    ``r`` ``x`` ``b`` pu, ``ratio`` and ``shift`` (rad) of an ideal transformer at the from-bus; taps are fixed.
    Source: MATPOWER manual, section 3.2.
    """
    series: Complexes = np.where(in_service, 1.0 / (r + 1j * x), 0.0)
    tap: Complexes = ratio * np.exp(1j * shift)
    to_to: Complexes = series + in_service * 0.5j * b
    return to_to / ratio**2, -series / tap.conj(), -series / tap, to_to


def _numbers(rows: Sequence[Mapping[str, Any]], name: str, default: float | None = None) -> Reals:
    values = [row[name] if default is None else row.get(name, default) for row in rows]
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _parts(n: int, start: Indices, end: Indices) -> int:
    """How many separate parts ``n`` buses form."""
    group = np.arange(n)
    while True:
        lower = np.minimum(group[start], group[end])
        joined = group.copy()
        np.minimum.at(joined, start, lower)
        np.minimum.at(joined, end, lower)
        joined = joined[joined]
        if np.array_equal(joined, group):
            return len(np.unique(group))
        group = joined


def _build(network: Mapping[str, Any]) -> Network:
    buses, branches = network["buses"], network["branches"]
    ids = tuple(str(bus["id"]) for bus in buses)
    names = tuple(str(branch["id"]) for branch in branches)
    index = {bus: place for place, bus in enumerate(ids)}
    if len(index) < len(ids) or len(set(names)) < len(names):
        raise _no("an id stands twice in the network", "网络中有重复的编号")
    kind = np.array([_KINDS.index(bus["kind"]) for bus in buses], dtype=np.int64)
    start = np.array([index[branch["from"]] for branch in branches], dtype=np.int64)
    end = np.array([index[branch["to"]] for branch in branches], dtype=np.int64)
    live = np.array([bool(branch["in_service"]) for branch in branches], dtype=np.bool_)
    parts = _parts(len(ids), start[live], end[live])
    if parts != 1:
        raise _no(f"the network is in {parts} separate parts", f"网络分成了 {parts} 个互不相连的部分")
    base = float(network["base_power"])
    r, x, b = (_numbers(branches, name) for name in ("r", "x", "b"))
    ratio, shift = _numbers(branches, "ratio"), np.deg2rad(_numbers(branches, "shift"))
    if not base > 0 or np.any(ratio <= 0) or np.any(live & (x == 0)):
        raise _no("a base power, ratio or reactance is zero", "基准容量、变比或电抗为零")
    with np.errstate(all="ignore"):  # what is missing is refused below
        ff, ft, tf, tt = admittance(r=r, x=x, b=b, ratio=ratio, shift=shift, in_service=live)
    n, m = len(ids), len(branches)
    rows = np.arange(m)
    at_start, at_end = np.zeros((m, n), complex), np.zeros((m, n), complex)
    at_start[rows, start], at_start[rows, end] = ff, ft
    at_end[rows, start], at_end[rows, end] = tf, tt
    total = np.zeros((n, n), complex)
    np.add.at(total, start, at_start)
    np.add.at(total, end, at_end)
    total[np.diag_indices(n)] += (_numbers(buses, "shunt_p", 0.0) + 1j * _numbers(buses, "shunt_q", 0.0)) / base
    if not np.all(np.isfinite(total)):
        raise _no("a network parameter is missing", "网络参数缺失")
    rating = _numbers(branches, "rating", np.nan)
    emergency = _numbers(branches, "rating_emergency", np.nan)
    return Network(
        base=base, buses=ids, kind=kind, v_min=_numbers(buses, "v_min"), v_max=_numbers(buses, "v_max"),
        branches=names, start=start, end=end, in_service=live, rating=rating,
        emergency=np.where(np.isnan(emergency), rating, emergency),
        bus_admittance=total, start_admittance=at_start, end_admittance=at_end,
        susceptance=np.where(live, 1.0 / np.where(live, x * ratio, 1.0), 0.0), shift=shift, index=index,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _kept(text: str) -> Network:
    return _build(json.loads(text))


def read_network(network: Mapping[str, Any]) -> Network:
    """The arrays of ``network`` (the form of a dispatch request). The same content is built once and kept.

    Raises `NotComputable` when it cannot be a network: unknown or doubled ids, separate parts, missing values.
    """
    built: Network = guarded(lambda: _kept(json.dumps(network)))
    return built


def guarded(read: Callable[[], Any]) -> Any:
    """What ``read`` returns; data that cannot be read are `NotComputable`, never a crash."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise _no(f"the data cannot be read ({reason})", f"数据无法读取（{reason}）") from None


def ptdf(network: Network, *, reference: int) -> Reals:
    """(m, n) DC factors: change of branch flow per change of injection at a bus, taken out at ``reference``."""
    incidence = network.incidence
    flows = network.susceptance[:, None] * incidence
    others = np.delete(np.arange(len(network.buses)), reference)
    nodal = (incidence.T @ flows)[np.ix_(others, others)]
    factors = np.zeros_like(incidence)
    factors[:, others] = np.linalg.solve(nodal, flows[:, others].T).T
    return factors


def lodf(network: Network, factors: Reals) -> Reals:
    """(m, m) share of the flow of branch ``column`` that branch ``row`` takes when the former trips; from `ptdf`.

    A column is NaN where that outage separates the network or the branch is out of service; the diagonal is -1.
    Source: Wood, Wollenberg, Power Generation, Operation, and Control, section 11.3.
    """
    transfer = factors @ network.incidence.T
    stays = 1.0 - np.diag(transfer)
    splits = (np.abs(stays) < 1e-8) | ~network.in_service
    shares = transfer / np.where(splits, np.nan, stays)[None, :]
    np.fill_diagonal(shares, np.where(splits, np.nan, -1.0))
    return shares


@lru_cache(maxsize=16)
def outage_shares(network: Network) -> Reals:
    """`lodf` of ``network``, computed once; it does not depend on the reference bus."""
    return lodf(network, ptdf(network, reference=0))
