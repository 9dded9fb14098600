"""Lifecycles over event logs: every row is an event, and the state of its life permits it or not.

What is not known is followed in all its possibilities: each possible history has a set of states (more than one where
the lifecycle itself leaves a choice). A row is passed if all histories permit its event, failed if none does, and
insufficient otherwise. After an event that is not permitted the state stays. A missing event may have been any; rows
of one instant may have come in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import Any, TypeAlias

import duckdb
import numpy as np
from attrs import field, frozen

from conformance.engines.series._stream import Stretch
from conformance.engines.series.arithmetic import Series
from conformance.engines.series.feed import Chunk, Feed
from conformance.engines.series.limits import looked_up
from conformance.engines.series.values import Says
from conformance.engines.series.view import View
from conformance.model.run import Counts
from conformance.rules.engine import Run
from conformance.rules.machine import Lifecycle, States, Step
from conformance.rules.program import Condition, Program, Recipe
from conformance.rules.verdicts import Place, RowVerdict, WorstRow

MOST_ORDERS = 4
"""Rows of one instant whose orders are all followed; of more, any state that any of them may lead to is possible."""

_Histories: TypeAlias = frozenset[States]
_Truths: TypeAlias = tuple[bool | None, ...]
_Event: TypeAlias = tuple[str | None, _Truths]
"""An event, and what holds of its row of each guard of the lifecycle."""


@frozen(eq=False)
class _Table:
    """The lifecycle as a table: what an event does to histories, computed once for each that occurs."""

    life: Lifecycle
    guards: Mapping[Step, int]
    """Which of the guards is a step's."""
    known: dict[tuple[_Histories, _Event], tuple[bool | None, _Histories]] = field(factory=dict)

    def follow(self, histories: _Histories, event: _Event) -> tuple[bool | None, _Histories]:
        """Whether all (True), none (False) or some of ``histories`` permit ``event``, and what they become."""
        at = histories, event
        if at not in self.known:
            found = {one for states in histories for one in self._after(states, event)}
            permitted = {permits for permits, _ in found}
            truth = None if event[0] is None or len(permitted) > 1 else permitted.pop()
            self.known[at] = truth, frozenset(states for _, states in found)
        return self.known[at]

    def _after(self, states: States, event: _Event) -> Iterator[tuple[bool, States]]:
        name, truths = event
        if name is None:
            yield False, states  # an event that the lifecycle does not know
        for one in self.life.steps if name is None else (name,):
            steps = [s for s in self.life.steps.get(one, ()) if s.of & states]
            options = [self._truth(step, truths) for step in steps]
            for taken in product(*options):
                after = 0
                for step, holds in zip(steps, taken, strict=True):
                    after |= step.to if holds else 0
                yield bool(after), after or states

    def _truth(self, step: Step, truths: _Truths) -> tuple[bool, ...]:
        truth = True if step.when is None else truths[self.guards[step]]
        return (True, False) if truth is None else (truth,)

    def together(self, histories: _Histories, events: Sequence[_Event]) -> tuple[list[bool | None], _Histories]:
        """The same of rows at one instant."""
        if len(events) == 1:
            truth, after = self.follow(histories, events[0])
            return [truth], after
        if len(events) > MOST_ORDERS:
            found = histories
            for _ in events:
                found = found.union(*(self.follow(found, event)[1] for event in events))
            return [None] * len(events), found
        said: list[set[bool | None]] = [set() for _ in events]
        ends: set[States] = set()
        for order in permutations(range(len(events))):
            now = histories
            for n in order:
                truth, now = self.follow(now, events[n])
                said[n].add(truth)
            ends |= now
        return [truths.pop() if len(truths) == 1 else None for truths in said], frozenset(ends)


