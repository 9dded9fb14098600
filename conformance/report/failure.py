"""What a failed test says: the rule, its limit, the smallest request that breaks it, and how to see it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from conformance.errors import Language, Text
from conformance.model.json import JSON
from conformance.model.outcome import Basis, Outcome
from conformance.model.run import Finding, Witness
from conformance.model.standard import Pack
from conformance.report.facts import changed_words, doubt, row_words, short, simplest
from conformance.report.plain import at_words, clean, margin_words, sides_words
from conformance.report.words import BASES, OBLIGATIONS, OUTCOMES, RECORDED, SEVERITIES, TRANSFORMS

LONGEST = 1500
"""Characters of a request or response; the record of the run has it whole."""

_CLAUSE = Text("{requirement}, clause {clause}", "{requirement}，条款 {clause}")
_NOMINAL = Text("already at the nominal request", "标称请求即不符合")
_OFF = Text("off nominal: {changes}", "偏离标称：{changes}")
_THEN = Text("then: {change}", "再：{change}")
_MET = Text("it can be met: {how}", "可以满足：{how}")
_REFERENCE = Text("the reference answers this request", "参考系统对该请求给出合规应答")
_KEEPS = Text("the reference keeps {value}", "参考系统为 {value}")
_AT = Text("at {row}", "位于 {row}")
_MARGIN = Text("margin {margin}", "裕度 {margin}")
_REQUEST = Text("request: {body}", "请求：{body}")
_RESPONSE = Text("response: {body}", "应答：{body}")
_AGAIN = Text("again: {command}", "复现：{command}")


def failure(
    pack: Pack, finding: Finding, *, lang: Language, fold: Callable[[JSON], JSON], again: str | None = None
) -> str:
    """What ``finding`` says to someone whose test failed, a few lines of plain text.

    ``fold`` shortens a request to what is its own, with references in place of parts of the site.
    Of a run ``again`` is the command that calls the system with the same request; then what the run showed is said too.
    """
    outcome = OUTCOMES[finding.outcome]
    title = Text(f"{finding.title.en}: {outcome.en}", f"{finding.title.zh}：{outcome.zh}").in_(lang)
    lines = [f"{finding.rule}  {_source(pack, finding, lang)}"]
    broken = finding.outcome is Outcome.FAILED
    if broken and (witness := simplest(finding)) is not None:
        lines += [text.in_(lang) for text in _shown(pack, finding, witness, fold)]
    if doubtful := doubt(finding):
        lines.append("; ".join(text.in_(lang) for text in doubtful))
    if again is not None:
        lines += [finding.statement.in_(lang), *([_AGAIN.format(command=again).in_(lang)] if broken else [])]
    return "\n".join([clean(title), *(f"  {clean(line)}" for line in lines)])


def _source(pack: Pack, finding: Finding, lang: Language) -> str:
    """Requirements with their clauses, obligation, severity, basis."""
    named = []
    for name in finding.requirements:
        clause = pack.requirements[name].clause if name in pack.requirements else None
        requirement = short(name)
        named.append(_CLAUSE.format(requirement=requirement, clause=clause).in_(lang) if clause else requirement)
    words = [OBLIGATIONS[finding.obligation], SEVERITIES[finding.severity]]
    basis = [BASES[finding.basis]] if finding.basis is Basis.INDICATIVE else []
    return " · ".join([*named, *(word.in_(lang) for word in (*words, *basis))])


def _shown(pack: Pack, finding: Finding, witness: Witness, fold: Callable[[JSON], JSON]) -> Iterator[Text]:
    if witness.sides:
        yield _joined(sides_words(witness.sides), witness)
    elif witness.margin:
        at = at_words(witness.margin)
        yield _joined(_AT.format(row=at) if at else Text("", ""), witness)
    if witness.cause:
        yield witness.cause
    if witness.row and not witness.case:
        yield _AT.format(row=row_words(witness))
        return
    yield RECORDED.format(n=witness.case) if finding.recorded else _origin(witness)
    rule = pack.rules.get(finding.rule)
    if witness.varied is not None and rule is not None and rule.relation is not None:
        said = TRANSFORMS[rule.relation.transform]
        yield _THEN.format(change=said.format(path=rule.relation.path, amount=rule.relation.amount or ""))
    if witness.oracle_sides:
        yield _MET.format(how=_KEEPS.format(value=sides_words(witness.oracle_sides, limit=False)))
    elif witness.oracle_response is not None:
        yield _MET.format(how=_REFERENCE)
    yield _REQUEST.format(body=_body(fold(witness.request)))
    if witness.response is not None:
        yield _RESPONSE.format(body=_body(witness.response))
    if witness.varied is not None and witness.varied.response is not None:
        yield _THEN.format(change=_RESPONSE.format(body=_body(witness.varied.response)))


def _joined(value: Text, witness: Witness) -> Text:
    """What decided, and its margin."""
    margin = _MARGIN.format(margin=margin_words(witness.margin))
    return Text("; ".join(filter(None, [value.en, margin.en])), "；".join(filter(None, [value.zh, margin.zh])))


def _origin(witness: Witness) -> Text:
    changes = changed_words(witness.changed)
    if not changes:
        return _NOMINAL
    return _OFF.format(changes=Text("; ".join(c.en for c in changes), "；".join(c.zh for c in changes)))


def _body(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
