"""Exchanges that were recorded, as JSON lines of ``{"request", "response"}`` or ``{"request", "refuse"}``.

Only offsets are kept in memory. Requests are compared in canonical form (RFC 8785), so the order of keys and ``10``
against ``10.0`` make no difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import rfc8785

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.systems import BrokenRecording, NothingRecorded
from conformance.model.json import JSON
from conformance.model.run import Answer, Reply
from conformance.systems import causes
from conformance.systems.session import Hello, Session
from conformance.systems.wire import Malformed, Part, members

LINE = 16 << 20
"""Bytes of one exchange at most."""
_SHOWN = 20
_ABSENT = Text("no exchange is recorded for this request", "没有该请求的交互记录")


class RecordedSession(Session):
    """Answers from what was recorded; a request that was never recorded is `Answer.MISSING`."""

    def __init__(self, pattern: str, *, folder: str) -> None:
        """Index all files that fit ``pattern`` (a glob under ``folder``).

        Raises Refused with `NothingRecorded`, or with a `BrokenRecording` for each of the first twenty broken lines.
        """
        root, name = (Path("/"), pattern[1:]) if pattern.startswith("/") else (Path(folder), pattern)
        self._files = [path for path in sorted(root.glob(name)) if path.is_file()]
        self._order: list[tuple[int, int]] = []
        self._at: dict[bytes, tuple[int, int]] = {}
        problems: list[Problem] = []
        for index, path in enumerate(self._files):
            problems += self._index(index, path)
        if problems:
            raise Refused(problems[:_SHOWN])
        if not self._order:
            raise Refused([NothingRecorded(pattern=pattern, folder=folder)])

    def _index(self, index: int, path: Path) -> Iterator[Problem]:
        offset = 0
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE + 1), b""), start=1):
                place = (index, offset)
                offset += len(line)
                if not line.strip():
                    continue
                try:
                    if len(line) > LINE:
                        raise Malformed(causes.too_large(LINE))
                    key = _key(_exchange(line)["request"].value)
                except Malformed as malformed:
                    source = line[:200].decode("utf-8", "replace").rstrip("\r\n")
                    at = Position(str(path), number, 1, 1, source)
                    yield BrokenRecording(position=at, fault=malformed.cause)
                    if len(line) > LINE:
                        return
                else:
                    self._order.append(place)
                    self._at.setdefault(key, place)

    def hello(self) -> Hello:
        """Nothing: a recording says nothing of itself."""
        return Hello()

    def call(self, operation: str, request: JSON) -> Reply:
        """The first answer that was recorded for ``request``."""
        place = self._at.get(_key(request))
        if place is None:
            return Reply(Answer.MISSING, cause=_ABSENT)
        return _reply(self._read(place))

    def reset(self) -> bool:
        """A recording is always in its first state."""
        return True

    def recorded(self, operation: str) -> Iterator[tuple[JSON, Reply]]:
        """All exchanges in the order of the files' names and lines, also those whose request comes twice."""
        for place in self._order:
            found = self._read(place)
            yield found["request"].value, _reply(found)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _read(self, place: tuple[int, int]) -> dict[str, Part]:
        index, offset = place
        with self._files[index].open("rb") as file:
            file.seek(offset)
            return _exchange(file.readline(LINE + 1))


def _exchange(line: bytes) -> dict[str, Part]:
    found = members(line.strip())
    if "request" not in found:
        raise Malformed(Text("there is no 'request'", "缺少 'request'"))
    if ("response" in found) == ("refuse" in found):
        raise Malformed(
            Text("there must be either 'response' or 'refuse'", "'response' 与 'refuse' 必须且只能出现一个")
        )
    if "refuse" in found and not isinstance(found["refuse"].value, str):
        raise Malformed(Text("'refuse' must be a text", "'refuse' 必须是文本"))
    return found


def _reply(found: dict[str, Part]) -> Reply:
    if "refuse" in found:
        return Reply(Answer.REFUSED, found["refuse"].raw, cause=causes.refused(found["refuse"].value))
    return Reply(Answer.ANSWERED, found["response"].raw, found["response"].value)


def _key(request: JSON) -> bytes:
    try:
        return hashlib.sha256(rfc8785.dumps(request)).digest()
    except rfc8785.CanonicalizationError:
        raise Malformed(Text("a number is too large to be compared", "存在过大而无法比较的数值")) from None
