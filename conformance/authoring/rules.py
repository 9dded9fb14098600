"""One rule on a page: where it applies, what it requires, by which figures."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.authoring.leaf import Leaf, amount, facts, rule_place
from conformance.authoring.words import RULE_STATUS, SIDES, STATUSES
from conformance.errors import Text
from conformance.markdown import Md, block, bullets, code, heading
from conformance.model.standard import Figure, Join, LimitLookup, Machine, Rule, Step, Transition
from conformance.model.words import SEVERITIES

_APPLIES = Text("Applies to {surface}{where}{claimed}.", "适用于{surface}{where}{claimed}。")
_SURFACES = {
    "operations": Text("every answer of operation {name}", "操作 {name} 的每次应答"),
    "tables": Text("every row of table {name}", "表 {name} 的每一行"),
    "documents": Text("document {name}", "文件 {name}"),
}
_CHAINED = Text("what the steps below make of table {name}", "由表 {name} 按下列步骤得到的值")
_WHERE = Text(" where {when}", "，条件为 {when}")
_CLAIMED = Text(", if the system claims {capability}", "，前提是系统声明具备 {capability}")
_VACUOUS = Text("It can show something only where {when}.", "仅当 {when} 时限值才可能起约束作用。")
_CHANGED = Text(
    "It compares the answers to a request and to a changed one: {transform} {path}{amount}.",
    "比较对原请求与改动后请求的应答：{transform} {path}{amount}。",
)
_BY_AMOUNT = Text(" by {amount}", "，幅度 {amount}")
_OF = Text(" of {of}", "（取自 {of}）")
_ROWS = Text(" of the rows where {where}", "（仅取 {where} 的行）")
_BY = Text(", by {by}", "，按 {by} 分组")
_EVERY = Text(", every {every}", "，窗口 {every}")
_COVERAGE = Text(", with at least {coverage} of the samples", "，样本不少于 {coverage}")
_GAP = Text(
    "Neighbouring samples further apart than {gap} miss samples in between.",
    "相邻样本间隔超过 {gap} 时，其间视为有样本缺失。",
)
_STEPS = Text("Steps:", "步骤：")
_JOIN_TABLE = Text("{name}: the row of table {table} with the same {on}", "{name}：表 {table} 中 {on} 相同的行")
_JOIN_DOCUMENT = Text("{name}: document {document}", "{name}：文件 {document}")
_KNOWS = Text("Beside it:", "同时引用：")
_REQUIRED = Text("Required:", "要求：")
_MACHINE = Text(
    "Each life (one {by}) begins in {start}; its events ({event}) must be among these steps:",
    "每个生命周期（{by}）始于 {start}；其事件（{event}）必须是下列步骤之一：",
)
_STEP_HEAD = (Text("In", "当前状态"), Text("On", "事件"), Text("To", "转入"), Text("Where", "条件"))
_LOOKUP = Text("{name}: from table {table}, by {keys}", "{name}：取自表 {table}，按 {keys}")
_FIGURE = Text("{name}: {amount}{side} ({source}, {status})", "{name}：{amount}{side}（{source}，{status}）")
_SIDE = Text(", {side}", "，{side}")
_ATTESTED = Text(
    "An assessor answers: {question} Evidence: {evidence}. A record holds for {validity}.",
    "由评估人员回答：{question} 证据：{evidence}。记录有效期：{validity}。",
)


def rule(leaf: Leaf, shown: Rule) -> Iterator[Md]:
    """The blocks of one rule under its heading."""
    yield heading(4, leaf.say(shown.title), rule_place(shown.id))
    status = leaf.own(RULE_STATUS[shown.status])
    yield facts([code(shown.id), leaf.own(SEVERITIES[shown.severity]), Md(f"**{status}**" if status else "")])
    if shown.attested is not None:
        held = shown.attested
        yield leaf.own(
            _ATTESTED,
            question=leaf.say(held.question),
            evidence=leaf.codes(held.evidence),
            validity=code(held.validity),
        )
    else:
        yield _applicability(leaf, shown)
        yield from _measured(leaf, shown)
        if shown.require is not None:
            yield leaf.own(_REQUIRED)
            yield block(shown.require.text)
    if shown.machine is not None:
        yield from _machine(leaf, shown.machine)
    figures: dict[str, Figure | LimitLookup] = dict(shown.parameters)
    if shown.uncertainty is not None:
        figures |= {"uncertainty": shown.uncertainty.default}
    yield bullets(_parameter(leaf, name, given) for name, given in figures.items())
    if shown.note is not None:
        yield leaf.say(shown.note)


def _applicability(leaf: Leaf, shown: Rule) -> Md:
    kind = next((k for k in _SURFACES if shown.applies_to in getattr(leaf.pack, k)), "documents")
    surface = leaf.own(_CHAINED if shown.chain else _SURFACES[kind], name=code(shown.applies_to))
    where = leaf.own(_WHERE, when=code(shown.when.text)) if shown.when else Md("")
    claimed = leaf.own(_CLAIMED, capability=code(shown.capability)) if shown.capability else Md("")
    said = leaf.own(_APPLIES, surface=surface, where=where, claimed=claimed)
    if shown.vacuous_unless is None:
        return said
    return leaf.sentences([said, leaf.own(_VACUOUS, when=code(shown.vacuous_unless.text))])


def _measured(leaf: Leaf, shown: Rule) -> Iterator[Md]:
    """What stands before the requirement: a changed request, steps of a chain, joins."""
    if (relation := shown.relation) is not None:
        by = leaf.own(_BY_AMOUNT, amount=code(relation.amount)) if relation.amount else Md("")
        yield leaf.own(_CHANGED, transform=code(relation.transform), path=code(relation.path), amount=by)
    if shown.chain:
        yield leaf.own(_STEPS)
        yield Md("\n".join(f"{n}. {_step(leaf, shown, step, n)}" for n, step in enumerate(shown.chain, start=1)))
    if shown.gap is not None:
        yield leaf.own(_GAP, gap=code(shown.gap))
    if shown.joins:
        yield leaf.own(_KNOWS)
        yield bullets(_join(leaf, name, join) for name, join in shown.joins.items())


def _step(leaf: Leaf, shown: Rule, step: Step, number: int) -> Md:
    first = number == 1
    of = leaf.own(_OF, of=code(shown.of.text)) if first and shown.of else Md("")
    rows = leaf.own(_ROWS, where=code(shown.where.text)) if first and shown.where else Md("")
    by = leaf.own(_BY, by=leaf.codes(step.by)) if step.by else Md("")
    every = leaf.own(_EVERY, every=code(step.every)) if step.every else Md("")
    return Md(f"{code(step.take)}{of}{rows}{by}{every}{leaf.own(_COVERAGE, coverage=code(step.coverage))}")


def _join(leaf: Leaf, name: str, join: Join) -> Md:
    if join.document is not None:
        return leaf.own(_JOIN_DOCUMENT, name=code(name), document=code(join.document))
    on = leaf.listed(
        code(key) if key == column else Md(f"{code(key)} = {code(column)}") for key, column in join.on.items()
    )
    return leaf.own(_JOIN_TABLE, name=code(name), table=code(join.table or ""), on=on)


def _machine(leaf: Leaf, machine: Machine) -> Iterator[Md]:
    yield leaf.own(_MACHINE, by=leaf.codes(machine.by), start=code(machine.start), event=code(machine.event))
    yield leaf.table(_STEP_HEAD, (_transition(leaf, step) for step in machine.transitions))


def _transition(leaf: Leaf, step: Transition) -> tuple[Md, Md, Md, Md]:
    return leaf.codes(step.of), code(step.on), code(step.to), code(step.when.text if step.when else "")


def _parameter(leaf: Leaf, name: str, given: Figure | LimitLookup) -> Md:
    if isinstance(given, LimitLookup):
        keys = leaf.listed(Md(f"{code(key)} = {code(of.text)}") for key, of in given.by.items())
        return leaf.own(_LOOKUP, name=code(name), table=leaf.limits(given.table), keys=keys)
    side = leaf.own(SIDES[given.stricter])
    return leaf.own(
        _FIGURE,
        name=code(name),
        amount=amount(given),
        side=leaf.own(_SIDE, side=side) if side else Md(""),
        source=leaf.source(given.source),
        status=leaf.own(STATUSES[given.status]),
    )
