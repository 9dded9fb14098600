"""Writing a run record: append-only JSON lines, each handed to the operating system as it happens."""

from __future__ import annotations

import hashlib
import os
from io import FileIO
from pathlib import Path
from types import TracebackType

from attrs import evolve

from conformance.errors import Text
from conformance.errors.evidence import RecordExists, RecordNotWritten
from conformance.evidence.fold import Folder
from conformance.evidence.lines import write
from conformance.model.run import (
    Case,
    Finding,
    Footer,
    Header,
    Observation,
    OperationCoverage,
    RequirementResult,
    Timing,
    Witness,
)


class RecordWriter:
    """Appends to one run record. A process that is killed leaves all that it had written.

    Use it as a context manager. Leaving it without `finish` leaves a record without a footer: a run that died half-way.
    One thread writes.
    """

    def __init__(self, path: Path | str, header: Header) -> None:
        """Begin a record at ``path``, which must not exist; folders above it are made. Raises `RecordExists`,
        `RecordNotWritten`.
        """
        self.path = Path(path)
        self._cases = 0
        self._content = hashlib.sha256()
        self._timing = hashlib.sha256()
        self._folder = Folder.of(header.system.site)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists():
                raise RecordExists(file=str(self.path))
            self._file = FileIO(self.path, "xb")
        except OSError as error:
            raise RecordNotWritten(file=str(self.path), cause=error.strerror or str(error)) from error
        self._append(write(header))

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def case(self, case: Case) -> None:
        """Store a case; what its request shares with the site is stored as a reference.

        Where it differs from nominal is not stored again: the request and the header's input space say so.
        """
        self._cases += 1
        self._append(write(evolve(case, request=self._folder.fold(case.request), changed=())))

    def observation(self, observation: Observation) -> None:
        """Store what was observed of a case that is stored already."""
        self._append(write(observation))

    def coverage(self, coverage: OperationCoverage) -> None:
        """Store what was exercised of the input space of one operation."""
        self._append(write(coverage))

    def finding(self, finding: Finding) -> None:
        """Store a finding."""

        def folded(witness: Witness | None) -> Witness | None:
            if witness is None:
                return None
            varied = witness.varied and evolve(witness.varied, request=self._folder.fold(witness.varied.request))
            return evolve(witness, request=self._folder.fold(witness.request), varied=varied)

        self._append(write(evolve(finding, worst=folded(finding.worst), smallest=folded(finding.smallest))))

    def timing(self, timing: Timing) -> None:
        """Store a time-stamp or latency; it has no part in the digest of the content."""
        line = write(timing)
        self._timing.update(line)
        self._store(line)

    def finish(
        self,
        *,
        calls: int,
        exit_code: int,
        requirements: tuple[RequirementResult, ...],
        stopped: Text | None = None,
    ) -> Footer:
        """Store the footer, bring all to the disk, and close."""
        footer = Footer(
            content_sha256=self._content.hexdigest(),
            timing_sha256=self._timing.hexdigest(),
            cases=self._cases,
            calls=calls,
            exit_code=exit_code,
            requirements=requirements,
            stopped=stopped,
        )
        self._store(write(footer))
        os.fsync(self._file.fileno())
        self.close()
        return footer

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._file.close()

    def _append(self, line: bytes) -> None:
        self._content.update(line)
        self._store(line)

    def _store(self, line: bytes) -> None:
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise RecordNotWritten(file=str(self.path), cause=error.strerror or str(error)) from error
