"""The figures of a pack: where each stands, and how well they are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from conformance.authoring.fields import fields
from conformance.model.outcome import Basis
from conformance.model.standard import Figure, LimitLookup, Pack, Rule, Status
from conformance.packs import tailor


@frozen
class Stated:
    """A figure of a rule: a parameter, an uncertainty, or what a profile sets a parameter to."""

    rule: Rule
    name: str
    figure: Figure
    profile: str | None = None


@frozen
class Counts:
    """How many figures have one status, by where they stand."""

    tables: int
    rules: int
    profiles: int
    inputs: int

    @property
    def all(self) -> int:
        """All of them."""
        return self.tables + self.rules + self.profiles + self.inputs


@frozen
class Figures:
    """All figures of a pack. Bounds of generated input count as one figure for each field."""

    tables: tuple[Figure, ...]
    """The rows of its tables of limits."""
    rules: tuple[Stated, ...]
    """Parameters of its rules, each before what profiles set it to."""
    uncertainties: tuple[Stated, ...]
    """Of what is measured, by default and at most."""
    inputs: tuple[Figure, ...]
    normative: int
    """How many stand in a clause that was read: only they certify."""

    def count(self, status: Status | None = None) -> Counts:
        """How many have ``status``, or how many there are."""

        def those(figures: Iterator[Figure]) -> int:
            return sum(status in (None, figure.status) for figure in figures)

        return Counts(
            tables=those(iter(self.tables)),
            rules=those(one.figure for one in (*self.rules, *self.uncertainties) if one.profile is None),
            profiles=those(one.figure for one in self.rules if one.profile is not None),
            inputs=those(iter(self.inputs)),
        )

    def by_status(self) -> dict[Status, Counts]:
        """The counts of those statuses that occur, the best known first."""
        found = {status: self.count(status) for status in Status}
        return {status: counts for status, counts in found.items() if counts.all}


def figures_of(pack: Pack) -> Figures:
    """The figures of ``pack``. Raises `Refused` for a profile that cannot be applied."""
    tailored = {name: tailor(pack, name, as_of=None) for name in pack.profiles}
    tables = tuple(row.figure for table in pack.limits.values() for row in table.rows)
    rules = tuple(one for rule in pack.rules.values() for one in _parameters(pack, tailored, rule))
    uncertainties = tuple(one for rule in pack.rules.values() for one in _uncertainties(rule))
    fielded = (field for operation in pack.operations.values() for field in fields(operation.request))
    inputs = tuple(field.bounds for field in fielded if field.bounds is not None)
    every = (*tables, *(one.figure for one in (*rules, *uncertainties)), *inputs)
    return Figures(tables, rules, uncertainties, inputs, sum(f.basis(pack.sources) is Basis.NORMATIVE for f in every))


def _parameters(pack: Pack, tailored: Mapping[str, Pack], rule: Rule) -> Iterator[Stated]:
    for name, given in rule.parameters.items():
        if not isinstance(given, LimitLookup):
            yield Stated(rule, name, given)
        yield from _settings(pack, tailored, rule, name)


def _uncertainties(rule: Rule) -> Iterator[Stated]:
    if rule.uncertainty is not None:
        yield Stated(rule, "uncertainty.default", rule.uncertainty.default)
        yield Stated(rule, "uncertainty.maximum", rule.uncertainty.maximum)


def _settings(pack: Pack, tailored: Mapping[str, Pack], rule: Rule, name: str) -> Iterator[Stated]:
    """What profiles set the parameter ``name`` of ``rule`` to; nothing where they leave the rule out."""
    targets = {f"{rule.id}.{name}", f"{rule.id.rpartition('/')[2]}.{name}"}
    for profile in pack.profiles.values():
        under = tailored[profile.name].rules.get(rule.id)
        figure = under.parameters[name] if under and targets & profile.set.keys() else None
        if isinstance(figure, Figure):
            yield Stated(rule, name, figure, profile.name)
