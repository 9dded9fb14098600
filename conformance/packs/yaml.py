"""YAML files with positions: libyaml's scanner, our own constructor with the core types of YAML 1.2.

Text stays text unless it is null, true, false or a number of the core schema: ``1e-3`` is a number, ``10:30``, ``on``
and ``yes`` are words, ``017`` is seventeen. Keys are always words. What can be read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from os import PathLike
from pathlib import Path as FilePath
from typing import Any

import yaml

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.files import (
    Anchor,
    BadSyntax,
    Directive,
    DuplicateKey,
    EmptyFile,
    KeyNotText,
    MergeKey,
    NotFinite,
    SeveralDocuments,
    Tab,
    Tag,
    TooDeep,
)  # fmt: skip
from conformance.model.json import JSON
from conformance.packs.characters import LIMIT, full_width, full_width_key, full_width_problem, read_text, split
from conformance.packs.document import Document, Path, Scalar

DEPTH = 64
"""Levels of nesting that are read."""
_CONSTANTS: dict[str, JSON] = {"": None, "~": None}
for _word, _value in (("null", None), ("true", True), ("false", False)):
    _CONSTANTS |= {_word: _value, _word.title(): _value, _word.upper(): _value}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_EXACT = 2**63
_COLON = Text("a colon and a space begin a value here, or a line is indented wrongly", "此处出现冒号加空格，或缩进有误")
_CLOSE = Text("a bracket or quote is not closed", "括号或引号没有闭合")
_EXPLAINED = {
    "mapping values are not allowed": (
        _COLON,
        Text("quote text that holds `: `; align keys of one mapping", "含 `: ` 的文字请加引号；同级键请对齐"),
    ),
    "could not find expected ':'": (
        Text("a key without a colon", "键后缺少冒号"),
        Text("write `key: value`", "请写成 `键: 值`"),
    ),
    "did not find expected ',' or": (
        _CLOSE,
        Text("close it, or separate the elements by commas", "请补上右括号，或用逗号分隔各项"),
    ),
    "found unexpected end of stream": (_CLOSE, Text("close it", "请补上结尾的引号")),
    "cannot start any token": (
        Text("a character that cannot begin a value", "值不能以该字符开头"),
        Text("quote the value", "请给该值加引号"),
    ),
    "did not find expected key": (
        Text("a line is indented wrongly, or a quote ends too early", "缩进有误，或引号过早结束"),
        Text("align keys of one mapping", "请对齐同级的键"),
    ),
    "did not find expected '-'": (
        Text("a list and a mapping meet at one indent", "同一缩进下混用了列表和映射"),
        Text("indent one of them", "请缩进其中之一"),
    ),
    "unknown escape character": (
        Text("an unknown escape in double quotes", "双引号中有未知的转义"),
        Text("double the backslash, or use single quotes", "请写两个反斜杠，或改用单引号"),
    ),
}


def read_yaml(path: str | PathLike[str], *, name: str | None = None, limit: int = LIMIT) -> Document:
    """Read the YAML file at ``path``; positions call it ``name``. Raises `Refused` with all its problems."""
    shown = name or FilePath(path).as_posix()
    return parse_yaml(read_text(FilePath(path), name=shown, limit=limit), name=shown)


def parse_yaml(text: str, *, name: str) -> Document:
    """Read YAML ``text``; positions call its file ``name``. Raises `Refused` with all its problems."""
    return _Reader(text, name).document()


class _Stop(Exception):
    """Nothing more can be read; the reason is among the problems."""


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.lines = split(text)
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.problems: list[Problem] = []
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.scalars: dict[Path, Scalar] = {}

    def document(self) -> Document:
        value: JSON = None
        try:
            value = self._root()
        except _Stop:
            pass
        except yaml.YAMLError as error:
            self._syntax(error)
        if self.problems:
            raise Refused(self.problems)
        return Document(self.name, value, self.lines, self.values, self.keys, self.scalars)

    def _root(self) -> JSON:
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            self.problems.append(EmptyFile(position=Position(self.name, 1, 1)))
            raise _Stop
        if start.version or start.tags:
            self.problems.append(Directive(position=self._at(0, 0, len(self.lines[0]))))
        value = self._node(next(self.events), (), 0)
        next(self.events)
        more = next(self.events)
        if isinstance(more, yaml.DocumentStartEvent):
            self.problems.append(SeveralDocuments(position=self._place(more)))
        return value

    def _at(self, line: int, column: int, width: int = 1) -> Position:
        source = self.lines[line] if line < len(self.lines) else ""
        return Position(self.name, line + 1, column + 1, max(width, 1), source)

    def _place(self, event: Any) -> Position:
        start, end = event.start_mark, event.end_mark
        if isinstance(event, yaml.CollectionStartEvent) or end.line > start.line:
            return self._at(start.line, start.column)
        return self._at(start.line, start.column, end.column - start.column)

    def _node(self, event: Any, path: Path, depth: int) -> JSON:
        place = self._place(event)
        self.values[path] = place
        if isinstance(event, yaml.AliasEvent):
            self.problems.append(Anchor(found=f"*{event.anchor}", position=place))
            return None
        if event.anchor is not None:
            self.problems.append(Anchor(found=f"&{event.anchor}", position=place))
        if event.tag is not None:
            self.problems.append(Tag(found=str(event.tag), position=place))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, place)
        if depth >= DEPTH:
            self.problems.append(TooDeep(limit=DEPTH, position=place))
            raise _Stop
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[JSON] = []
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                items.append(self._node(event, (*path, len(items)), depth + 1))
            return items
        return self._mapping(path, depth)

    def _mapping(self, path: Path, depth: int) -> JSON:
        found: dict[str, JSON] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            place = self._place(event)
            if not isinstance(event, yaml.ScalarEvent):
                self._node(event, path, depth + 1)  # read it to the end, so that the rest can be read
                self.problems.append(KeyNotText(position=place))
                self._node(next(self.events), path, depth + 1)
                continue
            key: str = event.value
            if event.anchor is not None or event.tag is not None:
                self._node(event, (*path, key), depth + 1)
            elif key == "<<" and event.implicit[0]:
                self.problems.append(MergeKey(position=place))
            elif key in found:
                self.problems.append(DuplicateKey(key=key, first=self.keys[*path, key].line, position=place))
            elif event.implicit[0]:
                self._check_width(event, key=True)
            self.keys.setdefault((*path, key), place)
            value = self._node(next(self.events), (*path, key), depth + 1)
            found.setdefault(key, value)
        return found

    def _scalar(self, event: Any, path: Path, place: Position) -> JSON:
        text: str = event.value
        plain: bool = event.implicit[0]
        self.scalars[path] = Scalar(event.style or "", text, event.end_mark.line)
        if not plain:
            return text
        self._check_width(event, key=False)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NO_NUMBER.fullmatch(text):
            self.problems.append(NotFinite(text=text, position=place))
            return None
        if _INTEGER.fullmatch(text) or _BASED.fullmatch(text):
            number = int(text, 0 if _BASED.fullmatch(text) else 10) if len(text) <= 20 else _EXACT
            if abs(number) < _EXACT:
                return number
        elif _FLOAT.fullmatch(text):
            if isfinite(real := float(text)):
                return real
        else:
            return text
        self.problems.append(NotFinite(text=text[:40], position=place))
        return None

    def _check_width(self, event: Any, *, key: bool) -> None:
        """Name full-width punctuation of a plain scalar that stands for YAML's own."""
        start, end = event.start_mark, event.end_mark
        for number in range(start.line + 1, min(end.line + 1, len(self.lines))):  # a key swallowed by the line above
            if (column := full_width_key(self.lines[number])) is not None:
                self.problems.append(full_width_problem("：", self._at(number, column)))
                return
        if found := full_width(event.value, key=key):
            offset, character = found
            line = self.lines[start.line]
            column = line.find(character, start.column) if offset else start.column
            self.problems.append(full_width_problem(character, self._at(start.line, max(column, start.column))))

    def _syntax(self, error: yaml.YAMLError) -> None:
        if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
            unclear = Text(str(error)[:80], str(error)[:80])
            self.problems.append(BadSyntax(detail=unclear, hint=unclear, position=Position(self.name, 1, 1)))
            return
        mark, problem = error.problem_mark, str(error.problem)
        opened = error.context_mark
        context = str(error.context)
        if opened is not None and (
            "simple key" in context
            or "end of stream" in problem
            or ("expected ','" in problem and opened.line < mark.line)
        ):
            mark = opened  # where the mistake was noticed says little; the place where it was opened does
        first = min(opened.line if opened is not None else mark.line, max(mark.line - 1, 0))
        for number in range(first, min(mark.line + 1, len(self.lines))):
            line = self.lines[number]
            if (column := full_width_key(line)) is not None:
                if not any(p.position and p.position.line == number + 1 for p in self.problems):
                    self.problems.append(full_width_problem("：", self._at(number, column)))
                return
            indent = line[: len(line) - len(line.lstrip())]
            if "\t" in indent and number == mark.line:
                self.problems.append(Tab(position=self._at(number, indent.index("\t"))))
                return
        same = Text(problem, problem)
        detail, hint = next(
            (texts for part, texts in _EXPLAINED.items() if part in problem),
            (same, Text("look at this line and the one above", "请检查本行和上一行")),
        )
        self.problems.append(BadSyntax(detail=detail, hint=hint, position=self._at(mark.line, mark.column)))
