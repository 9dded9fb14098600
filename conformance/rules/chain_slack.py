"""How near a percentile is to its limit, counted: the margin of a percentile is flat, these are not."""

# ruff: noqa: S608 - SQL is made of our own words; names of others pass through `quoted`
from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from conformance.rules.chain import Chain
from conformance.rules.chain_samples import Connection, quoted, reading, rows_of
from conformance.rules.chain_sql import lower_chains
from conformance.rules.chain_statistics import over
from conformance.rules.sql_sheet import Sheet


@frozen
class Slack:
    """Of one window of a percentile: how many samples may lie beyond the limit, and how many do."""

    allowed: int
    observed: int
    kth: float
    """The margin of the k-th worst sample, where ``allowed`` is k - 1: the one that decides, in the unit of value."""

    @property
    def count(self) -> int:
        """How many more samples may lie beyond the limit; below zero, too many do."""
        return self.allowed - self.observed


def slack_of(
    connection: Connection, relation: str, chain: Chain, keys: Sequence[tuple[object, ...]], *, unique: bool = False
) -> list[Slack | None]:
    """The slack of each of the windows ``keys`` of what ``chain`` leaves of ``relation``, over its known samples.

    None of all if the value is no percentile, or the greatest (least) of some, that is held against a number from above
    (from below); of a window that has several percentiles that of the one with the least slack.
    """
    at = next((n for n, s in enumerate(chain.stages) if s.take.statistic == "percentile" and chain.decides(n)), None)
    limit = chain.limit
    if at is None or limit is None:
        return [None] * len(keys)
    stage, last = chain.stages[at], chain.stages[-1]
    samples, span = _samples(connection, relation, chain, at, unique=unique)
    start = "NULL"
    if stage.windows is not None and span is not None:
        start = stage.windows.grid(*span).start("t")
    dropped, beyond = over(stage.take), ">" if limit.upper else "<"
    many = f"n * {dropped}" if limit.upper else f"n - n * {dropped} - 1"
    place = f"list_{'reverse_' if limit.upper else ''}sort(list(x))[{many.replace('n', 'count(x)', 1)} + 1]"
    if not limit.upper:
        place = f"list_sort(list(x))[count(x) - count(x) * {dropped}]"
    sign = 1 if limit.upper else -1
    groups = ", ".join([*(f"b{n}" for n in range(len(stage.by))), "s"])
    found: list[Slack | None] = []
    for key in keys:
        values = dict(zip(last.by, key, strict=False))
        where = [f"b{stage.by.index(name)} IS NOT DISTINCT FROM ${n}" for n, name in enumerate(values, 1)]
        given = list(values.values())
        if last.windows is not None and span is not None:
            begin = int(key[-1])  # type: ignore[call-overload]
            own = last.windows.grid(begin, begin)
            where.append(f"s >= {begin} AND s < {own.runs[0].start + own.runs[0].length}")
        asked = (
            f"SELECT {many} AS allowed, worse, {sign} * ({limit.number!r}::DOUBLE - kth) FROM (SELECT count(x) AS n, "
            f"count(CASE WHEN x {beyond} {limit.number!r}::DOUBLE THEN 1 END) AS worse, {place} AS kth FROM "
            f"(SELECT *, {start} AS s FROM {samples}) WHERE x IS NOT NULL AND {' AND '.join(where) or 'true'} "
            f"GROUP BY {groups}) ORDER BY allowed - worse, 3 LIMIT 1"
        )
        row = connection.execute(asked, given).fetchone()
        found.append(Slack(*row) if row else None)
    return found


def _samples(
    connection: Connection, relation: str, chain: Chain, at: int, *, unique: bool
) -> tuple[str, tuple[int, int] | None]:
    """What step ``at`` takes its percentile of: groups, ``t`` and ``x``; and the span of ``t``."""
    by = chain.stages[at].by
    if at == 0:
        types = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {quoted(relation)})").fetchall()
        sheet = Sheet(dict(types))
        kept = None if chain.where is None else reading(sheet, chain.where)
        of = None if chain.of is None else reading(sheet, chain.of)
        source = rows_of(connection, relation, evolve_windows(chain), kept=kept, items=[of]) if False else None
        raise NotImplementedError(source)
    return "", None
