"""Several conversations with one system at once, with answers in the order of the requests."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Self

from conformance.model.json import JSON
from conformance.model.run import Reply
from conformance.systems.session import Hello, Session

BATCH = 32
"""Requests in a batch, where the system takes batches. It does not depend on the number of workers."""


class Pool:
    """``jobs`` sessions, each used by one worker at a time.

    Which session answers which request or makes which sequence is left to chance.
    """

    def __init__(self, make_session: Callable[[], Session], jobs: int) -> None:
        """Open the first session now and the others when they are needed. Raises what ``make_session`` raises."""
        if jobs < 1:
            raise ValueError("a pool needs at least one worker")
        self._make = make_session
        self._first = make_session()
        self._sessions = [self._first]
        self._idle: queue.LifoQueue[Session | None] = queue.LifoQueue()  # an open session before one to open
        for idle in [None] * (jobs - 1) + [self._first]:
            self._idle.put(idle)
        self._jobs = jobs
        self._size: int | None = None
        self._workers = ThreadPoolExecutor(jobs, thread_name_prefix="conformance-pool")

    def hello(self) -> Hello:
        """What the system said of itself in the first session."""
        return self._first.hello()

    def recorded(self, operation: str) -> Iterator[tuple[JSON, Reply]]:
        """The exchanges that were recorded; none of a live system."""
        return self._first.recorded(operation)

    def stream(self, operation: str, requests: Iterable[JSON]) -> Iterator[Reply]:
        """The replies in the order of ``requests``, as they come; requests are drawn only a little ahead."""
        source = iter(requests)
        if self._size is None:  # before any worker has the first session
            self._size = BATCH if self._first.hello().batch else 1
        waiting: deque[Future[list[Reply]]] = deque()
        while True:
            while len(waiting) < 2 * self._jobs and (chunk := list(islice(source, self._size))):
                waiting.append(self._workers.submit(self._ask, operation, chunk))
            if not waiting:
                return
            yield from waiting.popleft().result()

    def sequences(self, operation: str, sequences: Iterable[Sequence[JSON]]) -> Iterator[Reply]:
        """The replies in the order of ``sequences``, each made whole in one session, from its first state."""
        return self._workers.map(lambda requests: self._sequence(operation, requests), sequences)

    def _sequence(self, operation: str, requests: Sequence[JSON]) -> Reply:
        with self._session() as session:
            return session.sequence(operation, requests)

    def _ask(self, operation: str, requests: list[JSON]) -> list[Reply]:
        with self._session() as session:
            if len(requests) == 1:
                return [session.call(operation, requests[0])]
            return session.batch(operation, requests)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """An idle session, opened if need be."""
        session = self._idle.get()
        try:
            if session is None:
                session = self._make()
                self._sessions.append(session)
            yield session
        finally:
            self._idle.put(session)

    def close(self) -> None:
        """Wait for the calls under way, then end all sessions."""
        self._workers.shutdown(cancel_futures=True)
        for session in self._sessions:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
