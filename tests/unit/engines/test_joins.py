"""Joins: what a row knows from another table or from a document, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from chain_bench import CERTIFICATES, COLUMNS, expression, figure, ns, pack, rule, table

from conformance.engines.chain.lower import lower_chains
from conformance.engines.joins import Joiner
from conformance.engines.sql.rows import connect, judge_rows, lower
from conformance.errors import Position, Refused
from conformance.model.standard import Join, Operation, Rule
from conformance.rules import compile_rule

ON = {"id": "certificate"}
CARD: dict[str, Any] = {"rating": 230.0, "site": {"level": 110.0}}


def joining(require: str, on: dict[str, str] | None = None, **options: Any) -> Rule:
    join = {"certificate": Join("certificates", ON if on is None else on, position=Position("r.yaml", 30, 3))}
    made = rule(require, **{"joins": join, "scale": {"v": "1 V", "e": "1 MWh"}, **options})
    return evolve(made, of=None) if not made.chain else made


def places(made: Rule, rows: list[dict[str, Any]], theirs: list[dict[str, Any]], card: Any = CARD) -> list[str]:
    """Where each row stands; the meter is its number."""
    connection = connect(threads=1)
    rows = [{"meter": str(n), "phase": "x", "time": n, **row} for n, row in enumerate(rows)]
    table(connection, "readings", COLUMNS, rows)
    table(connection, "certificates", CERTIFICATES, theirs)
    of = pack()
    views = {"certificates": "certificates", "readings": "readings"}
    view = f'"{Joiner(connection, of, views, {"card": card}).view("readings", made)}"'
    (count,) = connection.execute(f"SELECT count(*) FROM {view}").fetchone() or (0,)
    assert count == len(rows)
    found = []
    for n in range(len(rows)):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW one AS SELECT * FROM {view} WHERE meter = '{n}'")
        counts = judge_rows(connection, "one", {"r": lower(compile_rule(made, of))}, key=["meter"])["r"].counts
        found.append(next(p for p in ("passed", "failed", "insufficient", "inapplicable") if getattr(counts, p)))
    return found


THEIRS = [
    {"id": "a", "amount": 5.0, "kind": "wind"}, {"id": "b", "amount": 50.0}, {"id": "twice", "amount": 1.0},
    {"id": "twice", "amount": 2.0}, {"id": "empty", "amount": None},
]  # fmt: skip
NAMED = [{"certificate": name} for name in ("a", "b", "none", None, "twice", "empty")]


def test_the_row_of_the_same_key_is_compared_with_and_none_other() -> None:
    found = places(joining('certificate.amount <= q("10 MWh")'), NAMED, THEIRS)
    assert found == ["passed", "failed", *["insufficient"] * 4]


def test_whether_there_is_a_match_is_known_unless_a_key_is_missing() -> None:
    assert places(joining("has(certificate.id)"), NAMED, THEIRS) == [
        "passed", "passed", "failed", "insufficient", "passed", "passed"
    ]  # fmt: skip
    assert places(joining("not has(certificate.id)"), NAMED, THEIRS) == [
        "failed", "failed", "passed", "insufficient", "failed", "failed"
    ]  # fmt: skip


def test_a_key_that_is_missing_over_there_may_be_any() -> None:
    found = places(joining("not has(certificate.id)"), NAMED[:3], [*THEIRS, {"id": None, "amount": 1.0}])
    assert found == ["failed", "failed", "insufficient"]


def test_a_value_that_may_be_absent_is_absent_and_one_that_may_not_is_lost() -> None:
    assert places(joining("has(certificate.kind)"), NAMED, THEIRS) == [
        "passed", "failed", "failed", "insufficient", "insufficient", "failed"
    ]  # fmt: skip
    assert places(joining("has(certificate.amount)"), NAMED, THEIRS)[4:] == ["insufficient", "insufficient"]
    assert places(joining('get(certificate.kind, "none") == "none"'), NAMED, THEIRS)[:3] == [
        "failed",
        "passed",
        "passed",
    ]


def test_fields_of_a_document_are_known_to_every_row() -> None:
    card = {"card": Join(document="card")}
    rows = [{"u": u} for u in (100.0, 200.0, 300.0, None)]
    made = joining("row.u <= card.rating and row.u >= card.site.level", joins=card)
    assert places(made, rows, []) == ["failed", "passed", "failed", "insufficient"]
    assert places(made, rows, [], {"rating": "high", "site": {}}) == ["insufficient"] * 4
    assert places(made, rows, [], None) == ["insufficient"] * 4
    for require, expected in (
        ("has(card.site.name)", "failed"), ("has(card.spare.level)", "failed"), ("has(card.site.level)", "passed"),
    ):  # fmt: skip
        assert places(joining(require, joins=card), rows[:1], []) == [expected]
    assert places(joining("has(card.spare.level)", joins=card), rows[:1], [], {**CARD, "spare": {}}) == ["insufficient"]
    assert places(joining("has(card.site.level)", joins=card), rows[:1], [], {"rating": 1.0}) == ["insufficient"]


def test_lists_of_a_document_cannot_be_gone_over_row_by_row() -> None:
    with pytest.raises(Refused):
        compile_rule(joining('all(t == "a" for t in card.tags)', joins={"card": Join(document="card")}), pack())


@pytest.mark.parametrize(
    ("name", "join", "words"),
    [
        ("certificate", Join("certificate", ON), "unknown table"),
        ("certificate", Join("certificates", {"number": "certificate"}), "has no column 'number'"),
        ("certificate", Join("certificates", {"id": "cert"}), "has no column 'cert'"),
        ("certificate", Join("certificates", {"id": "u"}), "of different types"),
        ("certificate", Join("certificates", {"kind": "certificate"}), "leaves out id"),
        ("card", Join(document="cards"), "unknown document"),
        ("row", Join("certificates", ON), "already means"),
        ("limit", Join("certificates", ON), "already means"),
    ],
)
def test_a_join_that_does_not_name_one_row_is_refused(name: str, join: Join, words: str) -> None:
    made = joining(
        'row.u <= q("1 V")', joins={name: evolve(join, position=Position("r.yaml", 30, 3))},
        parameters={"limit": figure(1, "V")},
    )  # fmt: skip
    with pytest.raises(Refused) as caught:
        compile_rule(made, pack())
    found = [p for p in caught.value.problems if p.code == "R045"]
    assert any(words in p.render("en") for p in found)
    assert all(p.position == Position("r.yaml", 30, 3) for p in found)


def test_a_chain_may_use_what_its_rows_join_and_what_its_groups_still_name() -> None:
    connection = connect(threads=1)
    rows = [{"meter": "m", "phase": "x", "time": ns("2026-03-02T00:00:00") + n, "certificate": c, "u": 1.0}
            for n, c in enumerate("aab")]  # fmt: skip
    table(connection, "readings", COLUMNS, rows)
    table(connection, "certificates", CERTIFICATES, THEIRS)
    made = evolve(
        rule("row.value <= certificate.amount", {"by": ["certificate"], "take": "sum"}, of="certificate.amount"),
        joins={"certificate": Join("certificates", ON)}, where=expression('certificate.kind == "wind"'),
    )  # fmt: skip
    program = compile_rule(made, pack(every=None))
    assert program.chain is not None
    views = {"certificates": "certificates"}
    joiner = Joiner(connection, pack(), views, {})
    before = joiner.view("readings", made)
    keys = lower_chains(connection, before, {"left": program.chain})["left"]
    after = joiner.view("left", made)
    found = judge_rows(connection, after, {"r": lower(program)}, key=keys)["r"]
    assert [(w.key, w.margin.physical.low) for w in found.worst if w.margin] == [(("a",), -5.0)]
    with pytest.raises(Refused):
        compile_rule(evolve(made, chain=(evolve(made.chain[0], by=("meter",)),)), pack())


def test_rules_that_join_the_same_share_a_view_and_no_others() -> None:
    connection = connect(threads=1)
    table(connection, "readings", COLUMNS, [{"meter": "m", "phase": "x", "time": 1, "certificate": "a"}])
    table(connection, "certificates", CERTIFICATES, THEIRS)
    joiner = Joiner(connection, pack(), {"certificates": "certificates"}, {"card": CARD})
    rules = [joining("has(certificate.id)"), joining("has(certificate.amount)"), joining("true", on={"id": "meter"})]
    one, same, other = (joiner.view("readings", evolve(each, id=f"p/rule-{n}")) for n, each in enumerate(rules))
    assert one == same != other
    kinds = [connection.execute(f'SELECT "certificate.kind" FROM "{view}"').fetchall() for view in (one, other)]
    assert kinds == [[("wind",)], [(None,)]]


def test_a_rule_on_an_operation_joins_nothing() -> None:
    """No call brings a document: `not has(card.x)` would hold of every request."""
    join = {"card": Join(document="card", position=Position("r.yaml", 30, 3))}
    made = evolve(joining("not has(card.rating)", joins=join, scale=None), applies_to="act")
    act = Operation("act", {"type": "object"}, {"type": "object"})
    with pytest.raises(Refused) as refused:
        compile_rule(made, evolve(pack(), operations={"act": act}))
    assert "R045" in {problem.code for problem in refused.value.problems}
