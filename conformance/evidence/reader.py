"""Reading a run record: one line at a time, in memory that does not grow with the responses."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from conformance.errors import Position, Problem, Refused
from conformance.errors.evidence import (
    BadLine,
    LineTooLong,
    Misplaced,
    NoHeader,
    NoSuchCase,
    RecordNotRead,
    UnknownSite,
    UnknownVersion,
    WrongDigest,
)
from conformance.evidence.fold import Folder
from conformance.evidence.lines import NotALine, migrate, parse, structure
from conformance.evidence.schema import KINDS
from conformance.model.json import JSON
from conformance.model.run import (
    Case,
    Finding,
    Footer,
    Header,
    Observation,
    OperationCoverage,
    Record,
    Stage,
    Timing,
    Witness,
)

LONGEST_LINE = 64 * 2**20
"""Bytes; a header holds a pack and a site, and a country's grid takes a few megabytes."""

T = TypeVar("T")


@frozen
class Line:
    """One line of a record: its number from 1, its object in this version's form, its bytes."""

    number: int
    value: dict[str, JSON]
    raw: bytes

    @property
    def kind(self) -> str:
        """What the line holds."""
        return str(self.value["kind"])


@define
class _Lines:
    """Iterates over the lines of a file; ``torn`` is the number of the last line if it was not finished."""

    path: Path
    torn: int | None = None
    _version: str | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[Line]:
        try:
            with self.path.open("rb") as file:
                number = 0
                while raw := file.readline(LONGEST_LINE + 1):
                    number += 1
                    if len(raw) > LONGEST_LINE:
                        raise refuse(LineTooLong(position=self.at(number), limit=LONGEST_LINE))
                    if not raw.endswith(b"\n"):
                        self.torn = number
                        return
                    yield self._line(number, raw)
        except OSError as error:
            raise refuse(RecordNotRead(file=str(self.path), cause=error.strerror or str(error))) from error

    def _line(self, number: int, raw: bytes) -> Line:
        try:
            value = parse(raw)
        except NotALine as error:
            raise refuse(BadLine(position=self.at(number), detail=str(error))) from error
        if self._version is None:
            self._version = str(value.get("schema"))
        try:
            return Line(number, migrate(value, self._version), raw)
        except KeyError as error:
            if value["kind"] != "header":
                raise refuse(Misplaced(position=self.at(number), kind=str(value["kind"])[:40])) from error
            raise refuse(UnknownVersion(position=self.at(number), version=self._version[:40])) from error

    def at(self, number: int) -> Position:
        return Position(str(self.path), number, 1)

    def structured(self, kind: type[T], line: Line) -> T:
        try:
            return structure(kind, line.value)
        except NotALine as error:
            raise refuse(BadLine(position=self.at(line.number), detail=str(error))) from error


def refuse(problem: Problem) -> Refused:
    """The refusal of a file with one problem; reading stops at the first, for nothing behind it can be trusted."""
    return Refused([problem])


def read_record(path: Path | str, *, verify: bool = True) -> Record:
    """The record at ``path`` as reports see it.

    A last line that was not finished is left out and named by ``broken_line``; without a footer ``footer`` is None.
    ``verify`` compares the digests that the footer states. Raises `Refused` with a position for a file that cannot be
    read, a damaged or misplaced line, digests that differ, or a version that is not known.
    """
    lines = _Lines(Path(path))
    reading = _Reading(lines)
    for line in lines:
        reading.take(line)
    if reading.header is None:
        raise refuse(NoHeader(position=lines.at(1)))
    if verify and reading.footer is not None:
        reading.check_digests(reading.footer)
    return Record(
        header=reading.header,
        findings=tuple(reading.findings),
        footer=reading.footer,
        margins={rule: tuple(pairs) for rule, pairs in reading.margins.items()},
        stages=reading.stages,
        cases=len(reading.stages),
        path=str(path),
        coverage=tuple(reading.coverage),
        broken_line=lines.torn,
    )


