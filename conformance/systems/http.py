"""An HTTP service: the request of an operation is the body, and so is its response.

No redirects, no proxy from the environment, no compression, a connection for each call, size and time bounded.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from conformance.errors import Problem, Refused, Text
from conformance.errors.systems import AmbiguousFields, BadUrl, HttpExtraMissing, SecretMissing
from conformance.model.json import JSON, encode
from conformance.model.run import Answer, Reply
from conformance.model.system import Http
from conformance.systems import causes
from conformance.systems.session import Hello, Session
from conformance.systems.wire import Malformed, parse, show

BODY = 16 << 20
"""Bytes of one answer at most."""
_SECRET = 8
"""Characters from which a word of a secret header is looked for in answers; shorter ones occur by chance."""


class Pace:
    """Keeps calls at most so frequent; shared by all sessions with one service."""

    def __init__(self, rate: float | None) -> None:
        """``rate`` in calls per second; None: as fast as it goes."""
        self._gap = 1 / rate if rate else 0.0
        self._lock = threading.Lock()
        self._next = 0.0
        self.alone = threading.Lock()
        """Held through a sequence of calls: a service has one state for all of us."""

    def wait(self) -> None:
        """Wait until the next call may go out."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._gap
        time.sleep(start - now)


class HttpSession(Session):
    """Calls one URL."""

    def __init__(
        self,
        http: Http,
        *,
        operation: str,
        pace: Pace,
        environment: Mapping[str, str] = os.environ,
        body: int = BODY,
    ) -> None:
        """Take secrets from ``environment``. Raises Refused with all that is wrong with the way to the service."""
        self._secrets, headers, problems = _headers(http, environment)
        problems += _fields(http, operation)
        try:
            import httpx
        except ImportError:
            raise Refused([*problems, HttpExtraMissing(operation=operation)]) from None
        for url in (http.url, *([http.reset] if http.reset else ())):
            try:
                httpx.URL(url)
                parts = urlsplit(url)
                good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            except (httpx.InvalidURL, ValueError):
                good = False
            if not good:
                problems.append(BadUrl(url=url))
        if problems:
            raise Refused(problems)
        self._http = http
        self._pace = pace
        self._body = body
        self._theirs = dict(http.fields)
        self._ours = {vendor: field for field, vendor in http.fields.items()}
        self._headers = {**headers, "Content-Type": "application/json", "Accept-Encoding": "identity"}
        self._client = httpx.Client(
            follow_redirects=False,
            trust_env=False,
            timeout=http.timeout,
            # A connection that the service has just dropped must not look like a crash of the next call.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def hello(self) -> Hello:
        """Nothing: HTTP services have no hello."""
        return Hello()

    def call(self, operation: str, request: JSON) -> Reply:
        """The answer to one request within the time-out."""
        try:
            content = encode(_renamed(request, self._theirs))
        except Malformed as malformed:
            return Reply(Answer.UNREACHABLE, cause=malformed.cause)
        return self._post(self._http.method, self._http.url, content)

    def sequence(self, operation: str, requests: Sequence[JSON]) -> Reply:
        """The answers to one request after the other, while no other sequence disturbs the state of the service."""
        with self._pace.alone:
            return super().sequence(operation, requests)

    def reset(self) -> bool:
        """POST an empty object to the URL for that; False where there is none, or where it does not answer 2xx."""
        if self._http.reset is None:
            return False
        return self._post("POST", self._http.reset, b"{}").answer in (Answer.ANSWERED, Answer.GARBAGE)  # or any body

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def _post(self, method: str, url: str, content: bytes) -> Reply:
        self._pace.wait()
        box: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        begin = time.perf_counter_ns()
        # The client bounds each read but not their sum: a service that trickles would hold us for ever.
        threading.Thread(target=lambda: box.put(self._exchange(method, url, content, begin)), daemon=True).start()
        try:
            return box.get(timeout=self._http.timeout + 0.5)
        except queue.Empty:
            latency = time.perf_counter_ns() - begin
            return Reply(Answer.TIMED_OUT, cause=causes.silent(self._http.timeout), latency_ns=latency)

    def _exchange(self, method: str, url: str, content: bytes, begin: int) -> Reply:
        import httpx

        def none(answer: Answer, cause: Text, raw: bytes = b"") -> Reply:
            return Reply(answer, raw, cause=cause, latency_ns=time.perf_counter_ns() - begin)

        deadline = time.monotonic() + self._http.timeout
        raw = b""
        try:
            with self._client.stream(method, url, content=content, headers=self._headers) as response:
                for chunk in response.iter_raw():
                    raw += chunk
                    if len(raw) > self._body:
                        return none(Answer.TOO_LARGE, causes.too_large(self._body))
                    if time.monotonic() > deadline:
                        return none(Answer.TIMED_OUT, causes.silent(self._http.timeout))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return none(Answer.UNREACHABLE, _unreachable(error))
        except httpx.TimeoutException:
            return none(Answer.TIMED_OUT, causes.silent(self._http.timeout))
        except (httpx.HTTPError, RuntimeError) as error:  # a client closed meanwhile raises RuntimeError
            return none(Answer.CRASHED, _broken(error, self._secrets))
        latency = time.perf_counter_ns() - begin
        if any(secret in raw for secret in self._secrets):
            return Reply(Answer.GARBAGE, cause=_ECHO, latency_ns=latency)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            return Reply(Answer.GARBAGE, raw, cause=_ENCODED, latency_ns=latency)
        return self._read(response.status_code, raw, latency)

    def _read(self, status: int, raw: bytes, latency: int) -> Reply:
        good = 200 <= status < 300
        if not good and status != 422:
            return Reply(Answer.CRASHED, raw, cause=_status(status, raw), latency_ns=latency)
        try:
            body = parse(raw)
            reason = _refusal(body)
            if reason is not None:
                return Reply(Answer.REFUSED, raw, cause=causes.refused(reason), latency_ns=latency)
            if not good:
                return Reply(Answer.CRASHED, raw, cause=_status(status, raw), latency_ns=latency)
            return Reply(Answer.ANSWERED, raw, _renamed(body, self._ours), latency_ns=latency)
        except Malformed as malformed:
            if not good:
                return Reply(Answer.CRASHED, raw, cause=_status(status, raw), latency_ns=latency)
            return Reply(Answer.GARBAGE, raw, cause=malformed.cause, latency_ns=latency)


def _refusal(body: JSON) -> str | None:
    """The reason, where ``body`` is a refusal: ``{"refuse": reason}``, or the message of protocol 1."""
    if not isinstance(body, dict):
        return None
    reason = body.get("reason") if body.get("kind") == "refuse" else body.get("refuse") if len(body) == 1 else None
    return reason if isinstance(reason, str) else None


def _renamed(value: JSON, names: Mapping[str, str]) -> JSON:
    """``value`` with all keys renamed. Raises `Malformed` where two keys would become one."""
    if not names:
        return value
    if isinstance(value, list):
        return [_renamed(element, names) for element in value]
    if not isinstance(value, dict):
        return value
    found = {names.get(key, key): _renamed(element, names) for key, element in value.items()}
    if len(found) < len(value):
        raise Malformed(Text("two fields have one name after the field map", "字段映射之后有两个字段同名"))
    return found


def _headers(http: Http, environment: Mapping[str, str]) -> tuple[list[bytes], dict[str, str], list[Problem]]:
    secrets: list[bytes] = []
    headers: dict[str, str] = {}
    problems: list[Problem] = []
    for header, value in http.headers.items():
        if isinstance(value, str):
            headers[header] = value
        elif found := environment.get(value.name):
            headers[header] = found.strip()
            secrets += [word.encode() for word in found.split() if len(word) >= _SECRET]
        else:
            problems.append(SecretMissing(header=header, name=value.name))
    return secrets, headers, problems


def _fields(http: Http, operation: str) -> list[Problem]:
    vendors = list(http.fields.values())
    doubled = sorted({vendor for vendor in vendors if vendors.count(vendor) > 1})
    return [AmbiguousFields(operation=operation, vendor=vendor) for vendor in doubled]


_ECHO = Text(
    "the answer repeats a secret of the request's headers; it is not kept", "应答中回显了请求头里的密钥，未予保存"
)
_ENCODED = Text("the answer is compressed, though none was asked for", "未请求压缩，应答却被压缩")


def _status(status: int, raw: bytes) -> Text:
    said = show(raw, 200)
    return Text(
        f"HTTP status {status}" + (f": {said}" if said else ""),
        f"HTTP 状态码 {status}" + (f"：{said}" if said else ""),
    )


def _unreachable(error: Exception) -> Text:
    return Text(f"cannot be reached: {show(str(error))}", f"无法连接：{show(str(error))}")


def _broken(error: Exception, secrets: list[bytes]) -> Text:
    said = show(str(error) or type(error).__name__)
    if any(secret.decode() in str(error) for secret in secrets):  # the client quotes a header that it cannot send
        said = type(error).__name__
    return Text(f"the HTTP exchange broke: {said}", f"HTTP 通信中断：{said}")
