"""What engines of table rows share: a row has no lists, which the checker tells when a rule is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.rules.engine import Engine, Extreme, Place, Rounds, Run

_NO_LISTS = TypeError("a row has no lists")


class RowEngine(Engine):
    """An engine in which the parts on lists are never asked for."""

    def rows(self, place: Place) -> Run:
        """No rows have lists: TypeError."""
        raise _NO_LISTS

    def joined(self, lists: Sequence[Run], key: str | None, names: Sequence[str]) -> Run:
        """No rows have lists: TypeError."""
        raise _NO_LISTS

    def count(self, loops: Sequence[Rounds]) -> Run:
        """No rows have lists: TypeError."""
        raise _NO_LISTS

    def total(self, element: Run, loops: Sequence[Rounds]) -> Run:
        """No rows have lists: TypeError."""
        raise _NO_LISTS

    def extreme_of(self, which: Extreme, element: Run, loops: Sequence[Rounds]) -> Run:
        """No rows have lists: TypeError."""
        raise _NO_LISTS

    def every(self, element: Run, loops: Sequence[Rounds]) -> Run:
        """No rows have lists: TypeError."""
        raise _NO_LISTS
