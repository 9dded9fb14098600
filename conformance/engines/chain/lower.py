"""Chains in DuckDB: the table of what a chain leaves, with the interval of each value.

The first step reads the relation; chains whose first steps have the same groups, windows and rows share that scan.
Percentiles of many rows are taken in stretches of time (or of groups), so that memory stays flat. The steps after it
read what the step before left, window by window, which is small.
"""

# ruff: noqa: S608 - SQL is made of our own words; names of others pass through `quoted`
from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from conformance.engines.chain.footers import Footers
from conformance.engines.chain.ranks import ranked
from conformance.engines.chain.samples import Connection, Source, column_of, parts_of, reading, rows_of
from conformance.engines.chain.statistics import MINUS_INF, Item, nothing
from conformance.engines.chain.step import Bench, Step, same
from conformance.engines.chain.sums import INF, Room
from conformance.engines.sql.prune import ParquetRows
from conformance.engines.sql.sheet import Sheet, Term, quoted
from conformance.rules.chain import Chain
from conformance.rules.engine import Kind
from conformance.rules.windows import HOUR

MOST = 16_000_000
"""Rows whose values are held at once to find a percentile; twice as many of one window."""
MOST_SLICES = 64
"""Parts of the groups that are read one after the other."""
LONGEST_GAP = 10_000
"""Windows without a sample that are shown one by one, between two that have some."""


def lower_chains(
    connection: Connection,
    relation: str,
    chains: Mapping[str, Chain],
    *,
    unique: bool = False,
    parquet: ParquetRows | None = None,
) -> dict[str, tuple[str, ...]]:
    """Make a temporary table of each of ``chains``, by name, over the rows of ``relation``; returns their keys.

    A table has the columns of the last step's ``by``; with windows ``start`` (UTC nanoseconds); ``value``, null unless
    it is one number; ``value.low`` and ``value.high``, all that missing samples could have made of it; and ``cut``,
    true of a window that reaches beyond the first or last sample of its group. A step without windows pools cut windows
    of the step before apart from whole ones, in a row of its own that is cut.
    Windows without a sample, between others of their group, are rows too; at most `LONGEST_GAP` in one gap.

    ``unique`` promises that no key of the relation is doubled, as opening a table finds out; else it is counted here.
    ``parquet`` says which files the relation shows, whose footers may spare looking for the span of times and for the
    greatest sample. What they say is held against what is read; the values are the same in any case.
    """
    sheet = _sheet(connection, relation)
    scans: dict[object, dict[str, Chain]] = {}
    kept: dict[str, Term | None] = {}
    footers = None
    if parquet is not None:
        kinds: dict[str, Kind] = {c.table.time: "instant" for c in chains.values() if c.table.time}
        read = [column_of(sheet, chain.of) for chain in chains.values() if chain.of is not None]
        kinds |= {name: "number" for name in read if name is not None}
        footers = Footers.read(connection, parquet, kinds)
    for name, chain in chains.items():
        kept[name] = None if chain.where is None else reading(sheet, chain.where)
        first = chain.stages[0]
        scans.setdefault((first.by, first.windows, kept[name]), {})[name] = chain
    lowering = _Lowering(connection, relation, unique, footers)
    for alike in scans.values():
        lowering.scan(sheet, alike, kept[next(iter(alike))])
    lowering.bench.clear()
    return {name: chain.key for name, chain in chains.items()}


def samples_of(connection: Connection, relation: str, chain: Chain, *, unique: bool) -> str:
    """A query for the samples of the first step of ``chain``: ``b0`` ..., the time ``t``, and ``x0`` as ``x``."""
    sheet = _sheet(connection, relation)
    kept = None if chain.where is None else reading(sheet, chain.where)
    of = None if chain.of is None else reading(sheet, chain.of)
    doubled = _Lowering(connection, relation, unique, None).doubled(chain)
    source = rows_of(connection, relation, sheet, chain, kept, [of], doubled, trusting=True, summed={})
    return f"SELECT {', '.join((*source.named, 't', 'x0 AS x'))} FROM {source.over()}"


def _sheet(connection: Connection, relation: str) -> Sheet:
    described = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {quoted(relation)})").fetchall()
    return Sheet(dict(described))


