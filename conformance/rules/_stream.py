"""A tree of temporal operators, and the same tree over a group that comes in chunks.

A stream keeps the samples that an undecided sample may still need (the tail), evaluates the tree over tail and chunk
with the operators for whole signals, and gives out what no later sample can change. It evaluates when at least as
many samples are new as were kept, so each sample is evaluated about twice at most. Only `since` looks back without
bound; its last final value is carried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from conformance.errors import Text
from conformance.errors.temporal import BadWindow
from conformance.rules import _operators as over
from conformance.rules._operators import Latched
from conformance.rules._signal import FARTHEST, Signal, check_same, check_times, joined

Reach: TypeAlias = tuple[int, int]
"""How many ns an operator looks back and ahead."""


def _window(a: int, b: int, gap: int) -> Reach:
    # A hole at the window's start is seen if the sample before the start is there, or is more than a gap away.
    return (gap - a if a < 0 else 0), max(b, 0)


_OPERATORS: Mapping[str, tuple[Callable[..., Signal], int, Callable[..., Reach]]] = {
    "negation": (over.negation, 1, lambda: (0, 0)),
    "both": (over.both, 2, lambda: (0, 0)),
    "one_of": (over.one_of, 2, lambda: (0, 0)),
    "always": (over.always, 1, _window),
    "eventually": (over.eventually, 1, _window),
    "held": (over.held, 1, lambda d, gap: _window(-d, 0, gap)),
    "until": (over.until, 2, lambda a, b, gap: (0, b)),
    "since": (over.since, 2, lambda gap: (0, 0)),
    "rate": (over.rate, 1, lambda per, gap: (gap, 0)),
    "changed": (over.changed, 1, lambda gap: (gap, 0)),
    "rises": (over.rises, 1, lambda gap: (gap, 0)),
    "response_time": (over.response_time, 1, lambda within, gap: (0, within)),
    "settling_time": (over.settling_time, 1, lambda keep, within, gap: (0, keep + within)),
    "rise_time": (over.rise_time, 2, lambda within, gap: (0, within)),
}


@frozen(eq=False)
class Node:
    """An operator over the signals of ``parts``, or the input of number ``input``."""

    operator: str
    parts: tuple[Node, ...]
    options: Mapping[str, int]
    input: int
    back: int
    """How far the tree below and this operator look back, ns; `since` adds nothing."""
    ahead: int
    """How far they look ahead, ns."""


def signal(number: int = 0) -> Node:
    """The signal of that number among the inputs."""
    return Node("", (), {}, number, 0, 0)


def node(operator: str, *parts: Node, **options: int) -> Node:
    """An operator by its name, with its own options (``a``, ``b``, ``d``, ``gap``, ...).

    Raises `BadWindow`; TypeError for options or parts that the operator does not take.
    """
    run, count, reach = _OPERATORS[operator]
    if len(parts) != count:
        raise TypeError(f"{operator} takes {count} signals")
    back, ahead = reach(**options)
    back, ahead = back + max(p.back for p in parts), ahead + max(p.ahead for p in parts)
    if max(back, ahead) > FARTHEST // 2:
        raise BadWindow(detail=Text("nested windows span more than 73 years", "嵌套时间窗超过 73 年"))
    empty = Signal.of([], [])
    run(*(empty for _ in parts), **options)  # refuses what it will refuse
    return Node(operator, parts, options, -1, back, ahead)


def evaluate(root: Node, *inputs: Signal) -> Signal:
    """The tree over whole signals at the same times."""
    for one, other in pairwise(inputs):
        check_same(one, other)
    return _evaluate(root, inputs, {}, {})


def _evaluate(
    at: Node, inputs: tuple[Signal, ...], seen: dict[Node, Signal], latched: Mapping[Node, Latched]
) -> Signal:
    if at.operator == "":
        return inputs[at.input]
    if at not in seen:
        parts = (_evaluate(p, inputs, seen, latched) for p in at.parts)
        options: dict[str, Any] = dict(at.options)
        if at.operator == "since":
            options["after"] = latched.get(at)
        seen[at] = _OPERATORS[at.operator][0](*parts, **options)
    return seen[at]


class Stream:
    """The tree over one group in chunks: `push` each chunk in order, then `finish`; together they give `evaluate`.

    Memory: about three times the samples of a span of ``root.back + root.ahead`` ns, and one chunk.
    """

    def __init__(self, root: Node) -> None:
        self._root = root
        self._above = _sinces(root)
        self._latched: dict[Node, Latched] = {}
        self._tail: tuple[Signal, ...] = ()
        self._chunks: list[tuple[Signal, ...]] = []
        self._fresh = 0
        self._last: int | None = None
        self._done: int | None = None

    def push(self, *inputs: Signal) -> Signal:
        """The next chunk of each input; gives the samples that are decided now, maybe none. Raises as `Signal.of`."""
        for one, other in pairwise(inputs):
            check_same(one, other)
        if len(inputs[0]):
            check_times(inputs[0].times, after=self._last)
            self._last = int(inputs[0].times[-1])
            self._chunks.append(inputs)
            self._fresh += len(inputs[0])
        if not self._tail or self._fresh >= len(self._tail[0]):
            return self._advance(final=False)
        return _NOTHING

    def finish(self) -> Signal:
        """All samples that are left; what lies past the last sample is missing."""
        return self._advance(final=True)

    def _advance(self, *, final: bool) -> Signal:
        chunks = [self._tail, *self._chunks] if self._tail else self._chunks
        if not chunks:
            return _NOTHING
        inputs = tuple(joined(parts) for parts in zip(*chunks, strict=True))
        times = inputs[0].times
        begin = 0 if self._done is None else int(np.searchsorted(times, self._done, "right"))
        stop = len(times) if final else int(np.searchsorted(times, times[-1] - self._root.ahead, "right"))
        self._chunks, self._fresh = [], 0
        if stop <= begin:
            self._tail = inputs
            return _NOTHING
        seen: dict[Node, Signal] = {}
        found = _evaluate(self._root, inputs, seen, self._latched).part(slice(begin, stop))
        self._done = int(times[stop - 1])
        self._carry(seen)
        keep = slice(int(np.searchsorted(times, self._done - self._root.back)), None)
        self._tail = tuple(joined([i.part(keep)]) for i in inputs)
        return found

    def _carry(self, seen: Mapping[Node, Signal]) -> None:
        """Keep each `since` at the last sample that no later evaluation looks back to."""
        for at, above in self._above.items():
            found = seen[at]
            last = int(np.searchsorted(found.times, (self._done or 0) - above, "right")) - 1
            before = self._latched.get(at)
            if last >= 0 and (before is None or found.times[last] > before.time):
                self._latched[at] = Latched(int(found.times[last]), float(found.low[last]), float(found.high[last]))


_NOTHING = Signal.of([], [])


def _sinces(root: Node) -> dict[Node, int]:
    """Each `since` of a tree, and how far the operators above it look back, ns."""
    found: dict[Node, int] = {}

    def walk(at: Node, above: int) -> None:
        if at.operator == "since":
            found[at] = max(found.get(at, 0), above)
        for part in at.parts:
            walk(part, above + at.back - max(p.back for p in at.parts))

    walk(root, 0)
    return found
