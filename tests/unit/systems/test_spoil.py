"""Defects in recorded tables and documents: which rows they touch, what becomes of them, what cannot be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from attrs import evolve

from conformance.engines.sql.rows import connect
from conformance.engines.tables import stage
from conformance.errors import Text
from conformance.model.standard import Document, Pack, Table
from conformance.model.system import System, TableSource
from conformance.packs.tables import columns
from conformance.systems import Defect
from conformance.systems.defect import Trigger
from conformance.systems.documents import OpenedDocument
from conformance.systems.paths import parse_place
from conformance.systems.spoiling import misfits, spoil_document
from conformance.systems.tables import OpenedTable
from conformance.systems.tables.misfits import misfits_of
from conformance.systems.tables.spoil import differing, literal, spoil

SECOND = 10**9
TABLE = Table(
    "readings",
    {
        "type": "object", "required": ["meter", "time"],
        "properties": {
            "meter": {"enum": ["a", "b"]}, "time": {"type": "string", "format": "date-time"},
            "low": {"type": ["number", "null"], "unit": "V"}, "high": {"type": ["number", "null"], "unit": "V"},
            "count": {"type": ["integer", "null"]}, "on": {"type": ["boolean", "null"]},
            "note": {"type": ["string", "null"]},
        },
    },
    key=("meter", "time"), time="time",
)  # fmt: skip
LEDGER = Table("ledger", {"properties": {"entry": {"type": "integer"}, "sum": {"type": "number"}}}, key=("entry",))


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return connect()


def opened(connection: duckdb.DuckDBPyConnection, *low: float | None, meters: str = "a") -> OpenedTable:
    """Readings of each of ``meters``, a second apart: ``low`` in V, ``high`` ten more, ``on`` in every other."""
    rows = [
        {"meter": meter, "time": f"1970-01-01T00:{n // 60:02d}:{n % 60:02d}Z", "low": value, "count": n,
         "high": None if value is None else value + 10, "on": n % 2 == 0, "note": f"n{n}"}
        for meter in meters for n, value in enumerate(low)
    ]  # fmt: skip
    stage(connection, "readings", TABLE, rows)
    connection.execute('ALTER TABLE readings ALTER "count" TYPE BIGINT')
    return OpenedTable(TABLE, "readings", len(rows), (), (), {}, "end")


def defect(operator: str | None, path: str, **options: Any) -> Defect:
    return Defect(id="d", title=Text("d", "缺陷"), operator=operator, place=parse_place(path), **options)


def column(connection: duckdb.DuckDBPyConnection, table: OpenedTable, name: str) -> list[Any]:
    found = connection.execute(f'SELECT "{name}" FROM "{table.view}" ORDER BY meter, time, "{name}"').fetchall()
    return [row[0] for row in found]


@pytest.mark.parametrize(
    ("operator", "name", "options", "found"),
    [
        ("unit_scale", "low", {"amount": 1000.0}, [1000, -2000, None, 4000]),
        ("unit_scale", "low", {"amount": 1e308}, [1e308, None, None, None]),
        ("unit_scale", "count", {"amount": 0.5}, [0, 0, 1, 2]),
        ("threshold_offset", "low", {"amount": 0.5}, [1.5, -1.5, None, 4.5]),
        ("clip", "low", {"amount": 1.5}, [1, -1.5, None, 1.5]),
        ("sign_flip", "low", {}, [-1, 2, None, -4]),
        ("nan_to_zero", "low", {}, [1, -2, 0, 4]),
        ("null", "low", {}, [None] * 4),
        ("drop", "low", {}, [None] * 4),
        ("replace", "low", {"value": 7}, [7] * 4),
        ("replace", "on", {"value": True}, [True] * 4),
        ("replace", "time", {"value": "1970-01-01T00:00:09Z"}, [9 * SECOND] * 4),
        ("edition_swap", "note", {"value": "it's"}, ["it's"] * 4),
        ("time_shift", "time", {"amount": 0.5}, [n * SECOND + SECOND // 2 for n in range(4)]),
        ("comparator_flip", "low", {"other": "high"}, [11, 8, None, 14]),
        ("swap", "note", {"values": ("n0", "n3")}, ["n3", "n1", "n2", "n0"]),
        ("role_merge", "note", {"values": ("n0", "n3")}, ["n3", "n1", "n2", "n3"]),
        ("role_merge", "low", {"other": "high"}, [11, 8, None, 14]),
        ("hold_last", "low", {}, [1] * 4),
        ("delay", "low", {"amount": 1.0}, [1, 1, -2, None]),
        ("delay", "low", {"amount": 2.5}, [1, 1, 1, 1]),
        ("reorder", "low", {}, [4, None, -2, 1]),
        ("reorder", "low", {"length": 2}, [-2, 1, 4, None]),
    ],
)
def test_an_operator_changes_its_column(
    connection: duckdb.DuckDBPyConnection, operator: str, name: str, options: Any, found: list[Any]
) -> None:
    before = opened(connection, 1, -2, None, 4)
    made = defect(operator, f"readings.{name}", **options)
    assert list(misfits_of(made, TABLE)) == []
    after = spoil(before, made, connection)
    assert column(connection, after, name) == found
    others = [one for one in columns(TABLE) if one not in (name, "time", made.other)]
    for one in others:
        assert sorted(map(repr, column(connection, after, one))) == sorted(map(repr, column(connection, before, one)))


def test_a_hash_is_another_text(connection: duckdb.DuckDBPyConnection) -> None:
    after = spoil(opened(connection, 1), defect("hash_swap", "readings.note"), connection)
    assert [len(text) for text in column(connection, after, "note")] == [64]


def test_a_swap_of_columns_moves_both(connection: duckdb.DuckDBPyConnection) -> None:
    after = spoil(opened(connection, 1, 2), defect("swap", "readings.low", other="high"), connection)
    assert (column(connection, after, "low"), column(connection, after, "high")) == ([11, 12], [1, 2])


def test_rows_vanish_or_come_twice(connection: duckdb.DuckDBPyConnection) -> None:
    before = opened(connection, 1, 2, meters="ab")
    gone = spoil(before, defect("drop", "readings[meter=b]"), connection)
    assert (gone.rows, column(connection, gone, "meter"), gone.problems) == (2, ["a", "a"], ())
    twice = spoil(before, defect("duplicate", "readings[meter=b]"), connection)
    assert (twice.rows, column(connection, twice, "meter")) == (6, ["a", "a", "b", "b", "b", "b"])
    assert [getattr(problem, "count", None) for problem in twice.problems] == [2]


def test_a_series_is_held_delayed_and_mirrored_by_itself(connection: duckdb.DuckDBPyConnection) -> None:
    before = opened(connection, 1, 2, 3, meters="ab")
    connection.execute("UPDATE readings SET low = low + 100 WHERE meter = 'b'")
    for operator, found in (
        ("hold_last", [1, 1, 1, 101, 101, 101]),
        ("delay", [1, 1, 2, 101, 101, 102]),
        ("reorder", [3, 2, 1, 103, 102, 101]),
    ):
        after = spoil(before, defect(operator, "readings.low"), connection)
        assert column(connection, after, "low") == found, operator


def test_the_share_of_rows_is_the_rate_and_is_the_same_each_time(connection: duckdb.DuckDBPyConnection) -> None:
    before = opened(connection, *range(1, 1001), meters="ab")
    made = defect("sign_flip", "readings.low", rate=0.1)
    first, again = (column(connection, spoil(before, made, connection), "low") for _ in range(2))
    assert first == again
    assert 150 < sum(value < 0 for value in first) < 250
    assert differing(connection, before, spoil(before, made, connection)) == sum(value < 0 for value in first)


def test_runs_of_rows_are_affected_whole(connection: duckdb.DuckDBPyConnection) -> None:
    before = opened(connection, *range(1, 1001), meters="ab")
    after = spoil(before, defect("sign_flip", "readings.low", rate=0.3, length=10), connection)
    values = column(connection, after, "low")
    runs = [values[n : n + 10] for n in range(0, 2000, 10)]
    assert all(len({value < 0 for value in run}) == 1 for run in runs)
    assert 30 < sum(run[0] < 0 for run in runs) < 90


def test_what_hangs_keeps_the_value_before_its_run(connection: duckdb.DuckDBPyConnection) -> None:
    before = opened(connection, *range(1, 101))
    after = spoil(before, defect("hold_last", "readings.low", rate=0.5, length=10), connection)
    runs = [column(connection, after, "low")[n : n + 10] for n in range(0, 100, 10)]
    held = [n for n, run in enumerate(runs) if n > 0 and len(set(run)) == 1]
    assert 0 < len(held) < 9
    assert all(runs[n][0] == runs[n - 1][-1] for n in held)


def test_a_trigger_and_a_row_choose_where_a_defect_shows(connection: duckdb.DuckDBPyConnection) -> None:
    before = opened(connection, 1, None, 3, meters="ab")
    trigger = Trigger(parse_place("readings.low"), 2)
    after = spoil(before, defect("sign_flip", "readings[meter=b].low", trigger=trigger), connection)
    assert column(connection, after, "low") == [1, None, 3, 1, None, -3]


@pytest.mark.parametrize(
    ("value", "name", "found"),
    [
        (1, "low", "CAST('1.0' AS DOUBLE)"), (True, "low", None), ("1", "low", None), (float("nan"), "low", None),
        (1, "count", "1"), (1.5, "count", None), (2**63, "count", None), (False, "on", "FALSE"), (1, "on", None),
        ("a", "meter", "'a'"), ("c", "meter", None), ("soon", "time", None), (None, "low", None),
    ],
)  # fmt: skip
def test_only_what_a_column_can_hold_is_put_into_it(value: Any, name: str, found: str | None) -> None:
    assert literal(value, columns(TABLE)[name]) == found


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (defect("sign_flip", "readings.lo"), "'lo'; did you mean 'low'"),
        (defect("sign_flip", "readings[metre=a].low"), "'metre'"),
        (defect("swap", "readings.low", other="hig"), "'hig'"),
        (defect("sign_flip", "readings[0].low"), "reads table"),
        (defect("sign_flip", "readings.low.deep"), "reads table"),
        (defect("sign_flip", "readings"), "names none"),
        (defect("duplicate", "readings.low"), "whole rows"),
        (defect("stale_input", "readings.low"), "means nothing"),
        (defect("unit_scale", "readings.note", amount=2), "cannot change column 'note'"),
        (defect("time_shift", "readings.low", amount=2), "cannot change column 'low'"),
        (defect("drop", "readings.time"), "part of the key"),
        (defect("replace", "readings.meter"), "part of the key"),
        (defect("replace", "readings.meter", value="c"), "'c' is no value"),
        (defect("swap", "readings.meter", values=("a", "c")), "'c' is no value"),
        (defect("role_merge", "readings.low", other="note"), "different kinds"),
        (defect("delay", "readings.low", amount=-1), "amount above 0"),
        (defect("delay", "readings.time", amount=1), "amount above 0"),
        (defect("null", "readings.low", trigger=Trigger(parse_place("readings.note"), 1)), "trigger"),
        (defect("null", "readings.low", trigger=Trigger(parse_place("gas.low"), 1)), "trigger"),
    ],
)
def test_what_cannot_be_put_into_a_table_is_told(made: Defect, said: str) -> None:
    faults = list(misfits_of(made, TABLE))
    assert len(faults) == 1
    assert said in faults[0].en


def test_a_table_without_times_has_no_delay_and_is_one_series(connection: duckdb.DuckDBPyConnection) -> None:
    assert [f.en for f in misfits_of(defect("delay", "ledger.sum", amount=1), LEDGER)]
    stage(connection, "ledger", LEDGER, [{"entry": n, "sum": n * 10} for n in range(3)])
    before = OpenedTable(LEDGER, "ledger", 3, (), (), {}, "end")
    after = spoil(before, defect("hold_last", "ledger.sum"), connection)
    assert connection.execute(f'SELECT "sum" FROM "{after.view}"').fetchall() == [(0,)] * 3


CARD = Document("card", {"type": "object", "required": ["by"], "properties": {"by": {"enum": ["hand", "none"]}}})


@pytest.mark.parametrize(
    ("made", "body", "complaints"),
    [
        (defect("replace", "card.by", value="none"), {"by": "none", "to": "all"}, 0),
        (defect("replace", "card.by", value="foot"), {"by": "foot", "to": "all"}, 1),
        (defect("drop", "card.by"), {"to": "all"}, 1),
        (defect("swap", "card.by", other="to"), {"by": "all", "to": "hand"}, 1),
    ],
)
def test_a_document_is_changed_and_held_against_its_schema_again(made: Defect, body: Any, complaints: int) -> None:
    before = OpenedDocument({"by": "hand", "to": "all"}, "0" * 64, "card.yaml", ())
    after = spoil_document(before, CARD, made)
    assert (after.body, len(after.complaints)) == (body, complaints)
    assert before.body == {"by": "hand", "to": "all"}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (defect("sign_flip", "response.y"), "no reference system to call"),
        (defect("sign_flip", "reading.low"), "records no 'reading'; did you mean 'readings'"),
        (defect("sign_flip", "readings.lo"), "no column 'lo'"),
        (defect("hold_last", "card.by"), "means nothing on a document"),
        (defect("drop", "card.by", rate=0.5), "as a whole"),
        (defect(None, "response", fault="x"), "needs a simulate.py"),
        (defect("sign_flip", "readings.low"), None),
        (defect("drop", "card.by"), None),
    ],
)
def test_defects_that_do_not_fit_the_reference_are_told(
    pack: Pack, tmp_path: Path, made: Defect, said: str | None
) -> None:
    system = System(
        name="s", vendor="v", version="1", folder=str(tmp_path), operations={},
        tables={"readings": TableSource("r.csv")}, documents={"card": "card.yaml"},
    )  # fmt: skip
    with_table = evolve(pack, tables={"readings": TABLE}, documents={"card": CARD})
    problems = misfits([made], with_table, called=False, recorded=system)
    assert (
        [said in problem.headline().en for problem in problems] == [True] * (said is not None) if said else not problems
    )
    nothing = misfits([made], with_table, called=True, recorded=None)
    assert bool(nothing) is made.recorded
