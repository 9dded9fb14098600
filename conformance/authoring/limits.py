"""The limits of a pack: value, unit, side, source, clause and status of each."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.authoring.figures import Stated
from conformance.authoring.leaf import Leaf, known, limits_place, unit, value
from conformance.authoring.limit_tables import COLUMNS, KNOWN, VALUE, limit_table
from conformance.authoring.words import SIDES
from conformance.errors import Text
from conformance.markdown import Md, code, heading
from conformance.model.standard import LimitLookup, Rule

TITLE = Text("Limits", "限值")
_NONE = Text("This pack states no limits.", "本标准包未给出限值。")
_SIDE = Text(
    "An upper limit gets stricter as it falls, a lower limit as it rises. Whether the limit itself still passes is "
    "said by the expression of the [rule](#requirements).",
    "上限越低越严，下限越高越严。恰好等于限值时是否通过，以[规则](#requirements)的表达式为准。",
)
_IN_RULES = Text("Limits by rule", "各规则的限值")
_OTHER = Text("Other figures of rules", "规则中的其他数值")
_DIRECTIONLESS = Text(
    "Constants, thresholds and classes: none of them has a stricter side.", "常数、阈值与分级：没有更严的一侧。"
)
_UNCERTAINTIES = Text("Uncertainties of measurement", "测量不确定度")
_GUARDED = Text(
    "A pass needs a margin above the uncertainty, a failure one below minus it. The default holds where a system "
    "states none; stating more than the maximum spares it no failure.",
    "裕度大于不确定度才判通过，小于其负值才判未通过。系统未声明时取默认值；声明值超过最大值也不能免于判未通过。",
)
_HEAD = (Text("Rule", "规则"), Text("Figure", "参数"), Text("Profile", "配置"), VALUE, *COLUMNS, *KNOWN)
_FROM = Text("table {x}", "表 {x}")


def limits(leaf: Leaf) -> Iterator[Md]:
    """By rule first, then the tables of limits, then figures that are no limits."""
    yield heading(2, leaf.own(TITLE), "limits")
    sided, other = _by_rule(leaf, sided=True), _by_rule(leaf, sided=False)
    yield leaf.own(_SIDE if sided else _NONE)
    if sided:
        yield heading(3, leaf.own(_IN_RULES), "limits-by-rule")
        yield leaf.table(_HEAD, sided)
    for table in leaf.pack.limits.values():
        yield from limit_table(leaf, table)
    if other:
        yield heading(3, leaf.own(_OTHER), "other-figures")
        yield leaf.own(_DIRECTIONLESS)
        yield leaf.table(_HEAD, other)
    if leaf.figures.uncertainties:
        yield heading(3, leaf.own(_UNCERTAINTIES), "uncertainties")
        yield leaf.own(_GUARDED)
        yield leaf.table(_HEAD, [_stated(leaf, one) for one in leaf.figures.uncertainties])


def contents(leaf: Leaf) -> Iterator[tuple[Md, str]]:
    """Words and place of each part, for the list of contents."""
    if _by_rule(leaf, sided=True):
        yield leaf.own(_IN_RULES), "limits-by-rule"
    for table in leaf.pack.limits.values():
        yield leaf.say(table.title), limits_place(table.name)
    if _by_rule(leaf, sided=False):
        yield leaf.own(_OTHER), "other-figures"
    if leaf.figures.uncertainties:
        yield leaf.own(_UNCERTAINTIES), "uncertainties"


def _by_rule(leaf: Leaf, *, sided: bool) -> list[tuple[Md, ...]]:
    """A row for each figure of each rule that has a stricter side, or that has none; profiles' below the rule's own."""
    rows: list[tuple[Md, ...]] = []
    for rule in leaf.pack.rules.values():
        for name, given in rule.parameters.items():
            if isinstance(given, LimitLookup) and _has_side(leaf, given) is sided:
                rows.append(_looked_up(leaf, rule, name, given))
        stated = (one for one in leaf.figures.rules if one.rule.id == rule.id)
        rows += [_stated(leaf, one) for one in stated if (one.figure.stricter != "none") is sided]
    return rows


def _has_side(leaf: Leaf, given: LimitLookup) -> bool:
    return any(row.figure.stricter != "none" for row in leaf.pack.limits[given.table].rows)


def _looked_up(leaf: Leaf, rule: Rule, name: str, given: LimitLookup) -> tuple[Md, ...]:
    """A figure that is a row of a table: what all its rows are known by."""
    table = leaf.pack.limits[given.table]
    sides = (leaf.own(SIDES[row.figure.stricter]) for row in table.rows)
    columns = zip(*(known(leaf, row.figure) for row in table.rows), strict=True)
    return (
        leaf.titled(rule.id), code(name), Md(""), leaf.own(_FROM, x=leaf.limits(given.table)), unit(table.unit),
        *(leaf.listed(dict.fromkeys(column)) for column in (sides, *columns)),
    )  # fmt: skip


def _stated(leaf: Leaf, one: Stated) -> tuple[Md, ...]:
    return (
        leaf.titled(one.rule.id), code(one.name), code(one.profile or ""), value(one.figure), unit(one.figure.unit),
        leaf.own(SIDES[one.figure.stricter]), *known(leaf, one.figure),
    )  # fmt: skip
