"""Bounds, resolution and choices of one field to a dimension."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import ceil, floor
from typing import Final

from conformance.cases.dimension import Dimension
from conformance.errors import Problem, Text
from conformance.errors.space import BadBounds, BadChoices, BadSibling, EmptyBounds
from conformance.model.json import JSON, is_finite_number

_FINEST: Final = 2**53
"""Grid cells are exact as floating-point numbers up to here."""
_SLACK: Final = 1e-9
"""Of one grid cell: 0.8 times 108 may stand a hair off its decimal form."""


def _one_bound(
    bound: JSON,
    nominal: JSON,
    *,
    path: str,
    siblings: Mapping[str, JSON],
    varying: frozenset[str],
    problems: list[Problem],
) -> tuple[float, str | None, float] | None:
    """A bound as (value, what it refers to, value of that)."""
    if is_finite_number(bound):
        return float(bound), None, 0.0
    of = bound.get("of") if isinstance(bound, Mapping) else None
    times, plus = (bound.get("times", 1), bound.get("plus", 0)) if isinstance(bound, Mapping) else (None, None)
    if not isinstance(of, str) or not is_finite_number(times) or not is_finite_number(plus):
        detail = Text("a bound is no number and refers to no field", "界限既不是数值，也没有引用字段")
        problems.append(BadBounds(path=path, detail=detail))
        return None
    reference = nominal if of == "nominal" else siblings.get(of)
    if of in varying:
        detail = Text("that field varies itself", "该字段本身是变化的")
    elif not is_finite_number(reference):
        detail = Text("there is no number of that name", "没有该名称的数值")
    else:
        return float(reference) * times + plus, of, float(reference)
    problems.append(BadSibling(path=path, sibling=of, detail=detail))
    return None


def limits(
    schema: Mapping[str, JSON],
    nominal: JSON,
    *,
    path: str,
    siblings: Mapping[str, JSON],
    varying: frozenset[str],
    problems: list[Problem],
) -> tuple[float, float] | None:
    """Lower and upper bound of a field in its unit, cut to the schema's `minimum` and `maximum`; None on a problem.

    Multiples of a negative number (0.8 and 1.2 times -50 MW) are put in order.
    """
    bounds = schema["bounds"]
    if not isinstance(bounds, Mapping) or not {"lower", "upper"} <= bounds.keys() or not is_finite_number(nominal):
        detail = Text("needs `nominal`, `lower` and `upper` as numbers", "需要数值形式的 `nominal`、`lower` 与 `upper`")
        problems.append(BadBounds(path=path, detail=detail))
        return None
    low, high = (
        _one_bound(bounds[end], nominal, path=path, siblings=siblings, varying=varying, problems=problems)
        for end in ("lower", "upper")
    )
    if low is None or high is None:
        return None
    (lower, low_of, reference), (upper, high_of, _) = low, high
    if lower > upper and low_of is not None and low_of == high_of and reference < 0:
        lower, upper = upper, lower
    least, most = schema.get("minimum"), schema.get("maximum")
    cut = max(lower, least) if is_finite_number(least) else lower, min(upper, most) if is_finite_number(most) else upper
    if cut[0] > cut[1]:
        problems.append(EmptyBounds(path=path, lower=cut[0], upper=cut[1]))
        return None
    return cut


def numeric_dimension(
    schema: Mapping[str, JSON],
    nominal: JSON,
    ends: tuple[float, float],
    *,
    path: str,
    group: str,
    label: Text | None,
    problems: list[Problem],
) -> Dimension | None:
    """The grid between ``ends``; None when only one value lies there (no dimension), or on a problem.

    Without a `resolution` a number has about ten thousand to a hundred thousand steps of a power of ten.
    """
    lower, upper = ends
    if lower == upper:
        return None
    whole = schema.get("type") == "integer"
    resolution = schema.get("resolution", 1 if whole else _step(upper - lower))
    if not is_finite_number(resolution) or resolution <= 0 or (whole and resolution != int(resolution)):
        detail = Text(f"resolution {resolution!r} is no positive step", f"分辨率 {resolution!r} 不是正的步长")
        problems.append(BadBounds(path=path, detail=detail))
        return None
    if max(abs(lower), abs(upper), abs(nominal)) / resolution > _FINEST or upper - lower == float("inf"):
        detail = Text(f"resolution {resolution!r} is too fine for its range", f"分辨率 {resolution!r} 相对范围过细")
        problems.append(BadBounds(path=path, detail=detail))
        return None
    first, last = ceil(lower / resolution - _SLACK), floor(upper / resolution + _SLACK)
    centre = round(nominal / resolution) if lower <= nominal <= upper else None
    if centre is not None:
        first, last = min(first, centre), max(last, centre)
    if first > last:
        problems.append(EmptyBounds(path=path, lower=lower, upper=upper))
        return None
    if first == last:
        return None
    bounds = schema["bounds"]
    return Dimension(
        path=path,
        group=group,
        label=label,
        kind="integer" if whole else "continuous",
        nominal=nominal,
        first=first,
        last=last,
        resolution=resolution,
        centre=centre,
        unit=_word(schema.get("unit")),
        source=_word(bounds.get("source")),
        status=_word(bounds.get("status")),
    )


def weighted_dimension(
    schema: Mapping[str, JSON], nominal: JSON, *, path: str, group: str, label: Text | None, problems: list[Problem]
) -> Dimension | None:
    """The choices of a field; None when there is only one (no dimension), or on a problem."""
    given = schema["choices"]
    listed = given if isinstance(given, list) else []
    pairs = [(c["value"], c.get("weight", 1)) if isinstance(c, Mapping) and "value" in c else (c, 1) for c in listed]
    weights = [w for _, w in pairs if is_finite_number(w) and w >= 0]
    if not pairs or not all(isinstance(v, str | bool) or is_finite_number(v) for v, _ in pairs):
        problems.append(BadChoices(path=path, detail=Text("choices are no list of values", "选项不是取值列表")))
    elif len({(isinstance(v, bool), v) for v, _ in pairs}) != len(pairs):
        problems.append(BadChoices(path=path, detail=Text("a choice stands twice", "有选项重复")))
    elif len(weights) != len(pairs) or not 0 < sum(weights) < float("inf"):
        detail = Text("weights are no numbers from 0 up with a positive sum", "权重须为非负数且总和为正")
        problems.append(BadChoices(path=path, detail=detail))
    elif not any(v == nominal and isinstance(v, bool) == isinstance(nominal, bool) for v, _ in pairs):
        problems.append(BadChoices(path=path, detail=Text("nominal is none of the choices", "额定值不在选项之中")))
    elif len(pairs) > 1:
        return Dimension(
            path=path,
            group=group,
            label=label,
            kind="boolean" if all(isinstance(v, bool) for v, _ in pairs) else "choice",
            nominal=nominal,
            first=0,
            last=len(pairs) - 1,
            choices=tuple(v for v, _ in pairs),
            weights=tuple(float(w) for w in weights),
            unit=_word(schema.get("unit")),
            source=_word(schema.get("source")),
            status=_word(schema.get("status")),
        )
    return None


def _step(width: float) -> float:
    """A power of ten, about 1e-4 of ``width``; by decimal digits, which are the same on every machine."""
    return float(Decimal(1).scaleb(Decimal(width).adjusted() - 4))


def _word(value: JSON) -> str | None:
    return value if isinstance(value, str) else None
