"""JSON values, their one byte form on the wire, and digests."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias, TypeGuard

JSON: TypeAlias = Any
"""null, Boolean, number, text, list or object; `Any` because mypy has no useful recursive form of it."""


class Encoded(dict[str, JSON]):
    """An object that is not changed any more and keeps its bytes, which are made but once."""

    __slots__ = ("raw",)

    def __init__(self, value: Mapping[str, JSON]) -> None:
        """Encode ``value``; its parts must not be changed either. Raises ValueError as `encode` does."""
        super().__init__(value)
        self.raw = encode(dict(value))

    def _fixed(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("an encoded object is not changed any more")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _fixed


def encode(value: JSON) -> bytes:
    """The UTF-8 bytes of ``value``: compact, keys in their order, no NaN. These bytes are sent, stored and hashed.

    Raises ValueError for NaN and infinities, which JSON does not have.
    """
    if isinstance(value, Encoded):
        return value.raw
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Lower-case hexadecimal SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def digest(value: JSON) -> str:
    """SHA-256 of the wire form of ``value``."""
    return sha256(encode(value))


def is_finite_number(value: object) -> TypeGuard[float]:
    """Whether ``value`` is a finite JSON number (a Boolean is none, nor is a whole number beyond all floats)."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def lookup(value: JSON, path: Sequence[str | int]) -> JSON:
    """The value at ``path``, or None if a step is missing."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value
