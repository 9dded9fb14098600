"""The weekly 95th percentile, of one-second samples and of ten-minute means, against queries by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.telemetry import program, written
from conformance.engines.chain.lower import lower_chains
from conformance.model.standard import Step
from conformance.rules.chain import Chain

WEEK = 604_800_000_000_000
MONDAY = 345_600_000_000_000
"""Weeks in nanoseconds from Monday: 1970-01-05 is four days after the epoch."""
SAMPLES_BY_HAND = f"""
    SELECT meter, (time - {MONDAY}) // {WEEK} AS week, quantile_disc(distortion, 0.95), count(distortion)
    FROM readings GROUP BY ALL
"""  # noqa: S608 - numbers of our own
WEEKLY = 'row.value <= q("8 %")'
BY_HAND = """
    WITH tens AS (
        SELECT meter, time // 600000000000 AS ten, avg(distortion) AS value, count(distortion) AS n
        FROM readings GROUP BY ALL
    )
    SELECT meter, (ten - 576) // 1008 AS week, quantile_disc(value, 0.95), count(*)
    FROM tens WHERE n >= 540 GROUP BY ALL
"""
"""The means are of floats: their last digits depend on the order of the rows. Ours are exact sums."""


def ways(
    connection: duckdb.DuckDBPyConnection, plain: duckdb.DuckDBPyConnection, path: Path
) -> dict[str, Callable[[], object]]:
    """By hand over the view ``readings`` of ``plain``, and ours over that of ``connection``; both show ``path``."""
    last = Step("p95", ("meter",), "week", "90 %")
    of_samples = program(WEEKLY, of="row.distortion", chain=(last,)).chain
    of_means = program(WEEKLY, of="row.distortion", chain=(Step("mean", ("meter",), "10 min", "90 %"), last)).chain
    assert of_samples is not None
    assert of_means is not None

    def ours(chain: Chain) -> object:
        return lower_chains(connection, "readings", {"weekly": chain}, unique=True, parquet=written(path))

    return {
        "weekly: by hand": lambda: plain.execute(SAMPLES_BY_HAND).fetchall(),
        "weekly: ours": lambda: ours(of_samples),
        "weekly of means: by hand": lambda: plain.execute(BY_HAND).fetchall(),
        "weekly of means: ours": lambda: ours(of_means),
    }
