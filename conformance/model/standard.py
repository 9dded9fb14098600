"""A pack: one machine-readable standard on one subject. Frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from attrs import field, frozen

from conformance.errors import Position, Text
from conformance.model.days import Span, only
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


DATE = "date"
"""In the place of a unit: a key that is a day."""


@frozen
class LimitRow:
    """One row of a limits table. Keys compare with ``eq`` or with a half-open range: (over, upto], or [since, before)
    of days."""

    figure: Figure
    eq: Mapping[str, str | float] = field(factory=dict)
    over: Mapping[str, float] = field(factory=dict)
    upto: Mapping[str, float] = field(factory=dict)
    effective_from: str | None = None
    """First day in force; None: always was."""
    effective_to: str | None = None
    """First day on which it no longer is."""
    since: Mapping[str, str] = field(factory=dict)
    before: Mapping[str, str] = field(factory=dict)

    @property
    def in_force(self) -> Span:
        """The days on which it holds."""
        return self.effective_from, self.effective_to

    def days(self, key: str) -> Span:
        """The days that it matches by a key of kind date."""
        day = self.eq.get(key)
        return only(day) if isinstance(day, str) else (self.since.get(key), self.before.get(key))


@frozen
class LimitTable:
    """Limits on one quantity by place, class or date. No row is `no-limit`; rows never overlap on one day."""

    name: str
    title: Text
    unit: str
    keys: Mapping[str, str | None]
    """Key name to its unit; None for a word, `DATE` for a day."""
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
    tables: Mapping[str, tuple[JSON, ...]] = field(factory=dict)
    """Rows by recorded table, of a rule on a table and of those that it joins; instants as ISO 8601 texts."""
    documents: Mapping[str, JSON] = field(factory=dict)
    base: JSON = None
    """Of a relation: request and response before the change."""
    varied: JSON = None
    """Of a relation: request and response after it."""


@frozen
class Uncertainty:
    """Uncertainty of a measured margin, as quantities."""

    default: Figure
    maximum: Figure


CALENDAR = ("hour", "day", "week", "month", "year")
"""Windows that follow the calendar of the pack's zone: a day may have 23 or 25 hours, a week begins on Monday."""


@frozen
class Step:
    """One aggregation of a chain: the samples of each group and window become one."""

    take: str
    """``count sum mean rms min max share energy``, or a nearest-rank percentile such as ``p95``."""
    by: tuple[str, ...] = ()
    """Columns that name a group."""
    every: str | None = None
    """Length of a window, as a quantity (``10 min``, aligned in UTC) or a word of `CALENDAR`; None: one window."""
    coverage: str = "100 %"
    """Share of the expected samples that must be there for them to stand for all: a quantity, or the name of a
    parameter of the rule. Below it the result is all that the missing samples could have made of it."""
    position: Position | None = field(default=None, eq=False)


@frozen
class Join:
    """What a rule on a table or document knows besides: the row of another table with the same key, or a document."""

    table: str | None = None
    on: Mapping[str, str] = field(factory=dict)
    """Column of that table to the column of the rule's own; together they name one row."""
    document: str | None = None
    position: Position | None = field(default=None, eq=False)


@frozen
class Transition:
    """One permitted step of a lifecycle."""

    of: tuple[str, ...]
    """States in which it may happen."""
    on: str
    """The event that it answers to."""
    to: str
    when: Expression | None = None
    """What must hold of the row besides."""


@frozen
class Machine:
    """A lifecycle over an event log: each row must be an event that the state of its group permits."""

    event: str
    """The column that holds the event."""
    by: tuple[str, ...]
    """The columns that name one life."""
    start: str
    transitions: tuple[Transition, ...]
    position: Position | None = field(default=None, eq=False)


Transform = Literal["increase", "decrease", "scale", "permute", "shift", "drop", "perturb", "replace-future"]


