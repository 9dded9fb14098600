"""What every failure of the harness is made of: a code, a place, and four parts of text in two languages."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import ClassVar, Literal

from attrs import Attribute, field, fields, frozen

Language = Literal["en", "zh"]


@frozen
class Text:
    """One text in English and in Chinese."""

    en: str
    zh: str

    def in_(self, lang: Language) -> str:
        """The text in language ``lang``."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: object) -> Text:
        """Fill the named places of both texts; a `Text` among the values gives each its own language."""

        def fill(lang: Language) -> str:
            shown = {k: v.in_(lang) if isinstance(v, Text) else v for k, v in values.items()}
            return self.in_(lang).format(**shown)

        return Text(fill("en"), fill("zh"))


@frozen
class Position:
    """A place in a file: 1-based line and column, and how many characters it spans on that line."""

    file: str
    line: int
    column: int
    width: int = 1
    source: str | None = field(default=None, eq=False, repr=False)
    """The text of that line, where it is known, so that a caret can be drawn below it."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def caret(self) -> list[str]:
        """The line itself and a caret line below it (aligned under double-width characters); empty if unknown."""
        if self.source is None:
            return []
        line = self.source.rstrip("\r\n").replace("\t", " ")
        start = max(self.column - 1, 0)
        if len(line) > 160:  # keep a window of the line around the place
            cut = max(start - 40, 0)
            line, start = line[cut : cut + 120], start - cut
        pad = columns(line[:start])
        marked = max(columns(line[start : start + max(self.width, 1)]), 1)
        return [line, " " * pad + "^" * marked]


def columns(text: str) -> int:
    """How many terminal columns ``text`` takes: East Asian wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


_LABELS = {"why": Text("why: ", "原因："), "mend": Text("to mend: ", "改法：")}


@frozen(kw_only=True)
class Problem(Exception):
    """One failure. Each subclass is one kind of failure, with a stable code and its texts.

    The class texts are templates over the fields of the instance. ``what`` says what is wrong, ``why`` why it
    matters, ``mend`` how to mend it. Subclasses are frozen and compare by value.
    """

    code: ClassVar[str] = "C000"
    what: ClassVar[Text]
    why: ClassVar[Text]
    mend: ClassVar[Text]

    position: Position | None = None

    def _fill(self, template: Text) -> Text:
        places: tuple[Attribute[object], ...] = fields(type(self))
        return template.format(**{a.name: getattr(self, a.name) for a in places})

    def headline(self) -> Text:
        """What is wrong, in one line."""
        return self._fill(self.what)

    def render(self, lang: Language = "en") -> str:
        """What, where (with a caret), why, and how to mend it; plain text."""
        where = f"{self.position}: " if self.position else ""
        lines = [f"{where}{self.code} {self.headline().in_(lang)}"]
        if self.position:
            lines += ["    " + line for line in self.position.caret()]
        for label, template in (("why", self.why), ("mend", self.mend)):
            lines.append(f"  {_LABELS[label].in_(lang)}{self._fill(template).in_(lang)}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render("en")


class Refused(Exception):
    """Something was refused, with every problem that was found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in order of their place; at least one is needed."""
        self.problems = tuple(sorted(problems, key=_place))
        if not self.problems:
            raise ValueError("Refused needs at least one problem")
        super().__init__(*self.problems)

    def render(self, lang: Language = "en") -> str:
        """All problems, a blank line between them."""
        return "\n\n".join(p.render(lang) for p in self.problems)

    def __str__(self) -> str:
        return self.render("en")


def _place(problem: Problem) -> tuple[str, int, int]:
    at = problem.position
    return (at.file, at.line, at.column) if at else ("", 0, 0)


def kinds(root: type[Problem] = Problem) -> list[type[Problem]]:
    """Every kind of failure that has been imported, by code."""
    found: list[type[Problem]] = []
    for sub in root.__subclasses__():
        if sub.code != Problem.code:
            found.append(sub)
        found += kinds(sub)
    return sorted(found, key=lambda k: k.code)
