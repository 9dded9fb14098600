"""The kill matrix as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from conformance.assess.kills import Alarms, Row
from conformance.errors import Language, Text, columns
from conformance.model.standard import Pack

_ALARMS = Text(
    "reference: {n} cases, {a} false alarms, {r} refused, {v} vacuous, {m} within 0.1 of a limit",
    "参考系统：{n} 个用例，误报 {a}，拒绝 {r}，空约束 {v}，距限值 0.1 以内 {m}",
)
_HEAD = (Text("defect", "缺陷"), Text("found by (case)", "检出规则（用例序号）"), Text("smallest", "最小幅度"))
_SURVIVES = Text("SURVIVES", "漏检")


def as_text(rows: Sequence[Row], alarms: Alarms, lang: Language) -> str:
    """A table for the terminal: defect, rules that name it with their cases to kill, smallest size found."""
    summary = _ALARMS.format(
        n=alarms.cases, a=len(alarms.false_alarms), r=alarms.refused, v=sum(alarms.vacuous.values()), m=alarms.near
    )
    lines = [[h.in_(lang) for h in _HEAD]]
    for row in rows:
        found = [f"{rule.rpartition('/')[2]} ({row.killed_by[rule]})" for rule in row.named_by if rule in row.killed_by]
        missed = [f"{_SURVIVES.in_(lang)} {rule.rpartition('/')[2]}" for rule in row.survived]
        size = "" if row.smallest is None else f"{row.smallest:g}"
        lines.append([row.defect, ", ".join(missed + found), size])
    wide = [max(columns(line[i]) for line in lines) for i in range(2)]
    table = [
        "  ".join([*(c + " " * (w - columns(c)) for c, w in zip(line, wide, strict=False)), line[2]]).rstrip()
        for line in lines
    ]
    return "\n".join([summary.in_(lang), *(f"  {rule}: case {n}" for n, rule in alarms.false_alarms[:10]), *table])


def as_json(pack: Pack, rows: Sequence[Row], alarms: Alarms) -> str:
    """The same for a file, with every rule that found the defect."""
    value = {
        "pack": f"{pack.id}@{pack.version}",
        "sha256": pack.sha256,
        "reference": {
            "cases": alarms.cases,
            "false_alarms": [{"case": n, "rule": rule} for n, rule in alarms.false_alarms],
            "refused": alarms.refused,
            "vacuous": dict(alarms.vacuous),
            "near_a_limit": alarms.near,
        },
        "defects": [
            {
                "id": row.defect,
                "named_by": list(row.named_by),
                "survived": list(row.survived),
                "cases_to_kill": dict(row.killed_by),
                "smallest_size_killed": row.smallest,
                "cases": row.cases,
            }
            for row in rows
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
