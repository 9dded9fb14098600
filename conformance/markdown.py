"""Markdown from the text of others: what a pack says is shown as it stands, and is never markup.

`Md` is text that is Markdown already. Only the functions here make it of other text, so that a type checker finds
what was not escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NewType

Md = NewType("Md", str)

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_MARKS = re.compile(r"[&<>|\\`*_\[\]~$#]")
# What begins a list, or underlines a heading, at the start of a line.
_START = re.compile(r"^(\d*)([-+.)])(?= |$)|^()([-=])(?=[-= ]*$)")
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_UNSAFE_IN_TICKS = re.compile(r"[`|\\]")
_TICKS = re.compile("`+")


def plain(text: str) -> Md:
    """``text`` as words on one line."""
    escaped = _MARKS.sub(lambda m: _ENTITIES.get(m[0], f"\\{m[0]}"), _one_line(text))
    return Md(_START.sub(r"\1\3\\\2\4", escaped))


def code(text: str) -> Md:
    """``text`` in code style on one line; also within a table. Nothing for nothing."""
    line = _one_line(text)
    if _UNSAFE_IN_TICKS.search(line):  # a table would read its bars and backslashes before the ticks
        return Md(f"<code>{plain(line)}</code>")
    return Md(f"`{line}`" if line else "")


def listed(items: Iterable[Md], between: str = ", ") -> Md:
    """Items in one line; empty ones are left out."""
    return Md(between.join(item for item in items if item))


def block(text: str) -> Md:
    """``text`` in code style on its own lines."""
    lines = [_seen(line, tab=True).rstrip() for line in text.strip("\n").split("\n")]
    fence = "`" * max(3, 1 + max((len(ticks[0]) for ticks in _TICKS.finditer(text)), default=0))
    return Md("\n".join([f"{fence}text", *lines, fence]))


def table(head: Sequence[Md], rows: Iterable[Sequence[Md]]) -> Md:
    """A table. Columns that are empty in every row are left out."""
    cells = [list(row) for row in rows]
    kept = [i for i in range(len(head)) if any(row[i] for row in cells)]
    rule = [Md("---")] * len(head)
    return Md("\n".join(f"| {' | '.join(row[i] for i in kept)} |" for row in (head, rule, *cells)))


def bullets(items: Iterable[Md]) -> Md:
    """A list, an item a line."""
    return Md("\n".join(f"- {item}" for item in items))


def heading(level: int, words: Md, name: str) -> Md:
    """A heading that ``#name`` leads to, whatever its words are and in whichever language."""
    return Md(f'{"#" * level} <a id="{name}"></a>{words}')


def link(words: Md, target: str) -> Md:
    """A link to a page of ours, or to a place in it."""
    return Md(f"[{words}]({target})")


def slug(name: str) -> str:
    """``name`` as part of the name of a place: small letters, digits and hyphens."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def _one_line(text: str) -> str:
    return " ".join(_seen(text).split())


def _seen(text: str, *, tab: bool = False) -> str:
    kept = "\t" if tab else ""
    return "".join(" " if unicodedata.category(c) in _UNSEEN and c not in kept else c for c in text)
