"""What every view needs to know of a record: order, counts, the result in one sentence, values beside limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import PurePath

from attrs import frozen

from conformance.errors import Text, columns
from conformance.model.json import JSON, is_finite_number, lookup
from conformance.model.outcome import Basis, Margin, Obligation, Outcome, Reason, Severity
from conformance.model.run import Change, Disposition, Finding, Record, RequirementResult, Witness
from conformance.model.standard import Figure, Pack, View
from conformance.report.plain import clean, number
from conformance.report.words import (
    DISPOSITIONS,
    NEXT,
    NOT_THERE,
    NOT_THERE_NEXT,
    REASONS,
    RECORD_MORE,
    TRANSFORMS,
    UNTESTED,
    UNTESTED_NEXT,
)

_OUTCOMES = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.UNTESTED, Outcome.PASSED, Outcome.INAPPLICABLE)
_SHOWN = tuple(DISPOSITIONS)
SEVERITIES = tuple(reversed(Severity))
"""Worst first."""


def lowest(margin: Margin | None) -> float:
    """The normalised margin that a rule can count on; no margin sorts behind every known one."""
    return margin.normalised.low if margin else float("inf")


def worst_first(record: Record) -> list[Finding]:
    """Findings by what they mean for the reader, then by severity, margin and name."""
    return sorted(
        record.findings,
        key=lambda f: (
            _SHOWN.index(f.disposition),
            SEVERITIES.index(f.severity),
            lowest(f.worst.margin if f.worst else None),
            f.rule,
        ),
    )


def short(name: str) -> str:
    """The last part of an id: ``R5`` of ``grid-dispatch/R5``."""
    return name.rsplit("/", 1)[-1]


def automated(pack: Pack) -> list[str]:
    """Ids of the requirements that rules judge."""
    return [r.id for r in pack.requirements.values() if r.automation == "automated"]


def requirements(record: Record) -> dict[str, RequirementResult]:
    """Requirement to its result. A record without a footer is rolled up from what was found before it ended."""
    if record.footer:
        return {r.id: r for r in record.footer.requirements}
    found: dict[str, RequirementResult] = {}
    for name in automated(record.header.pack):
        of = [f for f in record.findings if name in f.requirements]
        if of:
            outcome = min((f.outcome for f in of), key=_OUTCOMES.index)
            disposition = min((f.disposition for f in of), key=_SHOWN.index)
            found[name] = RequirementResult(name, outcome, Basis.weakest([f.basis for f in of]), disposition)
    return found


@frozen
class Overview:
    """The run in a few numbers."""

    requirements: int
    automated: tuple[str, ...]
    by: Mapping[Disposition, tuple[str, ...]]
    """Disposition to the automated requirements that have it; those never reached are in none."""
    manual: int
    not_tested: int
    unreached: int
    indicative: int
    """Figures of the pack whose primary text nobody has confirmed."""
    bare: int
    """Broken findings that belong to no requirement: the implicit checks of an operation."""
    result: Text


def overview(record: Record) -> Overview:
    """Count what stands in ``record``, and say the result in one sentence that never claims conformity."""
    pack = record.header.pack
    names = automated(pack)
    results = requirements(record)
    by = {d: tuple(n for n in names if n in results and results[n].disposition is d) for d in Disposition}
    broken = [f for f in record.findings if f.disposition is Disposition.BROKEN]
    bare = sum(1 for f in broken if not set(f.requirements) & set(names))
    kinds = [r.automation for r in pack.requirements.values()]
    return Overview(
        requirements=len(kinds),
        automated=tuple(names),
        by=by,
        manual=kinds.count("manual"),
        not_tested=kinds.count("not-tested"),
        unreached=sum(1 for n in names if n not in results),
        indicative=sum(f.basis(pack.sources) is Basis.INDICATIVE for f in _figures(pack)),
        bare=bare,
        result=_result(record, len(by[Disposition.OK]), bare, broken),
    )


def ended_early(record: Record) -> tuple[Text, Text] | None:
    """What became of a run that did not come to its end, in a word and in a sentence; None of one that did."""
    if record.footer is None:
        place = record.broken_line
        said = Text(
            f"the record ends early{f' at line {place}' if place else ''} · only what was seen until then · run again",
            f"记录不完整{f'，止于第 {place} 行' if place else ''} · 仅含中断前的结果 · 请重新运行",
        )
        return Text("CUT OFF", "已中断"), said
    return (Text("Stopped", "已停止"), record.footer.stopped) if record.footer.stopped else None


def _figures(pack: Pack) -> list[Figure]:
    parameters = [p for rule in pack.rules.values() for p in rule.parameters.values() if isinstance(p, Figure)]
    return parameters + [row.figure for table in pack.limits.values() for row in table.rows]


def _result(record: Record, passed: int, bare: int, broken: Sequence[Finding]) -> Text:
    names = automated(record.header.pack)
    deciding = broken or record.findings
    return _sentence(
        broken=_requirements_of(record, broken),
        bare=bare,
        passed=passed if any(f.outcome is Outcome.PASSED for f in record.findings) else None,
        automated=len(names),
        indicative=any(f.basis is Basis.INDICATIVE for f in deciding),
        certified=record.header.settings.command == "certify",
    )


def result_of(records: Sequence[Record]) -> Text:
    """The result of several packs on one system in one sentence, as `Overview` has it of one."""
    each = [overview(record) for record in records]
    findings = [f for record in records for f in record.findings]
    broken = [f for f in findings if f.disposition is Disposition.BROKEN]
    return _sentence(
        broken=sum(
            _requirements_of(r, [f for f in r.findings if f.disposition is Disposition.BROKEN]) for r in records
        ),
        bare=sum(facts.bare for facts in each),
        passed=sum(len(facts.by[Disposition.OK]) for facts in each)
        if any(f.outcome is Outcome.PASSED for f in findings)
        else None,
        automated=sum(len(facts.automated) for facts in each),
        indicative=any(f.basis is Basis.INDICATIVE for f in broken or findings),
        certified=all(record.header.settings.command == "certify" for record in records),
    )


def _requirements_of(record: Record, broken: Sequence[Finding]) -> int:
    """How many automated requirements ``broken`` findings belong to."""
    return len({r for f in broken for r in f.requirements} & set(automated(record.header.pack)))


def _sentence(*, broken: int, bare: int, passed: int | None, automated: int, indicative: bool, certified: bool) -> Text:
    if broken or bare:
        parts = [
            Text(f"{n} {what}{'s' * (n != 1)} BROKEN", f"{n} {zh}不符合")
            for n, what, zh in ((broken, "requirement", "项要求"), (bare, "basic check", "项基本检查"))
            if n
        ]
        said = Text(", ".join(p.en for p in parts), "，".join(p.zh for p in parts))
    elif passed is not None:
        said = Text(
            f"no nonconformity found in {passed} of {automated} automated requirements",
            f"{automated} 项自动测试的要求中，{passed} 项未发现不符合",
        )
    else:
        said = Text("nothing could be determined", "未能作出任何判定")
    if certified:
        return said
    if indicative:
        return Text(f"{said.en} (indicative self-test, no certificate)", f"{said.zh}（参考性自测，不作为证书）")
    return Text(f"{said.en} (self-test, no certificate)", f"{said.zh}（自测，不作为证书）")


@frozen
class Element:
    """One element of a drawn list."""

    name: str
    value: float
    lower: float | None
    upper: float | None

    @property
    def excess(self) -> float:
        """How far the value is beyond its nearer limit; negative is inside; -inf without a limit."""
        beyond = [self.value - self.upper] if self.upper is not None else []
        beyond += [self.lower - self.value] if self.lower is not None else []
        return max(beyond, default=float("-inf"))

    @property
    def limit(self) -> float | None:
        """The limit that ``excess`` refers to."""
        if self.upper is not None and self.value - self.upper == self.excess:
            return self.upper
        return self.lower


def views(pack: Pack, rule: str) -> list[View]:
    """The views that draw the worst case of ``rule``."""
    return [v for v in pack.views.values() if rule in v.rules or short(rule) in v.rules]


def elements(view: View, values: Mapping[str, JSON]) -> list[Element]:
    """What ``view`` draws of ``values`` (request, response, derived values by name); what has no value is left out."""
    drawn = []
    listed = lookup(values, view.bars.split("."))
    for item in listed if isinstance(listed, list) else []:
        value = lookup(item, (view.value,))
        if is_finite_number(value):
            name = number(lookup(item, (view.by,)))
            drawn.append(Element(name, float(value), _limit(view.lower, item), _limit(view.upper, item)))
    return drawn


def _limit(limit: float | str | None, item: JSON) -> float | None:
    found: JSON = lookup(item, (limit,)) if isinstance(limit, str) else limit
    return float(found) if is_finite_number(found) else None


def answered(witness: Witness) -> dict[str, JSON]:
    """What the system's answer to the worst case gives a view to draw."""
    return {"request": witness.request, "response": witness.response, **witness.derived}


