"""One page in one language: how it says its own words and those of its pack, and where its links lead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from conformance.authoring.figures import Figures
from conformance.authoring.words import STATUSES
from conformance.errors import Language, Text
from conformance.markdown import Md, code, link, listed, plain, slug, table
from conformance.model.days import Span
from conformance.model.standard import Figure, Pack
from conformance.rules.printer import number

SINCE, BEFORE = Text("from {x}", "{x} 起"), Text("before {x}", "{x} 前")


@frozen
class Leaf:
    """A page of ``pack`` in ``lang``."""

    pack: Pack
    lang: Language
    figures: Figures

    def say(self, text: Text) -> Md:
        """A text of the pack."""
        return plain(text.in_(self.lang))

    def own(self, text: Text, **values: Md) -> Md:
        """Words of the page, which may be Markdown, with their named places filled."""
        return Md(text.in_(self.lang).format(**values))

    def listed(self, items: Iterable[Md]) -> Md:
        """Items with the commas of the language; empty ones are left out."""
        return listed(items, {"en": ", ", "zh": "、"}[self.lang])

    def codes(self, texts: Iterable[str]) -> Md:
        """Several texts in code style."""
        return self.listed(code(text) for text in texts)

    def sentences(self, items: Iterable[Md]) -> Md:
        """One sentence behind another."""
        return listed(items, {"en": " ", "zh": ""}[self.lang])

    def table(self, head: Sequence[Text | Md], rows: Iterable[Sequence[Md]]) -> Md:
        """A table under words of the page, or under what is Markdown already."""
        return table([self.own(words) if isinstance(words, Text) else words for words in head], rows)

    def source(self, id_: str) -> Md:
        """A source by the last part of its id and its number, such as that of a standard."""
        name = id_.rpartition("/")[2]
        if id_ not in self.pack.sources:
            return plain(name)
        return link(plain(f"{name} {self.pack.sources[id_].number or ''}"), f"#source-{slug(name)}")

    def sources(self, ids: Iterable[str]) -> Md:
        """Several sources."""
        return self.listed(self.source(id_) for id_ in ids)

    def rule(self, id_: str) -> Md:
        """A rule by the last part of its id."""
        name = id_.rpartition("/")[2]
        return link(code(name), f"#{rule_place(id_)}") if id_ in self.pack.rules else code(name)

    def titled(self, id_: str) -> Md:
        """A rule of the pack by its title."""
        return link(self.say(self.pack.rules[id_].title), f"#{rule_place(id_)}")

    def limits(self, name: str) -> Md:
        """A table of limits by its name."""
        return link(code(name), f"#{limits_place(name)}") if name in self.pack.limits else code(name)


def rule_place(id_: str) -> str:
    """What leads to a rule."""
    return f"rule-{slug(id_.rpartition('/')[2])}"


def limits_place(name: str) -> str:
    """What leads to a table of limits."""
    return f"limits-{slug(name)}"


def value(figure: Figure) -> Md:
    """The value of a figure without its unit."""
    if isinstance(figure.value, bool):
        return code("true" if figure.value else "false")
    return code(figure.value) if isinstance(figure.value, str) else Md(number(figure.value))


def unit(symbol: str | None) -> Md:
    """A unit; nothing for a plain number."""
    return plain("" if symbol in (None, "1") else str(symbol))


def amount(figure: Figure) -> Md:
    """Value and unit."""
    return Md(f"{value(figure)} {unit(figure.unit)}".rstrip())


def paragraphs(blocks: Iterable[Md]) -> Md:
    """What is not empty, with empty lines between."""
    return Md("\n\n".join(block for block in blocks if block))


def facts(said: Iterable[Md]) -> Md:
    """What is to be known, in a line."""
    return listed(said, " · ")


def days(leaf: Leaf, span: Span) -> Md:
    """The days on which something is in force; nothing for always."""
    ends = ((SINCE, span[0]), (BEFORE, span[1]))
    return leaf.listed(leaf.own(words, x=plain(day)) for words, day in ends if day is not None)


def known(leaf: Leaf, figure: Figure) -> tuple[Md, Md, Md]:
    """Source, clause and status of a figure."""
    return leaf.source(figure.source), plain(figure.clause or ""), leaf.own(STATUSES[figure.status])
