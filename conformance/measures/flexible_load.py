"""Baselines of demand response and the replay of a response plan: measures ``flexible_load.baseline`` and ``.plan``.

Powers in kW, energies in kWh, times in min; a plan is made of steps of `STEP` min. Formulas: mean of the eligible days,
times the ratio of load to that mean before the event, capped (multiplicative, 0.8 to 1.2, as AEMO); delivered
``max(0, B - M)``; rebound ``sum(M - B)`` after the end. Sources: AEMO's register and the VPP policy document, both
through secondary sources only. What no source says (how a deviation of 25 % is counted, that dropped days are not
replaced, that the correction of the Chinese method has no cap) is this project's choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from conformance.errors import Text
from conformance.measures.registry import NotComputable, measure

__all__ = ["STEP", "baseline", "eligible", "plan"]

Rows: TypeAlias = Sequence[Mapping[str, Any]]
STEP: Final = 15
"""min of a step of a plan."""
REBOUND: Final = 120
"""min after the end of an event in which rebound is counted."""
_DAYS: Final = {"ten-of-ten": 10, "last-five": 5}
_LOWEST: Final = 0.8
_HIGHEST: Final = 1.2
_DEVIATION: Final = 0.25


def _number(unit: str) -> dict[str, Any]:
    return {"type": "number", "unit": unit}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}


BASELINE_RESULT: Final = _object(
    days=_list(_object(ago={"type": "integer"})),
    ratio={"type": "number", "description": "load before the event over the mean of the days, not capped"},
    adjustment={"type": "number", "description": "what the mean is multiplied by"},
    raw=_list(_number("kW")),
    baseline=_list(_number("kW")),
)
"""What `baseline` returns."""

PLAN_RESULT: Final = _object(
    steps=_list(
        _object(
            at=_number("min"), baseline=_number("kW"), load=_number("kW"), made=_number("kW"), change=_number("kW"),
            planned_change=_number("kW"), in_event={"type": "boolean"}, in_emergency={"type": "boolean"},
        )
    ),
    jobs=_list(
        _object(
            id={"type": "string"}, needed=_number("kWh"), done=_number("kWh"), in_time=_number("kWh"),
            least=_number("kW"), most=_number("kW"), moved=_number("kW"),
        )
    ),
    committed=_number("kWh"),
    delivered=_number("kWh"),
    rebound=_number("kWh"),
)  # fmt: skip
"""What `plan` returns."""


def eligible(days: Rows, *, kind: str) -> list[Mapping[str, Any]]:
    """The days of ``kind`` without event and outage, the most recent first; ``ago`` counts days back."""
    fit = [day for day in days if day["kind"] == kind and not day["event"] and not day["outage"]]
    return sorted(fit, key=lambda day: int(day["ago"]))


@measure("flexible_load.baseline", result=BASELINE_RESULT)
def baseline(*, method: str, transformer_ratio: float, days: Rows, today: Mapping[str, Any]) -> dict[str, Any]:
    """The baseline of an event, interval by interval (kW). Raises `NotComputable`.

    ``days`` have ``ago``, ``kind``, ``event``, ``outage`` and readings ``before`` (b) and ``during`` (w) in kW on the
    secondary side, ``today`` ``kind`` and ``before`` (b); all readings are multiplied by ``transformer_ratio``.
    ``ten-of-ten``: mean of the ten most recent eligible days, times ``sum(today) / sum(mean)`` of the intervals before
    the event, capped to 0.8 to 1.2. ``last-five``: the five most recent, of which days more than 25 % away from
    the mean energy of the five are dropped; the same ratio, without a cap. Nothing of today after the event began is
    read. Source: see the module.
    """
    count = _DAYS[method]
    chosen = eligible(days, kind=today["kind"])[:count]
    if len(chosen) < count:
        raise NotComputable(Text("too few eligible days", "符合条件的历史日不足"))
    if len({day["ago"] for day in chosen}) < count:
        raise NotComputable(Text("a day is given twice", "同一历史日重复给出"))
    before, during = (_readings(chosen, name) for name in ("before", "during"))
    if method == "last-five":
        energy = during.sum(axis=1)
        kept = np.abs(energy - energy.mean()) <= _DEVIATION * energy.mean()
        chosen, before, during = [d for d, k in zip(chosen, kept, strict=True) if k], before[kept], during[kept]
    if not chosen or before.mean(axis=0).sum() <= 0:
        raise NotComputable(Text("no day is left, or none has load before the event", "无可用历史日或事件前负荷为零"))
    own = np.asarray(today["before"], dtype=np.float64)
    if own.shape != before.shape[1:]:
        raise NotComputable(Text("today has other intervals than the days", "当日与历史日的时段数不同"))
    ratio = float(own.sum() / before.mean(axis=0).sum())
    adjustment = min(max(ratio, _LOWEST), _HIGHEST) if method == "ten-of-ten" else ratio
    raw = during.mean(axis=0) * transformer_ratio
    return {
        "days": [{"ago": int(day["ago"])} for day in chosen],
        "ratio": ratio,
        "adjustment": adjustment,
        "raw": raw.tolist(),
        "baseline": (raw * adjustment).tolist(),
    }


def _readings(days: Rows, name: str) -> np.ndarray:
    """(d, n) of the readings ``name``. Raises `NotComputable` if they differ in length or are no numbers."""
    if len({len(day[name]) for day in days}) > 1:
        raise NotComputable(Text("days differ in their intervals", "各历史日的时段数不同"))
    try:
        read = np.array([day[name] for day in days], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NotComputable(Text("a reading is missing", "读数缺失")) from error
    if not np.all(np.isfinite(read)):
        raise NotComputable(Text("a reading is missing", "读数缺失"))
    return read


@measure("flexible_load.plan", result=PLAN_RESULT)
def plan(*, event: Mapping[str, Any], emergency: Mapping[str, Any], other: Sequence[float], jobs: Rows,
         load: Sequence[float], schedule: Rows) -> dict[str, Any]:  # fmt: skip
    """What a plan of ``len(other)`` steps does. Raises `NotComputable` if the answer does not fit the request.

    Baseline: ``other`` (kW) and every job at its ``power`` until it ``ends``. ``load`` (kW) is what the system says,
    ``made`` what ``other`` and the scheduled ``power`` of its jobs add up to. Work of a job is energy: ``needed`` as in
    the baseline, ``done``, and ``in_time`` before ``latest``. Of ``in_event`` steps ``delivered = sum(max(0, B - M))``;
    of the steps of the 120 min after the event ``rebound = sum(M - B)``.
    """
    count = len(other)
    at = np.arange(count) * STEP
    named = {str(one["id"]): one["power"] for one in schedule}
    fits = len(load) == count and len(named) == len(schedule) == len(jobs)
    if not fits or any(len(named.get(str(job["id"]), ())) != count for job in jobs):
        raise NotComputable(Text("the plan has other steps or jobs than the request", "计划的时段或任务与请求不符"))
    steady = np.asarray(other, dtype=np.float64)
    planned = np.array([job["power"] * (at < job["ends"]) for job in jobs], dtype=np.float64).reshape(-1, count)
    done = np.array([named[str(job["id"])] for job in jobs], dtype=np.float64).reshape(-1, count)
    base, said = steady + planned.sum(axis=0), np.asarray(load, dtype=np.float64)
    ends = event["delay"] + event["duration"]
    active = (at >= event["delay"]) & (at < ends)
    urgent = bool(emergency["active"]) & (at >= emergency["delay"])
    urgent &= at < emergency["delay"] + emergency["duration"]
    after = (at >= ends) & (at < ends + REBOUND)
    hours = STEP / 60
    columns = (at, base, said, steady + done.sum(axis=0), np.diff(said, prepend=base[0]),
               np.diff(base, prepend=base[0]), active, urgent)  # fmt: skip
    names = ("at", "baseline", "load", "made", "change", "planned_change", "in_event", "in_emergency")
    return {
        "steps": [dict(zip(names, row, strict=True)) for row in zip(*(c.tolist() for c in columns), strict=True)],
        "jobs": [
            {
                "id": str(job["id"]),
                "needed": float(due.sum() * hours),
                "done": float(own.sum() * hours),
                "in_time": float(own[at < job["latest"]].sum() * hours),
                "least": float(own.min()),
                "most": float(own.max()),
                "moved": float(np.abs(own - due).max()),
            }
            for job, due, own in zip(jobs, planned, done, strict=True)
        ],
        "committed": float(event["reduction"] * active.sum() * hours),
        "delivered": float(np.maximum(base - said, 0)[active].sum() * hours),
        "rebound": float((said - base)[after].sum() * hours),
    }
