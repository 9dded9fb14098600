"""The requirements of a pack with the rules that judge them, what is judged by hand, and what is not tested."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.authoring.leaf import Leaf, facts
from conformance.authoring.rules import rule
from conformance.authoring.words import AUTOMATIONS, RELATIONS, STATUSES
from conformance.errors import Text
from conformance.markdown import Md, heading, link, plain, slug
from conformance.model.standard import Automation, Pack, Requirement
from conformance.model.words import OBLIGATIONS

PLACES: dict[Automation, str] = {"automated": "requirements", "manual": "by-hand", "not-tested": "not-tested"}
_KINDS = {
    "official": Text("official text", "官方原文"),
    "paraphrase": Text("paraphrase", "转述"),
}
_SOURCES = Text("sources: {sources}", "来源：{sources}")
_CLAUSE = Text("clause {clause}", "条款 {clause}")
_REASONS: dict[Automation, Text] = {
    "automated": Text("{reason}", "{reason}"),
    "manual": Text("**An assessor records:** {reason}", "**评估人员记录**：{reason}"),
    "not-tested": Text("**Why not:** {reason}", "**原因**：{reason}"),
}
_ALSO = Text("Judged above by: {rules}", "由上文规则判定：{rules}")
MAPS = Text("Counterparts in other documents", "与其他文件的对应")
_MAPS_HEAD = (
    Text("Requirement", "要求"), Text("Relation", "关系"), Text("Document", "文件"), Text("Edition", "版本"),
    Text("Clause", "条款"), Text("Status", "状态"),
)  # fmt: skip


def requirements(leaf: Leaf) -> Iterator[Md]:
    """All requirements by how they are judged. A rule is told under the first requirement that it judges."""
    told: set[str] = set()
    for automation, place in PLACES.items():
        those = [r for r in leaf.pack.requirements.values() if r.automation == automation]
        if those:
            yield heading(2, leaf.own(AUTOMATIONS[automation]), place)
        for requirement in those:
            yield from _requirement(leaf, requirement, told)


def _requirement(leaf: Leaf, shown: Requirement, told: set[str]) -> Iterator[Md]:
    name = shown.id.rpartition("/")[2]
    yield heading(3, Md(f"{plain(name)} · {leaf.own(OBLIGATIONS[shown.obligation])}"), slug(name))
    yield leaf.say(shown.text)
    clause = leaf.own(_CLAUSE, clause=plain(shown.clause)) if shown.clause else Md("")
    from_ = leaf.own(_SOURCES, sources=leaf.sources(shown.sources))
    yield facts([leaf.own(_KINDS[shown.text_kind]), clause, from_])
    if shown.reason is not None:
        yield leaf.own(_REASONS[shown.automation], reason=leaf.say(shown.reason))
    judging = judges(leaf.pack, shown)
    if already := [id_ for id_ in judging if id_ in told]:
        yield leaf.own(_ALSO, rules=leaf.listed(leaf.rule(id_) for id_ in already))
    for id_ in judging:
        if id_ not in told:
            told.add(id_)
            yield from rule(leaf, leaf.pack.rules[id_])


def judges(pack: Pack, requirement: Requirement) -> list[str]:
    """The rules that judge ``requirement``."""
    return [rule.id for rule in pack.rules.values() if requirement.id in rule.requirements]


def maps(leaf: Leaf) -> Iterator[Md]:
    """How requirements relate to clauses of other documents; nothing where none does."""
    rows = [
        (
            link(plain(requirement.id.rpartition("/")[2]), f"#{slug(requirement.id.rpartition('/')[2])}"),
            leaf.own(RELATIONS[mapped.relation]),
            plain(mapped.document),
            plain(mapped.edition or ""),
            plain(mapped.clause or ""),
            leaf.own(STATUSES[mapped.status]),
        )
        for requirement in leaf.pack.requirements.values()
        for mapped in requirement.maps
    ]
    if rows:
        yield heading(2, leaf.own(MAPS), "counterparts")
        yield leaf.table(_MAPS_HEAD, rows)
