"""What a system recorded and wrote: opened once, sealed off from all else, judged rule by rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from attrs import evolve, frozen
from duckdb import DuckDBPyConnection

from conformance.assess.plan import Paper, Plan, Sheet
from conformance.engines.sql.prune import ParquetRows
from conformance.engines.sql.rows import connect, seal
from conformance.engines.tables import TableVerdict, examine
from conformance.errors.tables import DuplicateRows
from conformance.judge import Subject, Tally, decide, document_valid, rows_valid, subject, when_no_answer
from conformance.model.json import JSON
from conformance.model.outcome import Judgement, Outcome
from conformance.model.run import Case, Counts, Recording, Stage, Witness
from conformance.model.standard import Rule
from conformance.rules.verdicts import RowVerdict, WorstRow
from conformance.systems.documents import OpenedDocument, open_document
from conformance.systems.tables import OpenedTable, open_table
from conformance.systems.tables.sql import name_of

if TYPE_CHECKING:
    from conformance.engines.spark.rows import SparkRows

FEW = 1 << 16
"""So many rows of a table are kept in memory."""


@frozen
class Read:
    """What one rule found on a table or document."""

    subject: Subject
    surface: str
    tally: Tally
    rows: tuple[Witness, ...] = ()
    """The worst rows; of a document that failed, what it says."""


class Recordings:
    """The tables and documents of the system under test. A context manager."""

    def __init__(self, plan: Plan, *, scratch: Path) -> None:
        """Open all of them; ``scratch`` is an empty folder. Raises `Refused` for what cannot be read whole."""
        self._plan = plan
        scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(plan.system.folder)
        self.documents: dict[str, OpenedDocument] = {
            paper.document.name: open_document(
                paper.path, paper.document, folder=folder, allow_outside=plan.allow_outside
            )
            for paper in plan.papers
        }
        self.tables: dict[str, OpenedTable] = {}
        self._spark: SparkRows | None = None
        self._connection = connect(scratch=scratch) if plan.sheets else None
        if self._connection is None:
            return
        try:
            for sheet in plan.sheets:
                self.tables[sheet.table.name] = open_table(
                    sheet.source, sheet.table, folder=folder, connection=self._connection, scratch=scratch,
                    allow_outside=plan.allow_outside,
                )  # fmt: skip
            spare = scratch / "spark"
            spare.mkdir()
            seal(
                self._connection,
                files=[file for table in self.tables.values() for file in table.files],
                folders=[spare],
            )
            self.tables = {name: _at_hand(table, self._connection) for name, table in self.tables.items()}
            self._spark = _spark(plan.settings.engine, spare)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Recordings:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database, and Spark."""
        if self._spark is not None:
            self._spark.session.stop()
        if self._connection is not None:
            self._connection.close()

    @property
    def files(self) -> tuple[Recording, ...]:
        """Every file that was read, with its digest."""
        tables = (
            Recording(name, source.path, source.sha256, source.rows)
            for name, table in self.tables.items()
            for source in table.sources
        )
        documents = (Recording(name, one.file, one.sha256) for name, one in self.documents.items())
        return (*tables, *documents)

    @property
    def connection(self) -> DuckDBPyConnection:
        """The database in which the tables are views."""
        assert self._connection is not None  # noqa: S101 - it is asked for because there is a table
        return self._connection

    def with_(self, *opened: OpenedTable, documents: Mapping[str, OpenedDocument] | None = None) -> Recordings:
        """The same with these tables and ``documents`` in place of their own; it is closed with this one."""
        other = copy(self)
        other.tables = self.tables | {one.table.name: one for one in opened}
        other.documents = self.documents | dict(documents or {})
        return other

    def read(self, only: Collection[str] | None = None) -> Iterator[Read]:
        """What each rule finds, or of those that stand in a file ``only`` these, surface by surface."""
        for sheet in self._plan.sheets:
            yield from self._sheet(evolve(sheet, rules=_among(sheet.rules, only)))
        for paper in self._plan.papers:
            yield from self._paper(evolve(paper, rules=_among(paper.rules, only)))

    def _sheet(self, sheet: Sheet) -> Iterator[Read]:
        plan, name = self._plan, sheet.table.name
        opened = self.tables[name]
        yield self._rows_valid(sheet)
        found = examine(
            self.connection,
            sheet.table,
            [plan.programs[rule.id] for rule in sheet.rules],
            pack=plan.pack,
            views={n: t.view for n, t in self.tables.items()},
            documents=self._bodies(),
            parquet=ParquetRows(opened.files, opened.plain) if opened.plain else None,
            statistics=plan.settings.statistics,
            spark=self._spark,
            unique=not any(isinstance(p, DuplicateRows) for p in opened.problems),
        )
        for rule in sheet.rules:
            one = found[rule.id]
            tally = Tally(rule.id)
            tally.add_rows(one.verdict)
            yield Read(subject(rule, plan.pack), name, tally, witnesses(one))

    def _rows_valid(self, sheet: Sheet) -> Read:
        """The implicit rule of a table: its key names one row."""
        opened = self.tables[sheet.table.name]
        twice = next((p for p in opened.problems if isinstance(p, DuplicateRows)), None)
        failed = twice.count if twice else 0
        one = rows_valid(self._plan.pack, sheet.table.name)
        tally = Tally(one.rule)
        worst = (WorstRow((), "failed", None),) if failed else ()
        tally.add_rows(RowVerdict(Counts(cases=opened.rows, failed=failed, passed=opened.rows - failed), worst))
        shown = (Witness(0, None, cause=twice.headline()),) if twice else ()
        return Read(one, sheet.table.name, tally, shown)

    def _paper(self, paper: Paper) -> Iterator[Read]:
        plan, name = self._plan, paper.document.name
        opened = self.documents[name]
        case = Case(0, name, Stage.RECORDED, None, opened.sha256)
        valid = document_valid(plan.pack, name)
        complaint = opened.complaints[0] if opened.complaints else None
        judged = [(valid, Judgement(valid.rule, Outcome.FAILED if complaint else Outcome.PASSED))]
        for rule in paper.rules:
            environment = {"document": opened.body} | self._joined(plan.programs[rule.id].rule.joins)
            evaluation = plan.programs[rule.id].evaluate(environment)
            judgement = when_no_answer(rule.id) if complaint else decide(evaluation, rule, generated=False, live=False)
            judged.append((subject(rule, plan.pack), judgement))
        for one, judgement in judged:
            tally = Tally(one.rule)
            tally.add(case, judgement)
            program = plan.programs.get(one.rule)
            sides = program.sides({"document": opened.body}) if program and judgement.margin else None
            cause = complaint if one is valid else None
            yield Read(one, name, tally, (Witness(0, judgement.margin, sides=sides, cause=cause),))

    def _joined(self, joins: Mapping[str, object]) -> dict[str, JSON]:
        bodies = self._bodies()
        return {name: bodies.get(getattr(join, "document", None) or "") for name, join in joins.items()}

    def _bodies(self) -> dict[str, JSON]:
        return {name: one.body for name, one in self.documents.items()}


