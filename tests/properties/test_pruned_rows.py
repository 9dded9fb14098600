"""Rows in Parquet files: what is proved by statistics is what reading says, and so is what is read in part."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from attrs import evolve
from sql_cases import CLOSE, HALVES, MOMENTS, PACK, expression, program, text_of

from conformance.engines.sql import queries as sql_queries
from conformance.engines.sql import search as sql_search
from conformance.engines.sql.bounds import Prover
from conformance.engines.sql.prune import prove, read_groups, stored_types
from conformance.engines.sql.rows import ParquetRows, connect, judge_rows, lower
from conformance.rules import Program, compile_rule
from conformance.rules.engine import instant

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

RULES, GROUPS, ROWS = 8, 8, 16
KINDS = {
    **dict.fromkeys("abcr", pa.float64()), "on": pa.bool_(), "off": pa.bool_(), "kind": pa.string(),
    "t": pa.int64(), "u": pa.timestamp("ns"), "id": pa.int64(),
}  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


SHORT = [
    'row.a <= q("1.5 MW")', 'abs(row.a - q("1 MW")) < q("2 MW")', 'row.b + row.c <= q("4 MW") or row.on',
    'row.a >= row.b - q("7 MW")', 'row.kind in ["x", "y"]', "row.t < row.u", 'row.a * 2 <= cap', "not row.off",
    'row.b / row.r <= q("9 MW")', 'min(row.a, row.b) <= q("3 MW") and row.a > q("-9 MW")',
    'row.a <= (q("2 MW") if row.on else q("9 MW"))', 'sqrt(row.r) * q("1 MW") <= q("2 MW") and has(row.c)',
]  # fmt: skip


def short(rng: Random) -> Program:
    """A rule as people write them, of which statistics prove more."""
    some = program(rng).rule
    rule = evolve(some, require=expression(rng.choice(SHORT)), when=None, vacuous_unless=None)
    return compile_rule(evolve(rule, when=some.when) if rng.random() < 0.2 else rule, PACK)


def cells(rng: Random, values: list[Any], odd: list[Any], *, calm: bool) -> list[Any]:
    """One column of a row group: steady, all missing, in a narrow band, or with something odd in it."""
    shapes = ["steady", "band", "band", "band", "torn"] if calm else ["steady", "band", "torn", "missing", "odd"]
    shape = rng.choice(shapes)
    if shape == "missing":
        return [None] * ROWS
    start = rng.randrange(len(values))
    drawn = [values[min(start + rng.randrange(1 if shape == "steady" else 3), len(values) - 1)] for _ in range(ROWS)]
    if shape in ("torn", "odd"):
        drawn[rng.randrange(ROWS)] = None if shape == "torn" else rng.choice(odd)
    return drawn


def write(rng: Random, folder: Path, *, calm: bool) -> ParquetRows:
    """Two files of row groups; their keys come twice now and then."""
    paths = []
    types = dict(KINDS)
    types["b"] = rng.choice([pa.float64(), pa.float32()])
    types["c"] = rng.choice([pa.float64(), pa.decimal128(12, 1)])
    types["t"] = rng.choice([pa.int64(), pa.timestamp("us", "UTC")])
    for number in range(2):
        columns: dict[str, list[Any]] = {name: [] for name in types}
        for _ in range(GROUPS // 2):
            for name, kind in types.items():
                if name == "id":
                    columns[name] += [rng.randrange(1000) for _ in range(ROWS)]
                elif name in "abcr":
                    whole = pa.types.is_decimal(kind)
                    odd = [None] if whole else [nan, inf, -inf, -0.0, 1e30, *CLOSE]
                    columns[name] += cells(rng, HALVES, odd, calm=calm)
                elif name in ("on", "off"):
                    columns[name] += cells(rng, [False, True], [None], calm=calm)
                elif name == "kind":
                    columns[name] += cells(rng, ["x", "y", "z"], [None], calm=calm)
                else:
                    columns[name] += cells(rng, sorted(instant(m) // 1000 * 1000 for m in MOMENTS), [None], calm=calm)
        made = {}
        for name, kind in types.items():
            values = columns[name]
            if pa.types.is_timestamp(kind):
                per = 1 if kind.unit == "ns" else 1000
                made[name] = pa.array([v if v is None else v // per for v in values], pa.int64()).cast(kind)
            elif pa.types.is_decimal(kind):
                made[name] = pa.array(values, pa.float64()).cast(kind)
            else:
                made[name] = pa.array(values, kind)
        path = folder / f"{number}.parquet"
        pq.write_table(pa.table(made), path, row_group_size=ROWS, write_statistics=calm or rng.random() < 0.9)
        paths.append(str(path))
    return ParquetRows(tuple(paths), {f"{name}": name for name in types})


@pytest.mark.parametrize("seed", range(4))
def test_pruned_whole_and_plain_evaluation_say_the_same(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(seed)
    sizes = {"SMALL": (0, 1 << 14), "FEW_READ": (0, 1 << 20), "FEW": (0, 1 << 19), "SEGMENT": (3 * ROWS, 1 << 22)}
    for name, values in sizes.items():
        monkeypatch.setattr(sql_search, name, rng.choice(values))
    monkeypatch.setattr(sql_queries, "MOST_NEAR", rng.choice([5, 10_000]))
    rows = write(rng, tmp_path, calm=seed % 2 == 0)
    rules = {str(n): program(rng) if n % 2 else short(rng) for n in range(RULES)}
    lowered = {name: lower(one) for name, one in rules.items()}
    stated = rng.choice([None, 0.0, 0.5])
    options: Any = {
        "key": ["id", "t"], "worst": 3, "uncertainty": {} if stated is None else dict.fromkeys(rules, stated)
    }  # fmt: skip
    files = ", ".join(f"'{path}'" for path in rows.files)
    connection.execute(f"CREATE OR REPLACE VIEW data AS SELECT * FROM read_parquet([{files}])")
    plain = judge_rows(connection, "data", lowered, **options)
    for given in (False, True):
        found = judge_rows(connection, "data", lowered, parquet=rows, statistics=given, **options)
        for name, one in rules.items():
            assert found[name] == plain[name], (given, text_of(one))
    for name, one in rules.items():  # alone, fewer columns keep a row from being complete
        found = judge_rows(connection, "data", {name: lowered[name]}, parquet=rows, **options)
        assert found[name] == plain[name], text_of(one)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_proved_of_a_row_group_is_what_its_rows_say(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, seed: int
) -> None:
    rng = Random(1000 + seed)
    rows = write(rng, tmp_path, calm=seed % 2 == 0)
    proved = 0
    for number in range(2 * RULES):
        one = program(rng) if number % 2 else short(rng)
        rule = lower(one)
        prover = Prover.of(rule, stated=0.5)
        types = stored_types(connection, rows)
        for group in read_groups(connection, rows, prover.columns, types):
            undefined = [c for c in prover.columns if c in "abr" and has_nan(connection, rows, group, c)]
            proof = prove(prover, group)
            if proof is None or undefined:
                continue
            proved += 1
            found = only(connection, rows, group, rule)
            assert {p: n for p, n in proof.places.items() if n} == {
                p: n for p in proof.places if (n := getattr(found.counts, p))
            }, text_of(one)
            for worst in found.worst:
                known = -inf if worst.margin is None else worst.margin.normalised.low
                assert known >= proof.least, text_of(one)
    assert proved > 10


def has_nan(connection: Any, rows: ParquetRows, group: Any, column: str) -> bool:
    query = f"SELECT count(*) FILTER (NOT isfinite({column}::DOUBLE)) FROM ({part(rows, group)})"
    return bool(connection.execute(query).fetchone()[0])


def part(rows: ParquetRows, group: Any) -> str:
    last = group.first + group.rows - 1
    return (
        f"SELECT * FROM read_parquet('{rows.files[group.file]}') WHERE file_row_number BETWEEN {group.first} AND {last}"
    )


def only(connection: Any, rows: ParquetRows, group: Any, rule: Any) -> Any:
    connection.execute(f"CREATE OR REPLACE VIEW part AS {part(rows, group)}")
    return judge_rows(connection, "part", {"r": rule}, key=["id"], worst=1, uncertainty={"r": 0.5})["r"]
