from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from conformance.errors import Text
from conformance.model.json import JSON, encode
from conformance.model.run import Answer, Reply
from conformance.model.standard import Operation, Pack
from conformance.model.system import Reach, System
from conformance.systems import Hello, Session


@pytest.fixture
def pack() -> Pack:
    return Pack(
        id="test/echo",
        version="0.1.0",
        title=Text("Echo", "回声"),
        status="draft",
        licence="CC-BY-4.0",
        authoritative="en",
        sha256="0" * 64,
        sources={},
        requirements={},
        rules={},
        operations={name: Operation(name, {}, {}) for name in ("echo", "double")},
        capabilities={"loud": "optional"},
    )


@pytest.fixture
def make_system(tmp_path: Path) -> Callable[..., System]:
    def make(**operations: Reach) -> System:
        return System(name="s", vendor="v", version="1", folder=str(tmp_path), operations=operations)

    return make


class Fake(Session):
    """Answers with a function of the request, and keeps what it was shown."""

    def __init__(self, function: Callable[[JSON], JSON], *, batch: bool = False) -> None:
        self.function = function
        self.seen: list[JSON] = []
        self.batches: list[int] = []
        self.closed = False
        self._batch = batch

    def hello(self) -> Hello:
        return Hello(batch=self._batch, capabilities={"echo": ("loud", "shy")})

    def call(self, operation: str, request: JSON) -> Reply:
        self.seen.append(request)
        body = self.function(request)
        return Reply(Answer.ANSWERED, encode(body), body)

    def batch(self, operation: str, requests: Sequence[JSON]) -> list[Reply]:
        self.batches.append(len(requests))
        return super().batch(operation, requests)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fake() -> type[Fake]:
    return Fake