def compliant(witness: Witness) -> dict[str, JSON]:
    """The same of the oracle's answer."""
    return {"request": witness.request, "response": witness.oracle_response, **witness.oracle_derived}


def simplest(finding: Finding) -> Witness | None:
    """The case to look at first: the shrunk counterexample where there is one, else the worst case."""
    return finding.smallest or finding.worst


def replay(record: Record, witness: Witness, *, longest: int = 400, run: str | None = None) -> str:
    """The command that calls the system with this case again; a system file with a longer path becomes ``...``.

    ``run`` is what the command line calls the run; by default the folder of the record.
    """
    position = record.header.system.position
    named = run or (clean(PurePath(record.path).parent.name) if record.path else "last")
    command = f"conformance replay {named} {witness.case} --system"
    whole = f"{command} {clean(position.file)}" if position else ""
    return whole if 0 < columns(whole) <= longest else f"{command} ..."


def row_words(witness: Witness) -> str:
    """The key of a row of a table: ``meter M1, time 2026-01-01T00:00:00Z``."""
    return ", ".join(f"{clean(name, longest=40)} {number(value)}" for name, value in witness.row.items())


def changed_words(changes: Sequence[Change], *, arrow: str = "->") -> list[Text]:
    """Each change from nominal in words: ``load at bus 8, 171 -> 205 MW``."""
    said = []
    for change in changes:
        unit = f" {change.unit}" if change.unit else ""
        figures = f"{number(change.nominal)} {arrow} {number(change.value)}{unit}"
        label = change.label or Text(change.path, change.path)
        said.append(Text(f"{label.en}, {figures}", f"{label.zh}，{figures}"))
    return said


