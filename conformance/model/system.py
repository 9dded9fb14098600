"""The system under test, as its vendor describes it in a system file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import field, frozen

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


@frozen
class Recorded:
    """Exchanges that were recorded: JSON lines of ``{"request": ..., "response": ...}``."""

    pattern: str


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
    label: Text | None = None
    """What a reader must know of this item, such as that its grid is a test case."""
    position: Position | None = field(default=None, eq=False)
