"""The canonical text of a tree: ``parse`` of it gives the same tree again."""

from __future__ import annotations

from conformance.rules import tree

_CHOICE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(1, 10)


def text(node: tree.Node) -> str:
    """``node`` on one line, with the fewest brackets and one space around operators."""
    return _show(node, 0)


def number(value: float) -> str:
    """A finite number as the shortest text that reads back the same; whole numbers without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else repr(value)


def _show(node: tree.Node, outer: int) -> str:
    level, shown = _plain(node)
    return f"({shown})" if level < outer else shown


def _plain(node: tree.Node) -> tuple[int, str]:
    match node:
        case tree.Number(value):
            return _ATOM, number(value)
        case tree.Truth(value):
            return _ATOM, str(value)
        case tree.Word(value):
            return _ATOM, _quoted(value)
        case tree.Quantity(value):
            return _ATOM, f"q({_quoted(value)})"
        case tree.Path(names):
            return _ATOM, ".".join(names)
        case tree.Items(items):
            return _ATOM, "[" + ", ".join(_show(i, _CHOICE) for i in items) + "]"
        case tree.Negative(of):
            return _SIGN, "-" + _show(of, _SIGN)
        case tree.Not(of):
            return _NOT, "not " + _show(of, _NOT)
        case tree.Arithmetic(op, left, right):
            level = _SUM if op in "+-" else _PRODUCT
            return level, f"{_show(left, level)} {op} {_show(right, level + 1)}"
        case tree.Compare(first, rest):
            chain = "".join(f" {op} {_show(right, _SUM)}" for op, right in rest)
            return _COMPARE, _show(first, _SUM) + chain
        case tree.Logic(op, items):
            level = _OR if op == "or" else _AND
            return level, f" {op} ".join(_show(i, level + 1) for i in items)
        case tree.Choice(then, test, other):
            return _CHOICE, f"{_show(then, _OR)} if {_show(test, _OR)} else {_show(other, _CHOICE)}"
        case tree.Call(function, (tree.Comprehension() as rounds,)):
            return _ATOM, f"{function}({_rounds(rounds)})"
        case tree.Call(function, arguments):
            return _ATOM, f"{function}({', '.join(_show(a, _CHOICE) for a in arguments)})"
        case tree.Comprehension():
            return _ATOM, f"({_rounds(node)})"
        case _:
            raise TypeError(f"no text for {type(node).__name__}")


def _rounds(node: tree.Comprehension) -> str:
    parts = [_show(node.element, _CHOICE)]
    for loop in node.loops:
        parts.append(f"for {', '.join(loop.names)} in {_show(loop.over, _OR)}")
        parts += [f"if {_show(c, _OR)}" for c in loop.conditions]
    return " ".join(parts)


def _quoted(value: str) -> str:
    quote = "'" if '"' in value else '"'  # a word never holds both: the parser refuses it
    return f"{quote}{value}{quote}"
