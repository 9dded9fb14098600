"""The expressions of a sheet in the words of Spark, with the very results that DuckDB gives.

Both put NaN above infinity, take it as equal to itself and pass over nulls in ``least`` and ``greatest``. What differs
is rewritten here, node by node, before sqlglot writes the text; it holds with ANSI mode on and off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from conformance.engines.sql.sheet import INF, Term, case, fixed, integer, number

_WORD = exp.Literal.number(str(2**64))
_PART = 2**57
"""Splits a double below 10^36 into two parts, each of which a BIGINT holds exactly."""


def spark_text(query: exp.Select) -> str:
    """``query``, built for DuckDB, as text for Spark."""
    tree = query.copy()
    for node in reversed(list(tree.find_all(*_HOOKS))):  # what is inside comes first
        node.replace(_HOOKS[type(node)](node))
    return tree.sql("spark", copy=False)


def _divided(node: exp.Div) -> Term:
    """IEEE division: in Spark a divisor of 0 gives null or, in ANSI mode, an error."""
    if fixed(node.right):
        return node.copy()
    zero = exp.EQ(this=node.right.copy(), expression=number(0.0))
    return exp.paren(case((zero, exp.Mul(this=node.left.copy(), expression=INF.copy())), other=node.copy()))


def _undefined(node: exp.IsNan) -> Term:
    """NaN is above infinity; Spark's ISNAN is false of null."""
    return exp.paren(exp.GT(this=node.this.copy(), expression=INF.copy()))


def _cast(node: exp.Cast) -> Term:
    """Spark has no 128-bit integers: decimals of 38 digits stand in."""
    value = node.this
    if node.to.is_type("int128"):
        return exp.cast(_whole(value) if value.is_type("double") else value.copy(), "decimal(38, 0)")
    if node.to.is_type("double") and value.is_type("int128"):
        return exp.paren(_real(value))
    return node.copy()


def _whole(value: Term) -> Term:
    """A whole double below 10^36, exactly: Spark itself would take its shortest decimal digits."""
    above = exp.cast(exp.paren(value / number(_PART)), "bigint")  # toward zero, so that what remains is exact
    rest = exp.paren(value - exp.cast(above.copy(), "double") * number(_PART))
    return exp.cast(above, "decimal(19, 0)") * exp.Literal.number(str(_PART)) + exp.cast(rest, "bigint")


def _real(value: Term) -> Term:
    """A whole number as a double, rounded as DuckDB rounds it: by its lower 64 bits and the rest, each by itself."""
    below = exp.func("pmod", value, _WORD)
    above = exp.IntDiv(this=exp.paren(value - below), expression=_WORD.copy())
    complement = exp.Literal.number(str(2**64 - 1)) - below.copy()
    return case(
        (exp.EQ(this=above, expression=integer(-1)), -exp.cast(complement, "double") - number(1.0)),
        other=exp.cast(below, "double") + exp.cast(above.copy(), "double") * number(2.0**64),
    )


def _called(node: exp.Anonymous) -> Term:
    """Functions of other names."""
    match node.name.lower():
        case "isfinite":
            return exp.paren(exp.Abs(this=node.expressions[0].copy()) < INF)
        case "round_even":
            return exp.func("rint", node.expressions[0].copy())
        case "epoch_ns":
            micros = exp.func("unix_micros", node.expressions[0].copy())
            return exp.paren(exp.cast(micros, "decimal(20, 0)") * exp.Literal.number("1000"))
    return node.copy()


_HOOKS: Mapping[type[Term], Callable[[Any], Term]] = {
    exp.Div: _divided,
    exp.IsNan: _undefined,
    exp.Cast: _cast,
    exp.Anonymous: _called,
}
