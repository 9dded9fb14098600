"""What happened in a run: cases, observations, findings, the record that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from attrs import field, frozen

from conformance.errors import Text
from conformance.model.json import JSON
from conformance.model.outcome import Basis, Judgement, Margin, Obligation, Outcome, Reason, Severity, Sides, Slack
from conformance.model.standard import Pack
from conformance.model.system import System

RECORD_SCHEMA = "1"
"""Version of the run record; older ones are migrated, never refused."""


class Stage(StrEnum):
    """Where a case comes from."""

    NOMINAL = "nominal"
    STORED = "stored"
    BOUNDARY = "boundary"
    PAIRWISE = "pairwise"
    INDEPENDENT = "independent"
    MIXED = "mixed"
    STRUCTURE = "structure"
    HUNT = "hunt"
    SHRINK = "shrink"
    CONFIRM = "confirm"
    RECORDED = "recorded"
    VARIED = "varied"
    """The request of another case, changed as a relation says."""


class Answer(StrEnum):
    """How a system behaved when it was called."""

    ANSWERED = "answered"
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    CRASHED = "crashed"
    GARBAGE = "garbage"
    TOO_LARGE = "too-large"
    UNREACHABLE = "unreachable"
    MISSING = "missing"
    """A recorded system has no exchange for the request."""


@frozen
class Reply:
    """What came back from one call, before it was judged."""

    answer: Answer
    raw: bytes = b""
    """The body as it came."""
    body: JSON = None
    """The parsed body; None unless answered."""
    cause: Text | None = None
    """Why there is no answer: the refusal's reason, the crash's last words, what is wrong with the bytes."""
    latency_ns: int = 0


@frozen
class Case:
    """One request."""

    number: int
    operation: str
    stage: Stage
    request: JSON
    sha256: str
    changed: tuple[Change, ...] = ()
    """Where it differs from nominal."""
    in_envelope: bool = True
    index: int | None = None
    """Of an independent case: its index under the seed."""
    base: int | None = None
    """Of a varied case: number of the case whose request was changed."""


@frozen
class Change:
    """One value of a request that is off nominal."""

    path: str
    nominal: float | str | bool
    value: float | str | bool
    unit: str | None = None
    label: Text | None = None


@frozen
class Observation:
    """What a system answered to a case, and what each rule says of it."""

    case: int
    of: Literal["system", "oracle"]
    answer: Answer
    sha256: str
    """Of the raw body."""
    response: JSON = None
    cause: Text | None = None
    judgements: tuple[Judgement, ...] = ()
    derived: Mapping[str, JSON] | None = None
    """Kept for the cases that findings point to."""


@frozen
class Timing:
    """Time-stamps and latency, kept apart from content so that contents have equal digests."""

    event: str
    at: str
    """UTC, ISO 8601."""
    case: int | None = None
    latency_ns: int | None = None


@frozen
class Counts:
    """Exact counts over the cases of one rule."""

    cases: int = 0
    passed: int = 0
    failed: int = 0
    """Counted failures: with a feasibility witness, inside the declared envelope."""
    infeasible: int = 0
    """Failures on requests for which no compliant answer is known."""
    vacuous: int = 0
    inapplicable: int = 0
    uncertain: int = 0
    not_computable: int = 0
    insufficient: int = 0
    no_limit: int = 0
    system_error: int = 0
    refused: int = 0
    outside: int = 0
    """Outside the declared envelope: shown apart, never deciding."""
    cut: int = 0
    """Windows that reach beyond the ends of the recording and did not fail: shown apart, never deciding."""
    unwitnessed: int = 0
    """Failures of the adaptive stages for which the oracle was not asked, since a worse one had been shown."""


@frozen
class Bound:
    """What the independent sample alone shows of the failure rate."""

    cases: int
    failures: int
    confidence: float
    upper: float
    """Upper confidence bound on the share of requests that fail (zero-failure bound or Clopper-Pearson)."""
    demanded: float
    """The failure rate that the profile demands to be excluded."""


Decision = Literal["accept", "reject", "continue"]
"""What a sequential test says: the failure rate is low enough, too high, or more cases are needed."""


@frozen
class SequentialResult:
    """Of a system that answers by chance: what Wald's sequential test says of the independent sample."""

    decision: Decision
    cases: int
    """Independent cases that counted until the decision, open ones included."""
    failures: int
    undecided: int
    p0: float
    """A system that fails no more often than this is rejected with a chance of at most ``wrong_rejection``."""
    p1: float
    """A system that fails at least as often as this is accepted with a chance of at most ``wrong_acceptance``."""
    wrong_acceptance: float
    wrong_rejection: float


