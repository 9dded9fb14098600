"""The published JSON Schema of a run record, derived from the model so that the two cannot part."""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from conformance.model.json import JSON
from conformance.model.outcome import Interval
from conformance.model.run import RECORD_SCHEMA, Case, Finding, Footer, Header, Observation, OperationCoverage, Timing

KINDS: Mapping[str, type] = {
    "header": Header,
    "case": Case,
    "observation": Observation,
    "timing": Timing,
    "coverage": OperationCoverage,
    "finding": Finding,
    "footer": Footer,
}
"""Kind of a line to the model value that it holds."""

_PLAIN: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}


@cache
def schema() -> JSON:
    """JSON Schema 2020-12 of one line of a run record. Do not change what is returned."""
    definitions: dict[str, JSON] = {}
    lines = []
    for name, kind in KINDS.items():
        line = _object(kind, definitions)
        line["properties"] = {"kind": {"const": name}, **line["properties"]}
        line["required"] = ["kind", *line["required"]]
        lines.append({"if": {"properties": {"kind": {"const": name}}}, "then": line})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"One line of a run record, version {RECORD_SCHEMA}",
        "description": "A record is JSON lines: a header; cases, observations, timings, coverage, findings; a footer. "
        "Fields that have their default are left out. In requests {$site: path} stands for that part of system.site in "
        "the header, and {$literal: value} for an object that looks like such a reference.",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": lines,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(kind: type, definitions: dict[str, JSON]) -> dict[str, JSON]:
    hints = get_type_hints(kind)
    fields = [a for a in attrs.fields(kind) if a.init]
    return {
        "type": "object",
        "properties": {a.name: _of(hints[a.name], definitions) for a in fields},
        "required": [a.name for a in fields if a.default is attrs.NOTHING],
        "additionalProperties": False,
    }


def _of(hint: Any, definitions: dict[str, JSON]) -> JSON:
    if hint is Any:
        return {}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(argument, definitions) for argument in arguments]}
    if origin is tuple and arguments[-1] is ...:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is tuple:
        items = [_of(argument, definitions) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    if hint.__name__ not in definitions:
        definitions[hint.__name__] = {}  # taken, should the type hold itself
        definitions[hint.__name__] = _interval() if hint is Interval else _object(hint, definitions)
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _interval() -> JSON:
    end = {"type": ["number", "null"]}
    return {
        "description": "Low and high end; null is an open end.",
        "type": "array",
        "prefixItems": [end, end],
        "minItems": 2,
        "maxItems": 2,
    }
