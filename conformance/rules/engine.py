"""What an expression is compiled to: closures over a frame of values. One compiler, several arithmetics.

The checker never builds closures itself: it calls the methods of an `Engine`, so that every arithmetic gives an
expression the same meaning. `Points` computes with plain numbers and gives up at the first missing value;
`Intervals` never gives up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from re import compile as pattern
from typing import Any, Literal, NoReturn, TypeAlias

from attrs import frozen

from conformance.errors import Text
from conformance.rules.margin import FALSE, VACUOUS, Atom, NotComputable, Unpaired, Verdict, join, meet, negated, plain

Frame: TypeAlias = list[Any]
"""The values of names by slot. Slot 0 collects the paths of missing values."""
Run: TypeAlias = Callable[[Frame], Any]
Kind = Literal["number", "boolean", "word", "instant"]
Extreme = Literal["min", "max"]
Over = Literal[
    "always", "changed", "elapsed", "eventually", "held", "previous", "rate", "response_time", "rise_time", "rises",
    "settling_time", "since", "until",
]  # fmt: skip
"""An operator over the samples of a series; ``elapsed`` is ``since`` of one condition."""
NS_PER_MINUTE = 60_000_000_000


@frozen
class Place:
    """Where a path finds its value, and how it is called when it is missing."""

    slot: int
    steps: tuple[str, ...]
    optional: tuple[bool, ...]
    """Of each step: whether the schema lets it be absent or null."""
    origin: str
    """The root's name, or the text of the list that the loop variable goes over."""
    index: int | None = None
    """Of a loop variable: the slot of the round's number."""

    def name(self, frame: Frame) -> str:
        """The path with the id of the element it stands for."""
        below = "".join(f".{s}" for s in self.steps)
        if self.index is None:
            return self.origin + below
        return f"{self.origin}[{element_id(frame[self.slot], frame[self.index])}]{below}"


@frozen(eq=False)
class Rounds:
    """One compiled ``for``: it puts each element into the frame. Its slots are neighbours."""

    names: tuple[str, ...]
    slots: tuple[int, ...]
    index: int
    rows: Run
    conditions: tuple[Run, ...]

    def identify(self, frame: Frame) -> tuple[tuple[str, str], ...]:
        """Each loop variable with the id of the element it stands for now; the loop behind an `in` has no name."""
        number = frame[self.index]
        return tuple((n, element_id(frame[s], number)) for n, s in zip(self.names, self.slots, strict=bool(self.names)))


def element_id(element: Any, number: int) -> str:
    """The ``id`` or ``bus`` of an element, else its number in the list."""
    if isinstance(element, dict):
        for key in ("id", "bus"):
            if isinstance(found := element.get(key), (str, int)) and not isinstance(found, bool):
                return str(found)
    return str(number)


def identify(loops: Sequence[Rounds], frame: Frame) -> tuple[tuple[str, str], ...]:
    """What the variables of all ``loops`` stand for now, outermost first."""
    return tuple(pair for loop in loops for pair in loop.identify(frame))


_INSTANT = pattern(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:\d\d)")
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_KEYS = {str, int, float}
"""What can be a key."""


def instant(text: object) -> int | None:
    """UTC nanoseconds since 1970 of ISO 8601 ``text`` with a zone; None if it is no such text."""
    match = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, clock, second, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}:{second or '00'}{'+00:00' if zone in 'Zz' else zone}")
        elapsed = moment - _EPOCH
    except (ValueError, OverflowError):
        return None
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def mismatches(lists: Sequence[Sequence[Any]], key: str | None, names: Sequence[str]) -> list[Text]:
    """Why ``lists`` cannot be joined: by ``key``, or when None round by round."""
    if key is None:
        if len({len(rows) for rows in lists}) < 2:
            return []
        lengths = ", ".join(f"{n}: {len(rows)}" for n, rows in zip(names, lists, strict=True))
        return [Text(f"lists of different length: {lengths}", f"列表长度不同：{lengths}")]
    if _paired(lists[0], lists[1], key):
        return []
    problems: list[Text] = []
    seen: list[dict[Any, int]] = []
    for rows, name in zip(lists, names, strict=True):
        counts: dict[Any, int] = {}
        for number, row in enumerate(rows):
            found = row.get(key) if isinstance(row, dict) else None
            if isinstance(found, str | int | float) and not isinstance(found, bool):
                counts[found] = counts.get(found, 0) + 1
            else:
                problems.append(Text(f"{name}[{number}] has no {key}", f"{name}[{number}] 缺少 {key}"))
        problems += [
            Text(f"{name} has {n} elements with {key} {k}", f"{name} 中有 {n} 个 {key} 为 {k} 的元素")
            for k, n in counts.items()
            if n > 1
        ]
        seen.append(counts)
    for here, there in ((0, 1), (1, 0)):
        problems += [
            Text(f"{names[there]} has no element with {key} {k}", f"{names[there]} 中没有 {key} 为 {k} 的元素")
            for k in seen[here]
            if k not in seen[there]
        ]
    return problems


