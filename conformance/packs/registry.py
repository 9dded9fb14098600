"""The packs that are at hand. Immutable: adding one gives a new registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from attrs import evolve, field, frozen

from conformance.errors import Refused, Text
from conformance.errors.packs import UnknownName
from conformance.model.standard import Pack
from conformance.packs.folder import shipped_root
from conformance.packs.forms import listed, suggestion
from conformance.packs.reader import load

_PACK = Text("pack", "标准包")


def _folders(values: Mapping[str, Path]) -> Mapping[str, Path]:
    return MappingProxyType(dict(values))


def _packs(values: Mapping[str, Pack]) -> Mapping[str, Pack]:
    return MappingProxyType(dict(values))


@frozen
class Registry:
    """Packs by id. A shipped one is read when it is first asked for by name; each call reads it afresh."""

    folders: Mapping[str, Path] = field(factory=dict, converter=_folders)
    packs: Mapping[str, Pack] = field(factory=dict, converter=_packs)

    @staticmethod
    def shipped() -> Registry:
        """The packs that come with the harness."""
        standards = shipped_root() / "standards"
        found = sorted(p.parent for p in standards.glob("*/*/pack.yaml"))
        return Registry({p.relative_to(standards).as_posix(): p for p in found})

    def with_pack(self, pack: Pack) -> Registry:
        """This registry and ``pack``, which takes the place of one with the same id."""
        return evolve(self, packs={**self.packs, pack.id: pack})

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all packs, sorted; nothing is read."""
        return tuple(sorted({*self.folders, *self.packs}))

    @property
    def short_names(self) -> frozenset[str]:
        """The names of all packs without their themes; nothing is read."""
        return frozenset(i.rsplit("/", 1)[-1] for i in self.ids)

    def find(self, name: str) -> Pack:
        """The pack called ``theme/name`` or ``name``, with ``@version`` or without. Raises `Refused`."""
        wanted, _, version = name.partition("@")
        ids = [i for i in self.ids if wanted in (i, i.rsplit("/", 1)[-1])]
        if len(ids) != 1:
            raise self._unknown(name)
        pack = self.packs[ids[0]] if ids[0] in self.packs else load(self.folders[ids[0]])
        if version and version != pack.version:
            raise self._unknown(name, (f"{pack.id}@{pack.version}",))
        return pack

    def __iter__(self) -> Iterator[Pack]:
        """All packs, by id; those not yet read are read."""
        return (self.find(i) for i in self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def _unknown(self, name: str, known: tuple[str, ...] = ()) -> Refused:
        names = known or (*self.ids, *(i.rsplit("/", 1)[-1] for i in self.ids))
        near = suggestion(name, names)
        return Refused([UnknownName(kind=_PACK, name=name, suggestion=near, known=listed(known or self.ids))])
