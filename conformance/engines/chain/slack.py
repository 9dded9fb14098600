"""How near a percentile is to its limit, counted: the margin of a percentile is flat, these are not."""

# ruff: noqa: S608 - SQL is made of our own words; names of others pass through `quoted`
from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from conformance.engines.chain.lower import lower_chains, samples_of
from conformance.engines.chain.samples import Connection
from conformance.engines.chain.statistics import over
from conformance.engines.sql.sheet import quoted
from conformance.model.outcome import Slack
from conformance.rules.chain import Chain


def slack_of(
    connection: Connection, relation: str, chain: Chain, keys: Sequence[tuple[object, ...]], *, unique: bool = False
) -> list[Slack | None]:
    """The slack of each of the windows ``keys`` of what ``chain`` leaves of ``relation``, over its known samples.

    None if the value is not a percentile, or the greatest (least) of some, that is held against a number from above
    (from below). Of a window that has several percentiles it is that of the one with the least slack. ``unique`` as in
    `lower_chains`.
    """
    at = next((n for n, s in enumerate(chain.stages) if s.take.statistic == "percentile" and chain.decides(n)), None)
    limit = chain.limit
    if at is None or limit is None or not keys:
        return [None] * len(keys)
    stage, last = chain.stages[at], chain.stages[-1]
    samples = _samples(connection, relation, chain, at, unique=unique)
    if stage.windows is not None:
        first, end = connection.execute(f"SELECT min(t), max(t) FROM ({samples})").fetchone() or (0, 0)
        samples = f"SELECT *, {stage.windows.grid(first or 0, end or 0).start('t')} AS s FROM ({samples})"
    groups = [f"b{n}" for n in range(len(stage.by))] + (["s"] if stage.windows else [])
    above, dropped = over(stage.take), f"n * {over(stage.take)}"
    number, sign = f"{limit.number!r}::DOUBLE", 1 if limit.upper else -1
    allowed = dropped if limit.upper else f"n - {dropped} - 1"
    far = f"{sign} * (x - {number}) > {limit.tolerance!r}::DOUBLE"
    place = f"count(x) * {above} + 1" if limit.upper else f"count(x) - count(x) * {above}"
    grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
    sort = "list_reverse_sort" if limit.upper else "list_sort"
    found: list[Slack | None] = []
    for key in keys:
        where = [f"b{stage.by.index(name)} IS NOT DISTINCT FROM ${n}" for n, name in enumerate(last.by, 1)]
        if last.windows is not None:
            begin = int(str(key[len(last.by)]))
            where.append(f"s >= {begin} AND s < {last.windows.grid(begin, begin).runs[-1].end}")
        row = connection.execute(
            f"SELECT {allowed} AS allowed, worse, {sign} * ({number} - kth) AS margin FROM (SELECT count(x) AS n, "
            f"count(CASE WHEN {far} THEN 1 END) AS worse, {sort}(list(x))[{place}] AS kth FROM ({samples}) "
            f"WHERE {' AND '.join(['x IS NOT NULL', *where])}{grouped}) "
            "WHERE n > 0 ORDER BY allowed - worse, margin LIMIT 1",
            list(key[: len(last.by)]),
        ).fetchone()
        found.append(Slack(*row) if row else None)
    return found


def _samples(connection: Connection, relation: str, chain: Chain, at: int, *, unique: bool) -> str:
    """A query for what step ``at`` takes its percentile of: its groups, the time ``t``, and ``x`` where it is known."""
    if at == 0:
        return samples_of(connection, relation, chain, unique=unique)
    before = f"{relation}#before"
    lower_chains(connection, relation, {before: evolve(chain, stages=chain.stages[:at])}, unique=unique)
    columns = [f"{quoted(name)} AS b{n}" for n, name in enumerate(chain.stages[at].by)]
    columns += ["start AS t"] if chain.stages[at - 1].windows else []
    return f"SELECT {', '.join((*columns, 'value AS x'))} FROM {quoted(before)}"