def judge_machine(
    connection: duckdb.DuckDBPyConnection, relation: str, program: Program, *, key: Sequence[str], worst: int = 5
) -> RowVerdict:
    """What the lifecycle of ``program`` says of the rows of the table or view ``relation``.

    The rule's ``when`` says which rows are judged; the others are inapplicable, and their events count all the same.
    A row without a time or a life is insufficient. A failure has no margin: the worst rows are the first by ``key``.
    Raises ValueError for a rule that is no lifecycle, and what DuckDB raises when a column is not there.
    """
    life, recipe = program.machine, program.recipe
    if life is None:
        raise ValueError(f"{program.rule.id} is no lifecycle")
    asked = _Asked.of(life, recipe)
    shown = tuple(name for name in key if name not in (life.time, *life.groups))
    wanted = {*asked.engine.columns, (life.event, "word"), *((name, "any") for name in shown)}
    feed = Feed(connection, relation, life.time, life.groups, tuple(sorted(wanted)))
    table = _Table(life, asked.guards)
    counts: dict[Place, int] = dict.fromkeys(("passed", "failed", "insufficient", "inapplicable"), 0)
    failed: list[tuple[Any, ...]] = []
    start = frozenset((life.start,))
    histories = start
    for chunk in feed.chunks():
        applies, events = asked.events(chunk, life.event)
        edges = (np.flatnonzero(np.diff(chunk.times)) + 1).tolist()
        names = dict(zip((*life.groups, life.time), (*chunk.group, None), strict=True))
        for begin, end in zip([0, *edges], [*edges, len(events)], strict=True):
            truths, histories = table.together(histories, events[begin:end])
            for row, truth in enumerate(truths, begin):
                place = _place(applies[row], truth)
                counts[place] += 1
                if place == "failed":
                    names[life.time] = int(chunk.times[row])
                    cells = {name: chunk.columns[name, "any"][row] for name in shown}
                    failed.append(tuple({**names, **cells}[name] for name in key))
        failed = sorted(failed, key=_order)[:worst]
        histories = start if chunk.last else histories
    total = feed.rows()
    counts["insufficient"] += total - sum(counts.values())
    rows = tuple(WorstRow(name, "failed", None) for name in failed)
    return RowVerdict(Counts(cases=total, **counts), rows)


@frozen(eq=False)
class _Asked:
    """What is computed of each row besides its event."""

    engine: Series
    recipe: Recipe
    when: Run | None
    runs: tuple[Run, ...]
    """The guards of the lifecycle."""
    guards: Mapping[Step, int]
    limits: tuple[tuple[Any, Mapping[str, Run]], ...]

    @classmethod
    def of(cls, life: Lifecycle, recipe: Recipe) -> _Asked:
        engine = Series()
        guarded = [step for steps in life.steps.values() for step in steps if step.when is not None]
        runs = tuple(guard.typed.build(engine) for guard in life.guards)
        condition: Condition | None = recipe.when
        when = None if condition is None else condition.checked.typed.build(engine)
        limits = tuple((one, {k: t.build(engine) for k, t in one.recipes.items()}) for one in recipe.lookups)
        return cls(engine, recipe, when, runs, {step: n for n, step in enumerate(guarded)}, limits)

    def events(self, chunk: Chunk, event: str) -> tuple[list[bool | None], list[_Event]]:
        """Of each row whether the rule applies, its event, and which guards hold."""
        view = View(Stretch(chunk.times, chunk.columns, slice(0, len(chunk.times)), True, True), False, {})
        frame: list[Any] = [None] * self.recipe.size
        frame[0] = view
        with np.errstate(all="ignore"):
            for one, runs in self.limits:
                looked_up(one, runs, frame)
            truths = [_truths(run(frame), len(view)) for run in self.runs]
            applies: list[bool | None] = [True] * len(view)
            if self.when is not None:
                applies = _truths(self.when(frame), len(view))
        guards = list(zip(*truths, strict=True)) if truths else [()] * len(view)
        return applies, list(zip(chunk.columns[event, "word"].tolist(), guards, strict=True))


def _truths(says: Says, count: int) -> list[bool | None]:
    known = np.broadcast_to((says.true | says.false) & np.logical_not(says.bad), count)
    held = np.broadcast_to(says.true, count)
    return [truth if sure else None for truth, sure in zip(held.tolist(), known.tolist(), strict=True)]


def _place(applies: bool | None, permitted: bool | None) -> Place:
    if applies is False:
        return "inapplicable"
    if applies is None or permitted is None:
        return "insufficient"
    return "passed" if permitted else "failed"


def _order(name: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    return [(value is None, value) for value in name]
