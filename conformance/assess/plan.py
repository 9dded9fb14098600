"""What will be tested: the pack as tailored, its compiled rules, the input space of each operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from attrs import evolve, field, frozen

from conformance.cases import Score, Space, Validate, validator
from conformance.errors.usage import NothingInCommon
from conformance.model.json import JSON
from conformance.model.run import Reply, Settings
from conformance.model.standard import Document, Operation, Pack, Rule, Table
from conformance.model.system import Http, Recorded, System, TableSource
from conformance.rules import Program, compile_rules


class Caller(Protocol):
    """Something that answers requests and sequences of them, in their order: a pool of sessions."""

    def stream(self, operation: str, requests: Iterable[JSON]) -> Iterator[Reply]:
        """One reply a request, as they come; never raises for what a system does."""

    def sequences(self, operation: str, sequences: Iterable[Sequence[JSON]]) -> Iterator[Reply]:
        """One reply a sequence, each made whole from the first state."""


@frozen
class Trial:
    """One operation of the system under test, ready to be exercised; or a table that sequences of its calls make.

    Of such a table ``operation`` bears the name of the table, its request is a `Score`, and its response all that comes
    back in a sequence.
    """

    operation: Operation
    rules: tuple[Rule, ...]
    space: Space | None
    """None when the system is recorded: its requests are what they are."""
    valid: Validate
    score: Score | None = None
    """Of a table that calls make: how a case becomes a sequence of them."""

    @property
    def called(self) -> str:
        """The operation that is called."""
        return self.operation.name if self.score is None else self.score.operation.name

    def ask(self, caller: Caller, requests: Iterable[JSON]) -> Iterator[Reply]:
        """One reply a case, in their order, as they come."""
        if self.score is None:
            return caller.stream(self.called, requests)
        return caller.sequences(self.called, map(self.score.requests, requests))


@frozen
class Sheet:
    """One recorded table of the system under test."""

    table: Table
    source: TableSource
    rules: tuple[Rule, ...]


@frozen
class Paper:
    """One document of the system under test."""

    document: Document
    path: str
    rules: tuple[Rule, ...]


@frozen
class Plan:
    """Everything that is settled before the first call. ``system.site`` holds the site that is tested."""

    pack: Pack
    system: System
    oracle: System | None
    settings: Settings
    programs: Mapping[str, Program] = field(repr=False)
    trials: tuple[Trial, ...] = field(repr=False)
    sheets: tuple[Sheet, ...] = ()
    papers: tuple[Paper, ...] = ()
    absent: Mapping[str, str] = field(factory=dict)
    """Rule that cannot be tested to the operation, table or document that it needs and the system does not bring."""
    allow_outside: bool = False
    """Whether paths of the system file may leave its folder."""
    stored: Mapping[str, tuple[JSON, ...]] = field(factory=dict, repr=False)
    """Operation (or table of calls) to the requests of stored counterexamples, which are asked first."""
    sealed_seed: str | None = field(default=None, repr=False)
    """The seed of a sealed run, which no record holds; the settings have the commitment in its place."""

    @property
    def seed(self) -> str:
        """What cases are made from."""
        return self.sealed_seed or self.settings.seed

    def deterministic(self, trial: Trial) -> bool | None:
        """Whether the same request has the same answer: False if pack or system says no, True if the system says so.

        None: nobody says.
        """
        reach = self.system.operations.get((trial.score or trial).operation.name)
        said = None if reach is None or isinstance(reach, Recorded) else reach.deterministic
        return said if trial.operation.deterministic else False


def make_plan(
    pack: Pack, system: System, *, oracle: System | None, settings: Settings, allow_outside: bool = False
) -> Plan:
    """Settle what will be tested.

    The site is the system's own, or the pack's default base case. Raises `NothingInCommon` when the system offers no
    operation, table or document of the pack, and `Refused` for a schema that is no input space.
    """
    site = {kind.name: system.site.get(kind.name, kind.bases[kind.default]) for kind in pack.sites.values()}
    names = {kind.name: system.site_names.get(kind.name, kind.default) for kind in pack.sites.values()}
    system = evolve(system, site=site, site_names=names)
    programs = compile_rules(pack)
    rules = [pack.rules[rule] for rule in programs]
    absent = {rule.id: lacking for rule in rules if (lacking := _lacking(rule, pack, system))}
    present = [rule for rule in rules if rule.id not in absent]
    trials = (*_operations(pack, system, present), *_traces(pack, system, present))
    sheets = tuple(
        Sheet(table, system.tables[table.name], tuple(r for r in present if r.applies_to == table.name))
        for table in pack.tables.values()
        if table.name in system.tables
    )
    papers = tuple(
        Paper(document, system.documents[document.name], tuple(r for r in present if r.applies_to == document.name))
        for document in pack.documents.values()
        if document.name in system.documents
    )
    if not trials and not sheets and not papers:
        raise NothingInCommon(
            pack=pack.id,
            offered=", ".join((*system.operations, *system.tables, *system.documents)) or "-",
            wanted=", ".join((*pack.operations, *pack.tables, *pack.documents)),
        )
    return Plan(pack, system, oracle, settings, programs, trials, sheets, papers, absent, allow_outside=allow_outside)


def _operations(pack: Pack, system: System, rules: Sequence[Rule]) -> Iterator[Trial]:
    """A trial of each operation that the system brings and that is called request by request."""
    in_traces = {table.trace.operation for table in pack.tables.values() if table.trace is not None}
    for operation in pack.operations.values():
        reach = system.operations.get(operation.name)
        own = tuple(r for r in rules if r.applies_to == operation.name)
        if reach is None or operation.stream or (operation.name in in_traces and not own):
            continue
        recorded = isinstance(reach, Recorded)
        space = None if recorded else Space.of(operation.request, site=system.site, envelope=system.envelope)
        yield Trial(operation, own, space, validator(operation.response, recorded=recorded))


def _traces(pack: Pack, system: System, rules: Sequence[Rule]) -> Iterator[Trial]:
    """A trial of each table that is not recorded and that calls of the system can make."""
    for table in pack.tables.values():
        if table.trace is None or table.name in system.tables or untraceable(table, system) is not None:
            continue
        score = Score.of(table, pack.operations[table.trace.operation])
        space = Space.of(score.schema, site=system.site, envelope=system.envelope)
        made = evolve(score.operation, name=table.name, request=score.schema, response=score.body)
        own = tuple(r for r in rules if r.applies_to == table.name)
        yield Trial(made, own, space, validator(score.body), score)


def untraceable(table: Table, system: System) -> str | None:
    """What a table needs for sequences of calls to make its rows, and ``system`` does not bring; None if nothing."""
    if table.trace is None:
        return table.name
    name = table.trace.operation
    match system.operations.get(name):
        case None:
            return name
        case Recorded():
            return f"{name} (live)"
        case Http(reset=None):
            return f"`reset` ({name})"  # a service keeps its state, and every sequence begins at the first
    return None


def _lacking(rule: Rule, pack: Pack, system: System) -> str | None:
    """What ``rule`` needs and ``system`` does not bring; None if nothing."""
    if rule.relation is not None and isinstance(system.operations.get(rule.applies_to), Recorded):
        return f"{rule.applies_to} (live)"  # a recording holds no answer to the changed request
    brought = {*system.operations, *system.tables, *system.documents}
    joined = [name for join in rule.joins.values() if (name := join.table or join.document)]
    table = pack.tables.get(rule.applies_to)
    if table is not None and table.name not in brought and table.trace is not None:
        # A generated sequence stands alone: what it could be joined with was recorded at another time.
        return table.name if joined else untraceable(table, system)
    return next((name for name in (rule.applies_to, *joined) if name not in brought), None)
