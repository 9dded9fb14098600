"""Why a call has no answer, in both languages. A vendor's own words are shown as data, on one line."""

from __future__ import annotations

import signal

from conformance.errors import Text
from conformance.systems.wire import show


def silent(seconds: float) -> Text:
    """Nothing came within ``seconds``."""
    return Text(f"no answer within {seconds:g} s", f"{seconds:g} 秒内没有应答")


def too_large(limit: int) -> Text:
    """More than ``limit`` bytes came without an end."""
    return Text(f"an answer larger than {limit} bytes", f"应答超过 {limit} 字节")


def broke_off(ending: Text) -> Text:
    """The process ended in the middle of a line."""
    return Text(f"broke off in the middle of a line; {ending.en}", f"应答在一行中间中断；{ending.zh}")


def ended(code: int | None, words: bytes) -> Text:
    """The process ended with exit ``code`` (negative: a signal; None: it only closed its output)."""
    if code is None:
        how = Text("closed its standard output", "关闭了标准输出")
    elif code < 0:
        name = next((s.name for s in signal.Signals if s == -code), str(-code))
        how = Text(f"was ended by signal {name}", f"被信号 {name} 终止")
    else:
        how = Text(f"ended with code {code}", f"以代码 {code} 退出")
    last = [line for line in words.decode("utf-8", "replace").splitlines() if line.strip()][-2:]
    if not last:
        return Text(f"the process {how.en} and said nothing on standard error", f"进程{how.zh}，标准错误无输出")
    said = " / ".join(show(line) for line in last)
    return Text(f"the process {how.en}; its last words: {said}", f"进程{how.zh}；最后输出：{said}")


def not_started(reason: str) -> Text:
    """The process could not be started at all."""
    return Text(f"could not be started: {show(reason)}", f"无法启动：{show(reason)}")


def hasty() -> Text:
    """An answer came before the whole request was read."""
    return Text("answered before the whole request was read", "尚未读完请求就给出了应答")


def refused(reason: str) -> Text:
    """The system's own reason for refusing."""
    said = show(reason, 1000)
    return Text(said or "refused without a reason", said or "拒绝且未说明理由")


def at_call(number: int, of: int, cause: Text | None) -> Text:
    """Call ``number`` (from 1) of a sequence of so many had no answer."""
    said = cause or Text("no cause given", "未给出原因")
    return Text(f"at call {number} of {of}: {said.en}", f"第 {number} 次调用（共 {of} 次）：{said.zh}")


def no_reset() -> Text:
    """The system could not be brought to its first state before a sequence of calls."""
    return Text("could not be reset before the sequence", "序列开始前未能复位")


def at_hello(cause: Text) -> Text:
    """The conversation could not be opened."""
    return Text(f"at hello: {cause.en}", f"握手时：{cause.zh}")
