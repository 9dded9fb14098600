"""Judges data by JSON Schema: no remote references, linear patterns, complaints in English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

import jsonschema_rs

from conformance.errors import Refused, Text
from conformance.errors.space import UnusableSchema
from conformance.model.days import is_day
from conformance.model.json import JSON, encode
from conformance.rules.engine import instant

_MOST: Final = 20
"""Complaints are capped at so many; one wrong unit in a list would otherwise fill the report."""
_DEEPEST: Final = 100
_PATTERN_BYTES: Final = 1 << 20


class Complaint(NamedTuple):
    """One thing that a schema dislikes, and where: a JSON pointer such as ``/setpoints/0/p``."""

    pointer: str
    message: Text


Validate: TypeAlias = Callable[[JSON], list[Complaint]]
"""Complaints about a value, at most 20; none if it is valid."""

_MESSAGES: Final[Mapping[str, Text]] = {
    "type": Text("is {got}, not {types}", "类型为 {got}，应为 {types}"),
    "required": Text("lacks {property!r}", "缺少 {property!r}"),
    "additionalProperties": Text("has unknown fields {unexpected}", "含有未知字段 {unexpected}"),
    "unevaluatedProperties": Text("has unknown fields {unexpected}", "含有未知字段 {unexpected}"),
    "minimum": Text("{value} is below {limit}", "{value} 小于 {limit}"),
    "maximum": Text("{value} is above {limit}", "{value} 大于 {limit}"),
    "exclusiveMinimum": Text("{value} is not above {limit}", "{value} 应大于 {limit}"),
    "exclusiveMaximum": Text("{value} is not below {limit}", "{value} 应小于 {limit}"),
    "multipleOf": Text("{value} is no multiple of {multiple_of}", "{value} 不是 {multiple_of} 的整数倍"),
    "enum": Text("{value} is none of {options}", "{value} 不在 {options} 之中"),
    "const": Text("{value} is not {expected_value}", "{value} 应为 {expected_value}"),
    "pattern": Text("{value} does not match {pattern!r}", "{value} 不符合格式 {pattern!r}"),
    "minLength": Text("is shorter than {limit} characters", "少于 {limit} 个字符"),
    "maxLength": Text("is longer than {limit} characters", "多于 {limit} 个字符"),
    "minItems": Text("has fewer than {limit} elements", "元素少于 {limit} 个"),
    "maxItems": Text("has more than {limit} elements", "元素多于 {limit} 个"),
    "uniqueItems": Text("has an element twice", "有元素重复"),
    "minProperties": Text("has fewer than {limit} fields", "字段少于 {limit} 个"),
    "maxProperties": Text("has more than {limit} fields", "字段多于 {limit} 个"),
    "falseSchema": Text("must not be there", "不应出现"),
    "format": Text("{value} is no {format}", "{value} 不是有效的 {format}"),
}
_FORMATS: Final = {"date-time": lambda text: instant(text) is not None, "date": is_day}
"""Instants and days are what rules read as such: an instant has a zone."""
_OTHER: Final = Text("does not meet {keyword!r} of the schema", "不满足模式中的 {keyword!r}")
_NO_NUMBER: Final = Text("is {value}, which is no number in JSON", "为 {value}，不是 JSON 数值")
_NO_TEXT: Final = Text("has characters that no text may hold (lone surrogates)", "含有文本不允许的字符（孤立代理项）")
_TOO_DEEP: Final = Text("is nested deeper than 100 levels", "嵌套超过 100 层")
_PLAIN: Final = ("property", "pattern", "format")
"""Details that are shown without quotes."""
_KINDS: Final = ((bool, "boolean"), (str, "string"), (int | float, "number"), (dict, "object"), (list, "array"))


def validator(schema: JSON, *, recorded: bool = False) -> Validate:
    """Compile ``schema`` (JSON Schema 2020-12, formats asserted; our annotations say nothing to it).

    In data that were ``recorded`` a null is a missing value, and no complaint wherever it stands.
    NaN and infinities are complaints wherever they stand, because JSON has no such numbers.
    Raises `Refused` when the schema is invalid, refers outside itself, or has a pattern that no linear engine runs.
    """
    try:
        compiled = jsonschema_rs.Draft202012Validator(
            schema,
            retriever=_refuse,
            validate_formats=True,
            formats=_FORMATS,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES),
        )
    except (ValueError, TypeError) as error:
        detail = str(getattr(error, "message", error)).splitlines()[0][:200]
        raise Refused([UnusableSchema(detail=detail)]) from error

    def complaints(value: JSON) -> list[Complaint]:
        errors = (e for e in compiled.iter_errors(value) if not (recorded and e.instance is None))
        return [_complaint(error) for error in islice(errors, _MOST)]

    def validate(value: JSON) -> list[Complaint]:
        try:
            encode(value)
            return [] if compiled.is_valid(value) else complaints(value)
        except (ValueError, RecursionError):  # what JSON cannot hold, or no validator can reach
            found, clean = _cleaned(value)
            known = {complaint.pointer for complaint in found}
            return [*found, *(c for c in complaints(clean) if c.pointer not in known)][:_MOST]

    return validate


def _refuse(uri: str) -> JSON:
    raise ValueError(f"references outside the schema are not followed: {uri}")


def _cleaned(value: JSON) -> tuple[list[Complaint], JSON]:
    """Complaints about what JSON cannot hold, and the value with null in those places."""
    found: list[Complaint] = []

    def clean(part: JSON, path: tuple[str | int, ...]) -> JSON:
        if isinstance(part, float) and not math.isfinite(part):
            found.append(Complaint(_pointer(path), _NO_NUMBER.format(value=part)))
            return None
        if isinstance(part, str) and not _encodable(part):
            found.append(Complaint(_pointer(path), _NO_TEXT))
            return None
        if isinstance(part, dict | list) and len(path) >= _DEEPEST:
            found.append(Complaint(_pointer(path[:8]), _TOO_DEEP))
            return None
        if isinstance(part, dict):
            if not all(_encodable(key) for key in part):
                found.append(Complaint(_pointer(path), _NO_TEXT))
            return {k: clean(v, (*path, k)) for k, v in part.items() if _encodable(k)}
        if isinstance(part, list):
            return [clean(v, (*path, i)) for i, v in enumerate(part)]
        return part

    return found, clean(value, ())


def _encodable(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _pointer(path: tuple[str | int, ...]) -> str:
    """A JSON pointer (RFC 6901); lone surrogates shown as question marks."""
    steps = (str(step).replace("~", "~0").replace("/", "~1")[:80] for step in path)
    return "".join(f"/{step}" for step in steps).encode("utf-8", "replace").decode()


def _complaint(error: jsonschema_rs.ValidationError) -> Complaint:
    keyword = error.kind.name
    details = error.kind.as_dict() if keyword in _MESSAGES else {}
    shown = {name: _short(of) for name, of in details.items() if name not in _PLAIN}
    shown |= {name: str(details[name])[:80] for name in _PLAIN if name in details}
    if keyword == "type":
        shown["types"] = " / ".join(details["types"])
    template = _MESSAGES.get(keyword, _OTHER)
    text = template.format(**shown, value=_short(error.instance), got=_kind(error.instance), keyword=keyword)
    return Complaint(_pointer(tuple(error.instance_path)), text)


def _kind(value: JSON) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def _short(value: JSON) -> str:
    """``value`` in a line of at most 80 characters."""
    text = ", ".join(map(repr, value[:10])) if isinstance(value, list) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
