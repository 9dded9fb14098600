"""The site is stored once, in the header; requests refer to its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from conformance.errors.evidence import UnknownSite
from conformance.model.json import JSON, encode

_REFERENCE = "$site"
_LITERAL = "$literal"
"""Wraps an object of a request that itself looks like one of our references."""


@frozen
class Folder:
    """Folds requests over the site content of one system, and unfolds them."""

    parts: Mapping[str, JSON]
    """Path such as ``grid.network.buses`` to content."""
    _named: Mapping[str, tuple[str, ...]]
    _encoded: Mapping[str, bytes | None]

    @staticmethod
    def of(site: Mapping[str, JSON]) -> Folder:
        """A folder for ``site``: site kind to content. Objects and lists that names lead to can be referred to."""
        parts = dict(_parts(site, ""))
        named: dict[str, tuple[str, ...]] = {}
        for path in parts:
            name = path.rsplit(".", 1)[-1]
            named[name] = (*named.get(name, ()), path)
        return Folder(parts, named, {path: _bytes(content) for path, content in parts.items()})

    def fold(self, value: JSON, name: str = "") -> JSON:
        """``value`` with references in place of parts that equal site content of the same name, byte for byte."""
        if not isinstance(value, dict | list):
            return value
        for path in self._named.get(name, ()):
            content = self.parts[path]
            known = self._encoded[path]
            if known is not None and (value is content or (value == content and encode(value) == known)):
                return {_REFERENCE: path}
        if isinstance(value, list):
            return [self.fold(item) if isinstance(item, dict | list) else item for item in value]
        if _REFERENCE in value or _LITERAL in value:
            return {_LITERAL: value}
        inner = [key for key, item in value.items() if isinstance(item, dict | list)]
        return {**value, **{key: self.fold(value[key], key) for key in inner}} if inner else value

    def unfold(self, value: JSON) -> JSON:
        """What `fold` made ``value`` of. Raises `UnknownSite`."""
        if isinstance(value, list):
            return [self.unfold(item) if isinstance(item, dict | list) else item for item in value]
        if not isinstance(value, dict):
            return value
        if _LITERAL in value:
            return value[_LITERAL]
        if _REFERENCE not in value:
            return {key: self.unfold(item) for key, item in value.items()}
        reference = value[_REFERENCE]
        if not isinstance(reference, str) or reference not in self.parts:
            raise UnknownSite(reference=repr(reference)[:80])
        return self.parts[reference]


_DEEPEST = 6
"""How many names a path may have; sites are hostile input too."""


def _bytes(content: JSON) -> bytes | None:
    """The wire form, or None for content that has none (a lone surrogate); that is never referred to."""
    try:
        return encode(content)
    except (ValueError, RecursionError):
        return None


def _parts(value: Mapping[str, JSON], prefix: str) -> Iterator[tuple[str, JSON]]:
    for name, item in value.items():
        if isinstance(item, dict | list) and item:
            path = f"{prefix}{name}"
            yield path, item
            if isinstance(item, dict) and "." not in name and path.count(".") < _DEEPEST:
                yield from _parts(item, f"{path}.")
