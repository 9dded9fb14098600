from __future__ import annotations

import jsonschema
import pytest

from conformance.model.standard import Pack
from conformance.systems import protocol
from conformance.systems.protocol import OutOfProtocol

RESPONSE = frozenset({"response", "refuse"})


@pytest.mark.parametrize("direction", ["to-system", "from-system"])
def test_the_shipped_schemas_are_valid(direction: protocol.Direction) -> None:
    jsonschema.Draft202012Validator.check_schema(protocol.schema(direction))


def test_every_message_that_we_send_fits_the_shipped_schema(pack: Pack) -> None:
    checker = jsonschema.Draft202012Validator(protocol.schema("to-system"))
    bodies = [
        protocol.hello(pack),
        {"kind": "reset"},
        {"kind": "request", "operation": "echo", "request": {"x": 1}},
        {"kind": "sample", "operation": "echo", "time": "2026-01-01T00:00:00Z", "sample": {"x": 1}},
        {"kind": "batch", "operation": "echo", "requests": [{}]},
    ]
    for number, body in enumerate(bodies, start=1):
        checker.validate({"id": number, **body})
        assert protocol.write(body, number=number).endswith(b"\n")


@pytest.mark.parametrize("body", [{"kind": "request"}, {"kind": "stop"}, {"kind": "reset", "more": 1}])
def test_a_message_that_protocol_1_does_not_have_is_never_sent(body: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        protocol.write(body, number=1)


def test_a_response_comes_with_the_bytes_of_its_body_so_that_the_id_does_not_enter_the_digest() -> None:
    found = protocol.read(b'{"id": 4, "kind": "response", "response": {"y":  1.0}}', number=4, kinds=RESPONSE)
    assert found["response"].raw == b'{"y":  1.0}'


@pytest.mark.parametrize(
    ("line", "word", "in_step"),
    [
        (b'{"id": 4, "kind": "response"}', "response", True),
        (b'{"id": 4, "kind": "refuse", "reason": 5}', "/reason", True),
        (b'{"id": 4, "kind": "events", "events": {}}', "/events", True),
        (b'{"id": 4, "kind": "reply", "response": 1}', "/kind", True),
        (b'{"id": 4, "kind": "unsupported"}', "unsupported", True),
        (b'{"id": 4, "kind": "response", "response": NaN}', "NaN", True),
        (b'{"id": 5, "kind": "response", "response": NaN}', "NaN", False),
        (b'{"id": 5, "kind": "response", "response": 1}', "message 5 instead of 4", False),
        (b'{"id": true, "kind": "response", "response": 1}', "/id", False),
        (b'{"kind": "response", "response": 1}', "id", False),
        (b"hello", "no JSON object", False),
    ],
)
def test_what_is_out_of_protocol_is_named_and_told_to_be_in_step_or_not(line: bytes, word: str, in_step: bool) -> None:
    with pytest.raises(OutOfProtocol) as caught:
        protocol.read(line, number=4, kinds=RESPONSE)
    assert word in caught.value.cause.en
    assert caught.value.in_step is in_step
