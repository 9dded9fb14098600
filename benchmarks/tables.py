"""Rules on the rows of a table against queries that a person would write for the same counts, margins and rows."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from attrs import frozen

from benchmarks import weekly
from benchmarks.telemetry import KEY, SCHEMA, VOLTAGE_BY_HAND, counted, twenty, worst, write, written
from conformance.engines.sql.rows import SqlRule, connect, judge_rows, lower, seal

__all__ = ["KEY", "SCHEMA", "main"]

SMALL = 5_000_000
"""Rows of the second file, for the growth of memory."""
PEERS = {"pandera": 1.2, "pointblank": 0.7, "great_expectations": 0.1}
"""Others, and what part of their time is wanted at most."""


@frozen
class Promise:
    """One ratio (or size), and what it may be at most."""

    name: str
    value: float | None
    most: float
    note: str = ""


@frozen
class Spent:
    """Median seconds of several runs: on the clock, and of all threads together (steadier on a busy machine)."""

    clock: float
    threads: float


def timed(ways: Mapping[str, Callable[[], object]], times: int) -> dict[str, Spent]:
    """What each way takes in ``times`` runs, by turns, after one that warms up."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(times + 1):
        for name, run in ways.items():
            start, used = time.perf_counter(), time.process_time()
            run()
            found[name].append((time.perf_counter() - start, time.process_time() - used))
    return {name: Spent(*(median(of) for of in zip(*runs[1:], strict=True))) for name, runs in found.items()}


def ratio(name: str, ours: Spent, other: Spent, most: float) -> Promise:
    """``ours`` over ``other``."""
    return Promise(name, ours.clock / other.clock, most, f"of all threads {ours.threads / other.threads:.2f}")


def on_the_clock(spent: Mapping[str, Spent]) -> dict[str, float]:
    """Seconds on the clock."""
    return {name: of.clock for name, of in spent.items()}


def by_hand_on(path: Path) -> duckdb.DuckDBPyConnection:
    """A database for queries by hand over the view ``readings`` of ``path``: nothing is switched off in it."""
    plain = duckdb.connect(config={"threads": 2})
    plain.execute("SET preserve_insertion_order = false")
    plain.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 - a path of our own
    return plain


def rows(path: Path, times: int) -> tuple[dict[str, float], list[Promise]]:
    """One rule, twenty, and what statistics spare."""
    connection = connect(threads=2)
    connection.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 - a path of our own
    seal(connection, files=[path])
    plain = by_hand_on(path)
    all_rules = twenty()
    lowered = {name: lower(program) for name, (program, _) in all_rules.items()}
    one = {name: lowered[name] for name in list(lowered)[:1]}

    def hand(*queries: str) -> Callable[[], object]:
        return lambda: [plain.execute(query).fetchall() for query in queries]

    def ours(found: Mapping[str, SqlRule], *, statistics: bool) -> Callable[[], object]:
        return lambda: judge_rows(connection, "readings", found, key=KEY, parquet=written(path), statistics=statistics)

    margins = [margin for _, margin in all_rules.values()]
    spent = timed(
        {
            "one rule by hand: counts, least margin, five worst rows": hand(
                counted(VOLTAGE_BY_HAND), worst(VOLTAGE_BY_HAND)
            ),
            "one rule, every row read": ours(one, statistics=False),
            "one rule, by statistics": ours(one, statistics=True),
            "twenty by hand, one by one: counts and least margins": hand(*map(counted, margins)),
            "twenty by hand, one by one: the same and the worst rows": hand(
                *(query for margin in margins for query in (counted(margin), worst(margin)))
            ),
            "twenty rules, by statistics": ours(lowered, statistics=True),
            "twenty rules, every row read": ours(lowered, statistics=False),
        },
        times,
    )
    by_hand, whole, spared, bare, separate, fused, fused_whole = spent.values()
    return on_the_clock(spent), [
        ratio("one rule with worst rows, every row read / by hand", whole, by_hand, 1.3),
        ratio("one rule on one column, by statistics / by hand", spared, by_hand, 0.5),
        ratio("twenty rules with worst rows / one by hand", fused, by_hand, 12),
        ratio("twenty rules with worst rows / twenty by hand", fused, separate, 0.5),
        ratio("twenty rules with worst rows / twenty by hand without rows", fused, bare, 0.5),
        ratio("twenty rules, every row read / one by hand", fused_whole, by_hand, 12),
        ratio("twenty rules, every row read / twenty by hand", fused_whole, separate, 0.5),
    ]