def _at_hand(opened: OpenedTable, connection: DuckDBPyConnection) -> OpenedTable:
    """``opened``, in memory if it has few rows: every query on a file opens it again."""
    if opened.rows > FEW or not opened.files:
        return opened
    view = f"{opened.view}#few"
    connection.execute(f"CREATE TEMP TABLE {name_of(view)} AS SELECT * FROM {name_of(opened.view)}")  # noqa: S608 - quoted
    return evolve(opened, view=view, files=(), plain={})


def witnesses(one: TableVerdict) -> tuple[Witness, ...]:
    """The worst rows as a finding shows them."""
    return tuple(
        Witness(0, row.of.margin, row=row.key, values=row.values, sides=row.sides, slack=row.slack) for row in one.worst
    )


def _spark(engine: str, scratch: Path) -> SparkRows | None:
    """Spark, if ``engine`` asks for it: ``spark`` for two threads here, or an address."""
    if engine == "duckdb":
        return None
    from conformance.engines.spark.rows import SparkRows  # an extra, and a Java machine that takes seconds to start
    from conformance.engines.spark.session import spark_session

    return SparkRows(spark_session(None if engine == "spark" else engine), scratch)


def _among(rules: tuple[Rule, ...], only: Collection[str] | None) -> tuple[Rule, ...]:
    return rules if only is None else tuple(rule for rule in rules if rule.id in only)
