"""A program that speaks protocol 1 on its standard input and output."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import evolve, frozen

import conformance
from conformance.model.json import JSON
from conformance.model.run import Answer, Reply
from conformance.model.standard import Pack
from conformance.model.system import Command
from conformance.systems import causes, protocol
from conformance.systems.child import Child, Ended
from conformance.systems.session import Hello, Session
from conformance.systems.wire import Part, elements, members

MEMORY = 8 << 30
"""Bytes of address space where the system file states none."""
LINE = 16 << 20
"""Bytes of one answer at most."""
START = 30.0
"""Seconds to hello, where the time-out of a call is not longer: imports and models are loaded before it."""


@frozen
class _Silence(Exception):
    reply: Reply


class CommandSession(Session):
    """Keeps one process. It is started for the first call, and anew after a crash, a time-out or a loss of step."""

    def __init__(
        self,
        command: Command,
        *,
        folder: str,
        pack: Pack,
        scratch: Path,
        start: float = START,
        line: int = LINE,
    ) -> None:
        """``folder`` is the working directory; ``scratch`` becomes the home of the process; ``start`` in seconds."""
        ours = "{python}" in command.argv
        self._argv = [sys.executable if word == "{python}" else word for word in command.argv]
        self._command = command
        self._folder = folder
        self._pack = pack
        self._scratch = scratch
        self._environment = environment(scratch, ours=ours)
        self._start_seconds = max(start, command.timeout)
        self._line = line
        self._child: Child | None = None
        self._hello = Hello()
        self._number = 0
        self.starts = 0
        """How often a process was started; one more than the restarts."""

    def hello(self) -> Hello:
        """What the process said when it was started; it is started if it does not run."""
        try:
            if self._child is None:
                self._start()
        except _Silence as silence:
            return Hello(answer=silence.reply.answer, cause=silence.reply.cause)
        return self._hello

    def call(self, operation: str, request: JSON) -> Reply:
        """The answer to one request, or the events on one sample, within the time-out."""
        message = {"kind": "request", "operation": operation, "request": request}
        wanted = "response"
        if operation in self._pack.operations and self._pack.operations[operation].stream:
            message = {"kind": "sample", "operation": operation, **request}
            wanted = "events"
        try:
            found, latency = self._ask(message, kinds=frozenset({wanted, "refuse"}), seconds=self._command.timeout)
        except _Silence as silence:
            return silence.reply
        if found["kind"].value == "refuse":
            return _refusal(found["reason"], latency)
        return _answer(found[wanted], latency)

    def batch(self, operation: str, requests: Sequence[JSON]) -> list[Reply]:
        """The answers to several requests at once; where the batch as a whole fails, each is asked for itself."""
        if len(requests) < 2 or not self.hello().batch:
            return super().batch(operation, requests)
        message = {"kind": "batch", "operation": operation, "requests": list(requests)}
        seconds = self._command.timeout * len(requests)
        try:
            found, latency = self._ask(message, kinds=frozenset({"batch"}), seconds=seconds)
        except _Silence:
            return super().batch(operation, requests)
        each = [members(raw) for raw in elements(found["responses"].raw)]
        if len(each) != len(requests):
            return super().batch(operation, requests)
        share = latency // len(requests)
        return [_refusal(e["refuse"], share) if "refuse" in e else _answer(e["response"], share) for e in each]

    def reset(self) -> bool:
        """Reset by message where the system can, else by a fresh process."""
        if self._child is not None:
            kinds = frozenset({"reset", "unsupported"})
            try:
                found, _ = self._ask({"kind": "reset"}, kinds=kinds, seconds=self._command.timeout)
            except _Silence:
                self._end(at_once=True)
            else:
                if found["kind"].value == "unsupported":
                    self._end(at_once=False)
        return True

    def close(self) -> None:
        """End the process and remove its scratch folder."""
        self._end(at_once=False)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _end(self, *, at_once: bool) -> None:
        if self._child is not None:
            self._child.end(at_once=at_once)
        self._child = None

    def _start(self) -> Child:
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._number = 0
        self.starts += 1
        begin = time.perf_counter_ns()
        try:
            self._child = Child(
                self._argv,
                folder=self._folder,
                environment=self._environment,
                memory=self._command.memory or MEMORY,
                mark=secrets.token_hex(8),
            )
            found, _ = self._ask(protocol.hello(self._pack), kinds=frozenset({"hello"}), seconds=self._start_seconds)
        except Ended as ended:
            raise _Silence(Reply(ended.answer, cause=ended.cause)) from None
        except _Silence as silence:
            self._end(at_once=True)
            cause = silence.reply.cause and causes.at_hello(silence.reply.cause)
            raise _Silence(evolve(silence.reply, cause=cause)) from None
        said = {key: part.value for key, part in found.items()}
        self._hello = Hello(
            capabilities={pack: tuple(names) for pack, names in said.get("capabilities", {}).items()},
            identity=said.get("identity", {}),
            site=said.get("site", {}),
            batch=said.get("batch", False),
            latency_ns=time.perf_counter_ns() - begin,
        )
        return self._child

    def _ask(
        self, message: Mapping[str, JSON], *, kinds: frozenset[str], seconds: float
    ) -> tuple[dict[str, Part], int]:
        """The members of the answer, and nanoseconds. Raises `_Silence` with the reply that stands for no answer."""
        child = self._child or self._start()
        self._number += 1
        line = protocol.write(message, number=self._number)
        begin = time.perf_counter_ns()
        try:
            answer = child.exchange(line, seconds=seconds, limit=self._line)
        except Ended as ended:
            self._end(at_once=True)  # a late answer must never count for the next call
            latency = time.perf_counter_ns() - begin
            raise _Silence(Reply(ended.answer, ended.raw, cause=ended.cause, latency_ns=latency)) from None
        latency = time.perf_counter_ns() - begin
        try:
            return protocol.read(answer, number=self._number, kinds=kinds), latency
        except protocol.OutOfProtocol as out:
            if not out.in_step:
                self._end(at_once=True)
            raise _Silence(Reply(Answer.GARBAGE, answer, cause=out.cause, latency_ns=latency)) from None


def _answer(part: Part, latency: int) -> Reply:
    return Reply(Answer.ANSWERED, part.raw, part.value, latency_ns=latency)


def _refusal(part: Part, latency: int) -> Reply:
    return Reply(Answer.REFUSED, part.raw, cause=causes.refused(part.value), latency_ns=latency)


def environment(scratch: Path, *, ours: bool) -> dict[str, str]:
    """All that a system sees of our environment: nothing secret, and one thread, so that sums come out alike."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    if ours:  # our interpreter also in a source tree that is not installed; another's must not see our packages
        environment["PYTHONPATH"] = str(Path(conformance.__file__).parents[1])
    return environment
