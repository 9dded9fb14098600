from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from conformance.errors import Refused
from conformance.errors.systems import AmbiguousFields, BadUrl, HttpExtraMissing, SecretMissing
from conformance.model.run import Answer, Reply
from conformance.model.system import EnvironmentValue, Http
from conformance.systems.http import HttpSession, Pace

SECRET = "Bearer 0123456789abcdef"


class Service(BaseHTTPRequestHandler):
    """Behaves as its path says."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = self.path[1:]
        match kind:
            case "echo":
                self.say(200, json.dumps(body).encode())
            case "auth":
                self.say(200 if self.headers["Authorization"] == SECRET else 401, b'{"y": 1}')
            case "leak":
                self.say(200, json.dumps({"y": self.headers["Authorization"]}).encode())
            case "refuse":
                self.say(422, '{"refuse": "无解"}'.encode())
            case "refuse-as-message":
                self.say(200, b'{"kind": "refuse", "reason": "no solution"}')
            case "unprocessable":
                self.say(422, b'{"detail": "p is missing"}')
            case "error":
                self.say(500, b"stack \x1b[31mtrace")
            case "redirect":
                self.say(302, b"", Location="/echo")
            case "html":
                self.say(200, b"<html>")
            case "nan":
                self.say(200, b'{"y": NaN}')
            case "gzip":
                self.say(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
            case "huge":
                self.say(200, b" " * 200_000)
            case "slow":
                time.sleep(1.5)
            case "trickle":
                self.send_response(200)
                self.end_headers()
                for _ in range(30):
                    self.wfile.write(b" ")
                    time.sleep(0.1)
            case "trickling-headers":
                for _ in range(30):
                    self.wfile.write(b"H")
                    time.sleep(0.1)
            case "drop":
                self.connection.shutdown(socket.SHUT_RDWR)

    do_PUT = do_POST

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news here."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def ask(http: Http, request: Any = None, *, body: int = 100_000, **environment: str) -> Reply:
    with HttpSession(http, operation="echo", pace=Pace(None), environment=environment, body=body) as session:
        return session.call("echo", {"x": 1} if request is None else request)


def test_an_answer_is_the_body_as_it_came(url: str) -> None:
    reply = ask(Http(url + "echo"), {"x": [1, {"p": 2}]})
    assert (reply.answer, reply.raw) == (Answer.ANSWERED, b'{"x": [1, {"p": 2}]}')
    assert reply.body == {"x": [1, {"p": 2}]}
    assert ask(Http(url + "echo", method="PUT")).answer is Answer.ANSWERED


@pytest.mark.parametrize(
    ("path", "answer", "word"),
    [
        ("refuse", Answer.REFUSED, "无解"),
        ("refuse-as-message", Answer.REFUSED, "no solution"),
        ("unprocessable", Answer.CRASHED, "422: "),
        ("error", Answer.CRASHED, "500: stack"),
        ("redirect", Answer.CRASHED, "302"),
        ("html", Answer.GARBAGE, "<html>"),
        ("nan", Answer.GARBAGE, "NaN"),
        ("gzip", Answer.GARBAGE, "compressed"),
        ("huge", Answer.TOO_LARGE, "100000"),
        ("slow", Answer.TIMED_OUT, "0.4 s"),
        ("trickle", Answer.TIMED_OUT, "0.4 s"),
        ("trickling-headers", Answer.TIMED_OUT, "0.4 s"),
        ("drop", Answer.CRASHED, "broke"),
    ],
)
def test_each_fault_of_a_service_gives_its_own_answer_with_a_cause(
    url: str, path: str, answer: Answer, word: str
) -> None:
    begin = time.monotonic()
    reply = ask(Http(url + path, timeout=0.4))
    assert time.monotonic() - begin < 15
    assert reply.answer is answer
    assert reply.cause is not None
    assert word in reply.cause.en
    assert answer is Answer.REFUSED or re.search("[一-鿿]", reply.cause.zh)
    assert "\x1b" not in reply.cause.en


def test_a_service_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert ask(Http(f"http://127.0.0.1:{closed.getsockname()[1]}/")).answer is Answer.UNREACHABLE


def test_fields_are_renamed_both_ways_at_every_depth(url: str) -> None:
    reply = ask(Http(url + "echo", fields={"p": "setpoint_mw"}), {"units": [{"p": 1}]})
    assert reply.raw == b'{"units": [{"setpoint_mw": 1}]}'
    assert reply.body == {"units": [{"p": 1}]}


def test_a_field_that_the_map_makes_ambiguous_is_never_guessed(url: str) -> None:
    reply = ask(Http(url + "echo", fields={"p": "q"}), {"p": 1, "q": 2})
    assert reply.answer is Answer.UNREACHABLE
    assert reply.cause is not None
    assert "one name" in reply.cause.en


def test_a_secret_comes_from_the_environment_and_is_never_kept(url: str) -> None:
    headers = {"Authorization": EnvironmentValue("TOKEN"), "X-Plain": "yes"}
    assert ask(Http(url + "auth", headers=headers), TOKEN=SECRET).answer is Answer.ANSWERED
    assert ask(Http(url + "auth", headers=headers), TOKEN="other-secret").answer is Answer.CRASHED
    leaked = ask(Http(url + "leak", headers=headers), TOKEN=SECRET)
    assert (leaked.answer, leaked.raw, leaked.body) == (Answer.GARBAGE, b"", None)
    unsendable = ask(Http(url + "echo", headers=headers), TOKEN="bad\nsecret-0123456789")
    assert "0123456789" not in str(unsendable)
    assert unsendable.answer is Answer.CRASHED


def test_all_that_is_wrong_with_the_way_to_a_service_is_said_at_once() -> None:
    http = Http("ftp://x", headers={"A": EnvironmentValue("ABSENT")}, fields={"p": "v", "q": "v"})
    with pytest.raises(Refused) as caught:
        HttpSession(http, operation="echo", pace=Pace(None), environment={})
    assert {type(problem) for problem in caught.value.problems} == {BadUrl, SecretMissing, AmbiguousFields}
    assert "ABSENT" in caught.value.render("zh")


@pytest.mark.parametrize("address", ["", "example", "http://", "http://[", "file:///etc/passwd"])
def test_what_is_no_url_is_refused(address: str) -> None:
    with pytest.raises(Refused) as caught:
        HttpSession(Http(address), operation="echo", pace=Pace(None))
    assert isinstance(caught.value.problems[0], BadUrl)


def test_without_the_extra_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(Refused, match=r"\[http\]") as caught:
        HttpSession(Http("http://x/"), operation="echo", pace=Pace(None))
    assert isinstance(caught.value.problems[0], HttpExtraMissing)


def test_the_rate_is_kept_by_all_who_share_it() -> None:
    pace = Pace(50)
    begin = time.monotonic()
    threads = [threading.Thread(target=lambda: [pace.wait() for _ in range(4)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begin >= 7 / 50
