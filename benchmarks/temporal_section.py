"""Operators over time on telemetry, against Polars' rolling maximum over the same file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb

from benchmarks.tables import KEY, SCHEMA
from conformance.engines.series.judge import judge_series
from conformance.errors import Position, Text
from conformance.model.outcome import Severity
from conformance.model.standard import Expression, Pack, Rule, Table
from conformance.rules import Program, compile_rule

RULES = {
    "always, 10 min": 'always(row.voltage <= q("235.4 V"), 0, q("10 min"))',
    "rate": 'rate(row.voltage) <= q("20 V/s")',
    "hysteresis": 'since(not (row.voltage < q("220 V")), row.voltage > q("230 V")) or row.frequency >= q("49.9 Hz")',
}
"""The first asks for what the rolling maximum computes: the greatest value in each window of ten minutes."""


def programs() -> dict[str, Program]:
    """The rules of `RULES`, by name."""
    pack = Pack(
        "bench/telemetry", "1", Text("telemetry", "遥测"), "draft", "x", "en", "0", {}, {}, {}, {},
        tables={"readings": Table("readings", SCHEMA, KEY, "time")},
    )  # fmt: skip
    scale = {"voltage": "220 V", "frequency": "0.2 Hz", "ramp": "10 V/s"}
    return {
        name: compile_rule(
            Rule("bench/over-time", Text("r", "则"), (), "stable", Severity.MAJOR, "readings",
                 Expression(text, (Position("bench", 1, 1, source=text),)), scale=scale, gap="2 s"),
            pack,
        )
        for name, text in RULES.items()
    }  # fmt: skip


def rolling(path: Path) -> object:
    """The greatest voltage of ten minutes at each row of each meter, by Polars."""
    import polars as pl

    rows = pl.scan_parquet(path).select("meter", pl.col("time").cast(pl.Datetime("ns")), "voltage").collect()
    return rows.select(pl.col("voltage").rolling_max_by("time", "600s").over("meter"))


def measure(connection: duckdb.DuckDBPyConnection, path: Path, *, times: int) -> dict[str, float]:
    """Median seconds of ``times`` runs after one that warms up, each way in turn, by name.

    ``connection`` has the view ``readings`` over the telemetry in ``path``.
    """

    def ours(found: dict[str, Program]) -> Callable[[], object]:
        return lambda: judge_series(connection, "readings", found, key=KEY, time="time", groups=KEY[:1])

    ways: dict[str, Callable[[], object]] = {name: ours({name: one}) for name, one in programs().items()}
    ways["all at once"] = ours(programs())
    ways["Polars: rolling maximum, 10 min"] = lambda: rolling(path)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(times + 1):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            found[name].append(time.perf_counter() - start)
    return {name: median(seconds[1:]) for name, seconds in found.items()}


def ratios(seconds: dict[str, float]) -> dict[str, float]:
    """What is promised: `RULES`' first against Polars."""
    first = next(iter(RULES))
    return {f"{first} / Polars' rolling maximum": seconds[first] / seconds["Polars: rolling maximum, 10 min"]}
