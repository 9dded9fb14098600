"""What a finding is about: a rule of a pack, or one that every operation, table or document has."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Literal

from attrs import frozen

from conformance.errors import Text
from conformance.model.outcome import Obligation, Severity
from conformance.model.standard import Pack, Rule

RuleStatus = Literal["draft", "experimental", "stable", "watch", "withdrawn"]


class Claim(StrEnum):
    """What a system declares of the capability that a rule belongs to (decision 12)."""

    DECLARED = "declared"
    """Claimed, or the rule belongs to none: it is tested. A claim that does not hold is a failed rule."""
    NOT_DECLARED = "not-declared"
    """Optional and not claimed: information."""
    MISSING = "missing"
    """Mandatory and not claimed: failed."""


@frozen(kw_only=True)
class Subject:
    """What `conclude` needs to know of a rule."""

    rule: str
    title: Text
    requirements: tuple[str, ...]
    obligation: Obligation
    severity: Severity
    status: RuleStatus = "stable"
    capability: str | None = None
    implicit: bool = False


_STRONGEST = (Obligation.SHALL, Obligation.SHOULD, Obligation.MAY)


def subject(rule: Rule, pack: Pack) -> Subject:
    """A rule of ``pack``; its obligation is the strongest of its requirements, ``shall`` if it names none."""
    named = {pack.requirements[r].obligation for r in rule.requirements if r in pack.requirements}
    return Subject(
        rule=rule.id,
        title=rule.title,
        requirements=rule.requirements,
        obligation=next((o for o in _STRONGEST if o in named), Obligation.SHALL),
        severity=rule.severity,
        status=rule.status,
        capability=rule.capability,
    )


def implicit(pack: Pack, operation: str) -> tuple[Subject, Subject]:
    """The two rules that every operation has, ``answers`` and ``response-valid``: mandatory, and normative in basis."""
    return (
        _mandatory(pack, f"{operation}-answers", Text("Every {} request is answered", "{} 请求均有应答"), operation),
        _mandatory(
            pack, f"{operation}-response-valid", Text("Every {} response is valid", "{} 应答均符合接口规定"), operation
        ),
    )


def rows_valid(pack: Pack, table: str) -> Subject:
    """The rule that every table has: its key names one row."""
    return _mandatory(pack, f"{table}-rows-valid", Text("No key of {} comes twice", "{} 中没有重复的键"), table)


def document_valid(pack: Pack, document: str) -> Subject:
    """The rule that every document has: it meets its schema."""
    return _mandatory(pack, f"{document}-valid", Text("Document {} meets its schema", "文档 {} 符合其模式"), document)


def _mandatory(pack: Pack, name: str, title: Text, surface: str) -> Subject:
    return Subject(
        rule=f"{pack.short}/{name}",
        title=Text(title.en.format(surface), title.zh.format(surface)),
        requirements=(),
        obligation=Obligation.SHALL,
        severity=Severity.CRITICAL,
        implicit=True,
    )


def claim(rule: Rule, pack: Pack, declared: Collection[str] | None) -> Claim:
    """What ``declared``, a system's list of capabilities, says of the rule's capability.

    None: the system says nothing of this pack; then every rule is tested, since silence must not hide a failure.
    """
    if rule.capability is None or declared is None or rule.capability in declared:
        return Claim.DECLARED
    return Claim.MISSING if pack.capabilities.get(rule.capability) == "mandatory" else Claim.NOT_DECLARED
