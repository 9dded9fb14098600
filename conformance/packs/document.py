"""What was read from a file of ours: its value, and the place of every key and value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from attrs import evolve, field, frozen

from conformance.errors import Position, Refused
from conformance.errors.files import ExpressionStyle
from conformance.model.json import JSON
from conformance.model.standard import Expression

Path: TypeAlias = tuple[str | int, ...]
"""Steps from the root of a document: keys and 0-based indexes."""


@frozen
class Scalar:
    """How a scalar was written."""

    style: str
    """Empty for a plain one, else the character that opens it."""
    text: str
    last_line: int
    """0-based line on which it ends."""


@frozen
class Document:
    """The value of a YAML file with positions."""

    file: str
    value: JSON
    lines: tuple[str, ...] = field(repr=False)
    values: Mapping[Path, Position] = field(repr=False)
    keys: Mapping[Path, Position] = field(repr=False)
    scalars: Mapping[Path, Scalar] = field(repr=False)

    def position(self, path: Path = ()) -> Position:
        """Where the value at ``path`` stands; where it does not exist, the nearest one around it."""
        return next(self.values[p] for p in _outwards(path) if p in self.values)

    def key(self, path: Path) -> Position:
        """Where the key of ``path`` stands; of a list's element or the root, its value."""
        return next(found for p in _outwards(path) if (found := self.keys.get(p) or self.values.get(p)) is not None)

    def expression(self, path: Path) -> Expression:
        """The text at ``path`` as an expression with one position per line.

        Raises `Refused` unless it is a literal block (``|``), or on one line a plain scalar or one in single quotes
        that stands in the file as it is read: a lone word such as ``'"normal"'`` cannot be written otherwise.
        """
        start, scalar = self.values[path], self.scalars[path]
        if scalar.style == "|":
            return Expression(scalar.text, tuple(self._block(start, scalar)))
        quoted = scalar.style == "'" and "'" not in scalar.text
        if (scalar.style and not quoted) or scalar.last_line != start.line - 1:
            raise Refused([ExpressionStyle(position=start)])
        place = evolve(start, column=start.column + 1, width=max(len(scalar.text), 1)) if quoted else start
        return Expression(scalar.text, (place,))

    def _block(self, start: Position, scalar: Scalar) -> Iterator[Position]:
        # Content starts on the line below the indicator; the indent is what the source has and the value has not.
        texts = scalar.text.split("\n")
        first = next((i for i, t in enumerate(texts) if t.strip()), 0)
        indent = len(self.lines[min(start.line + first, len(self.lines) - 1)]) - len(texts[first])
        for number in range(max(len(texts) - (scalar.text.endswith("\n")), 1)):
            line = min(start.line + number, len(self.lines) - 1)
            yield Position(self.file, line + 1, indent + 1, max(len(texts[number]), 1), self.lines[line])


def _outwards(path: Path) -> Iterator[Path]:
    for length in range(len(path), -1, -1):
        yield path[:length]
