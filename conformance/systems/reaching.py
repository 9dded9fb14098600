"""From a system file to a conversation: each operation by the way that the file names for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

from conformance.errors import Problem, Refused
from conformance.errors.systems import OperationUnreached
from conformance.model.json import JSON
from conformance.model.run import Reply
from conformance.model.standard import Pack
from conformance.model.system import Command, Http, PythonCall, Reach, Recorded, System
from conformance.systems.command import START, CommandSession
from conformance.systems.http import HttpSession, Pace
from conformance.systems.python_call import as_command
from conformance.systems.recorded import RecordedSession
from conformance.systems.session import Hello, Session


class Conversation(Session):
    """One system whose operations may be reached in different ways; those with one way share one process."""

    def __init__(self, routes: Mapping[str, Session]) -> None:
        """``routes`` maps an operation to the session that answers it."""
        self._routes = dict(routes)
        self._sessions = list({id(session): session for session in routes.values()}.values())

    def hello(self) -> Hello:
        """All that the system's parts said of themselves; of a part that did not open, that alone."""
        hellos = [session.hello() for session in self._sessions]
        if bad := next((h for h in hellos if h.cause is not None), None):
            return bad
        claims: dict[str, tuple[str, ...]] = {}
        for hello in hellos:
            for pack, names in hello.capabilities.items():
                claims[pack] = tuple(dict.fromkeys((*claims.get(pack, ()), *names)))
        return Hello(
            capabilities=claims,
            identity={key: value for hello in hellos for key, value in hello.identity.items()},
            site={key: value for hello in hellos for key, value in hello.site.items()},
            batch=any(hello.batch for hello in hellos),
            latency_ns=sum(hello.latency_ns for hello in hellos),
        )

    def call(self, operation: str, request: JSON) -> Reply:
        """The answer to one request. Raises `OperationUnreached`."""
        return self._route(operation).call(operation, request)

    def batch(self, operation: str, requests: Sequence[JSON]) -> list[Reply]:
        """The answers to several requests, in their order. Raises `OperationUnreached`."""
        return self._route(operation).batch(operation, requests)

    def sequence(self, operation: str, requests: Sequence[JSON]) -> Reply:
        """The answers to one request after the other, from the first state of the part that gives them."""
        return self._route(operation).sequence(operation, requests)

    def reset(self) -> bool:
        """Bring all parts to their first state; False if one of them cannot."""
        done = [session.reset() for session in self._sessions]
        return all(done)

    def recorded(self, operation: str) -> Iterator[tuple[JSON, Reply]]:
        """The exchanges that were recorded for ``operation``. Raises `OperationUnreached`."""
        return self._route(operation).recorded(operation)

    def close(self) -> None:
        """End all parts."""
        for session in self._sessions:
            session.close()

    def _route(self, operation: str) -> Session:
        try:
            return self._routes[operation]
        except KeyError:
            raise OperationUnreached(operation=operation, known=", ".join(sorted(self._routes)) or "-") from None


def opener(
    system: System,
    pack: Pack,
    *,
    scratch: Path,
    start: float = START,
    environment: Mapping[str, str] = os.environ,
) -> Callable[[], Session]:
    """A function that opens one conversation after another with ``system``; they share the rate of its services.

    ``scratch`` is a folder of ours in which each process gets its home. ``start`` is the time to hello in seconds.
    ``environment`` is where secrets for headers are taken from. The function raises Refused.
    """
    reaches = {name: reach for name, reach in system.operations.items() if name in pack.operations}
    paces = {name: Pace(reach.rate) for name, reach in reaches.items() if isinstance(reach, Http)}
    homes = count(1)

    def make(reach: Reach, operations: tuple[str, ...]) -> Session:
        first = operations[0]
        match reach:
            case Http():
                return HttpSession(reach, operation=first, pace=paces[first], environment=environment)
            case Recorded():
                return RecordedSession(reach.pattern, folder=system.folder)
            case PythonCall():
                command = as_command(reach, folder=os.path.abspath(system.folder), operations=operations)
            case Command():
                command = reach
        home = scratch / f"home-{next(homes)}"
        return CommandSession(command, folder=system.folder, pack=pack, scratch=home.absolute(), start=start)

    def open_() -> Session:
        routes: dict[str, Session] = {}
        problems: list[Problem] = []
        for first, reach in reaches.items():
            # A process is shared by its operations; services and recordings stand for one operation each.
            shared = isinstance(reach, Command | PythonCall)
            operations = tuple(n for n, r in reaches.items() if r == reach) if shared else (first,)
            if operations[0] != first:
                continue
            try:
                routes.update(dict.fromkeys(operations, make(reach, operations)))
            except Refused as refused:
                problems += refused.problems
            except Problem as problem:
                problems.append(problem)
        if problems:
            Conversation(routes).close()
            raise Refused(problems)
        return Conversation(routes)

    return open_


def connect(
    system: System,
    pack: Pack,
    *,
    scratch: Path,
    start: float = START,
    environment: Mapping[str, str] = os.environ,
) -> Session:
    """One conversation with ``system`` about ``pack``; see `opener`. Raises Refused."""
    return opener(system, pack, scratch=scratch, start=start, environment=environment)()
