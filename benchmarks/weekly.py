"""The weekly 95th percentile of ten-minute means, against a query by hand."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from benchmarks.telemetry import program
from conformance.engines.chain.lower import lower_chains
from conformance.model.standard import Step

WEEKLY = 'row.value <= q("8 %")'
BY_HAND = """
    WITH tens AS (
        SELECT meter, time // 600000000000 AS ten, avg(distortion) AS value, count(distortion) AS n
        FROM readings GROUP BY ALL
    )
    SELECT meter, (ten - 576) // 1008 AS week, quantile_disc(value, 0.95), count(*)
    FROM tens WHERE n >= 540 GROUP BY ALL
"""
"""Weeks from Monday: 1970-01-05 is four days, or 576 times ten minutes, after the epoch."""


def ways(connection: duckdb.DuckDBPyConnection) -> dict[str, Callable[[], object]]:
    """Ours and by hand, over the view ``readings`` of ``connection``."""
    steps = (Step("mean", ("meter",), "10 min", "90 %"), Step("p95", ("meter",), "week", "90 %"))
    chain = program(WEEKLY, of="row.distortion", chain=steps).chain
    assert chain is not None
    return {
        "weekly: by hand": lambda: connection.execute(BY_HAND).fetchall(),
        "weekly: ours": lambda: lower_chains(connection, "readings", {"weekly": chain}, unique=True),
    }
