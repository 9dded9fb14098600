"""Examples of rules, run through the very path that judges a system: does each rule say what it should, can it fail?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

from attrs import evolve, frozen

from conformance.errors import Text
from conformance.judge.conclude import verdict
from conformance.judge.decide import decide
from conformance.judge.tally import Tally
from conformance.model.json import JSON
from conformance.model.outcome import Evaluation, Judgement, Outcome
from conformance.model.quantity import convert, quantity, unit
from conformance.model.standard import Example, Pack, Rule
from conformance.rules import Program, compile_rule, derive

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Database


class Evaluable(Protocol):
    """The part of `conformance.rules.Program` that is used here."""

    def evaluate(self, environment: Mapping[str, JSON]) -> Evaluation:
        """What the rule says of one case."""


@frozen
class ExampleResult:
    """What a rule said of one of its examples."""

    rule: str
    example: Example
    judgement: Judgement
    mismatch: Text | None
    """How that differs from what the example expects; None: it does not."""


_DECISIONS: Mapping[str, Literal["simple", "guarded"]] = {"simple": "simple", "guarded": "guarded"}
_OUTCOME = Text("expected {expected}, got {got}", "应为 {expected}，实为 {got}")
_MARGIN = Text("expected a margin of {expected}, got {got}", "裕度应为 {expected}，实为 {got}")


def examples(pack: Pack, programs: Mapping[str, Evaluable]) -> list[ExampleResult]:
    """Every example of every rule in ``programs`` (by rule id), in the pack's order."""
    with _database(pack) as database:
        return [
            _run(pack, rule, program, example, database)
            for rule, program in _programs(pack, programs)
            for example in rule.examples
        ]


def canaries(pack: Pack, programs: Mapping[str, Evaluable]) -> dict[str, bool]:
    """Whether each rule in ``programs`` fails on all its failing examples; one that has none proves nothing."""
    proven: dict[str, bool] = {}
    with _database(pack) as database:
        for rule, program in _programs(pack, programs):
            failing = [e for e in rule.examples if e.expect is Outcome.FAILED]
            proven[rule.id] = bool(failing) and all(
                _judge(pack, rule, program, e, database).outcome is Outcome.FAILED for e in failing
            )
    return proven


@contextmanager
def _database(pack: Pack) -> Iterator[Database | None]:
    """One for all examples, since to start one takes longer than to judge an example; None if there are no tables."""
    if not pack.tables:
        yield None
        return
    from conformance.engines.sql.rows import connect  # the database is heavy, and most packs have no tables

    with connect(threads=1) as database:
        yield database


def _programs(pack: Pack, programs: Mapping[str, Evaluable]) -> Iterator[tuple[Rule, Evaluable]]:
    """Each rule with its program, which has the time zone of the examples."""
    zoned = evolve(pack, zone=pack.examples_zone) if pack.examples_zone not in (None, pack.zone) else pack
    for rule in pack.rules.values():
        if (program := programs.get(rule.id)) is not None:
            own = zoned is pack or not isinstance(program, Program) or rule.applies_to not in pack.tables
            yield rule, program if own else compile_rule(rule, zoned)


def _judge(pack: Pack, rule: Rule, program: Evaluable, example: Example, database: Database | None) -> Judgement:
    if database is not None and isinstance(program, Program) and rule.applies_to in pack.tables:
        return _of_rows(pack, rule, program, example, database)
    environment = _derived(pack, rule, example.request, example.response, example.derived)
    if rule.relation is not None:
        sides = {"base": example.base or {}, "varied": example.varied or {}}
        environment = {
            name: _derived(pack, rule, side.get("request"), side.get("response"), side.get("derived", {}))
            for name, side in sides.items()
        }
    if rule.applies_to in pack.documents:
        environment = {"document": example.documents.get(rule.applies_to)}
    environment |= {name: example.documents.get(join.document or "") for name, join in rule.joins.items()}
    ruled = evolve(rule, decision=_DECISIONS.get(example.decision or "", rule.decision))
    return decide(program.evaluate(environment), ruled, generated=False, live=False)


def _derived(pack: Pack, rule: Rule, request: JSON, response: JSON, given: Mapping[str, JSON]) -> dict[str, JSON]:
    """An exchange with its derived values: those that are given, and the others computed."""
    found: dict[str, JSON] = {"request": request, "response": response}
    if any(name not in given for name, d in pack.derive.items() if d.of == rule.applies_to):
        found |= derive(pack, rule.applies_to, found)
    return {**found, **given}


def _of_rows(pack: Pack, rule: Rule, program: Program, example: Example, database: Database) -> Judgement:
    """The verdict on the rows of an example, as on those of a recording."""
    from conformance.engines.tables import examine, stage

    decision = _DECISIONS.get(example.decision or "", rule.decision)
    if decision != rule.decision:
        program = evolve(program, rule=evolve(rule, decision=decision))
    with database.cursor() as connection:  # its temporary tables are its own
        tables = {rule.applies_to, *(join.table for join in rule.joins.values() if join.table)}
        for name in tables:
            stage(connection, name, pack.tables[name], example.tables.get(name, ()))
        found = examine(
            connection,
            pack.tables[rule.applies_to],
            [program],
            pack=pack,
            views={name: name for name in tables},
            documents=example.documents,
        )[rule.id]
    tally = Tally(rule.id)
    tally.add_rows(found.verdict)
    outcome, reason = verdict(tally, generated=False, evidence=pack.evidence)
    margin = next((row.of.margin for row in found.worst), None)
    return Judgement(rule.id, outcome, reason, margin)


def _run(pack: Pack, rule: Rule, program: Evaluable, example: Example, database: Database | None) -> ExampleResult:
    judgement = _judge(pack, rule, program, example, database)
    return ExampleResult(rule.id, example, judgement, _mismatch(example, judgement))


def _mismatch(example: Example, judgement: Judgement) -> Text | None:
    reason = example.reason if example.reason is not None else judgement.reason
    if judgement.outcome is not example.expect or judgement.reason != reason:
        expected = " ".join(filter(None, [example.expect, example.reason]))
        return _OUTCOME.format(expected=expected, got=" ".join(filter(None, [judgement.outcome, judgement.reason])))
    if example.margin is None:
        return None
    value, of = quantity(example.margin)
    got = judgement.margin
    if got is not None and of.comparable(unit(got.unit)) and got.physical.is_point:
        expected_value = convert(value, of, unit(got.unit))
        if math.isclose(got.physical.low, expected_value, rel_tol=1e-6, abs_tol=1e-9):
            return None
    shown = "-" if got is None else f"{got.physical.low:g} {got.unit}"
    if got is not None and not got.physical.is_point:
        shown = f"{got.physical.low:g} .. {got.physical.high:g} {got.unit}"
    return _MARGIN.format(expected=example.margin, got=shown)
