"""A sequence of calls: reset first, one after the other, ended by the first call that has no answer."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from conformance.errors import Text
from conformance.model.json import JSON, encode
from conformance.model.run import Answer, Reply
from conformance.model.system import Command, System
from conformance.systems import Defect, Defective, Hello, Pool, Session, examine
from conformance.systems import session as sessions
from conformance.systems.paths import parse_place


class Counter(Session):
    """Counts its calls since the last reset; ``ends`` says which call has another answer."""

    def __init__(self, *, ends: dict[int, Reply] | None = None, resets: bool = True) -> None:
        self.count = 0
        self.ends = ends or {}
        self.resets = resets

    def hello(self) -> Hello:
        return Hello()

    def call(self, operation: str, request: JSON) -> Reply:
        self.count += 1
        body = {"count": self.count, "x": request["x"]}
        return self.ends.get(self.count, Reply(Answer.ANSWERED, encode(body), body, latency_ns=3))

    def reset(self) -> bool:
        self.count = 0 if self.resets else self.count
        return self.resets

    def close(self) -> None:
        pass


TWENTY = [{"x": n} for n in range(20)]


def test_the_body_is_the_list_of_the_answers_from_the_first_state() -> None:
    session = Counter()
    for _ in range(2):
        reply = session.sequence("count", TWENTY)
        assert reply.answer is Answer.ANSWERED
        assert [one["count"] for one in reply.body] == list(range(1, 21))
        assert reply.raw == encode(reply.body)
        assert reply.latency_ns == 60


def test_what_cannot_be_reset_is_not_called() -> None:
    session = Counter(resets=False)
    reply = session.sequence("count", TWENTY)
    assert reply.answer is Answer.UNREACHABLE
    assert reply.cause is not None
    assert "reset" in reply.cause.en
    assert session.count == 0


@pytest.mark.parametrize(
    ("number", "end"),
    [
        (17, Reply(Answer.CRASHED, cause=Text("the process ended", "进程结束"))),
        (3, Reply(Answer.REFUSED, b'"no"', cause=Text("no", "不"))),
        (1, Reply(Answer.TIMED_OUT)),
    ],
)
def test_the_first_call_without_an_answer_ends_it_and_is_named(number: int, end: Reply) -> None:
    session = Counter(ends={number: end})
    reply = session.sequence("count", TWENTY)
    assert reply.answer is end.answer
    assert reply.raw == end.raw
    assert reply.body is None
    assert session.count == number
    assert reply.cause is not None
    assert f"at call {number} of 20" in reply.cause.en
    assert f"第 {number} 次调用" in reply.cause.zh
    if end.cause:
        assert end.cause.en in reply.cause.en


def test_the_answers_of_a_sequence_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SEQUENCE", 100)
    session = Counter()
    reply = session.sequence("count", TWENTY)
    assert reply.answer is Answer.TOO_LARGE
    assert session.count < 10


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_pool_makes_each_sequence_whole_in_one_session_and_keeps_their_order(jobs: int) -> None:
    with Pool(Counter, jobs) as pool:
        replies = list(pool.sequences("count", [[{"x": n}] * (n % 5 + 1) for n in range(40)]))
    assert [[one["x"] for one in reply.body] for reply in replies] == [[n] * (n % 5 + 1) for n in range(40)]
    assert all([one["count"] for one in r.body] == list(range(1, len(r.body) + 1)) for r in replies)


def test_a_pool_works_on_several_sequences_at_once() -> None:
    together = threading.Barrier(3, timeout=10)

    class Meeting(Counter):
        def call(self, operation: str, request: JSON) -> Reply:
            together.wait()
            return super().call(operation, request)

    with Pool(Meeting, 3) as pool:
        assert len(list(pool.sequences("count", [[{"x": 1}]] * 3))) == 3


def test_a_defect_at_the_wire_sees_every_call_and_forgets_at_reset() -> None:
    defect = Defect(
        id="stale", title=Text("stale", "陈旧"), operator="stale_input", place=parse_place("request"),
    )  # fmt: skip
    proxy: Any = Defective(Counter(), defect)
    first, second = (proxy.sequence("count", [{"x": n} for n in range(start, start + 3)]) for start in (0, 10))
    assert [one["x"] for one in first.body] == [0, 0, 1]
    assert [one["x"] for one in second.body] == [10, 10, 11]


def test_the_first_contact_makes_a_sequence_where_a_table_needs_one() -> None:
    system = System("s", "v", "1", ".", {"count": Command(("x",))})
    pack: Any = type("Nothing", (), {"id": "p", "short": "p", "operations": {"count": None}, "capabilities": {}})
    seen = examine(
        Counter(), system, pack, {}, sequences={"counts": ("count", TWENTY[:4]), "others": ("absent", TWENTY)},
        complaints={"counts": lambda body: [] if len(body) == 4 else [("", Text("short", "短"))]},
    )  # fmt: skip
    (one,) = seen.operations
    assert seen.good
    assert (one.operation, one.request) == ("counts", {"x": 0})
    assert [answer["count"] for answer in one.reply.body] == [1, 2, 3, 4]
