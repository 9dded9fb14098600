"""What can go wrong with the simulator of a pack's recorded reference."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class SimulatorFailed(Problem):
    """The simulator of a reference made no recording."""

    code = "S020"
    what = Text("{program} {words} made no recording: {cause}", "{program} {words} 未能生成记录：{cause}")
    why = Text(
        "without a recording nothing shows whether the rules find the defects",
        "没有记录，就无法说明规则能否发现缺陷",
    )
    mend = Text(
        "run it by hand; docs/defects.md says what it is asked for",
        "请手动运行；其调用方式见 docs/defects.zh-CN.md",
    )
    program: str
    words: str
    cause: Text


@frozen(kw_only=True)
class NoRecording(Problem):
    """A recorded reference brings neither its files nor a simulator that makes them."""

    code = "S021"
    what = Text("{folder} has neither {path} nor a simulate.py", "{folder} 中既没有 {path}，也没有 simulate.py")
    why = Text(
        "without a recording nothing shows whether the rules find the defects",
        "没有记录，就无法说明规则能否发现缺陷",
    )
    mend = Text(
        "record it, or write a simulator as docs/defects.md says",
        "请补上记录，或按 docs/defects.zh-CN.md 编写模拟程序",
    )
    folder: str
    path: str
