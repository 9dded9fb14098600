"""Bilingual words for everything that a record can say; one table, used by every view."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.errors import Text
from conformance.model.outcome import Basis, Outcome, Reason
from conformance.model.run import Answer, Disposition, Stage
from conformance.model.standard import Transform
from conformance.model.words import OBLIGATIONS as OBLIGATIONS
from conformance.model.words import PACK_STATUS as PACK_STATUS
from conformance.model.words import SEVERITIES as SEVERITIES

OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.PASSED: Text("passed", "通过"),
    Outcome.FAILED: Text("failed", "未通过"),
    Outcome.INCONCLUSIVE: Text("inconclusive", "无法判定"),
    Outcome.INAPPLICABLE: Text("inapplicable", "不适用"),
    Outcome.UNTESTED: Text("untested", "未测试"),
}

REASONS: Mapping[Reason, Text] = {
    Reason.WITHIN_UNCERTAINTY: Text("margin within the uncertainty", "裕度小于测量不确定度"),
    Reason.INSUFFICIENT_DATA: Text("too little data", "数据不足"),
    Reason.VACUOUS: Text("this input cannot break it", "该输入下限值不起约束"),
    Reason.INFEASIBLE_REQUEST: Text("no compliant answer known", "未知是否存在合规解"),
    Reason.NOT_COMPUTABLE: Text("not computable", "无法计算"),
    Reason.NO_LIMIT: Text("no limit applies", "无适用限值"),
    Reason.SYSTEM_ERROR: Text("system did not answer", "系统未应答"),
    Reason.UNSTABLE: Text("answers vary on repeat", "重复请求应答不一致"),
    Reason.UNCONFIRMED_SOURCE: Text("source not confirmed", "数值未经原文确认"),
}
"""Why something is inconclusive, in a few words."""

NEXT: Mapping[Reason, Text] = {
    Reason.WITHIN_UNCERTAINTY: Text("measure more finely", "提高测量精度"),
    Reason.INSUFFICIENT_DATA: Text("raise --cases", "增大 --cases"),
    Reason.VACUOUS: Text("bring another site", "换用其他场景"),
    Reason.INFEASIBLE_REQUEST: Text("see the report", "见报告"),
    Reason.NOT_COMPUTABLE: Text("see the report", "见报告"),
    Reason.NO_LIMIT: Text("add a row to its limits", "在限值表中补行"),
    Reason.SYSTEM_ERROR: Text("conformance doctor", "运行 conformance doctor"),
    Reason.UNSTABLE: Text("make it repeatable", "使应答可复现"),
    Reason.UNCONFIRMED_SOURCE: Text("have the source read", "核对原文"),
}
"""What to do about it, in a few words."""

UNTESTED = Text("never applied in this run", "本次运行从未触发")
UNTESTED_NEXT = Text("widen the cases", "扩大用例范围")
NOT_THERE = Text("there was nothing to test", "没有可供测试的对象")
NOT_THERE_NEXT = Text("bring it in the system file", "在系统描述文件中提供")
RECORD_MORE = Text("record more, or without gaps", "补充记录，消除缺口")

BASES: Mapping[Basis, Text] = {
    Basis.NORMATIVE: Text("normative: the primary text was read", "规范性：已核对标准原文"),
    Basis.ADOPTED: Text("adopted: confirmed and signed by an authority", "已采认：主管机构确认并签名"),
    Basis.INDICATIVE: Text("indicative: primary text not confirmed", "参考性：尚未核对标准原文"),
}

RECORDED = Text("recorded as case {n}", "记录中的用例 {n}")
"""Where a case of a recorded operation stands."""

DISPOSITIONS: Mapping[Disposition, Text] = {
    Disposition.BROKEN: Text("BROKEN", "不符合"),
    Disposition.UNSURE: Text("unsure", "未定"),
    Disposition.WARNING: Text("warning", "警告"),
    Disposition.WAIVED: Text("waived", "豁免"),
    Disposition.NOTE: Text("note", "说明"),
    Disposition.OK: Text("ok", "正常"),
    Disposition.BY_HAND: Text("by hand", "人工"),
}
"""What a finding means for its reader; in the order in which they are shown, worst first."""

STAGES: Mapping[Stage, Text] = {
    Stage.NOMINAL: Text("nominal request", "标称请求"),
    Stage.STORED: Text("stored counterexample", "已存反例"),
    Stage.BOUNDARY: Text("boundary", "边界"),
    Stage.PAIRWISE: Text("pairwise", "成对组合"),
    Stage.INDEPENDENT: Text("independent sample", "独立抽样"),
    Stage.MIXED: Text("mixed", "混合"),
    Stage.STRUCTURE: Text("structure", "结构"),
    Stage.HUNT: Text("hunt", "最坏工况搜索"),
    Stage.SHRINK: Text("shrinking", "化简"),
    Stage.CONFIRM: Text("confirmation", "复核"),
    Stage.RECORDED: Text("recorded", "记录数据"),
    Stage.VARIED: Text("changed request of a relation", "关系规则改动后的请求"),
}

TRANSFORMS: Mapping[Transform, Text] = {
    "increase": Text("{path} + {amount}", "{path} 增加 {amount}"),
    "decrease": Text("{path} - {amount}", "{path} 减少 {amount}"),
    "scale": Text("{path} scaled to {amount}", "{path} 变为原值的 {amount}"),
    "perturb": Text("noise of at most {amount} on {path}", "{path} 叠加不超过 {amount} 的扰动"),
    "permute": Text("{path} in another order", "{path} 换序"),
    "drop": Text("one of {path} left out", "{path} 去掉一项"),
    "shift": Text("{path} shifted by {amount}", "{path} 平移 {amount}"),
}
"""What a relation does to a request."""

ANSWERS: Mapping[Answer, Text] = {
    Answer.ANSWERED: Text("answered", "已应答"),
    Answer.REFUSED: Text("refused", "拒绝"),
    Answer.TIMED_OUT: Text("timed out", "超时"),
    Answer.CRASHED: Text("crashed", "崩溃"),
    Answer.GARBAGE: Text("unreadable answer", "应答无法解析"),
    Answer.TOO_LARGE: Text("answer too large", "应答过大"),
    Answer.UNREACHABLE: Text("unreachable", "无法连接"),
    Answer.MISSING: Text("nothing recorded", "无对应记录"),
}

COUNTS: Mapping[str, Text] = {
    "cases": Text("cases", "用例"),
    "passed": Text("passed", "通过"),
    "failed": Text("failed, counted", "计入的未通过"),
    "infeasible": Text("failed, but no compliant answer is known", "未通过，但未知有合规解"),
    "unwitnessed": Text("failed, compliant answer not looked for", "未通过，未查找合规解"),
    "vacuous": Text("limit could not bind", "限值不起约束"),
    "inapplicable": Text("rule did not apply", "规则不适用"),
    "uncertain": Text("within uncertainty", "落在不确定度内"),
    "not_computable": Text("not computable", "无法计算"),
    "insufficient": Text("data missing", "数据缺失"),
    "no_limit": Text("no limit", "无限值"),
    "system_error": Text("no answer", "系统无应答"),
    "refused": Text("refused", "系统拒绝"),
    "outside": Text("outside the declared envelope", "超出声明的运行范围"),
    "cut": Text("reaching beyond the recording", "超出记录起止范围"),
}
"""Field of `Counts` to its words."""

NOT: tuple[Text, ...] = (
    Text(
        "It is not a certificate. The tool determines and the vendor declares; only a third party certifies.",
        "它不是证书。工具只作测定，由厂商自行声明；认证须由第三方作出。",
    ),
    Text(
        "It is not a proof. What was not found may still exist; the bounds below say how rare it would have to be.",
        "它不是证明。未发现不等于不存在；下文的上界说明其至多有多常见。",
    ),
    Text(
        "It is not the whole standard. Requirements judged by hand, and figures whose source was not read, stay open.",
        "它不是标准的全部。需人工判定的要求，以及来源尚未核对的数值，均未定论。",
    ),
)
"""What a result is not."""
