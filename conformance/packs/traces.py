"""Trace tables, streams and what varies over calls: does a pack describe sequences that can be made?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.errors import Position, Problem, Text
from conformance.errors.traces import BadOrigin, BadOverCalls, BadTrace, NoOrigin, StreamMisuse
from conformance.model.json import JSON
from conformance.model.standard import Operation, Table, Trace
from conformance.packs.consistency import OPERATION, Read, document_names, unknown
from conformance.packs.tables import kind_of

_NUMBERS = ("number", "integer")


def trace_problems(read: Read) -> Iterator[Problem]:
    """Every contradiction in the traces and streams of a pack."""
    pack, main = read.pack, read.main
    known = document_names(read, "operations")
    for operation in pack.operations.values():
        yield from _operation(operation, main.key(("interface", "operations", operation.name)))
    for table in pack.tables.values():
        if table.trace is None:
            continue
        path = ("interface", "tables", table.name)
        if table.trace.operation not in known:
            yield unknown(OPERATION, table.trace.operation, known, main.position((*path, "trace", "operation")))
        elif table.trace.operation in pack.operations:
            operation = pack.operations[table.trace.operation]
            place = main.key((*path, "trace"))
            yield from (BadTrace(table=table.name, fault=f, position=place) for f in _faults(table, operation))
            yield from _columns(table, operation, main.position((*path, "columns")))
    for document, rule in read.rules:
        if rule.applies_to in pack.operations and pack.operations[rule.applies_to].stream:
            fault = Text(f"rule {rule.id} is on it", f"规则 {rule.id} 直接作用于它")
            yield StreamMisuse(operation=rule.applies_to, fault=fault, position=document.position(("applies_to",)))


def _operation(operation: Operation, place: Position) -> Iterator[Problem]:
    properties = _properties(operation.request)
    for path, schema in _walk(operation.request, ()):
        for annotation in {"over_calls", "clock"} & schema.keys():
            if len(path) != 1:
                fault = Text(f"`{annotation}` stands below the top", f"`{annotation}` 不在最外层")
                yield BadOverCalls(operation=operation.name, field=".".join(path) or "-", fault=fault, position=place)
    for name, schema in properties.items():
        for fault in _field_faults(name, schema):
            yield BadOverCalls(operation=operation.name, field=name, fault=fault, position=place)
    if operation.stream and kind_of(_properties(operation.response).get("time")) != "time":
        fault = Text("its events have no `time`, a date-time", "其事件没有 date-time 类型的 `time`")
        yield StreamMisuse(operation=operation.name, fault=fault, position=place)
    if operation.stream and "time" not in operation.response.get("required", ()):
        fault = Text("`time` of an event is not required", "事件的 `time` 未列为必填")
        yield StreamMisuse(operation=operation.name, fault=fault, position=place)


def _field_faults(name: str, schema: JSON) -> Iterator[Text]:
    if "clock" in schema and kind_of(schema) != "time":
        yield Text("`clock` needs a string of format date-time", "`clock` 须为 date-time 格式的 string")
    shape = schema.get("over_calls")
    if shape is None:
        return
    if name == "calls":
        yield Text("the name `calls` is taken by the number of calls", "名称 `calls` 已用于调用次数")
    if not {"bounds", "choices"} & schema.keys():
        yield Text("`over_calls` needs `bounds` or `choices`", "`over_calls` 需要 `bounds` 或 `choices`")
    if shape.get("interpolation") == "linear" and "bounds" not in schema:
        yield Text("only numbers are interpolated; use hold", "仅数值可插值；请用 hold")


def _faults(table: Table, operation: Operation) -> Iterator[Text]:
    trace = table.trace
    assert trace is not None  # noqa: S101 - the caller has looked
    if table.every is None:
        yield Text("it needs `every:`, the time between two calls", "需要 `every:`，即两次调用的间隔")
    if table.time is None or table.time not in table.key:
        yield Text("it needs `time:`, and that column in its key", "需要 `time:`，且该列须在 key 中")
    if trace.rows == "events" and not operation.stream:
        yield Text(f"{operation.name} is no stream, so it has no events", f"{operation.name} 不是 stream，没有事件")
    if "calls" in _properties(operation.request):
        yield Text(
            "the request has a field `calls`, which is the number of calls", "请求已有字段 `calls`，与调用次数同名"
        )
    for name, schema in _properties(operation.request).items():
        knots = schema.get("over_calls", {}).get("knots", 1)
        if knots > trace.calls:
            yield Text(
                f"{name!r} has {knots} knots for {trace.calls} calls",
                f"{name!r} 有 {knots} 个节点，而仅 {trace.calls} 次调用",
            )


def _columns(table: Table, operation: Operation, place: Position) -> Iterator[Problem]:
    roots = {"request": operation.request, "event" if operation.stream else "response": operation.response}
    for name, schema in table.columns["properties"].items():
        path = schema.get("of")
        if path is None:
            if name != table.time:
                yield NoOrigin(table=table.name, column=name, position=place)
            continue
        fault = _origin_fault(name, schema, path, roots, table)
        if fault is not None:
            yield BadOrigin(table=table.name, column=name, path=path, fault=fault, position=place)


def _origin_fault(
    name: str, column: Mapping[str, Any], path: str, roots: Mapping[str, JSON], table: Table
) -> Text | None:
    wanted, rows = kind_of(column), table.trace.rows if isinstance(table.trace, Trace) else "calls"
    if name == table.time:
        return Text("the time of a row is the clock's, or the event's own", "行的时间取自时钟或事件自身")
    root, *steps = path.split(".")
    if root == "time":
        return None if wanted == "time" else Text("the clock is a date-time", "时钟为 date-time")
    if root not in roots:
        return Text(
            f"there is no {root} here; there are {', '.join(roots)}", f"此处没有 {root}，可用：{'、'.join(roots)}"
        )
    schema: JSON = roots[root]
    for step in steps:
        schema = _properties(schema).get(step)
        if schema is None:
            return Text(f"there is no field {step!r}", f"没有字段 {step!r}")
    found = kind_of(schema)
    if found != wanted and not (wanted == "number" and found == "integer"):
        return Text(
            f"it is {found or 'no single value'}, not {wanted}", f"其类型为 {found or '非单一值'}，而非 {wanted}"
        )
    if found in _NUMBERS and schema.get("unit") != column.get("unit"):
        units = schema.get("unit", "-"), column.get("unit", "-")
        return Text(
            f"it is in {units[0]!r}, the column in {units[1]!r}", f"其单位为 {units[0]!r}，列的单位为 {units[1]!r}"
        )
    if "default" in column and not (root == "event" and rows == "calls"):
        return Text("only what an event holds has a value before", "仅事件保持值可有起始值 `default`")
    return None


def _properties(schema: JSON) -> Mapping[str, Any]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return {}
    return {name: of for name, of in properties.items() if isinstance(of, Mapping)}


def _walk(schema: JSON, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if isinstance(schema, Mapping):
        yield path, schema
        for name, inner in _properties(schema).items():
            yield from _walk(inner, (*path, name))
        yield from _walk(schema.get("items"), (*path, "items"))
