"""What can go wrong around a run: the counterexamples that are kept of it, and tests of one's own."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class StoredNotWritten(Problem):
    """The file of counterexamples cannot be written."""

    code = "A001"
    what = Text("the counterexamples cannot be written: {file}: {cause}", "无法写入反例文件：{file}：{cause}")
    why = Text(
        "later runs would not ask again what this one found; the record of the run still holds it",
        "以后的运行将不会重放本次发现的反例；本次运行的记录中仍有",
    )
    mend = Text(
        "name a file with --counterexamples, or leave them with --no-counterexamples",
        "用 --counterexamples 指定文件，或用 --no-counterexamples 不保存",
    )
    file: str
    cause: Text


@frozen(kw_only=True)
class NotOfPack(Problem):
    """A test of one's own names something that the pack does not have."""

    code = "A002"
    what = Text("pack {pack} has no {kind} {name!r}", "标准包 {pack} 中没有{kind} {name!r}")
    why = Text("a test of nothing would always pass", "不检验任何内容的测试总会通过")
    mend = Text("the pack has: {known}", "标准包中有：{known}")
    pack: str
    kind: Text
    name: str
    known: str


@frozen(kw_only=True)
class NoRequest(Problem):
    """An example of one's own is no request of the operation."""

    code = "A003"
    what = Text("the example is no request of {operation}: {complaint}", "该示例不是 {operation} 的请求：{complaint}")
    why = Text("the system may answer as it likes to what it need not take", "对不必接受的输入，系统如何应答都可以")
    mend = Text(
        "give a request that fits the schema, or say where it is off nominal with `off_nominal`",
        "请给出符合模式的请求，或用 `off_nominal` 写明偏离标称之处",
    )
    operation: str
    complaint: Text
