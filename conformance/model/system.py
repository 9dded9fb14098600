"""The system under test, as its vendor describes it in a system file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeVar

from attrs import evolve, field, frozen

from conformance.errors import Position, Text
from conformance.model.json import JSON


@frozen
class Command:
    """A program that speaks protocol 1 on its standard input and output. ``{python}`` stands for our interpreter."""

    argv: tuple[str, ...]
    timeout: float = 10.0
    """Seconds per call."""
    memory: int | None = None
    """Bytes of address space."""
    deterministic: bool | None = None
    """Whether the same request has the same answer, as the vendor declares; None: nothing is declared."""


@frozen
class Http:
    """An HTTP service. Header values may come from the environment and are then never recorded."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str | EnvironmentValue] = field(factory=dict)
    fields: Mapping[str, str] = field(factory=dict)
    """Our field name to the vendor's, in both directions."""
    rate: float | None = None
    """Calls per second at most."""
    timeout: float = 10.0
    deterministic: bool | None = None
    """Whether the same request has the same answer, as the vendor declares; None: nothing is declared."""
    reset: str | None = None
    """URL that brings the service to its first state; sequences of calls need it."""


@frozen
class EnvironmentValue:
    """A secret that stands in an environment variable."""

    name: str


@frozen
class PythonCall:
    """A Python function ``module:name`` that takes the request and returns the response; run in a child process."""

    target: str
    timeout: float = 10.0
    memory: int | None = None
    deterministic: bool | None = None
    """Whether the same request has the same answer, as the vendor declares; None: nothing is declared."""


@frozen
class Recorded:
    """Exchanges that were recorded: JSON lines of ``{"request": ..., "response": ...}``."""

    pattern: str


@frozen
class TableSource:
    """Where the rows of a table stand and how they were written down."""

    path: str
    """A file, or a pattern of files such as ``telemetry/**/*.parquet``; ``name=value`` folders are columns."""
    format: Literal["csv", "parquet", "jsonl", "xlsx"] | None = None
    """None: as the ending of each file's name says."""
    encoding: str = "utf-8"
    header_rows: int = 1
    """Rows of names above the data; the names of a column are joined by ``/``, and a blank one repeats the left one.
    With none, columns are called by their number, from 1."""
    layout: Literal["wide", "long"] = "long"
    """Wide: several columns of a file hold one column of the table, one for each phase or meter."""
    missing: tuple[str, ...] = ()
    """What stands for no value, beside an empty cell."""
    label: Literal["start", "end"] | None = None
    """Which end of its interval a time stands for; None: the one that the pack asks for."""
    timezone: str | None = None
    """IANA name of the zone of times without one."""
    columns: Mapping[str, str] = field(factory=dict)
    """Column of the table to its name in the file; in a wide layout a pattern such as ``u_{phase}``."""
    units: Mapping[str, str] = field(factory=dict)
    """Column of the table to the unit in the file, where it is not the pack's."""
    quality: Mapping[str, str] = field(factory=dict)
    """Quality code to OK, ESTIMATED, MISSING or BAD; the values of the last two do not count as recorded."""
    accuracy: Mapping[str, str] = field(factory=dict)
    """Column of the table to the accuracy class of its instrument."""
    delimiter: str = ","
    decimal: str = "."
    position: Position | None = field(default=None, eq=False)


Reach: TypeAlias = Command | Http | PythonCall | Recorded


@frozen
class Identity:
    """What identifies the item under test."""

    kind: Literal["claimed", "attested", "measured"] = "claimed"
    digests: Mapping[str, str] = field(factory=dict)


@frozen
class Band:
    """A declared operating range of one input field, as a multiple of nominal or in the field's unit."""

    low: float
    high: float
    of: Literal["nominal", "value"] = "nominal"


@frozen
class System:
    """The system under test with what it declares."""

    name: str
    vendor: str
    version: str
    folder: str
    """Where its file stands; paths in the file start there."""
    operations: Mapping[str, Reach]
    environment: Literal["test", "staging", "production"] | None = None
    identity: Identity = Identity()
    declares: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Pack to the capabilities that are claimed."""
    site: Mapping[str, JSON] = field(factory=dict)
    """Site kind to its content, read from the file or base case that the system names."""
    site_names: Mapping[str, str] = field(factory=dict)
    envelope: Mapping[str, Band] = field(factory=dict)
    """Input path such as ``loads.p`` to the range in which the system claims to work."""
    documents: Mapping[str, str] = field(factory=dict)
    tables: Mapping[str, TableSource] = field(factory=dict)
    label: Text | None = None
    """What a reader must know of this item, such as that its grid is a test case."""
    position: Position | None = field(default=None, eq=False)
    places: Mapping[str, Position] = field(factory=dict, eq=False)
    """Where its file names each operation, table and document."""

    def within(self, pack: str) -> System:
        """As the pack of this short name sees it: its own names without the pack before them, no other pack's names."""
        return evolve(
            self,
            operations=_within(pack, self.operations),
            documents=_within(pack, self.documents),
            tables=_within(pack, self.tables),
            places=_within(pack, self.places),
        )


_Named = TypeVar("_Named")


def _within(pack: str, named: Mapping[str, _Named]) -> dict[str, _Named]:
    plain = {name: one for name, one in named.items() if "." not in name}
    prefix = f"{pack}."
    return plain | {name.removeprefix(prefix): one for name, one in named.items() if name.startswith(prefix)}
