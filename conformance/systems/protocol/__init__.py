"""Protocol 1: the shipped schemas of both directions, and how an answer is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import jsonschema_rs
from attrs import frozen

from conformance import __version__
from conformance.errors import Text
from conformance.model.json import JSON, Encoded, encode
from conformance.model.standard import Pack
from conformance.systems.wire import Malformed, Part, members, show

VERSION = 1
Direction = Literal["to-system", "from-system"]


@frozen
class OutOfProtocol(Exception):
    """A line that answers nothing that was asked."""

    cause: Text
    in_step: bool
    """Whether the line repeats the message's id, so that the next line will answer the next message."""


def schema(direction: Direction) -> JSON:
    """The shipped JSON Schema of one direction."""
    return json.loads(files(__name__).joinpath(f"{direction}.schema.json").read_text(encoding="utf-8"))


@cache
def _validator(direction: Direction) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema(direction))


def hello(pack: Pack) -> Mapping[str, JSON]:
    """The body of the message that opens a conversation about ``pack``."""
    return {
        "kind": "hello",
        "protocol": VERSION,
        "harness": f"conformance {__version__}",
        "pack": f"{pack.id}@{pack.version}",
    }


def write(message: Mapping[str, JSON], *, number: int) -> bytes:
    """The line that carries ``message`` under the id ``number``.

    Raises ValueError for what protocol 1 does not have; a caller that sends such a message is broken.
    """
    head = {"id": number, **message}
    request = head.get("request")
    if not isinstance(request, Encoded):
        _validator("to-system").validate(head)
        return encode(head) + b"\n"
    head["request"] = None  # anything may stand there
    _validator("to-system").validate(head)
    del head["request"]
    return encode(head)[:-1] + b',"request":' + request.raw + b"}\n"


def read(line: bytes, *, number: int, kinds: frozenset[str]) -> dict[str, Part]:
    """The members of the answer to message ``number``, which must be of one of ``kinds``. Raises `OutOfProtocol`."""
    try:
        found = members(line)
    except Malformed as malformed:
        raise OutOfProtocol(malformed.cause, _repeats(line, number)) from None
    body = {key: part.value for key, part in found.items()}
    error = next(_validator("from-system").iter_errors(body), None)
    if error is not None:
        place = "/" + "/".join(map(str, error.instance_path))
        rule = "/".join(map(str, error.schema_path))
        raise OutOfProtocol(
            Text(
                f"not protocol 1 at {show(place, 80)}: {show(error.message)} (schema: {rule})",
                f"位置 {show(place, 80)} 不符合协议 1，违反模式 {rule}",
            ),
            body.get("id") == number,
        )
    if body["id"] != number:
        given = show(str(body["id"]), 30)
        raise OutOfProtocol(
            Text(f"answered message {given} instead of {number}", f"应答复消息 {number}，却答复了 {given}"), False
        )
    if body["kind"] not in kinds:
        wanted = ", ".join(sorted(kinds))
        raise OutOfProtocol(
            Text(
                f"answered with kind {body['kind']!r}; wanted: {wanted}",
                f"答复类型为 {body['kind']!r}，应为：{wanted}",
            ),
            True,
        )
    return found


def _repeats(line: bytes, number: int) -> bool:
    """Whether a line that is not strict JSON is, read kindly, an answer to message ``number``."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("id") == number
