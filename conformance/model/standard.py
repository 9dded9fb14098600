"""A pack: one machine-readable standard on one subject. Frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from attrs import field, frozen

from conformance.errors import Position, Text
from conformance.model.json import JSON
from conformance.model.outcome import Basis, Obligation, Outcome, Severity

Direction = Literal["lower", "higher", "none"]
"""Which way a figure gets stricter."""
Tailoring = Literal["free", "only-stricter", "fixed"]
"""What a profile may do to a figure."""
Automation = Literal["automated", "manual", "not-tested"]


class Status(StrEnum):
    """How a figure is known. Raised only when the text itself was read."""

    PRIMARY = "primary"
    SECONDARY_MULTI = "secondary-multi"
    SECONDARY_SINGLE = "secondary-single"
    MEMORY_HIGH = "memory-high"
    MEMORY_MEDIUM = "memory-medium"
    MEMORY_LOW = "memory-low"
    PROJECT = "project"
    CONFLICT = "conflict"
    MEASURED = "measured"
    UNVERIFIED = "unverified"


@frozen
class Source:
    """A document that a requirement or figure is taken from."""

    id: str
    kind: Literal["standard", "law", "guide", "software", "paper", "project"]
    title: Text
    number: str | None = None
    edition: str | None = None
    clause: str | None = None
    status: Status = Status.UNVERIFIED
    note: Text | None = None
    position: Position | None = field(default=None, eq=False)


@frozen
class Figure:
    """A number (or word) that enters a verdict, with where it comes from."""

    value: float | str | bool
    unit: str | None
    stricter: Direction
    tailoring: Tailoring
    source: str
    status: Status
    clause: str | None = None
    position: Position | None = field(default=None, eq=False)

    def basis(self, sources: Mapping[str, Source]) -> Basis:
        """Normative only if the clause of a standard or law was itself read; all else is indicative."""
        source = sources.get(self.source)
        if source is None or self.status is not Status.PRIMARY or source.kind not in ("standard", "law"):
            return Basis.INDICATIVE
        return Basis.NORMATIVE if self.clause or source.clause else Basis.INDICATIVE


@frozen
class Expression:
    """Text in the rule language and the place of each of its lines."""

    text: str
    lines: tuple[Position, ...] = field(eq=False)

    def at(self, line: int, column: int, width: int = 1) -> Position:
        """The place in the file of (1-based) ``line`` and (0-based, in characters) ``column`` of this text."""
        start = self.lines[min(line - 1, len(self.lines) - 1)]
        return Position(start.file, start.line, start.column + column, width, start.source)


@frozen
class LimitRow:
    """One row of a limits table. Keys compare with ``eq`` or with a half-open range (over, upto]."""

    figure: Figure
    eq: Mapping[str, str | float] = field(factory=dict)
    over: Mapping[str, float] = field(factory=dict)
    upto: Mapping[str, float] = field(factory=dict)


@frozen
class LimitTable:
    """Limits on one quantity by place, class or date. No row is `no-limit`; rows never overlap."""

    name: str
    title: Text
    unit: str
    keys: Mapping[str, str | None]
    """Key name to its unit; None for a word."""
    rows: tuple[LimitRow, ...]


@frozen
class LimitLookup:
    """A parameter whose value is the matching row of a limits table."""

    table: str
    by: Mapping[str, Expression]


@frozen
class Example:
    """Data on which a rule must say what is expected."""

    name: str
    expect: Outcome
    request: JSON = None
    response: JSON = None
    derived: Mapping[str, JSON] = field(factory=dict)
    """Derived values given outright; what is not given is computed."""
    margin: str | None = None
    """Expected physical margin, as a quantity such as ``0 MW``."""
    reason: str | None = None
    decision: str | None = None
    position: Position | None = field(default=None, eq=False)


@frozen
class Uncertainty:
    """Uncertainty of a measured margin, as quantities."""

    default: Figure
    maximum: Figure


@frozen
class Rule:
    """An executable check of one or more requirements."""

    id: str
    title: Text
    requirements: tuple[str, ...]
    status: Literal["draft", "experimental", "stable", "watch", "withdrawn"]
    severity: Severity
    applies_to: str
    require: Expression
    parameters: Mapping[str, Figure | LimitLookup] = field(factory=dict)
    when: Expression | None = None
    vacuous_unless: Expression | None = None
    scale: Mapping[str, str] | str | None = None
    """A quantity such as ``1 MW``, or one by unit where atoms of several kinds meet."""
    decision: Literal["simple", "guarded"] = "simple"
    uncertainty: Uncertainty | None = None
    capability: str | None = None
    kills: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    note: Text | None = None
    position: Position | None = field(default=None, eq=False)


@frozen
class Mapped:
    """How a requirement relates to a clause of another document."""

    document: str
    edition: str | None
    clause: str | None
    relation: Literal["equal", "subset", "superset", "intersects"]
    status: Status


@frozen
class Requirement:
    """One provision."""

    id: str
    clause: str | None
    obligation: Obligation
    text: Text
    text_kind: Literal["official", "paraphrase"]
    sources: tuple[str, ...]
    automation: Automation
    reason: Text | None = None
    """Of a manual one: what an assessor records. Of one not tested: why not."""
    maps: tuple[Mapped, ...] = ()
    position: Position | None = field(default=None, eq=False)


@frozen
class Operation:
    """Something of the system to call. Schemas are JSON Schema 2020-12 with our annotations."""

    name: str
    request: JSON
    response: JSON
    deterministic: bool = True
    stateful: bool = False


@frozen
class Table:
    """Something of the system that is recorded: rows whose columns the pack fixes."""

    name: str
    columns: JSON
    """JSON Schema of one row, an object of numbers, texts, Booleans and instants with our annotations."""
    key: tuple[str, ...]
    """The columns that name a row; a key occurs once."""
    time: str | None = None
    """The column that orders the rows of each group, an instant."""
    label: Literal["start", "end"] = "start"
    """Which end of its interval a time stands for."""
    every: str | None = None
    """Length of an interval, as a quantity such as ``10 min``."""


@frozen
class Derived:
    """A value measured once per case and usable in every rule of the pack."""

    name: str
    measure: str
    of: str
    arguments: Mapping[str, str]
    """Argument of the measure to a path such as ``response.setpoints``."""


@frozen
class SiteKind:
    """The part of a request that a system may bring itself."""

    name: str
    schema: JSON
    bases: Mapping[str, JSON]
    """Base cases that the pack ships, by name."""
    default: str


@frozen
class View:
    """How reports draw a derived value without knowing energy: one bar per element of a list."""

    name: str
    title: Text
    bars: str
    """Path of a list, such as ``flow.branches``."""
    by: str
    value: str
    unit: str
    upper: float | str | None = None
    """A number, or the name of a field of the element."""
    lower: float | str | None = None
    rules: tuple[str, ...] = ()
    """The rules whose worst case this view draws."""


@frozen
class Evidence:
    """What a pass on generated input must rest on: failure rate excluded at a confidence."""

    failure_rate: float = 1e-2
    confidence: float = 0.95


@frozen
class Profile:
    """A choice of rules and parameter values. It never changes an expression."""

    name: str
    title: Text
    extends: str | None = None
    include: tuple[str, ...] | None = None
    """None: all rules."""
    exclude: Mapping[str, Text] = field(factory=dict)
    set: Mapping[str, Figure] = field(factory=dict)
    effective_from: str | None = None
    effective_to: str | None = None
    zone: str | None = None
    decision: Literal["simple", "guarded"] | None = None
    evidence: Evidence | None = None
    position: Position | None = field(default=None, eq=False)


@frozen
class Pack:
    """One standard. `packs.load` makes it; `packs.tailor` applies a profile."""

    id: str
    version: str
    title: Text
    status: Literal["draft", "comment", "approved", "in-force", "superseded", "withdrawn"]
    licence: str
    authoritative: Literal["en", "zh"]
    sha256: str
    """Digest of all files of the pack."""
    sources: Mapping[str, Source]
    requirements: Mapping[str, Requirement]
    rules: Mapping[str, Rule]
    operations: Mapping[str, Operation]
    tables: Mapping[str, Table] = field(factory=dict)
    limits: Mapping[str, LimitTable] = field(factory=dict)
    profiles: Mapping[str, Profile] = field(factory=dict)
    derive: Mapping[str, Derived] = field(factory=dict)
    sites: Mapping[str, SiteKind] = field(factory=dict)
    views: Mapping[str, View] = field(factory=dict)
    capabilities: Mapping[str, Literal["mandatory", "optional"]] = field(factory=dict)
    oracle: str | None = None
    fixtures: str | None = None
    effective_from: str | None = None
    profile: str | None = None
    """Name of the profile that was applied."""
    excluded: Mapping[str, Text] = field(factory=dict)
    """Rules that the profile leaves out, with its reason."""
    evidence: Evidence = Evidence()

    @property
    def short(self) -> str:
        """The last part of the id: ``grid-dispatch`` of ``ai-for-energy/grid-dispatch``."""
        return self.id.rsplit("/", 1)[-1]
