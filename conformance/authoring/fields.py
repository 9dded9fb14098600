"""The fields of what a system is asked, answers and records, from the schemas of a pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from conformance.errors import Text
from conformance.model.json import JSON
from conformance.model.standard import Figure, Status

_OPEN: Mapping[str, Any] = {}


@frozen
class Field:
    """One field: where it stands, and what its schema says of it."""

    path: str
    """Such as ``loads[].p``."""
    schema: Mapping[str, Any]
    optional: bool

    def get(self, word: str) -> Any:
        """What the schema says by the keyword ``word``; of a list of plain values, also what it says of these."""
        return _get(self.schema, word) if _has(self.schema, word) else _get(self._items, word)

    @property
    def _items(self) -> Mapping[str, Any]:
        items = _get(self.schema, "items")
        return items if isinstance(items, Mapping) and not _has(items, "properties") else _OPEN

    @property
    def meaning(self) -> Text:
        """Its label, or its description in the language that it is written in."""
        label, described = self.get("label"), self.get("description") or ""
        return Text(label["en"], label["zh"]) if isinstance(label, Mapping) else Text(str(described), str(described))

    @property
    def types(self) -> tuple[str, ...]:
        """Types of JSON Schema without null, or the format of a text; of a list of plain values, those of its items."""
        found = _types(self.schema)
        if found == ("array",) and self._items:
            return ("array", *_types(self._items))
        return found

    @property
    def missing(self) -> bool:
        """Whether null may stand in its place."""
        given = _get(self.schema, "type")
        return isinstance(given, list) and "null" in given

    @property
    def bounds(self) -> Figure | None:
        """The bounds of generated input as a figure whose value is words, if it has any."""
        own = self.get("bounds")
        if not isinstance(own, Mapping):
            return None
        status = next((s for s in Status if s == own.get("status")), Status.UNVERIFIED)
        ends = " … ".join(_bound(own.get(end)) for end in ("lower", "upper"))
        return Figure(ends, self.get("unit"), "none", "fixed", str(own.get("source", "")), status, own.get("clause"))


def fields(schema: JSON, path: str = "") -> Iterator[Field]:
    """Every field below ``schema``, in its order. A group without words of its own is told by its fields."""
    if not isinstance(schema, Mapping):
        return
    required = _get(schema, "required") or ()
    for part in _parts(schema):
        for name, inner in part.get("properties", _OPEN).items():
            if isinstance(inner, Mapping):
                field = Field(f"{path}{name}", inner, name not in required)
                below = list(fields(inner, f"{field.path}."))
                if not below or field.meaning.en:
                    yield field
                yield from below
        if isinstance(part.get("items"), Mapping):
            yield from fields(part["items"], f"{path.removesuffix('.')}[].")


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """``schema`` and what it is made of: a keyword beside a reference stands in `allOf`."""
    yield schema
    for word in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(word, ()):
            if isinstance(inner, Mapping):
                yield from _parts(inner)


def _has(schema: Mapping[str, Any], word: str) -> bool:
    return any(word in part for part in _parts(schema))


def _get(schema: Mapping[str, Any], word: str) -> Any:
    return next((part[word] for part in _parts(schema) if word in part), None)


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    given = _get(schema, "type")
    shape = _get(schema, "format")
    words = (given,) if isinstance(given, str) else tuple(given or ())
    return tuple(shape if w == "string" and shape in ("date-time", "date") else w for w in words if w != "null")


def _bound(given: object) -> str:
    """A bound as words: a number, or what it is of another value."""
    if not isinstance(given, Mapping):
        return "" if given is None else f"{given}"
    times, plus = given.get("times", 1), given.get("plus", 0)
    words = f"{given.get('of', '')}" if times == 1 else f"{times} × {given.get('of', '')}"
    return words if not plus else f"{words} {'+' if plus > 0 else '-'} {abs(plus)}"
