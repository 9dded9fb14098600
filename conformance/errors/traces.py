"""What can be wrong with a trace table, a stream, or their operation (T05x)."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text

_SEE = Text("see docs/sequences.md", "见 docs/sequences.zh-CN.md")


@frozen(kw_only=True)
class BadTrace(Problem):
    """A table whose rows no sequence of calls can make."""

    code = "T050"
    what = Text("trace of table {table!r}: {fault}", "表 {table!r} 的 trace：{fault}")
    why = Text("no sequence of calls could make its rows", "任何调用序列都无法生成其行")
    mend = _SEE
    table: str
    fault: Text


@frozen(kw_only=True)
class NoOrigin(Problem):
    """A column of a trace of which nobody says where its values come from."""

    code = "T051"
    what = Text("column {column!r} of trace table {table!r} has no `of`", "表 {table!r} 的列 {column!r} 缺少 `of`")
    why = Text("its cells could not be filled from a sequence of calls", "无法由调用序列填写其单元格")
    mend = Text(
        'add where it comes from, such as `"of": "response.{column}"`',
        '请注明来源，例如 `"of": "response.{column}"`',
    )
    table: str
    column: str


@frozen(kw_only=True)
class BadOrigin(Problem):
    """A column of a trace that comes from nowhere, or from a field of another kind."""

    code = "T052"
    what = Text(
        "column {column!r} of trace table {table!r}, `of: {path}`: {fault}",
        "表 {table!r} 的列 {column!r}，`of: {path}`：{fault}",
    )
    why = Text("its cells would be missing, or mean something else", "其单元格会缺失，或含义不符")
    mend = Text(
        "name a field of the operation's schemas with the same type and unit",
        "请指向操作模式中类型与单位均相同的字段",
    )
    table: str
    column: str
    path: str
    fault: Text


@frozen(kw_only=True)
class StreamMisuse(Problem):
    """A stream that is described or used as if it were called request by request."""

    code = "T053"
    what = Text("operation {operation!r} is a stream: {fault}", "操作 {operation!r} 为 stream：{fault}")
    why = Text(
        "a stream takes samples in order of time and answers with events, of which one sample may bring none",
        "stream 按时间顺序接收样本并输出事件，一个样本可能没有任何事件",
    )
    mend = _SEE
    operation: str
    fault: Text


@frozen(kw_only=True)
class BadOverCalls(Problem):
    """A field of a request that cannot vary over the calls of a sequence."""

    code = "T054"
    what = Text(
        "operation {operation!r}, request field {field!r}: {fault}", "操作 {operation!r} 的请求字段 {field!r}：{fault}"
    )
    why = Text("no sequence of calls could be drawn", "无法据此抽取调用序列")
    mend = _SEE
    operation: str
    field: str
    fault: Text