@define
class _Reading:
    """What has been read so far."""

    lines: _Lines
    header: Header | None = None
    footer: Footer | None = None
    folder: Folder = field(factory=lambda: Folder.of({}))
    findings: list[Finding] = field(factory=list)
    coverage: list[OperationCoverage] = field(factory=list)
    margins: dict[str, list[tuple[int, float]]] = field(factory=dict)
    stages: dict[int, Stage] = field(factory=dict)
    last: int = 0
    content: Any = field(factory=hashlib.sha256)
    timing: Any = field(factory=hashlib.sha256)

    def take(self, line: Line) -> None:
        """Take one line in; raises `Refused`."""
        kind = KINDS.get(line.kind)
        if kind is None:
            raise refuse(BadLine(position=self.lines.at(line.number), detail=f"kind {line.kind[:40]!r}"))
        if (self.header is None) is not (kind is Header) or self.footer is not None:
            self._misplaced(line)
        value: object = self.lines.structured(kind, line)
        self.last = line.number
        if kind is not Footer:
            (self.timing if kind is Timing else self.content).update(line.raw)
        match value:
            case Header():
                self.header = value
                self.folder = Folder.of(value.system.site)
            case Case():
                if value.number in self.stages:
                    self._misplaced(line)
                self.stages[value.number] = value.stage
            case Observation():
                self._observed(line, value)
            case Finding():
                self.findings.append(_unfolded(value, self.folder, self.lines, line))
            case OperationCoverage():
                self.coverage.append(value)
            case Footer():
                self.footer = value

    def _observed(self, line: Line, observation: Observation) -> None:
        if observation.case not in self.stages:
            self._misplaced(line)
        for judgement in observation.judgements if observation.of == "system" else ():
            margin = judgement.margin
            if margin is not None and math.isfinite(margin.normalised.low):
                self.margins.setdefault(judgement.rule, []).append((observation.case, margin.normalised.low))

    def _misplaced(self, line: Line) -> None:
        raise refuse(Misplaced(position=self.lines.at(line.number), kind=line.kind))

    def check_digests(self, footer: Footer) -> None:
        """Raises `Refused` when content or timing is not what the footer states."""
        at = self.lines.at(self.last)
        stated = {"content": footer.content_sha256, "timing": footer.timing_sha256}
        found = {"content": self.content.hexdigest(), "timing": self.timing.hexdigest()}
        wrong = [
            WrongDigest(position=at, part=part, found=found[part], stated=stated[part][:64])
            for part in stated
            if found[part] != stated[part]
        ]
        if wrong:
            raise Refused(wrong)


def _unfolded(finding: Finding, folder: Folder, lines: _Lines, line: Line) -> Finding:
    def whole(witness: Witness | None) -> Witness | None:
        if witness is None:
            return None
        varied = witness.varied and evolve(witness.varied, request=_unfold(witness.varied.request, folder, lines, line))
        return evolve(witness, request=_unfold(witness.request, folder, lines, line), varied=varied)

    return evolve(finding, worst=whole(finding.worst), smallest=whole(finding.smallest))


def _unfold(request: JSON, folder: Folder, lines: _Lines, line: Line) -> JSON:
    try:
        return folder.unfold(request)
    except UnknownSite as error:
        raise refuse(evolve(error, position=lines.at(line.number))) from error
    except RecursionError as error:
        raise refuse(BadLine(position=lines.at(line.number), detail="nested too deeply")) from error


def read_case(path: Path | str, number: int) -> tuple[Case, list[Observation]]:
    """Case ``number`` of the record at ``path`` with its request whole again, and what was observed of it.

    Raises `Refused` when there is none, or where a line read on the way is damaged.
    """
    found = read_cases(path, lambda line: line.get("number") == number)
    if not found:
        raise refuse(NoSuchCase(position=Position(str(path), 1, 1), case=number))
    return found[number]


def read_cases(
    path: Path | str, wanted: Callable[[Mapping[str, JSON]], bool]
) -> dict[int, tuple[Case, list[Observation]]]:
    """The cases of the record at ``path`` of whose line ``wanted`` is true, as `read_case` gives them, by number."""
    lines = _Lines(Path(path))
    folder = Folder.of({})
    found: dict[int, tuple[Case, list[Observation]]] = {}
    for line in lines:
        if line.kind == "header":
            folder = Folder.of(lines.structured(Header, line).system.site)
        elif line.kind == "case" and wanted(line.value):
            case = lines.structured(Case, line)
            found[case.number] = evolve(case, request=_unfold(case.request, folder, lines, line)), []
        elif line.kind == "observation" and line.value.get("case") in found:
            observation = lines.structured(Observation, line)
            found[observation.case][1].append(observation)
    return found


def independent_sample(path: Path | str) -> Iterator[Case | Observation]:
    """The independent cases of the record at ``path``, requests whole, and what the system answered, line by line.

    Raises `Refused` where a line read on the way is damaged.
    """
    lines = _Lines(Path(path))
    folder = Folder.of({})
    numbers: set[int] = set()
    for line in lines:
        if line.kind == "header":
            folder = Folder.of(lines.structured(Header, line).system.site)
        elif line.kind == "case" and line.value.get("stage") == Stage.INDEPENDENT:
            case = lines.structured(Case, line)
            numbers.add(case.number)
            yield evolve(case, request=_unfold(case.request, folder, lines, line))
        elif line.kind == "observation" and line.value.get("case") in numbers and line.value.get("of") == "system":
            yield lines.structured(Observation, line)
