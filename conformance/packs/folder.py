"""The folder of a pack: which files it has, their digests, and reading one without ever leaving it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from attrs import frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.files import OutsideFolder, SymbolicLink, TooLarge, Unreadable
from conformance.model.json import JSON, digest, sha256
from conformance.packs.document import Document
from conformance.packs.json_file import LIMIT, read_json
from conformance.packs.references import VOCABULARY
from conformance.packs.yaml import read_yaml

FILES = 5_000
"""Files of a pack that are read."""
_ABSENT = Text("not among the files of the pack", "不在标准包的文件之中")
_INSIDE = Text(
    "name a file inside the folder of the pack, with / and without ..", "请指定标准包文件夹内的文件，用 / 分隔且不含 .."
)


def shipped_root() -> Path:
    """The folder that holds ``standards/`` and ``fixtures/``: inside the wheel, else the source tree."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "_shipped"
    return shipped if shipped.is_dir() else package.parent


@frozen
class Folder:
    """A pack's folder. File names are relative, with ``/``; positions show them after ``label``."""

    root: Path
    label: str
    digests: Mapping[str, str]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all files, sorted."""
        return tuple(self.digests)

    def sha256(self, vocabulary: Mapping[str, str]) -> str:
        """Digest of the pack: over sorted (name, SHA-256) of its files and of the vocabulary files that it uses."""
        return digest(sorted([*self.digests.items(), *vocabulary.items()]))

    def shown(self, name: str) -> str:
        """How positions name the file."""
        return f"{self.label}/{name}" if self.label not in ("", ".") else name

    def among(self, part: str, ending: str) -> Iterator[str]:
        """The files under the folder ``part`` whose names end so."""
        return (f for f in self.digests if f.startswith(f"{part}/") and f.endswith(ending))

    def yaml(self, name: str) -> Document:
        """The YAML file ``name``. Raises `Refused`."""
        return read_yaml(self._inside(name, None), name=self.shown(name))

    def json(self, name: str, *, position: Position | None) -> JSON:
        """The JSON file ``name``, or one of ``/vocabulary/``; ``position`` is where it was named. Raises `Refused`."""
        if name.startswith(VOCABULARY):
            return read_json(vocabulary_file(name), name=f"standards{name}")
        return read_json(self._inside(name, position), name=self.shown(name))

    def _inside(self, name: str, position: Position | None) -> Path:
        if "\\" in name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise Refused([OutsideFolder(path=name, hint=_INSIDE, position=position)])
        plain = str(PurePosixPath(name))
        if plain not in self.digests:
            raise Refused([Unreadable(path=name, cause=_ABSENT, position=position)])
        return self.root / plain


def pack_folders(path: Path) -> list[Path]:
    """``path`` if it is a pack, else the packs up to two folders below it, sorted."""
    if (path / "pack.yaml").is_file():
        return [path]
    return sorted(found.parent for depth in ("*", "*/*") for found in path.glob(f"{depth}/pack.yaml"))


def vocabulary_file(name: str) -> Path:
    """The file that ``/vocabulary/...`` means."""
    return shipped_root() / "standards" / name.lstrip("/")


def open_folder(path: str | os.PathLike[str]) -> Folder:
    """Look through the folder at ``path``. Raises `Refused` if it is none or holds symbolic links or too much."""
    given = Path(path)
    root = given.resolve()
    shipped = shipped_root()
    label = root.relative_to(shipped).as_posix() if root.is_relative_to(shipped) else given.as_posix()
    if not root.is_dir():
        missing = Text("not a folder that exists", "不是已有的文件夹")
        raise Refused([Unreadable(path=str(given), cause=missing)])
    problems: list[Problem] = []
    digests: dict[str, str] = {}
    for name, entry in sorted(_walk(root)):
        shown = Position(f"{label}/{name}", 1, 1)
        if entry.is_symlink():
            problems.append(SymbolicLink(path=name, position=shown))
        elif entry.is_file():
            digests[name] = _digest(entry, shown, problems)
        if len(digests) > FILES:
            raise Refused([TooLarge(limit=LIMIT // 1024 // 1024, position=shown)])
    if problems:
        raise Refused(problems)
    return Folder(root, label, digests)


def _digest(file: Path, shown: Position, problems: list[Problem]) -> str:
    try:
        if file.stat().st_size > LIMIT:
            problems.append(TooLarge(limit=LIMIT // 1024 // 1024, position=shown))
            return ""
        return sha256(file.read_bytes())
    except OSError as error:
        cause = Text(f"closed to us ({type(error).__name__})", f"无法打开（{type(error).__name__}）")
        problems.append(Unreadable(path=shown.file, cause=cause, position=shown))
        return ""


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith(".") and f != "__pycache__"]
        for name in [*names, *(f for f in folders if (Path(folder) / f).is_symlink())]:
            if not name.startswith("."):
                path = Path(folder) / name
                yield path.relative_to(root).as_posix(), path
