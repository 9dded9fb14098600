"""The files of a recorded table: found under their folder, never outside it, each with format, folders, digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import unquote

from attrs import frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.files import OutsideFolder, Unreadable
from conformance.errors.tables import NoTableFile, UnknownFormat
from conformance.model.system import TableSource

FILES = 10_000
"""Files of one table at most."""
Format: TypeAlias = Literal["csv", "parquet", "jsonl", "xlsx"]
_ENDINGS: Mapping[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".xlsx": "xlsx",
}  # fmt: skip
_NONE = "__HIVE_DEFAULT_PARTITION__"
_MOVE = Text(
    "put the file below the system file, or pass --allow-outside", "请把文件放到系统文件之下，或使用 --allow-outside"
)
_NO_FILE = Text(
    "a link that leads nowhere, or neither a file nor a folder of files", "失效的链接，或既非文件也非存放文件的文件夹"
)
_A_FOLDER = Text("a folder: write its files as NAME/*.parquet", "文件夹：请写成 文件夹名/*.parquet 以指明其中的文件")
_NOT_UTF8 = Text("called by a name that is not UTF-8", "文件名不是 UTF-8 编码")


@frozen
class TableFile:
    """One file of a table."""

    name: str
    """Relative to the folder of the system file, with ``/``, control characters escaped; positions show it."""
    path: Path
    format: Format
    packed: bool
    """Whether its text is compressed by gzip."""
    partitions: Mapping[str, str | None]
    """Columns that stand in the names of its folders, such as ``meter=M1``."""
    sha256: str
    """Of its bytes as they lie there, packed or not."""

    @property
    def start(self) -> Position:
        """The first place of the file."""
        return Position(self.name, 1, 1)


def find(source: TableSource, *, folder: Path, allow_outside: bool) -> list[TableFile]:
    """The files that fit the pattern of ``source``, by name. Raises `Refused`.

    A link that leads out of ``folder`` is refused like a path that does, and so is whatever fits the pattern without
    being a file: what is passed over could hide a failure. Only folders without the ending of a table are.
    """
    root, pattern = (Path("/"), source.path[1:]) if source.path.startswith("/") else (folder, source.path)
    home = folder.resolve()
    if not allow_outside and (source.path.startswith("/") or ".." in Path(source.path).parts):
        raise Refused([OutsideFolder(path=source.path, hint=_MOVE, position=source.position)])
    try:
        fitting = sorted(islice(root.glob(pattern), FILES + 1))
    except (ValueError, OSError, NotImplementedError) as error:  # such as a pattern with ** inside a name
        raise Refused([NoTableFile(pattern=source.path, position=source.position)]) from error
    if len(fitting) > FILES:
        cause = Text(f"one of more than {FILES} files", f"属于超过 {FILES} 个的文件")
        raise Refused([Unreadable(path=source.path, cause=cause, position=source.position)])
    problems: list[Problem] = []
    files: list[TableFile] = []
    folders: list[str] = []
    for path in fitting:
        name = _shown(path.relative_to(folder) if path.is_relative_to(folder) else path)
        form, packed = _form(path)
        if path.is_dir() and form is None:
            folders.append(name)
            continue
        form = source.format or form
        if not path.is_file():
            cause = _A_FOLDER if path.is_dir() else _NO_FILE
            problems.append(Unreadable(path=name, cause=cause, position=source.position))
        elif not allow_outside and not path.resolve().is_relative_to(home):
            problems.append(OutsideFolder(path=name, hint=_MOVE, position=source.position))
        elif not _is_utf8(path):
            problems.append(Unreadable(path=name, cause=_NOT_UTF8, position=source.position))
        elif form is None:
            problems.append(UnknownFormat(path=name, position=source.position))
        else:
            try:
                files.append(TableFile(name, path.absolute(), form, packed, _partitions(path, folder), _digest(path)))
            except OSError as error:
                cause = Text(f"closed to us ({type(error).__name__})", f"无法打开（{type(error).__name__}）")
                problems.append(Unreadable(path=name, cause=cause, position=source.position))
    if not problems and not files:
        if folders:
            raise Refused([Unreadable(path=folders[0], cause=_A_FOLDER, position=source.position)])
        raise Refused([NoTableFile(pattern=source.path, position=source.position)])
    if problems:
        raise Refused(problems)
    return files


def _form(path: Path) -> tuple[Format | None, bool]:
    """The format that the ending of a name tells, and whether it is packed."""
    packed = path.suffix.lower() == ".gz"
    form = _ENDINGS.get((path.with_suffix("") if packed else path).suffix.lower())
    return (None if packed and form in ("parquet", "xlsx") else form), packed


def _shown(path: Path) -> str:
    """``path`` on one line, in characters that a record can hold."""
    text = path.as_posix().encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _is_utf8(path: Path) -> bool:
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        return False
    return True


def _partitions(path: Path, folder: Path) -> dict[str, str | None]:
    folders = (path.relative_to(folder) if path.is_relative_to(folder) else path).parent.parts
    pairs = (part.split("=", 1) for part in folders if "=" in part)
    return {key: None if value == _NONE else unquote(value) for key, value in pairs}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
