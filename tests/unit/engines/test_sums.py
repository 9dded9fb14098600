"""Sums of a chain: the same to the bit in any order, near to what is exact, and the same with and without footers."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from chain_bench import COLUMNS, compiled, rule, table

from conformance.engines.chain import sums
from conformance.engines.chain.lower import lower_chains
from conformance.engines.chain.sums import Room, Sums
from conformance.engines.sql.rows import ParquetRows, connect

LIMIT = 'row.value <= q("5 V")'
KEY = ("meter", "phase", "time")
MINUTE = 60 * 10**9
T0 = 1_767_225_600_000_000_000
MEANS = compiled(rule(LIMIT, {"every": "10 min", "by": ["meter"], "take": "mean"}))
SQUARES = compiled(rule(LIMIT, {"every": "10 min", "by": ["meter"], "take": "rms"}))


def telemetry(values: list[float | None], *, every: int = MINUTE) -> list[dict[str, Any]]:
    return [{"meter": "a", "phase": "x", "time": T0 + n * every, "u": value} for n, value in enumerate(values)]


def left(connection: duckdb.DuckDBPyConnection, made: Any, **options: Any) -> list[tuple[Any, ...]]:
    lower_chains(connection, "readings", {"left": made.chain}, **options)
    return connection.execute('SELECT start, value, "value.low", "value.high" FROM "left" ORDER BY start').fetchall()


def drawn(rng: Random) -> list[float | None]:
    """Ten minutes each of one magnitude, of others, and around zero."""
    size = 10.0 ** rng.randint(-12, 12)
    spread = rng.choice([1, 1e3, 1e9, 1e15])
    return [
        None if rng.random() < 0.02 else rng.uniform(-1, 1) * size * spread ** (rng.random() * (n // 10 % 2))
        for n in range(100)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_means_are_the_same_in_any_order_and_as_near_as_a_float_can_be(seed: int) -> None:
    rng = Random(seed)
    values, connection = drawn(rng), connect(threads=2)
    rows = telemetry(values)
    found = []
    for _ in range(3):
        table(connection, "readings", COLUMNS, rows)
        found.append(left(connection, MEANS) + left(connection, SQUARES))
        rng.shuffle(rows)
    assert found[0] == found[1] == found[2]
    for n, (mean, root) in enumerate(zip(found[0][:10], found[0][10:], strict=True)):
        known = [Fraction(v) for v in values[n * 10 : n * 10 + 10] if v is not None]
        greatest = float(max(map(abs, known)))
        if mean[1] is not None:
            assert abs(mean[1] - float(sum(known) / len(known))) <= 2.0**-45 * greatest
            assert root[1] ** 2 == pytest.approx(float(sum(v * v for v in known) / len(known)), rel=1e-13)


def summed(values: list[float], room: Room, power: int = 1) -> tuple[float, float, bool]:
    """The two parts of a sum, and whether there was no room."""
    one = Sums(0, power, True)
    connection = connect(threads=1)
    connection.execute("CREATE TABLE t AS SELECT unnest(?::DOUBLE[]) AS x0", [values])
    columns = ", ".join(f"{sql} AS {name}" for name, sql in (one.columns(room) | {"r": "count(*)"}).items())
    found = connection.execute(f"SELECT xc0, xd0, {one.unfit(room)} FROM (SELECT {columns} FROM t)").fetchone()
    assert found is not None
    return found


def test_no_sum_of_either_part_needs_more_than_a_float_holds() -> None:
    for power, seed in ((1, 1), (1, 2), (2, 3)):
        rng = Random(seed)
        values = [rng.choice((1, -1)) * (8 - rng.random() * 10 ** -rng.randint(0, 5)) for _ in range(1024)]
        room = Room.of(max(map(abs, values)), len(values), windows=True)
        coarse, fine, unfit = summed(values, room, power)
        exact = sum((Fraction(v) if power == 1 else Fraction(v * v) for v in values), Fraction(0))
        assert not unfit
        assert Fraction(coarse) + Fraction(fine) == exact  # so near to the unit nothing at all is lost


def test_what_has_no_room_is_known() -> None:
    room = Room.of(5.0, 2**20, windows=True)
    assert room == Room(8.0, 20)
    assert not summed([5.0, -7.9], room)[2]
    assert not summed([0.0, -0.0], room)[2]
    assert summed([1.0, 8.0], room)[2]
    assert summed([1e-7, -1e-8], room)[2]
    assert summed([1.0] * 5, Room(8.0, 2))[2]
    assert summed([1e-4], room, power=2)[2]
    assert not summed([1e-2], room, power=2)[2]
    assert Room.of(None, 0, windows=False) == Room(2.0, 2)


def test_windows_of_very_many_samples_are_summed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(3)
    connection = connect(threads=2)
    table(connection, "readings", COLUMNS, telemetry([rng.uniform(0, 7) for _ in range(300)]))
    expected = left(connection, MEANS)
    monkeypatch.setattr(sums, "_MANY", 3)
    assert left(connection, MEANS) == expected


def written(connection: duckdb.DuckDBPyConnection, path: Path, values: list[float | None]) -> ParquetRows:
    """A file with telemetry, of which ``readings`` is the table."""
    table(connection, "readings", COLUMNS, telemetry(values))
    connection.execute(f"COPY readings TO '{path}' (ROW_GROUP_SIZE 2048)")
    return ParquetRows((str(path),), {name: name for name in (*KEY, "u")})


@pytest.mark.parametrize("values", [
    [n * 0.37 % 11 - 5 for n in range(5000)],
    [n * 1e-9 if n < 40 else n % 977 * 0.1 for n in range(3000)],
    [nan if n % 50 == 7 else inf if n % 50 == 9 else n * 0.1 for n in range(500)],
    [None] * 40,
    [],
])  # fmt: skip
def test_footers_change_nothing_even_where_they_lie(values: list[float | None], tmp_path: Path) -> None:
    connection = connect(threads=2)
    other = written(connection, tmp_path / "other.parquet", [1e-3] * 60)
    huge = written(connection, tmp_path / "huge.parquet", [1e30] * max(len(values), 1))
    own = written(connection, tmp_path / "own.parquet", values)
    percentile = compiled(rule(LIMIT, {"every": "1 h", "by": ["meter"], "take": "p95"}))
    for made in (MEANS, SQUARES, percentile):
        expected = left(connection, made)
        assert left(connection, made, parquet=own) == expected
        for lying in (other, huge):
            found = left(connection, made, parquet=lying)
            assert [row[0] for row in found] == [row[0] for row in expected]
            for one, true in zip(found, expected, strict=True):
                assert [v is None for v in one] == [v is None for v in true]
                assert [v or 0.0 for v in one[1:]] == pytest.approx([v or 0.0 for v in true[1:]], rel=1e-14)
