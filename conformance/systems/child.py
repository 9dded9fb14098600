"""A child process that is asked in lines: bounded in time, memory and output, and ended with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from conformance.errors import Text
from conformance.model.run import Answer
from conformance.systems import causes

WORDS = 4096
"""Bytes of standard error that are kept."""
_FILE_SIZE = 1 << 30
_OPEN_FILES = 1024
_MARK = "CONFORMANCE_SESSION"
_LOOK = 0.1
"""Seconds between looks at whether the process still runs."""
_GRACE = 0.5
"""Seconds that a child may take to end by itself."""


@frozen
class Ended(Exception):
    """There is no line, and the child cannot be asked again."""

    answer: Answer
    cause: Text
    raw: bytes = b""


class Child:
    """One process in a session of its own, with a clean environment.

    Its pipes are never waited on alone: writing, reading and standard error go on together, so neither a child that
    does not read nor one that floods can block the harness.
    """

    def __init__(
        self, argv: Sequence[str], *, folder: str, environment: Mapping[str, str], memory: int, mark: str
    ) -> None:
        """Start ``argv`` in ``folder`` with ``memory`` bytes of address space. Raises `Ended` if it cannot start.

        ``mark`` is put into the environment, so that what leaves the process group can be found and ended.
        """
        limits = {"RLIMIT_AS": memory, "RLIMIT_FSIZE": _FILE_SIZE, "RLIMIT_NOFILE": _OPEN_FILES, "RLIMIT_CORE": 0}
        launcher = str(Path(__file__).with_name("_launch.py"))
        self._mark = f"{_MARK}={mark}"
        try:
            self._process = subprocess.Popen(  # noqa: S603 - running what the system file names is the purpose
                [sys.executable, "-I", "-S", launcher, json.dumps(limits), *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={**environment, _MARK: mark},
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            raise Ended(Answer.CRASHED, causes.not_started(str(error))) from None
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        self._in, self._out, self._err = (pipe.fileno() for pipe in pipes if pipe)
        self._selector = selectors.DefaultSelector()
        for fd in (self._in, self._out, self._err):
            os.set_blocking(fd, False)
        self._selector.register(self._out, selectors.EVENT_READ)
        self._selector.register(self._err, selectors.EVENT_READ)
        self._buffer = bytearray()
        self._words = b""

    def exchange(self, line: bytes, *, seconds: float, limit: int) -> bytes:
        """Send ``line`` and return the next line, at most ``limit`` bytes, within ``seconds``. Raises `Ended`."""
        deadline = time.monotonic() + seconds
        rest = memoryview(line)
        self._selector.register(self._in, selectors.EVENT_WRITE)
        scanned = 0
        try:
            while True:
                end = self._buffer.find(b"\n", scanned)
                if end > limit or (end < 0 and len(self._buffer) > limit):
                    raise Ended(Answer.TOO_LARGE, causes.too_large(limit))
                if end >= 0:
                    if rest:
                        raise Ended(Answer.GARBAGE, causes.hasty(), bytes(self._buffer[:end]))
                    answer = bytes(self._buffer[:end])
                    del self._buffer[: end + 1]
                    return answer
                scanned = len(self._buffer)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Ended(Answer.TIMED_OUT, causes.silent(seconds))
                events = self._selector.select(min(left, _LOOK))
                if not events and self._process.poll() is not None and not self._read():
                    raise self._gone()  # its end was not seen because a child of its own holds the output open
                for key, _ in events:
                    if key.fd == self._in:
                        rest = self._write(rest)
                    elif key.fd == self._err:
                        self._hear()
                    elif not self._read():
                        raise self._gone()
        finally:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._in)

    def finish(self, *, seconds: float) -> None:
        """Wait until it has ended well; what it says on standard output is passed over. Raises `Ended` otherwise."""
        deadline = time.monotonic() + seconds
        while (code := self._process.poll()) is None:
            if time.monotonic() > deadline:
                raise Ended(Answer.TIMED_OUT, causes.silent(seconds))
            for key, _ in self._selector.select(_LOOK):
                if key.fd == self._err:
                    self._hear()
                elif not self._read():
                    self._selector.unregister(self._out)
            self._buffer.clear()
        if code != 0:
            raise self._gone()

    def _write(self, rest: memoryview) -> memoryview:
        try:
            rest = rest[os.write(self._in, rest) :]
        except BlockingIOError:
            return rest
        except OSError:  # it reads no more; what it still says decides
            rest = rest[:0]
        if not rest:
            self._selector.unregister(self._in)
        return rest

    def _read(self) -> bool:
        """Take what stands on standard output; False at its end or when nothing stands there now."""
        try:
            chunk = os.read(self._out, 1 << 16)
        except BlockingIOError:
            return False
        self._buffer += chunk
        return bool(chunk)

    def _hear(self) -> bool:
        """Take what stands on standard error; False at its end or when nothing stands there now."""
        try:
            chunk = os.read(self._err, 1 << 16)
        except BlockingIOError:
            return False
        if not chunk:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._err)
        self._words = (self._words + chunk)[-WORDS:]
        return bool(chunk)

    def _gone(self) -> Ended:
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_GRACE)
        bound = 64  # chunks; a child that only closed its output may write for ever
        while bound and self._hear():
            bound -= 1
        cause = causes.ended(code, self._words)
        if self._buffer:
            return Ended(Answer.GARBAGE, causes.broke_off(cause), bytes(self._buffer))
        return Ended(Answer.CRASHED, cause)

    def end(self, *, at_once: bool) -> None:
        """End the process and all that it started; without ``at_once`` it may end by itself first."""
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        self._selector.close()
        for pipe in pipes:
            if pipe:
                pipe.close()
        if not at_once:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pid in _marked(self._mark):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: str) -> list[int]:
    """Processes that carry ``mark`` in their environment: those that left the process group (Linux only)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark.encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
    return found
