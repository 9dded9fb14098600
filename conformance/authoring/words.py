"""What the words of a pack's files mean to a reader, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.errors import Text
from conformance.model.standard import Automation, Direction, Status

STATUSES: Mapping[Status, Text] = {
    Status.PRIMARY: Text("primary text read", "已核对原文"),
    Status.SECONDARY_MULTI: Text("second-hand, several places", "转引，多处"),
    Status.SECONDARY_SINGLE: Text("second-hand, one place", "转引，仅一处"),
    Status.MEMORY_HIGH: Text("from memory, fairly sure", "凭记忆，把握较高"),
    Status.MEMORY_MEDIUM: Text("from memory, not sure", "凭记忆，把握中等"),
    Status.MEMORY_LOW: Text("from memory, doubtful", "凭记忆，把握较低"),
    Status.PROJECT: Text("the project's own", "项目自定"),
    Status.CONFLICT: Text("sources conflict", "来源相互矛盾"),
    Status.MEASURED: Text("measured", "实测"),
    Status.UNVERIFIED: Text("unverified", "未核实"),
}

SIDES: Mapping[Direction, Text] = {
    "lower": Text("upper limit", "上限"),
    "higher": Text("lower limit", "下限"),
    "none": Text("", ""),
}
"""Which side of the figure is kept: what gets stricter as it falls is an upper limit."""

AUTOMATIONS: Mapping[Automation, Text] = {
    "automated": Text("Judged by rules", "由规则判定"),
    "manual": Text("Judged by hand", "人工判定"),
    "not-tested": Text("Not tested", "未检验"),
}

RULE_STATUS: Mapping[str, Text] = {
    "draft": Text("draft rule: it warns and never decides", "草案规则：只警告，不作判定"),
    "experimental": Text("experimental rule: it warns and never decides", "试验性规则：只警告，不作判定"),
    "stable": Text("", ""),
    "watch": Text(
        "rule on watch: it decides in a run, and certifies nothing", "观察中的规则：运行时参与判定，不用于认证"
    ),
    "withdrawn": Text("withdrawn rule", "已撤回的规则"),
}

SOURCE_KINDS: Mapping[str, Text] = {
    "standard": Text("standard", "标准"),
    "law": Text("law", "法规"),
    "guide": Text("guide", "指南"),
    "software": Text("software", "软件"),
    "paper": Text("paper", "论文"),
    "project": Text("project", "项目"),
}

RELATIONS: Mapping[str, Text] = {
    "equal": Text("says the same", "等同"),
    "subset": Text("asks less", "范围较窄"),
    "superset": Text("asks more", "范围较宽"),
    "intersects": Text("overlaps", "部分重叠"),
}
"""How a requirement of the pack relates to its counterpart."""

TYPES: Mapping[str, Text] = {
    "number": Text("number", "数值"),
    "integer": Text("whole number", "整数"),
    "string": Text("text", "文本"),
    "boolean": Text("true or false", "布尔"),
    "object": Text("group", "对象"),
    "array": Text("list", "列表"),
    "date-time": Text("instant", "时刻"),
    "date": Text("day", "日期"),
}
"""Types and formats of JSON Schema."""
