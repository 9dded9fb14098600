"""In words, what was and what was not shown, over how many cases, with the bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_CEILING, Context

from attrs import frozen

from conformance.errors import Text
from conformance.judge.sequential import Sequential
from conformance.judge.statistics import cases_needed
from conformance.judge.subject import Claim
from conformance.judge.tally import OPEN, open_cases
from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Bound, Counts, SequentialResult
from conformance.model.standard import Evidence


@frozen
class Scope:
    """The input space that independent cases were drawn from."""

    dimensions: int
    declared: bool
    """Whether it is cut to an envelope that the system declares; else it is as wide as the request schema."""


@frozen(kw_only=True)
class Shown:
    """All that a statement rests on."""

    counts: Counts
    independent: Counter[str]
    bound: Bound | None
    evidence: Evidence
    generated: bool
    canary: bool
    claim: Claim
    capability: str | None
    repeats: int
    repeated: int
    nominal_failed: bool
    rows: bool = False
    """Whether the cases are rows of a table."""
    absent: Text | None = None
    """Why there was nothing to test: what the system does not bring."""
    scope: Scope | None = None
    sequential: SequentialResult | None = None


_CASES, _ROWS = Text("cases", "个用例"), Text("rows", "行记录")
_OPEN = {
    Reason.SYSTEM_ERROR: Text("no valid answer came", "未得到有效应答"),
    Reason.NOT_COMPUTABLE: Text("a quantity could not be computed", "有量无法计算"),
    Reason.NO_LIMIT: Text("the standard sets no limit", "标准未规定限值"),
    Reason.INSUFFICIENT_DATA: Text("data are missing", "数据缺失"),
    Reason.WITHIN_UNCERTAINTY: Text("the margin lies within the uncertainty", "裕度在测量不确定度以内"),
}
_NOMINAL = Text("The nominal request fails already.", "标称工况本身即不符合。")
_BROKEN = Text(
    "Broken in {failed} of {decided} {cases} that were decided.", "已判定的 {decided} {cases}中有 {failed} 个不符合。"
)
_REPEATED = Text(
    "Repeats of the same request: {repeats}, of which failed again: {repeated}.",
    "同一请求重复 {repeats} 次，其中 {repeated} 次再现。",
)
_RATE = Text(
    "In the independent sample {k} of {n} fail; at {confidence} % confidence at most {upper} % of {requests} fail.",
    "独立抽样 {n} 个用例中 {k} 个不符合；在 {confidence} % 置信水平下，{requests}的不符合率不超过 {upper} %。",
)
_CLEAN = Text(
    "No nonconformity found in {n} independent cases; at {confidence} % confidence at most {upper} % of {requests} "
    "fail.",
    "{n} 个独立抽样用例中未发现不符合；在 {confidence} % 置信水平下，{requests}的不符合率不超过 {upper} %。",
)
_ALL = Text("requests of this input space", "该输入空间内请求")
_THAT_COUNT = Text(
    "the requests of this input space that count (the rule applies, its limit can bind, a compliant answer is known)",
    "该输入空间内计入的请求（规则适用、限值可起作用、已知存在合规应答）",
)
_ALSO = Text(
    "Nor in {others} other cases, searches for the worst included.",
    "其余 {others} 个用例（含最不利工况搜索）亦未发现。",
)
_SPACE = Text(
    "The input space has {n} dimensions, {where}; results of the search do not feed this figure.",
    "输入空间共 {n} 个维度，{where}；搜索所得结果不计入上述数值。",
)
_DECLARED = Text("inside the operating envelope that the system declares", "限于系统声明的运行范围")
_WHOLE = Text(
    "as wide as the request schema, for the system declares no envelope", "取请求模式的全部范围（系统未声明运行范围）"
)
_ACCEPTED = Text(
    "The system answers by chance, so a sequential test decides: it accepts after {n} independent cases with {k} "
    "failures. If {p1} % of {requests} failed, it would do so with a probability of at most {error} %.",
    "系统应答具有随机性，故以序贯检验判定：{n} 个独立抽样用例中 {k} 个不符合，检验接受。"
    "若{requests}的不符合率达到 {p1} %，检验接受的概率不超过 {error} %。",
)
_REJECTED = Text(
    "The system answers by chance, so a sequential test decides: it rejects after {n} independent cases with {k} "
    "failures. If only {p0} % of {requests} failed, it would do so with a probability of at most {error} %.",
    "系统应答具有随机性，故以序贯检验判定：{n} 个独立抽样用例中 {k} 个不符合，检验拒绝。"
    "若{requests}的不符合率仅为 {p0} %，检验拒绝的概率不超过 {error} %。",
)
_GOES_ON = Text(
    "The system answers by chance, and the sequential test is undecided after {n} independent cases with {k} failures; "
    "without a failure it accepts after {needed}.",
    "系统应答具有随机性，{n} 个独立抽样用例中 {k} 个不符合，序贯检验尚无结论；若无不符合，{needed} 个用例即可接受。",
)
_BY_CHANCE_OPEN = Text(
    "Independent cases that could not be decided: {undecided} ({why}); each is taken for a failure before acceptance.",
    "{undecided} 个独立抽样用例无法判定（{why}）；接受前均按不符合计。",
)
_EVERY_TIME = Text(
    "A request on which it fails every time is no matter of chance.", "同一请求每次均不符合，并非随机所致。"
)
_ALONE = Text(
    "Failures in {failed} cases, those of the search included, do not decide alone.",
    "{failed} 个用例（含搜索所得）出现不符合，但不单独作为判定依据。",
)
_RECORDED = Text(
    "No nonconformity found in {n} recorded {cases}; of what was not recorded nothing is shown.",
    "已记录的 {n} {cases}中未发现不符合；未记录的情形不在结论之内。",
)
_TOO_FEW = Text(
    "No nonconformity found, but not enough for a pass: {n} independent cases count; to exclude a failure rate above "
    "{rate} % at {confidence} % confidence {needed} are needed.",
    "未发现不符合，但不足以判为符合：计入的独立抽样用例为 {n} 个；"
    "要以 {confidence} % 置信水平排除高于 {rate} % 的不符合率，需要 {needed} 个。",
)
_UNDECIDED = Text(
    "Neither pass nor failure is shown: {undecided} of {n} {cases} could not be decided ({why}).",
    "既未证明符合，也未证明不符合：{n} {cases}中有 {undecided} 个无法判定（{why}）。",
)
_WORST_CASE = Text(
    "Independent cases that could not be decided: {undecided} ({why}); the bound takes each for a failure.",
    "{undecided} 个独立抽样用例无法判定（{why}）；上限计算时均按不符合计。",
)
_VACUOUS = Text(
    "Nothing is shown: in none of {n} cases could the limit bind.", "未能说明任何结论：{n} 个用例中限值均不可能起作用。"
)
_INFEASIBLE = Text(
    "Neither pass nor failure is shown: every failure was on a request for which no compliant answer is known, and "
    "no case passed.",
    "既未证明符合，也未证明不符合：不符合均出现在尚无已知合规应答的请求上，且没有合格的用例。",
)
_UNSTABLE = Text(
    "Failed in {failed} cases, but none came again in {repeats} repeats of the same request: the system is not stable.",
    "{failed} 个用例不符合，但同一请求重复 {repeats} 次均未再现：系统行为不稳定。",
)
_CANARY = Text(
    "Nothing is shown: in this run the rule did not fail on its own failing example, so it could not prove that it can "
    "fail.",
    "未能说明任何结论：本次运行中规则对自身的不符合示例未判不符合，无法证明其具有检出能力。",
)
_UNTESTED = Text(
    "Not tested: among {n} {cases} there was none to which the rule applies.",
    "未测试：{n} {cases}中没有规则适用的情形。",
)
_INAPPLICABLE = Text("Does not apply to any of the {n} recorded {cases}.", "对已记录的 {n} {cases}均不适用。")
_NOT_DECLARED = Text(
    "Not tested: the system does not declare the optional capability {capability}.",
    "未测试：系统未声明可选能力 {capability}。",
)
_MISSING = Text(
    "The system does not declare the capability {capability}, which is mandatory.", "系统未声明必备能力 {capability}。"
)
_UNCONFIRMED = Text(
    "The figures are indicative: no authority has confirmed value, clause and edition, so this certifies neither a "
    "pass nor a failure.",
    "所用数值仅供参考：尚无主管机构确认其数值、条款和版本，因此既不能认证合格，也不能认证不符合。",
)
ABSENT = Text(
    "Not tested: it needs {surface}, which the system does not bring.", "未测试：规则需要 {surface}，而系统未提供。"
)
_NO_WHOLE = Text(
    "Nothing is shown: all {n} windows reach beyond the ends of the recording.",
    "未能说明任何结论：全部 {n} 个统计窗口均超出记录的起止范围。",
)
_APART = {
    "infeasible": Text(
        "Not counted, failures on requests without a known compliant answer: {n}.",
        "不计入：尚无已知合规应答的请求上的不符合 {n} 个。",
    ),
    "unwitnessed": Text(
        "Not counted, more failures of the search that were not put to the oracle: {n}.",
        "不计入：搜索中未经参考系统核对的其他不符合 {n} 个。",
    ),
    "vacuous": Text(
        "Not counted, cases in which the limit could not bind: {n}.", "不计入：限值不起作用的用例 {n} 个。"
    ),
    "refused": Text("Not counted, refused requests: {n}.", "不计入：被拒绝的请求 {n} 个。"),
    "cut": Text(
        "Standing apart, windows that reach beyond the ends of the recording: {n}.",
        "单列：超出记录起止范围的统计窗口 {n} 个。",
    ),
    "outside": Text(
        "Standing apart, cases outside the declared envelope: {n}.", "单列：声明的运行范围之外的用例 {n} 个。"
    ),
}


def statement(outcome: Outcome, reason: Reason | None, shown: Shown, *, unconfirmed: bool = False) -> Text:
    """The statement on a verdict; ``outcome`` and ``reason`` are those before the basis was asked."""
    parts = list(_main(outcome, reason, shown))
    if shown.canary and shown.claim is Claim.DECLARED:
        parts += _apart(shown.counts, reason)
    if unconfirmed:
        parts.append(_UNCONFIRMED)
    return Text(" ".join(p.en for p in parts), "".join(p.zh for p in parts))


def _main(outcome: Outcome, reason: Reason | None, shown: Shown) -> Iterator[Text]:
    counts, evidence = shown.counts, shown.evidence
    cases = _ROWS if shown.rows else _CASES
    if shown.claim is not Claim.DECLARED:
        template = _MISSING if shown.claim is Claim.MISSING else _NOT_DECLARED
        yield template.format(capability=shown.capability)
    elif not shown.canary:
        yield _CANARY
    elif outcome is Outcome.FAILED:
        if shown.nominal_failed:
            yield _NOMINAL
        yield _BROKEN.format(failed=counts.failed, decided=counts.failed + counts.passed, cases=cases)
        yield from _again(shown)
        if shown.sequential is not None and 0 < shown.repeats == shown.repeated:
            yield _EVERY_TIME
        yield from _sample(shown, _RATE)
    elif shown.sequential is not None and (counts.failed or outcome is Outcome.PASSED):
        yield from _sample(shown, _CLEAN)
        if counts.failed:
            yield from _again(shown)
            yield _ALONE.format(failed=counts.failed)
    elif reason is Reason.UNSTABLE:
        yield _UNSTABLE.format(failed=counts.failed, repeats=shown.repeats)
    elif outcome is Outcome.UNTESTED and shown.absent:
        yield shown.absent
    elif outcome is Outcome.UNTESTED:
        yield _UNTESTED.format(n=counts.cases, cases=cases)
    elif outcome is Outcome.INAPPLICABLE:
        yield _INAPPLICABLE.format(n=counts.cases, cases=cases)
    elif reason is Reason.VACUOUS:
        yield _VACUOUS.format(n=counts.vacuous)
    elif reason is Reason.INFEASIBLE_REQUEST:
        yield _INFEASIBLE
    elif outcome is Outcome.PASSED and not shown.generated:
        yield _RECORDED.format(n=counts.passed, cases=cases)
    elif outcome is Outcome.PASSED:
        yield from _sample(shown, _CLEAN)
        others = counts.passed - shown.independent["passed"]
        if others:
            yield _ALSO.format(others=others)
    elif reason is Reason.INSUFFICIENT_DATA and counts.cut and not _undecided(shown):
        yield _NO_WHOLE.format(n=counts.cut)
    elif reason is Reason.INSUFFICIENT_DATA and not _undecided(shown):
        yield _TOO_FEW.format(
            n=shown.independent["passed"],
            rate=f"{evidence.failure_rate * 100:g}",
            confidence=f"{evidence.confidence * 100:g}",
            needed=cases_needed(evidence.failure_rate, evidence.confidence),
        )
    else:
        undecided = _undecided(shown)
        n = sum(undecided.values())
        yield _UNDECIDED.format(undecided=n, n=n + counts.passed, why=_why(undecided), cases=cases)


def _undecided(shown: Shown) -> dict[Reason, int]:
    """Open cases over all stages."""
    return open_cases(Counter({place: getattr(shown.counts, place) for place in OPEN.values()}))


def _why(undecided: dict[Reason, int]) -> Text:
    parts = [(_OPEN[reason], n) for reason, n in undecided.items()]
    return Text("; ".join(f"{t.en}: {n}" for t, n in parts), "；".join(f"{t.zh}：{n}" for t, n in parts))


def _again(shown: Shown) -> Iterator[Text]:
    if shown.repeats:
        yield _REPEATED.format(repeats=shown.repeats, repeated=shown.repeated)


def _sample(shown: Shown, template: Text) -> Iterator[Text]:
    """What the independent sample says, if one was drawn, and over which input space."""
    undecided, bound, test = open_cases(shown.independent), shown.bound, shown.sequential
    drawn = shown.independent.total()
    every = drawn == sum(undecided.values()) + shown.independent["passed"] + shown.independent["failed"]
    requests = _ALL if every else _THAT_COUNT
    if bound is not None:
        yield template.format(
            k=bound.failures,
            n=bound.cases,
            confidence=f"{bound.confidence * 100:g}",
            upper=percent_up(bound.upper),  # never rounded down
            requests=requests,
        )
    elif test is not None:
        yield _weighed(test, shown.evidence, requests)
    else:
        return
    if undecided:
        template = _WORST_CASE if bound is not None else _BY_CHANCE_OPEN
        yield template.format(undecided=sum(undecided.values()), why=_why(undecided))
    if shown.scope is not None:
        yield _SPACE.format(n=shown.scope.dimensions, where=_DECLARED if shown.scope.declared else _WHOLE)


def _weighed(test: SequentialResult, evidence: Evidence, requests: Text) -> Text:
    """What the sequential test says."""
    said = {"accept": _ACCEPTED, "reject": _REJECTED, "continue": _GOES_ON}[test.decision]
    error = test.wrong_acceptance if test.decision == "accept" else test.wrong_rejection
    return said.format(
        n=test.cases,
        k=test.failures,
        p0=f"{test.p0 * 100:g}",
        p1=f"{test.p1 * 100:g}",
        error=percent_up(round(error, 9)),
        requests=requests,
        needed=Sequential.of(evidence).cases_to_accept,
    )


def _apart(counts: Counts, reason: Reason | None) -> Iterator[Text]:
    said = {Reason.VACUOUS: "vacuous"}.get(reason) if reason else None
    for place, template in _APART.items():
        if (n := getattr(counts, place)) and place != said:
            yield template.format(n=n)


def percent_up(share: float) -> str:
    """``share`` in percent, two significant digits, rounded up.

    >>> percent_up(0.009969), percent_up(0.0456), percent_up(1.0)
    ('1.0', '4.6', '100')
    """
    return format(Context(prec=2, rounding=ROUND_CEILING).create_decimal_from_float(share * 100), "f")
