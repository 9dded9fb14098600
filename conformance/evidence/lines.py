"""The lines of a run record: values to bytes, bytes to checked objects, old versions to this one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from conformance.evidence.schema import KINDS, schema
from conformance.model.convert import from_json, to_json
from conformance.model.json import JSON, encode
from conformance.model.run import RECORD_SCHEMA

T = TypeVar("T")

Migration = Callable[[dict[str, JSON]], dict[str, JSON]]
"""Takes one line of a record of some version and returns it as the next version writes it."""

MIGRATIONS: Mapping[str, tuple[str, Migration]] = {}
"""Version of a record to the next version and how to get there. Old records are migrated, never refused."""


class NotALine(Exception):
    """The bytes hold no line of a record; the message says why."""


def write(value: object) -> bytes:
    """The line that stores ``value``, line feed included. It never fails for what a system said."""
    body = to_json(value)
    line = {"kind": next(name for name, kind in KINDS.items() if isinstance(value, kind)), **body}
    try:
        return encode(line) + b"\n"
    except (ValueError, RecursionError):  # NaN, lone surrogates, numbers or nesting beyond what JSON tools take
        return encode(_plain(line)) + b"\n"


_DEPTH = 100


def _plain(value: JSON, depth: int = 0) -> JSON:
    """``value`` without what JSON has no form for; the raw body is hashed elsewhere, so this is for reading only."""
    if isinstance(value, dict | list) and depth >= _DEPTH:
        return "(nested too deeply)"
    if isinstance(value, dict):
        return {_plain(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and value.bit_length() > 4096:
        return "(number too large)"
    return value


def parse(line: bytes) -> dict[str, JSON]:
    """The object on ``line``. Raises `NotALine`: not UTF-8, not JSON, NaN, nested too deeply, no object with a kind."""
    try:
        value = json.loads(line.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotALine(str(error)[:200] or "nested too deeply") from error
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        raise NotALine("no object with a kind")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


@cache
def _validator() -> Any:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(schema())


def structure(kind: type[T], line: dict[str, JSON]) -> T:
    """The model value on ``line``, checked against the published schema first. Raises `NotALine`."""
    for error in _validator().iter_errors(line):
        path = ".".join(str(step) for step in error.instance_path)
        raise NotALine(f"{path}: {error.message}"[:200])
    try:
        return from_json(kind, {key: value for key, value in line.items() if key != "kind"})
    except Exception as error:  # cattrs raises groups of many kinds; each means a value the model refuses
        raise NotALine(f"{kind.__name__}: {type(error).__name__}") from error


def migrate(
    line: dict[str, JSON], version: str, *, migrations: Mapping[str, tuple[str, Migration]] | None = None
) -> dict[str, JSON]:
    """``line``, written by ``version``, as this version writes it. Raises KeyError when no way leads here."""
    steps = MIGRATIONS if migrations is None else migrations
    while version != RECORD_SCHEMA:
        version, step = steps[version]
        line = step(line)
    return line
