"""The bounds of percentiles: what missing samples leave open of a window, found by reading its samples again."""

# ruff: noqa: S608 - SQL is made of our own words; names of others pass through `quoted`
from __future__ import annotations

from collections.abc import Mapping

from conformance.engines.chain.statistics import over
from conformance.engines.chain.step import Bench, Step, same

MOST = 8_000_000
"""Samples from the ends of windows that are held at once."""
FEWEST = 20
"""Stretches of time, of this part of the whole, that are read again together rather than apart."""


def ranked(bench: Bench, name: str, step: Step, known: str) -> str:
    """The same with the bounds of a percentile, of the windows that missing samples leave open.

    Of a cut window they only matter if it fails all the same, which is counted first.
    """
    source, item, coverage = step.source, step.item, step.stage.coverage
    open_ = f"whole > n AND (i > n OR NOT n * {coverage.denominator} >= {coverage.numerator} * whole)"
    limit = step.chain.limit if item.points and step.chain.decides(step.number) else None
    beyond = "false"
    if limit is not None:
        beyond = f"({open_}) AND cut AND v{item.number} {'>' if limit.upper else '<'} {limit.number!r}::DOUBLE"
        open_ = f"({open_}) AND NOT cut"
    stop = f"s + {source.grid.length('s')}" if source.grid else "NULL"
    windows = bench.table(
        f"{name}#open",
        f"SELECT {', '.join((*source.groups, 'whole', 'lost'))}, coalesce({open_}, false) AS open, "
        f"coalesce({beyond}, false) AS beyond, {item.depth} AS depth, {stop} AS stop FROM {known}",
    )
    if limit is not None:
        needed = f"whole * {over(item.take)} + 1" if limit.upper else f"whole - whole * {over(item.take)}"
        worse = f"count(CASE WHEN x{item.number} {'>' if limit.upper else '<'} {limit.number!r}::DOUBLE THEN 1 END)"
        failing = _again(
            bench, f"{name}#beyond", step, windows, "beyond", {"worse": worse}, {"fails": f"worse >= {needed}"}
        )
        bench.run(
            f"UPDATE {windows} AS p SET open = true FROM {failing} f WHERE f.fails AND {same('p', 'f', source.groups)}"
        )
    deepest = bench.connection.execute(f"SELECT max(depth) FROM {windows} WHERE open").fetchone()
    bounds = dict(zip(("low", "high"), item.ranks(), strict=True))
    extremes = item.extremes((deepest and deepest[0]) or 1)
    ranks = _again(bench, f"{name}#ranks", step, windows, "open", extremes, bounds)
    return (
        f"(SELECT p.*, ranks.low AS l{item.number}, ranks.high AS h{item.number} FROM {known} p "
        f"LEFT JOIN {ranks} ranks ON {same('p', 'ranks', source.groups)})"
    )


def _again(
    bench: Bench,
    name: str,
    step: Step,
    windows: str,
    asked: str,
    aggregates: Mapping[str, str],
    shown: Mapping[str, str],
) -> str:
    """The table of what ``aggregates`` of the samples show of those of ``windows`` that are ``asked`` for."""
    source = step.source
    grouped = f" GROUP BY {', '.join(source.groups)}" if source.groups else ""
    inner = ", ".join((*source.groups, *(f"{sql} AS {of}" for of, sql in aggregates.items())))
    outer = ", ".join((*(f"o.{g}" for g in source.groups), *(f"{sql} AS {of}" for of, sql in shown.items())))
    table = ""
    for own, where, few in _batches(bench, step, windows, asked):
        samples = source.over(where)
        if few:
            samples = f"(SELECT p.* FROM {samples} p SEMI JOIN {own} o ON {same('p', 'o', source.groups)})"
        select = (
            f"SELECT {outer} FROM {own} o JOIN (SELECT {inner} FROM {samples}{grouped}) p "
            f"ON {same('p', 'o', source.groups)}"
        )
        if table:
            bench.run(f"INSERT INTO {table} {select}")
        else:
            table = bench.table(name, select)
    return table


def _batches(bench: Bench, step: Step, windows: str, asked: str) -> list[tuple[str, str, bool]]:
    """Windows that are asked for, stretch by stretch: the windows, where their samples are, and whether most of the
    samples there belong to others."""
    source = step.source
    if source.grid is None or not source.raw:
        return [(f"(SELECT * FROM {windows} WHERE {asked})", "", True)]
    found = bench.connection.execute(
        f"SELECT s, any_value(stop), sum(depth), count(*) * 2 < any_value(many) FROM (SELECT *, count(*) OVER "
        f"(PARTITION BY s) AS many FROM {windows}) WHERE {asked} AND s IS NOT NULL GROUP BY s ORDER BY s"
    ).fetchall()
    first, last = source.span or (0, 0)
    runs: list[tuple[int, int, int, bool]] = []
    for start, stop, depth, few in found:
        if runs and start - runs[-1][1] <= (last - first) // FEWEST and runs[-1][2] + depth <= MOST:
            begin, before, held, sparse = runs.pop()
            runs.append((begin, stop, held + depth, sparse or few or start > before))
        else:
            runs.append((start, stop, depth, few))
    nowhere = (0, 0, 0, True)
    return [
        (
            f"(SELECT * FROM {windows} WHERE {asked} AND s >= {start} AND s < {stop})",
            f"{source.time} >= {start + source.shift} AND {source.time} < {stop + source.shift}", few,
        )
        for start, stop, _, few in runs or [nowhere]
    ]  # fmt: skip
