"""Lifecycles: what an event log may hold, and what is refused when a lifecycle is loaded."""

from __future__ import annotations

from itertools import permutations, product
from random import Random
from typing import Any

import pytest
from attrs import asdict, evolve

from conformance.engines.series import feed as series_feed
from conformance.engines.series.lifecycle import judge_machine
from conformance.engines.sql.rows import connect
from conformance.errors import Position, Refused, Text
from conformance.model.outcome import Reason, Severity
from conformance.model.standard import Expression, Machine, Pack, Rule, Table, Transition
from conformance.rules import Program, compile_rule
from conformance.rules.verdicts import RowVerdict

COLUMNS = {
    "type": "object", "required": ["id", "time", "seq", "event"],
    "properties": {
        "id": {"type": "string"}, "time": {"type": "string", "format": "date-time"}, "seq": {"type": "integer"},
        "event": {"enum": ["issue", "transfer", "retire"]}, "energy": {"type": "number", "unit": "MWh"},
        "test": {"type": "boolean"},
    },
}  # fmt: skip
PACK = Pack(
    "test/certificates", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {},
    tables={
        "log": Table("log", COLUMNS, ("id", "seq"), "time"), "still": Table("still", COLUMNS, ("id", "seq"))
    },
)  # fmt: skip


def expression(text: str) -> Expression:
    return Expression(text, (Position("m.yaml", 9, 1, source=text),))


CERTIFICATE = Machine(
    "event", ("id",), "new",
    (
        Transition(("new",), "issue", "held"),
        Transition(("held",), "transfer", "held", expression('row.energy > q("0 MWh")')),
        Transition(("held",), "retire", "retired"),
    ),
    Position("m.yaml", 4, 1),
)  # fmt: skip


def program(machine: Machine = CERTIFICATE, *, on: str = "log", **parts: Any) -> Program:
    rule = Rule("c/m", Text("r", "则"), (), "stable", Severity.MAJOR, on, None, machine=machine, **parts)
    return compile_rule(rule, PACK)


def judged(rows: list[tuple[Any, ...]], one: Program | None = None, worst: int = 99) -> RowVerdict:
    """``rows`` are id, time, event, and maybe energy and whether it is a test."""
    connection = connect(threads=1)
    connection.execute(
        "CREATE TABLE data (id VARCHAR, time BIGINT, event VARCHAR, energy DOUBLE, test BOOLEAN, seq BIGINT)"
    )
    connection.executemany(
        "INSERT INTO data VALUES (?, ?, ?, ?, ?, ?)",
        [(*row, *(1.0, False)[len(row) - 3 :], n) for n, row in enumerate(rows)],
    )
    return judge_machine(connection, "data", one or program(), key=("id", "seq"), worst=worst)


def counts(verdict: RowVerdict) -> dict[str, int]:
    return {name: n for name, n in asdict(verdict.counts).items() if n}


def test_an_event_that_no_state_permits_fails_and_the_state_stays() -> None:
    found = judged([("a", 1, "issue"), ("a", 2, "issue"), ("a", 3, "retire"), ("a", 4, "transfer"), ("b", 1, "retire")])
    assert counts(found) == {"cases": 5, "passed": 2, "failed": 3}
    assert [(row.key, row.place, row.margin) for row in found.worst] == [
        (("a", 1), "failed", None), (("a", 3), "failed", None), (("b", 4), "failed", None)
    ]  # fmt: skip


def test_rows_are_taken_in_the_order_of_time() -> None:
    assert counts(judged([("a", 3, "retire"), ("a", 1, "issue"), ("a", 2, "transfer")])) == {"cases": 3, "passed": 3}


def test_a_transition_may_ask_more_of_its_row() -> None:
    rows = [("a", 1, "issue"), ("a", 2, "transfer", 0.0), ("a", 3, "transfer", None), ("a", 4, "retire")]
    assert counts(judged(rows)) == {"cases": 4, "passed": 2, "failed": 1, "insufficient": 1}


def test_a_missing_event_may_have_been_any() -> None:
    rows = [("a", 1, "issue"), ("a", 2, None), ("a", 3, "retire"), ("a", 4, "issue")]
    # Between may have come a retirement; a second issue is permitted never.
    assert counts(judged(rows)) == {"cases": 4, "passed": 1, "failed": 1, "insufficient": 2}


def test_rows_of_one_instant_may_have_come_in_any_order() -> None:
    rows = [("a", 1, "retire"), ("a", 1, "issue"), ("a", 2, "issue")]
    assert counts(judged(rows)) == {"cases": 3, "passed": 1, "insufficient": 1, "failed": 1}
    crowd = [("a", 1, event) for event in ("issue", "transfer", "transfer", "transfer", "retire")]
    assert counts(judged([*crowd, ("a", 2, "retire")])) == {"cases": 6, "insufficient": 6}


def test_rows_without_a_time_or_a_life_are_insufficient() -> None:
    found = judged([("a", 1, "issue"), ("a", None, "issue"), (None, 1, "issue")])
    assert counts(found) == {"cases": 3, "passed": 1, "insufficient": 2}


