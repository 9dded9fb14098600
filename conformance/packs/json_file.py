"""Strict JSON files: finite numbers, no key twice, bounded depth."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.files import BadJson, NotFinite, TooDeep
from conformance.model.json import JSON
from conformance.packs.characters import place, read_text

LIMIT = 16 * 1024 * 1024
"""Bytes of a JSON file; a large grid is longer than any file that people write."""
DEPTH = 100


def read_json(path: Path, *, name: str) -> JSON:
    """The JSON in the file at ``path``; positions call it ``name``. Raises `Refused`."""
    return parse_json(read_text(path, name=name, limit=LIMIT), name=name)


def parse_json(text: str, *, name: str) -> JSON:
    """The JSON in ``text``; positions call its file ``name``. Raises `Refused`."""
    top = Position(name, 1, 1)
    problems: list[Problem] = []

    def number(literal: str) -> float:
        if not isfinite(value := float(literal)):
            problems.append(NotFinite(text=literal[:40], position=top))
        return value

    def whole(literal: str) -> float:
        return int(literal) if len(literal) <= 18 else number(literal)

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [k for k, _ in pairs]
            twice = next(k for k in keys if keys.count(k) > 1)
            detail = Text(f"key {twice!r} stands twice in one object", f"同一对象中键 {twice!r} 重复")
            problems.append(BadJson(detail=detail, position=top))
        return found

    try:
        value = json.loads(text, parse_float=number, parse_int=whole, parse_constant=number, object_pairs_hook=members)
    except json.JSONDecodeError as error:
        raise Refused(
            [BadJson(detail=Text(error.msg, error.msg), position=place(text, min(error.pos, len(text)), name))]
        ) from error
    except RecursionError as error:
        raise Refused([TooDeep(limit=DEPTH, position=top)]) from error
    if _deeper(value, DEPTH):
        problems.append(TooDeep(limit=DEPTH, position=top))
    if problems:
        raise Refused(problems)
    return value


def _deeper(value: JSON, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
