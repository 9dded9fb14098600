"""The samples of one group, chunk by chunk: each stretch holds what the samples that are decided in it look at.

A stream keeps the samples that an undecided sample may still need (the tail) and joins them with what comes. It gives
a stretch when at least as many samples are new as were kept, so that each sample is evaluated about twice at most.
Only operators without a bound (`since`, `elapsed`) look back further; they carry what they last said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from conformance.engines.series._signal import Times

Columns: TypeAlias = Mapping[Any, NDArray[Any]]
"""The cells of columns, by whatever names them."""


@frozen(eq=False)
class Stretch:
    """Neighbouring samples of one group, some of which are decided by it."""

    times: Times
    columns: Columns
    decided: slice
    """The samples whose windows lie in it, as far as the group does."""
    first: bool
    """Whether it begins with the first sample of the group."""
    last: bool
    """Whether it ends with the last one."""

    @property
    def until(self) -> int:
        """Time of the last sample that is decided; of none, the first one's."""
        return int(self.times[max(self.decided.stop - 1, 0)])


class Stream:
    """One group. Memory: about three times the samples of a span of ``back + ahead`` ns, and one chunk."""

    def __init__(self, back: int, ahead: int) -> None:
        """Each sample looks at those from ``back`` ns before to ``ahead`` ns after it."""
        self._back, self._ahead = back, ahead
        self._parts: list[tuple[Times, Columns]] = []
        self._kept = self._fresh = 0
        self._done: int | None = None
        self._first = True

    def push(self, times: Times, columns: Columns, *, last: bool = False) -> Stretch | None:
        """The next chunk: increasing times, and columns of the same length; a stretch if samples are decided now."""
        if len(times):
            self._parts.append((times, columns))
            self._fresh += len(times)
        if not self._parts or not (last or self._fresh >= self._kept):
            return None
        return self._advance(last)

    def _advance(self, last: bool) -> Stretch | None:
        times = _joined([part for part, _ in self._parts])
        columns = {name: _joined([part[name] for _, part in self._parts]) for name in self._parts[0][1]}
        begin = 0 if self._done is None else int(np.searchsorted(times, self._done, "right"))
        stop = len(times) if last else int(np.searchsorted(times, times[-1] - self._ahead, "right"))
        found = Stretch(times, columns, slice(begin, stop), self._first, last) if begin < stop else None
        keep = 0
        if found is not None:
            self._done = found.until
            keep = int(np.searchsorted(times, self._done - self._back))
            self._first = self._first and keep == 0
        tail = {name: column[keep:].copy() for name, column in columns.items()}
        self._parts, self._kept, self._fresh = [(times[keep:].copy(), tail)], len(times) - keep, 0
        return found


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