def _paired(here: Sequence[Any], there: Sequence[Any], key: str) -> bool:
    """Whether two lists plainly match by ``key``; False where only a closer look can tell."""
    try:
        keys = {row[key] for row in here}
        return (
            len(keys) == len(here) == len(there)
            and keys == {row[key] for row in there}
            and {type(k) for k in keys} <= _KEYS
            and {type(row[key]) for row in there} <= _KEYS
        )
    except (TypeError, LookupError):
        return False


class Engine(ABC):
    """An arithmetic. Each method takes compiled parts and gives a compiled part."""

    # Values
    @abstractmethod
    def constant(self, value: float) -> Run:
        """A number."""

    @abstractmethod
    def read(self, place: Place, kind: Kind) -> Run:
        """The value at ``place``; a Boolean field is a verdict."""

    @abstractmethod
    def has(self, place: Place, kind: Kind) -> Run:
        """Whether there is a value at ``place``."""

    def word(self, value: str) -> Run:
        """A text."""
        return lambda frame: value

    def truth(self, value: bool) -> Run:
        """A verdict that never changes."""
        verdict = plain(value)
        return lambda frame: verdict

    # Numbers
    @abstractmethod
    def arithmetic(self, op: str, left: Run, right: Run) -> Run:
        """``+ - * /`` of two numbers."""

    @abstractmethod
    def negative(self, of: Run) -> Run:
        """Minus a number."""

    @abstractmethod
    def absolute(self, of: Run) -> Run:
        """The distance of a number from 0."""

    @abstractmethod
    def root(self, of: Run) -> Run:
        """The square root of a number."""

    @abstractmethod
    def extreme(self, which: Extreme, parts: Sequence[Run]) -> Run:
        """The least or greatest of several numbers."""

    @abstractmethod
    def elapsed(self, later: Run, earlier: Run) -> Run:
        """Minutes between two instants."""

    @abstractmethod
    def shifted(self, moment: Run, minutes: Run) -> Run:
        """An instant, some minutes later."""

    # Lists
    @abstractmethod
    def rows(self, place: Place) -> Run:
        """The elements of a list."""

    @abstractmethod
    def joined(self, lists: Sequence[Run], key: str | None, names: Sequence[str]) -> Run:
        """Rows of several lists: two matched by ``key``, or all element by element when it is None."""

    @abstractmethod
    def count(self, loops: Sequence[Rounds]) -> Run:
        """How many rounds there are."""

    @abstractmethod
    def total(self, element: Run, loops: Sequence[Rounds]) -> Run:
        """The sum over all rounds; 0 of nothing."""

    @abstractmethod
    def extreme_of(self, which: Extreme, element: Run, loops: Sequence[Rounds]) -> Run:
        """The least or greatest of all rounds; not computable of nothing."""

    # Conditions
    @abstractmethod
    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        """``left <= right`` (or ``<``) of numbers; the margin is their difference divided by ``divisor``."""

    @abstractmethod
    def equal(self, left: Run, right: Run, kind: Kind, tolerance: float = 0.0) -> Run:
        """Whether two values are equal; numbers within ``tolerance``."""

    @abstractmethod
    def choice(self, then: Run, test: Run, other: Run, kind: Kind) -> Run:
        """One of two values."""

    @abstractmethod
    def every(self, element: Run, loops: Sequence[Rounds]) -> Run:
        """``all`` over the rounds."""

    def some(self, element: Run, loops: Sequence[Rounds]) -> Run:
        """``any`` over the rounds: not all of them fail. False of nothing."""
        opposite = self.every(self.negation(element), loops)

        def run(frame: Frame) -> Verdict:
            found = opposite(frame)
            return FALSE if found is VACUOUS else negated(found)

        return run

    def both(self, parts: Sequence[Run]) -> Run:
        """``and``."""
        return lambda frame: meet(part(frame) for part in parts)

    def one_of(self, parts: Sequence[Run]) -> Run:
        """``or``."""
        return lambda frame: join(part(frame) for part in parts)

    def negation(self, of: Run) -> Run:
        """``not``."""
        return lambda frame: negated(of(frame))

    def over_time(self, operator: Over, parts: Sequence[Run], options: Mapping[str, int]) -> Run:
        """An operator over the samples of a series; distances in ns. Alone, no row has a value of it."""
        return alone


def alone(frame: Frame) -> NoReturn:
    """What a row cannot say without those around it. Raises `NotComputable`."""
    raise NotComputable(Text("it needs the rows before and after", "需要前后各行"))


def match(lists: Sequence[list[Any]], key: str | None, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows of lists that can be joined. Raises `Unpaired`."""
    if problems := mismatches(lists, key, names):
        raise Unpaired(problems)
    if key is None:
        return list(zip(*lists, strict=True))
    index = {row[key]: row for row in lists[1]}
    return [(row, index[row[key]]) for row in lists[0]]
