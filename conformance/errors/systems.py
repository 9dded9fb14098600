"""What can be wrong with the way to a system: codes S001 and up.

What a system does when it is called is no problem of ours but an answer (`conformance.model.run.Answer`).
"""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class HttpExtraMissing(Problem):
    """A system is reached over HTTP and httpx is not installed."""

    code = "S001"
    what = Text(
        "operation {operation!r} is reached over HTTP, which needs the extra 'http'",
        "操作 {operation!r} 经 HTTP 访问，需要可选依赖 'http'",
    )
    why = Text("the HTTP client is not part of the core install", "核心安装不含 HTTP 客户端")
    mend = Text(
        "install it: pip install 'aienergy-conformance[http]'",
        "请安装：pip install 'aienergy-conformance[http]'",
    )
    operation: str


@frozen(kw_only=True)
class SecretMissing(Problem):
    """A header's value is to come from an environment variable that is not set."""

    code = "S002"
    what = Text(
        "header {header!r} takes its value from the environment variable {name}, which is not set",
        "请求头 {header!r} 取自环境变量 {name}，但该变量未设置",
    )
    why = Text(
        "the service would refuse every call, which says nothing about the system",
        "服务会拒绝全部请求，而这与被测系统本身无关",
    )
    mend = Text("set {name} before the run; it is never recorded", "运行前请设置 {name}；其值不会写入任何记录")
    header: str
    name: str


@frozen(kw_only=True)
class BadUrl(Problem):
    """The URL of a system is none that can be called."""

    code = "S003"
    what = Text("{url!r} is no URL of an HTTP service", "{url!r} 不是 HTTP 服务的地址")
    why = Text("only http:// and https:// with a host can be called", "只能访问带主机名的 http:// 或 https:// 地址")
    mend = Text(
        "write the full address, such as https://test.example/v2/dispatch",
        "请写完整地址，例如 https://test.example/v2/dispatch",
    )
    url: str


@frozen(kw_only=True)
class AmbiguousFields(Problem):
    """Two of our fields are mapped to one field of the vendor."""

    code = "S004"
    what = Text(
        "the field map of operation {operation!r} gives {vendor!r} to more than one of our fields",
        "操作 {operation!r} 的字段映射把 {vendor!r} 对应到了多个字段",
    )
    why = Text("an answer could not be mapped back", "返回结果将无法对应回原字段")
    mend = Text("give every field a name of its own", "请让每个字段对应各自唯一的名称")
    operation: str
    vendor: str


@frozen(kw_only=True)
class BadPythonTarget(Problem):
    """A Python target does not have the form ``module:function``."""

    code = "S005"
    what = Text("{target!r} does not name a Python function", "{target!r} 未指明 Python 函数")
    why = Text(
        "the module to import and the function to call must both be known",
        "必须同时给出要导入的模块和要调用的函数",
    )
    mend = Text("write module:function, such as acme.alarms:decide", "请写作 模块:函数，例如 acme.alarms:decide")
    target: str


@frozen(kw_only=True)
class NothingRecorded(Problem):
    """No file fits the pattern of a recorded system, or the files hold no exchange."""

    code = "S006"
    what = Text("no exchange is recorded under {pattern!r}", "{pattern!r} 下没有任何已记录的交互")
    why = Text("there is nothing to judge", "没有可供判定的内容")
    mend = Text(
        "check the path, which starts at the folder of the system file ({folder})",
        "请检查路径；路径以系统文件所在目录（{folder}）为起点",
    )
    pattern: str
    folder: str


@frozen(kw_only=True)
class BrokenRecording(Problem):
    """A line of a recording is no exchange."""

    code = "S007"
    what = Text("this line is no recorded exchange: {fault}", "本行不是有效的交互记录：{fault}")
    why = Text(
        "a recording with lines left out would look better than it is",
        "略去若干行会使记录看起来好于实际",
    )
    mend = Text(
        'each line is one JSON object {{"request": ..., "response": ...}} or {{"request": ..., "refuse": "reason"}}',
        '每行为一个 JSON 对象 {{"request": ..., "response": ...}} 或 {{"request": ..., "refuse": "原因"}}',
    )
    fault: Text


@frozen(kw_only=True)
class BadDefect(Problem):
    """An entry of a file of defects cannot be used."""

    code = "S008"
    what = Text("defect {defect!r}: {fault}", "缺陷 {defect!r}：{fault}")
    why = Text(
        "a defect that is not applied proves nothing about the rules that should find it",
        "未真正施加的缺陷无法证明相应规则能够发现它",
    )
    mend = Text(
        "see docs/defects.md for the operators and what each needs",
        "各算子及其所需字段见 docs/defects.zh-CN.md",
    )
    defect: str
    fault: Text


@frozen(kw_only=True)
class OperationUnreached(Problem):
    """An operation is called that the system file does not name."""

    code = "S009"
    what = Text(
        "the system file says no way to reach operation {operation!r}",
        "系统文件未说明如何访问操作 {operation!r}",
    )
    why = Text("the requirements on that operation cannot be tested", "针对该操作的要求无法测试")
    mend = Text(
        "add it under operations: in the system file; it names {known}",
        "请在系统文件的 operations: 下补充；目前已有 {known}",
    )
    operation: str
    known: str
