"""Judging a sequence of calls: the rows that it makes, and one judgement for each rule from what it says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from conformance.assess.recordings import witnesses
from conformance.cases import Score
from conformance.engines.sql.rows import connect
from conformance.engines.tables import examine, stage
from conformance.errors import Text
from conformance.judge import decide_rows
from conformance.model.json import JSON, lookup
from conformance.model.outcome import Judgement
from conformance.model.run import Witness
from conformance.model.standard import Pack, Table
from conformance.rules import Program
from conformance.rules.engine import instant

_NO_KEY = Text("row {number} has no {column} that names it", "第 {number} 行没有可作为键的 {column}")
_TWICE = Text("two rows have the key {key}", "有两行的键同为 {key}")


@frozen
class Judged:
    """What one rule says of a sequence, and its worst rows."""

    judgement: Judgement
    rows: tuple[Witness, ...]
    idle: bool
    """Whether it applied to no row, not even to one that the end of the sequence cuts off."""


class Traces:
    """The rules of one trace table, over one sequence after the other in a database of its own."""

    def __init__(self, pack: Pack, table: Table, score: Score, programs: Sequence[Program]) -> None:
        """Nothing in a generated sequence is measured, so rules that are guarded decide simply."""
        self._pack = pack
        self._table = table
        self._score = score
        self._programs = [evolve(p, rule=evolve(p.rule, decision="simple")) for p in programs]
        columns: Mapping[str, Mapping[str, JSON]] = table.columns["properties"]
        self._columns = {name: (of["of"].split("."), of.get("default")) for name, of in columns.items() if "of" in of}
        self._connection = connect(threads=1)

    def rows(self, score: JSON, answers: JSON) -> list[dict[str, JSON]]:
        """The rows of the table that a sequence makes; ``answers`` meet the schema `Score.body`."""
        found: list[dict[str, JSON]] = []
        event: JSON = None
        for number, (request, answer) in enumerate(zip(self._score.requests(score), answers, strict=True)):
            known = {"time": self._score.time(number), "request": request}
            if not self._score.operation.stream:
                found.append(self._row({**known, "response": answer}, known["time"]))
                continue
            known["request"] = request["sample"]
            if self._score.of_events:
                found += [self._row({**known, "event": one}, one["time"]) for one in answer]
                continue
            event = answer[-1] if answer else event  # what the last event said holds until the next
            found.append(self._row({**known, "event": event}, known["time"]))
        return found

    def _row(self, known: Mapping[str, JSON], time: JSON) -> dict[str, JSON]:
        row = {str(self._table.time): time}
        for name, ((root, *steps), before) in self._columns.items():
            row[name] = before if known[root] is None else lookup(known[root], steps)
        return row

    def complaints(self, rows: Sequence[Mapping[str, JSON]]) -> tuple[Text, ...]:
        """Why some rows have no name, or one that another has too."""
        return tuple(self._unnamed(rows)) or tuple(self._twice(rows))

    def _unnamed(self, rows: Sequence[Mapping[str, JSON]]) -> Iterator[Text]:
        for number, row in enumerate(rows, start=1):
            for column in self._table.key:
                if row[column] is None or (column == self._table.time and instant(row[column]) is None):
                    yield _NO_KEY.format(number=number, column=column)

    def _twice(self, rows: Sequence[Mapping[str, JSON]]) -> Iterator[Text]:
        names = Counter(tuple(row[column] for column in self._table.key) for row in rows)
        yield from (_TWICE.format(key=", ".join(map(str, name))) for name, count in names.items() if count > 1)

    def judge(self, rows: Sequence[JSON]) -> dict[str, Judged]:
        """What each rule says of the rows of one sequence."""
        stage(self._connection, self._table.name, self._table, rows)
        found = examine(
            self._connection,
            self._table,
            self._programs,
            pack=self._pack,
            views={self._table.name: self._table.name},
            documents={},
            unique=True,
        )
        return {
            name: Judged(
                decide_rows(name, one.verdict),
                witnesses(one),
                idle=one.verdict.counts.cases == one.verdict.counts.inapplicable,
            )
            for name, one in found.items()
        }
