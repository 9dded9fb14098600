"""Response of grid-forming storage to a disturbance: measure ``grid_forming.features``.

Units: MW, MVA, Hz, s, deg, kWh, per cent of energy; ``pu`` of the rated apparent power or current. Discharging is
positive. Time 0 is the disturbance. Vectors have one element for each of n samples.

Sources: the swing equation, 2 H S dw/dt = -dP, as in Kundur, Power System Stability and Control (recalled); power
between two voltages over a reactance; logarithmic decrement of a damped swing. Textbook formulas, no standard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from conformance.errors import Text
from conformance.measures.registry import NotComputable, measure

Reals: TypeAlias = NDArray[np.float64]

_RAMP_WINDOW = 1.0
"""s at the end of a ramp over which inertia is estimated: what swings at its begin has died away."""
_JUMP_WINDOW = 0.02
"""s after a jump of angle within which its response is looked for."""
_SETTLED_WINDOW = 1.0
"""s at the end over which the settled response is the mean."""
_CLEAR = 0.01
"""pu: extrema that are smaller are not looked at."""


def inertia(power: Reals, slope: Reals, *, s_n: float, f0: float) -> float:
    """Inertia constant (s) by least squares through the origin: ``power`` (n, MW) = -2 H S / f0 · ``slope`` (n, Hz/s).

    ``power`` is the change against what was given before. Raises `NotComputable` where frequency does not change.
    """
    square = float(slope @ slope)
    if square <= 0.0:
        raise NotComputable(Text("frequency does not change", "频率无变化"))
    return -float(power @ slope) / square * f0 / (2.0 * s_n)


def phase_jump_power(angle: float, *, p_before: float, s_n: float, x: float) -> float:
    """Change of power (MW) right after the grid's voltage jumps by ``angle`` (deg), over the reactance ``x`` (pu).

    At no load it is -S sin(angle) / x; loaded, the angle that the plant stands at comes first. Both voltages are 1 pu.
    Raises `NotComputable` for a power that cannot be carried.
    """
    return s_n * (math.sin(_at_rest(p_before, s_n, x) - math.radians(angle)) / x) - p_before


def phase_jump_current(angle: float, *, p_before: float, s_n: float, x: float) -> float:
    """Current (pu) right after that jump, if nothing limits it."""
    return abs(2.0 * math.sin((_at_rest(p_before, s_n, x) - math.radians(angle)) / 2.0)) / x


def _at_rest(p_before: float, s_n: float, x: float) -> float:
    sine = p_before / s_n * x
    if abs(sine) > 1.0:
        raise NotComputable(Text("the grid cannot carry the power before the event", "电网无法输送扰动前功率"))
    return math.asin(sine)


def extrema(values: Reals) -> Reals:
    """(k) the turning points of ``values`` (n), signed, in order of time; ends are none."""
    rising = np.sign(np.diff(values))
    place = np.flatnonzero(rising[:-1] * rising[1:] < 0) + 1
    found: Reals = values[place]
    return found


def damping(peaks: Reals) -> float | None:
    """Damping ratio (1) of the least damped half swing: the logarithmic decrement of successive extrema (k, signed).

    Over half a swing it is L = ln |first / second| and the ratio L / sqrt(pi² + L²). None if there are not two extrema.
    """
    size = np.abs(peaks)
    if len(size) < 2 or not np.all(size > 0):
        return None
    decrement = float(np.min(np.log(size[:-1] / size[1:])))
    return decrement / math.hypot(math.pi, decrement)


def energy(power: Reals, spans: Reals) -> float:
    """kWh of ``power`` (n, MW), each sample standing for its span (n, s)."""
    return float(power @ spans) / 3.6


def charge_change(power: Reals, spans: Reals, *, e_n: float, efficiency: float) -> float:
    """Change of the state of charge (% of energy): -P / (eta E) discharging and -P eta / E charging, integrated."""
    inside = np.where(power > 0, power / efficiency, power * efficiency)
    return -float(inside @ spans) / 36.0 / e_n


def droop_power(step: float, *, p_n: float, f0: float, droop: float, deadband: float) -> float:
    """Settled change of power (MW): -(|df| - db) / (R f0) P_n against ``step`` (Hz), at most P_n; R is a ratio."""
    beyond = max(abs(step) - deadband, 0.0)
    return -math.copysign(min(beyond / (droop * f0), 1.0) * p_n, step)


def _number(unit: str, description: str) -> dict[str, Any]:
    return {"type": ["number", "null"], "unit": unit, "description": description}


RESULT: Mapping[str, Any] = {
    "type": "object",
    "required": ["first_response", "inertia", "least_of_ramp", "expected_of_ramp", "expected_jump", "jump", "limited",
                 "damping", "expected_droop", "settled", "energy", "charge_change", "told_charge_change"],
    "properties": {
        "first_response": _number("ms", "to the first sample beyond 2 % of rated power; without one, to the last"),
        "inertia": _number("s", "least squares over the last second of a ramp"),
        "least_of_ramp": _number("MW", "least change against frequency in that second"),
        "expected_of_ramp": _number("MW", "change of power of the declared inertia on this ramp, its size"),
        "expected_jump": _number("MW", "change of power by the formula, signed"),
        "jump": _number("MW", "largest change of power within 20 ms of a jump, signed"),
        "limited": {"type": "boolean", "description": "a jump whose current by the formula is above the limit"},
        "damping": _number("%", "damping ratio of the least damped half swing after a jump; 100 if it does not swing"),
        "expected_droop": _number("MW", "settled change of power by the formula, signed"),
        "settled": _number("MW", "mean change of power in the last second, signed"),
        "energy": {"type": "number", "unit": "kWh", "description": "of the change of power"},
        "charge_change": {"type": "number", "unit": "%", "description": "of the state of charge, from power"},
        "told_charge_change": {"type": "number", "unit": "%", "description": "as the samples tell it"},
    },
}  # fmt: skip
"""What `features` returns; null where the kind of disturbance has none."""


@measure("grid_forming.features", result=RESULT)
def features(
    *,
    plant: Mapping[str, Any],
    grid: Mapping[str, Any],
    before: Mapping[str, Any],
    disturbance: Mapping[str, Any],
    samples: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What a response shows (`RESULT`). Raises `NotComputable` for samples that are too few or not in order of time."""
    try:
        t, p, f, soc = (np.array([s[name] for s in samples], dtype=np.float64) for name in ("t", "p", "f", "soc"))
    except (KeyError, TypeError, ValueError) as error:
        raise NotComputable(Text("a sample is not a row of numbers", "采样值不是数值")) from error
    spans = np.diff(t / 1000.0, prepend=0.0)
    if len(t) < 3 or not np.all(np.isfinite(np.concatenate((t, p, f, soc)))) or np.any(spans <= 0):
        raise NotComputable(Text("samples are missing or not in order of time", "采样缺失或时间无序"))
    change = p - before["p"]
    found: dict[str, Any] = dict.fromkeys(RESULT["required"])
    found |= {
        "limited": False,
        "energy": energy(change, spans),
        "charge_change": charge_change(p, spans, e_n=plant["e_n"], efficiency=plant["efficiency"] / 100.0),
        "told_charge_change": float(soc[-1] - before["soc"]),
    }
    kind = disturbance["kind"]
    if kind == "rocof":
        found |= _of_ramp(t / 1000.0, change, f, plant, disturbance)
    elif kind == "phase-jump":
        found |= _of_jump(t / 1000.0, change, before["p"], plant, grid, disturbance["angle"])
    else:
        settled = t >= t[-1] - 1000.0 * _SETTLED_WINDOW
        found |= {
            "expected_droop": droop_power(disturbance["step"], p_n=plant["p_n"], f0=plant["f0"],
                                          droop=plant["droop"] / 100.0, deadband=plant["deadband"]),
            "settled": float(np.mean(change[settled])),
        }  # fmt: skip
    return found


