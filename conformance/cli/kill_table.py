"""The kill matrix as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from conformance.assess.kills import Alarms, Row
from conformance.assess.recorded_kills import RecordedAlarms, RecordedRow
from conformance.errors import Language, Text, columns
from conformance.model.json import JSON
from conformance.model.standard import Pack

_CALLED = Text(
    "reference: {n} cases, {a} false alarms, {r} refused, {v} vacuous, {m} within 0.1 of a limit",
    "参考系统：{n} 个用例，误报 {a}，拒绝 {r}，空约束 {v}，距限值 0.1 以内 {m}",
)
_RECORDED = Text(
    "reference: {n} recordings with {rows} rows, {a} false alarms, {m} rules within 0.1 of their limit",
    "参考系统：{n} 份记录共 {rows} 行，误报 {a}，{m} 条规则距限值 0.1 以内",
)
_CASE = Text("  {rule}: case {n}", "  {rule}：用例 {n}")
_RECORDING = Text("  {rule}: recording {n} {said}", "  {rule}：记录 {n} {said}")
_VACUOUS = Text("  vacuous: {rule} {share:.0%} of {n} rows", "  空约束：{rule} 占 {n} 行的 {share:.0%}")
_HEAD = (
    Text("defect", "缺陷"),
    Text("found by (case, or rows failed of rows judged)", "检出规则（用例序号，或不符行数/判定行数）"),
    Text("smallest", "最小幅度"),
)
_SURVIVES = Text("SURVIVES", "漏检")
_NO_CHANGE = Text("(nothing was changed)", "（未造成任何改变）")


def as_text(rows: Sequence[Row], alarms: Sequence[Alarms | RecordedAlarms], lang: Language) -> str:
    """A table for the terminal: defect, rules that name it with their cases to kill, smallest size found."""
    lines = [[h.in_(lang) for h in _HEAD]]
    for row in rows:
        found = [f"{_name(rule)} ({_cost(row, rule)})" for rule in row.named_by if rule in row.killed_by]
        missed = [f"{_SURVIVES.in_(lang)} {_name(rule)}{_instead(row, rule, lang)}" for rule in row.survived]
        size = "" if row.smallest is None else f"{row.smallest:g}"
        lines.append([row.defect, ", ".join(missed + found), size])
    wide = [max(columns(line[i]) for line in lines) for i in range(2)]
    table = [
        "  ".join([*(c + " " * (w - columns(c)) for c, w in zip(line, wide, strict=False)), line[2]]).rstrip()
        for line in lines
    ]
    return "\n".join([*(line for one in alarms for line in _alarms(one, lang)), *table])


def _alarms(alarms: Alarms | RecordedAlarms, lang: Language) -> Iterator[str]:
    if isinstance(alarms, Alarms):
        vacuous = sum(alarms.vacuous.values())
        counts = {"n": alarms.cases, "a": len(alarms.false_alarms), "r": alarms.refused, "v": vacuous, "m": alarms.near}
        yield _CALLED.format(**counts).in_(lang)
        yield from (_CASE.format(rule=rule, n=n).in_(lang) for n, rule in alarms.false_alarms[:10])
        return
    yield _RECORDED.format(n=alarms.recordings, rows=alarms.rows, a=len(alarms.false_alarms), m=alarms.near).in_(lang)
    for n, rule, outcome, reason in alarms.false_alarms[:10]:
        yield _RECORDING.format(rule=rule, n=n, said=_said(outcome, reason)).in_(lang)
    for rule, (empty, rows) in alarms.vacuous.items():
        yield _VACUOUS.format(rule=rule, share=empty / rows, n=rows).in_(lang)


def _name(rule: str) -> str:
    return rule.rpartition("/")[2]


def _cost(row: Row, rule: str) -> str:
    """What it took ``rule`` to find the defect."""
    judged = str(row.killed_by[rule])
    return f"{row.failed[rule]}/{judged}" if isinstance(row, RecordedRow) else judged


def _said(outcome: str, reason: str | None) -> str:
    return outcome if reason is None else f"{outcome}: {reason}"


def _instead(row: Row, rule: str, lang: Language) -> str:
    """What ``rule`` says of a recording with a defect that it does not find."""
    if not isinstance(row, RecordedRow):
        return ""
    said = f" ({_said(*row.missed[rule])})" if rule in row.missed else ""
    return said if row.changed else f"{said} {_NO_CHANGE.in_(lang)}"


def as_json(pack: Pack, rows: Sequence[Row], alarms: Sequence[Alarms | RecordedAlarms]) -> str:
    """The same for a file, with every rule that found the defect."""
    value = {
        "pack": f"{pack.id}@{pack.version}",
        "sha256": pack.sha256,
        **dict(_reference(one) for one in alarms),
        "defects": [_defect(row) for row in rows],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _reference(alarms: Alarms | RecordedAlarms) -> tuple[str, JSON]:
    if isinstance(alarms, Alarms):
        return "reference", {
            "cases": alarms.cases,
            "false_alarms": [{"case": n, "rule": rule} for n, rule in alarms.false_alarms],
            "refused": alarms.refused,
            "vacuous": dict(alarms.vacuous),
            "near_a_limit": alarms.near,
        }
    return "recorded_reference", {
        "recordings": alarms.recordings,
        "rows": alarms.rows,
        "false_alarms": [
            {"recording": n, "rule": rule, "outcome": outcome, "reason": reason}
            for n, rule, outcome, reason in alarms.false_alarms
        ],
        "vacuous": {rule: {"rows": empty, "of": rows} for rule, (empty, rows) in alarms.vacuous.items()},
        "rules_near_a_limit": alarms.near,
    }


def _defect(row: Row) -> JSON:
    common = {
        "id": row.defect,
        "named_by": list(row.named_by),
        "survived": list(row.survived),
        "smallest_size_killed": row.smallest,
    }
    if not isinstance(row, RecordedRow):
        return common | {"cases_to_kill": dict(row.killed_by), "cases": row.cases}
    return common | {
        "rows_to_kill": dict(row.killed_by),
        "rows_failed": dict(row.failed),
        "rows": row.cases,
        "changed": row.changed,
        "missed": {rule: {"outcome": outcome, "reason": reason} for rule, (outcome, reason) in row.missed.items()},
    }
