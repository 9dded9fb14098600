"""What can be wrong with the samples that a temporal operator reads, and with its window."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class UnorderedTimes(Problem):
    """Two samples of one group at the same time, or out of order."""

    code = "W001"
    what = Text(
        "sample {number} of the group is at {later} ns, not after its predecessor at {earlier} ns",
        "组内第 {number} 个样本的时间为 {later} ns，不晚于前一样本的 {earlier} ns",
    )
    why = Text(
        "what held before, after or during a time has no meaning when times repeat or run backward",
        "时间重复或倒退时，“之前”“之后”“期间”均无意义",
    )
    mend = Text(
        "sort the samples of each group by time and keep one sample per instant",
        "请将各组样本按时间排序，每一时刻只保留一个样本",
    )
    number: int
    earlier: int
    later: int


@frozen(kw_only=True)
class FarTime(Problem):
    """A time too far from 1970 for nanoseconds in 64 bits with a window added."""

    code = "W002"
    what = Text("a sample is at {time} ns since 1970", "样本时间为 1970 年起 {time} ns")
    why = Text(
        "instants are 64-bit nanoseconds; only the years 1824 to 2115 leave room for a window",
        "时刻以 64 位纳秒表示；只有 1824 年至 2115 年能容纳时间窗",
    )
    mend = Text("check the unit of the time column", "请检查时间列的单位")
    time: int


@frozen(kw_only=True)
class BadWindow(Problem):
    """A window or a gap that no operator can use."""

    code = "W003"
    what = Text("window: {detail}", "时间窗：{detail}")
    why = Text(
        "a temporal operator looks at the samples between two distances from now; `gap` says when samples are missing",
        "时序算子考察距当前时刻两个距离之间的样本；`gap` 界定何时视为缺样",
    )
    mend = Text(
        "give the distances in increasing order, within 73 years, and a `gap` above zero",
        "请按从小到大给出不超过 73 年的距离，且 `gap` 须大于零",
    )
    detail: Text


@frozen(kw_only=True)
class DifferentSamples(Problem):
    """Signals that meet in one operator but do not stand at the same times."""

    code = "W004"
    what = Text("the signals of one operator stand at different times", "同一算子的各信号时间不一致")
    why = Text(
        "which value of one belongs to which value of the other would be a guess",
        "两信号取值的对应关系只能靠猜测",
    )
    mend = Text("bring both to the same times first", "请先将两信号对齐到相同时刻")
