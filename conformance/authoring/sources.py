"""What a pack rests on, and the defects that its rules must find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from conformance.authoring.leaf import Leaf
from conformance.authoring.words import SOURCE_KINDS, STATUSES
from conformance.errors import Text
from conformance.markdown import Md, code, heading, plain, slug
from conformance.model.standard import Source, Status

TITLE = Text("Sources", "来源")
_HEAD = (
    Text("Source", "来源"), Text("Kind", "类别"), Text("Number", "编号"), Text("Edition", "版本"),
    Text("Clause", "条款"), Text("Title", "名称"), Text("Read", "是否核对原文"), Text("Status", "状态"),
    Text("Note", "说明"),
)  # fmt: skip
_READ, _UNREAD = Text("yes", "是"), Text("**no**", "**否**")
DEFECTS = Text("Defects that its rules must find", "规则必须检出的缺陷")
_PROOF = Text(
    "{command} puts each of these into the reference system and fails if a rule that names it does not find it.",
    "{command} 将下列缺陷逐一植入参考系统；若指名的规则未能检出，则命令失败。",
)
_DEFECT_HEAD = (Text("Defect", "缺陷"), Text("Id", "标识"), Text("Named by", "指名的规则"))
_IMPLICIT = Text("{name} (of every pack)", "{name}（所有标准包共有）")


@frozen
class KnownDefect:
    """A defect that is put into the reference of a pack."""

    id: str
    title: Text
    implicit: str | None = None
    """Which of the rules that stand in no file finds it."""


def sources(leaf: Leaf) -> Iterator[Md]:
    """Every source, and whether its text was read."""
    yield heading(2, leaf.own(TITLE), "sources")
    yield leaf.table(_HEAD, (_source(leaf, source) for source in leaf.pack.sources.values()))


def _source(leaf: Leaf, source: Source) -> tuple[Md, ...]:
    name = source.id.rpartition("/")[2]
    return (
        Md(f'<a id="source-{slug(name)}"></a>{plain(name)}'),
        leaf.own(SOURCE_KINDS[source.kind]),
        plain(source.number or ""),
        plain(source.edition or ""),
        plain(source.clause or ""),
        leaf.say(source.title),
        _read(leaf, source),
        leaf.own(STATUSES[source.status]),
        leaf.say(source.note) if source.note else Md(""),
    )


def _read(leaf: Leaf, source: Source) -> Md:
    """Whether its text was read; a dash where there is none of others to read."""
    if source.kind == "project" or source.status in (Status.PROJECT, Status.MEASURED):
        return Md("–")
    return leaf.own(_READ if source.status is Status.PRIMARY else _UNREAD)


def defects(leaf: Leaf, known: Sequence[KnownDefect]) -> Iterator[Md]:
    """The defects and the rules that name them; nothing where none are brought."""
    if not known:
        return
    yield heading(2, leaf.own(DEFECTS), "defects")
    yield leaf.own(_PROOF, command=code("conformance test --defects"))
    yield leaf.table(_DEFECT_HEAD, ((leaf.say(d.title), code(d.id), _named_by(leaf, d)) for d in known))


def _named_by(leaf: Leaf, defect: KnownDefect) -> Md:
    implicit = [leaf.own(_IMPLICIT, name=code(defect.implicit))] if defect.implicit else []
    return leaf.listed([*(leaf.rule(r.id) for r in leaf.pack.rules.values() if defect.id in r.kills), *implicit])
