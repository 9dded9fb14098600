"""Tables: what a pack asks to be recorded, and what a system file says of its recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from attrs import frozen

from conformance.errors import Position, Text
from conformance.model.quantity import ONE, Unit, UnknownUnit, nanoseconds, unit
from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.packs.forms import suggestion

Kind: TypeAlias = Literal["number", "integer", "boolean", "text", "time"]
QUALITY = "quality"
"""The column that holds quality codes, where a table or a recording has them."""
GRADES = ("OK", "ESTIMATED", "MISSING", "BAD")
_NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
_PLACE = re.compile(r"\{([^{}]*)\}")
_KINDS: Mapping[str, Kind] = {"number": "number", "integer": "integer", "boolean": "boolean", "string": "text"}


@frozen
class Column:
    """One column of a table."""

    name: str
    kind: Kind
    unit: Unit = ONE
    required: bool = False
    """Whether a file must have it; its cells may still be missing, unless it is part of the key."""
    choices: tuple[str, ...] | None = None
    key: bool = False


def columns(table: Table) -> dict[str, Column]:
    """The columns of a table whose `table_faults` are none, in the order of its schema."""
    needed = {*table.columns.get("required", ()), *table.key, *([table.time] if table.time else ())}
    return {
        name: Column(
            name, kind_of(schema) or "text", unit(schema.get("unit") or "1"), name in needed,
            tuple(str(c) for c in schema["enum"] if c is not None) if "enum" in schema else None, name in table.key,
        )
        for name, schema in table.columns["properties"].items()
    }  # fmt: skip


def kind_of(schema: Any) -> Kind | None:
    """What a field of this schema holds; None if that is not one thing."""
    if not isinstance(schema, Mapping):
        return None
    stated = schema.get("type", "string" if "enum" in schema else None)
    kinds = [k for k in ([stated] if isinstance(stated, str) else stated or ()) if k != "null"]
    if len(kinds) != 1:
        return None
    found = _KINDS.get(kinds[0])
    return "time" if found == "text" and schema.get("format") == "date-time" else found


def table_faults(table: Table) -> Iterator[Text]:
    """What contradicts itself in the description of ``table``."""
    properties = table.columns.get("properties") if isinstance(table.columns, Mapping) else None
    if not isinstance(properties, Mapping) or not properties:
        yield Text("its schema has no `properties`", "其模式没有 `properties`")
        return
    for name, schema in properties.items():
        if not _NAME.match(name):
            yield Text(f"column {name!r} needs a name in lower case", f"列 {name!r} 的名称须为小写")
        if kind_of(schema) is None:
            yield Text(
                f"column {name!r} needs one type: number, integer, string or boolean",
                f"列 {name!r} 须有唯一类型：number、integer、string 或 boolean",
            )
    for name in (*table.key, *([table.time] if table.time else ())):
        if name not in properties:
            near = suggestion(name, properties)
            yield Text(f"unknown column {name!r}{near.en}", f"未知的列 {name!r}{near.zh}")
    if table.time in properties and kind_of(properties[table.time]) != "time":
        yield Text(
            f"column {table.time!r} must be a string of format date-time",
            f"列 {table.time!r} 须为 date-time 格式的 string",
        )
    if table.every is not None and nanoseconds(table.every) is None:
        yield Text(f"`every: {table.every}` is no length of time", f"`every: {table.every}` 不是时间长度")
    if table.every is not None and table.time is None:
        yield Text("`every:` needs `time:`", "`every:` 需要 `time:`")


def source_faults(source: TableSource, table: Table) -> Iterator[tuple[str, Text]]:
    """What does not fit ``table`` in the description of a recording: the key that says it, and the fault."""
    known = columns(table)
    named = {*known, QUALITY}
    for part in ("columns", "units", "accuracy"):
        for name in getattr(source, part):
            if name not in (named if part == "columns" else known):
                yield part, _unknown(name, named)
    for name, symbol in source.units.items():
        if name in known:
            yield from (("units", fault) for fault in _unit_faults(symbol, known[name]))
    if source.timezone is not None and not is_zone(source.timezone):
        yield "timezone", Text(f"unknown time zone {source.timezone!r}", f"未知的时区 {source.timezone!r}")
    if source.label is not None and source.label != table.label and (table.every is None or table.time is None):
        yield (
            "label",
            Text("the pack does not say how long an interval is", "标准包未说明区间长度，无法换算起止"),
        )
    yield from (("columns", fault) for fault in _pattern_faults(source, table))


def _unit_faults(symbol: str, column: Column) -> Iterator[Text]:
    try:
        found = unit(symbol)
    except UnknownUnit as problem:
        yield problem.headline()
        return
    needed = unit("s") if column.kind == "time" else column.unit
    if column.kind not in ("number", "integer", "time"):
        yield Text(f"column {column.name!r} has no unit", f"列 {column.name!r} 没有单位")
    elif not found.converts(needed):
        yield Text(
            f"{column.name!r} in {found.symbol!r} does not convert to {needed.symbol!r}",
            f"{column.name!r} 的单位 {found.symbol!r} 不能换算为 {needed.symbol!r}",
        )


def _pattern_faults(source: TableSource, table: Table) -> Iterator[Text]:
    for name, pattern in source.columns.items():
        for place in _PLACE.findall(pattern) if source.layout == "wide" else ():
            if place not in table.key or place == table.time:
                yield Text(
                    f"{pattern!r} for {name!r}: {{{place}}} is no column of the key",
                    f"{name!r} 的模式 {pattern!r}：{{{place}}} 不是键中的列",
                )


def is_zone(name: str) -> bool:
    """Whether ``name`` is a zone of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what zoneinfo raises for names that are none
        return False
    return True


def _unknown(name: str, known: Iterable[str]) -> Text:
    near = suggestion(name, known)
    return Text(f"unknown column {name!r}{near.en}", f"未知的列 {name!r}{near.zh}")


def source_of(given: Mapping[str, Any], *, position: Position) -> TableSource:
    """The recording that an entry of ``tables:`` describes; its form has been checked."""
    kept: dict[str, Any] = {k: tuple(v) if k == "missing" else v for k, v in given.items()}
    if "columns" in kept:  # one without a name is known by its number
        kept["columns"] = {name: str(called) for name, called in kept["columns"].items()}
    return TableSource(**kept, position=position)
