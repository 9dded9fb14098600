"""The types of values in a rule, read from the JSON Schemas of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import frozen

from conformance.errors import Text
from conformance.model.quantity import ONE, Unit, unit


@frozen
class Number:
    """A number in ``unit``; None is the literal 0, which goes with every unit."""

    unit: Unit | None = ONE


@frozen
class Boolean:
    """True or false."""


@frozen
class Word:
    """A text; ``choices`` where the schema lists all that may stand there, ``day`` where it is a date."""

    choices: tuple[str, ...] | None = None
    day: bool = False


@frozen
class Instant:
    """A moment: ISO 8601 text with a zone."""


@frozen
class List:
    """Elements of one type."""

    item: Type


@frozen
class Row:
    """What one round over ``pair`` or ``zip`` gives: an element of each list."""

    items: tuple[Type, ...]


@frozen
class Field:
    """A field of a record; ``optional`` when the schema lets it be absent or null."""

    type: Type
    optional: bool


@frozen
class Record:
    """Named fields."""

    fields: Mapping[str, Field]


@frozen
class Free:
    """A value that the schema does not describe; a rule cannot use it."""


@frozen
class Unknown:
    """The type of a part in which a problem was found already."""


Type: TypeAlias = Number | Boolean | Word | Instant | List | Row | Record | Free | Unknown

_NAMES: Mapping[type[Any], Text] = {
    Boolean: Text("a condition (true or false)", "条件（真或假）"),
    Word: Text("a text", "文本"),
    Instant: Text("an instant", "时刻"),
    List: Text("a list", "列表"),
    Row: Text("a row of several lists", "多个列表的一行"),
    Record: Text("a record", "记录"),
    Free: Text("a value without a type in the schema", "模式中未定类型的值"),
    Unknown: Text("a faulty part", "有误的部分"),
}


def describe(type_: Type) -> Text:
    """``type_`` in words."""
    if isinstance(type_, Number):
        symbol = type_.unit.symbol if type_.unit else "1"
        return Text("a number", "数值") if symbol == "1" else Text(f"a number in {symbol}", f"单位为 {symbol} 的数值")
    return _NAMES[type(type_)]


def of_schema(schema: Mapping[str, Any] | bool, unit_of_list: str | None = None) -> Field:
    """The type that JSON Schema 2020-12 ``schema`` gives its value; ``optional`` when null is allowed.

    A number's unit is its ``unit`` annotation (or that of the list it stands in). `$ref` must have been resolved.
    Raises `UnknownUnit`.
    """
    if not isinstance(schema, Mapping):
        return Field(Free(), False)
    for word in ("anyOf", "oneOf"):
        if word in schema and "type" not in schema:
            around = {k: v for k, v in schema.items() if k != word}
            parts = [part for part in schema[word] if isinstance(part, Mapping)]
            found = [of_schema({**around, **part}) for part in parts if part.get("type") != "null"]
            nullable = len(found) < len(parts) or any(f.optional for f in found)
            branches = [f.type for f in found]
            return Field(branches[0] if branches and all(b == branches[0] for b in branches) else Free(), nullable)
    kinds_named = schema.get("type", [])
    names = [kinds_named] if isinstance(kinds_named, str) else list(kinds_named)
    nullable = "null" in names
    kinds = sorted({"number" if n == "integer" else n for n in names if n != "null"})
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if words is not None:
        nullable = nullable or None in words
        words = [w for w in words if w is not None]
    kind = kinds[0] if len(kinds) == 1 else _guess(schema, words) if not kinds else None
    match kind:
        case "number":
            return Field(Number(unit(schema.get("unit") or unit_of_list or "1")), nullable)
        case "boolean":
            return Field(Boolean(), nullable)
        case "string" if schema.get("format") == "date-time":
            return Field(Instant(), nullable)
        case "string":
            choices = None if words is None else tuple(str(w) for w in words)
            return Field(Word(choices, schema.get("format") == "date"), nullable)
        case "array":
            return Field(List(of_schema(schema.get("items", True), schema.get("unit")).type), nullable)
        case "object":
            return Field(_record(schema), nullable)
        case _:
            return Field(Free(), nullable)


def _guess(schema: Mapping[str, Any], words: list[Any] | None) -> str | None:
    if "properties" in schema or "allOf" in schema:
        return "object"
    if "items" in schema:
        return "array"
    return "string" if words and all(isinstance(w, str) for w in words) else None


def _record(schema: Mapping[str, Any]) -> Record:
    required = set(schema.get("required", ()))
    fields: dict[str, Field] = {}
    for part in schema.get("allOf", ()):
        if isinstance(part, Mapping):
            fields.update(_record(part).fields)
    for name, below in schema.get("properties", {}).items():
        found = of_schema(below)
        fields[name] = Field(found.type, found.optional or name not in required)
    return Record(fields)
