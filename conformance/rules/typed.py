"""What checking an expression gives: types with recipes of closures, and what names and loops stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import field, frozen

from conformance.model.quantity import Unit, linear, unit
from conformance.rules import types
from conformance.rules.engine import Engine, Kind, Rounds, Run

MINUTE = unit("min")

Build: TypeAlias = Callable[[Engine], Run]


@frozen(eq=False)
class Typed:
    """A checked part: its type, and the recipe of its closure."""

    type: types.Type
    build: Build


@frozen(eq=False)
class Binding:
    """What a name stands for: a slot of the frame, or (a fixed parameter) a part of its own."""

    type: types.Type
    slot: int = 0
    origin: str = ""
    index: int | None = None
    fixed: Typed | None = None


@frozen(eq=False)
class Iteration:
    """A checked ``for``."""

    names: tuple[str, ...]
    slots: tuple[int, ...]
    index: int
    rows: Build
    conditions: tuple[Typed, ...]

    def build(self, engine: Engine) -> Rounds:
        """The same for one engine."""
        conditions = tuple(c.build(engine) for c in self.conditions)
        return Rounds(self.names, self.slots, self.index, self.rows(engine), conditions)


@frozen(eq=False)
class Part:
    """A sub-expression, for explaining: its text, what it is, and the loops whose elements it speaks of."""

    text: str
    typed: Typed
    loops: tuple[Iteration, ...]


@frozen(eq=False)
class Checked:
    """A whole checked expression."""

    typed: Typed
    names: frozenset[str]
    """The names at the roots of its paths, without loop variables."""
    parts: tuple[Part, ...]
    joins: tuple[Build, ...]
    """The joins of lists that do not depend on a loop, to tell why they do not match."""
    reach: tuple[int, int] | None = None
    """How far its operators over time look back and ahead, ns; None if it has none."""


@frozen
class Scales:
    """The scale of each kind of quantity in a rule."""

    known: tuple[tuple[float, Unit], ...] = ()

    def of(self, kind: Unit) -> tuple[float, Unit] | None:
        """The scale whose unit compares with ``kind``."""
        return next((s for s in self.known if s[1].comparable(kind)), None)


@frozen(eq=False)
class Slots:
    """Counts the slots of one frame; slot 0 belongs to the engine."""

    taken: list[str] = field(factory=lambda: ["missing"])

    def take(self, name: str) -> int:
        """A new slot."""
        self.taken.append(name)
        return len(self.taken) - 1


FAULTY = Typed(types.Unknown(), lambda engine: engine.constant(0.0))


def kind_of(type_: types.Type) -> Kind | None:
    """How a single value of ``type_`` is read; None for lists, records and values without a type."""
    match type_:
        case types.Number():
            return "number"
        case types.Boolean():
            return "boolean"
        case types.Word():
            return "word"
        case types.Instant():
            return "instant"
    return None


def convert(typed: Typed, to: Unit) -> Typed:
    """The same number in the comparable unit ``to``, by the operations of `model.quantity.Linear`."""
    of = typed.type.unit if isinstance(typed.type, types.Number) else None
    if of is None or of.exact == to.exact:
        return typed
    by = linear(of, to)

    def build(engine: Engine) -> Run:
        found = typed.build(engine)
        for op, factor in (("*", by.times), ("/", by.over)):
            found = found if factor == 1 else engine.arithmetic(op, found, engine.constant(factor))
        return found

    return Typed(types.Number(to), build)


def times(one: Unit | None, other: Unit | None, sign: int) -> Unit | None:
    """The unit of a product or quotient; the literal 0 stays without one."""
    if one is None:
        return None
    if other is None:
        return None if sign == 1 else one
    return one.times(other, sign)
