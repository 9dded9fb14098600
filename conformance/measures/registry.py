"""The domain formulas that packs may name under `derive:`, each with the type of what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from attrs import frozen

from conformance.errors import Text

JSONSchema = Mapping[str, Any]
"""JSON Schema 2020-12 with our `unit` annotation, as in a pack's own schemas."""


class NotComputable(Exception):
    """A measure has no value for these arguments (a power flow that diverges). Never a crash, never a pass."""

    def __init__(self, reason: Text) -> None:
        """``reason`` says why, in both languages."""
        super().__init__(reason.en)
        self.reason = reason


@frozen
class Measure:
    """A formula: its name in packs, its arguments, the schema of its result, and the function."""

    name: str
    arguments: tuple[str, ...]
    result: JSONSchema
    function: Callable[..., Any]

    def __call__(self, **arguments: Any) -> Any:
        """The result (JSON). Raises `NotComputable`."""
        return self.function(**arguments)


_FIELDS: Mapping[str, str] = {
    "disclosure": "conformance.measures.disclosure",
    "flexible_load": "conformance.measures.flexible_load",
    "grid_forming": "conformance.measures.grid_forming",
    "pipeline": "conformance.measures.pipeline",
    "power_flow": "conformance.measures.power_flow",
    "renewable_forecast": "conformance.measures.renewable_forecast",
    "siting": "conformance.measures.siting",
}
"""Field of the name to the module that defines it; imported when a pack first names it."""


def measure(name: str, *, result: JSONSchema) -> Callable[[Callable[..., Any]], Measure]:
    """Make a function of keyword arguments a `Measure` called ``field.name``."""

    def make(function: Callable[..., Any]) -> Measure:
        code = function.__code__
        return Measure(name, code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], result, function)

    return make


def find(name: str) -> Measure | None:
    """The measure called ``field.name``, or None."""
    field, _, rest = name.partition(".")
    if field not in _FIELDS or not rest:
        return None
    found = getattr(import_module(_FIELDS[field]), rest, None)
    return found if isinstance(found, Measure) else None
