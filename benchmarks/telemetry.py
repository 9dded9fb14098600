"""One-second power-quality telemetry of eight meters, and rules on it with the queries a person would write instead."""

from __future__ import annotations

from pathlib import Path

import duckdb

from conformance.engines.sql.rows import ParquetRows
from conformance.errors import Position, Text
from conformance.model.outcome import Severity
from conformance.model.standard import Expression, Pack, Rule, Step, Table
from conformance.rules import Program, compile_rule

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
SCALES = {
    "voltage": "220 V", "current": "60 A", "active": "1 kW", "reactive": "1 kvar", "time": "0.2 Hz", "share": "5 %",
}  # fmt: skip
VOLTAGE = 'q("198 V") <= row.voltage <= q("235.4 V")'
VOLTAGE_BY_HAND = "least(voltage - 198, 235.4 - voltage) / 220"
FREQUENCY = 'q("49.8 Hz") <= row.frequency <= q("50.2 Hz")'


def written(path: Path) -> ParquetRows:
    """Where the telemetry in ``path`` lies."""
    return ParquetRows((str(path),), {name: name for name in (*KEY, *UNITS)})


def write(connection: duckdb.DuckDBPyConnection, path: Path, rows: int) -> None:
    """Write about ``rows`` rows, one meter after the other.

    Each meter has a swell of five minutes now and then, and once a day ten minutes are not recorded; a thousandth of
    the voltages are missing.
    """
    each = -(-rows // METERS)
    connection.execute("SELECT setseed(0.5)")
    connection.execute(f"""
        COPY (
            SELECT meter, 1767225600000000000 + second * 1000000000 AS time,
                   CASE WHEN random() >= 0.001 THEN
                       220 + 6 * sin(second / 9000.0) + 9 * random()
                       + CASE WHEN second % 4000000 < 300 THEN 9 ELSE 0 END
                   END AS voltage,
                   30 + 25 * random() AS current, 6 + 5 * random() AS power, 4 * random() - 2 AS reactive,
                   50 + 0.15 * (random() - 0.5) AS frequency, 2 + 3 * random() AS distortion
            FROM (SELECT 'meter-' || (i // {each}) AS meter, i % {each} AS second FROM range({rows}) AS r(i))
            WHERE second % 86400 NOT BETWEEN 40000 AND 40599
        ) TO '{path}'
    """)  # noqa: S608 - numbers, and a path of our own


def program(text: str, *, name: str = "bench/rule", chain: tuple[Step, ...] = (), of: str | None = None) -> Program:
    """A rule on the telemetry."""
    pack = Pack(
        "bench/telemetry", "1", Text("telemetry", "遥测"), "draft", "x", "en", "0", {}, {}, {}, {},
        tables={"readings": Table("readings", SCHEMA, KEY, "time", every="1 s")},
    )  # fmt: skip

    def expression(of: str) -> Expression:
        return Expression(of, (Position("bench", 1, 1, source=of),))

    rule = Rule(
        name, Text("r", "则"), (), "stable", Severity.MAJOR, "readings", expression(text), scale=SCALES,
        of=None if of is None else expression(of), chain=chain,
    )  # fmt: skip
    return compile_rule(rule, pack)


def twenty() -> dict[str, tuple[Program, str]]:
    """Twenty rules of five kinds, each with its normalised margin by hand; the first is on the voltage."""
    texts = [(VOLTAGE, VOLTAGE_BY_HAND)]
    for n in range(1, 20):
        texts.append((
            (f'row.voltage >= q("{198 + n / 10} V")', f"(voltage - {198 + n / 10}) / 220"),
            (f'abs(row.frequency - q("50 Hz")) <= q("{0.2 + n / 100} Hz")',
             f"({0.2 + n / 100} - abs(frequency - 50)) / 0.2"),
            (f'row.distortion <= q("{5 + n / 10} %") and row.current <= q("{60 + n} A")',
             f"least(({5 + n / 10} - distortion) / 5, ({60 + n} - current) / 60)"),
            (f'row.power <= row.voltage * row.current * q("{1 + n / 100} kW/V/A")',
             f"voltage * current * {1 + n / 100} - power"),
            (f'abs(row.reactive) <= q("{n} kvar") or row.power >= q("{n / 2} kW")',
             f"greatest({n} - abs(reactive), power - {n / 2})"),
        )[n % 5])  # fmt: skip
    return {
        f"bench/r{number}": (program(text, name=f"bench/r{number}"), hand) for number, (text, hand) in enumerate(texts)
    }


def counted(margin: str) -> str:
    """The query by hand for how many rows fail, how many lack a value, and the least margin."""
    return f"SELECT count(*), count_if({margin} < 0), count_if(({margin}) IS NULL), min({margin}) FROM readings"  # noqa: S608


def worst(margin: str) -> str:
    """The query by hand for the five worst rows."""
    return f"SELECT meter, time, {margin} AS m FROM readings ORDER BY m, meter, time LIMIT 5"  # noqa: S608
