"""How a page begins: what the pack is, how well its figures are known, and what stands where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.authoring import limits, profiles, sources, surfaces
from conformance.authoring.figures import Counts
from conformance.authoring.leaf import Leaf, days, facts
from conformance.authoring.requirements import PLACES
from conformance.authoring.words import AUTOMATIONS, STATUSES
from conformance.errors import Language, Text
from conformance.markdown import Md, bullets, code, heading, link, plain
from conformance.model.words import PACK_STATUS

OTHER: dict[Language, Text] = {"en": Text("中文", "中文"), "zh": Text("English", "English")}
ALL = Text("All packs", "全部标准包")
_IDENTITY = Text("{id} {version} · status: **{status}** · {others}", "{id} {version} · 状态：**{status}** · {others}")
_DRAFT = Text(
    "**Draft: nothing here certifies.** A result against it is a self-test.",
    "**草案：不得据此认证。** 据此得到的结果仅为自测。",
)
_UNREAD = Text("**Nothing here certifies.**", "**不得据此认证。**")
_NORMATIVE = Text(
    "{normative} of its {all} figures stand in a primary text that was read; results that rest on the others are "
    "indicative.",
    "{all} 个数值中有 {normative} 个已核对标准原文；依据其余数值得出的结果均为参考性结果。",
)
_NONE_READ = Text("None of its {all} figures stands in a primary text that was read.", "{all} 个数值均未核对标准原文。")
_NO_FIGURES = Text(
    "It states no figures: its rules are known as well as the [sources](#sources) of their requirements.",
    "本标准包没有数值：其规则的可信程度取决于各项要求的[来源](#sources)。",
)
_COUNTS = Text("Figures by status", "数值按状态统计")
_COUNT_HEAD = (
    Text("Status", "状态"), Text("In files", "文件用词"), Text("Tables of limits", "限值表"), Text("Rules", "规则"),
    Text("Profiles", "配置"), Text("Bounds of inputs", "输入范围"), Text("All", "合计"),
)  # fmt: skip
_SUM = Text("**All**", "**合计**")
_CONTENTS = Text("Contents", "目录")
SCOPE = Text("Scope", "范围")
_SCOPE = {
    "theme": Text("Theme: {x}", "主题：{x}"),
    "requirements": Text("Requirements: {x}", "要求：{x}"),
    "rules": Text("Rules: {x}", "规则：{x}"),
    "operations": Text("Operations: {x}", "操作：{x}"),
    "tables": Text("Tables: {x}", "表：{x}"),
    "documents": Text("Documents: {x}", "文件：{x}"),
    "capabilities": Text("Capabilities: {x}", "能力：{x}"),
    "force": Text("In force: {x}", "有效期：{x}"),
    "zone": Text("Calendar of {x}", "历法时区：{x}"),
    "evidence": Text("Evidence: {x}", "证据要求：{x}"),
    "language": Text("Where the languages differ, {x} decides", "两种语言不一致时，以{x}为准"),
    "licence": Text("Licence: {x}", "许可证：{x}"),
}
_MANDATORY = {"mandatory": Text("{x} (mandatory)", "{x}（必备）"), "optional": Text("{x} (optional)", "{x}（可选）")}
_LANGUAGES: dict[Language, Text] = {"en": Text("English", "英文"), "zh": Text("Chinese", "中文")}
_COUNTED = Text("{words} {n}", "{words} {n} 条")


def opening(leaf: Leaf) -> Iterator[Md]:
    """Title, status, and first of all how well its figures are known."""
    pack = leaf.pack
    yield heading(1, leaf.say(pack.title), "top")
    other: Language = "zh" if leaf.lang == "en" else "en"
    elsewhere = [
        link(leaf.own(OTHER[leaf.lang]), file_of(pack.short, other)),
        link(leaf.own(ALL), file_of("README", leaf.lang)),
    ]
    yield leaf.own(
        _IDENTITY,
        id=code(pack.id),
        version=plain(pack.version),
        status=leaf.own(PACK_STATUS[pack.status]),
        others=facts(elsewhere),
    )
    yield Md("> " + standing(leaf))
    yield from _counts(leaf)


def standing(leaf: Leaf) -> Md:
    """Whether a result against the pack can certify, and why not."""
    all_, normative = leaf.figures.count().all, leaf.figures.normative
    words = _NO_FIGURES if not all_ else _NORMATIVE if normative else _NONE_READ
    known = leaf.own(words, normative=Md(f"{normative}"), all=Md(f"{all_}"))
    if leaf.pack.status == "draft":
        return leaf.sentences([leaf.own(_DRAFT), known])
    return leaf.sentences([leaf.own(_UNREAD), known]) if all_ and not normative else known


def _counts(leaf: Leaf) -> Iterator[Md]:
    rows = [(leaf.own(STATUSES[s]), code(s.value), *_row(counts)) for s, counts in leaf.figures.by_status().items()]
    if rows:
        yield heading(2, leaf.own(_COUNTS), "figures")
        yield leaf.table(_COUNT_HEAD, [*rows, (leaf.own(_SUM), Md(""), *_row(leaf.figures.count()))])


def _row(counts: Counts) -> tuple[Md, ...]:
    shown = (counts.tables, counts.rules, counts.profiles, counts.inputs, counts.all)
    return tuple(Md(f"{n}" if n else "") for n in shown)


def contents(leaf: Leaf, present: Iterable[tuple[Md, str]]) -> Iterator[Md]:
    """Where to find what; each table of limits by its title."""
    yield heading(2, leaf.own(_CONTENTS), "contents")
    lines = [(words, place, limits.contents(leaf) if place == "limits" else ()) for words, place in present]
    yield Md(
        "\n".join(
            line
            for words, place, below in lines
            for line in (f"- {link(words, f'#{place}')}", *(f"  - {link(part, f'#{at}')}" for part, at in below))
        )
    )


def sections(leaf: Leaf) -> Iterator[tuple[Md, str]]:
    """Words and place of the sections that every page has, and of those by how requirements are judged."""
    yield leaf.own(limits.TITLE), "limits"
    yield leaf.own(SCOPE), "scope"
    for automation, place in PLACES.items():
        if any(r.automation == automation for r in leaf.pack.requirements.values()):
            yield leaf.own(AUTOMATIONS[automation]), place
    yield leaf.own(profiles.TITLE), "profiles"
    yield leaf.own(surfaces.TITLE), "surfaces"
    yield leaf.own(sources.TITLE), "sources"


def scope(leaf: Leaf) -> Iterator[Md]:
    """What the pack is about, as far as its files say so, and its licence."""
    pack = leaf.pack
    yield heading(2, leaf.own(SCOPE), "scope")
    judged = [r.automation for r in pack.requirements.values()]
    capabilities = (leaf.own(_MANDATORY[kind], x=code(name)) for name, kind in pack.capabilities.items())
    said = {
        "theme": code(pack.id.rpartition("/")[0]),
        "requirements": leaf.listed(
            leaf.own(_COUNTED, words=leaf.own(words), n=Md(f"{judged.count(how)}"))
            for how, words in AUTOMATIONS.items()
        ),
        "rules": Md(f"{len(pack.rules)}"),
        "operations": _links(leaf, pack.operations),
        "tables": _links(leaf, pack.tables),
        "documents": _links(leaf, pack.documents),
        "capabilities": leaf.listed(capabilities),
        "force": days(leaf, (pack.effective_from, pack.effective_to)),
        "zone": plain(pack.zone),
        "evidence": profiles.evidence(leaf, pack.evidence) if pack.operations else Md(""),
        "language": leaf.own(_LANGUAGES[pack.authoritative]),
        "licence": plain(pack.licence),
    }
    yield bullets(leaf.own(_SCOPE[key], x=words) for key, words in said.items() if words)


def _links(leaf: Leaf, names: Iterable[str]) -> Md:
    return leaf.listed(link(code(name), f"#{surfaces.place(name)}") for name in names)


def file_of(name: str, lang: Language) -> str:
    """The file of a page in ``lang``."""
    return f"{name}.md" if lang == "en" else f"{name}.zh-CN.md"
