"""Rules on rows: what DuckDB says of every row is what the closures say of it, one by one."""

from __future__ import annotations

import os
from math import inf
from random import Random
from typing import Any

import duckdb
import pytest
from sql_cases import program, row, table, text_of
from sqlglot import exp

from conformance.engines.sql import search as sql_search
from conformance.engines.sql.rows import connect, judge_rows, lower
from conformance.engines.sql.rule import PLACES
from conformance.engines.sql.sheet import Sheet
from conformance.judge.decide import decide
from conformance.judge.tally import known
from conformance.model.outcome import Judgement, Margin, Outcome, Reason
from conformance.rules import Program

SEEDS, RULES, ROWS = (42 if os.environ.get("CONFORMANCE_FULL") else 5), 12, 40
"""20,160 pairs of a rule and a row in full, 2,400 otherwise."""


def places(judgement: Judgement) -> str:
    reasons = {Reason.INSUFFICIENT_DATA: "insufficient", Reason.WITHIN_UNCERTAINTY: "uncertain"}
    if judgement.outcome is not Outcome.INCONCLUSIVE:
        return judgement.outcome.value
    assert judgement.reason is not None
    return reasons.get(judgement.reason, judgement.reason.value.replace("-", "_"))


def by_row(connection: duckdb.DuckDBPyConnection, programs: list[Program], stated: float | None) -> list[list[Any]]:
    """Of each rule place, rank, truth, low, high and atom text of each row, incomplete rows and all as intervals."""
    sheet = Sheet({"t": "BIGINT"})
    found = [lower(p).on(sheet, complete=False, uncertainty=stated) for p in programs]
    outputs = {"id": sheet.column("id")}
    for n, one in enumerate(found):
        parts = (one.place, one.rank, one.truth, one.low, one.high, one.atom)
        outputs |= {f"x{n}_{m}": part for m, part in enumerate(parts)}
    query = sheet.select(outputs, exp.to_table("data")).sql("duckdb")
    rows = sorted(connection.execute(query).fetchall())
    return [
        [
            (PLACES[cells[0]], *cells[1:5], None if cells[5] is None else one.atoms[cells[5]].text)
            for cells in (row[1 + 6 * n : 7 + 6 * n] for row in rows)
        ]
        for n, one in enumerate(found)
    ]


def same(one: float, other: float) -> bool:
    return one == other or abs(one - other) <= 1e-12 * abs(other)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_duckdb_and_the_closures_say_the_same_of_every_row(
    connection: duckdb.DuckDBPyConnection, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(seed)
    monkeypatch.setattr(sql_search, "SMALL", (0, ROWS)[seed % 2])  # looking twice, or once
    programs = [program(rng) for _ in range(RULES)]
    data = [row(rng) for _ in range(ROWS)]
    stated = rng.choice([None, 0.0, 0.5])
    table(connection, data)
    found = by_row(connection, programs, stated)
    uncertainty = {} if stated is None else {str(n): stated for n in range(len(programs))}
    judged = judge_rows(
        connection,
        "data",
        {str(n): lower(p) for n, p in enumerate(programs)},
        key=["id"],
        worst=3,
        uncertainty=uncertainty,
    )
    for number, one in enumerate(programs):
        counts: dict[str, int] = {}
        ranked: list[tuple[float, bool, int, str, Margin | None]] = []
        for key, (cells, says) in enumerate(zip(data, found[number], strict=True)):
            evaluation = one.evaluate({"row": cells})
            decided = decide(evaluation, one.rule, generated=False, live=False, uncertainty=stated)
            place, rank, truth, low, high, atom = says
            context = text_of(one), cells
            assert place == places(decided), context
            counts[place] = counts.get(place, 0) + 1
            margin = decided.margin
            if evaluation.applies is not False and evaluation.obstacle is None:
                assert truth is evaluation.truth, context
                assert (atom is None) == (margin is None), context
                if margin is not None:
                    assert same(low, margin.normalised.low), context
                    assert same(high, margin.normalised.high), context
                    assert atom == margin.atom, context
            worst = known(margin)
            expected = -inf if worst is None and place == "failed" else worst
            if place in ("failed", "passed") and expected is not None:
                assert rank is not None, context
                assert same(rank, expected), context
                ranked.append((expected, place == "passed", key, place, margin))
            else:
                assert rank is None, context
        verdict = judged[str(number)]
        nonzero = {name: n for name in PLACES if (n := getattr(verdict.counts, name))}
        assert nonzero == counts
        assert verdict.counts.cases == len(data)
        expected_worst = [found[2:] for found in sorted(ranked, key=lambda found: found[:3])[:3]]
        shown = [(worst.key[0], worst.place, worst.margin) for worst in verdict.worst]
        assert shown == expected_worst
