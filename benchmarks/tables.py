"""Rules on the rows of a table against queries that a person would write for the same counts and margins."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import duckdb

from conformance.errors import Position, Text
from conformance.model.outcome import Severity
from conformance.model.standard import Expression, Pack, Rule, Table
from conformance.rules import compile_rule
from conformance.rules.sql import SqlRule, connect, judge_rows, lower, seal

METERS = 8
UNITS = {
    "voltage": "V", "current": "A", "power": "kW", "reactive": "kvar", "frequency": "Hz", "distortion": "%",
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "required": ["meter", "time", *UNITS],
    "properties": {
        "meter": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        **{name: {"type": "number", "unit": unit} for name, unit in UNITS.items()},
    },
}
KEY = ("meter", "time")
VOLTAGE = 'q("198 V") <= row.voltage <= q("235.4 V")'
BY_HAND = "least(voltage - 198, 235.4 - voltage)"


def rules(count: int) -> dict[str, SqlRule]:
    """Twenty kinds of rules on the telemetry, or fewer; the first is on the voltage."""
    texts = [VOLTAGE]
    for n in range(1, 20):
        texts.append((
            f'row.voltage >= q("{198 + n / 10} V")',
            f'abs(row.frequency - q("50 Hz")) <= q("{0.2 + n / 100} Hz")',
            f'row.distortion <= q("{5 + n / 10} %") and row.current <= q("{60 + n} A")',
            f'row.power <= row.voltage * row.current * q("{1 + n / 100} kW/V/A")',
            f'abs(row.reactive) <= q("{n} kvar") or row.power >= q("{n / 2} kW")',
        )[n % 5])  # fmt: skip
    table = Table("readings", SCHEMA, KEY, "time")
    pack = Pack(
        "bench/telemetry", "1", Text("telemetry", "遥测"), "draft", "x", "en", "0", {}, {}, {}, {},
        tables={"readings": table},
    )  # fmt: skip
    scales = {
        "voltage": "220 V",
        "current": "60 A",
        "active": "1 kW",
        "reactive": "1 kvar",
        "time": "0.2 Hz",
        "share": "5 %",
    }
    found = {}
    for number, text in enumerate(texts[:count]):
        expression = Expression(text, (Position("bench", 1, 1, source=text),))
        rule = Rule(
            f"bench/r{number}", Text("r", "则"), (), "stable", Severity.MAJOR, "readings", expression, scale=scales
        )
        found[rule.id] = lower(compile_rule(rule, pack))
    return found


def telemetry(connection: duckdb.DuckDBPyConnection, path: Path, rows: int) -> None:
    """Write one-second telemetry of `METERS` meters, one after the other, a thousandth of the voltages missing."""
    connection.execute("SELECT setseed(0.5)")
    connection.execute(f"""
        COPY (
            SELECT meter, 1767225600000000000 + second * 1000000000 AS time,
                   CASE WHEN random() >= 0.001 THEN 220 + 6 * sin(second / 9000.0) + 9 * random() END AS voltage,
                   30 + 25 * random() AS current, 6 + 5 * random() AS power, 4 * random() - 2 AS reactive,
                   50 + 0.15 * (random() - 0.5) AS frequency, 2 + 3 * random() AS distortion
            FROM (SELECT 'meter-' || (i // {-(-rows // METERS)}) AS meter, i % {-(-rows // METERS)} AS second
                  FROM range({rows}) AS r(i))
        ) TO '{path}'
    """)  # noqa: S608 - numbers, and a path of our own


def timed(run: Callable[[], object], times: int) -> float:
    """Median seconds of ``times`` runs after one that warms up."""
    found = []
    for _ in range(times + 1):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return median(found[1:])


def measure(rows: int, *, times: int) -> dict[str, float]:
    """Seconds of each way, by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "telemetry.parquet"
        connection = connect(threads=2)
        telemetry(connection, path, rows)
        connection.execute(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 - a path of our own
        seal(connection, files=[path])

        def by_hand(*queries: str) -> Callable[[], object]:
            return lambda: [connection.execute(query).fetchall() for query in queries]

        # What is put into these queries is a constant of this file.
        counts = f"SELECT count(*), count(*) FILTER (WHERE {BY_HAND} < 0), count(*) FILTER (WHERE voltage IS NULL)"
        aggregate = f"{counts}, min({BY_HAND}) FROM readings"
        worst = f"SELECT meter, time, {BY_HAND} AS m FROM readings ORDER BY m, meter, time LIMIT 5"  # noqa: S608
        one, twenty = rules(1), rules(20)

        def ours(found: dict[str, SqlRule]) -> Callable[[], object]:
            return lambda: judge_rows(connection, "readings", found, key=KEY)

        return {
            "by hand: counts and least margin": timed(by_hand(aggregate), times),
            "by hand: the same and the worst five rows": timed(by_hand(aggregate, worst), times),
            "one rule": timed(ours(one), times),
            "twenty rules in one pass": timed(ours(twenty), times),
            "twenty rules one by one": timed(lambda: [ours({name: rule})() for name, rule in twenty.items()], 1),
        }


def main(arguments: Sequence[str]) -> None:
    """Print seconds and the ratios that matter."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--quick", action="store_true", help="one run of half a million rows")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = 500_000 if options.quick else options.rows
    seconds = measure(rows, times=1 if options.quick else 3)
    one, hand = seconds["one rule"], seconds["by hand: the same and the worst five rows"]
    ratios = {
        "one rule / by hand with the worst five rows": one / hand,
        "one rule / by hand without rows": one / seconds["by hand: counts and least margin"],
        "twenty rules / one rule": seconds["twenty rules in one pass"] / one,
        "twenty rules / twenty one by one": seconds["twenty rules in one pass"] / seconds["twenty rules one by one"],
    }
    if options.json:
        print(json.dumps({"rows": rows, "seconds": seconds, "ratios": ratios}))
        return
    print(f"{rows:,} rows")
    for name, value in seconds.items():
        print(f"  {name:45s} {value:8.2f} s")
    for name, value in ratios.items():
        print(f"  {name:45s} {value:8.2f}")
