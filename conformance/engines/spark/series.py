"""Rules with operators over time, on Spark: the verdicts of `conformance.engines.series.judge`, on a cluster.

Spark deals the groups out to its workers and sorts them. Each worker passes its rows, as they stream by, through the
very code that judges a series here, and returns one line: what it counted, and the worst rows it saw. Of a group no
worker holds more than that code does. Programs hold closures, so rules travel as JSON and are compiled where they are
needed; floats keep every bit, as texts of JSON do in Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve
from numpy.typing import NDArray
from sqlglot import exp

from conformance.engines.series.feed import CHUNK, Chunk, fetched, placed, with_ends
from conformance.engines.series.judge import Tally, tallies_of
from conformance.engines.series.view import Column
from conformance.engines.spark.dialect import spark_text
from conformance.engines.sql.sheet import Term, finite
from conformance.model.convert import from_json, to_json
from conformance.model.outcome import Interval, Margin
from conformance.model.standard import Pack
from conformance.rules.program import Program, compile_rule
from conformance.rules.verdicts import RowVerdict, WorstRow

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


def judge_series_spark(
    frame: DataFrame,
    programs: Mapping[str, Program],
    *,
    pack: Pack,
    key: Sequence[str],
    time: str,
    groups: Sequence[str],
    worst: int = 5,
    uncertainty: Mapping[str, float] | None = None,
) -> dict[str, RowVerdict]:
    """What each of ``programs`` (by a name of the caller's) says of the rows of ``frame``.

    ``pack`` is the one that the programs were compiled against. The other arguments, and the verdicts, are those of
    `conformance.engines.series.judge.judge_series`; a group whose number is not finite is none. The workers need this
    package, and as the session has it the same Python. Raises ValueError as `judge_series` does, and what Spark
    raises when a column is not there.
    """
    asked: dict[str, Any] = {"key": list(key), "time": time, "groups": list(groups), "worst": worst}
    tallies = tallies_of(programs, uncertainty=uncertainty, **asked)
    columns = with_ends(tallies.columns, frame.columns)
    asked |= {"uncertainty": dict(uncertainty or {}), "columns": columns}
    asked["pack"] = to_json(evolve(pack, rules={name: one.rule for name, one in programs.items()}))
    names = [f"g{n}" for n in range(len(groups))]
    rows = frame.sparkSession.sql(spark_text(_wanted(frame, time, groups, columns)), frame=frame)
    dealt = rows.repartition(*names) if names else rows.repartition(1)
    answers = dealt.sortWithinPartitions(*names, "t").mapInArrow(_worker(json.dumps(asked)), "answer string")
    samples = 0
    for (answer,) in answers.collect():
        told = json.loads(answer)
        samples += told["samples"]
        for name, (counts, ranked) in told["rules"].items():
            tallies.of[name].merge(counts, [(rank, _row(*row)) for rank, *row in ranked])
    return tallies.verdicts(frame.count(), samples)


def _wanted(frame: DataFrame, time: str, groups: Sequence[str], columns: Sequence[Column]) -> exp.Select:
    """The rows that stand at a time and in a group, which is named by ``g0``, ``g1`` ..."""
    named: list[Term] = [exp.column(name, quoted=True) for name in groups]
    types = dict(frame.dtypes)
    numbers = [finite(column) for name, column in zip(groups, named, strict=True) if types[name] in ("double", "float")]
    query = exp.select(*(exp.alias_(column, f"g{n}") for n, column in enumerate(named)), *fetched(time, columns))
    return query.from_(exp.Table(this=exp.to_identifier("{frame}"))).where(placed(time, groups), *numbers)


def _worker(asked: str) -> Any:
    """What a worker does with its rows."""

    def answer(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        yield pa.RecordBatch.from_pydict({"answer": [_judged(asked, batches)]})

    return answer


def _judged(asked: str, batches: Iterator[pa.RecordBatch]) -> str:
    """What rules say of whole groups, whose rows come in order: both as JSON."""
    programs, asking = _compiled(asked)
    columns = [(name, kind) for name, kind in asking["columns"]]
    ordered = {name: asking[name] for name in ("key", "time", "groups", "worst", "uncertainty")}
    tallies = tallies_of(programs, **ordered)
    samples = tallies.take(_chunks(batches, len(asking["groups"]), columns))
    return json.dumps({"samples": samples, "rules": {name: _told(tally) for name, tally in tallies.of.items()}})


@lru_cache(maxsize=1)
def _compiled(asked: str) -> tuple[dict[str, Program], Mapping[str, Any]]:
    """The programs and all else that is asked; a worker has many parts of one table to judge."""
    asking = json.loads(asked)
    pack = from_json(Pack, asking["pack"])
    return {name: compile_rule(rule, pack) for name, rule in pack.rules.items()}, asking


def _chunks(batches: Iterator[pa.RecordBatch], groups: int, columns: Sequence[Column]) -> Iterator[Chunk]:
    """Rows as a `Feed` gives them; those of the last instant so far wait for what comes."""
    import pyarrow as pa

    open_: list[pa.Table] = []
    for part in _gathered(batches):
        rows = pa.concat_tables([*open_, part]).combine_chunks()
        *edges, begin, end = _edges(rows, groups)
        for first, stop in pairwise([*edges, begin]):
            yield _chunk(rows.slice(first, stop - first), groups, columns, last=True)
        times = rows["t"].to_numpy()[begin:]
        until = begin + int(np.searchsorted(times, times[-1]))
        if until > begin:
            yield _chunk(rows.slice(begin, until - begin), groups, columns, last=False)
        open_ = [rows.slice(until, end - until)]
    for rest in open_:
        yield _chunk(rest, groups, columns, last=True)


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches of Spark, which are small, joined to tables with rows in them."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    for batch in batches:
        held += [batch] if batch.num_rows else []
        if sum(one.num_rows for one in held) >= CHUNK:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _edges(rows: pa.Table, groups: int) -> list[int]:
    """Where groups begin, and the end of the rows."""
    import pyarrow.compute as pc

    changes: NDArray[np.bool_] = np.zeros(rows.num_rows - 1, np.bool_)
    for n in range(groups):
        cells = rows[f"g{n}"]
        changes |= pc.not_equal(cells.slice(1), cells.slice(0, len(cells) - 1)).to_numpy()
    return [0, *(np.flatnonzero(changes) + 1).tolist(), rows.num_rows]


def _chunk(rows: pa.Table, groups: int, columns: Sequence[Column], *, last: bool) -> Chunk:
    group = tuple(rows[f"g{n}"][0].as_py() for n in range(groups))
    cells = {column: np.array(rows[f"c{n}"].to_numpy()) for n, column in enumerate(columns)}
    return Chunk(group, np.array(rows["t"].to_numpy()), cells, last)


def _told(tally: Tally) -> list[Any]:
    """A tally as JSON."""
    rows = [[rank, row.key, row.place, None if row.margin is None else _bare(row.margin)] for rank, row in tally.worst]
    return [tally.counts.tolist(), rows]


def _bare(margin: Margin) -> list[Any]:
    physical, normalised = margin.physical, margin.normalised
    return [physical.low, physical.high, margin.unit, normalised.low, normalised.high, margin.atom]


def _row(key: list[object], place: Any, bare: list[Any] | None) -> WorstRow:
    """One of the worst rows that `_told` wrote."""
    if bare is None:
        return WorstRow(tuple(key), place, None)
    low, high, unit, least, most, atom = bare
    return WorstRow(tuple(key), place, Margin(Interval(low, high), unit, Interval(least, most), atom))