def percentiles(path: Path, times: int) -> tuple[dict[str, float], list[Promise]]:
    """The weekly percentile."""
    connection = connect(threads=2)
    connection.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 - a path of our own
    spent = timed(weekly.ways(connection, by_hand_on(path), path), times)
    by_hand, ours, means_by_hand, ours_of_means = spent.values()
    return on_the_clock(spent), [
        ratio("weekly 95th percentile / by hand", ours, by_hand, 1.2),
        ratio("weekly 95th percentile of means, exact / by hand, of floats", ours_of_means, means_by_hand, 1.2),
    ]


def over_time(path: Path, times: int) -> tuple[dict[str, float], list[Promise]]:
    """Operators over time."""
    try:
        importlib.metadata.version("polars")
    except importlib.metadata.PackageNotFoundError:
        return {}, [Promise("temporal / Polars' rolling maximum", None, 2.0, "polars is not installed")]
    from benchmarks import temporal_section

    connection = connect(threads=2)
    connection.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 - a path of our own
    seconds = temporal_section.measure(connection, path, times=times)
    return seconds, [Promise(name, value, 2.0) for name, value in temporal_section.ratios(seconds).items()]


def memory(small: Path, large: Path) -> tuple[dict[str, float], list[Promise]]:
    """The peak of a process that judges twenty rules and reads every row, over both files."""
    peaks = [float(_child("benchmarks.memory", str(path))) for path in (small, large)]
    return {}, [
        Promise("peak memory, MiB", peaks[1], 400),
        Promise(f"peak memory / that of {SMALL:,} rows", peaks[1] / peaks[0], 1.2),
    ]


def peers(path: Path) -> tuple[dict[str, float], list[Promise]]:
    """Two range checks from a file to a verdict, each tool in a process of its own."""
    ours = json.loads(_child("benchmarks.peers", "ours", str(path)))["seconds"]
    seconds, promises = {"two checks": ours}, []
    for name, most in PEERS.items():
        found: dict[str, Any] = json.loads(_child("benchmarks.peers", name, str(path)).splitlines()[-1])
        if found["installed"]:
            seconds[f"two checks, {name} {found['version']}"] = found["seconds"]
            promises.append(Promise(f"two checks / {name} {found['version']}", ours / found["seconds"], most))
        else:
            promises.append(Promise(f"two checks / {name}", None, most, "not installed"))
    return seconds, promises


def _child(module: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "GX_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout  # noqa: S603


def main(arguments: Sequence[str]) -> None:
    """Print seconds, and what was promised beside what was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--quick", action="store_true", help="one run of half a million rows, without other tools")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    count, times = (500_000, 1) if options.quick else (options.rows, 3)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("duckdb", "sqlglot"))
    if not options.json:
        print(f"{count:,} rows; {machine}, {versions}; small file {min(count, SMALL):,} rows", flush=True)
    seconds: dict[str, float] = {}
    promises: list[Promise] = []
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder) / "large.parquet", Path(folder) / "small.parquet"
        for path, size in ((large, count), (small, min(count, SMALL))):
            write(connect(threads=2), path, size)
        sections: list[Callable[[], tuple[dict[str, float], list[Promise]]]] = [
            lambda: rows(large, times), lambda: memory(small, large), lambda: percentiles(large, times),
            lambda: over_time(large, times), *([] if options.quick else [lambda: peers(large)]),
        ]  # fmt: skip
        for section in sections:
            spent, promised = section()
            seconds |= spent
            promises += promised
            if not options.json:
                _show(spent, promised)
    if options.json:
        ratios = [{"name": p.name, "value": p.value, "most": p.most, "note": p.note} for p in promises]
        about = {"rows": count, "machine": machine, "versions": versions}
        print(json.dumps({**about, "seconds": seconds, "ratios": ratios}))


def _show(seconds: Mapping[str, float], promises: Sequence[Promise]) -> None:
    for name, spent in seconds.items():
        print(f"  {name:66s} {spent:8.2f} s")
    for one in promises:
        found = "       -" if one.value is None else f"{one.value:8.2f}"
        print(f"  {one.name:66s} {found}  at most {one.most:<5g} {one.note}".rstrip(), flush=True)
