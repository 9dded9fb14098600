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


@frozen(kw_only=True)
class NoSeries(Problem):
    """An operator over time in a rule whose data stand in no order of time."""

    code = "W005"
    what = Text(
        "{function} looks at other rows, and there is no order of time here",
        "{function} 要看其他行，而此处没有时间顺序",
    )
    why = Text(
        "only the rows of a table with a `time` column have a before and an after",
        "只有带 `time` 列的数据表的各行才有先后",
    )
    mend = Text(
        "put the rule on a table with `time`, or on a chain whose last step has `every`; name no loop around it",
        "请将规则用于带 `time` 的数据表，或末步带 `every` 的 chain；且不要放在循环之内",
    )
    function: str


@frozen(kw_only=True)
class NoGap(Problem):
    """An operator over time in a rule that does not say when samples are missing."""

    code = "W006"
    what = Text("{function} needs the rule's `gap`", "{function} 需要规则给出 `gap`")
    why = Text(
        "without it nobody knows whether two neighbouring samples have others missing between them",
        "没有它，无从判断相邻两个样本之间是否缺样",
    )
    mend = Text(
        "add for example `gap: 2 min` to the rule: neighbours further apart miss samples in between",
        "请在规则中加入例如 `gap: 2 min`：相邻样本间隔更大即视为缺样",
    )
    function: str


@frozen(kw_only=True)
class BadGap(Problem):
    """A gap that is no duration above zero."""

    code = "W007"
    what = Text("{found!r} cannot be a `gap`", "{found!r} 不能作为 `gap`")
    why = Text("a gap is a duration above zero and below 73 years", "`gap` 为大于零、不超过 73 年的时长")
    mend = Text(
        "write a quantity such as `2 min`, or the name of a parameter of the rule in a unit of time",
        "请写时长（如 `2 min`），或本规则中以时间为单位的参数名",
    )
    found: str


@frozen(kw_only=True)
class BadDuration(Problem):
    """A duration that depends on the data."""

    code = "W008"
    what = Text("this duration is not known when the rule is loaded", "加载规则时该时长尚未确定")
    why = Text(
        "how far an operator looks must be known before the first sample is read",
        "读取第一个样本之前，须知道算子考察的范围",
    )
    mend = Text(
        'write a quantity such as q("5 min"), 0, or a parameter with a value and a unit of time',
        '请写时长（如 q("5 min")）、0，或带有数值和时间单位的参数',
    )


@frozen(kw_only=True)
class NoOrder(Problem):
    """A lifecycle over rows that stand in no order of time."""

    code = "W009"
    what = Text("the rows of a lifecycle need an order of time", "生命周期的各行需要时间顺序")
    why = Text("a state depends on the events before", "状态取决于此前的事件")
    mend = Text("put the rule on a table with a `time` column", "请将规则用于带 `time` 列的数据表")


@frozen(kw_only=True)
class NotReached(Problem):
    """A state that no events lead to."""

    code = "W010"
    what = Text("no events lead from the start to the state {state!r}", "从起始状态出发，无法到达状态 {state!r}")
    why = Text(
        "its transitions would never be taken; it is misspelled, or a transition to it is missing",
        "以它为起点的转移永远不会发生；可能是拼写有误，或缺少到达它的转移",
    )
    mend = Text("{hint}", "{hint}")
    state: str
    hint: Text


@frozen(kw_only=True)
class NeverPermitted(Problem):
    """An event that no state permits."""

    code = "W011"
    what = Text("no transition answers to the event {event!r}", "没有任何转移响应事件 {event!r}")
    why = Text(
        "the schema says that it occurs; every row with it would fail, in every state",
        "模式规定该事件会出现；凡出现它的行，无论处于何种状态都将不通过",
    )
    mend = Text(
        "add a transition on it, or take it out of the column's `enum`",
        "请加入响应它的转移，或从该列的 `enum` 中删去",
    )
    event: str
