"""Documents: one file each that the system's people wrote, read as data and held against the pack's schema."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from conformance.errors import Position, Refused, Text
from conformance.errors.files import OutsideFolder, TooLarge, Unreadable
from conformance.errors.tables import UnknownDocument
from conformance.model.json import JSON
from conformance.model.standard import Document
from conformance.packs import json_file, parse_yaml
from conformance.packs.characters import LIMIT, decode
from conformance.packs.document import Path as Steps
from conformance.packs.validate import Complaint, validator

_LIMITS: Mapping[str, int] = {".yaml": LIMIT, ".yml": LIMIT, ".json": json_file.LIMIT}
"""Bytes of a document at most, by the ending of its name."""
_NO_FILE = Text("not a file that exists", "不是已有的文件")
_MOVE = Text(
    "put the file below the system file, or pass --allow-outside", "请把文件放到系统文件之下，或使用 --allow-outside"
)


@frozen
class OpenedDocument:
    """A document that was read."""

    body: JSON
    sha256: str
    """Of its bytes as they lie there."""
    file: str
    """As the system file names it."""
    complaints: tuple[Text, ...]
    """What the schema dislikes, each behind its place; none if the document is valid."""


def open_document(
    path_text: str, document: Document, *, folder: Path | str, allow_outside: bool = False
) -> OpenedDocument:
    """Read the file ``path_text`` (under ``folder``) as ``document``: YAML 1.2 or JSON, as its ending says.

    Raises `Refused` for what is no document at all: not a file under ``folder``, too large, not UTF-8, neither YAML
    nor JSON, nested too deep, with anchors, or with a key twice. What the schema dislikes is kept in ``complaints``.
    """
    ending = Path(path_text).suffix.lower()
    if ending not in _LIMITS:
        raise Refused([UnknownDocument(path=path_text)])
    data = _bytes(path_text, Path(folder), allow_outside=allow_outside, limit=_LIMITS[ending])
    text = decode(data, name=path_text)
    validate = validator(document.schema)
    if ending == ".json":
        body = json_file.parse_json(text, name=path_text)
        complaints = [_said(path_text, c) for c in validate(body)]
    else:
        read = parse_yaml(text, name=path_text)
        body = read.value
        complaints = [_said(read.position(_steps(c.pointer, body)), c) for c in validate(body)]
    return OpenedDocument(body, hashlib.sha256(data).hexdigest(), path_text, tuple(complaints))


def _bytes(name: str, folder: Path, *, allow_outside: bool, limit: int) -> bytes:
    try:
        path = (folder / name).resolve()
        if not allow_outside and not path.is_relative_to(folder.resolve()):
            raise Refused([OutsideFolder(path=name, hint=_MOVE)])
        if not path.is_file():
            raise Refused([Unreadable(path=name, cause=_NO_FILE)])
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle, up to Python 3.12
        cause = Text(f"closed to us ({type(error).__name__})", f"无法打开（{type(error).__name__}）")
        raise Refused([Unreadable(path=name, cause=cause)]) from error
    if len(data) > limit:
        raise Refused([TooLarge(limit=limit >> 20, position=Position(name, 1, 1))])
    return data


def _said(place: Position | str, complaint: Complaint) -> Text:
    where = f"{place}: {complaint.pointer or '/'}"
    return Text(f"{where} {complaint.message.en}", f"{where} {complaint.message.zh}")


def _steps(pointer: str, body: JSON) -> Steps:
    """The JSON pointer ``pointer`` into ``body`` as steps, as far as they lead to something."""
    steps: list[str | int] = []
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict) and key in body:
            steps.append(key)
            body = body[key]
        elif isinstance(body, list) and token.isdecimal() and int(token) < len(body):
            steps.append(int(token))
            body = body[int(token)]
        else:
            break
    return tuple(steps)
