"""Random rules on rows, and random rows for them: what the engines are held against each other with."""

from __future__ import annotations

from math import inf, nan
from random import Random
from typing import Any

import duckdb

from conformance.errors import Position, Text
from conformance.model.outcome import Severity
from conformance.model.standard import (
    Expression,
    Figure,
    LimitLookup,
    LimitRow,
    LimitTable,
    Pack,
    Rule,
    Status,
    Table,
)
from conformance.rules import Program, compile_rule, text, tree
from conformance.rules.engine import instant

P = tree.Path

MW = {"type": "number", "unit": "MW"}
TIME = {"type": "string", "format": "date-time"}
COLUMNS = {
    "type": "object", "required": ["id", "a", "b", "r", "on", "kind", "t"],
    "properties": {
        "id": {"type": "number"}, "a": MW, "b": MW, "c": MW, "r": {"type": "number"}, "on": {"type": "boolean"},
        "off": {"type": "boolean"}, "kind": {"enum": ["x", "y", "z"]}, "t": TIME, "u": TIME,
    },
}  # fmt: skip
TYPES = {"id": "BIGINT", "on": "BOOLEAN", "off": "BOOLEAN", "kind": "VARCHAR", "t": "BIGINT", "u": "BIGINT"}


def figure(value: float) -> Figure:
    return Figure(value, "MW", "lower", "free", "S1", Status.PROJECT)


LEVELS = LimitTable(
    "level", Text("level", "限值"), "MW", {"size": "MW", "kind": None},
    tuple(
        LimitRow(figure(value), {"kind": kind}, {"size": over}, {"size": upto})
        for value, kind, over, upto in ((1, "x", -2, 0.5), (2.5, "x", 0.5, 3), (0.5, "y", -1, 2))
    ),
)  # fmt: skip
PACK = Pack(
    "test/rows", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {}, limits={"level": LEVELS},
    tables={"rows": Table("rows", COLUMNS, ("id",))},
)  # fmt: skip


def expression(source: str) -> Expression:
    return Expression(source, tuple(Position("r.yaml", n, 1) for n in range(1, source.count("\n") + 2)))


# Drawn from a seed and not by Hypothesis: a batch of rules on a batch of rows is too long for one of its examples.

HALVES = [n / 2 for n in range(-6, 7)]
CLOSE = [1e-10, -1e-10, 1.5 + 1e-9, 1.5 - 4e-9, 0.1 + 0.2, -0.0, 1e-320]
ODD = [None, nan, inf, -inf, 1e308, -1.5e308]
MOMENTS = [
    "2026-07-01T04:00:00Z", "2026-07-01T04:00:00.000000001Z", "2026-07-01T12:15:00+08:00", "1969-12-31T23:59:59Z"
]  # fmt: skip


def row(rng: Random) -> dict[str, Any]:
    whole = rng.random() < 0.6
    torn = [] if whole else [None]

    def number() -> float | None:
        return rng.choice(HALVES if whole or rng.random() < 0.6 else CLOSE + ODD)

    return {
        **{name: number() for name in "abcr"},
        **{name: rng.choice([True, False, *torn]) for name in ("on", "off")},
        "kind": rng.choice(["x", "y", *torn]),
        **{name: rng.choice(MOMENTS + torn) for name in "tu"},
    }


# Rules


def amount(rng: Random, depth: int = 3) -> tree.Node:
    leaves: list[tree.Node] = [P(("row", name)) for name in "abc"]
    leaves += [tree.Number(0.0), tree.Quantity("1.5 MW"), tree.Quantity("500 kW"), P(("cap",))]
    leaves.append(tree.Call("get", (P(("row", "c")), tree.Quantity("1 MW"))))
    if depth <= 0 or rng.random() < 0.3:
        return rng.choice(leaves)
    one, other = amount(rng, depth - 1), amount(rng, depth - 1)
    match rng.randrange(8):
        case 0 | 1:
            return tree.Arithmetic(rng.choice("+-"), one, other)  # type: ignore[arg-type]
        case 2:
            return tree.Arithmetic(rng.choice("*/"), one, ratio(rng, depth - 1))  # type: ignore[arg-type]
        case 3:
            return tree.Negative(one)
        case 4:
            return tree.Call("abs", (one,))
        case 5 | 6:
            return tree.Call(rng.choice(["min", "max"]), (one, other))
    return tree.Choice(one, condition(rng, depth - 1), other)


