"""The relation of a rule, checked against the request schema of its operation."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from attrs import evolve, frozen

from conformance.errors import Problem, Refused, Text
from conformance.errors.language import did_you_mean
from conformance.errors.relations import DoesNotFit, NoBoundary, NoSuchField, NotOfAnOperation, WrongAmount
from conformance.model.quantity import ONE, Unit, quantity, unit
from conformance.model.standard import Pack, Relation, Rule, Transform
from conformance.rules import types

_VALUES = Text("a number, or a list of numbers", "数值或数值列表")
_NEEDED: Mapping[Transform, Text] = {
    "increase": _VALUES,
    "decrease": _VALUES,
    "scale": _VALUES,
    "perturb": _VALUES,
    "permute": Text("a list", "列表"),
    "drop": Text("a list", "列表"),
    "shift": Text("a series of numbers, or instants", "数值序列或时刻"),
}
_SAMPLES = Text("a whole number of samples, such as `1` or `-4`", "整数个样本，如 `1` 或 `-4`")
_DURATION = Text("a duration, such as `15 min`", "时长，如 `15 min`")
_FACTOR = Text("what becomes of the value, such as `110 %` or `2`", "变化后占原值的份额，如 `110 %` 或 `2`")
_NONE = Text("no amount", "不带 amount 的形式")


@frozen
class Variation:
    """What a relation does to a request, in the units of the request."""

    transform: Transform
    steps: tuple[str, ...]
    """The names on the way to the field; lists on the way stand for each of their elements."""
    amount: float
    """Of `increase`, `decrease` and `perturb` in the field's unit; of `scale` a factor; of `shift` samples, or seconds
    for instants; else 0."""
    share: bool = False
    """The amount is a share of the value itself."""
    whole: bool = False
    """The values are whole numbers."""
    resolution: float | None = None
    bounded: bool = False
    """The schema sets bounds or choices for the values."""
    series: bool = False
    """The field itself is a list."""

    @property
    def path(self) -> str:
        """The field, such as ``loads.p``."""
        return ".".join(self.steps)


def variation(rule: Rule, pack: Pack) -> Variation | None:
    """What the relation of ``rule`` does; None if it has none.

    Raises `Refused` when the field is not there, the transform does not fit it, or the amount cannot be understood.
    """
    relation = rule.relation
    if relation is None:
        return None
    operation = pack.operations.get(rule.applies_to)
    try:
        if operation is None:
            raise NotOfAnOperation(surface=rule.applies_to)
        if relation.transform == "replace-future":
            raise NoBoundary()
        return _change(relation, operation.request)
    except Problem as problem:
        raise Refused([evolve(problem, position=relation.position or rule.position)]) from problem


def _change(relation: Relation, request: Any) -> Variation:
    schema = _field(request, relation.path)
    within = schema.get("items") if isinstance(schema.get("items"), Mapping) else None
    found = types.of_schema(schema).type
    leaf = found.item if isinstance(found, types.List) else found
    about = {**(within or {}), **{k: v for k, v in schema.items() if k not in ("type", "items")}}
    change = Variation(
        relation.transform,
        tuple(relation.path.split(".")),
        amount=0.0,
        whole=(within or schema).get("type") == "integer",
        resolution=about.get("resolution"),
        bounded="bounds" in about or "choices" in about,
        series=isinstance(found, types.List),
    )
    match relation.transform:
        case "permute" | "drop":
            fits = change.series
        case "shift":
            fits = isinstance(leaf, types.Instant) or (change.series and isinstance(leaf, types.Number))
        case _:
            fits = isinstance(leaf, types.Number)
    if not fits:
        needed = _NEEDED[relation.transform]
        raise DoesNotFit(transform=relation.transform, path=relation.path, found=types.describe(found), needed=needed)
    return _amount(relation, change, leaf)


def _field(request: Any, path: str) -> Mapping[str, Any]:
    """The schema of the field at ``path``, through lists."""
    at = request
    for step in path.split("."):
        while isinstance(at, Mapping) and "properties" not in at and "items" in at:
            at = at["items"]
        known = at.get("properties") if isinstance(at, Mapping) else None
        at = known.get(step) if isinstance(known, Mapping) else None
        if not isinstance(at, Mapping):
            raise NoSuchField(path=path, hint=did_you_mean(step, known if isinstance(known, Mapping) else ()))
    return at  # type: ignore[no-any-return]


def _amount(relation: Relation, change: Variation, leaf: types.Type) -> Variation:
    """``change`` with its amount."""
    if relation.transform in ("permute", "drop"):
        if relation.amount is not None:
            raise _wrong(relation, _NONE)
        return change
    own = (leaf.unit or ONE) if isinstance(leaf, types.Number) else unit("s")
    wanted = _wanted(relation.transform, leaf, own)
    try:
        value, of = quantity(relation.amount or "")
    except ValueError:
        raise _wrong(relation, wanted) from None
    if not isfinite(value) or value == 0 or (value < 0 and relation.transform != "shift"):
        raise _wrong(relation, wanted)
    match relation.transform:
        case "scale":
            fits = of.is_number and value * of.factor != 1
            return evolve(change, amount=_if(fits, value * of.factor, relation, wanted))
        case "shift" if isinstance(leaf, types.Number):
            fits = of == ONE and value == int(value)
            return evolve(change, amount=_if(fits, value, relation, wanted))
        case "shift":
            return evolve(change, amount=_if(of.comparable(own), value * of.factor / own.factor, relation, wanted))
    if of.symbol == "%":
        return evolve(change, amount=value * of.factor, share=True)
    return evolve(change, amount=_if(of.comparable(own), value * of.factor / own.factor, relation, wanted))


def _if(fits: bool, amount: float, relation: Relation, wanted: Text) -> float:
    if not fits:
        raise _wrong(relation, wanted)
    return amount


def _wrong(relation: Relation, wanted: Text) -> WrongAmount:
    given = relation.amount
    detail = Text("it is missing", "缺失") if given is None else Text(f"{given!r} will not do", f"{given!r} 不可用")
    return WrongAmount(transform=relation.transform, detail=detail, wanted=wanted)


def _wanted(transform: Transform, leaf: types.Type, own: Unit) -> Text:
    if transform == "scale":
        return _FACTOR
    if transform == "shift":
        return _DURATION if isinstance(leaf, types.Instant) else _SAMPLES
    shown = f"`5 {own.symbol}`" if own != ONE else "`5`"
    return Text(f"a share such as `10 %`, or a quantity such as {shown}", f"百分比（如 `10 %`）或量值（如 {shown}）")
