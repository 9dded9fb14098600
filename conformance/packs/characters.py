"""The bytes of a text file: UTF-8 and nothing else, and no character that cannot be seen."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.files import ByteOrderMark, ControlCharacter, FullWidth, NotUtf8, TooLarge, Unreadable

LIMIT = 2 * 1024 * 1024
"""Bytes of a file of ours."""
_BREAK = re.compile(r"\r\n|\r|\n")
# Control characters, other line breaks, zero-width and direction marks; tab, line feed and carriage return are lawful.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
_ASCII_OF = {
    "：": ":", "，": ",", "“": '"', "”": '"', "‘": "'", "’": "'", "－": "-", "｛": "{", "｝": "}", "［": "[",
    "］": "]", "＃": "#", "．": ".", "｜": "|", "\u3000": " ", "\u00a0": " ",
}  # fmt: skip
_DIGITS = {chr(0xFF10 + n): str(n) for n in range(10)}
_KEY = re.compile(r"""^\s*(?:- )?["'“‘]?[A-Za-z_][\w.-]*["'”’]?\s*(：)""")
_OPENING = re.compile("^[“”‘’－［｛＃｜\u3000\u00a0０-９]")
_ANYWHERE = re.compile("[：，“”－｛｝［］＃．｜\u3000\u00a0０-９]")


def split(text: str) -> tuple[str, ...]:
    """The lines of ``text`` as a YAML scanner counts them."""
    return tuple(_BREAK.split(text))


def read_text(path: Path, *, name: str, limit: int = LIMIT) -> str:
    """The text of a file. ``name`` is what positions call it. Raises `Refused`."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                data = file.read(limit + 1)
        else:
            raise Refused([Unreadable(path=name, cause=Text("not a file that exists", "不是已有的文件"))])
    except (OSError, ValueError) as error:
        cause = Text(f"closed to us ({type(error).__name__})", f"无法打开（{type(error).__name__}）")
        raise Refused([Unreadable(path=name, cause=cause)]) from error
    if len(data) > limit:
        raise Refused([TooLarge(limit=limit // 1024 // 1024, position=Position(name, 1, 1))])
    return decode(data, name=name)


def decode(data: bytes, *, name: str) -> str:
    """``data`` as text. Raises `Refused` for a byte order mark, another encoding, and unseen characters."""
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) and not data.startswith(b"\xef\xbb\xbf"):
        raise Refused([NotUtf8(guess="UTF-16", position=Position(name, 1, 1))])
    if data.startswith(b"\xef\xbb\xbf"):
        raise Refused([ByteOrderMark(position=Position(name, 1, 1))])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused([_other_encoding(data, error.start, name)]) from error
    found = [
        ControlCharacter(name=_name(match[0]), position=place(text, match.start(), name))
        for _, match in zip(range(20), _UNSEEN.finditer(text), strict=False)
    ]
    if found:
        raise Refused(found)
    return text


def place(text: str, index: int, name: str, width: int = 1) -> Position:
    """The position of character ``index`` of ``text``."""
    before = split(text[:index])
    source = _BREAK.split(text[index:], maxsplit=1)[0]
    return Position(name, len(before), len(before[-1]) + 1, width, before[-1] + source)


def full_width_key(line: str) -> int | None:
    """The 0-based column of a full-width colon behind what looks like a key; None if there is none."""
    match = _KEY.match(line)
    return match.start(1) if match else None


def full_width(text: str, *, key: bool) -> tuple[int, str] | None:
    """Where in a plain scalar full-width punctuation stands for YAML's own, and which character it is.

    Chinese prose may hold it; at the start of a value, in a key, or where no ideograph stands beside it, it is a slip.
    """
    search = _ANYWHERE if key or not _IDEOGRAPH.search(text) else _OPENING
    match = search.search(text)
    return (match.start(), match[0]) if match else None


def full_width_problem(found: str, position: Position) -> Problem:
    """The problem that names full-width ``found`` and what to write instead."""
    ascii_form = _ASCII_OF.get(found) or _DIGITS.get(found, "?")
    shown = "space" if ascii_form == " " else ascii_form
    return FullWidth(found=_name(found) if found.isspace() else found, replacement=shown, position=position)


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '(control)')}"


def _other_encoding(data: bytes, start: int, name: str) -> Problem:
    try:
        data.decode("gb18030")
        guess = "GBK / GB18030"
    except UnicodeDecodeError:
        guess = "binary data"
    head = data[:start].decode("utf-8")
    before = split(head)
    rest = re.split(rb"[\r\n]", data[start:], maxsplit=1)[0].decode("gb18030", "replace")
    return NotUtf8(guess=guess, position=Position(name, len(before), len(before[-1]) + 1, 1, before[-1] + rest))
