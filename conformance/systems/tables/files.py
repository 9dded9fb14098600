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


@frozen
class TableFile:
    """One file of a table."""

    name: str
    """Relative to the folder of the system file, with ``/``; positions and records show it."""
    path: Path
    format: Format
    partitions: Mapping[str, str | None]
    """Columns that stand in the names of its folders, such as ``meter=M1``."""
    sha256: str

    @property
    def start(self) -> Position:
        """The first place of the file."""
        return Position(self.name, 1, 1)


def find(source: TableSource, *, folder: Path, allow_outside: bool) -> list[TableFile]:
    """The files that fit the pattern of ``source``, by name. Raises `Refused`.

    A link that leads out of ``folder`` is refused like a path that does.
    """
    root, pattern = (Path("/"), source.path[1:]) if source.path.startswith("/") else (folder, source.path)
    home = folder.resolve()
    if not allow_outside and (source.path.startswith("/") or ".." in Path(source.path).parts):
        raise Refused([OutsideFolder(path=source.path, hint=_MOVE, position=source.position)])
    try:
        found = sorted(islice((p for p in root.glob(pattern) if p.is_file()), FILES + 1))
    except (ValueError, OSError, NotImplementedError) as error:  # such as a pattern with ** inside a name
        raise Refused([NoTableFile(pattern=source.path, position=source.position)]) from error
    if not found:
        raise Refused([NoTableFile(pattern=source.path, position=source.position)])
    if len(found) > FILES:
        cause = Text(f"one of more than {FILES} files", f"属于超过 {FILES} 个的文件")
        raise Refused([Unreadable(path=source.path, cause=cause, position=source.position)])
    problems: list[Problem] = []
    files: list[TableFile] = []
    for path in found:
        name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
        form = source.format or _ENDINGS.get(path.suffix.lower())
        if not allow_outside and not path.resolve().is_relative_to(home):
            problems.append(OutsideFolder(path=name, hint=_MOVE, position=source.position))
        elif form is None:
            problems.append(UnknownFormat(path=name, position=source.position))
        else:
            try:
                files.append(TableFile(name, path.absolute(), form, _partitions(name), _digest(path)))
            except OSError as error:
                cause = Text(f"closed to us ({type(error).__name__})", f"无法打开（{type(error).__name__}）")
                problems.append(Unreadable(path=name, cause=cause, position=source.position))
    if problems:
        raise Refused(problems)
    return files


def _partitions(name: str) -> dict[str, str | None]:
    pairs = (part.split("=", 1) for part in name.split("/")[:-1] if "=" in part)
    return {key: None if value == _NONE else unquote(value) for key, value in pairs}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
