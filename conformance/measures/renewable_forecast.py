"""Forecasts of renewable power: measures ``renewable_forecast.frame`` and ``renewable_forecast.yesterday``.

Points are the n quarters of an hour that follow the issue time: point i (0 to n - 1) begins (i + 1) * 15 min after it,
n = 16, 288 or 960 by horizon. Series by the hour (241,) begin at the issue time; a quarter takes the value of its hour.
Powers are MW, shares per cent of installed capacity, angles degrees, times ISO 8601 with a zone.

Elevation of the sun by a closed form: declination and equation of time by the truncated Fourier series of Spencer
(1971), no refraction. Another closed form of this kind was at most 0.55 degrees from pvlib over a year (status
``measured``). A quarter has the highest elevation of its begin, middle and end. Source of the rest: the project's own
definitions (status ``project``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from conformance.errors import Text
from conformance.measures.registry import NotComputable, measure

__all__ = ["elevation", "frame", "yesterday"]

POINTS: Final[Mapping[str, int]] = {"ultra_short": 16, "short": 288, "medium": 960}
"""Points of a run by horizon."""
_QUARTER: Final = np.timedelta64(15, "m")
_DAY: Final = 96
"""Quarters of an hour in a day."""

FRAME: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["points"],
    "properties": {
        "points": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["time", "elevation", "online"],
                "properties": {
                    "time": {"type": "string", "format": "date-time"},
                    "elevation": {"type": "number", "unit": "deg"},
                    "online": {"type": "number", "unit": "MW"},
                },
            },
        }
    },
}

YESTERDAY: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["distance", "spread"],
    "properties": {"distance": {"type": "number", "unit": "MW"}, "spread": {"type": "number", "unit": "MW"}},
}


def elevation(time: np.ndarray, *, latitude: float, longitude: float) -> np.ndarray:
    """Degrees above the horizon of the sun's centre at UTC instants ``time`` (datetime64, any shape)."""
    day = (time - time.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    year = 2 * np.pi * day / 365
    declination = (
        0.006918 - 0.399912 * np.cos(year) + 0.070257 * np.sin(year) - 0.006758 * np.cos(2 * year)
        + 0.000907 * np.sin(2 * year) - 0.002697 * np.cos(3 * year) + 0.00148 * np.sin(3 * year)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * np.cos(year) - 0.032077 * np.sin(year) - 0.014615 * np.cos(2 * year)
        - 0.040849 * np.sin(2 * year)
    )  # fmt: skip
    solar = day % 1 * 24 + longitude / 15 + minutes / 60
    hour_angle, north = np.radians(15 * (solar - 12)), np.radians(latitude)
    sine = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1, 1))))


@measure("renewable_forecast.frame", result=FRAME)
def frame(
    *, issue_time: str, horizon: str, latitude: float, longitude: float, capacity: float, online: Sequence[float]
) -> Any:
    """What is known of each point without a forecast: begin, highest elevation of the sun, capacity on line (`FRAME`).

    ``online`` (241,) is the share that can run. Raises `NotComputable` where it ends before the horizon does.
    """
    count = POINTS[horizon]
    hours = (np.arange(count) + 1) // 4
    if hours[-1] >= len(online):
        raise NotComputable(Text("capacity on line is not told up to the horizon", "开机容量未覆盖整个预测时段"))
    issued = datetime.fromisoformat(issue_time).astimezone(UTC).replace(tzinfo=None)
    begins = np.datetime64(issued, "us") + (np.arange(count) + 1) * _QUARTER
    parts = begins[:, None] + np.arange(3) * (_QUARTER // 2)
    highest = elevation(parts, latitude=latitude, longitude=longitude).max(axis=1)
    able = capacity * np.asarray(online, dtype=float)[hours] / 100
    told = zip(begins, highest, able, strict=True)
    return {"points": [{"time": f"{t}Z", "elevation": float(e), "online": float(a)} for t, e, a in told]}


@measure("renewable_forecast.yesterday", result=YESTERDAY)
def yesterday(*, capacity: float, history: Sequence[float], points: Sequence[Mapping[str, Any]]) -> Any:
    """How far the forecast is from what was measured at the same times of the day before (`YESTERDAY`).

    ``history`` (96,) are shares of the quarters before the issue time, so that point i has its yesterday at i + 1.
    ``distance`` is the greatest difference of a point, ``spread`` the range of that yesterday. Raises `NotComputable`
    without a point or a whole day before it.
    """
    measured = capacity * np.asarray(history, dtype=float)[1:] / 100
    told = np.array([point["p"] for point in points[: _DAY - 1]], dtype=float)
    if len(history) != _DAY or not len(told):
        raise NotComputable(Text("there is no whole day before, or no point", "缺少前一日完整数据或没有预测点"))
    same = measured[: len(told)]
    return {"distance": float(np.abs(told - same).max()), "spread": float(np.ptp(same))}
