"""Model values to JSON and back (cattrs)."""

from __future__ import annotations

from functools import cache
from math import inf
from sys import float_info
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_unstructure_fn
from cattrs.strategies import configure_union_passthrough

from conformance.model.json import JSON
from conformance.model.outcome import Interval
from conformance.model.system import EnvironmentValue

T = TypeVar("T")


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=False, unstruct_collection_overrides={})
    configure_union_passthrough(str | int | float | bool | None, converter)

    @converter.register_structure_hook
    def header_value(value: Any, _: Any) -> str | EnvironmentValue:
        return EnvironmentValue(value["name"]) if isinstance(value, dict) else str(value)

    def lean(kind: type[Any]) -> Any:  # absent means default, so that a record of a million cases stays small
        return make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True)

    converter.register_unstructure_hook_factory(attrs.has, lean)
    converter.register_unstructure_hook_func(lambda hint: hint is Any, lambda value: value)  # JSON is JSON already
    # JSON has no infinities: an open end of an interval is null.
    converter.register_unstructure_hook(Interval, _ends)
    converter.register_structure_hook(
        Interval, lambda v, _: Interval(-inf if v[0] is None else v[0], inf if v[1] is None else v[1])
    )
    return converter


def _ends(interval: Interval) -> list[float | None]:
    """Low and high end; an end that is infinite on the side of the other keeps its sign as the largest float."""
    low = min(interval.low, float_info.max) if interval.low > -inf else None
    high = max(interval.high, -float_info.max) if interval.high < inf else None
    return [low, high]


def to_json(value: object) -> JSON:
    """``value`` as JSON; fields that have their default are left out."""
    return _converter().unstructure(value)


def from_json(kind: type[T], value: JSON) -> T:
    """The model value of type ``kind`` that `to_json` wrote as ``value``. Raises cattrs errors on other input."""
    return _converter().structure(value, kind)
