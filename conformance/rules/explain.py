"""The value of every part of a condition, for a person who asks why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from conformance.model.quantity import ONE, Unit
from conformance.rules import types
from conformance.rules.engine import Frame, Rounds, identify
from conformance.rules.intervals import Intervals, each
from conformance.rules.margin import NotComputable, Unpaired
from conformance.rules.typed import Part


def explained(parts: Iterable[Part], at: tuple[tuple[str, str], ...], frame: Frame) -> dict[str, str]:
    """Text and value of each of ``parts``; of those inside loops, for the elements ``at`` that decided."""
    shown: dict[str, str] = {}
    for part in parts:
        try:
            value = _value(part, at, frame)
        except NotComputable as why:
            shown[part.text] = why.reason.en
        except Unpaired as why:
            shown[part.text] = "; ".join(r.en for r in why.reasons[:3])
        else:
            if value is not _ELSEWHERE:
                shown[part.text] = _shown(part.typed.type, value)
    return shown


def figure(part: Part, at: tuple[tuple[str, str], ...], frame: Frame) -> tuple[float, Unit] | None:
    """The value of one part as a known number with its unit; None if it is none. ``at`` as in `explained`."""
    type_ = part.typed.type
    try:
        value = _value(part, at, frame)
    except (NotComputable, Unpaired):
        return None
    if not isinstance(type_, types.Number) or value is _ELSEWHERE or value[0] != value[1] or not isfinite(value[0]):
        return None
    return value[0], type_.unit or ONE


_ELSEWHERE = object()
"""The part stands in a loop that is not the one that decided."""


def _value(part: Part, at: tuple[tuple[str, str], ...], frame: Frame) -> Any:
    frame[0] = []
    engine = Intervals()
    if part.loops and not _stand([loop.build(engine) for loop in part.loops], at, frame):
        return _ELSEWHERE
    return part.typed.build(engine)(frame)


def _stand(loops: Sequence[Rounds], at: tuple[tuple[str, str], ...], frame: Frame) -> bool:
    """Put the deciding elements into the frame; whether the loops are those of the decision."""
    return any(identify(loops, frame) == at[: sum(len(r.names) for r in loops)] for _ in each(loops, frame))


def _shown(type_: types.Type, value: Any) -> str:
    match type_:
        case types.Boolean():
            return {True: "true", False: "false", None: "unknown"}[value.truth]
        case types.Number(unit):
            symbol = "" if unit is None or unit.symbol == "1" else f" {unit.symbol}"
            return _range(value, lambda v: f"{v:.9g}") + symbol if any(map(isfinite, value)) else _open(value)
        case types.Instant():
            return _range(value, _moment) if any(map(isfinite, value)) else _open(value)
        case types.Word():
            return "missing" if value is None else f'"{value}"'
        case _:
            return "missing" if value is None else f"{len(value)} elements"


def _open(value: tuple[float, float]) -> str:
    return f"{value[0]:g}" if value[0] == value[1] else "missing"


def _range(value: tuple[float, float], show: Any) -> str:
    low, high = value
    return str(show(low)) if low == high else f"between {show(low)} and {show(high)}"


def _moment(nanoseconds: float) -> str:
    if not isfinite(nanoseconds):
        return str(nanoseconds)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(nanoseconds) // 1000)
    return moment.isoformat().replace("+00:00", "Z")
