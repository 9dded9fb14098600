"""Which packs stand for each need of a plan, and what nothing stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from conformance.errors import Problem, Refused, Text
from conformance.model.standard import Pack, Status
from conformance.packs.consistency import unknown
from conformance.packs.document import Document
from conformance.packs.forms import check
from conformance.packs.values import maybe_text, text
from conformance.packs.yaml import read_yaml

_PACK = Text("pack", "标准包")
_LISTS = {"tasks": "plan", "themes": None, "areas": "opinions"}
"""Each list and the document that it is of; themes are the project's own."""


@frozen
class Need:
    """Something that standards are to cover."""

    id: str
    title: Text | None
    """In a few words; None where the wording is not known."""
    status: Status
    packs: tuple[Pack, ...]
    reason: Text | None
    """Why no pack stands for it."""


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
    known = {pack.id: pack for pack in packs}
    if problems := list(_missing(document, known)):
        raise Refused(problems)
    return tuple(_plan(document.value, part, of, known) for part, of in _LISTS.items())


def _plan(written: Mapping[str, Any], part: str, of: str | None, packs: Mapping[str, Pack]) -> Plan:
    head = written if of is None else written[of]
    needs = (
        Need(
            id=need["id"],
            title=maybe_text(need["title"]),
            status=Status(need["status"]),
            packs=tuple(packs[name] for name in need["packs"]),
            reason=maybe_text(need.get("reason")),
        )
        for need in written[part]
    )
    return Plan(text(head["title"]), head.get("number"), maybe_text(head.get("note")), tuple(needs))


def _missing(document: Document, packs: Mapping[str, Pack]) -> Iterator[Problem]:
    for part in _LISTS:
        for number, need in enumerate(document.value[part]):
            for place, name in enumerate(need["packs"]):
                if name not in packs:
                    yield unknown(_PACK, name, packs, document.position((part, number, "packs", place)))
