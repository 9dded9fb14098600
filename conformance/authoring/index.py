"""The index of the pages: every pack with its status and how well its figures are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.authoring.leaf import Leaf
from conformance.authoring.opening import OTHER, file_of
from conformance.authoring.words import AUTOMATIONS
from conformance.errors import Language, Text
from conformance.markdown import Md, code, heading, link, plain, table
from conformance.model.words import PACK_STATUS

_TITLE = Text("Packs", "标准包")
_ABOUT = Text(
    "Each page is generated from the files of its pack by `conformance docs`. Only figures in a primary text that was "
    "read certify; drafts certify nothing.",
    "各页由 `conformance docs` 根据标准包文件生成。只有已核对标准原文的数值才可用于认证；草案一概不得用于认证。",
)
_HEAD = (
    Text("Pack", "标准包"), Text("Subject", "主题"), Text("Version", "版本"), Text("Status", "状态"),
    *AUTOMATIONS.values(), Text("Figures", "数值"), Text("of which certify", "其中可用于认证"),
)  # fmt: skip


def index(leaves: Sequence[Leaf], lang: Language) -> Iterator[Md]:
    """All packs by id."""
    other: Language = "zh" if lang == "en" else "en"
    yield heading(1, Md(_TITLE.in_(lang)), "top")
    yield link(Md(OTHER[lang].in_(lang)), file_of("README", other))
    yield Md(_ABOUT.in_(lang))
    rows = (_row(leaf) for leaf in sorted(leaves, key=lambda leaf: leaf.pack.id))
    yield table([Md(words.in_(lang)) for words in _HEAD], rows)


def _row(leaf: Leaf) -> tuple[Md, ...]:
    pack = leaf.pack
    judged = [r.automation for r in pack.requirements.values()]
    certify = 0 if pack.status == "draft" else leaf.figures.normative
    return (
        link(code(pack.id), file_of(pack.short, leaf.lang)),
        leaf.say(pack.title),
        plain(pack.version),
        leaf.own(PACK_STATUS[pack.status]),
        *(Md(f"{judged.count(how)}") for how in AUTOMATIONS),
        Md(f"{leaf.figures.count().all}"),
        Md(f"{certify}"),
    )