def relation_words(record: Record, finding: Finding, witness: Witness) -> Text | None:
    """What was done to the request between the two calls of a pair; None where one call shows it all."""
    if witness.varied is None:
        return None
    rule = record.header.pack.rules.get(finding.rule)
    if rule is None or rule.relation is None:
        return Text("the same request, changed", "同一请求改动后")
    shown = clean(rule.relation.path, longest=60), clean(rule.relation.amount or "", longest=60)
    return TRANSFORMS[rule.relation.transform].format(path=shown[0], amount=shown[1])


def doubt(finding: Finding) -> tuple[Text, Text] | None:
    """Why nothing was determined, and what to do about it; None if something was."""
    reason = finding.reason
    if reason is Reason.INSUFFICIENT_DATA and finding.recorded:
        return REASONS[reason], RECORD_MORE
    if reason is not None:
        return REASONS[reason], NEXT[reason]
    if finding.outcome is Outcome.UNTESTED:
        return (UNTESTED, UNTESTED_NEXT) if finding.counts.cases else (NOT_THERE, NOT_THERE_NEXT)
    return None


def unsure_groups(findings: Sequence[Finding]) -> list[tuple[Text, Text, list[Finding]]]:
    """Findings that could not be determined, by why: (why, what to do, which); binding ones first."""

    def why(finding: Finding) -> tuple[Text, Text]:
        return doubt(finding) or (UNTESTED, UNTESTED_NEXT)

    ordered = sorted(findings, key=lambda f: (tuple(Obligation).index(f.obligation), why(f)[0].en))
    groups: dict[tuple[Text, Text], list[Finding]] = {}
    for key, of in groupby(ordered, key=why):
        groups.setdefault(key, []).extend(of)
    return [(said, mend, of) for (said, mend), of in groups.items()]