def ratio(rng: Random, depth: int) -> tree.Node:
    if depth > 0 and rng.random() < 0.5:
        return tree.Arithmetic("/", amount(rng, depth - 1), P(("row", rng.choice("abc"))))
    return rng.choice([tree.Number(2.0), P(("row", "r")), tree.Call("sqrt", (P(("row", "r")),))])


def moment(rng: Random, depth: int) -> tree.Node:
    leaf = P(("row", rng.choice("tu")))
    if depth > 0 and rng.random() < 0.3:
        return tree.Arithmetic(rng.choice("+-"), moment(rng, depth - 1), tree.Quantity("15 min"))  # type: ignore[arg-type]
    if depth > 0 and rng.random() < 0.3:
        return tree.Choice(moment(rng, depth - 1), condition(rng, depth - 1), leaf)
    return leaf


def condition(rng: Random, depth: int = 4) -> tree.Node:
    def below() -> tree.Node:
        return condition(rng, depth - 1)

    def chain(one: tree.Node, *others: tree.Node, signs: str = "< <= > >=") -> tree.Node:
        return tree.Compare(one, tuple((rng.choice(signs.split()), other) for other in others))  # type: ignore[misc]

    kind = P(("row", "kind"))
    match rng.randrange(11 if depth > 0 else 6):
        case 0 | 1 | 2:
            return chain(*(amount(rng, depth - 1) for _ in range(rng.choice([2, 2, 3]))))
        case 3:
            return P(("row", rng.choice(["on", "off"])))
        case 4:
            return rng.choice([
                tree.Truth(rng.random() < 0.5),
                tree.Call("has", (P(("row", rng.choice(["a", "c", "off", "u", "kind"]))),)),
                chain(kind, tree.Word("x"), signs="== !="),
                tree.Compare(kind, (("in", tree.Items((tree.Word("y"), tree.Word("z")))),)),
                chain(P(("row", "on")), P(("row", "off")), signs="== !="),
            ])  # fmt: skip
        case 5 if rng.random() < 0.5:
            return chain(amount(rng, depth - 1), amount(rng, depth - 1), signs="== !=")
        case 5:
            return chain(moment(rng, depth - 1), moment(rng, depth - 1), signs="< >= == !=")
        case 6:
            return tree.Not(below())
        case 7 | 8:
            return tree.Logic(rng.choice(["and", "or"]), tuple(below() for _ in range(rng.choice([2, 3]))))
        case 9:
            return tree.Call("implies", (below(), below()))
    return tree.Choice(below(), below(), below())


def program(rng: Random) -> Program:
    def optional() -> Expression | None:
        return expression(text(condition(rng, 2))) if rng.random() < 0.4 else None

    size = rng.choice(["row.a", "row.b - row.c", "row.a / row.r", "min(row.b, row.c)"])
    kind = rng.choice(["row.kind", '"x" if row.on else row.kind'])
    rule = Rule(
        "p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "rows", expression(text(condition(rng))),
        {"cap": LimitLookup("level", {"size": expression(size), "kind": expression(kind)})}, optional(), optional(),
        {"power": "2 MW", "time": "3 min"}, rng.choice(["simple", "simple", "guarded"]),
    )  # fmt: skip
    return compile_rule(rule, PACK)


def text_of(program: Program) -> str:
    rule = program.rule
    return " | ".join(e.text for e in (rule.require, rule.when, rule.vacuous_unless) if e is not None)


# Data


def table(connection: duckdb.DuckDBPyConnection, data: list[dict[str, Any]]) -> None:
    names = ("id", *data[0])
    connection.execute(
        "CREATE OR REPLACE TABLE data (" + ", ".join(f'"{n}" {TYPES.get(n, "DOUBLE")}' for n in names) + ")"
    )
    values = [
        value if name not in "tu" else instant(value)
        for number, row in enumerate(data)
        for name, value in [("id", number), *row.items()]
    ]
    mark = "(" + ", ".join("?" * len(names)) + ")"
    connection.execute(f"INSERT INTO data VALUES {', '.join([mark] * len(data))}", values)
