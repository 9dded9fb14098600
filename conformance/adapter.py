"""For those who write an adapter: serve functions over protocol 1 (``docs/protocol.md``). Standard library only.

A whole adapter::

    from conformance.adapter import Refuse, serve

    def dispatch(request):
        if not request["generators"]:
            raise Refuse("nothing to dispatch")
        return {"setpoints": [{"id": g["id"], "p": g["p_now"]} for g in request["generators"]]}

    serve({"dispatch": dispatch}, capabilities={"grid-dispatch": ["ramp"]})

This file imports nothing but the standard library, so it may also be copied beside the adapter.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PROTOCOL = 1


class Refuse(Exception):
    """Raised by a function that has no answer to a request and says so; the text is the reason."""


def serve(
    operations: Mapping[str, Callable[[Any], Any]],
    *,
    capabilities: Mapping[str, Iterable[str]] | None = None,
    identity: Mapping[str, Any] | None = None,
    site: Mapping[str, Any] | None = None,
    reset: Callable[[], None] | None = None,
    batch: Mapping[str, Callable[[list[Any]], Iterable[Any]]] | None = None,
    streams: Mapping[str, Callable[[str, Any], Iterable[Any]]] | None = None,
) -> None:
    """Answer messages from standard input on standard output until the input ends.

    ``operations`` maps an operation's name to a function of the request that returns the response (plain JSON values)
    or raises `Refuse`. ``capabilities`` maps a pack's short name to what the system claims. ``reset`` brings a stateful
    system back to its first state. ``batch`` gives functions for those operations that can answer a list of requests
    at once; an element of their result may be a `Refuse`. ``streams`` maps a stream's name to a function of the time
    (ISO 8601 in UTC) and the sample that returns the events, often none. Any other exception ends the process: the
    harness reports it as a crash, with the traceback, and starts the system anew. Whatever is printed meanwhile goes to
    standard error.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print, of a C library too, must not mix with the answers
    hello: dict[str, Any] = {
        "protocol": PROTOCOL,
        "capabilities": {pack: list(names) for pack, names in (capabilities or {}).items()},
        "identity": dict(identity or {}),
    }
    if site:
        hello["site"] = dict(site)
    if batch:
        hello["batch"] = True
    with answers:
        for line in sys.stdin.buffer:
            message = json.loads(line)
            kind, operation = message["kind"], message.get("operation")
            if kind == "hello":
                answer = {"kind": "hello", **hello}
            elif kind == "reset" and reset:
                reset()
                answer = {"kind": "reset"}
            elif kind == "request" and operation in operations:
                answer = _one(operations[operation], message["request"])
            elif kind == "sample" and streams and operation in streams:
                answer = _events(streams[operation], message)
            elif kind == "batch" and batch and operation in batch:
                answer = {"kind": "batch", "responses": [_element(r) for r in batch[operation](message["requests"])]}
            else:
                answer = {"kind": "unsupported"}
            # NaN is let through on purpose: the harness then names it, which helps more than a traceback here.
            text = json.dumps({"id": message["id"], **answer}, ensure_ascii=False, separators=(",", ":"))
            answers.write(text.encode() + b"\n")
            answers.flush()


def _one(function: Callable[[Any], Any], request: Any) -> dict[str, Any]:
    try:
        return {"kind": "response", "response": function(request)}
    except Refuse as refusal:
        return {"kind": "refuse", "reason": str(refusal)}


def _events(function: Callable[[str, Any], Iterable[Any]], message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"kind": "events", "events": list(function(message["time"], message["sample"]))}
    except Refuse as refusal:
        return {"kind": "refuse", "reason": str(refusal)}


def _element(result: Any) -> dict[str, Any]:
    return {"refuse": str(result)} if isinstance(result, Refuse) else {"response": result}
