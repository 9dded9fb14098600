from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.errors import Text
from conformance.model.standard import Pack
from conformance.model.system import Command, System
from conformance.systems import Pool, examine


def wait_a_little(request: Any) -> Any:
    time.sleep(random.random() / 500)
    return {"y": request["x"]}


@pytest.mark.parametrize("jobs", [1, 4])
def test_replies_come_in_the_order_of_the_requests_whatever_the_jobs(jobs: int, fake: Any) -> None:
    with Pool(lambda: fake(wait_a_little), jobs) as pool:
        replies = list(pool.stream("echo", [{"x": n} for n in range(60)]))
    assert [reply.body["y"] for reply in replies] == list(range(60))


def test_workers_call_at_the_same_time_and_each_session_is_used_by_one(fake: Any) -> None:
    together = threading.Barrier(3, timeout=5)
    made: list[Any] = []

    def make() -> Any:
        made.append(fake(lambda request: together.wait() if request["x"] else None))
        return made[-1]

    with Pool(make, 3) as pool:
        list(pool.stream("echo", [{"x": n} for n in range(4)]))  # all but the first wait for two others
    assert len(made) == 3
    assert all(session.closed for session in made)


def test_requests_are_drawn_only_a_little_ahead(fake: Any) -> None:
    drawn = []

    def source() -> Iterator[Any]:
        for n in range(1000):
            drawn.append(n)
            yield {"x": n}

    with Pool(lambda: fake(wait_a_little), 2) as pool:
        replies = pool.stream("echo", source())
        for _ in range(10):
            next(replies)
    assert len(drawn) < 20


def test_batches_are_used_where_the_system_takes_them(fake: Any) -> None:
    session = fake(wait_a_little, batch=True)
    with Pool(lambda: session, 1) as pool:
        replies = list(pool.stream("echo", [{"x": n} for n in range(66)]))
    assert [reply.body["y"] for reply in replies] == list(range(66))
    assert session.batches == [32, 32, 2]


def test_a_pool_without_workers_is_refused(fake: Any) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Pool(lambda: fake(wait_a_little), 0)


def test_a_first_contact_shows_what_is_disliked_unreached_unknown_and_overclaimed(
    fake: Any, pack: Pack, make_system: Callable[..., System]
) -> None:
    system = make_system(echo=Command(("./run",)), other=Command(("./run",)))

    def judge(body: Any) -> list[tuple[str, Text]]:
        return [("/y", Text("is no text", "不是文本"))] if isinstance(body["y"], int) else []

    requests = {"echo": {"x": 1}, "double": {"x": 1}}
    found = examine(fake(wait_a_little), system, pack, requests, complaints={"echo": judge})
    assert [(e.operation, e.reached, len(e.complaints)) for e in found.operations] == [("echo", "./run", 1)]
    assert (found.unreached, found.unknown, found.strange_claims) == (("double",), ("other",), ("shy",))
    assert not found.good
    assert examine(fake(wait_a_little), system, pack, requests).good


def test_the_time_of_a_run_is_projected_from_the_latency(
    fake: Any, pack: Pack, make_system: Callable[..., System]
) -> None:
    found = examine(fake(wait_a_little), make_system(echo=Command(("./run",))), pack, {"echo": {"x": 1}})
    assert found.projected(100, jobs=2) == pytest.approx(found.operations[0].reply.latency_ns * 50 / 1e9)
