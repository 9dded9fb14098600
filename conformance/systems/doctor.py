"""One nominal request per operation: what was sent, what came back, what the schema disliked, and how long it took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from attrs import frozen

from conformance.errors import Text
from conformance.model.json import JSON
from conformance.model.run import Answer, Reply
from conformance.model.standard import Pack
from conformance.model.system import Command, Http, PythonCall, Reach, System
from conformance.systems.session import Hello, Session

Complaints = Callable[[JSON], Sequence[tuple[str, Text]]]
"""A value to what a schema dislikes in it: JSON pointer and message."""
Call = Callable[[], Reply]


@frozen
class Examined:
    """What one operation did with one request, or with a sequence of them."""

    operation: str
    """Its name; of a sequence that of the table."""
    reached: str
    """In what way: the command, URL, Python target or pattern of the system file."""
    request: JSON
    """Of a sequence the first one."""
    reply: Reply
    complaints: tuple[tuple[str, Text], ...] = ()

    @property
    def good(self) -> bool:
        """Whether there was an answer and the schema likes it."""
        return self.reply.answer is Answer.ANSWERED and not self.complaints


@frozen
class Examination:
    """What a first contact with a system shows."""

    hello: Hello
    operations: tuple[Examined, ...]
    unreached: tuple[str, ...] = ()
    """Operations of the pack that the system file does not name."""
    unknown: tuple[str, ...] = ()
    """Operations of the system file that the pack does not have."""
    strange_claims: tuple[str, ...] = ()
    """Capabilities that the system says it has and the pack does not know."""

    @property
    def good(self) -> bool:
        """Whether a run can start."""
        return self.hello.cause is None and all(e.good for e in self.operations)

    def projected(self, cases: int, *, jobs: int = 1) -> float:
        """Seconds that ``cases`` calls of each operation will take, at the latency seen here."""
        return sum(e.reply.latency_ns for e in self.operations) * cases / jobs / 1e9


def examine(
    session: Session,
    system: System,
    pack: Pack,
    requests: Mapping[str, JSON],
    *,
    sequences: Mapping[str, tuple[str, Sequence[JSON]]] | None = None,
    complaints: Mapping[str, Complaints] | None = None,
) -> Examination:
    """Call each operation in ``requests`` (operation to nominal request); ``complaints`` judge the responses.

    ``sequences`` are those of tables that calls make: table to the operation and its nominal requests. Where there is
    an answer the call is repeated and the second one timed, for the first often loads what all use.
    """
    hello = session.hello()
    judges = complaints or {}
    examined = []
    calls: list[tuple[str, str, JSON, Call]] = [
        (name, name, request, partial(session.call, name, request)) for name, request in requests.items()
    ]
    calls += [
        (table, name, asked[0], partial(session.sequence, name, asked))
        for table, (name, asked) in (sequences or {}).items()
    ]
    for surface, operation, request, call in calls:
        if operation not in system.operations:
            continue
        reply = call()
        if reply.answer is Answer.ANSWERED:
            reply = call()
        judge = judges.get(surface)
        disliked = tuple(judge(reply.body)) if judge and reply.answer is Answer.ANSWERED else ()
        examined.append(Examined(surface, reached(system.operations[operation]), request, reply, disliked))
    claimed = {name for key in (pack.id, pack.short) for name in hello.capabilities.get(key, ())}
    return Examination(
        hello,
        tuple(examined),
        unreached=tuple(sorted(pack.operations.keys() - system.operations.keys())),
        unknown=tuple(sorted(system.operations.keys() - pack.operations.keys())),
        strange_claims=tuple(sorted(claimed - pack.capabilities.keys())),
    )


def reached(reach: Reach) -> str:
    """The way to an operation in one line; header values are left out."""
    match reach:
        case Command():
            return " ".join(reach.argv)
        case Http():
            return f"{reach.method} {reach.url}"
        case PythonCall():
            return reach.target
        case _:
            return reach.pattern
