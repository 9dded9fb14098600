"""A pack with one table of readings, chains over it, and rows in DuckDB."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from conformance.engines.chain.lower import lower_chains
from conformance.engines.sql.rows import connect, judge_rows, lower
from conformance.errors import Position, Text
from conformance.model.outcome import Severity
from conformance.model.standard import Document, Expression, Figure, Pack, Rule, Status, Step, Table
from conformance.rules import Program, compile_rule
from conformance.rules.verdicts import RowVerdict

SECOND = 1_000_000_000
TIME = {"type": "string", "format": "date-time"}
COLUMNS = {
    "type": "object", "required": ["meter", "phase", "time", "u"],
    "properties": {
        "meter": {"type": "string"}, "phase": {"type": "string"}, "time": TIME, "u": {"type": "number", "unit": "V"},
        "p": {"type": "number", "unit": "kW"}, "flag": {"type": "string"}, "on": {"type": "boolean"},
        "certificate": {"type": "string"}, "t": {"type": "number", "unit": "degC"},
    },
}  # fmt: skip
CERTIFICATES = {
    "type": "object", "required": ["id", "amount"],
    "properties": {
        "id": {"type": "string"}, "amount": {"type": "number", "unit": "MWh"}, "until": TIME,
        "kind": {"enum": ["wind", "solar"]},
    },
}  # fmt: skip
CARD = {
    "type": "object", "required": ["rating", "site"],
    "properties": {
        "rating": {"type": "number", "unit": "V"}, "tags": {"type": "array", "items": {"type": "string"}},
        "site": {"type": "object", "required": ["level"], "properties": {
            "level": {"type": "number", "unit": "V"}, "name": {"type": "string"}}},
        "spare": {"type": "object", "required": ["level"], "properties": {"level": {"type": "number", "unit": "V"}}},
    },
}  # fmt: skip
DUCK = {"time": "BIGINT", "until": "BIGINT", "u": "DOUBLE", "p": "DOUBLE", "t": "DOUBLE", "amount": "DOUBLE",
        "on": "BOOLEAN"}  # fmt: skip


def ns(text: str) -> int:
    moment = datetime.fromisoformat(text if text[-6] in "+-" else text + "+00:00")
    return round(moment.timestamp()) * SECOND


def expression(text: str) -> Expression:
    return Expression(text, (Position("r.yaml", 7, 3, source="  " + text),))


def figure(value: float, unit: str) -> Figure:
    return Figure(value, unit, "lower", "free", "S1", Status.PROJECT)


def pack(*, every: str | None = "1 min", label: str = "start", zone: str = "UTC", time: bool = True) -> Pack:
    key = ("meter", "phase", "time") if time else ("certificate",)
    readings = Table("readings", COLUMNS, key, "time" if time else None, label, every)  # type: ignore[arg-type]
    return Pack(
        "test/chains", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {},
        tables={"readings": readings, "certificates": Table("certificates", CERTIFICATES, ("id",))},
        documents={"card": Document("card", CARD)}, zone=zone,
    )  # fmt: skip


def steps(*chain: dict[str, Any]) -> tuple[Step, ...]:
    return tuple(
        Step(**{**one, "by": tuple(one.get("by", ())), "position": Position("r.yaml", n, 3)})
        for n, one in enumerate(chain, 20)
    )


def rule(require: str, *chain: dict[str, Any], of: str | None = "row.u", **options: Any) -> Rule:
    for name in ("where", "when"):
        if name in options:
            options[name] = expression(options[name])
    return Rule(
        "p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "readings", expression(require),
        of=None if of is None else expression(of), chain=steps(*chain),
        **{"scale": {"v": "1 V", "n": "1", "e": "1 MWh", "t": "1 degC"}, **options},
    )  # fmt: skip


def table(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Rows, in the types in which tables are opened."""
    kinds = {column: DUCK.get(column, "VARCHAR") for column in columns["properties"]}
    described = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({described})")
    for start in range(0, len(rows), 200):
        part = [[row.get(column) for column in kinds] for row in rows[start : start + 200]]
        mark = "(" + ", ".join("?" * len(kinds)) + ")"
        connection.execute(f"INSERT INTO {name} VALUES {', '.join([mark] * len(part))}", [v for r in part for v in r])
    return name


def left(program: Program, rows: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    """What the chain of ``program`` leaves of ``rows``, in order."""
    connection = connect(threads=2)
    table(connection, "readings", COLUMNS, rows)
    assert program.chain is not None
    (key,) = lower_chains(connection, "readings", {"left": program.chain}, **options).values()
    found = connection.execute('SELECT * FROM "left" ORDER BY ALL')
    names = [column[0] for column in found.description or ()]
    assert names == [*key, "value", "value.low", "value.high", "cut"]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def judged(program: Program, rows: list[dict[str, Any]], **options: Any) -> RowVerdict:
    connection = connect(threads=2)
    table(connection, "readings", COLUMNS, rows)
    assert program.chain is not None
    keys = lower_chains(connection, "readings", {"left": program.chain}, **options)
    return judge_rows(connection, "left", {"r": lower(program)}, key=keys["left"])["r"]


def compiled(made: Rule, of: Pack | None = None) -> Program:
    return compile_rule(made, of or pack())
