"""Sequences of calls and streams over real processes and services."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import Refused, Text
from conformance.errors.systems import BadUrl
from conformance.model.run import Answer
from conformance.model.standard import Operation, Pack
from conformance.model.system import Command, Http, PythonCall, Reach, System
from conformance.systems import Pool, connect, opener
from conformance.systems.http import HttpSession, Pace

PACK = Pack(
    id="test/count", version="0.1.0", title=Text("Count", "计数"), status="draft", licence="CC-BY-4.0",
    authoritative="en", sha256="0" * 64, sources={}, requirements={}, rules={},
    operations={"count": Operation("count", {}, {}, stateful=True),
                "watch": Operation("watch", {}, {}, stateful=True, stream=True)},
)  # fmt: skip
COUNTER = """
import os, sys
from conformance.adapter import Refuse, serve

seen = []

def count(request):
    seen.append(request)
    if request.get("die"):
        sys.exit("enough")
    if request.get("refuse"):
        raise Refuse("not that")
    return {"count": len(seen), "pid": os.getpid()}

def watch(time, sample):
    seen.append(sample)
    if sample["x"] < 0:
        raise Refuse("negative")
    return [{"time": time, "seen": len(seen)}] * sample["x"]

RESET = None
serve({"count": count}, streams={"watch": watch}, reset=RESET)
"""
RESETS = COUNTER.replace("RESET = None", "RESET = seen.clear")
FUNCTION = "def watch(time, sample):\n    return [{'time': time}] * sample['x']\n"

Make = Callable[..., System]


@pytest.fixture
def system(tmp_path: Path) -> Make:
    def make(program: str, reach: Reach | None = None) -> System:
        (tmp_path / "program.py").write_text(program)
        reach = reach or Command(("{python}", "program.py"), timeout=5.0)
        return System("s", "v", "1", str(tmp_path), {"count": reach, "watch": reach})

    return make


def steps(*counts: int) -> list[Any]:
    return [{"time": f"2026-01-01T00:00:{n:02d}Z", "sample": {"x": x}} for n, x in enumerate(counts)]


@pytest.mark.parametrize(("program", "processes"), [(RESETS, 1), (COUNTER, 3)])
def test_every_sequence_begins_at_the_first_state_by_reset_or_by_a_fresh_process(
    system: Make, tmp_path: Path, program: str, processes: int
) -> None:
    with connect(system(program), PACK, scratch=tmp_path / "scratch") as session:
        replies = [session.sequence("count", [{}] * 4) for _ in range(3)]
    assert [[one["count"] for one in reply.body] for reply in replies] == [[1, 2, 3, 4]] * 3
    assert len({one["pid"] for reply in replies for one in reply.body}) == processes


def test_a_death_in_call_17_and_a_refusal_in_call_3_say_so_and_the_next_sequence_is_whole(
    system: Make, tmp_path: Path
) -> None:
    with connect(system(RESETS), PACK, scratch=tmp_path / "scratch") as session:
        died = session.sequence("count", [{"die": n == 16} for n in range(30)])
        refused = session.sequence("count", [{"refuse": n == 2} for n in range(30)])
        after = session.sequence("count", [{}] * 3)
    assert died.answer is Answer.CRASHED
    assert died.cause is not None
    assert "at call 17 of 30" in died.cause.en
    assert "enough" in died.cause.en
    assert refused.answer is Answer.REFUSED
    assert refused.cause is not None
    assert refused.cause.en == "at call 3 of 30: not that"
    assert [one["count"] for one in after.body] == [1, 2, 3]


@pytest.mark.parametrize("reach", [None, PythonCall("program:watch", timeout=5.0)], ids=["command", "python"])
def test_a_stream_takes_samples_in_step_and_answers_with_events_or_none(
    system: Make, tmp_path: Path, reach: Reach | None
) -> None:
    with connect(system(RESETS if reach is None else FUNCTION, reach), PACK, scratch=tmp_path / "scratch") as session:
        reply = session.sequence("watch", steps(0, 1, 2, 0))
    assert reply.answer is Answer.ANSWERED
    assert [len(events) for events in reply.body] == [0, 1, 2, 0]
    assert reply.body[1][0]["time"] == "2026-01-01T00:00:01Z"


def test_a_stream_may_refuse_a_sample(system: Make, tmp_path: Path) -> None:
    with connect(system(RESETS), PACK, scratch=tmp_path / "scratch") as session:
        reply = session.sequence("watch", steps(0, -1))
    assert reply.answer is Answer.REFUSED
    assert reply.cause is not None
    assert reply.cause.en == "at call 2 of 2: negative"


def test_a_system_that_answers_a_sample_as_a_request_is_out_of_protocol(system: Make, tmp_path: Path) -> None:
    program = RESETS.replace('streams={"watch": watch}', "streams={}")
    with connect(system(program), PACK, scratch=tmp_path / "scratch") as session:
        assert session.sequence("watch", steps(1)).answer is Answer.GARBAGE


def test_ten_thousand_calls_are_one_sequence(system: Make, tmp_path: Path) -> None:
    with connect(system(RESETS), PACK, scratch=tmp_path / "scratch") as session:
        reply = session.sequence("count", [{}] * 10_000)
    assert reply.answer is Answer.ANSWERED
    assert len(reply.body) == 10_000
    assert reply.body[-1]["count"] == 10_000


class Service(BaseHTTPRequestHandler):
    """One state for all who call; ``/reset`` clears it."""

    seen: list[int]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match self.path:
            case "/reset":
                self.seen.clear()
                self.say(204, b"")
            case "/broken":
                self.say(500, b"no")
            case _:
                self.seen.append(body["x"])
                self.say(200, json.dumps({"seen": self.seen}).encode())

    def say(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    handler = type("Handler", (Service,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_service_is_reset_by_its_url_and_sequences_do_not_disturb_each_other(url: str, tmp_path: Path) -> None:
    reach = Http(f"{url}/count", timeout=5.0, reset=f"{url}/reset")
    system = System("s", "v", "1", str(tmp_path), {"count": reach}, environment="test")
    with Pool(opener(system, PACK, scratch=tmp_path), 4) as pool:
        replies = list(pool.sequences("count", [[{"x": n}, {"x": n + 1}] for n in range(12)]))
    assert [reply.body[-1]["seen"] for reply in replies] == [[n, n + 1] for n in range(12)]


@pytest.mark.parametrize("reset", [None, "broken"])
def test_a_service_that_is_not_reset_is_not_called(url: str, reset: str | None) -> None:
    http = Http(f"{url}/count", timeout=5.0, reset=reset and f"{url}/{reset}")
    with HttpSession(http, operation="count", pace=Pace(None)) as session:
        assert session.sequence("count", [{"x": 1}]).answer is Answer.UNREACHABLE
        assert session.call("count", {"x": 2}).body == {"seen": [2]}


def test_a_reset_that_is_no_url_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        HttpSession(Http("http://localhost:1/x", reset="http://:0"), operation="count", pace=Pace(None))
    assert [type(p) for p in caught.value.problems] == [BadUrl]
