"""What can be wrong in an expression of the rule language, found when the rule is loaded."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from attrs import frozen

from conformance.errors.base import Problem, Text

_SEE = Text("see docs/rule-language.md for what an expression may hold", "表达式的写法见 docs/rule-language.zh-CN.md")
_CONVERT = Text("compare or convert it explicitly", "请明确地比较或换算")


def did_you_mean(name: str, options: Iterable[str]) -> Text:
    """The options nearest to ``name``, or a few of them, as the end of a ``mend``."""
    known = sorted(options)
    near = get_close_matches(name[:80], known, n=3, cutoff=0.6)
    if near:
        shown = ", ".join(near)
        return Text(f"did you mean {shown}?", f"是否应为 {shown}？")
    if not known:
        return Text("there is none to choose from here", "此处没有可用的名称")
    shown = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
    return Text(f"known here: {shown}", f"此处可用：{shown}")


@frozen(kw_only=True)
class TooLarge(Problem):
    """An expression beyond a bound of the language."""

    code = "R001"
    what = Text("the expression has too many {of}: more than {limit}", "表达式的{of}过多：超过 {limit}")
    why = Text(
        "a rule must be readable by a person and cost a bounded time to check",
        "规则须便于人工阅读，检查耗时也须有上限",
    )
    mend = Text("split it into several rules", "请拆分为多条规则")
    of: Text
    limit: int


@frozen(kw_only=True)
class WrongCharacter(Problem):
    """A character that looks like an operator of the language, or none of its characters at all."""

    code = "R002"
    what = Text("{found!r} is not a character of the rule language", "规则语言不使用字符 {found!r}")
    why = Text(
        "typographic and full-width signs look like operators but are other characters",
        "排版符号和全角符号形似运算符，实为其他字符",
    )
    mend = Text("{instead}", "{instead}")
    found: str
    instead: Text


@frozen(kw_only=True)
class NotAnExpression(Problem):
    """Text that does not parse."""

    code = "R003"
    what = Text("this is not an expression", "此处不构成表达式")
    why = Text("the rule cannot be read beyond this place", "规则从此处起无法解析")
    mend = Text("{hint}", "{hint}")
    hint: Text


@frozen(kw_only=True)
class NotInLanguage(Problem):
    """Something of Python that the rule language leaves out."""

    code = "R004"
    what = Text("the rule language has no {construct}", "规则语言不支持{construct}")
    why = Text(
        "a rule may only compare, count and combine, so that it ends, has no side effects and has a margin",
        "规则只能比较、计数与组合，方能保证终止、无副作用且有裕度",
    )
    mend = Text("{hint}", "{hint}")
    construct: Text
    hint: Text = _SEE


@frozen(kw_only=True)
class BadNumber(Problem):
    """A number that cannot be kept."""

    code = "R005"
    what = Text("this number is not finite or too long", "该数值非有限数或位数过长")
    why = Text("nothing can be compared with it", "无法与之比较")
    mend = Text("write a finite decimal number", "请写有限的十进制数")


@frozen(kw_only=True)
class BadText(Problem):
    """A quoted text that is not a word on one line."""

    code = "R006"
    what = Text("this text in quotes cannot be read", "该引号文本无法读取")
    why = Text(
        "a word stands on one line, has at most {limit} characters, one kind of quotes and no backslash",
        "语言中的文本须写在一行内，不超过 {limit} 个字符，只用一种引号，不含反斜杠",
    )
    mend = Text("shorten it, or close the quote", "请缩短文本或补全引号")
    limit: int


@frozen(kw_only=True)
class Unbalanced(Problem):
    """A bracket without its partner."""

    code = "R007"
    what = Text("the bracket {bracket!r} has no partner", "括号 {bracket!r} 不配对")
    why = Text("where the part ends cannot be told", "无法判断该部分在何处结束")
    mend = Text("add or remove a bracket", "请补上或删去括号")
    bracket: str


@frozen(kw_only=True)
class UnknownName(Problem):
    """A name that stands for nothing here."""

    code = "R010"
    what = Text("unknown name {name!r}", "未知名称 {name!r}")
    why = Text(
        "a rule knows request, response, the pack's derived values, its own parameters and its loop variables",
        "规则只能使用 request、response、标准包的导出值、自身参数和循环变量",
    )
    mend = Text("{hint}", "{hint}")
    name: str
    hint: Text


@frozen(kw_only=True)
class UnknownField(Problem):
    """A field that the schema does not have."""

    code = "R011"
    what = Text("{owner!r} has no field {name!r}", "{owner!r} 没有字段 {name!r}")
    why = Text(
        "the interface's schema does not have it, so it would always be missing", "接口模式中没有该字段，取值将始终缺失"
    )
    mend = Text("{hint}", "{hint}")
    owner: str
    name: str
    hint: Text


@frozen(kw_only=True)
class UnknownFunction(Problem):
    """A call of something that is no function of the language."""

    code = "R012"
    what = Text("unknown function {name!r}", "未知函数 {name!r}")
    why = Text("a rule calls only functions of the language", "规则只能调用语言内置的函数")
    mend = Text("{hint}", "{hint}")
    name: str
    hint: Text


@frozen(kw_only=True)
class WrongArguments(Problem):
    """A function that is given what it does not take."""

    code = "R013"
    what = Text("{function} cannot take these arguments", "{function} 不接受这样的参数")
    why = Text("the meaning of the call would not be clear", "该调用的含义不明确")
    mend = Text("write {usage}", "请写作 {usage}")
    function: str
    usage: str


@frozen(kw_only=True)
class NameTaken(Problem):
    """A loop variable or parameter that hides another name."""

    code = "R014"
    what = Text("{name!r} already means something else", "{name!r} 已另有含义")
    why = Text("one name with two meanings misleads the reader of a rule", "一名两义会误导规则的读者")
    mend = Text("choose another name", "请改用其他名称")
    name: str


@frozen(kw_only=True)
class WrongTargets(Problem):
    """A loop with too many or too few variables."""

    code = "R015"
    what = Text("this loop needs {needed} variable(s), not {given}", "该循环需要 {needed} 个变量，而不是 {given} 个")
    why = Text(
        "pair and zip give one element of each list in every round; a plain list gives one",
        "pair 与 zip 每轮各给出一个元素；普通列表每轮给出一个",
    )
    mend = Text("write one variable for each list", "请为每个列表写一个变量")
    needed: int
    given: int


@frozen(kw_only=True)
class TooManyLoops(Problem):
    """Loops within loops beyond the bound on cost."""

    code = "R016"
    what = Text("more than {limit} loops stand within each other", "循环嵌套超过 {limit} 层")
    why = Text("the cost is the product of the lists' lengths", "计算量为各列表长度之积")
    mend = Text("use pair to join two lists by key, or a derived value", "请用 pair 按键连接两个列表，或改用导出值")
    limit: int


@frozen(kw_only=True)
class WrongType(Problem):
    """A value of one type where another is needed."""

    code = "R020"
    what = Text("{expected} is needed here, not {found}", "此处需要{expected}，而不是{found}")
    why = Text("the operation has no meaning for it", "该运算对其没有意义")
    mend = Text("{hint}", "{hint}")
    expected: Text
    found: Text
    hint: Text = _CONVERT


@frozen(kw_only=True)
class UnitsDiffer(Problem):
    """Two quantities of different kinds that are added or compared."""

    code = "R021"
    what = Text("{left} does not go with {right}", "{left} 与 {right} 不能相加或比较")
    why = Text(
        "they are different kinds of quantity, or ratios of different bases; the comparison has no meaning",
        "两者是不同种类的量，或基准不同的比值，比较没有意义",
    )
    mend = Text("{hint}", "{hint}")
    left: str
    right: str
    hint: Text


@frozen(kw_only=True)
class BadQuantity(Problem):
    """A quantity that is no number with a unit."""

    code = "R022"
    what = Text("{found!r} is no quantity", "{found!r} 不是带单位的量")
    why = Text("a quantity is a finite number and a unit of the closed list", "量由有限数值和单位表中的单位组成")
    mend = Text('write for example q("5 min")', '例如 q("5 min")')
    found: str


@frozen(kw_only=True)
class UnnamedNumber(Problem):
    """A number in a rule that has no name."""

    code = "R023"
    what = Text("the number {value} has no name", "数值 {value} 没有名称")
    why = Text(
        "every number in a verdict has a name, a unit, a direction and a source; only 0, 1, 2, 100 need none",
        "进入判定的每个数都要有名称、单位、趋严方向和来源；仅 0、1、2、100 例外",
    )
    mend = Text("make it a parameter of the rule, or a row of a limits file", "请写成规则的参数，或限值文件中的一行")
    value: str


@frozen(kw_only=True)
class NoScale(Problem):
    """A comparison whose margin cannot be normalised."""

    code = "R024"
    what = Text("no scale for a comparison in {unit}", "缺少以 {unit} 为单位的比较的尺度")
    why = Text(
        "margins of different kinds meet only after each is divided by its scale, and what counts as zero is set by it",
        "不同种类的裕度须先除以各自的尺度才能汇合，何为零也由尺度决定",
    )
    mend = Text("add for example `scale: {example}` to the rule", "请在规则中加入尺度，例如 `scale: {example}`")
    unit: str
    example: str


@frozen(kw_only=True)
class BadScale(Problem):
    """A scale that is no positive quantity, or a second one of the same kind."""

    code = "R025"
    what = Text("{found!r} cannot be a scale", "{found!r} 不能作为尺度")
    why = Text("a scale is positive, one for each kind of quantity in the rule", "尺度为正的量，规则中每种量各一个")
    mend = Text(
        "write for example `scale: 1 MW`, or `scale: {{power: 1 MW, level: 1}}`",
        "例如 `scale: 1 MW` 或 `scale: {{power: 1 MW, level: 1}}`",
    )
    found: str


@frozen(kw_only=True)
class ImpossibleWord(Problem):
    """A word that the schema does not allow there."""

    code = "R026"
    what = Text("{word!r} never occurs here", "此处不会出现 {word!r}")
    why = Text(
        "the schema lists the words that may stand here, so the comparison is always the same",
        "模式已列出此处允许的取值，该比较的结果恒定不变",
    )
    mend = Text("{hint}", "{hint}")
    word: str
    hint: Text


@frozen(kw_only=True)
class NoTrueZero(Problem):
    """A temperature in degC that is added, multiplied or negated."""

    code = "R027"
    what = Text(
        "{unit} has no true zero: only a difference can be computed with", "{unit} 没有绝对零点，只能用差值参与运算"
    )
    why = Text(
        "20 degC is not twice 10 degC; the result would depend on where the scale begins",
        "20 degC 并非 10 degC 的两倍，结果会取决于温标的起点",
    )
    mend = Text(
        "compare two temperatures, or subtract them first: the difference is in {difference}",
        "请直接比较两个温度，或先相减：差值的单位为 {difference}",
    )
    unit: str
    difference: str


@frozen(kw_only=True)
class UnknownOperation(Problem):
    """A rule on an operation or a table that the pack does not have."""

    code = "R030"
    what = Text("the pack has no operation or table {name!r}", "标准包中没有操作或数据表 {name!r}")
    why = Text("without it nothing in the rule has a type", "没有它，规则中的量便没有类型")
    mend = Text("{hint}", "{hint}")
    name: str
    hint: Text


@frozen(kw_only=True)
class WrongLookup(Problem):
    """A parameter that asks a limits table for what it does not have."""

    code = "R031"
    what = Text("parameter {parameter!r} cannot look up table {table!r}", "参数 {parameter!r} 无法查询限值表 {table!r}")
    why = Text("the table is not in the pack, or has other keys", "标准包中没有该表，或表的键不同")
    mend = Text("{hint}", "{hint}")
    parameter: str
    table: str
    hint: Text


@frozen(kw_only=True)
class ChainNeedsTable(Problem):
    """A chain of aggregation on what is no recorded table."""

    code = "R040"
    what = Text("{name!r} is no recorded table, so nothing can be aggregated", "{name!r} 不是记录表，无法聚合")
    why = Text("a chain pools the rows of a table", "聚合链汇总的是数据表的行")
    mend = Text("name a table of the pack under `applies_to`", "请在 `applies_to` 中写标准包的数据表")
    name: str


@frozen(kw_only=True)
class UnknownColumn(Problem):
    """A group that the samples of a step do not have."""

    code = "R041"
    what = Text("step {step} of the chain cannot group by {name!r}", "聚合链第 {step} 步不能按 {name!r} 分组")
    why = Text(
        "a first step groups by columns of the table, a later one by those that the step before left",
        "首步按数据表的列分组，其后各步只能按前一步留下的列分组",
    )
    mend = Text("{hint}", "{hint}")
    step: int
    name: str
    hint: Text


@frozen(kw_only=True)
class WrongWindow(Problem):
    """A window that cannot be made of the samples of its step."""

    code = "R042"
    what = Text("step {step} of the chain: `every: {every}`: {fault}", "聚合链第 {step} 步：`every: {every}`：{fault}")
    why = Text(
        "each sample must lie in one window, and how many belong to it must be known",
        "每个样本须恰属于一个窗口，且窗口应有的样本数须确定",
    )
    mend = Text(
        "write a multiple of the length before it, or hour, day, week, month or year",
        "请写前一步长度的整数倍，或 hour、day、week、month、year",
    )
    step: int
    every: str
    fault: Text


@frozen(kw_only=True)
class WrongTake(Problem):
    """A statistic that a step cannot take of its samples."""

    code = "R043"
    what = Text("step {step} of the chain cannot take {take!r}: {fault}", "聚合链第 {step} 步不能取 {take!r}：{fault}")
    why = Text("its value would have no meaning", "其结果没有意义")
    mend = Text("change `take:` or `of:`", "请更改 `take:` 或 `of:`")
    step: int
    take: str
    fault: Text


@frozen(kw_only=True)
class CoverageOfTotal(Problem):
    """A total that is to stand for samples which are not in it."""

    code = "R046"
    what = Text(
        "step {step} of the chain: {take} with a coverage below 100 %", "聚合链第 {step} 步：{take} 的覆盖率低于 100 %"
    )
    why = Text(
        "a total lacks what is missing, so that leaving samples out would help to keep below a limit",
        "总量中不含缺失的样本，缺得越多越容易不超限",
    )
    mend = Text(
        "leave `coverage:` out, or take the mean, which the samples that are there can stand for",
        "请删去 `coverage:`，或改用 mean：已有样本可代表其平均值",
    )
    step: int
    take: str


@frozen(kw_only=True)
class WrongCoverage(Problem):
    """A coverage that is no share of the samples."""

    code = "R044"
    what = Text("step {step} of the chain: {found!r} is no coverage", "聚合链第 {step} 步：{found!r} 不是覆盖率")
    why = Text(
        "a coverage is a share of the expected samples: above 0 and at most 100 %",
        "覆盖率是应有样本中的占比，须大于 0 且不超过 100 %",
    )
    mend = Text(
        "write for example `coverage: 90 %`, or the name of a parameter; {hint}",
        "例如 `coverage: 90 %`，或写参数名；{hint}",
    )
    step: int
    found: str
    hint: Text


@frozen(kw_only=True)
class WrongJoin(Problem):
    """A join that does not name one row, or one document."""

    code = "R045"
    what = Text("the join {name!r}: {fault}", "关联 {name!r}：{fault}")
    why = Text(
        "what is joined must be one row or one document, else it is not known which value is meant",
        "关联对象须为唯一的一行或一份文档，否则无法确定所指的值",
    )
    mend = Text("{hint}", "{hint}")
    name: str
    fault: Text
    hint: Text
