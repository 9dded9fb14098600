"""A pack on disk to the model: reads every file, judges each alone and then together, and compiles every rule."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar

from attrs import evolve

from conformance.errors import Position, Problem, Refused
from conformance.errors.files import StrayFile
from conformance.errors.packs import BadId, BadZone
from conformance.errors.tables import BadTable
from conformance.model.json import JSON, sha256
from conformance.model.standard import (
    Derived,
    Evidence,
    LimitLookup,
    Operation,
    Pack,
    Rule,
    SiteKind,
    Table,
    Trace,
    View,
)  # fmt: skip
from conformance.model.standard import Document as Written
from conformance.packs.consistency import Read, inconsistencies
from conformance.packs.document import Document, Path
from conformance.packs.folder import Folder, open_folder, shipped_root, vocabulary_file
from conformance.packs.forms import check
from conformance.packs.references import VOCABULARY
from conformance.packs.schemas import Names, annotation_problems, read_schema, site_problems
from conformance.packs.tables import is_zone, table_faults
from conformance.packs.traces import trace_problems
from conformance.packs.values import Values, evidence, text

T = TypeVar("T")
MAIN, REQUIREMENTS = "pack.yaml", "requirements.yaml"
_FOLDERS = ("rules", "limits", "profiles")


def load(folder: os.PathLike[str] | str) -> Pack:
    """The pack in ``folder``. Raises `Refused` with all problems of all its files."""
    return _Loader(open_folder(folder)).pack()


class _Loader:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.vocabulary: dict[str, str] = {}
        self.whole: set[str] = set()

    def pack(self) -> Pack:
        main = self._document(MAIN, "pack")
        stated = self._document(REQUIREMENTS, "requirements")
        sources, requirements = (
            self._values(stated, lambda v: (v.sources(), v.requirements())) if stated else None
        ) or ([], [])
        if stated:
            self.whole.add("requirements")
        rules = self._each("rules", "rule", lambda values, _: values.rule())
        limits = self._each("limits", "limits", lambda values, name: values.limits(name))
        profiles = self._each("profiles", "profile", lambda values, name: values.profile(name))
        self._strays()
        if main is None:
            raise Refused(self.problems)
        names = Names(frozenset(s.id for s in sources) if stated else None, frozenset(main.value.get("sites", {})))
        figures_sound = not any(_in(p, *_FOLDERS, of=self.folder) for p in self.problems)
        pack = self._main(main, names)
        interface_sound = not any(_in(p, "schemas", MAIN, of=self.folder) for p in self.problems)
        pack = evolve(
            pack,
            sources={s.id: s for s in sources},
            requirements={r.id: r for r in requirements},
            rules={r.id: r for _, r in rules},
            limits={t.name: t for _, t in limits},
            profiles={p.name: p for _, p in profiles},
        )
        read = Read(
            pack, main, tuple(sources), tuple(requirements), tuple(rules), {t.name: d for d, t in limits},
            {p.name: d for d, p in profiles}, frozenset(self.whole),
            sound=figures_sound,
        )  # fmt: skip
        self.problems += inconsistencies(read)
        if interface_sound:
            self.problems += trace_problems(read)
            self._compile(rules, pack)
        if self.problems:
            raise Refused(self.problems)
        return evolve(pack, sha256=self.folder.sha256(self.vocabulary))

    def _try(self, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except Refused as refused:
            self.problems += refused.problems
            return None

    def _document(self, name: str, form: str) -> Document | None:
        """The file ``name``, if it has the form; its problems are collected."""
        document = self._try(lambda: self.folder.yaml(name))
        wrong = check(document, form) if document else []
        self.problems += wrong
        return None if wrong else document

    def _values(self, document: Document, make: Callable[[Values], T]) -> T:
        values = Values(document)
        made = make(values)
        self.problems += values.problems
        return made

    def _each(self, part: str, form: str, make: Callable[[Values, str], T]) -> list[tuple[Document, T]]:
        names = list(self.folder.among(part, ".yaml"))
        documents = [(n, d) for n in names if (d := self._document(n, form)) is not None]
        if len(documents) == len(names):
            self.whole.add(part)
        return [(d, self._values(d, lambda v, n=n: make(v, PurePosixPath(n).stem))) for n, d in documents]  # type: ignore[misc]

    def _strays(self) -> None:
        for part in _FOLDERS:
            for name in self.folder.among(part, ""):
                if not name.endswith((".yaml", ".md")):
                    self.problems.append(StrayFile(path=name, position=Position(self.folder.shown(name), 1, 1)))

    def _main(self, main: Document, names: Names) -> Pack:
        value = main.value
        standards = shipped_root() / "standards"
        home = (
            self.folder.root.relative_to(standards).as_posix() if self.folder.root.is_relative_to(standards) else None
        )
        if home is not None and home != value["id"]:
            self.problems.append(BadId(id=value["id"], prefix=home, position=main.position(("id",))))
        values = Values(main)
        start, end = values.effective()
        for i, view in enumerate(value.get("views", ())):
            values.unit(view["unit"], ("views", i, "unit"))
        self.problems += values.problems
        return Pack(
            id=value["id"], version=value["version"], title=text(value["title"]), status=value["status"],
            licence=value["licence"], authoritative=value["authoritative"], sha256="", sources={}, requirements={},
            rules={}, operations=self._operations(main, names), tables=self._tables(main, names),
            documents=self._documents(main, names), derive=_derived(main), sites=self._sites(main, names),
            views={v["name"]: _view(v) for v in value.get("views", ())}, capabilities=value.get("capabilities", {}),
            oracle=value.get("oracle"), fixtures=value.get("fixtures"), effective_from=start, effective_to=end,
            zone=self._zone(main), evidence=evidence(value.get("evidence")) or Evidence(),
        )  # fmt: skip

    def _operations(self, main: Document, names: Names) -> dict[str, Operation]:
        found: dict[str, Operation] = {}
        for name, given in main.value["interface"].get("operations", {}).items():
            path: Path = ("interface", "operations", name)
            request, response = (self._schema(main, (*path, part), names) for part in ("request", "response"))
            if request is not None and response is not None:
                flags = given.get("deterministic", True), given.get("stateful", False), given.get("stream", False)
                found[name] = Operation(name, request, response, *flags)
        return found

    def _tables(self, main: Document, names: Names) -> dict[str, Table]:
        found: dict[str, Table] = {}
        for name, given in main.value["interface"].get("tables", {}).items():
            path: Path = ("interface", "tables", name)
            columns = self._schema(main, (*path, "columns"), names)
            if columns is None:
                continue
            table = Table(
                name, columns, tuple(given["key"]), given.get("time"), given.get("label", "start"), given.get("every"),
                Trace(**given["trace"]) if "trace" in given else None,
            )  # fmt: skip
            faults = [BadTable(table=name, fault=f, position=main.key(path)) for f in table_faults(table)]
            self.problems += faults
            if not faults:
                found[name] = table
        return found

    def _documents(self, main: Document, names: Names) -> dict[str, Written]:
        found: dict[str, Written] = {}
        for name in main.value["interface"].get("documents", {}):
            schema = self._schema(main, ("interface", "documents", name, "schema"), names)
            if schema is not None:
                found[name] = Written(name, schema)
        return found

    def _zone(self, main: Document) -> str:
        zone: str = main.value.get("zone", "UTC")
        if not is_zone(zone):
            self.problems.append(BadZone(zone=zone, position=main.position(("zone",))))
        return zone

    def _sites(self, main: Document, names: Names) -> dict[str, SiteKind]:
        found: dict[str, SiteKind] = {}
        for name, given in main.value.get("sites", {}).items():
            path: Path = ("sites", name)
            schema = self._schema(main, (*path, "schema"), names)
            bases: dict[str, JSON] = {}
            for base, file in given["bases"].items():
                place = main.position((*path, "bases", base))
                content = self._try(lambda f=file, p=place: self.folder.json(f, position=p))  # type: ignore[misc]
                if content is not None:
                    bases[base] = content
                    at = Position(self.folder.shown(file), 1, 1)
                    self.problems += (
                        site_problems(schema, content, site=base, position=at) if schema is not None else []
                    )
            if schema is not None:
                found[name] = SiteKind(name, schema, bases, given["default"])
        return found

    def _schema(self, main: Document, path: Path, names: Names) -> JSON | None:
        file: str = main.value
        for step in path:
            file = file[step]  # type: ignore[index]
        named = main.position(path)
        at = Position(self.folder.shown(file), 1, 1)

        def read(name: str) -> JSON:
            content = self.folder.json(name, position=named)
            if name.startswith(VOCABULARY):
                self.vocabulary[name] = sha256(vocabulary_file(name).read_bytes())
            return content

        schema = self._try(lambda: read_schema(file, load=read, position=at))
        if schema is not None:
            self.problems += annotation_problems(schema, file=file, names=names, position=at)
        return schema

    def _compile(self, rules: list[tuple[Document, Rule]], pack: Pack) -> None:
        """Collect what the language says of each rule whose own file and interface could be read."""
        from conformance.rules import compile_rule  # the language is heavy, and not needed to read a broken file

        broken = {p.position.file for p in self.problems if p.position is not None}
        tables = not any(_in(p, "limits", of=self.folder) for p in self.problems)
        for document, rule in rules:
            looks_up = any(isinstance(p, LimitLookup) for p in rule.parameters.values())
            if document.file not in broken and (tables or not looks_up) and rule.attested is None:
                self._try(lambda r=rule: compile_rule(r, pack))  # type: ignore[misc]


def _in(problem: Problem, *parts: str, of: Folder) -> bool:
    """Whether ``problem`` stands in one of these files or folders of the pack."""
    return problem.position is not None and problem.position.file.startswith(tuple(of.shown(p) for p in parts))


def _derived(main: Document) -> dict[str, Derived]:
    return {
        name: Derived(name, d["measure"], d["of"], {k: v for k, v in d.items() if k not in ("measure", "of")})
        for name, d in main.value.get("derive", {}).items()
    }


def _view(value: dict[str, Any]) -> View:
    return View(
        name=value["name"], title=text(value["title"]), bars=value["bars"], by=value["by"], value=value["value"],
        unit=value["unit"], upper=value.get("upper"), lower=value.get("lower"), rules=tuple(value.get("rules", ())),
    )  # fmt: skip
