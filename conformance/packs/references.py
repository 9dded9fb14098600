"""`$ref` in the schemas of a pack, resolved and written out: to the same file, the same pack, or the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from conformance.errors import Position, Problem, Refused
from conformance.errors.base import Text
from conformance.errors.files import BadSchema, CyclicReference, DanglingReference, ForbiddenReference
from conformance.model.json import JSON

NODES = 20_000
"""Values of a schema once it is written out; a chain of doubling references ends here."""
VOCABULARY = "/vocabulary/"
"""How a reference to the shared vocabulary begins."""
_HIDDEN = frozenset({"$defs", "$id", "$anchor", "$dynamicAnchor", "definitions"})
_DYNAMIC = ("$dynamicRef", "$recursiveRef")
_ANNOTATIONS = frozenset(
    {"title", "description", "examples", "default", "$comment", "unit", "nominal", "resolution", "signal", "bounds",
     "choices", "site", "keyed", "follows", "label"}
)  # fmt: skip


def inline(file: str, *, load: Callable[[str], JSON], position: Position) -> JSON:
    """The schema in ``file`` (a path in the pack) without any `$ref`.

    ``load`` gives the JSON of a file of the pack, or of ``/vocabulary/...``, and raises `Refused`. A keyword beside a
    `$ref` adds to what it refers to; an annotation there takes the place of the one referred to.
    Raises `Refused` for references that lead elsewhere, to nothing, or in a circle.
    """
    return _Inliner(load, position).file(file)


class _Inliner:
    def __init__(self, load: Callable[[str], JSON], position: Position) -> None:
        self.load = cache(load)
        self.position = position
        self.nodes = 0

    def file(self, name: str) -> JSON:
        return self._write(self.load(name), name, ())

    def _refuse(self, problem: type[Problem], reference: str) -> Refused:
        return Refused([problem(reference=reference, position=self.position)])  # type: ignore[call-arg]

    def _write(self, value: JSON, file: str, trail: tuple[str, ...]) -> JSON:
        self.nodes += 1
        if self.nodes > NODES:
            raise self._refuse(CyclicReference, trail[-1] if trail else file)
        if isinstance(value, list):
            return [self._write(v, file, trail) for v in value]
        if not isinstance(value, dict):
            return value
        for word in _DYNAMIC:
            if isinstance(value.get(word), str):
                raise self._refuse(ForbiddenReference, value[word])
        # `properties` may hold a field that is called like a keyword; such a field is a schema, no text.
        own = {k: self._write(v, file, trail) for k, v in value.items() if k != "$ref" and not self._hidden(k, v)}
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return {**own, **({"$ref": self._write(reference, file, trail)} if reference is not None else {})}
        return self._join(self._target(reference, file, trail), own, reference)

    @staticmethod
    def _hidden(key: str, value: JSON) -> bool:
        return key in _HIDDEN and (isinstance(value, str) or key in ("$defs", "definitions"))

    def _target(self, reference: str, file: str, trail: tuple[str, ...]) -> JSON:
        address, _, fragment = reference.partition("#")
        target = _resolve(address, file)
        if target is None:
            raise self._refuse(ForbiddenReference, reference)
        full = f"{target}#{fragment}"
        if full in trail or len(trail) > 40:
            raise self._refuse(CyclicReference, reference)
        value = self.load(target)
        for step in unquote(fragment).split("/")[1:] if fragment else []:
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, Mapping) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                raise self._refuse(DanglingReference, reference)
        if fragment and not fragment.startswith("/"):
            raise self._refuse(DanglingReference, reference)
        return self._write(value, target, (*trail, full))

    def _join(self, target: JSON, own: dict[str, Any], reference: str) -> JSON:
        if not own or target is True:
            return own or target
        if not isinstance(target, dict):
            raise self._refuse(DanglingReference, reference)
        clash = next((k for k in own if k in target and k not in _ANNOTATIONS and own[k] != target[k]), None)
        if clash is not None:
            twice = Text(f"{clash!r} beside $ref {reference!r} says something else than the target",
                         f"$ref {reference!r} 旁的 {clash!r} 与其目标不一致")  # fmt: skip
            raise Refused([BadSchema(where=reference, detail=twice, position=self.position)])
        return {**target, **own}


def _resolve(address: str, file: str) -> str | None:
    """The file that ``address`` means in ``file``; None if it is neither in the pack nor in the vocabulary."""
    if not address:
        return file
    address = unquote(address)
    if "\\" in address or "\0" in address or "?" in address or ":" in address or address.startswith("//"):
        return None
    if address.startswith("/"):
        root, parts = [], list(PurePosixPath(address).parts[1:])
    else:
        root, parts = list(PurePosixPath(file).parts[:-1]), list(PurePosixPath(address).parts)
    for part in parts:
        if part != "..":
            root.append(part)
        elif len(root) > (1 if root[:1] == ["/"] else 0):
            root.pop()
        else:
            return None
    if address.startswith("/"):
        return "/" + "/".join(root) if root[:1] == ["vocabulary"] and len(root) > 1 else None
    joined = str(PurePosixPath(*root)) if root else ""
    return joined if not joined.startswith("/") or joined.startswith(VOCABULARY) else None
