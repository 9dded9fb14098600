"""The pages of packs, generated from the packs alone: one for each pack and language, and an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from conformance.authoring import index, opening
from conformance.authoring.figures import figures_of
from conformance.authoring.leaf import Leaf, paragraphs
from conformance.authoring.limits import limits
from conformance.authoring.profiles import profiles
from conformance.authoring.requirements import MAPS, maps, requirements
from conformance.authoring.sources import DEFECTS, KnownDefect, defects, sources
from conformance.authoring.surfaces import surfaces
from conformance.errors import Language
from conformance.markdown import Md
from conformance.model.standard import Pack

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@frozen
class Described:
    """A pack, and the defects that its rules must find."""

    pack: Pack
    defects: tuple[KnownDefect, ...] = ()


def pages(described: Sequence[Described]) -> dict[str, str]:
    """File name to text of all pages: the same packs give the same bytes.

    Packs are told apart by the last part of their ids. Raises `Refused` for a profile that cannot be applied.
    """
    found: dict[str, str] = {}
    for lang in LANGUAGES:
        leaves = [Leaf(one.pack, lang, figures_of(one.pack)) for one in described]
        for leaf, one in zip(leaves, described, strict=True):
            found[opening.file_of(one.pack.short, lang)] = _text(_page(leaf, one.defects))
        found[opening.file_of("README", lang)] = _text(index.index(leaves, lang))
    return found


def _page(leaf: Leaf, known: Sequence[KnownDefect]) -> Iterator[Md]:
    behind, seeded = list(maps(leaf)), list(defects(leaf, known))
    yield from opening.opening(leaf)
    yield from opening.contents(
        leaf,
        [
            *opening.sections(leaf),
            *([(leaf.own(MAPS), "counterparts")] if behind else []),
            *([(leaf.own(DEFECTS), "defects")] if seeded else []),
        ],
    )
    yield from limits(leaf)
    yield from opening.scope(leaf)
    yield from requirements(leaf)
    yield from profiles(leaf)
    yield from surfaces(leaf)
    yield from sources(leaf)
    yield from behind
    yield from seeded


def _text(blocks: Iterator[Md]) -> str:
    return paragraphs(blocks) + "\n"
