"""What a pack needs of a system: operations to call, tables that are recorded, documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.authoring.fields import Field, fields
from conformance.authoring.leaf import Leaf, facts, unit
from conformance.authoring.words import STATUSES, TYPES
from conformance.errors import Text
from conformance.markdown import Md, bullets, code, heading, plain, slug
from conformance.model.json import JSON
from conformance.model.standard import Operation, Table

TITLE = Text("What a system brings", "系统需提供的内容")
OPERATION = Text("Operation {name}", "操作 {name}")
TABLE = Text("Table {name}", "表 {name}")
DOCUMENT = Text("Document {name}", "文件 {name}")
_REQUEST, _RESPONSE = Text("Request:", "请求："), Text("Response:", "应答：")
_STREAM = Text("Samples in, events out: one sample, and one event.", "输入采样、输出事件：以下为单个采样与单个事件。")
_FLAGS = {
    "deterministic": (
        Text("equal requests get equal answers", "相同请求应答相同"),
        Text("answers may differ by chance", "应答可含随机性"),
    ),
    "stateful": (
        Text("earlier calls matter", "先前的调用影响结果"),
        Text("each call stands alone", "各次调用相互独立"),
    ),
}  # fmt: skip
_HEAD = (
    Text("Field", "字段"), Text("Meaning", "含义"), Text("Type", "类型"), Text("Unit", "单位"),
    Text("Admitted", "允许取值"), Text("Generated", "生成范围"), Text("Source", "来源"), Text("Status", "状态"),
)  # fmt: skip
_MISSING = Text("may be missing", "可缺失")
_OPTIONAL = Text("may be left out", "可省略")
_NOMINAL = Text("nominal {x}", "标称值 {x}")
_SITE = Text("brought by the site: {x}", "由场景提供：{x}")
_FOLLOWS = Text("follows {x}", "随 {x} 变化")
_MORE = Text("and {n} more", "另有 {n} 个")
_FACTS = {
    "key": Text("a row is named by {x}", "行标识：{x}"),
    "time": Text("in order of {x}", "按 {x} 排序"),
    "start": Text("a time is the start of its interval", "时间为区间起点"),
    "end": Text("a time is the end of its interval", "时间为区间终点"),
    "every": Text("a row every {x}", "每 {x} 一行"),
    "trace": Text("without a recording: made by {n} calls of {x}", "无记录时由 {x} 的 {n} 次调用生成"),
}
_SITES = Text(
    "Site {name}: base cases {bases}; by default {default}.", "场景 {name}：基准算例 {bases}；默认 {default}。"
)
_DERIVED = Text(
    "{name}: measured of every answer of {of} by {measure}", "{name}：对 {of} 的每次应答由 {measure} 计算得到"
)
_LONGEST = 12
"""Words of a choice that are named."""


def surfaces(leaf: Leaf) -> Iterator[Md]:
    """Every operation, table and document with its fields."""
    yield heading(2, leaf.own(TITLE), "surfaces")
    for operation in leaf.pack.operations.values():
        yield from _operation(leaf, operation)
    yield bullets(
        leaf.own(_DERIVED, name=code(d.name), of=code(d.of), measure=code(d.measure)) for d in leaf.pack.derive.values()
    )
    for site in leaf.pack.sites.values():
        yield leaf.own(_SITES, name=code(site.name), bases=leaf.codes(site.bases), default=code(site.default))
    for table in leaf.pack.tables.values():
        yield heading(3, leaf.own(TABLE, name=code(table.name)), place(table.name))
        yield _title(table.columns)
        yield _table_facts(leaf, table)
        yield _fields(leaf, table.columns)
    for document in leaf.pack.documents.values():
        yield heading(3, leaf.own(DOCUMENT, name=code(document.name)), place(document.name))
        yield _title(document.schema)
        yield _fields(leaf, document.schema)


def place(surface: str) -> str:
    """What leads to an operation, table or document; their names are unique."""
    return f"surface-{slug(surface)}"


def _operation(leaf: Leaf, operation: Operation) -> Iterator[Md]:
    yield heading(3, leaf.own(OPERATION, name=code(operation.name)), place(operation.name))
    chosen = [words[not getattr(operation, flag)] for flag, words in _FLAGS.items()]
    yield facts(leaf.own(words) for words in chosen)
    if operation.stream:
        yield leaf.own(_STREAM)
    for words, schema in ((_REQUEST, operation.request), (_RESPONSE, operation.response)):
        yield leaf.own(words)
        yield _fields(leaf, schema)


def _title(schema: JSON) -> Md:
    return plain(str(schema.get("title") or "")) if isinstance(schema, Mapping) else Md("")


def _table_facts(leaf: Leaf, table: Table) -> Md:
    trace = table.trace
    return facts(
        [
            leaf.own(_FACTS["key"], x=leaf.codes(table.key)),
            leaf.own(_FACTS["time"], x=code(table.time)) if table.time else Md(""),
            leaf.own(_FACTS[table.label]) if table.time else Md(""),
            leaf.own(_FACTS["every"], x=code(table.every)) if table.every else Md(""),
            leaf.own(_FACTS["trace"], n=Md(f"{trace.calls}"), x=code(trace.operation)) if trace else Md(""),
        ]
    )


def _fields(leaf: Leaf, schema: JSON) -> Md:
    found = list(fields(schema))
    return leaf.table(_HEAD, (_row(leaf, field) for field in found)) if found else Md("")


def _row(leaf: Leaf, field: Field) -> tuple[Md, ...]:
    bounds = field.bounds
    return (
        code(field.path),
        leaf.say(field.meaning),
        _type(leaf, field),
        unit(field.get("unit")),
        _admitted(leaf, field),
        _generated(leaf, field),
        leaf.source(bounds.source) if bounds and bounds.source else Md(""),
        leaf.own(STATUSES[bounds.status]) if bounds else Md(""),
    )


def _type(leaf: Leaf, field: Field) -> Md:
    words = [leaf.own(TYPES[name]) if name in TYPES else code(name) for name in field.types]
    marks = ((_MISSING, field.missing), (_OPTIONAL, field.optional))
    return leaf.listed([Md(": ".join(words)), *(leaf.own(mark) for mark, set_ in marks if set_)])


def _admitted(leaf: Leaf, field: Field) -> Md:
    """What a validator lets pass: the words of a choice, or a range."""
    choice = [field.get("const")] if field.get("const") is not None else field.get("enum") or ()
    words = [code(_word(given)) for given in choice[:_LONGEST] if given is not None]
    if len(choice) > _LONGEST:
        words.append(leaf.own(_MORE, n=Md(f"{len(choice) - _LONGEST}")))
    ends = {"minimum": "≥", "exclusiveMinimum": "&gt;", "maximum": "≤", "exclusiveMaximum": "&lt;"}
    given = {mark: field.get(word) for word, mark in ends.items()}
    return leaf.listed([*words, *(Md(f"{mark} {end}") for mark, end in given.items() if isinstance(end, int | float))])


def _generated(leaf: Leaf, field: Field) -> Md:
    """What cases are made of."""
    said: list[Md] = []
    if (bounds := field.bounds) is not None:
        said.append(plain(str(bounds.value)))
    if choices := field.get("choices"):
        said.append(leaf.codes(_word(choice.get("value")) for choice in choices[:_LONGEST]))
    for word, words in (("nominal", _NOMINAL), ("site", _SITE), ("follows", _FOLLOWS)):
        given: Any = field.get(word)
        if isinstance(given, str | int | float):
            said.append(leaf.own(words, x=code(_word(given))))
    return leaf.listed(said)


def _word(given: object) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)
