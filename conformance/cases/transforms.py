"""What a relation does to a request: a changed copy that is still a request of the input space, or none.

Increase, decrease, scale and perturb change values, and these land on the field's `resolution`; permute, drop and
shift move what is there. All are pure; where something is drawn, it is drawn from SHA-256 of the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from math import ceil, floor, isfinite

from attrs import frozen

from conformance.cases.sample import bits
from conformance.cases.space import Space
from conformance.model import run
from conformance.model.json import JSON, is_finite_number
from conformance.packs.validate import Validate
from conformance.rules import Variation

_SLACK = 1e-9
"""Of one step of the grid, and of a bound."""

Edit = Callable[[JSON, str], JSON]
"""A value and its place in the request to the changed value."""


@frozen
class Varied:
    """A changed request."""

    request: JSON
    changed: tuple[run.Change, ...]
    """Where it differs from nominal, as far as the input space knows."""
    inside: bool
    """Whether it is in the declared operating envelope."""


def vary(case: run.Case, change: Variation, *, space: Space, valid: Validate, seed: str) -> Varied | None:
    """The request of ``case``, a case of ``space``, after ``change``; parts that stay are shared.

    None where there is nothing to change, or where the changed request breaks its schema (``valid`` complains), or a
    value leaves its bounds. A field that its bounds fix stays as it is, and fields that follow another follow it.
    """
    request = changed(case.request, change, seed=f"{seed}/{case.sha256}")
    differs, inside = case.changed, case.in_envelope
    if change.transform not in ("permute", "drop"):
        point = space.values(request)
        if point is None or not _in_range(request, change, space):
            return None
        if change.bounded and not change.series:
            request = space.request(point)
        differs, inside = space.changes(point), space.inside(point)
    if request == case.request or valid(request):
        return None
    return Varied(request, differs, inside)


def _in_range(request: JSON, change: Variation, space: Space) -> bool:
    """Whether each sample of a series with bounds lies in the range of the field; its knots alone do not tell."""
    if not (change.bounded and change.series):
        return True
    known = [space.dimensions[number] for number in space.groups.get(change.path, ())]
    ends = [float(end) for d in known if d.numeric for end in (d.lower, d.upper)]
    found: list[JSON] = []
    _edited(request, change.steps, "", lambda value, _: found.extend(value))
    return bool(ends) and all(min(ends) - _SLACK <= value <= max(ends) + _SLACK for value in found)


def changed(request: JSON, change: Variation, *, seed: str) -> JSON:
    """``request`` after ``change``, whatever its schema and bounds say. Fields that are not there stay away."""
    match change.transform:
        case "permute":
            edit: Edit = partial(_permuted, seed=seed)
        case "drop":
            edit = partial(_dropped, seed=seed)
        case "shift":
            edit = partial(_shifted, amount=change.amount)
        case "perturb":
            edit = partial(_each, number=partial(_perturbed, change=change, seed=seed))
        case _:
            edit = partial(_each, number=partial(_moved, change=change))
    return _edited(request, change.steps, "", edit)


def _edited(value: JSON, steps: tuple[str, ...], place: str, edit: Edit) -> JSON:
    if not steps:
        return edit(value, place)
    if isinstance(value, list):
        return [_edited(item, steps, f"{place}/{index}", edit) for index, item in enumerate(value)]
    first, *rest = steps
    if not isinstance(value, Mapping) or value.get(first) is None:
        return value
    return {**value, first: _edited(value[first], tuple(rest), f"{place}/{first}", edit)}


def _each(value: JSON, place: str, *, number: Callable[[float, str], float]) -> JSON:
    if isinstance(value, list):
        return [_each(item, f"{place}/{index}", number=number) for index, item in enumerate(value)]
    return number(value, place) if is_finite_number(value) else value


def _moved(value: float, _place: str, *, change: Variation) -> float:
    """Increased, decreased or scaled; never against the direction, whatever the grid."""
    step = change.amount * abs(value) if change.share else change.amount
    match change.transform:
        case "increase":
            return max(_landed(value + step, value, change), value)
        case "decrease":
            return min(_landed(value - step, value, change), value)
    return _landed(value * change.amount, value, change)


def _landed(wanted: float, value: float, change: Variation) -> float:
    """``wanted`` on the grid of the field; ``value`` where there is no such number."""
    step = _step(change)
    if not isfinite(wanted / (step or 1)):
        return value
    return wanted if step is None else _at(round(wanted / step), step, change)


def _perturbed(value: float, place: str, *, change: Variation, seed: str) -> float:
    """One of the values of the grid within the amount, each as likely."""
    reach = change.amount * abs(value) if change.share else change.amount
    share = bits(seed, place, 0)
    step = _step(change)
    if step is None:
        return value + reach * (share / 2**52 - 1)
    first, last = ceil((value - reach) / step - _SLACK), floor((value + reach) / step + _SLACK)
    return _at(first + (share * (last - first + 1) >> 53), step, change) if first <= last else value


def _step(change: Variation) -> float | None:
    return change.resolution or (1 if change.whole else None)


def _at(cell: int, step: float, change: Variation) -> float:
    if change.whole:
        return cell * int(step)
    exponent = Decimal(repr(step)).normalize().as_tuple().exponent
    return round(cell * step, max(-int(exponent), 0))


def _permuted(items: JSON, place: str, *, seed: str) -> JSON:
    """Another order; of elements that are all alike there is none."""
    order = sorted(range(len(items)), key=lambda index: bits(seed, place, index))
    mixed = [items[index] for index in order]
    return mixed if mixed != items else items[1:] + items[:1]


def _dropped(items: JSON, place: str, *, seed: str) -> JSON:
    left_out = bits(seed, place, 0) * len(items) >> 53
    return [item for index, item in enumerate(items) if index != left_out]


def _shifted(value: JSON, place: str, *, amount: float) -> JSON:
    """Instants moved by seconds; samples by whole places, later ones where positive, the end sample held."""
    if isinstance(value, str):
        return _later(value, amount)
    if not isinstance(value, list) or not value:
        return value
    if isinstance(value[0], str):
        return [_shifted(item, place, amount=amount) for item in value]
    last = len(value) - 1
    return [value[min(max(index - int(amount), 0), last)] for index in range(len(value))]


def _later(instant: str, seconds: float) -> str:
    """ISO 8601 ``instant`` some seconds later, in its own zone; itself where it is no instant."""
    try:
        moved = datetime.fromisoformat(instant) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return instant
    text = moved.isoformat()
    return text.removesuffix("+00:00") + "Z" if instant.endswith("Z") else text
