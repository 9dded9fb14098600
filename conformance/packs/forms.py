"""The shipped JSON Schemas of our own files, and what a document breaks of them: every problem, at its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource

from conformance.errors import Position, Problem, Text
from conformance.errors.files import BadForm, MissingKey, NotAllowed, OutOfBounds, UnknownKey, WrongType
from conformance.errors.packs import NotChinese
from conformance.model.json import JSON
from conformance.packs.document import Document, Path

FORMS = (
    "common", "counterexamples", "coverage", "limits", "pack", "profile", "requirements", "rule", "system",
    "vocabulary", "waivers",
)  # fmt: skip
"""Names of the shipped schemas, ``schemas/<name>.schema.json``."""
_TYPES = {
    "object": Text("a mapping", "映射"), "array": Text("a list", "列表"), "string": Text("text", "文本"),
    "number": Text("a number", "数值"), "integer": Text("a whole number", "整数"),
    "boolean": Text("true or false", "true 或 false"), "null": Text("empty", "空值"),
}  # fmt: skip
_QUOTE = Text('put it in quotes: "{value}"', '请加引号："{value}"')
_SEE_SCHEMA = Text("see the shipped schema {name}.schema.json", "请参考随附的 {name}.schema.json")
_IDEOGRAPHS = ("\u3400", "\u9fff")


@cache
def form(name: str) -> Mapping[str, Any]:
    """The shipped schema called ``name``."""
    text = files("conformance.packs").joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


@cache
def _validator(name: str) -> Draft202012Validator:
    registry: Registry[Any] = Registry(retrieve=_refuse).with_resources(  # type: ignore[call-arg]
        (str(form(n)["$id"]), Resource.from_contents(form(n))) for n in FORMS
    )
    return Draft202012Validator(form(name), registry=registry)


def _refuse(uri: str) -> Resource[Any]:
    raise NoSuchResource(uri)


def suggestion(word: str, known: Iterable[str]) -> Text:
    """`; did you mean ...?` for the known word nearest to ``word``; empty if none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return Text(f"; did you mean {near[0]!r}?", f"；是否想写 {near[0]!r}？") if near else Text("", "")


def listed(words: Iterable[str], *, most: int = 12) -> str:
    """At most ``most`` of ``words``, joined."""
    ordered = sorted(words)
    return ", ".join(ordered[:most]) + (", ..." if len(ordered) > most else "") if ordered else "-"


def check(document: Document, name: str) -> list[Problem]:
    """All that ``document`` breaks of the form ``name``, and its Chinese texts that are none."""
    problems = [
        p for error in _validator(name).iter_errors(document.value) for p in _problems(error, document, (), name)
    ]
    return problems + list(_not_chinese(document))


def _problems(error: ValidationError, document: Document, at: Path, name: str) -> Iterator[Problem]:
    path: Path = (*at, *error.relative_path)
    key = str(next((s for s in reversed(path) if isinstance(s, str)), document.file))
    place = document.position(path)
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    value: Any = error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case "oneOf" | "anyOf":
            for inner in _branch(error):
                yield from _problems(inner, document, path, name)
        case "additionalProperties":
            known = schema.get("properties", {})
            for extra in (k for k in value if k not in known):
                yield _unknown(extra, known, document.key((*path, extra)))
        case "required":
            missing = next(k for k in wanted if repr(k) == error.message.split(" is a required")[0])
            yield MissingKey(key=missing, title=_title(schema, missing), position=_mapping_place(document, path))
        case "type":
            yield _wrong_type(error, key, place, name)
        case "enum":
            allowed = [str(a) for a in wanted]
            near = suggestion(str(value), allowed)
            yield NotAllowed(key=key, value=str(value), suggestion=near, allowed=", ".join(allowed), position=place)
        case "pattern" if "propertyNames" in error.schema_path:
            examples = " / ".join(schema.get("examples", ["-"]))
            yield BadForm(key=key, value=str(value), example=examples, position=document.key((*path, str(value))))
        case "pattern":
            yield BadForm(
                key=key, value=_shown(value), example=" / ".join(schema.get("examples", ["-"])), position=place
            )
        case rule:
            bound = f"{rule} {wanted}"
            yield OutOfBounds(key=key, found=_shown(value), bound=bound, position=place)


def _mapping_place(document: Document, path: Path) -> Position:
    # The key that holds the mapping says more than the first character inside it.
    return document.key(path) if path else document.position(path)


def _unknown(extra: str, known: Iterable[str], place: Position) -> Problem:
    return UnknownKey(key=extra, suggestion=suggestion(extra, known), known=listed(known, most=40), position=place)


def _title(schema: Mapping[str, Any], key: str) -> str:
    inner: Mapping[str, Any] = schema.get("properties", {}).get(key, {})
    if "title" not in inner and "$ref" in inner:
        file, _, pointer = str(inner["$ref"]).partition("#/$defs/")
        inner = form(file.removeprefix("conformance:")).get("$defs", {}).get(pointer, {}) if file else {}
    return str(inner.get("title") or key)


def _wrong_type(error: ValidationError, key: str, place: Position, name: str) -> Problem:
    stated: Any = error.validator_value
    wanted: list[str] = stated if isinstance(stated, list) else [stated]
    words = [_TYPES[w] for w in wanted]
    expected = Text(" or ".join(w.en for w in words), "或".join(w.zh for w in words))
    value: Any = error.instance
    hint = _QUOTE if "string" in wanted and isinstance(value, int | float) else _SEE_SCHEMA
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return WrongType(
        key=key, expected=expected, found=_TYPES[_type(value)], position=place, hint=hint.format(value=shown, name=name)
    )


def _type(value: JSON) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds = ((dict, "object"), (list, "array"), (str, "string"), (int | float, "number"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _branch(error: ValidationError) -> list[ValidationError]:
    """The errors of the alternative that was most likely meant: of the right type, with most keys in common."""
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    if not branches:  # several alternatives fit: the forms are written so that this does not happen
        return []

    def rank(errors: list[ValidationError]) -> tuple[bool, int, int]:
        wrong_type = any(e.validator == "type" and not e.relative_path for e in errors)
        strange = sum(e.validator in ("additionalProperties", "required") and not e.relative_path for e in errors)
        return wrong_type, strange, len(errors)

    return min(branches.values(), key=rank)


def _not_chinese(document: Document) -> Iterator[Problem]:
    low, high = _IDEOGRAPHS
    for path, scalar in document.scalars.items():
        if path and path[-1] == "zh" and "examples" not in path and not any(low <= c <= high for c in scalar.text):
            yield NotChinese(text=_shown(scalar.text), position=document.values[path])


def _shown(value: JSON) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
