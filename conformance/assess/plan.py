"""What will be tested: the pack as tailored, its compiled rules, the input space of each operation."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen

from conformance.cases import Space, Validate, validator
from conformance.errors.usage import NothingInCommon, TablesNotJudged
from conformance.model.run import Settings
from conformance.model.standard import Operation, Pack, Rule
from conformance.model.system import Recorded, System
from conformance.rules import Program, compile_rule


@frozen
class Trial:
    """One operation of the system under test, ready to be exercised."""

    operation: Operation
    rules: tuple[Rule, ...]
    space: Space | None
    """None when the system is recorded: its requests are what they are."""
    valid: Validate


@frozen
class Plan:
    """Everything that is settled before the first call. ``system.site`` holds the site that is tested."""

    pack: Pack
    system: System
    oracle: System | None
    settings: Settings
    programs: Mapping[str, Program] = field(repr=False)
    trials: tuple[Trial, ...] = field(repr=False)


def make_plan(pack: Pack, system: System, *, oracle: System | None, settings: Settings) -> Plan:
    """Settle what will be tested.

    The site is the system's own, or the pack's default base case. Raises `NothingInCommon` when the system offers no
    operation of the pack, `TablesNotJudged` when it brings tables, and `Refused` for a schema that is no input space.
    """
    if system.tables:
        raise TablesNotJudged(tables=", ".join(system.tables))
    site = {kind.name: system.site.get(kind.name, kind.bases[kind.default]) for kind in pack.sites.values()}
    names = {kind.name: system.site_names.get(kind.name, kind.default) for kind in pack.sites.values()}
    system = evolve(system, site=site, site_names=names)
    programs = {rule.id: compile_rule(rule, pack) for rule in pack.rules.values()}
    trials = []
    for operation in pack.operations.values():
        reach = system.operations.get(operation.name)
        if reach is None:
            continue
        trials.append(
            Trial(
                operation,
                tuple(r for r in pack.rules.values() if r.applies_to == operation.name),
                None
                if isinstance(reach, Recorded)
                else Space.of(operation.request, site=site, envelope=system.envelope),
                validator(operation.response),
            )
        )
    if not trials:
        raise NothingInCommon(
            pack=pack.id, offered=", ".join(system.operations) or "-", wanted=", ".join(pack.operations)
        )
    return Plan(pack, system, oracle, settings, programs, tuple(trials))
