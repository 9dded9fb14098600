"""Indicators in words for a terminal: always below the result, never in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.errors import Language, Text
from conformance.model.indicators import Indicators, Tail, Unseen
from conformance.model.run import Record
from conformance.report.facts import short
from conformance.report.plain import clean, number, wrap

SHOWN = 5
"""Tails of an operation that are shown, the likeliest to be broken first."""

_HEAD = Text(
    "Indicators of {operation}, from {n} independent cases; they decide nothing",
    "{operation} 的参考指标，依据 {n} 个独立抽样用例；不作为判定依据",
)
_UNSEEN = Text(
    "Unseen behaviour: {classes} classes of outcome, deciding clause and place were seen, {once} of them once. The "
    "next case shows a new one with a chance of {share} % (Good-Turing).",
    "未见行为：共见到 {classes} 类“结果、判定条款与位置”组合，其中 {once} 类仅出现一次。"
    "下一个用例出现新类别的概率为 {share} %（Good-Turing 估计）。",
)
_TAIL = Text(
    "Tail of {rule}: least margin {least}; a curve through the worst {fitted} of {n} cases goes on beyond the limit "
    "for about {beyond} % of requests (shape {shape}).",
    "{rule} 的尾部：最小裕度 {least}；对最差的 {fitted} 个（共 {n} 个）用例拟合的曲线，约有 {beyond} % 的请求越限"
    "（形状参数 {shape}）。",
)
_ENDS = Text(
    "Tail of {rule}: least margin {least}; a curve through the worst {fitted} of {n} cases ends before the limit "
    "(shape {shape}).",
    "{rule} 的尾部：最小裕度 {least}；对最差的 {fitted} 个（共 {n} 个）用例拟合的曲线止于限值之内"
    "（形状参数 {shape}）。",
)
_NONE = Text("No indicators: the record holds no independent case.", "没有参考指标：记录中没有独立抽样用例。")


def indicator_lines(record: Record, found: Sequence[Indicators], *, lang: Language = "en", width: int = 80) -> str:
    """The indicators ``found`` of the operations of ``record``, as text of at most ``width`` columns."""
    lines = [line for one in found for line in _of(record, one, lang, width)] or [_NONE.in_(lang)]
    return "\n".join(lines) + "\n"


def _of(record: Record, found: Indicators, lang: Language, width: int) -> Iterator[str]:
    unseen = found.unseen
    yield from wrap(_HEAD.format(operation=clean(found.operation), n=unseen.cases).in_(lang), width)
    said = [_UNSEEN.format(classes=unseen.classes, once=unseen.once, share=_share(unseen))]
    said += [_tail(record, tail) for tail in found.tails[:SHOWN]]
    for text in said:
        yield from (f"  {line}" for line in wrap(text.in_(lang), width - 2))


def _share(unseen: Unseen) -> str:
    """In percent; where no class was seen once only, less than a single case would give."""
    return number(unseen.share * 100, places=2) if unseen.once else f"< {number(100 / unseen.cases, places=2)}"


def _tail(record: Record, tail: Tail) -> Text:
    rule = record.header.pack.rules.get(tail.rule)
    template = _TAIL if tail.beyond > 0 else _ENDS
    return template.format(
        rule=Text(clean(rule.title.en), clean(rule.title.zh)) if rule else clean(short(tail.rule)),
        least=number(tail.least),
        fitted=tail.fitted,
        n=tail.cases,
        beyond=number(tail.beyond * 100),
        shape=number(tail.shape, places=2),
    )
