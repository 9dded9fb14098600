"""A system file: how a vendor's system is reached, what it claims, and the site that it brings."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from attrs import evolve

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.files import OutOfBounds, OutsideFolder
from conformance.errors.packs import BadPlaceholder, NoEnvironment, SecretInFile
from conformance.errors.tables import BadTableSource
from conformance.model.json import JSON
from conformance.model.standard import Pack, SiteKind, Table
from conformance.model.system import (
    Band,
    Command,
    EnvironmentValue,
    Http,
    Identity,
    PythonCall,
    Reach,
    Recorded,
    System,
    TableSource,
)  # fmt: skip
from conformance.packs.consistency import BASE, CAPABILITY, FIELD, OPERATION, RECORDED, WRITTEN, unknown
from conformance.packs.document import Document, Path
from conformance.packs.forms import check
from conformance.packs.json_file import read_json
from conformance.packs.schemas import field, site_problems
from conformance.packs.tables import source_faults, source_of
from conformance.packs.values import text
from conformance.packs.yaml import read_yaml

_SITE, _PACK = Text("kind of site", "场址种类"), Text("pack", "标准包")
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_BYTES = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
_SECRET = re.compile(r"authorization|cookie|token|secret|password|api-?key|signature|credential", re.IGNORECASE)
_USER = re.compile(r"^https?://[^/?#]*@")
_PLACEHOLDER = re.compile(r"\{[A-Za-z_]*\}")
_MOVE = Text(
    "put the file below the system file, or pass --allow-outside",
    "请把文件放到系统文件之下，或使用 --allow-outside",
)
TIMEOUT = 10.0
"""Seconds per call, where a system file says nothing."""


def read_system(
    path: os.PathLike[str] | str, packs: Iterable[Pack], *, others: Container[str] = (), allow_outside: bool = False
) -> System:
    """The system in the file at ``path``, under ``packs`` (a registry, or the packs of a run).

    What the file calls ``pack.name`` has the plain name where that is the only pack; under several packs, `within`
    makes the system as one of them sees it. What it has for ``others``, short names of packs, is passed over. Its site
    content is read and judged by the pack's schema; a kind of site that it does not bring is the pack's default base
    case. Paths stay under the folder of the file unless ``allow_outside``. Raises `Refused`.
    """
    file = FilePath(path)
    document = read_yaml(file)
    wrong = check(document, "system")
    if wrong:
        raise Refused(wrong)
    given = tuple(packs)
    system = _Reader(document, file.resolve().parent, given, others, allow_outside).system()
    return system.within(given[0].short) if len(given) == 1 else system


class _Reader:
    def __init__(
        self,
        document: Document,
        folder: FilePath,
        packs: tuple[Pack, ...],
        others: Container[str],
        allow_outside: bool,
    ) -> None:
        self.document = document
        self.value: Mapping[str, Any] = document.value
        self.folder = folder
        self.packs = packs
        self.others = others
        self.allow_outside = allow_outside
        self.problems: list[Problem] = []

    def system(self) -> System:
        operations = self._operations()
        tables = self._tables()
        site, names = self._sites(operations)
        self._declares()
        envelope = {k: self._band(k, v) for k, v in self.value.get("envelope", {}).items()}
        documents = self._documents()
        if self.problems:
            raise Refused(self.problems)
        identity = self.value.get("identity", {})
        label = self.value.get("label")
        return System(
            name=self.value["name"], vendor=self.value["vendor"], version=self.value["version"],
            folder=str(self.folder), operations=operations, environment=self.value.get("environment"),
            identity=Identity(identity.get("kind", "claimed"), {k: v for k, v in identity.items() if k != "kind"}),
            declares={k: tuple(v) for k, v in self.value.get("declares", {}).items()}, site=site, site_names=names,
            envelope=envelope, documents=documents, tables=tables,
            label=Text(label, label) if isinstance(label, str) else text(label) if label else None,
            position=self.document.position(), places=self._places((*operations, *tables, *documents)),
        )  # fmt: skip

    def _places(self, names: Iterable[str]) -> dict[str, Position]:
        parts = ("operations", "tables", "documents")
        return {n: self.document.key((part, n)) for n in names for part in parts if n in self.value.get(part, {})}

    def _own(self, part: str) -> Iterator[tuple[str, Any]]:
        """The entries of ``part`` but for those of other packs."""
        mine = {p.short for p in self.packs}
        for name, given in self.value.get(part, {}).items():
            pack, dot, _ = name.partition(".")
            if not dot or pack in mine or pack not in self.others:
                yield name, given

    def _operations(self) -> dict[str, Reach]:
        known = {o for p in self.packs for o in (*p.operations, *(f"{p.short}.{o}" for o in p.operations))}
        found: dict[str, Reach] = {}
        for name, given in self._own("operations"):
            path: Path = ("operations", name)
            if name not in known:
                self.problems.append(unknown(OPERATION, name, known, self.document.key(path)))
            reach = self._reach(given, path)
            if "deterministic" in given and not isinstance(reach, Recorded):
                reach = evolve(reach, deterministic=given["deterministic"])
            found[name] = reach
        return found

    def _tables(self) -> dict[str, TableSource]:
        known: dict[str, list[Table]] = {}
        for pack in self.packs:
            for name, table in pack.tables.items():
                known.setdefault(name, []).append(table)
                known[f"{pack.short}.{name}"] = [table]
        found: dict[str, TableSource] = {}
        for name, given in self._own("tables"):
            path: Path = ("tables", name)
            if name not in known:
                self.problems.append(unknown(RECORDED, name, known, self.document.key(path)))
                continue
            self._stays(given["path"], (*path, "path"))
            found[name] = source_of(given, position=self.document.position((*path, "path")))
            for key, fault in min((list(source_faults(found[name], table)) for table in known[name]), key=len):
                place = self.document.key((*path, key))
                self.problems.append(BadTableSource(table=name, fault=fault, position=place))
        return found

    def _documents(self) -> dict[str, str]:
        known = {d for p in self.packs for d in (*p.documents, *(f"{p.short}.{d}" for d in p.documents))}
        found: dict[str, str] = {}
        for name, file in self._own("documents"):
            path: Path = ("documents", name)
            if name not in known:
                self.problems.append(unknown(WRITTEN, name, known, self.document.key(path)))
            self._stays(file, path)
            found[name] = file
        return found

    def _reach(self, given: Mapping[str, Any], path: Path) -> Reach:
        timeout = _amount(given.get("timeout"), _SECONDS) or TIMEOUT
        memory = _amount(given.get("memory"), _BYTES)
        if "command" in given:
            for i, word in enumerate(given["command"]):
                self._word(word, (*path, "command", i))
            return Command(tuple(given["command"]), timeout, int(memory) if memory else None)
        if "http" in given:
            return self._http(given["http"], (*path, "http"), timeout)
        if "python" in given:
            return PythonCall(given["python"], timeout, int(memory) if memory else None)
        self._stays(given["recorded"], (*path, "recorded"))
        return Recorded(given["recorded"])

    def _word(self, word: str, path: Path) -> None:
        """A word of a command: no unknown placeholder, and no path that leaves the folder."""
        for match in _PLACEHOLDER.finditer(word):
            if match[0] != "{python}":
                self.problems.append(BadPlaceholder(text=match[0], position=self.document.position(path)))
        parts = FilePath(word).parts
        if FilePath(word).is_absolute() or ".." in parts or os.path.islink(self.folder / word):
            self._stays(word, path)

    def _http(self, given: Mapping[str, Any], path: Path, timeout: float) -> Http:
        if "environment" not in self.value:
            self.problems.append(NoEnvironment(operation=str(path[1]), position=self.document.key(path)))
        for key in ("url", "reset"):
            if _USER.match(given.get(key, "")):
                self._secret(key, (*path, key))
        headers: dict[str, str | EnvironmentValue] = {}
        for name, held in given.get("headers", {}).items():
            if isinstance(held, str) and _SECRET.search(name):
                self._secret(name, (*path, "headers", name))
            headers[name] = held if isinstance(held, str) else EnvironmentValue(held["env"])
        rate = None
        if "rate" in given:
            number, _, per = given["rate"].partition(" per ")
            rate = float(number) / _SECONDS[per]
        return Http(
            given["url"], given.get("method", "POST"), headers, given.get("fields", {}), rate, timeout,
            reset=given.get("reset"),
        )  # fmt: skip

    def _secret(self, name: str, path: Path) -> None:
        # Without the line itself: a message is copied into logs and tickets.
        self.problems.append(SecretInFile(name=name, position=evolve(self.document.position(path), source=None)))

    def _sites(self, operations: Mapping[str, Reach]) -> tuple[dict[str, JSON], dict[str, str]]:
        called = {name.rpartition(".")[2] for name in operations}
        kinds = {k: s for p in self.packs if called & p.operations.keys() for k, s in p.sites.items()}
        given: Mapping[str, Any] = self.value.get("site", {})
        site: dict[str, JSON] = {}
        names: dict[str, str] = {}
        for kind in given.keys() - kinds.keys():
            self.problems.append(unknown(_SITE, kind, kinds, self.document.key(("site", kind))))
        for name, kind_of in kinds.items():
            shown = given.get(name, {"base": kind_of.default})
            if isinstance(shown, str):
                names[name], site[name] = shown, self._brought(shown, kind_of)
            elif shown["base"] in kind_of.bases:
                names[name], site[name] = shown["base"], kind_of.bases[shown["base"]]
            else:
                place = self.document.position(("site", name, "base"))
                self.problems.append(unknown(BASE, shown["base"], kind_of.bases, place))
        return site, names

    def _brought(self, file: str, kind: SiteKind) -> JSON:
        """The vendor's own site, judged by the schema of its kind; None if it could not be read."""
        path: Path = ("site", kind.name)
        place = self.document.position(path)
        if not self._stays(file, path):
            return None
        shown = (FilePath(self.document.file).parent / file).as_posix()
        try:
            content = read_json(self.folder / file, name=shown)
        except Refused as refused:
            self.problems += refused.problems
            return None
        self.problems += site_problems(kind.schema, content, site=file, position=place)
        return content

    def _stays(self, file: str, path: Path) -> bool:
        inside = (self.folder / file).resolve().is_relative_to(self.folder)
        if not inside and not self.allow_outside:
            place = self.document.position(path)
            self.problems.append(OutsideFolder(path=file, hint=_MOVE, position=place))
        return inside or self.allow_outside

    def _declares(self) -> None:
        packs = {p.short: p for p in self.packs} | {p.id: p for p in self.packs}
        for name, claimed in self.value.get("declares", {}).items():
            if name not in packs and name in self.others:
                continue
            if name not in packs:
                self.problems.append(unknown(_PACK, name, packs, self.document.key(("declares", name))))
                continue
            for i, capability in enumerate(claimed):
                if capability not in packs[name].capabilities:
                    place = self.document.position(("declares", name, i))
                    self.problems.append(unknown(CAPABILITY, capability, packs[name].capabilities, place))

    def _band(self, name: str, given: Mapping[str, Any]) -> Band:
        steps = tuple(name.split("."))
        requests = [o.request for p in self.packs for o in p.operations.values()]
        if all(field(r, steps) is None for r in requests):
            self.problems.append(unknown(FIELD, name, (), self.document.key(("envelope", name))))
        low, high = given["between"]
        if low > high:
            place = self.document.position(("envelope", name, "between"))
            self.problems.append(OutOfBounds(key=name, found=f"[{low}, {high}]", bound="low <= high", position=place))
        return Band(float(low), float(high), given.get("of", "nominal"))


def _amount(shown: str | None, units: Mapping[str, float]) -> float | None:
    """A number and one of ``units`` in base units; the form has been checked."""
    if shown is None:
        return None
    number, _, symbol = shown.partition(" ")
    return float(number) * units[symbol]