def _of_ramp(
    t: Reals, change: Reals, f: Reals, plant: Mapping[str, Any], disturbance: Mapping[str, Any]
) -> dict[str, Any]:
    lasts, rate = disturbance["lasts"], disturbance["rocof"]
    inside = np.flatnonzero((t >= lasts - _RAMP_WINDOW) & (t <= lasts))
    if rate == 0.0 or len(inside) < 3:
        return {}
    slope = np.gradient(f[inside], t[inside])
    against = -math.copysign(1.0, rate) * change[inside]
    return {
        "inertia": inertia(change[inside], slope, s_n=plant["s_n"], f0=plant["f0"]) if np.any(slope) else None,
        "least_of_ramp": float(np.min(against)),
        "expected_of_ramp": 2.0 * plant["h"] * plant["s_n"] * abs(rate) / plant["f0"],
    }


def _of_jump(
    t: Reals, change: Reals, p_before: float, plant: Mapping[str, Any], grid: Mapping[str, Any], angle: float
) -> dict[str, Any]:
    x = plant["x_plant"] + 1.0 / grid["scr"]
    moved = np.flatnonzero(np.abs(change) >= 0.02 * plant["p_n"])
    early = change[t <= _JUMP_WINDOW + 1e-9]
    swings = extrema(change - change[-1])
    clear = swings[np.abs(swings) >= _CLEAR * plant["s_n"]]
    ratio = damping(clear)
    return {
        "first_response": 1000.0 * float(t[moved[0]] if len(moved) else t[-1]),
        "expected_jump": phase_jump_power(angle, p_before=p_before, s_n=plant["s_n"], x=x),
        "jump": float(early[np.argmax(np.abs(early))]) if len(early) else None,
        "limited": phase_jump_current(angle, p_before=p_before, s_n=plant["s_n"], x=x) > plant["i_max"],
        "damping": 100.0 if ratio is None else 100.0 * ratio,
    }
