"""The pages of the rule language, read as tests: their whole files, their tables of examples, their terminal output.

A comment before a block says what it is: ``file: PACK PATH`` (a whole file of that pack), ``after: PACK PATH | OLD |
NEW`` (what the terminal says when a file has been changed), ``rows: KIND RULE`` (a table, each of whose rows is run).
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
PAGES = {"en": ROOT / "docs/rule-language.md", "zh": ROOT / "docs/rule-language.zh-CN.md"}
PACKS = {
    "grid-dispatch": ROOT / "standards/ai-for-energy/grid-dispatch",
    "metering": ROOT / "fixtures/packs/metering",
    "small": ROOT / "fixtures/packs/small",
}
_MARK = re.compile(r"<!-- (file|after|rows): (.*) -->")
_CODE = re.compile(r"`+([^`]*)`+")


@frozen
class File:
    """A whole file of a pack."""

    pack: str
    path: str
    text: str

    @property
    def rule(self) -> str | None:
        """The id of the rule in it."""
        found = re.match(r"id: (\S+)", self.text)
        return found[1] if found else None


@frozen
class Said:
    """What a command says after ``old`` in a file has become ``new``."""

    pack: str
    path: str
    old: str
    new: str
    text: str


COLUMNS = {
    "conditions": (0, 1, 2, 3),
    "expressions": (0, 2, 3, 4, 5),
    "mistakes": (0, 1),
    "series": (0, 2, 3, 4),
    "slips": (0, 1, 2),
    "steps": (0, 1, 2, 3),
    "takes": (0, 2, 3, 4),
    "transforms": (0, 2, 3, 4),
    "windows": (0, 1, 2, 3, 4),
}
"""Which columns of each kind of table are run; the others explain."""


@frozen
class Row:
    """One row of a table of examples: what stands as code in the columns that are run, empty where nothing does."""

    lang: str
    line: int
    kind: str
    rule: str
    cells: tuple[str, ...]


@frozen
class Page:
    """One page."""

    text: str
    files: tuple[File, ...]
    said: tuple[Said, ...]
    rows: tuple[Row, ...]


def read(lang: str) -> Page:
    """The page in ``lang``."""
    text = PAGES[lang].read_text(encoding="utf-8")
    lines = text.split("\n")
    files: list[File] = []
    said: list[Said] = []
    rows: list[Row] = []
    for number, line in enumerate(lines):
        if not (mark := _MARK.fullmatch(line)):
            continue
        kind, about = mark.groups()
        if kind == "rows":
            of, rule = about.split()
            for at, cells in _table(lines, number + 1):
                rows.append(Row(lang, at, of, rule, tuple(cells[n] for n in COLUMNS[of])))
        elif kind == "file":
            pack, path = about.split()
            files.append(File(pack, path, _fenced(lines, number + 1, "yaml")))
        else:
            where, old, new = about.split(" | ")
            pack, path = where.split()
            said.append(Said(pack, path, old, new, _fenced(lines, number + 1, "text")))
    return Page(text, tuple(files), tuple(said), tuple(rows))


def _fenced(lines: list[str], start: int, language: str) -> str:
    assert lines[start] == f"```{language}", f"line {start + 1}"
    end = lines.index("```", start)
    return "\n".join(lines[start + 1 : end]) + "\n"


def _table(lines: list[str], start: int) -> list[tuple[int, tuple[str, ...]]]:
    found = []
    for number in range(start + 2, len(lines)):  # a header and its rule come first
        if not lines[number].startswith("|"):
            break
        columns = lines[number].strip().strip("|").split("|")
        found.append((number + 1, tuple(" ".join(_CODE.findall(column)) for column in columns)))
    assert found, f"no rows after line {start}"
    return found


def write(page: Page, folder: Path) -> dict[str, Path]:
    """Copies of the packs, with the files of ``page`` in them; by their short names."""
    for name, place in PACKS.items():
        shutil.copytree(place, folder / name)
    for file in page.files:
        (folder / file.pack / file.path).write_text(file.text, encoding="utf-8")
    return {name: folder / name for name in PACKS}