def test_when_says_which_rows_are_judged() -> None:
    rows = [
        ("a", 1, "issue", 1.0, True), ("a", 2, "issue", 1.0, True), ("a", 3, "retire", 1.0, None), ("a", 4, "issue")
    ]  # fmt: skip
    found = judged(rows, program(when=expression("not row.test")))
    assert counts(found) == {"cases": 4, "inapplicable": 2, "insufficient": 1, "failed": 1}


def test_a_choice_of_the_lifecycle_is_not_a_failure() -> None:
    either = evolve(CERTIFICATE, transitions=(
        Transition(("new",), "issue", "held"), Transition(("new",), "issue", "frozen"),
        Transition(("held",), "transfer", "held"), Transition(("frozen",), "retire", "frozen"),
    ))  # fmt: skip
    rows = [("a", 1, "issue"), ("a", 2, "retire"), ("a", 3, "transfer"), ("b", 1, "issue"), ("b", 2, "transfer")]
    assert counts(judged(rows, program(either))) == {"cases": 5, "passed": 4, "failed": 1}


def test_only_as_many_failures_are_kept_as_asked_for() -> None:
    found = judged([("b", 1, "retire"), ("a", 2, "retire"), ("a", 1, "retire")], worst=2)
    assert [row.key for row in found.worst] == [("a", 1), ("a", 2)]


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(3)
    events = ["issue", "transfer", "retire", None]
    rows = [(rng.choice("abc"), rng.randrange(60), rng.choice(events)) for _ in range(90)]
    whole = judged(rows)
    monkeypatch.setattr(series_feed, "CHUNK", 4)
    monkeypatch.setattr(series_feed, "BATCH", 7)
    assert judged(rows) == whole


def said(events: list[str], states: str = "new") -> list[bool]:
    """What a known history permits."""
    steps = {("new", "issue"): "held", ("held", "transfer"): "held", ("held", "retire"): "retired"}
    found = []
    for event in events:
        found.append((states, event) in steps)
        states = steps.get((states, event), states)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_all_that_may_have_happened_is_followed(seed: int) -> None:
    rng = Random(seed)
    log = [(t, rng.choice(["issue", "transfer", "retire", None])) for t in sorted(rng.choices(range(6), k=5))]
    truths: list[set[bool]] = [set() for _ in log]
    for order in permutations(range(5)):
        if [log[n][0] for n in order] != [t for t, _ in log]:
            continue
        # A missing event may be one that no transition names: here a second kind of issue.
        for events in product(*(["issue", "transfer", "retire", "other"] if e is None else [e] for _, e in log)):
            for n, truth in zip(order, said([events[n] for n in order]), strict=True):
                truths[n].add(truth)
    expected = {"passed": 0, "failed": 0, "insufficient": 0}
    for (_, event), found in zip(log, truths, strict=True):
        expected["insufficient" if event is None or len(found) > 1 else "passed" if True in found else "failed"] += 1
    ties = max(sum(t == u for u, _ in log) for t, _ in log)
    if ties <= 4:
        assert counts(judged([("a", t, e) for t, e in log])) == {"cases": 5, **{k: n for k, n in expected.items() if n}}


# Loading


def test_a_lifecycle_is_told_from_other_rules() -> None:
    one = program()
    assert one.machine is not None
    assert (one.machine.event, one.machine.time, one.machine.groups) == ("event", "time", ("id",))
    assert one.clock is None
    assert one.needs == {"row"}
    assert one.evaluate({"row": {}}).obstacle is Reason.NOT_COMPUTABLE
    with pytest.raises(ValueError, match="no lifecycle"):
        judge_machine(connect(), "data", evolve(one, machine=None), key=("id",))


@pytest.mark.parametrize(
    ("change", "on", "codes"),
    [
        ({"start": "nwe"}, "log", ["W010", "W010", "W010"]),
        ({"event": "evnt"}, "log", ["R011"]),
        ({"event": "energy"}, "log", ["R020"]),
        ({"by": ("idd",)}, "log", ["R011"]),
        ({"transitions": CERTIFICATE.transitions[:2]}, "log", ["W011"]),
        ({"transitions": (*CERTIFICATE.transitions, Transition(("held",), "reissue", "held"))}, "log", ["R026"]),
        ({"transitions": (*CERTIFICATE.transitions, Transition(("lost",), "issue", "held"))}, "log", ["W010"]),
        ({"transitions": (*CERTIFICATE.transitions, Transition(("held",), "issue", "held", expression("row.energy")))},
         "log", ["R020"]),
        ({"transitions": (*CERTIFICATE.transitions, Transition(("held",), "issue", "held", expression("row.")))},
         "log", ["R003"]),
        ({"transitions": (*CERTIFICATE.transitions,
                          Transition(("held",), "issue", "held", expression("rises(row.test)")))}, "log", ["W005"]),
        ({}, "still", ["W009"]),
    ],
)  # fmt: skip
def test_a_lifecycle_that_cannot_be_is_refused_with_its_place(
    change: dict[str, Any], on: str, codes: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        program(evolve(CERTIFICATE, **change), on=on)
    assert [p.code for p in refused.value.problems] == codes
    assert all(p.position is not None and p.render("en") != p.render("zh") for p in refused.value.problems)