@frozen
class Relation:
    """A metamorphic relation: what must hold between the answers to a request and to a changed one."""

    transform: Transform
    path: str
    """Field of the request that is changed, such as ``loads.p``; in lists of every element."""
    amount: str | None = None
    """How much, as a quantity: ``10 %`` of the value, or ``5 MW``."""
    position: Position | None = field(default=None, eq=False)


@frozen
class Attested:
    """What an assessor records, for no machine can tell."""

    question: Text
    evidence: tuple[str, ...]
    """Kinds of evidence that are accepted."""
    validity: str
    """How long a record holds, as a quantity of time."""


@frozen
class Rule:
    """An executable check of one or more requirements.

    On an operation it speaks of ``request`` and ``response``; on a table of one ``row``; with a chain of the ``row``
    that the chain leaves, with its groups, its window's ``start`` and its ``value``; on a document of ``document``;
    as a relation of ``base`` and ``varied``; and of what it joins, by name.
    """

    id: str
    title: Text
    requirements: tuple[str, ...]
    status: Literal["draft", "experimental", "stable", "watch", "withdrawn"]
    severity: Severity
    applies_to: str
    require: Expression | None
    """None only of a lifecycle and of what is attested."""
    parameters: Mapping[str, Figure | LimitLookup] = field(factory=dict)
    when: Expression | None = None
    vacuous_unless: Expression | None = None
    scale: Mapping[str, str] | str | None = None
    """A quantity such as ``1 MW``, or one by unit where atoms of several kinds meet."""
    decision: Literal["simple", "guarded"] = "simple"
    uncertainty: Uncertainty | None = None
    of: Expression | None = None
    """What the first step of the chain takes, of each row: a quantity, or (for ``share`` and ``count``) a condition."""
    where: Expression | None = None
    """Which rows the chain takes at all."""
    chain: tuple[Step, ...] = ()
    gap: str | None = None
    """Neighbouring samples further apart miss samples in between: a quantity, or the name of a parameter. Temporal
    operators need it."""
    joins: Mapping[str, Join] = field(factory=dict)
    machine: Machine | None = None
    relation: Relation | None = None
    attested: Attested | None = None
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
    stream: bool = False
    """Time-stamped samples in, events out: ``request`` is the schema of a sample and ``response`` that of one event."""


@frozen
class Trace:
    """How a live system makes the rows of a table: by calls in order, ``every`` apart on a simulated clock."""

    operation: str
    calls: int
    rows: Literal["calls", "events"] = "calls"
    """A row for each call, or for each event of a stream."""


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
    trace: Trace | None = None
    """Where no recording is brought, the calls that make the rows; None: they are recorded or not at all."""


@frozen
class Document:
    """Something of the system that is written: one value whose schema the pack fixes."""

    name: str
    schema: JSON


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
    documents: Mapping[str, Document] = field(factory=dict)
    limits: Mapping[str, LimitTable] = field(factory=dict)
    profiles: Mapping[str, Profile] = field(factory=dict)
    derive: Mapping[str, Derived] = field(factory=dict)
    sites: Mapping[str, SiteKind] = field(factory=dict)
    views: Mapping[str, View] = field(factory=dict)
    capabilities: Mapping[str, Literal["mandatory", "optional"]] = field(factory=dict)
    oracle: str | None = None
    fixtures: str | None = None
    effective_from: str | None = None
    effective_to: str | None = None
    zone: str = "UTC"
    """IANA zone of calendar windows, unless a profile names another."""
    examples_zone: str | None = None
    """The zone for which the examples are written, where a profile names another for the windows."""
    profile: str | None = None
    """Name of the profile that was applied."""
    excluded: Mapping[str, Text] = field(factory=dict)
    """Rules that the profile leaves out, with its reason."""
    evidence: Evidence = Evidence()

    @property
    def short(self) -> str:
        """The last part of the id: ``grid-dispatch`` of ``ai-for-energy/grid-dispatch``."""
        return self.id.rsplit("/", 1)[-1]
