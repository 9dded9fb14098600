"""What the rest of the harness sees of a system, however it is reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from attrs import evolve, field, frozen

from conformance.errors import Text
from conformance.model.json import JSON
from conformance.model.run import Answer, Reply
from conformance.systems import causes

SEQUENCE = 64 << 20
"""Bytes of all the answers of one sequence at most."""


@frozen
class Hello:
    """What a system says of itself when the conversation opens; nothing, where its kind has no hello."""

    answer: Answer = Answer.ANSWERED
    cause: Text | None = None
    """Why there was no hello."""
    capabilities: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Short name of a pack to what is claimed."""
    identity: Mapping[str, JSON] = field(factory=dict)
    site: Mapping[str, JSON] = field(factory=dict)
    """Site content that the system itself brings, by kind."""
    batch: bool = False
    """Whether it answers several requests at once."""
    latency_ns: int = 0
    """From start to hello."""


class Session(Protocol):
    """A conversation with a system. Nothing that the system does raises; every call has a `Reply`.

    One thread at a time; see `Pool` for several.
    """

    def hello(self) -> Hello:
        """What the system said when the conversation was opened."""
        ...

    def call(self, operation: str, request: JSON) -> Reply:
        """The answer to one request, or why there is none.

        To a stream the request is ``{"time": ..., "sample": ...}``, and its answer the list of the events.
        """
        ...

    def batch(self, operation: str, requests: Sequence[JSON]) -> list[Reply]:
        """The answers to several requests, in their order; asked one by one where the system has no batch."""
        return [self.call(operation, request) for request in requests]

    def sequence(self, operation: str, requests: Sequence[JSON]) -> Reply:
        """From the first state on one request after the other; the body is the list of the answers.

        The first call without an answer, a refusal too, ends the sequence and gives it its answer.
        """
        if not self.reset():
            return Reply(Answer.UNREACHABLE, cause=causes.no_reset())
        replies: list[Reply] = []
        size = 0
        for number, request in enumerate(requests, start=1):
            reply = self.call(operation, request)
            size += len(reply.raw)
            if size > SEQUENCE:
                reply = Reply(Answer.TOO_LARGE, cause=causes.too_large(SEQUENCE))
            replies.append(reply)
            if reply.answer is not Answer.ANSWERED:
                cause = causes.at_call(number, len(requests), reply.cause)
                return evolve(reply, cause=cause, latency_ns=_latency(replies))
        raw = b"[" + b",".join(reply.raw for reply in replies) + b"]"
        return Reply(Answer.ANSWERED, raw, [reply.body for reply in replies], latency_ns=_latency(replies))

    def stream(self, operation: str, requests: Iterable[JSON]) -> Iterator[Reply]:
        """One reply a request, each asked when its reply is wanted."""
        return (self.call(operation, request) for request in requests)

    def sequences(self, operation: str, sequences: Iterable[Sequence[JSON]]) -> Iterator[Reply]:
        """One reply a sequence."""
        return (self.sequence(operation, requests) for requests in sequences)

    def reset(self) -> bool:
        """Bring the system to its first state; False where nothing can do that."""
        return False

    def recorded(self, operation: str) -> Iterator[tuple[JSON, Reply]]:
        """The exchanges that were recorded, in their order; none of a live system."""
        return iter(())

    def close(self) -> None:
        """End the conversation, and the processes that it started."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _latency(replies: Sequence[Reply]) -> int:
    return sum(reply.latency_ns for reply in replies)
