"""Lifecycles: which events a state permits, checked when the rule is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from attrs import frozen

from conformance.errors import Problem, Refused, Text
from conformance.errors.language import ImpossibleWord, UnknownField, WrongType, did_you_mean
from conformance.errors.temporal import NeverPermitted, NoOrder, NotReached
from conformance.model.standard import Expression, Machine, Pack, Rule
from conformance.rules import types
from conformance.rules.check import Checker
from conformance.rules.functions import FUNCTIONS
from conformance.rules.parse import parse
from conformance.rules.typed import Binding, Checked, Scales, Slots, Typed

States: TypeAlias = int
"""A set of states, a bit for each."""


@frozen(eq=False)
class Step:
    """A transition: from any of ``of`` to ``to``, where ``when`` holds of the row."""

    of: States
    to: States
    when: Checked | None


@frozen(eq=False)
class Lifecycle:
    """A compiled `machine:`. The rows of each life, in the order of time, must be events that its state permits."""

    event: str
    """The column of the event."""
    time: str
    groups: tuple[str, ...]
    """The columns that name a life."""
    start: States
    steps: Mapping[str, tuple[Step, ...]]
    """The transitions by the event that they answer to."""

    @property
    def guards(self) -> list[Checked]:
        """The conditions of its transitions."""
        return [step.when for steps in self.steps.values() for step in steps if step.when is not None]


ELSEWHERE = Checked(
    Typed(types.Boolean(), lambda engine: engine.over_time("since", (), {})), frozenset({"row"}), (), ()
)
"""In the place of what a lifecycle requires of a row: without the rows before it has no value."""


def lifecycle(
    rule: Rule,
    machine: Machine,
    pack: Pack,
    names: Mapping[str, Binding],
    slots: Slots,
    problems: list[Problem],
) -> Lifecycle | None:
    """``machine`` of ``rule``, whose conditions may use ``names``; None after problems, which are noted."""
    position = machine.position or rule.position
    table = pack.tables.get(rule.applies_to)
    if table is None or table.time is None:
        problems.append(NoOrder(position=position))
        return None
    before = len(problems)
    row = names["row"].type
    fields = row.fields if isinstance(row, types.Record) else {}
    for name in (machine.event, *machine.by):
        if name not in fields:
            hint = did_you_mean(name, fields)
            problems.append(UnknownField(position=position, owner="row", name=name, hint=hint))
    event = fields.get(machine.event)
    if event is not None and not isinstance(event.type, types.Word):
        expected = Text("a text as the event", "作为事件的文本")
        problems.append(WrongType(position=position, expected=expected, found=types.describe(event.type)))
    if isinstance(event, types.Field) and isinstance(event.type, types.Word) and event.type.choices is not None:
        answered = {t.on for t in machine.transitions}
        for word in sorted(answered - set(event.type.choices)):
            hint = did_you_mean(word, event.type.choices)
            problems.append(ImpossibleWord(position=position, word=word, hint=hint))
        for word in sorted(set(event.type.choices) - answered):
            problems.append(NeverPermitted(position=position, event=word))
    reached = _reached(machine)
    for state in sorted({state for t in machine.transitions for state in (*t.of, t.to)} - reached):
        problems.append(NotReached(position=position, state=state, hint=did_you_mean(state, reached)))
    bits = {state: 1 << n for n, state in enumerate(sorted(reached))}
    steps: dict[str, tuple[Step, ...]] = {}
    for one in machine.transitions:
        when = None if one.when is None else _checked(one.when, names, slots, problems)
        step = Step(_set(bits.get(state, 0) for state in one.of), bits.get(one.to, 0), when)
        steps[one.on] = (*steps.get(one.on, ()), step)
    if len(problems) > before:
        return None
    return Lifecycle(machine.event, table.time, machine.by, bits[machine.start], steps)


def _reached(machine: Machine) -> set[str]:
    """The states that some events lead to."""
    found = {machine.start}
    while more := {t.to for t in machine.transitions if found & set(t.of)} - found:
        found |= more
    return found


def _set(bits: Iterable[int]) -> States:
    found = 0
    for bit in bits:
        found |= bit
    return found


def _checked(when: Expression, names: Mapping[str, Binding], slots: Slots, problems: list[Problem]) -> Checked | None:
    checker = Checker(when, names, FUNCTIONS, slots, Scales(), decides=False)
    try:
        checked = checker.check(parse(when))
    except Refused as refused:
        problems += refused.problems
        return None
    problems += checker.problems
    return checked
