"""Words for what both the pages of a pack and the reports on a run speak of, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.errors import Text
from conformance.model.outcome import Obligation, Severity

PACK_STATUS: Mapping[str, Text] = {
    "draft": Text("draft", "草案"),
    "comment": Text("comment", "征求意见稿"),
    "approved": Text("approved", "已批准"),
    "in-force": Text("in force", "现行"),
    "superseded": Text("superseded", "被代替"),
    "withdrawn": Text("withdrawn", "废止"),
}

OBLIGATIONS: Mapping[Obligation, Text] = {
    Obligation.SHALL: Text("shall", "应"),
    Obligation.SHOULD: Text("should", "宜"),
    Obligation.MAY: Text("may", "可"),
}

SEVERITIES: Mapping[Severity, Text] = {
    Severity.MINOR: Text("minor", "轻微"),
    Severity.MAJOR: Text("major", "重大"),
    Severity.CRITICAL: Text("critical", "严重"),
    Severity.CATASTROPHIC: Text("catastrophic", "灾难性"),
}
