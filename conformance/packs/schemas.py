"""The JSON Schemas that a pack brings: references written out, the schema itself judged, our annotations checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema_rs
from attrs import frozen
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.files import BadSchema, BadSite
from conformance.model.json import JSON
from conformance.model.quantity import UnknownUnit, unit
from conformance.packs.document import Document
from conformance.packs.forms import check
from conformance.packs.references import inline

_MAPS = ("properties", "patternProperties", "dependentSchemas")
_SCHEMAS = (
    "items",
    "additionalProperties",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "unevaluatedProperties",
)
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")


@frozen
class Names:
    """What annotations may refer to; None where the file that says so was refused."""

    sources: frozenset[str] | None
    sites: frozenset[str] | None


def read_schema(file: str, *, load: Callable[[str], JSON], position: Position) -> JSON:
    """The schema in ``file`` of a pack, without references; ``position`` stands for the file. Raises `Refused`."""
    schema = inline(file, load=load, position=position)
    wrong = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    if wrong is not None:
        where = pointer(tuple(wrong.absolute_path))
        raise Refused([BadSchema(where=f"{file}{where}", detail=_same(wrong.message), position=position)])
    try:
        _data_validator(schema)
    except (ValueError, jsonschema_rs.ValidationError) as error:  # such as a pattern that no linear engine runs
        raise Refused([BadSchema(where=file, detail=_same(str(error)), position=position)]) from error
    return schema


def _data_validator(schema: JSON) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        schema, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions(), validate_formats=True
    )


def annotation_problems(schema: JSON, *, file: str, names: Names, position: Position) -> Iterator[Problem]:
    """What is wrong with our annotations in ``schema``; ``position`` stands for the whole file."""
    for path, inner, siblings in _walk(schema, (), frozenset()):
        where = f"{file}{pointer(path)}"
        kept = {k: v for k, v in inner.items() if k not in ("title", "description")}
        malformed = check(Document(file, kept, (), {(): position}, {}, {}), "vocabulary")
        details = [p.headline() for p in malformed] or _details(inner, siblings, names)
        yield from (BadSchema(where=where, detail=d, position=position) for d in details)


def _details(inner: Mapping[str, Any], siblings: frozenset[str], names: Names) -> Iterator[Text]:
    if isinstance(symbol := inner.get("unit"), str):
        try:
            unit(symbol)
        except UnknownUnit as problem:
            yield problem.headline()
    bounds = inner.get("bounds")
    if isinstance(bounds, dict):
        source = bounds.get("source")
        if names.sources is not None and isinstance(source, str) and source not in names.sources:
            yield Text(f"unknown source {source!r}", f"未知的来源 {source!r}")
        for end in (bounds.get("lower"), bounds.get("upper")):
            if isinstance(end, dict) and end.get("of") not in siblings | {"nominal"}:
                yield _no_sibling(end.get("of"))
    if "follows" in inner and inner["follows"] not in siblings:
        yield _no_sibling(inner["follows"])
    site = inner.get("site")
    if names.sites is not None and isinstance(site, str) and site.partition(".")[0] not in names.sites:
        yield Text(f"unknown kind of site {site!r}", f"未知的场址种类 {site!r}")
    if isinstance(keyed := inner.get("keyed"), str):
        items = inner.get("items")
        if not isinstance(items, dict) or keyed not in items.get("properties", {}):
            yield _no_sibling(keyed)


def _no_sibling(name: object) -> Text:
    return Text(f"there is no field {name!r} beside it", f"旁边没有字段 {name!r}")


def _walk(
    schema: JSON, path: tuple[str | int, ...], siblings: frozenset[str]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any], frozenset[str]]]:
    if not isinstance(schema, dict):
        return
    yield path, schema, siblings
    for key in _MAPS:
        members = schema.get(key)
        for name, inner in members.items() if isinstance(members, dict) else ():
            yield from _walk(inner, (*path, key, name), frozenset(members or ()))
    for key in _SCHEMAS:
        yield from _walk(schema.get(key), (*path, key), siblings)
    for key in _LISTS:
        for i, inner in enumerate(schema.get(key) or ()):
            yield from _walk(inner, (*path, key, i), siblings)


def site_problems(schema: JSON, content: JSON, *, site: str, position: Position, most: int = 10) -> list[Problem]:
    """What ``content`` breaks of the schema of its kind of site, at most ``most`` of it."""
    found: list[Problem] = []
    for error in _data_validator(schema).iter_errors(content):
        message = error.message if len(error.message) <= 200 else error.message[:197] + "..."
        found.append(BadSite(site=site, where=pointer(tuple(error.instance_path)), detail=message, position=position))
        if len(found) == most:
            break
    return found


def _refuse(uri: str) -> JSON:
    raise ValueError(f"references are resolved inside the pack only: {uri}")


def field(schema: JSON, steps: tuple[str, ...]) -> JSON | None:
    """The schema of the field at ``steps``, through lists; True where the schema leaves it open, None for no field."""
    for step in steps:
        if not isinstance(schema, Mapping):
            return True
        while isinstance(schema.get("items"), Mapping) and "properties" not in schema:
            schema = schema["items"]
        if "properties" not in schema:
            return True
        if step not in schema["properties"]:
            return None
        schema = schema["properties"][step]
    return schema


def pointer(path: tuple[str | int, ...]) -> str:
    """``path`` as a JSON Pointer behind ``#``."""
    return "#" + "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _same(message: str) -> Text:
    short = message if len(message) <= 200 else message[:197] + "..."
    return Text(short, short)
