"""What can be wrong with the relation of a rule, found when the rule is loaded (R05x)."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class NotOfAnOperation(Problem):
    """A relation on something that is not called."""

    code = "R050"
    what = Text("{surface!r} is no operation, so it has no relation", "{surface!r} 不是操作，不能有 relation")
    why = Text(
        "a relation compares the answers to a request and to a changed one, so there must be something to call",
        "relation 比较对原请求与对改动后请求的应答，因此须有可调用的操作",
    )
    mend = Text(
        "let `applies_to` name an operation, or drop `relation`", "请让 `applies_to` 指向操作，或删去 `relation`"
    )
    surface: str


@frozen(kw_only=True)
class NoSuchField(Problem):
    """A path that leads to no described field of the request."""

    code = "R051"
    what = Text("the request has no field {path!r} to change", "请求中没有可改动的字段 {path!r}")
    why = Text(
        "a relation changes one field that the request schema describes; in lists, that of every element",
        "relation 改动请求模式中描述的一个字段；在列表中改动每个元素的该字段",
    )
    mend = Text("{hint}", "{hint}")
    path: str
    hint: Text


@frozen(kw_only=True)
class DoesNotFit(Problem):
    """A transform that the field's type does not allow."""

    code = "R052"
    what = Text("`{transform}` does not fit {path!r}, which is {found}", "`{transform}` 不适用于 {path!r}，它是{found}")
    why = Text("it needs {needed}", "它需要{needed}")
    mend = Text("choose another field or another transform", "请选择其他字段或其他变换")
    transform: str
    path: str
    found: Text
    needed: Text


@frozen(kw_only=True)
class WrongAmount(Problem):
    """An amount that is missing, not needed, or of the wrong kind."""

    code = "R053"
    what = Text("amount of `{transform}`: {detail}", "`{transform}` 的 amount：{detail}")
    why = Text(
        "what the change is worth must be told in the field's own kind of quantity, or as a share of its value",
        "改动量须以该字段同类的量表示，或表示为其数值的百分比",
    )
    mend = Text("write {wanted}", "请写成 {wanted}")
    transform: str
    detail: Text
    wanted: Text


@frozen(kw_only=True)
class NoBoundary(Problem):
    """``replace-future``, which needs to be told where the future begins."""

    code = "R054"
    what = Text("`replace-future` is not there yet", "`replace-future` 尚未提供")
    why = Text(
        "a request schema cannot say yet which samples of a signal lie after the decision, and to guess it would "
        "blame systems for using what they may know",
        "请求模式尚不能声明信号的哪些样本晚于决策时刻；若靠猜测，会把系统使用已知数据误判为泄漏",
    )
    mend = Text("leave this rule out until then", "在此之前请先不要写这条规则")
