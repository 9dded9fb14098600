"""What a defect does to a request or response: pure functions on the slots that its path names."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from conformance.model.json import JSON, is_finite_number
from conformance.systems.paths import Place, Slot

Change = Callable[[JSON, float, JSON], JSON]
"""A value, the defect's ``amount`` and its ``value``, to the new value."""


def _shifted(text: JSON, seconds: float) -> JSON:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text
    return (moment + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


NUMBERS: Mapping[str, Callable[[float, float], float]] = {
    "unit_scale": lambda number, amount: number * amount,
    "threshold_offset": lambda number, amount: number + amount,
    "clip": lambda number, amount: max(-amount, min(amount, number)),
    "sign_flip": lambda number, _: -number,
}
"""Number and amount to the new number; whatever is no number stays."""

VALUES: Mapping[str, Change] = {
    "nan_to_zero": lambda value, _, __: 0 if value is None else value,
    "null": lambda _, __, ___: None,
    "replace": lambda _, __, new: copy.deepcopy(new),
    "edition_swap": lambda _, __, new: copy.deepcopy(new),
    "time_shift": lambda value, seconds, _: _shifted(value, seconds),
    "hash_swap": lambda value, _, __: hashlib.sha256(str(value).encode()).hexdigest(),
}
SWAPS = frozenset({"comparator_flip", "quantile_swap", "swap"})
"""The field and a sibling change places: lower with upper limit, one quantile with another."""
MERGES = frozenset({"role_merge"})
"""The field takes the sibling's value: two roles in one hand."""
LISTS = frozenset({"drop", "duplicate", "reorder"})
PREVIOUS = frozenset({"hold_last", "stale_input"})
"""The values of the call before come again."""
TIME = frozenset({"delay"})

NEEDS: Mapping[str, str] = {
    **dict.fromkeys(("unit_scale", "threshold_offset", "clip", "time_shift", "delay"), "amount"),
    **dict.fromkeys(("replace", "edition_swap"), "value"),
    **dict.fromkeys(SWAPS | MERGES, "other"),
}
"""The one further field that an operator needs."""


def apply(
    operator: str,
    place: Place,
    root: JSON,
    *,
    amount: float = 1.0,
    value: JSON = None,
    other: str | None = None,
    previous: JSON = None,
) -> JSON:
    """A copy of ``root`` with ``operator`` applied at ``place``; ``previous`` is the root of the call before.

    Only the operators of `PREVIOUS` may be applied to the whole root.
    """
    if operator in PREVIOUS and not place.steps:
        return copy.deepcopy(previous)
    changed = copy.deepcopy(root)
    slots = place.slots(changed)
    if operator in LISTS:
        _rearrange(operator, slots)
    elif operator in PREVIOUS:
        for (container, key), (old, old_key) in zip(slots, place.slots(previous), strict=False):
            container[key] = copy.deepcopy(old[old_key])
    else:
        for container, key in slots:
            _change(operator, container, key, amount=amount, value=value, other=other)
    return changed


def _change(operator: str, container: JSON, key: str | int, *, amount: float, value: JSON, other: str | None) -> None:
    now = container[key]
    if operator in SWAPS | MERGES:
        if isinstance(container, dict) and other in container:
            container[key] = container[other]
            if operator in SWAPS:
                container[other] = now
    elif operator in VALUES:
        container[key] = VALUES[operator](now, amount, value)
    elif is_finite_number(now):
        container[key] = NUMBERS[operator](now, amount)


def _rearrange(operator: str, slots: list[Slot]) -> None:
    """Remove or double what stands in the slots; reverse a list, or the list that the slots are elements of."""
    if operator == "reorder":
        lists = [c[k] if isinstance(c[k], list) else c for c, k in slots]
        for found in {id(found): found for found in lists if isinstance(found, list)}.values():
            found.reverse()
        return
    for container, key in reversed(slots):  # from the end, so that the indexes before stay true
        if operator == "drop":
            del container[key]
        elif isinstance(container, list) and isinstance(key, int):
            container.insert(key + 1, copy.deepcopy(container[key]))
