"""What can be wrong with a request schema as an input space, and with a schema as a validator (C1xx)."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class SpaceProblem(Problem):
    """A request schema that, with this site, describes no input space."""

    path: str


@frozen(kw_only=True)
class NoValue(SpaceProblem):
    """A required field for which nothing says what to send."""

    code = "C101"
    what = Text("request field {path!r} has no value to send", "请求字段 {path!r} 没有可发送的取值")
    why = Text(
        "it is required, and neither the schema nor the site gives it a value",
        "该字段为必填，而模式和现场数据都没有给出取值",
    )
    mend = Text(
        "give it `nominal`, `const`, `choices` or `site`, or drop it from `required`",
        "请给出 `nominal`、`const`、`choices` 或 `site`，或将其移出 `required`",
    )


@frozen(kw_only=True)
class BadBounds(SpaceProblem):
    """Bounds, a nominal value or a resolution that cannot be read."""

    code = "C102"
    what = Text("request field {path!r}: {detail}", "请求字段 {path!r}：{detail}")
    why = Text(
        "cases are drawn between the bounds, in steps of the resolution, and shrink toward nominal",
        "用例在上下界之间按分辨率取值，并向额定值收缩",
    )
    mend = Text(
        'write `"bounds": {{"lower": B, "upper": B}}`, B a number or {{"of": FIELD, "times": x, "plus": y}}',
        '请写成 `"bounds": {{"lower": B, "upper": B}}`，B 为数值或 {{"of": 字段, "times": x, "plus": y}}',
    )
    detail: Text


@frozen(kw_only=True)
class BadSibling(SpaceProblem):
    """A bound or `follows` that names a field which cannot serve."""

    code = "C103"
    what = Text(
        "request field {path!r} refers to {sibling!r}: {detail}", "请求字段 {path!r} 引用了 {sibling!r}：{detail}"
    )
    why = Text(
        "a bound needs one fixed number; `follows` needs a number beside it",
        "界限须取自一个固定数值；`follows` 须引用同级的数值字段",
    )
    mend = Text(
        "name a number field of the same object, or write `nominal`",
        "请引用同一对象中的数值字段，或写 `nominal`",
    )
    sibling: str
    detail: Text


@frozen(kw_only=True)
class EmptyBounds(SpaceProblem):
    """Bounds between which no value lies."""

    code = "C104"
    what = Text(
        "request field {path!r}: no value between {lower:g} and {upper:g}",
        "请求字段 {path!r}：{lower:g} 与 {upper:g} 之间没有可取的值",
    )
    why = Text("a field that may take no value cannot be tested", "取值范围为空的字段无法测试")
    mend = Text(
        "check the order of the bounds, `minimum`, `maximum`, the resolution, and the site's own figures",
        "请检查上下界的次序、`minimum`、`maximum`、分辨率以及现场数据",
    )
    lower: float
    upper: float


@frozen(kw_only=True)
class BadChoices(SpaceProblem):
    """Choices that cannot be drawn from."""

    code = "C105"
    what = Text("request field {path!r}: {detail}", "请求字段 {path!r}：{detail}")
    why = Text("each choice is drawn with the share that its weight gives it", "每个选项按其权重所占比例抽取")
    mend = Text(
        'write `"choices": [{{"value": true, "weight": 0.97}}, ...]`; the nominal value is one of them',
        '请写成 `"choices": [{{"value": true, "weight": 0.97}}, ...]`，且额定值须在其中',
    )
    detail: Text


@frozen(kw_only=True)
class NoSite(SpaceProblem):
    """A part of the request that the site should bring and does not."""

    code = "C106"
    what = Text(
        "the site has no usable {site!r}, which fills request field {path!r}",
        "现场数据缺少可用的 {site!r}，无法填充请求字段 {path!r}",
    )
    why = Text("the request is built on the system's own site or a base case", "请求以系统自身现场或基础算例为底")
    mend = Text(
        "name a site of that kind in the system file, or correct its content",
        "请在系统文件中给出该类现场，或更正其内容",
    )
    site: str


@frozen(kw_only=True)
class BadSignal(SpaceProblem):
    """A `signal` annotation that cannot be expanded."""

    code = "C107"
    what = Text("request field {path!r}: {detail}", "请求字段 {path!r}：{detail}")
    why = Text("a signal is drawn at its knots and expanded to its length", "信号先在节点处取值，再展开为给定长度")
    mend = Text(
        'write `"signal": {{"knots": k, "length": n, "interpolation": "linear"}}` with 1 <= k <= n <= 100000',
        '请写成 `"signal": {{"knots": k, "length": n, "interpolation": "linear"}}`，1 <= k <= n <= 100000',
    )
    detail: Text


@frozen(kw_only=True)
class BadBand(SpaceProblem):
    """A declared operating range that holds no value, or of a field that is no number."""

    code = "C108"
    what = Text("declared envelope of {path!r}: {detail}", "{path!r} 的声明运行范围：{detail}")
    why = Text(
        "findings outside the declared envelope do not decide, so it must be clear what is outside",
        "声明范围之外的结果不参与判定，因此范围必须明确",
    )
    mend = Text(
        "give a lower and a higher number for a numeric request field",
        "请为数值型请求字段给出由小到大的两个数",
    )
    detail: Text


@frozen(kw_only=True)
class NoSpace(SpaceProblem):
    """A request schema that is no description of one object of bounded depth."""

    code = "C109"
    what = Text("request schema at {path!r}: {detail}", "请求模式 {path!r} 处：{detail}")
    why = Text("requests are built from the properties of one object", "请求由一个对象的各属性生成")
    mend = Text(
        "describe the request as an object with `properties`, at most 32 levels deep",
        "请将请求描述为带 `properties` 的对象，嵌套不超过 32 层",
    )
    detail: Text


@frozen(kw_only=True)
class UnusableSchema(Problem):
    """A JSON Schema that cannot be compiled into a validator."""

    code = "C110"
    what = Text("this JSON Schema cannot be used: {detail}", "该 JSON Schema 无法使用：{detail}")
    why = Text(
        "data are judged by JSON Schema 2020-12 without references outside the schema, with linear patterns",
        "数据按 JSON Schema 2020-12 校验，不允许外部引用，正则须可线性匹配",
    )
    mend = Text(
        "resolve references inside the pack; use patterns without look-around and back-references",
        "请在标准包内解析引用；正则中不要使用环视和反向引用",
    )
    detail: str
