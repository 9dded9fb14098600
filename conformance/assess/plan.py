"""What will be tested: the pack as tailored, its compiled rules, the input space of each operation."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen

from conformance.cases import Space, Validate, validator
from conformance.errors.usage import NothingInCommon
from conformance.model.run import Settings
from conformance.model.standard import Document, Operation, Pack, Rule, Table
from conformance.model.system import Recorded, System, TableSource
from conformance.rules import Program, compile_rules


@frozen
class Trial:
    """One operation of the system under test, ready to be exercised."""

    operation: Operation
    rules: tuple[Rule, ...]
    space: Space | None
    """None when the system is recorded: its requests are what they are."""
    valid: Validate


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
    absent = {rule.id: lacking for rule in rules if (lacking := _lacking(rule, system))}
    present = [rule for rule in rules if rule.id not in absent]
    trials = []
    for operation in pack.operations.values():
        reach = system.operations.get(operation.name)
        if reach is None:
            continue
        trials.append(
            Trial(
                operation,
                tuple(r for r in present if r.applies_to == operation.name),
                None
                if isinstance(reach, Recorded)
                else Space.of(operation.request, site=site, envelope=system.envelope),
                validator(operation.response, recorded=isinstance(reach, Recorded)),
            )
        )
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
    return Plan(
        pack, system, oracle, settings, programs, tuple(trials), sheets, papers, absent, allow_outside=allow_outside
    )


def _lacking(rule: Rule, system: System) -> str | None:
    """What ``rule`` needs and ``system`` does not bring; None if nothing."""
    if rule.relation is not None and isinstance(system.operations.get(rule.applies_to), Recorded):
        return f"{rule.applies_to} (live)"  # a recording holds no answer to the changed request
    brought = {*system.operations, *system.tables, *system.documents}
    joined = [join.table or join.document for join in rule.joins.values()]
    return next((name for name in (rule.applies_to, *joined) if name is not None and name not in brought), None)