@frozen
class Repeats:
    """Failing requests that were called again."""

    times: int
    again: int
    """How often the same rule failed again; every other outcome is a flip."""
    confidence: float
    flips_upper: float
    """Upper confidence bound on the share of such repeats with another outcome (Clopper-Pearson)."""


@frozen
class Exchange:
    """A request and what came back."""

    request: JSON
    response: JSON = None
    derived: Mapping[str, JSON] = field(factory=dict)
    oracle_response: JSON = None


@frozen
class Witness:
    """The case that shows a finding."""

    case: int
    """Number of the case; 0 for a row of a table."""
    margin: Margin | None
    changed: tuple[Change, ...] = ()
    calls: int = 0
    """Calls to the system until it was found."""
    shrunk_from: int | None = None
    oracle_case: int | None = None
    """The case under which the oracle's compliant answer is stored."""
    request: JSON = None
    response: JSON = None
    derived: Mapping[str, JSON] = field(factory=dict)
    oracle_response: JSON = None
    oracle_derived: Mapping[str, JSON] = field(factory=dict)
    sides: Sides | None = None
    """The values that decided, such as a loading and its limit; None where nothing was compared."""
    oracle_sides: Sides | None = None
    """The same of the oracle's answer."""
    cause: Text | None = None
    row: Mapping[str, JSON] = field(factory=dict)
    """Of a row of a table: its key, or the group and window of a chain; instants in UTC."""
    values: Mapping[str, JSON] = field(factory=dict)
    """Of a row of a table: what else the rule read."""
    slack: Slack | None = None
    """Of a percentile, whose margin is flat: how many more samples may lie beyond the limit."""
    varied: Exchange | None = None
    """Of a relation: the changed request; ``request`` and ``response`` are then those before the change."""


@frozen
class Risk:
    """Severity beside likelihood; no single score."""

    severity: Severity
    likelihood_upper: float | None
    margin_used: float | None
    """Share of the distance from nominal to the limit that the worst case uses up; over 1 is broken."""


@frozen
class Waived:
    """An approved, dated exception that applied to this finding."""

    reason: str
    approver: str
    until: str


class Disposition(StrEnum):
    """What a finding means for the exit code and the reader."""

    OK = "ok"
    BROKEN = "broken"
    WARNING = "warning"
    UNSURE = "unsure"
    NOTE = "note"
    WAIVED = "waived"
    BY_HAND = "by-hand"


@frozen
class Finding:
    """A rule's outcome for a system."""

    number: int
    rule: str
    title: Text
    requirements: tuple[str, ...]
    obligation: Obligation
    severity: Severity
    outcome: Outcome
    basis: Basis
    counts: Counts
    statement: Text
    """In words, what was and was not shown."""
    disposition: Disposition
    reason: Reason | None = None
    worst: Witness | None = None
    """The case with the smallest known margin."""
    smallest: Witness | None = None
    """Of a failed rule: the counterexample shrunk toward nominal."""
    bound: Bound | None = None
    risk: Risk | None = None
    nominal: Judgement | None = None
    """What the rule says of the nominal request."""
    waived: Waived | None = None
    implicit: bool = False
    """A rule that every operation (answers, response-valid), table (rows-valid) or document (valid) has."""
    surface: str = ""
    """The operation, table or document that it speaks of."""
    recorded: bool = False
    """Decided on a recording; otherwise it needs the system itself."""
    rows: tuple[Witness, ...] = ()
    """Of a rule on a table: the worst rows, by margin and then by key."""
    repeats: Repeats | None = None
    """Of a failure: how often the request was called again, and what came."""
    sequential: SequentialResult | None = None
    """Of an operation that answers by chance: the test that decides in place of the bound."""


