"""What can be wrong with a sealed seed."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class NotASeal(Problem):
    """The file holds no sealed seed."""

    code = "K001"
    what = Text("{file} is no seal: {cause}", "{file} 不是密封种子文件：{cause}")
    why = Text("the cases of a sealed run come from the seed in it", "密封运行的用例由其中的种子生成")
    mend = Text("make one with `conformance seal new FILE`", "用 `conformance seal new FILE` 生成")
    file: str
    cause: Text


@frozen(kw_only=True)
class SealNotWritten(Problem):
    """The seal cannot be stored, or would replace another."""

    code = "K002"
    what = Text("the seal cannot be written: {file}: {cause}", "无法写入密封种子文件：{file}：{cause}")
    why = Text("a seal that is lost or replaced can never be revealed", "丢失或被替换的密封种子无法再公开")
    mend = Text("name a file that does not exist yet", "请指定一个尚不存在的文件")
    file: str
    cause: Text


@frozen(kw_only=True)
class NotSealed(Problem):
    """The run was made with a seed that anybody could know."""

    code = "K003"
    what = Text("{run} is no sealed run: its mode is {mode}", "{run} 不是密封运行：其模式为 {mode}")
    why = Text("there was no commitment before it to hold it to", "事先没有承诺可供核对")
    mend = Text("make sealed runs with `conformance run ... --seal FILE`", "用 `conformance run ... --seal FILE` 运行")
    run: str
    mode: str
