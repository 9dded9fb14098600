"""What the rows of the tables on the pages of the rule language show, computed from what stands in their first columns.

Each function takes a pack, one of its rules and columns of a row, and gives the other columns as they should stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from math import isinf
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import yaml
from attrs import evolve

from conformance.cases.transforms import changed
from conformance.engines.sql.rows import connect
from conformance.engines.tables import examine, stage
from conformance.errors import Position, Refused
from conformance.judge import examples
from conformance.model.outcome import Judgement, Margin
from conformance.model.quantity import quantity, unit
from conformance.model.standard import Example, Expression, Pack, Relation, Rule
from conformance.rules import compile_rule
from conformance.rules.engine import instant
from conformance.rules.relations import variation
from conformance.rules.windows import SECOND, Windows

HERE = Position("page", 1, 1)


def expression(text: str) -> Expression:
    """``text`` in the rule language."""
    return Expression(text, (HERE,))


def of_expression(pack: Pack, rule: Rule, written: str, data: str) -> tuple[str, str]:
    """Outcome and margin where ``written`` is required, of the first example with ``data`` in it."""
    found = _judged(pack, evolve(rule, require=expression(written)), _with(pack, rule, data))
    return _outcome(found), shown(found.margin)


def of_step(pack: Pack, rule: Rule, step: str, data: str) -> tuple[str, str]:
    """Outcome and margin where the first step of the chain is as ``step`` says."""
    found = _judged(pack, _stepped(rule, step), _with(pack, rule, data))
    return _outcome(found), shown(found.margin)


def of_take(pack: Pack, rule: Rule, take: str, of: str, data: str) -> str:
    """The value that the chain leaves, where its first step takes ``take`` of ``of``."""
    asked = evolve(
        _stepped(rule, f"take: {take}"), of=expression(of) if of else None, require=expression("row.value >= 0")
    )
    return shown(_judged(pack, asked, _with(pack, rule, data)).margin)


def of_series(pack: Pack, rule: Rule, written: str, data: str) -> tuple[str, tuple[str, ...]]:
    """What is said of each sample that has a margin or fails (of the others ``-``), and where the others stand.

    The margin of a sample whose own is an interval is that interval: ``-inf..-1``.
    """
    asked, example = evolve(rule, require=expression(written)), _with(pack, rule, data)
    rows = example.tables[rule.applies_to]
    with connect(threads=1) as connection:
        stage(connection, rule.applies_to, pack.tables[rule.applies_to], rows)
        program, views = compile_rule(asked, pack), {rule.applies_to: rule.applies_to}
        found = examine(connection, pack.tables[rule.applies_to], [program],
                        pack=pack, views=views, documents={}, worst=len(rows))[rule.id]  # fmt: skip
    at = {instant(one.key["time"]): one.of for one in found.worst}
    said = []
    for row in rows:
        one = at.get(instant(row["time"]))
        said.append("-" if one is None else one.place if one.margin is None else _brief(one.margin))
    counts = attrs.asdict(found.verdict.counts)
    counts["passed"] -= sum(one.place == "passed" for one in at.values())
    counts["failed"] -= sum(one.place == "failed" for one in at.values())
    others = [place for place, count in counts.items() if place != "cases" for _ in range(count)]
    return " ".join(said), tuple(sorted(others))


def of_window(every: str, zone: str, time: str) -> tuple[str, str]:
    """Where the window of ``time`` begins and ends, in the local time of ``zone``."""
    windows, at = Windows.of(every, zone), instant(time)
    assert windows is not None
    assert at is not None
    grid = windows.grid(at, at)
    begin = grid.floor(at)
    length = next(run.length for run in grid.runs if run.start <= begin < run.end)
    local = (datetime.fromtimestamp(edge // SECOND, UTC).astimezone(ZoneInfo(zone)) for edge in (begin, begin + length))
    begun, ended = (f"{edge:%Y-%m-%d %H:%M}" for edge in local)
    return begun, ended


def of_transform(pack: Pack, rule: Rule, transform: str, path: str, amount: str) -> str:
    """The field at ``path`` of the request of the first example after the change."""
    relation = Relation(transform, path, amount or None, HERE)  # type: ignore[arg-type]
    change = variation(evolve(rule, relation=relation), pack)
    assert change is not None
    example = rule.examples[0]
    request = example.request if example.base is None else example.base["request"]
    return _at(changed(request, change, seed="page"), change.steps)


def codes(pack: Pack, rule: Rule, written: str) -> set[str]:
    """The codes of what is wrong where ``written`` is required."""
    try:
        compile_rule(evolve(rule, require=expression(written)), pack)
    except Refused as refused:
        return {problem.code for problem in refused.problems}
    return set()


def shown(margin: Margin | None) -> str:
    """A margin as the pages write it: ``35 MW``, ``-inf .. -1 kW``, or ``none``."""
    if margin is None:
        return "none"
    low, high = margin.physical.low, margin.physical.high
    ends = f"{low:.4g}" if margin.physical.is_point else f"{low:.4g} .. {high:.4g}"
    return ends if unit(margin.unit).symbol == "1" else f"{ends} {margin.unit}"


def _brief(margin: Margin) -> str:
    """A margin without its unit and in one word."""
    low, high = margin.physical.low, margin.physical.high
    return f"{low:.4g}" if margin.physical.is_point else f"{low:.4g}..{high:.4g}"


def _outcome(found: Judgement) -> str:
    return f"{found.outcome}: {found.reason}" if found.reason else str(found.outcome)


def _judged(pack: Pack, rule: Rule, example: Example) -> Judgement:
    asked = evolve(rule, examples=(example,))
    found = examples(evolve(pack, rules={rule.id: asked}), {rule.id: compile_rule(asked, pack)})
    return found[0].judgement


def _stepped(rule: Rule, step: str) -> Rule:
    given = yaml.safe_load("{" + step + "}")
    where = expression(given.pop("where")) if "where" in given else rule.where
    return evolve(rule, where=where, chain=(evolve(rule.chain[0], **given), *rule.chain[1:]))


def _with(pack: Pack, rule: Rule, data: str) -> Example:
    """The first example of ``rule`` with ``data``, such as ``response.setpoints[a].p = 90; request.reserve = null``, or
    of a table columns such as ``ch4 = 0.5 . 1.2``: a row for each value, none for a point."""
    example = rule.examples[0]
    given = dict(part.split(" = ") for part in data.split("; ")) if data else {}
    if rule.applies_to not in pack.tables:
        sides = {"request": deepcopy(example.request), "response": deepcopy(example.response)}
        for path, value in given.items():
            _put(sides, path.replace("[", ".[").split("."), value)
        return evolve(example, **sides)
    first, *_ = rows = example.tables[rule.applies_to]
    columns = {name: [yaml.safe_load(v) for v in values.split()] for name, values in given.items()}
    if columns:
        rows = tuple(
            {**first, **_later(pack, rule, first, number), **dict(zip(columns, values, strict=True))}
            for number, values in enumerate(zip(*columns.values(), strict=True))
            if "." not in values
        )
    return evolve(example, tables={**example.tables, rule.applies_to: rows})


def _later(pack: Pack, rule: Rule, first: Mapping[str, Any], number: int) -> dict[str, str]:
    """The time of row ``number``: as far apart as the table says, or a second."""
    table = pack.tables[rule.applies_to]
    if table.time is None:
        return {}
    value, of = quantity(table.every or "1 s")
    begun = datetime.fromisoformat(first[table.time])
    return {table.time: (begun + timedelta(seconds=value * of.factor / unit("s").factor) * number).isoformat()}


def _put(at: Any, steps: list[str], value: str) -> None:
    step, *rest = steps
    if step.startswith("["):
        at = next(one for one in at if step[1:-1] in (one.get("id"), one.get("bus")))
    elif rest:
        at = at[step]
    elif value == "absent":
        del at[step]
    else:
        at[step] = yaml.safe_load(value)
    if rest:
        _put(at, rest, value)


def _at(value: Any, steps: tuple[str, ...]) -> str:
    """What stands at ``steps``: numbers as they are, records by their id."""
    if isinstance(value, list):
        return " ".join(_at(one, steps) for one in value)
    if steps:
        return _at(value[steps[0]], steps[1:])
    if isinstance(value, dict):
        return str(value["id"])
    return f"{value:g}" if isinstance(value, int | float) and not isinf(value) else str(value)