@frozen
class RequirementResult:
    """Outcome of a requirement: the roll-up of its rules."""

    id: str
    outcome: Outcome
    basis: Basis
    disposition: Disposition


@frozen
class Settings:
    """How a run was made; all that is needed to make it again."""

    command: Literal["run", "certify", "test", "demo"]
    mode: Literal["all", "pr", "nightly", "certify", "sealed"]
    seed: str
    """Of the cases; in a sealed run the commitment to it, for the seed itself is revealed afterwards."""
    cases: int
    jobs: int
    calls: int
    """Budget of calls for the adaptive stages."""
    strict: bool = False
    as_of: str | None = None
    reproducible: bool = True
    engine: str = "duckdb"
    """What computes the rules on rows of tables: ``duckdb``, ``spark``, or the address of a Spark."""
    statistics: bool = True
    """Whether the statistics of a Parquet file may spare reading parts of it; certification reads all."""


@frozen
class Recording:
    """A file of a table or document, as it was read."""

    surface: str
    path: str
    sha256: str | None
    """None where no file was read."""
    rows: int = 0


@frozen
class Header:
    """First line of a record: everything a report needs besides what happened."""

    schema: str
    tool: str
    pack: Pack
    system: System
    settings: Settings
    versions: Mapping[str, str]
    site_digests: Mapping[str, str]
    canaries: Mapping[str, bool]
    """Rule to whether it failed on its own failing example, through the same path."""
    space: tuple[Mapping[str, JSON], ...] = ()
    """The dimensions of the input space."""
    oracle: str | None = None
    isolation: str = "none"
    label: Text | None = None
    recordings: tuple[Recording, ...] = ()
    """What was recorded and read, with digests."""


@frozen
class RangeCoverage:
    """What was exercised of one dimension: tenths of its range, or its choices."""

    path: str
    parts: tuple[float | str | bool, ...]
    """Of a range the ends of its tenths, one more than there are counts; else the choices."""
    cases: tuple[int, ...]
    least: Mapping[str, tuple[float | None, ...]]
    """Rule to its least normalised margin in each part; None where none is known."""
    label: Text | None = None
    unit: str | None = None


@frozen
class PairCoverage:
    """What was exercised of two dimensions (or fields) together: cells of fifth by fifth."""

    first: str
    second: str
    visited: int
    cells: int


@frozen
class LimitMap:
    """Where a rule is nearest to its limit, over the two dimensions that tell most of its margin."""

    rule: str
    first: str
    second: str
    told: tuple[float, float]
    """Share of the variance of the margin that the fifths of each dimension alone explain (correlation ratio)."""
    least: tuple[tuple[float | None, ...], ...]
    """Least normalised margin by fifth of ``second`` and then of ``first``, from low to high; None: not visited."""


@frozen
class OperationCoverage:
    """What a run exercised of the input space of one operation, inside the declared envelope."""

    operation: str
    cases: int
    declared: bool
    """Whether the space is that of a declared envelope; else that of the whole request schema."""
    dimensions: tuple[RangeCoverage, ...]
    pairs: tuple[PairCoverage, ...]
    by_field: bool
    """Whether the pairs are of fields (each by the mean of its elements), since there are too many dimensions."""
    maps: tuple[LimitMap, ...]


@frozen
class Footer:
    """Last line of a complete record."""

    content_sha256: str
    timing_sha256: str
    cases: int
    calls: int
    exit_code: int
    requirements: tuple[RequirementResult, ...]
    stopped: Text | None = None
    """Why the run ended early, if it did."""


@frozen
class Record:
    """A run record as reports see it. Without a footer the run died half-way."""

    header: Header
    findings: tuple[Finding, ...] = ()
    footer: Footer | None = None
    margins: Mapping[str, tuple[tuple[int, float], ...]] = field(factory=dict)
    """Rule to (case number, normalised margin) of every judged case."""
    stages: Mapping[int, Stage] = field(factory=dict)
    cases: int = 0
    path: str | None = None
    coverage: tuple[OperationCoverage, ...] = ()
    """What was exercised, by operation; older records do not say."""
    broken_line: int | None = None
    """The line at which reading stopped, when the file is damaged."""
