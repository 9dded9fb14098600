"""openleadr, which we did not write, carries events to the reference of flexible-load: what arrives, what is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openleadr", reason="openleadr pins its own HTTP stack; `tox -e real-openleadr` installs it")

pytestmark = pytest.mark.filterwarnings("default")  # those of openleadr and its HTTP stack are not ours to mend
ROOT = Path(__file__).parents[2]
PACK = ROOT / "standards/energy-for-compute/flexible-load"


@pytest.fixture(scope="module")
def respond(beside: Callable[[str], None]) -> Any:
    beside("openleadr-events")
    import respond as module

    return module


@pytest.fixture(scope="module", params=[True, False], ids=["emergency-alone", "as-they-come"])
def behind(request: pytest.FixtureRequest, respond: Any) -> Iterator[Any]:
    made = respond.Behind(emergency_alone=request.param)
    yield made
    made.close()


@pytest.fixture
def asked() -> dict[str, Any]:
    """The nominal request."""
    schema = json.loads((PACK / "schemas/respond-request.json").read_text(encoding="utf-8"))
    queue = json.loads((PACK / "data/campus-a-queue.json").read_text(encoding="utf-8"))
    return {name: nominal(of) for name, of in schema["properties"].items()} | deepcopy(queue)


def nominal(schema: dict[str, Any]) -> Any:
    if "properties" in schema:
        return {name: nominal(of) for name, of in schema["properties"].items()}
    return schema.get("nominal")


@pytest.mark.parametrize(("reduction", "delay", "duration"), [(15000, 60, 90), (12345.6, 30, 15), (50000, 0, 180)])
def test_an_event_arrives_as_it_was_sent(
    behind: Any, respond: Any, asked: dict[str, Any], reduction: float, delay: int, duration: int
) -> None:
    asked["event"] |= {"reduction": reduction, "delay": delay, "duration": duration}
    assert behind.answer(asked) == respond.respond(asked)


def test_a_client_that_answers_events_as_they_come_has_not_heard_of_a_later_emergency(
    behind: Any, respond: Any, asked: dict[str, Any]
) -> None:
    asked["emergency"] |= {"active": True, "delay": asked["event"]["delay"] + 15}
    answer, known = behind.answer(asked), respond.respond(asked)
    assert answer["opt"] == known["opt"] == "optIn"
    assert (answer["load"] == known["load"]) is behind.emergency_alone


def test_the_pack_finds_the_emergency_that_came_too_late(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("openleadr-as-they-come", "--cases", "40", "--calls", "40")
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == {"emergency-first"}


def test_the_pack_finds_the_creation_time_that_the_server_renews_when_an_event_begins(
    judged: Callable[..., dict[str, Any]],
) -> None:
    outcomes = judged("openleadr-events")
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == {"notice-given"}
    assert outcomes["event-life"] == "passed"
    assert outcomes["power-units"] == "passed"
