"""Which packs and rules stand for each need of a plan, and what nothing stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from conformance.errors import Problem, Refused, Text
from conformance.errors.packs import UnknownName
from conformance.model.standard import Pack, Status
from conformance.packs.document import Document
from conformance.packs.forms import check, listed, suggestion
from conformance.packs.values import maybe_text, text
from conformance.packs.yaml import read_yaml

_PACK = Text("pack", "标准包")
_REQUIREMENT = Text("requirement", "要求")


@frozen
class Stand:
    """What of one pack stands for a need."""

    pack: Pack
    requirements: tuple[str, ...]
    """Their ids; all of the pack where it stands as a whole."""

    @property
    def rules(self) -> int:
        """Rules that check one of the requirements."""
        wanted = set(self.requirements)
        return sum(not wanted.isdisjoint(rule.requirements) for rule in self.pack.rules.values())


@frozen
class Need:
    """Something that standards are to cover."""

    id: str
    title: Text | None
    """In a few words; None where the wording is not known."""
    status: Status
    by: tuple[Stand, ...]


@frozen
class Plan:
    """A list of needs, such as the tasks of an action plan."""

    title: Text
    number: str | None
    note: Text | None
    needs: tuple[Need, ...]


def read_coverage(path: Path, packs: Sequence[Pack]) -> tuple[Plan, ...]:
    """The lists in the YAML file at ``path``, over ``packs``. Raises `Refused`, also for a pack that is not there."""
    document = read_yaml(path)
    if problems := list(check(document, "coverage")):
        raise Refused(problems)
    if problems := list(_unknown(document, packs)):
        raise Refused(problems)
    known = {pack.short: pack for pack in packs}
    return tuple(_plan(plan, known) for plan in document.value)


def _plan(written: Mapping[str, Any], packs: Mapping[str, Pack]) -> Plan:
    needs = (
        Need(
            id=need["id"],
            title=maybe_text(need.get("title")),
            status=Status(need["status"]),
            by=tuple(_stands(need.get("by", ()), packs)),
        )
        for need in written["needs"]
    )
    return Plan(text(written["title"]), written.get("number"), maybe_text(written.get("note")), tuple(needs))


def _stands(names: Sequence[str], packs: Mapping[str, Pack]) -> Iterator[Stand]:
    of: dict[str, set[str]] = {}
    for name in names:
        short, _, requirement = name.partition("/")
        of.setdefault(short, set()).update([f"{short}/{requirement}"] if requirement else packs[short].requirements)
    for short, requirements in of.items():
        yield Stand(packs[short], tuple(r for r in packs[short].requirements if r in requirements))


def _unknown(document: Document, packs: Sequence[Pack]) -> Iterator[Problem]:
    """Names of packs and requirements that are not there."""
    known = {pack.short: pack for pack in packs}
    for at, plan in enumerate(document.value):
        for number, need in enumerate(plan["needs"]):
            for place, name in enumerate(need.get("by", ())):
                pack = known.get(name.partition("/")[0])
                if name in known or (pack is not None and name in pack.requirements):
                    continue
                kind, names = (_PACK, tuple(known)) if pack is None else (_REQUIREMENT, tuple(pack.requirements))
                yield UnknownName(
                    kind=kind,
                    name=name,
                    suggestion=suggestion(name, names),
                    known=listed(names),
                    position=document.position((at, "needs", number, "by", place)),
                )
