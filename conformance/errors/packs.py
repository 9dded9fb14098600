"""What can be wrong with a pack, a profile or a system file whose form is right."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class BadId(Problem):
    """An id that does not begin with the name of its pack, or a folder that is named otherwise."""

    code = "P060"
    what = Text("id {id!r} should begin with {prefix!r}", "标识 {id!r} 应以 {prefix!r} 开头")
    why = Text(
        "ids are quoted outside the pack, and must say where they come from", "标识会在包外被引用，必须能看出出处"
    )
    mend = Text("rename it; an id that was released is never reused", "请改名；已发布的标识不得再用")
    id: str
    prefix: str


@frozen(kw_only=True)
class DuplicateId(Problem):
    """One id for two things."""

    code = "P061"
    what = Text("{kind} {id!r} is defined twice; first at {first}", "{kind} {id!r} 定义了两次；首次在 {first}")
    why = Text("a finding that names it could mean either", "引用它的结论无法确定指的是哪一个")
    mend = Text("give one of them an id of its own", "请为其中一个另取标识")
    kind: Text
    id: str
    first: str


@frozen(kw_only=True)
class UnknownName(Problem):
    """A name that nothing in the pack has."""

    code = "P062"
    what = Text("unknown {kind} {name!r}{suggestion}", "未知的{kind} {name!r}{suggestion}")
    why = Text("this refers to something that does not exist", "此处引用的内容不存在")
    mend = Text("known: {known}", "已有：{known}")
    kind: Text
    name: str
    suggestion: Text
    known: str


@frozen(kw_only=True)
class NoRule(Problem):
    """An automated requirement that no rule checks."""

    code = "P063"
    what = Text(
        "requirement {requirement!r} is automated, but no rule checks it",
        "条款 {requirement!r} 标为自动检查，但没有规则检查它",
    )
    why = Text("it would count as tested and never be", "它会被算作已测，实际从未测过")
    mend = Text("name it in a rule's `requirements:`, or make it manual or not-tested with a reason",
                "请在某条规则的 `requirements:` 中列出它，或改为 manual / not-tested 并写明理由")  # fmt: skip
    requirement: str


@frozen(kw_only=True)
class NoReason(Problem):
    """A manual or untested requirement without a reason."""

    code = "P064"
    what = Text(
        "requirement {requirement!r} is {automation} without a reason",
        "条款 {requirement!r} 为 {automation}，但未写理由",
    )
    why = Text("a reader must know what the harness does not show", "读者必须知道本工具没有证明什么")
    mend = Text("add `reason: {{en: ..., zh: ...}}`: what an assessor records, or why it is not tested",
                "请补上 `reason: {{en: ..., zh: ...}}`：评定员记录什么，或为何不测")  # fmt: skip
    requirement: str
    automation: str


@frozen(kw_only=True)
class RuleOfUntested(Problem):
    """A rule for a requirement that is not automated."""

    code = "P065"
    what = Text(
        "requirement {requirement!r} is {automation}, but this rule checks it",
        "条款 {requirement!r} 为 {automation}，但本规则在检查它",
    )
    why = Text("the report would say both tested and not tested", "报告会同时说它已测和未测")
    mend = Text(
        "set `automation: automated` there, or take it out here", "请在条款处改为 `automation: automated`，或在此删去"
    )
    requirement: str
    automation: str


@frozen(kw_only=True)
class NoExample(Problem):
    """A rule that lacks an example of a kind."""

    code = "P066"
    what = Text("rule {rule!r} has no example {kind}", "规则 {rule!r} 缺少{kind}的示例")
    why = Text(
        "a rule that has not shown that it can pass, fail and touch its limit proves nothing",
        "没有证明能通过、能不通过、能恰好压限的规则不能证明任何事",
    )
    mend = Text("{hint}", "{hint}")
    rule: str
    kind: Text
    hint: Text


@frozen(kw_only=True)
class RowsOverlap(Problem):
    """Two rows of a limits table that match the same case."""

    code = "P067"
    what = Text("this row and the one on line {first} match the same case", "本行与第 {first} 行会同时匹配同一情形")
    why = Text("which of the two limits holds would depend on their order", "哪个限值生效将取决于先后次序")
    mend = Text(
        "make their ranges meet without overlap (`over` and `before` are exclusive, `upto` and `since` inclusive), "
        "or give each row its own `effective:`",
        "请让区间首尾相接而不重叠（over、before 不含端点，upto、since 含端点），或为各行分别写 `effective:`",
    )
    first: int


@frozen(kw_only=True)
class BadRow(Problem):
    """A row that names a key which its table does not have, or misses or doubles one."""

    code = "P068"
    what = Text("the row does not choose by the keys of its table: {keys}", "该行没有按表的键选择：{keys}")
    why = Text("it would match cases that nobody meant, or none", "它会匹配到意料之外的情形，或什么也匹配不到")
    mend = Text(
        "give each key once: numbers with `eq`, or `over` and `upto` (over < upto); words with `eq`; "
        "dates with `eq`, or `since` and `before` (since < before)",
        "每个键只写一次：数值用 eq，或 over 与 upto（over < upto）；文字用 eq；日期用 eq，或 since 与 before"
        "（since < before）",
    )
    keys: str


@frozen(kw_only=True)
class NotChinese(Problem):
    """A Chinese text without a Chinese character."""

    code = "P069"
    what = Text("the Chinese text is blank or not Chinese: {text!r}", "中文文本为空或不含汉字：{text!r}")
    why = Text("every report exists in both languages", "每份报告都有中英两种文本")
    mend = Text("write the text in Chinese; quote it if it holds a colon", "请用中文书写；含冒号时请加引号")
    text: str


@frozen(kw_only=True)
class NoDirection(Problem):
    """A figure that may only be tightened, without a direction."""

    code = "P070"
    what = Text("{name!r} may only get stricter, but has no direction", "{name!r} 规定只许从严，但没有方向")
    why = Text("nobody can tell which of two values is the stricter", "无法判断两个值哪个更严")
    mend = Text(
        "write `stricter: lower` or `higher`, or `tailoring: fixed`",
        "请写 `stricter: lower` 或 `higher`，或改为 `tailoring: fixed`",
    )
    name: str


@frozen(kw_only=True)
class WordWithUnit(Problem):
    """A figure that is a word but has a unit or a direction, or a number without a unit."""

    code = "P071"
    what = Text(
        "{name!r}: a number has a unit, a word or Boolean has none and no direction",
        "{name!r}：数值必须有单位，文字或布尔值不得有单位和方向",
    )
    why = Text("a figure without a unit cannot be compared", "没有单位的数值无法比较")
    mend = Text('write `unit: "1"` for a plain number', '无量纲数请写 `unit: "1"`')
    name: str


@frozen(kw_only=True)
class BadArguments(Problem):
    """Arguments that a measure does not take, or lacks."""

    code = "P072"
    what = Text(
        "measure {measure!r} takes {expected}; given: {given}",
        "计算量 {measure!r} 的参数为 {expected}；实际给出：{given}",
    )
    why = Text("the value could not be computed for any case", "任何用例都无法算出该值")
    mend = Text("map each argument to a path such as request.network", "请把每个参数对应到路径，例如 request.network")
    measure: str
    expected: str
    given: str


@frozen(kw_only=True)
class NoUncertainty(Problem):
    """A guarded decision without an uncertainty, or an uncertainty that nothing uses."""

    code = "P073"
    what = Text(
        "`decision: guarded` and `uncertainty:` belong together", "`decision: guarded` 与 `uncertainty:` 必须同时出现"
    )
    why = Text("a guard band is as wide as the stated uncertainty", "保护带的宽度就是所声明的不确定度")
    mend = Text("add what is missing, or leave out both", "请补上缺少的一项，或两项都不写")


@frozen(kw_only=True)
class Loosened(Problem):
    """A profile that loosens a figure, or changes one that is fixed."""

    code = "P080"
    what = Text("{parameter} is set to {new}, from {old}; it is {tailoring} (stricter: {stricter})",
                "{parameter} 由 {old} 改为 {new}；它的裁剪规则是 {tailoring}（从严方向：{stricter}）")  # fmt: skip
    why = Text("a system could conform to the profile and not to the standard", "系统可能符合配置却不符合标准")
    mend = Text("choose a value at least as strict, or drop the line", "请取不低于原严格程度的值，或删去该行")
    parameter: str
    old: str
    new: str
    tailoring: str
    stricter: str


@frozen(kw_only=True)
class NotInForce(Problem):
    """A pack or profile that is not in force on the day asked for."""

    code = "P081"
    what = Text("{name} is not in force on {day}: from {start} to {end}", "{name} 在 {day} 不生效：自 {start} 至 {end}")
    why = Text("a result under it would say nothing of that day", "按它得出的结果对该日没有意义")
    mend = Text(
        "choose another --as-of, or a profile that is in force then", "请另选 --as-of 日期，或选用当日生效的配置"
    )
    name: str
    day: str
    start: str
    end: str


@frozen(kw_only=True)
class CyclicProfile(Problem):
    """A profile that extends itself."""

    code = "P082"
    what = Text("profile {name!r} extends itself: {chain}", "配置 {name!r} 循环继承：{chain}")
    why = Text("its figures cannot be settled", "无法确定其取值")
    mend = Text("take one `extends:` out", "请去掉其中一个 `extends:`")
    name: str
    chain: str


@frozen(kw_only=True)
class BadDate(Problem):
    """A day that does not exist, or an end before its start."""

    code = "P083"
    what = Text("{text!r} is no date, or ends before it starts", "{text!r} 不是有效日期，或结束早于开始")
    why = Text("it decides what is in force", "它决定何时生效")
    mend = Text("write YYYY-MM-DD, `from` before `to`", "请写成 YYYY-MM-DD，且 from 早于 to")
    text: str


@frozen(kw_only=True)
class OtherUnit(Problem):
    """A unit that does not convert to the one that is needed."""

    code = "P084"
    what = Text(
        "{name!r} is in {found!r}, which does not convert to {needed!r}",
        "{name!r} 的单位是 {found!r}，不能换算为 {needed!r}",
    )
    why = Text("quantities of different kinds do not compare", "不同种类的量不能比较")
    mend = Text("give the figure in {needed!r}", "请用 {needed!r} 给出数值")
    name: str
    found: str
    needed: str


@frozen(kw_only=True)
class SecretInFile(Problem):
    """A secret that stands in a system file."""

    code = "P090"
    what = Text("{name!r} holds a secret in plain text", "{name!r} 以明文写出了密钥")
    why = Text("system files are shared, hashed and put into reports", "系统文件会被共享、计算摘要并写入报告")
    mend = Text("put it into an environment variable and write {{env: NAME}}", "请放入环境变量并写成 {{env: 变量名}}")
    name: str


@frozen(kw_only=True)
class NoEnvironment(Problem):
    """A web service without a stated environment."""

    code = "P091"
    what = Text(
        "`environment:` is missing; {operation!r} is reached over http",
        "缺少 `environment:`；{operation!r} 通过 http 访问",
    )
    why = Text("a production system is never hunted for failures", "绝不对生产系统做失效搜索")
    mend = Text(
        "write `environment: test` (or staging, production)", "请写 `environment: test`（或 staging、production）"
    )
    operation: str


@frozen(kw_only=True)
class BadPlaceholder(Problem):
    """A placeholder in a command that means nothing."""

    code = "P093"
    what = Text("unknown placeholder {text!r}", "未知的占位符 {text!r}")
    why = Text("it would be passed on as it stands", "它会原样传给程序")
    mend = Text("the only placeholder is {{python}}", "唯一的占位符是 {{python}}")
    text: str


@frozen(kw_only=True)
class BadZone(Problem):
    """A time zone that the IANA database does not know."""

    code = "P094"
    what = Text("unknown time zone {zone!r}", "未知的时区 {zone!r}")
    why = Text("days, weeks and years begin there", "日、周、年的起点由时区决定")
    mend = Text(
        "write a name of the IANA time zone database, such as Asia/Shanghai",
        "请写 IANA 时区数据库中的名称，例如 Asia/Shanghai",
    )
    zone: str
