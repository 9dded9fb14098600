"""Strict JSON from a system's bytes: what is not JSON by RFC 8259 and I-JSON is named, never guessed at.

Refused are: invalid UTF-8, NaN and infinities (also ``1e999``), a key that comes twice, nesting past 64 levels, lone
surrogates, and text after the value.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from attrs import frozen

from conformance.errors import Text
from conformance.model.json import JSON

DEPTH = 64
"""Levels of lists and objects at most."""


class Malformed(Exception):
    """Bytes that are no strict JSON."""

    def __init__(self, cause: Text) -> None:
        """``cause`` says what is wrong with the bytes, in both languages."""
        super().__init__(cause.en)
        self.cause = cause


@frozen
class Part:
    """A value and the very bytes that it was written in."""

    value: JSON
    raw: bytes


def show(text: str | bytes, limit: int = 300) -> str:
    """A vendor's ``text`` fit to be printed: one line, no control characters, at most ``limit`` characters."""
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    shown = " ".join("".join(c if c.isprintable() else " " for c in shown[: 4 * limit]).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _constant(name: str) -> NoReturn:
    raise Malformed(Text(f"{name} is no JSON number", f"{name} 不是合法的 JSON 数值"))


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise Malformed(Text(f"the number {show(digits, 40)} is not finite", f"数值 {show(digits, 40)} 超出有限范围"))
    return value


def _int(digits: str) -> int:
    _float(digits)  # an integer that no float can hold would fail later, in a formula
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        _doubled(next(key for key in keys if keys.count(key) > 1))
    return found


def _doubled(key: str) -> NoReturn:
    raise Malformed(Text(f"the key {show(key, 60)!r} comes twice", f"键 {show(key, 60)!r} 重复出现"))


_DECODER = json.JSONDecoder(
    parse_constant=_constant, parse_float=_float, parse_int=_int, object_pairs_hook=_object, strict=True
)
_SPACE = re.compile(r"[ \t\r\n]*")


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # the pattern matches the empty text too


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(
            Text(f"byte {error.start + 1} is no UTF-8", f"第 {error.start + 1} 个字节不是 UTF-8 编码")
        ) from None


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise _no_json(text, error.pos) from None


def _no_json(text: str, at: int) -> Malformed:
    seen = show(text[at : at + 40], 30)
    if not seen:
        return Malformed(Text("the JSON ends too early", "JSON 提前结束"))
    return Malformed(Text(f"no JSON at character {at + 1}: {seen!r}", f"第 {at + 1} 个字符处不是 JSON：{seen!r}"))


def _too_deep() -> Malformed:
    return Malformed(Text(f"nested deeper than {DEPTH} levels", f"嵌套超过 {DEPTH} 层"))


def _check(value: JSON, text: str) -> None:
    """Refuse deep nesting and lone surrogates, which would fail later, where values are written."""
    level = [value]
    for _ in range(DEPTH + 1):
        level = [c for v in level if isinstance(v, dict | list) for c in (v.values() if isinstance(v, dict) else v)]
        if not level:
            break
    else:
        raise _too_deep()
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Malformed(Text("a text holds half of a surrogate pair", "文本中含有不成对的代理码点")) from None


def parse(raw: bytes) -> JSON:
    """The value that ``raw`` holds. Raises `Malformed`."""
    text = _text(raw)
    value, at = _value(text, _skip(text, 0))
    if _skip(text, at) != len(text):
        raise _no_json(text, at)
    _check(value, text)
    return value


def members(raw: bytes) -> dict[str, Part]:
    """The members of the object that ``raw`` holds, each with its own bytes. Raises `Malformed`."""
    text = _text(raw)
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise Malformed(Text(f"no JSON object: {show(text, 30)!r}", f"不是 JSON 对象：{show(text, 30)!r}"))
    found: dict[str, Part] = {}
    at = _skip(text, at + 1)
    more = text[at : at + 1] != "}"
    while more:
        key, at = _value(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise _no_json(text, at)
        start = _skip(text, at + 1)
        value, end = _value(text, start)
        if key in found:
            _doubled(key)
        found[key] = Part(value, text[start:end].encode())
        at = _skip(text, end)
        if more := text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    if text[at : at + 1] != "}":
        raise _no_json(text, at)
    if (after := _skip(text, at + 1)) != len(text):
        raise _no_json(text, after)
    _check({key: part.value for key, part in found.items()}, text)
    return found


def elements(raw: bytes) -> list[bytes]:
    """The bytes of each element of the list that ``raw``, the raw form of a `Part`, holds."""
    text = raw.decode("utf-8")
    found: list[bytes] = []
    at = _skip(text, 1)
    while text[at] != "]":
        start = at
        _, end = _value(text, start)
        found.append(text[start:end].encode())
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found