class _Lowering:
    def __init__(self, connection: Connection, relation: str, unique: bool, footers: Footers | None) -> None:
        self.connection, self.relation, self.unique, self.footers = connection, relation, unique, footers
        self.bench = Bench(connection)
        self.doubles: dict[tuple[str, ...], str | None] = {}

    def doubled(self, chain: Chain) -> str | None:
        """The table of keys that come twice; None if there are none, or if that is no fault here."""
        key = chain.table.key
        if self.unique or chain.table.time not in key:
            return None
        if key not in self.doubles:
            columns = ", ".join(quoted(name) for name in key)
            name = f"{self.relation}#doubled"
            table = self.bench.table(
                name, f"SELECT ({columns}) AS key FROM {quoted(self.relation)} GROUP BY {columns} HAVING count(*) > 1"
            )
            some = self.connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
            self.doubles[key] = name if some else None
        return self.doubles[key]

    def scan(self, sheet: Sheet, chains: Mapping[str, Chain], kept: Term | None) -> None:
        """The first step of ``chains``, all in one pass, and for each of them the steps after it."""
        some = next(iter(chains.values()))
        readings: list[Term | None] = []
        summed: dict[int, str | None] = {}
        items: dict[str, Item] = {}
        for name, chain in chains.items():
            of = None if chain.of is None else reading(sheet, chain.of)
            take = chain.stages[0].take
            known = next((i for i in items.values() if i.take == take and readings[i.number] == of), None)
            hours = chain.length / HOUR if take.statistic == "energy" and chain.length else None
            items[name] = known or Item(take, len(readings), True, of is None or chain.condition, hours)
            if known is None:
                if items[name].sums and chain.of is not None:
                    summed[len(readings)] = column_of(sheet, chain.of)
                readings.append(of)
        distinct = list({item.number: item for item in items.values()}.values())
        name, doubled = f"{next(iter(chains))}#0", self.doubled(some)
        asked = (self.connection, self.relation, sheet, some, kept, readings, doubled)
        source = rows_of(*asked, trusting=True, footers=self.footers, summed=summed)
        aggregated = self.aggregate(name, source, distinct, whole=False)
        if not source.doubled and not self.all_read(aggregated, source):
            source = rows_of(*asked, trusting=False, summed=summed)
            aggregated = self.aggregate(name, source, distinct, whole=True)
        series = self.series(f"{next(iter(chains))}#series", source, some, 0)
        for name, chain in chains.items():
            parts = self.finish(name, Step(chain, 0, source, items[name], aggregated), series)
            for number in range(1, len(chain.stages)):
                parts = self.further(name, chain, number, parts)

    def further(self, name: str, chain: Chain, number: int, parts: str) -> str:
        """A step after the first, over what the one before left in ``parts``."""
        take, before, hours = chain.stages[number].take, chain.stages[number - 1].windows, None
        if take.statistic == "energy" and before is not None:
            span = self.connection.execute(f"SELECT min(s), max(s) FROM {parts}").fetchone() or (None, None)
            grid = before.grid(span[0] or 0, span[1] or 0)
            hours = f"(({grid.length('s')}) / {float(HOUR)!r})"
        source = parts_of(self.connection, parts, chain, number, hours=hours)
        item = Item(take, 0, False)
        aggregated = self.aggregate(f"{name}#{number}", source, [item], whole=True)
        series = self.series(f"{name}#series{number}", source, chain, number)
        return self.finish(name, Step(chain, number, source, item, aggregated), series)

    # One step

    def all_read(self, table: str, source: Source) -> bool:
        """Whether every row was read and lies in the span: not one without a time, nor what a file keeps back whose
        statistics lie."""
        asked = f"SELECT sum(r + e), min(f), max(l) FROM {table}"
        rows, first, last = self.connection.execute(asked).fetchone() or (0, None, None)
        return (rows or 0) == source.rows and (source.span is None or first is None or (first, last) == source.span)

    def aggregate(self, name: str, source: Source, items: Sequence[Item], *, whole: bool) -> str:
        """The table of all aggregates of ``items``, by group and window; ``whole``: of all samples at once."""
        gone = "count(CASE WHEN gone THEN 1 END)" if source.selective else "0::BIGINT"
        wanted: dict[str, str] = {"r": f"count(*) - {gone}", "e": gone}
        if source.doubled:
            wanted["r"] = f"count(CASE WHEN alone THEN 1 END) - {gone} + count(DISTINCT key) FILTER (NOT alone)"
        if source.raw:
            wanted |= {"f": "min(t)", "l": "max(t)"}
        else:
            wanted |= {"f": "min(f)", "l": "max(l)", "a": "min(t)", "z": "max(t)"}
        for item in items:
            wanted |= item.aggregates(source.room(item.number))
        aggregates = ", ".join(f"{sql} AS {alias}" for alias, sql in wanted.items())
        groups = ", ".join(source.groups)
        grouped = f" GROUP BY {groups}" if groups else " HAVING count(*) > 0"
        shown = f"* REPLACE ({source.grid.start_of('s')} AS s)" if source.grid else "*"
        table = ""
        for where in [""] if whole else _stretches(source, items):
            samples = source.over(where, numbered=True)
            select = f"SELECT {shown} FROM (SELECT {', '.join((*source.groups, aggregates))} FROM {samples}{grouped})"
            if table:
                self.bench.run(f"INSERT INTO {table} {select}")
            else:
                table = self.bench.table(name, select)
        for item in items:
            self.rescale(table, source, item)
        return table

    def rescale(self, table: str, source: Source, item: Item) -> None:
        """Sum again, in a scale of their own, the windows for whose samples there was no room."""
        if item.sums is None:
            return
        unfit = item.sums.unfit(source.room(item.number))
        if self.connection.execute(f"SELECT 1 FROM {table} WHERE {unfit} LIMIT 1").fetchone() is None:
            return
        odd = self.bench.table(
            "#odd", f"SELECT {', '.join((*source.groups, f'{item.sums.fitting} AS scale'))} FROM {table} WHERE {unfit}"
        )
        sums = item.sums.columns(Room.scaled(source.rows), scale="scale")
        shown = ", ".join((*source.groups, *(f"{sql} AS {alias}" for alias, sql in sums.items())))
        groups = ", ".join(source.groups)
        again = self.bench.table(
            "#again",
            f"SELECT {shown} FROM (SELECT p.*, odd.scale FROM {source.over()} p JOIN {odd} odd ON "
            f"{same('p', 'odd', source.groups)}){f' GROUP BY {groups}' if groups else ''}",
        )
        changed = ", ".join(f"{alias} = again.{alias}" for alias in sums)
        self.bench.run(
            f"UPDATE {table} AS p SET {changed} FROM {again} again WHERE {same('p', 'again', source.groups)}"
        )

    def series(self, name: str, source: Source, chain: Chain, number: int) -> str | None:
        """The table of how many series each group pools; None if each group is one."""
        if number == 0:
            keys = [n for n, key in enumerate(chain.table.key) if key != chain.table.time]
            left = [chain.table.key[n] for n in keys if chain.table.key[n] not in chain.stages[0].by]
            if not left or chain.length is None:
                return None
            by = [f"{quoted(column)} AS b{n}" for n, column in enumerate(chain.stages[0].by)]
            inner = (
                f"SELECT DISTINCT {', '.join((*by, *(quoted(column) for column in left)))} FROM {quoted(self.relation)}"
            )
        else:
            left = [n for n in chain.stages[number - 1].by if n not in chain.stages[number].by]
            if not left or chain.stages[number - 1].windows is None:
                return None
            columns = (*source.named, *(f"d{n}" for n in range(len(left))))
            inner = f"SELECT DISTINCT {', '.join(columns)} FROM {source.over()}"
        grouped = f" GROUP BY {', '.join(source.named)}" if source.named else ""
        return self.bench.table(
            name, f"SELECT {', '.join((*source.named, 'count(*) AS many'))} FROM ({inner}){grouped}"
        )

    def finish(self, name: str, step: Step, series: str | None) -> str:
        """The table of what the step leaves: of the last one that of the chain, else of parts."""
        known = f"({self.weighed(step, series)})"
        if step.item.take.statistic == "percentile":
            known = ranked(self.bench, name, step, self.bench.table(f"{name}#known", known))
        source, stage = step.source, step.stage
        value, low, high = step.item.ends()
        final = "true"
        if not step.expects or source.grid is None:  # how much of a cut window lies beyond the ends, nobody knows
            final = "NOT cut"
            loose = step.item.loosened(low, high)
            low, high = (f"CASE WHEN cut THEN {b} ELSE {a} END" for a, b in zip((low, high), loose, strict=True))
        many = [*source.named, *(["s"] if source.grid else [])]
        named = " AND ".join(f"{column} IS NOT NULL" for column in many) or "true"
        nowhere = "" if step.last else f"WHEN NOT ({named}) THEN NULL "  # perhaps it is no sample of its own
        start = ["s"] if source.grid else ["CAST(NULL AS BIGINT) AS s"]
        found = f"SELECT *, {value} AS v, {low} AS low, {high} AS high FROM {known}"
        covered = f"n * {stage.coverage.denominator} >= {stage.coverage.numerator} * whole"
        kept = f"{named} AND {final} AND {covered} AND isfinite(v)"
        found = (
            f"SELECT {', '.join((*source.named, *start))}, f, l, gone, cut, "
            f"CASE WHEN {kept} THEN greatest(low, least(v, high)) "
            f"WHEN {named} AND low = high AND isfinite(low) THEN low END + 0.0e0 AS x, "
            f"CASE {nowhere}WHEN {named} AND low < {INF} THEN low ELSE {MINUS_INF} END AS lo, "
            f"CASE {nowhere}WHEN {named} AND high > {MINUS_INF} AND high <= {INF} THEN high ELSE {INF} END AS hi "
            f"FROM ({found})"
        )
        ends = "x::DOUBLE AS x, coalesce(x, lo)::DOUBLE AS lo, coalesce(x, hi)::DOUBLE AS hi"
        bounded = f"SELECT * REPLACE ({ends}) FROM ({found})"
        parts = self.bench.table(f"{name}#parts{step.number}", bounded)
        if source.grid is not None and (step.zero or (step.last and step.expects)):
            self.bench.run(f"INSERT INTO {parts} {self.gaps(step, parts)}")
        if step.last:
            columns = [f"b{n} AS {quoted(column)}" for n, column in enumerate(stage.by)]
            columns += ["s AS start"] if stage.windows else []
            shown = ", ".join((*columns, 'x AS value, lo AS "value.low", hi AS "value.high", cut'))
            self.bench.run(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS SELECT {shown} FROM {parts} WHERE NOT gone")
        return parts

    def weighed(self, step: Step, series: str | None) -> str:
        """A query for the aggregates with how many samples are expected, known and lost in each window."""
        source, number = step.source, step.item.number
        groups = f"PARTITION BY {', '.join(source.named)}" if source.named else ""
        spans = f"SELECT *, min(f) OVER ({groups}) AS begun, max(l) OVER ({groups}) AS ended FROM {step.aggregated}"
        tolerance = step.chain.length or 1
        cut = "false" if step.number == 0 or source.grid else "c"
        if source.grid is not None:
            end = f"s + {source.grid.length('s')}"
            cut = f"coalesce(begun - s >= {tolerance} OR {end} - (ended + {tolerance}) >= {tolerance}, false)"
        many = "1"
        if series is not None:
            many = "many"
            spans = f"SELECT p.*, many FROM ({spans}) p JOIN {series} series ON {same('p', 'series', source.named)}"
        expected = step.expected()
        whole = f"greatest(({expected}) * {many} - e, r)" if step.expects else "r"
        if step.expects and step.number and source.grid is None:
            whole = f"CASE WHEN c THEN r ELSE {whole} END"
        bounded = f"n{number}" if step.item.points else f"i{number}"
        known = f"SELECT *, {whole} AS whole, n{number} AS n, {bounded} AS i, {cut} AS cut FROM ({spans})"
        gone = "false" if step.zero else "whole = 0"
        if step.number == 0 and source.selective and source.named:  # all rows of nobody are left out: there is no group
            nameless = " OR ".join(f"{column} IS NULL" for column in source.named)
            gone = f"({gone} OR (r = 0 AND ({nameless})))"
        return f"SELECT *, whole - i AS lost, {gone} AS gone FROM ({known})"

    def gaps(self, step: Step, parts: str) -> str:
        """The windows without a sample, between others of their group."""
        grid, source = step.source.grid, step.source
        assert grid is not None  # noqa: S101 - only windows leave gaps
        groups = f"PARTITION BY {', '.join(source.named)} " if source.named else ""
        ends = (
            f"SELECT *, s + {grid.length('s')} AS stop, lead(s) OVER ({groups}ORDER BY s) AS next FROM {parts} "
            "WHERE s IS NOT NULL"
        )
        empty = (
            f"SELECT *, unnest(range({grid.number('stop')}, least({grid.number('next')}, {grid.number('stop')} + "
            f"{LONGEST_GAP}))) AS empty FROM ({ends}) WHERE next > stop"
        )
        ends_of = {"x": "0.0", "lo": "0.0", "hi": "0.0"} if step.zero else {"x": "NULL", **nothing(step.item.take)}
        values = ", ".join(f"CAST({sql} AS DOUBLE) AS {of}" for of, sql in ends_of.items())
        start = grid.start_of("empty")
        return (
            f"SELECT {', '.join((*source.named, start))} AS s, NULL AS f, NULL AS l, false AS gone, false AS cut, "
            f"{values} FROM ({empty})"
        )


def _stretches(source: Source, items: Sequence[Item]) -> list[str]:
    """Conditions that divide the rows, by windows and then by groups, where percentiles would hold too many."""
    held = source.rows * sum(item.take.statistic == "percentile" for item in items)
    if held <= MOST or source.span is None:
        return [""]
    first, last = source.span
    bounds = [first, last + 1]
    if source.grid is not None:
        wanted = -(-held // MOST)
        cuts = (source.grid.floor(first + (last - first) * n // wanted) for n in range(1, wanted))
        bounds = sorted({first, *(c for c in cuts if c > first), last + 1})
    found: list[str] = []
    for start, end in pairwise(bounds):
        share = held * (end - start) // (last + 1 - first)
        slices = min(-(-share // (2 * MOST)), MOST_SLICES) if source.by else 1  # dear: all rows are read for each
        within = [f"{source.time} >= {start + source.shift} AND {source.time} < {end + source.shift}"]
        within = within if len(bounds) > 2 else []
        for n in range(slices):
            groups = [f"hash({', '.join(source.by)}) % {slices} = {n}"] if slices > 1 else []
            found.append(" AND ".join(within + groups))
    return found
