"""Leaks of a liquid line: measures ``pipeline.balance``, ``pipeline.falls``, ``pipeline.wave``, ``pipeline.surge``.

Units: m3/h, bar, m, mm, s; a window has a sample each minute, from 0 to n - 1 min; a flow is the mean of the minute
that ends. Sources: balance of volume, linepack ``dV = V (dp / K - alpha dT)``, place of a negative pressure wave
``x = [L (a - v) + dt (a² - v²)] / (2 a)``, Joukowsky's ``dp = rho a dv``; textbook formulas, recalled. What a slower
closing does, ``rho a v (2 L / a) / T``, is Michaud's formula, recalled too. No standard was read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from conformance.errors import Text
from conformance.measures.registry import NotComputable, measure

Reals: TypeAlias = NDArray[np.float64]
Segment: TypeAlias = Mapping[str, Any]

WITHIN: Final = 15
"""min within which a fall of pressure counts, as the definition of a notification of potential rupture is recalled."""
_PASCAL: Final = 1e5


def _number(unit: str, *, missing: bool = False) -> dict[str, Any]:
    return {"type": ["number", "null"] if missing else "number", "unit": unit}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": _object(**properties)}


def bore(segment: Segment) -> float:
    """Area (m2) inside the pipe."""
    inner = (float(segment["diameter"]) - 2 * float(segment["wall"])) / 1000
    return math.pi / 4 * inner * inner


def mean_pressure(pressures: Sequence[Mapping[str, Any]], length: float) -> Reals:
    """Pressure (n, bar) along the line by trapezoids between stations; beyond the outermost ones it is constant."""
    stations = sorted(pressures, key=lambda p: float(p["position"]))
    place = np.array([s["position"] for s in stations], dtype=np.float64)
    if np.any(np.diff(place) <= 0):
        raise NotComputable(Text("two stations stand at one place", "两个测点位置相同"))
    edges = np.concatenate(([0.0], (place[1:] + place[:-1]) / 2, [length]))
    mean: Reals = np.diff(edges) / length @ _series([s["values"] for s in stations])
    return mean


def _series(values: Any) -> Reals:
    """``values`` as numbers. Raises `NotComputable` if one is missing or lengths differ."""
    try:
        read: Reals = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NotComputable(Text("a sample is missing", "采样缺失")) from error
    if not np.all(np.isfinite(read)):
        raise NotComputable(Text("a sample is missing", "采样缺失"))
    return read


BALANCE_RESULT: Final = _object(
    windows=_list(window={"type": "integer", "unit": "min"}, points={
        "type": "array", "items": _object(at=_number("min"), rate=_number("m3/h")),
    }),
)  # fmt: skip
"""What `balance` returns: of each window of the settings the mean loss at each minute at which it ends."""


@measure("pipeline.balance", result=BALANCE_RESULT)
def balance(*, segment: Segment, fluid: Mapping[str, Any], settings: Sequence[Mapping[str, Any]],
            flow_in: Sequence[float], flow_out: Sequence[float], temperature: Sequence[float],
            pressures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # fmt: skip
    """Loss ``I = integral(Q_in - Q_out) dt - dV`` over its window, by windows (m3/h). Raises `NotComputable`.

    ``flow_in``, ``flow_out``, ``temperature`` (n) and the ``values`` (n) of ``pressures`` are samples as in the module.
    """
    loss, heat = _series(flow_in) - _series(flow_out), _series(temperature)
    if len({len(loss), len(heat), *(len(p["values"]) for p in pressures)}) != 1:
        raise NotComputable(Text("the series differ in length", "各序列长度不同"))
    volume = bore(segment) * segment["length"]
    pressure = mean_pressure(pressures, segment["length"])
    linepack = volume * (pressure / fluid["bulk_modulus"] - fluid["expansion"] * heat)
    lost = np.cumsum(loss) / 60 - linepack
    return {
        "windows": [
            {
                "window": w,
                "points": [
                    {"at": at, "rate": rate}
                    for at, rate in enumerate(((lost[w:] - lost[:-w]) * 60 / w).tolist(), start=w)
                ],
            }
            for w in (int(setting["window"]) for setting in settings)
        ]
    }


FALLS_RESULT: Final = _object(falls=_list(at=_number("min"), fall=_number("%")))
"""What `falls` returns."""


@measure("pipeline.falls", result=FALLS_RESULT)
def falls(*, pressures: Sequence[Mapping[str, Any]], planned_drop: float) -> dict[str, Any]:
    """At each minute the largest fall (%) of a station's pressure against any sample of the 15 min before.

    ``planned_drop`` (%) is taken off; stations of which ``quality`` is not ``good`` are left out, and where none is
    left there are no falls. Raises `NotComputable` if a sample is missing or not above 0.
    """
    good = [p["values"] for p in pressures if p["quality"] == "good"]
    if not good:
        return {"falls": []}
    read = _series(good)
    if np.any(read <= 0):
        raise NotComputable(Text("a pressure is not above 0", "压力不大于零"))
    found = []
    for at in range(1, read.shape[1]):
        highest = read[:, max(at - WITHIN, 0) : at + 1].max(axis=1)
        found.append({"at": at, "fall": float(np.max((highest - read[:, at]) / highest) * 100 - planned_drop)})
    return {"falls": found}


WAVE_RESULT: Final = _object(
    possible={"type": "boolean", "description": "the two arrivals can come from one place of the segment"},
    x=_number("m"),
    half_width=_number("m"),
)
"""What `wave` returns."""


@measure("pipeline.wave", result=WAVE_RESULT)
def wave(*, segment: Segment, flow_in: Sequence[float], wave: Mapping[str, Any]) -> dict[str, Any]:
    """Place (m, from the upstream end) from which a negative pressure wave reached both ends, and what is uncertain.

    ``dt`` is the arrival upstream less that downstream (s), ``v`` the mean velocity of the flow in.
    """
    a, length = segment["wave_speed"], segment["length"]
    v = float(_series(flow_in).mean()) / 3600 / bore(segment)
    per_second = (a**2 - v**2) / (2 * a)
    x = length * (a - v) / (2 * a) + (wave["upstream"] - wave["downstream"]) * per_second
    return {"possible": 0 <= x <= length, "x": x, "half_width": wave["uncertainty"] * per_second}


SURGE_RESULT: Final = _object(rise=_number("bar", missing=True), pressure=_number("bar", missing=True))
"""What `surge` returns; null without a closing time."""


@measure("pipeline.surge", result=SURGE_RESULT)
def surge(*, segment: Segment, fluid: Mapping[str, Any], flow_in: Sequence[float],
          pressures: Sequence[Mapping[str, Any]], advice: Mapping[str, Any]) -> dict[str, Any]:  # fmt: skip
    """Rise of pressure where the flow of the last minute is stopped within ``advice.closing`` (s), and what it makes.

    Up to the time ``2 L / a`` of a wave there and back it is ``rho a v``, beyond that ``2 rho L v / T``; it adds to the
    highest pressure of the last minute at a station of which ``quality`` is ``good``. Raises `NotComputable` if there
    is none or the flow is missing.
    """
    closing = advice.get("closing")
    if not closing:
        return {"rise": None, "pressure": None}
    v = float(_series(flow_in)[-1]) / 3600 / bore(segment)
    a, length = segment["wave_speed"], segment["length"]
    share = min(1.0, 2 * length / a / float(closing))
    rise = fluid["density"] * a * v * share / _PASCAL
    last = _series([p["values"][-1] for p in pressures if p["quality"] == "good"])
    if not last.size:
        raise NotComputable(Text("no station has a pressure", "没有可用的压力测点"))
    return {"rise": rise, "pressure": rise + float(last.max())}
