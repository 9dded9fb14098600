"""Failures of use: what a person asked for cannot be done as asked."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class NothingInCommon(Problem):
    """System and pack share no operation."""

    code = "U001"
    what = Text("the system offers nothing that pack {pack} tests", "系统未提供标准包 {pack} 所检验的任何操作")
    why = Text(
        "the pack tests {wanted}; the system file names {offered}", "标准包检验 {wanted}；系统文件中只有 {offered}"
    )
    mend = Text(
        "name one of the pack's operations under `operations:` in the system file",
        "在系统文件的 `operations:` 下写出标准包中的一个操作",
    )
    pack: str
    offered: str
    wanted: str


@frozen(kw_only=True)
class NothingAnswers(Problem):
    """None of the first calls succeeded."""

    code = "U002"
    what = Text("none of the first {calls} calls to {system} was answered", "对 {system} 的前 {calls} 次调用均无应答")
    why = Text("nothing can be assessed; the last cause was: {cause}", "无法评估；最近一次的原因：{cause}")
    mend = Text(
        "run `conformance doctor --system FILE`, which shows one call in full",
        "运行 `conformance doctor --system FILE` 查看一次完整的调用",
    )
    system: str
    calls: int
    cause: Text


@frozen(kw_only=True)
class Production(Problem):
    """A production system is never hunted."""

    code = "U003"
    what = Text("{system} is declared as a production system", "{system} 声明为生产环境")
    why = Text(
        "generated worst cases could reach real equipment; production is never hunted",
        "生成的最坏工况可能作用于真实设备；生产环境绝不接受搜索",
    )
    mend = Text(
        "test a copy and say `environment: test`, or assess recordings with `recorded:`",
        "请测试其副本并写明 `environment: test`，或用 `recorded:` 评估其记录",
    )
    system: str


@frozen(kw_only=True)
class NoRun(Problem):
    """A run that was named does not exist."""

    code = "U004"
    what = Text("no run at {path}", "{path} 处没有运行记录")
    why = Text("a run is a folder that holds run.jsonl", "运行记录是包含 run.jsonl 的文件夹")
    mend = Text(
        "give the folder of a run, or `last` after a `conformance run`", "请给出运行文件夹，或在运行之后用 `last`"
    )
    path: str


@frozen(kw_only=True)
class BadOption(Problem):
    """An option's value makes no sense."""

    code = "U005"
    what = Text("{option} {value}: {complaint}", "{option} {value}：{complaint}")
    why = Text("the command was not started", "命令未启动")
    mend = Text("see the command's --help", "请参看该命令的 --help")
    option: str
    value: str
    complaint: Text


@frozen(kw_only=True)
class Missing(Problem):
    """A needed extra is not installed."""

    code = "U006"
    what = Text("{package} is not installed", "未安装 {package}")
    why = Text("{purpose}", "{purpose}")
    mend = Text("pip install 'aienergy-conformance[{extra}]'", "pip install 'aienergy-conformance[{extra}]'")
    package: str
    extra: str
    purpose: Text


@frozen(kw_only=True)
class WillNotOverwrite(Problem):
    """A file is in the way."""

    code = "U007"
    what = Text("{path} is already there", "{path} 已存在")
    why = Text("nothing of yours is overwritten", "不会覆盖您的文件")
    mend = Text("name another file with --output, or move it away", "用 --output 指定其他文件，或先移走它")
    path: str
