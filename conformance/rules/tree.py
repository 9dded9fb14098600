"""The tree of an expression: what `parse` makes and `text` prints. Equality does not look at places."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen


@frozen
class Span:
    """Where a part stands in its expression: 1-based line, 0-based column and width, in characters."""

    line: int = 1
    column: int = 0
    width: int = 1


@frozen
class Node:
    """Any part of an expression."""

    span: Span = field(factory=Span, eq=False, repr=False, kw_only=True)


@frozen
class Number(Node):
    """A plain number; never negative (that is `Negative`)."""

    value: float


@frozen
class Truth(Node):
    """``True`` or ``False``."""

    value: bool


@frozen
class Word(Node):
    """A text in quotes."""

    value: str


@frozen
class Quantity(Node):
    """A number with its unit: ``q("5 min")``."""

    value: str


@frozen
class Path(Node):
    """A name and the fields below it: ``request.interval``."""

    names: tuple[str, ...]


@frozen
class Items(Node):
    """Alternatives in brackets, the right side of ``in``."""

    items: tuple[Node, ...]


@frozen
class Negative(Node):
    """Minus ``of``."""

    of: Node


@frozen
class Not(Node):
    """Not ``of``."""

    of: Node


@frozen
class Arithmetic(Node):
    """Two numbers and what is done to them."""

    op: Literal["+", "-", "*", "/"]
    left: Node
    right: Node


Comparison = Literal["<", "<=", ">", ">=", "==", "!=", "in", "not in"]


@frozen
class Compare(Node):
    """A comparison, possibly chained: ``a <= b < c``."""

    first: Node
    rest: tuple[tuple[Comparison, Node], ...]


@frozen
class Logic(Node):
    """Two or more parts joined by one word."""

    op: Literal["and", "or"]
    items: tuple[Node, ...]


@frozen
class Choice(Node):
    """``then if test else other``."""

    then: Node
    test: Node
    other: Node


@frozen
class Call(Node):
    """A function of the language."""

    function: str
    arguments: tuple[Node, ...]


@frozen
class Loop(Node):
    """``for names in over if condition ...``."""

    names: tuple[str, ...]
    over: Node
    conditions: tuple[Node, ...] = ()


@frozen
class Comprehension(Node):
    """An element for every round of its loops."""

    element: Node
    loops: tuple[Loop, ...]
