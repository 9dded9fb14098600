"""Operators over time in rules: what the engine says of series is what plain loops over their samples say."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from math import inf
from random import Random
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pytest
from attrs import asdict, frozen

from conformance.engines.series import feed as series_feed
from conformance.engines.series.judge import judge_series
from conformance.engines.sql.rows import connect
from conformance.errors import Position, Text
from conformance.model.outcome import Severity
from conformance.model.standard import Expression, Pack, Rule, Table
from conformance.rules import Program, compile_rule
from conformance.rules.verdicts import RowVerdict

SECOND = 10**9
GAP = 3 * SECOND
MW = {"type": "number", "unit": "MW"}
COLUMNS = {
    "type": "object", "required": ["meter", "time", "a", "b", "on", "kind"],
    "properties": {
        "meter": {"type": "string"}, "time": {"type": "string", "format": "date-time"}, "a": MW, "b": MW,
        "on": {"type": "boolean"}, "kind": {"enum": ["x", "y"]},
    },
}  # fmt: skip
PACK = Pack(
    "test/series", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {}, {},
    tables={"samples": Table("samples", COLUMNS, ("meter", "time"), "time")},
)  # fmt: skip


def program(require: str) -> Program:
    rule = Rule(
        "p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "samples",
        Expression(require, (Position("r.yaml", 1, 1),)), gap="3 s",
        scale={"power": "1 MW", "ramp": "1 MW/min", "time": "1 min"},
    )  # fmt: skip
    return compile_rule(rule, PACK)


# The reference: an expression is its text and a function from a trace to one interval a sample.

Ends: TypeAlias = tuple[float, float]


@frozen
class Trace:
    """Samples of one group, and whether they are all there is."""

    times: list[int]
    cells: list[dict[str, Any]]
    whole: bool

    def holes(self) -> list[tuple[int, int]]:
        """Open spans in which samples may be missing."""
        far = 10**15
        inner = [(t, u) for t, u in pairwise(self.times) if u - t > GAP]
        edges = [] if self.whole else [(-far, self.times[0]), (self.times[-1], far)]
        return inner + edges

    def missing(self, first: int, last: int) -> bool:
        """Whether samples may be missing in [first, last]."""
        return any(max(low + 1, first) <= min(high - 1, last) for low, high in self.holes())

    def open_before(self, n: int) -> bool:
        """Whether samples may be missing right before sample n."""
        return self.missing(self.times[n - 1] + 1 if n else self.times[0] - 1, self.times[n] - 1)


Meaning: TypeAlias = Callable[[Trace], list[Ends]]
Phrase: TypeAlias = tuple[str, Meaning]


def each(of: Callable[..., Ends], *parts: Phrase) -> Meaning:
    def meaning(trace: Trace) -> list[Ends]:
        return [of(*ends) for ends in zip(*(part[1](trace) for part in parts), strict=True)]

    return meaning


def column(name: str) -> Meaning:
    return lambda trace: [(-inf, inf) if c[name] is None else (c[name], c[name]) for c in trace.cells]


def opposite(margin: float) -> float:
    return 0.0 if margin == -5e-324 else -5e-324 if margin == 0 else -margin


def unlike(x: Ends) -> Ends:
    return opposite(x[1]), opposite(x[0])


def least(*x: Ends) -> Ends:
    return min(e[0] for e in x), min(e[1] for e in x)


def greatest(*x: Ends) -> Ends:
    return max(e[0] for e in x), max(e[1] for e in x)


def flag(truth: bool | None) -> Ends:
    return (-inf, inf) if truth is None else (inf, inf) if truth else (-inf, -inf)


def compared(strict: bool) -> Callable[[Ends, Ends], Ends]:
    def near(margin: float) -> float:
        return (-5e-324 if strict else 0.0) if abs(margin) <= 1e-9 else margin

    return lambda one, two: (near(two[0] - one[1]), near(two[1] - one[0]))


def window(x: Phrase, a: int, b: int, *, every: bool) -> Meaning:
    def meaning(trace: Trace) -> list[Ends]:
        said = x[1](trace)
        found = []
        for t in trace.times:
            inside = [e for u, e in zip(trace.times, said, strict=True) if t + a <= u <= t + b]
            low, high = (least if every else greatest)(*inside) if inside else (inf, inf) if every else (-inf, -inf)
            past = t + a < trace.times[0] or t + b > trace.times[-1]
            nothing = not inside and not (trace.whole and past)
            if trace.missing(t + a, t + b) or nothing:
                low, high = (-inf, inf if nothing else high) if every else (-inf if nothing else low, inf)
            found.append((low, high))
        return found

    return meaning


def before(trace: Trace, said: list[Ends], n: int) -> Ends:
    if trace.open_before(n):
        return -inf, inf
    return said[n - 1] if n else said[0]


def stepped(of: Callable[[Ends, Ends, int], Ends], x: Phrase) -> Meaning:
    """Of each sample its ends, those of the one before, and the time in between."""

    def meaning(trace: Trace) -> list[Ends]:
        said, times = x[1](trace), trace.times
        steps = [60 * SECOND, *(later - t for t, later in pairwise(times))]
        return [of(s, before(trace, said, n), step) for n, (s, step) in enumerate(zip(said, steps, strict=True))]

    return meaning


def until(x: Phrase, y: Phrase, a: int, b: int) -> Meaning:
    def meaning(trace: Trace) -> list[Ends]:
        xs, ys, times = x[1](trace), y[1](trace), trace.times
        found = []
        for n, t in enumerate(times):
            low = high = -inf
            kept: Ends = inf, inf
            for m in range(n, len(times)):
                u = times[m]
                if m > n and trace.open_before(m):  # a sample before this one, with any values
                    high = max(high, kept[1] if max(times[m - 1] + 1, t + a) <= min(u - 1, t + b) else -inf)
                    kept = -inf, kept[1]
                if t + a <= u <= t + b:
                    low, high = max(low, min(ys[m][0], kept[0])), max(high, min(ys[m][1], kept[1]))
                kept = least(kept, xs[m])
            if not trace.whole and times[-1] < t + b:
                high = max(high, kept[1])
            inside = any(t + a <= u <= t + b for u in times)
            if not inside and not (trace.whole and t + b > times[-1]):
                # Nothing is missing and nothing is there: it says nothing of y.
                kept_high = min((e[1] for u, e in zip(times, xs, strict=True) if t <= u < t + a), default=inf)
                high = high if trace.missing(t + a, t + b) else kept_high
            found.append((low, high))
        return found

    return meaning


def since(x: Phrase, y: Phrase) -> Meaning:
    def meaning(trace: Trace) -> list[Ends]:
        z: Ends = -inf, -inf if trace.whole else inf
        found = []
        for n, (one, two) in enumerate(zip(x[1](trace), y[1](trace), strict=True)):
            if trace.open_before(n):
                z = -inf, inf
            z = greatest(two, least(one, z))
            found.append(z)
        return found

    return meaning


def ago(x: Phrase) -> Meaning:
    def meaning(trace: Trace) -> list[Ends]:
        said = x[1](trace)
        found = []
        for n, t in enumerate(trace.times):
            soonest = latest = inf
            for m in range(n, -1, -1):
                elapsed = t - trace.times[m]
                soonest = min(soonest, elapsed) if said[m][1] >= 0 else soonest
                latest = min(latest, elapsed) if said[m][0] >= 0 else latest
                soonest = min(soonest, elapsed + 1) if trace.open_before(m) else soonest
            found.append((soonest / 6e10, latest / 6e10))
        return found

    return meaning


def response(x: Meaning, within: int) -> Meaning:
    def meaning(trace: Trace) -> list[Ends]:
        said, times = x(trace), trace.times
        found = []
        for n, t in enumerate(times):
            soonest = latest = inf
            for m in range(len(times) - 1, n - 1, -1):
                if trace.missing(times[m] + 1, times[m + 1] - 1 if m + 1 < len(times) else times[m] + 1):
                    soonest = times[m] + 1 - t
                soonest = times[m] - t if said[m][1] >= 0 else soonest
                latest = times[m] - t if said[m][0] >= 0 else latest
            found.append((min(soonest, within + 1) / 6e10, (latest if latest <= within else inf) / 6e10))
        return found

    return meaning


def risen(begun: Phrase, done: Phrase, within: int) -> Meaning:
    starts, stops = (("", response(p[1], within)) for p in (begun, done))
    return each(lambda s, e: (max(e[0] - s[1], 0.0), max(e[1] - s[0], 0.0)), starts, stops)


# Drawing


def amount(rng: Random, depth: int) -> Phrase:
    match rng.randrange(6 if depth > 0 else 3):
        case 0:
            return "row.a", column("a")
        case 1:
            return "row.b", column("b")
        case 2:
            value = rng.choice([1, 1.5, 2, 3])
            return f'q("{value} MW")', lambda trace: [(value, value)] * len(trace.times)
        case 3:
            one, two = amount(rng, depth - 1), amount(rng, depth - 1)
            return f"({one[0]} - {two[0]})", each(lambda x, y: (x[0] - y[1], x[1] - y[0]), one, two)
        case 4:
            one = amount(rng, depth - 1)
            return f"abs({one[0]})", each(
                lambda x: (0.0 if x[0] <= 0 <= x[1] else min(map(abs, x)), max(map(abs, x))), one
            )
    one = amount(rng, depth - 1)
    return f"previous({one[0]})", stepped(lambda x, y, step: y, one)


def change(x: Ends, y: Ends, step: int) -> Ends:
    if x[0] > y[1] or x[1] < y[0]:
        return flag(True)
    return flag(False if x[0] == x[1] == y[0] == y[1] else None)


def condition(rng: Random, depth: int) -> Phrase:
    def below() -> Phrase:
        return condition(rng, depth - 1)

    def seconds(least: int = 0, most: int = 6) -> int:
        return rng.randint(least, most)

    strict = rng.random() < 0.4
    sign = "<" if strict else "<="
    kind = rng.randrange(18 if depth > 0 else 4)
    if kind < 2:
        one, two = amount(rng, min(depth, 2)), amount(rng, min(depth, 2))
        return f"{one[0]} {sign} {two[0]}", each(compared(strict), one, two)
    if kind == 2:
        return "row.on", lambda trace: [flag(c["on"]) for c in trace.cells]
    if kind == 3:
        return 'row.kind == "x"', lambda trace: [
            flag(None if c["kind"] is None else c["kind"] == "x") for c in trace.cells
        ]
    if kind == 4:
        x = below()
        return f"not ({x[0]})", each(unlike, x)
    if kind in (5, 6):
        x, y = below(), below()
        word, meet = ("and", least) if kind == 5 else ("or", greatest)
        return f"(({x[0]}) {word} ({y[0]}))", each(meet, x, y)
    if kind in (7, 8):
        a = seconds(-5, 5)
        b = a + seconds()
        x, every = below(), kind == 7
        name = "always" if every else "eventually"
        return f'{name}({x[0]}, q("{a} s"), q("{b} s"))', window(x, a * SECOND, b * SECOND, every=every)
    if kind == 9:
        x, d = below(), seconds()
        return f'held({x[0]}, q("{d} s"))', window(x, -d * SECOND, 0, every=True)
    if kind == 10:
        x, y, a = below(), below(), seconds(0, 3)
        b = a + seconds()
        return f'until({x[0]}, {y[0]}, q("{a} s"), q("{b} s"))', until(x, y, a * SECOND, b * SECOND)
    if kind == 11:
        x, y = below(), below()
        return f"since({x[0]}, {y[0]})", since(x, y)
    if kind == 12:
        x = below()
        return f"rises({x[0]})", stepped(lambda x, y, step: least(x, unlike(y)), x)
    if kind == 13:
        x = below()
        return rng.choice([
            (f"changed({x[0]})", stepped(change, ("", each(lambda e: (float(e[0] >= 0), float(e[1] >= 0)), x)))),
            ("changed(row.a)", stepped(change, ("", column("a")))),
            ("changed(row.on)", stepped(change, ("", column("on")))),
            ("changed(row.kind)", stepped(change, ("", lambda trace: [
                (-inf, inf) if c["kind"] is None else (ord(c["kind"]), ord(c["kind"])) for c in trace.cells
            ]))),
        ])  # fmt: skip
    limit = seconds(0, 8)
    allowed: Phrase = "", lambda trace: [(limit / 60, limit / 60)] * len(trace.times)
    if kind == 14:
        one = amount(rng, 1)
        cap: Phrase = "", lambda trace: [(10.0 * limit, 10.0 * limit)] * len(trace.times)
        ramp: Phrase = (
            "",
            stepped(lambda x, y, step: ((x[0] - y[1]) * 60 * SECOND / step, (x[1] - y[0]) * 60 * SECOND / step), one),
        )
        return f'rate({one[0]}) {sign} q("{10 * limit} MW/min")', each(compared(strict), ramp, cap)
    x, within, keep = below(), seconds(1, 8), seconds(0, 3)
    if kind == 15:
        return f'since({x[0]}) {sign} q("{limit} s")', each(compared(strict), ("", ago(x)), allowed)
    if kind == 16:
        y = below()
        times = risen(x, y, within * SECOND)
        return f'rise_time({x[0]}, {y[0]}, q("{within} s")) {sign} q("{limit} s")', each(
            compared(strict), ("", times), allowed
        )
    settled = response(window(x, 0, keep * SECOND, every=True), within * SECOND)
    return f'settling_time({x[0]}, q("{keep} s"), q("{within} s")) {sign} q("{limit} s")', each(
        compared(strict), ("", settled), allowed
    )


def group(rng: Random) -> list[tuple[int, dict[str, Any]]]:
    """Samples in the order of time, some instants twice."""
    times = np.cumsum([rng.choice([1, 1, 1, 1, 2, 3, 5]) for _ in range(rng.randint(1, 16))]) * SECOND
    torn = rng.choice([0.0, 0.15])

    def cell(*values: Any) -> Any:
        return None if rng.random() < torn else rng.choice(values)

    found = []
    for t in times.tolist():
        for _ in range(2 if rng.random() < 0.03 else 1):
            found.append((t, {
                "a": cell(0.0, 0.5, 1.0, 1.5, 2.0, 3.0), "b": cell(0.0, 1.0, 1.5, 2.0), "on": cell(True, False),
                "kind": cell("x", "y"),
            }))  # fmt: skip
    return found


def place(low: float, high: float) -> str:
    return "passed" if low >= 0 else "failed" if high < 0 else "insufficient"


def expected(meaning: Meaning, rows: list[tuple[int, dict[str, Any]]]) -> dict[int, tuple[str, Ends]]:
    """Place and ends of each instant."""
    at: dict[int, list[dict[str, Any]]] = {}
    for t, cells in rows:
        at.setdefault(t, []).append(cells)
    lost: dict[str, Any] = dict.fromkeys(("a", "b", "on", "kind"))
    once = [cells[0] if len(cells) == 1 else lost for cells in at.values()]
    open_, whole = (meaning(Trace(list(at), once, flag)) for flag in (False, True))
    return {
        t: ("cut" if place(*e) == "insufficient" and place(*w) != "insufficient" else place(*e), e)
        for t, e, w in zip(at, open_, whole, strict=True)
    }


def stored(connection: duckdb.DuckDBPyConnection, rng: Random, groups: list[list[tuple[int, dict[str, Any]]]]) -> int:
    """Put the rows into a table, in no order, with some that stand at no time or in no group; how many there are."""
    rows = [(f"m{n}", t, *c.values()) for n, group in enumerate(groups) for t, c in group]
    rows += [(None, SECOND, 1.0, 1.0, True, "x"), ("m0", None, 1.0, 1.0, True, "x")]
    if rng.random() < 0.5:
        rng.shuffle(rows)
    connection.execute(
        'CREATE OR REPLACE TABLE samples (meter VARCHAR, time BIGINT, a DOUBLE, b DOUBLE, "on" BOOLEAN, kind VARCHAR)'
    )
    connection.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)", rows)
    return len(rows)


def judged(connection: duckdb.DuckDBPyConnection, programs: dict[str, Program]) -> dict[str, RowVerdict]:
    return judge_series(
        connection, "samples", programs, key=("meter", "time"), time="time", groups=("meter",), worst=10**6
    )


@pytest.mark.parametrize("seed", range(250 if os.environ.get("CONFORMANCE_FULL") else 25))
def test_a_rule_says_of_every_sample_what_loops_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(seed)
    monkeypatch.setattr(series_feed, "CHUNK", rng.choice([1, 2, 5, 1000]))
    monkeypatch.setattr(series_feed, "BATCH", rng.choice([1, 5, 40, 1000]))
    connection = connect(threads=1)
    groups = [group(rng) for _ in range(8)]
    rows = stored(connection, rng, groups)
    phrases = [condition(rng, 3) for _ in range(10)]
    found = judged(connection, {text: program(text) for text, _ in phrases})
    for text, meaning in phrases:
        says = {(f"m{n}", t): said for n, g in enumerate(groups) for t, said in expected(meaning, g).items()}
        counts: dict[str, int] = {"insufficient": rows - len(says)}
        for where, _ in says.values():
            counts[where] = counts.get(where, 0) + 1
        counts["cases"] = rows
        verdict = found[text]
        assert {k: v for k, v in asdict(verdict.counts).items() if v} == counts, text
        for one in verdict.worst:
            where, ends = says.pop((str(one.key[0]), int(str(one.key[1]))))
            assert one.place == where, (text, one)
            if one.margin is not None:
                shown = (one.margin.normalised.low, one.margin.normalised.high)
                assert shown == pytest.approx(ends, abs=1e-9), (text, one)
        for where, ends in says.values():
            assert where not in ("failed", "passed") or ends[0] == inf, text


def test_margins_of_rules_agree_with_rtamt_on_a_thousand_traces() -> None:
    rtamt = pytest.importorskip("rtamt")
    rng = np.random.default_rng(20_260_702)
    connection = connect(threads=1)
    compared = decided = 0
    for _ in range(25):
        a = int(rng.integers(0, 6))
        b = a + int(rng.integers(0, 8))
        x, y = "row.a >= row.b", 'row.b >= q("0 MW")'
        texts = {
            f'always({x}, q("{a} s"), q("{b} s"))': f"always[{a}:{b}](x)",
            f'eventually({x}, q("{a} s"), q("{b} s"))': f"eventually[{a}:{b}](x)",
            f'until({x}, {y}, q("{a} s"), q("{b} s"))': f"(x) until[{a}:{b}] (y)",
            f'held({x}, q("{b} s"))': f"historically[0:{b}](x)",
            f"since({x}, {y})": "(x) since (y)",
            f"rises({x})": "rise(x)",
            f'always({x} and held({y}, q("{a} s")), 0, q("{b} s"))': f"always[0:{b}]((x) and (historically[0:{a}](y)))",
        }
        monitors = {}
        for ours in rng.choice(list(texts), 2, replace=False).tolist():
            monitor = rtamt.StlDiscreteTimeSpecification()
            for name in ("x", "y", "out"):
                monitor.declare_var(name, "float")
            monitor.spec = f"out = {texts[ours]}"
            monitor.parse()
            monitors[ours] = monitor
        traces = [rng.normal(size=(2, int(rng.integers(20, 40)))) for _ in range(40)]
        rows = [
            {"meter": f"m{n}", "time": t * SECOND, "a": float(one), "b": float(two)}
            for n, trace in enumerate(traces)
            for t, (one, two) in enumerate(trace.T)
        ]
        connection.execute("CREATE OR REPLACE TABLE samples (meter VARCHAR, time BIGINT, a DOUBLE, b DOUBLE)")
        connection.executemany("INSERT INTO samples VALUES (?, ?, ?, ?)", [tuple(row.values()) for row in rows])
        found = judged(connection, {text: program(text) for text in monitors})
        for text, monitor in monitors.items():
            margins = {}
            for n, (one, two) in enumerate(traces):
                data = {"time": list(range(len(one))), "x": (one - two).tolist(), "y": two.tolist()}
                margins.update({(f"m{n}", t * SECOND): m for t, m in monitor.evaluate(data)})
            for worst in found[text].worst:
                assert worst.margin is not None
                low, high = worst.margin.normalised.low, worst.margin.normalised.high
                theirs = margins[str(worst.key[0]), int(str(worst.key[1]))]
                assert low <= theirs <= high, (text, worst)
                decided += low == high
            compared += len(margins)
    assert decided > 0.6 * compared
