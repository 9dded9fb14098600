"""Chains: what DuckDB leaves of the rows of a table is what a plain reading of the definition leaves of them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import inf, isfinite, nan, sqrt
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import pytest

from conformance.engines.chain.lower import lower_chains
from conformance.engines.sql.rows import connect, judge_rows, lower
from conformance.errors import Position, Text
from conformance.model.outcome import Severity
from conformance.model.standard import Expression, Figure, Pack, Rule, Status, Step, Table
from conformance.rules import Program, compile_rule
from conformance.rules.chain import TOTALS

SEEDS, CHAINS = (200 if os.environ.get("CONFORMANCE_FULL") else 20), 4
"""A seed draws some hundred windows: in all 2,000 pairs of a chain and a window, or 20,000."""
MINUTE = 60 * 10**9
QUARTER = 15 * MINUTE
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = {
    "type": "object", "required": ["meter", "phase", "time", "u"],
    "properties": {
        "meter": {"type": "string"}, "phase": {"type": "string"}, "time": {"type": "string", "format": "date-time"},
        "u": {"type": "number", "unit": "kW"}, "w": {"type": "number", "unit": "kW"}, "on": {"type": "boolean"},
    },
}  # fmt: skip


# The meaning


class Sample(NamedTuple):
    """A row, or what a step left of one window: null ends where nothing is known, equal ones where all is."""

    names: dict[str, Any]
    time: int | None
    first: int | None
    last: int | None
    low: Any
    high: Any
    gone: bool = False
    cut: bool = False

    @property
    def known(self) -> bool:
        return self.low is not None and self.low == self.high


class Spec(NamedTuple):
    every: int | None
    shift: int
    zone: str
    of: Callable[[dict[str, Any]], Any]
    where: Callable[[dict[str, Any]], bool | None] | None
    steps: tuple[Step, ...]


@cache
def calendar(zone: str, word: str, around: int) -> tuple[int, ...]:
    """Where windows begin, seen by looking at the local clock every quarter of an hour."""
    info = ZoneInfo(zone)

    def local(at: int) -> Any:
        moment = (EPOCH + timedelta(microseconds=at // 1000)).astimezone(info)
        match word:
            case "hour":
                return moment.year, moment.month, moment.day, moment.hour, moment.utcoffset()
            case "day":
                return moment.year, moment.month, moment.day
            case "week":
                return moment.isocalendar()[:2]
        return moment.year, moment.month

    base = around - around % QUARTER
    return tuple(
        at + QUARTER
        for at in range(base - 75 * 96 * QUARTER, base + 75 * 96 * QUARTER, QUARTER)
        if local(at) != local(at + QUARTER)
    )


def window(spec: Spec, every: str, at: int, base: int) -> tuple[int, int]:
    if every in LENGTHS:
        length = LENGTHS[every]
        return at // length * length, at // length * length + length
    starts = calendar(spec.zone, every, base)
    return next((one, other) for one, other in pairwise(starts) if one <= at < other)


LENGTHS = {"1 min": MINUTE, "10 min": 10 * MINUTE, "15 min": QUARTER, "30 min": 2 * QUARTER, "1 h": 4 * QUARTER}


def samples(spec: Spec, rows: list[dict[str, Any]]) -> list[Sample]:
    by_key: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_key[row["meter"], row["phase"], row["time"]].append(row)
    found = []
    for same in by_key.values():
        row, value, gone = same[0], None, False
        if len(same) == 1:
            kept = True if spec.where is None else spec.where(row)
            value, gone = (spec.of(row) if kept else None), kept is False
        if isinstance(value, float) and not isfinite(value):
            value = None
        at = row["time"] - spec.shift
        found.append(Sample({"meter": row["meter"], "phase": row["phase"]}, at, at, at, value, value, gone))
    return found


def percentile(values: Sequence[Any], rank: Fraction) -> Any:
    """The largest value left after the top (1 - p) n are dropped."""
    ordered = sorted(values)
    dropped = (1 - rank) * len(ordered)
    return ordered[len(ordered) - dropped.numerator // dropped.denominator - 1]


def take(statistic: str, values: Sequence[Any], hours: Sequence[Fraction]) -> Any:
    if any(abs(v) == inf for v in values) and statistic in ("mean", "sum", "energy", "rms"):
        return inf if statistic == "rms" or inf in values else -inf
    exact = [Fraction(v) for v in values] if statistic in ("mean", "sum", "energy", "rms") else []
    match statistic:
        case "mean":
            return sum(exact) / len(exact)
        case "sum":
            return sum(exact, Fraction(0))
        case "energy":
            return sum((v * h for v, h in zip(exact, hours, strict=True)), Fraction(0))
        case "rms":
            return sqrt(sum(v * v for v in exact) / len(exact))
        case "min" | "max":
            return min(values) if statistic == "min" else max(values)
    return percentile(values, Fraction(statistic[1:]) / 100)


def value_of(step: Step, inside: list[Sample], expected: int, hours: list[Fraction], first: bool) -> tuple[Any, Any]:
    """The ends of the value of one window, of which ``expected`` samples should be there."""
    there = [(s, h) for s, h in zip(inside, hours, strict=True) if not s.gone]
    known = [(s.low, h) for s, h in there if s.known]
    ends = [(s.low, s.high, h) for s, h in there if s.low is not None]
    lost = expected - len(ends)
    whole = Fraction(*map(int, step.coverage.removesuffix(" %").split("/"))) if "/" in step.coverage else Fraction(
        step.coverage.removesuffix(" %")) / 100  # fmt: skip
    covered = len(known) >= whole * expected
    if step.take in ("count", "share"):
        counted = sum(v is True for v, _ in known) if first and known and isinstance(known[0][0], bool) else len(ends)
        if step.take == "count":
            return (counted, counted) if covered else (counted, counted + lost)
        if covered:
            return Fraction(counted, len(known)), Fraction(counted, len(known))
        return Fraction(counted, expected), Fraction(counted + lost, expected)
    some = [h for _, _, h in ends[:1]] or [Fraction(1)]
    lows = [(a, h) for a, _, h in ends] + [(-inf, some[0])] * lost
    highs = [(b, h) for _, b, h in ends] + [(inf, some[0])] * lost
    if step.take == "rms":
        lows = [(max(a, -b, 0), h) for (a, _), (b, h) in zip(lows, highs, strict=True)]
        highs = [(max(abs(a), abs(b)), h) for (a, b, h) in ends] + [(inf, some[0])] * lost
    low, high = (take(step.take, [v for v, _ in part], [h for _, h in part]) for part in (lows, highs))
    if covered and known:
        value = take(step.take, [v for v, _ in known], [h for _, h in known])
        value = max(min(value, high), low)
        return value, value
    return low, high


def step_of(spec: Spec, number: int, parts: list[Sample], base: int) -> list[Sample]:
    """What one step leaves of ``parts``."""
    step, before = spec.steps[number], spec.steps[number - 1] if number else None
    finer = before.every if before else None
    last = number == len(spec.steps) - 1
    expects = spec.every is not None if number == 0 else finer is not None
    zero = not expects and step.take in ("count", "sum")

    def length(sample: Sample) -> Fraction:
        if number == 0 or finer is None:
            return Fraction(spec.every or 0, 60 * MINUTE)
        assert sample.time is not None
        start, end = window(spec, finer, sample.time, base)
        return Fraction(end - start, 60 * MINUTE)

    groups: dict[tuple[Any, ...], list[Sample]] = defaultdict(list)
    for part in parts:
        groups[tuple(part.names[name] for name in step.by)].append(part)
    left = []
    for group, members in groups.items():
        names = dict(zip(step.by, group, strict=True))
        first, end = (
            min(m.first for m in members if m.first is not None),
            max(m.last for m in members if m.last is not None),
        )
        left_by = [n for n in (("meter", "phase") if number == 0 else before.by if before else ()) if n not in step.by]
        series = len({tuple(m.names[n] for n in left_by) for m in members}) if expects else 1
        windows: dict[Any, list[Sample]] = defaultdict(list)
        for member in members:
            assert member.time is not None or step.every is None
            windows[window(spec, step.every, member.time or 0, base) if step.every else member.cut].append(member)
        tolerance = spec.every or 1
        empty: list[tuple[int, int]] = []
        if step.every:
            ordered = sorted(windows)
            for (_, one), (other, _) in pairwise(ordered):
                while one < other:
                    empty.append(window(spec, step.every, one, base))
                    one = empty[-1][1]
        for name, inside in windows.items():
            gone = sum(m.gone for m in inside)
            expected = len(inside) - gone
            if expects and step.every:
                start, stop = name
                expected = count(spec, finer, start, stop, base) * series - gone if number else (
                    (stop - start) // (spec.every or 1) * series - gone)  # fmt: skip
            elif expects and number == 0:
                expected = round(Fraction(end - first, spec.every or 1) + Fraction(1, 10**6)) * series + series - gone
            elif expects and not name:
                times = [m.time for m in inside if m.time is not None]
                stop = window(spec, finer or "", max(times), base)[1]
                expected = count(spec, finer, min(times), stop, base) * series - gone
            expected = max(expected, len(inside) - gone)
            if expected == 0 and not zero:
                start = name[0] if step.every else None
                left.append(Sample(names, start, first, end, None, None, True))
                continue
            low, high = value_of(step, inside, expected, [length(m) for m in inside], number == 0)
            cut = bool(name) if not step.every else (
                first - name[0] >= tolerance or name[1] - (end + tolerance) >= tolerance)  # fmt: skip
            if cut and not (expects and step.every):  # any number of samples may lie beyond the ends
                low = low if step.take in ("count", "max") else 0.0 if step.take in ("share", "rms") else -inf
                high = high if step.take == "min" else 1.0 if step.take == "share" else inf
            low, high = (float(v) if abs(v) != inf else v for v in (low, high))
            times_of = [m.first for m in inside if m.first is not None], [m.last for m in inside if m.last is not None]
            left.append(
                Sample(names, name[0] if step.every else None, min(times_of[0], default=None),
                       max(times_of[1], default=None), low, high, False, cut)
            )  # fmt: skip
        for start, _ in empty:
            if zero:
                left.append(Sample(names, start, None, None, 0.0, 0.0))
            elif last and expects:
                low = 0.0 if step.take in ("count", "share", "rms") else -inf
                left.append(Sample(names, start, None, None, low, 1.0 if step.take == "share" else inf))
    return left


def count(spec: Spec, finer: str | None, start: int, stop: int, base: int) -> int:
    """How many of the finer windows begin in [start, stop)."""
    assert finer is not None
    if finer in LENGTHS:
        return (stop - start) // LENGTHS[finer]
    return sum(start <= at < stop for at in calendar(spec.zone, finer, base))


def meaning(spec: Spec, rows: list[dict[str, Any]], base: int) -> list[Sample]:
    parts = samples(spec, rows)
    for number in range(len(spec.steps)):
        parts = step_of(spec, number, parts, base)
    return [part for part in parts if not part.gone]


# What is drawn

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns")
BASES = ("2026-03-28T20:00", "2026-10-24T20:00", "2026-04-04T12:00", "2026-02-27T00:00", "2026-03-08T03:30")
OFS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "row.u": lambda row: row["u"],
    "row.u - row.w": lambda row: None if row["u"] is None or row["w"] is None else row["u"] - row["w"],
    "abs(row.u)": lambda row: None if row["u"] is None else abs(row["u"]),
    "row.u if row.on else row.w": lambda row: (
        row["w"] if row["on"] is False or row["u"] == row["w"] else row["u"] if row["on"] else None
    ),
}
ASKED: dict[str, Callable[[dict[str, Any]], Any]] = {
    'row.u <= q("2 kW")': lambda row: None if row["u"] is None or not isfinite(row["u"]) else row["u"] <= 2 + 1e-9,
    "row.on": lambda row: row["on"],
}
WHERES: dict[str | None, Any] = {
    None: None, "row.on": lambda row: row["on"],
    "row.w > 0": lambda row: None if row["w"] is None or not isfinite(row["w"]) else row["w"] > 1e-9,
}  # fmt: skip
NUMBERS = ("mean", "sum", "rms", "min", "max", "p50", "p90", "p95", "p99.9", "p5", "energy", "count")
COVERAGES = ("100 %", "90 %", "50 %", "33.3 %", "1 %")


def chain(rng: Random, every: str | None, zone: str, condition: bool) -> tuple[Step, ...]:
    finer = {"1 min": ["1 min", "10 min", "15 min", "1 h"], "15 min": ["15 min", "30 min", "1 h"], None: ["1 h"]}[every]
    whole = zone in ("UTC", "Europe/Berlin")
    ladders = [
        [rng.choice(finer), rng.choice(["day", "week"])],
        [rng.choice(finer[-2:]), "day", rng.choice(["week", "month"])],
        ["hour", "day", None], [rng.choice([*finer, "hour", "day"])], [None], [rng.choice([*finer, "day"]), None],
        ["day", "day", None], [rng.choice(finer), rng.choice(finer), "month"],
    ]  # fmt: skip
    ladder = rng.choice(ladders)
    fixed = sorted((w for w in ladder if w in LENGTHS), key=lambda w: LENGTHS[w])
    if not whole:  # what does not divide an offset from UTC does not fit into a local day
        fixed = ["15 min" for _ in fixed]
    if "15 min" in fixed:
        fixed = ["15 min" if w == "10 min" else w for w in fixed]
    ladder = [*fixed, *(w for w in ladder if w not in LENGTHS)]
    by: tuple[str, ...] = rng.choice([("meter", "phase"), ("meter", "phase"), ("meter",), ()])
    made: list[Step] = []
    energy = False
    for number, one in enumerate(ladder):
        takes = ["count", "share"] if condition and number == 0 else list(NUMBERS)
        unitless = condition or energy or any(s.take == "count" for s in made)
        usable = every is not None if number == 0 else ladder[number - 1] is not None
        if unitless or not usable:
            takes = [t for t in takes if t != "energy"]
        taken = rng.choice(takes)
        made.append(Step(taken, by, one, "100 %" if taken in TOTALS else rng.choice(COVERAGES)))
        energy = energy or made[-1].take == "energy"
        by = rng.choice([by, by[:-1]])
    return tuple(made)


def rows_of(rng: Random, every: str | None, base: int) -> list[dict[str, Any]]:
    step = LENGTHS.get(every or "", 7 * MINUTE)
    span = rng.choice([20, 60, 200])
    ordinary = rng.choice(
        [[0.0, 1.0, 2.0, 2.5, 3.0], [0.1, 0.2, 0.7, 230.1, -5.0], [1e-7, 3e-7, -2e-7], [1e12, 3.0, -1e12]]
    )
    holes = rng.choice([0.0, 0.02, 0.3])
    found = []
    for meter in "ab":
        for phase in rng.choice(["x", "xy"]):
            at = base + rng.choice([0, 0, 5, 40]) * step
            for _ in range(span):
                at += step * (1 if rng.random() > holes else rng.choice([2, 3, 30, 200]))
                odd = rng.random() < holes
                value = rng.choice([None, nan, inf, -inf]) if odd else rng.choice(ordinary)
                torn = rng.random() < holes / 3
                row = {"meter": meter, "phase": phase, "time": at, "u": value, "w": rng.choice([1.0, 0.0, -1.0]),
                       "on": None if torn else rng.random() < 0.7}  # fmt: skip
                found += [row] * (2 if rng.random() < holes / 10 else 1)
    rng.shuffle(found)
    return found


def program(rng: Random, spec_of: Callable[[Rule], Pack], every: str | None, zone: str) -> tuple[Program, Any, Any]:
    condition = rng.random() < 0.25
    of = rng.choice(list(ASKED if condition else OFS))
    where = rng.choice([None, None, *WHERES])
    steps = chain(rng, every, zone, condition)
    free = steps[-1].take in ("count", "share") or condition or any(s.take == "count" for s in steps)
    unit = "1" if free else "kWh" if any(s.take == "energy" for s in steps) else "kW"
    limit = Figure(rng.choice([0.0, 1.0, 2.0, 3.0, 0.5]), unit, "lower", "free", "S1", Status.PROJECT)
    rule = Rule(
        "p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "rows", expression("row.value <= limit"),
        {"limit": limit}, scale={"a": "1 kW", "b": "1 kWh", "c": "1"}, of=expression(of), chain=steps,
        where=None if where is None else expression(where),
    )  # fmt: skip
    return compile_rule(rule, spec_of(rule)), (ASKED if condition else OFS)[of], WHERES[where]


def expression(text: str) -> Expression:
    return Expression(text, (Position("r.yaml", 1, 1),))


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=2)


def near(one: float | None, other: float) -> bool:
    return one is not None and (
        one == other or abs(one - other) <= 1e-11 * max(abs(other), 1e-9 * 1e12 if abs(other) > 1e6 else 1e-12)
    )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_duckdb_leaves_of_every_window_what_the_definition_leaves(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    rng = Random(seed)
    every, zone, label = rng.choice(["1 min", "15 min", None]), rng.choice(ZONES), rng.choice(["start", "end"])
    base = round((datetime.fromisoformat(rng.choice(BASES) + "+00:00") - EPOCH).total_seconds()) * 10**9
    rows = rows_of(rng, every, base)
    kept = Table("rows", COLUMNS, ("meter", "phase", "time"), "time", label, every)  # type: ignore[arg-type]
    pack = Pack(
        "test/chains", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {}, tables={"rows": kept}, zone=zone
    )
    connection.execute(
        'CREATE OR REPLACE TABLE data (meter VARCHAR, phase VARCHAR, time BIGINT, u DOUBLE, w DOUBLE, "on" BOOLEAN)'
    )
    connection.execute(
        f"INSERT INTO data VALUES {', '.join(['(?, ?, ?, ?, ?, ?)'] * len(rows))}",
        [cell for row in rows for cell in row.values()],
    )
    made = [program(rng, lambda _: pack, every, zone) for _ in range(CHAINS)]
    chains = {f"left{n}": one.chain for n, (one, _, _) in enumerate(made) if one.chain is not None}
    keys = lower_chains(connection, "data", chains)
    length = LENGTHS.get(every or "")
    for name, (one, of, where) in zip(chains, made, strict=True):
        spec = Spec(length, 0 if label == "start" else length or 1, zone, of, where, one.rule.chain)
        expected = {}
        for part in meaning(spec, rows, base):
            at = [part.names[column] for column in one.rule.chain[-1].by]
            expected[*at, *([part.time] if one.rule.chain[-1].every else []), part.cut] = part
        columns = ", ".join(f'"{column}"' for column in keys[name])
        found = connection.execute(
            f'SELECT {columns + ", " if columns else ""}cut, value, "value.low", "value.high" FROM {name}'
        ).fetchall()
        context = (seed, every, label, zone, one.rule.chain, one.rule.of, one.rule.where)
        assert {row[:-3] for row in found} == expected.keys(), context
        assert len(found) == len(expected), context
        for row in found:
            part, (value, low, high) = expected[row[:-3]], row[-3:]
            if part.cut and not (near(low, part.low) and near(high, part.high)):  # as much as its place needs
                assert low <= part.low, (context, row, part)
                assert high >= part.high, (context, row, part)
                continue
            assert near(low, part.low), (context, row, part)
            assert near(high, part.high), (context, row, part)
            assert (value is None) == (low != high), (context, row, part)
            assert value is None or value == low, (context, row, part)
        limit = one.rule.parameters["limit"].value  # type: ignore[union-attr]
        places: dict[str, int] = defaultdict(int)
        for part in expected.values():
            far = part.low > limit + 1e-9, part.high <= limit + 1e-9
            places["failed" if far[0] else "cut" if part.cut else "passed" if far[1] else "insufficient"] += 1
        counts = judge_rows(connection, name, {"r": lower(one)}, key=keys[name] or ["cut"])["r"].counts
        assert {k: v for k in ("failed", "passed", "cut", "insufficient") if (v := getattr(counts, k))} == places, (
            context
        )
