"""What a pack may say of sequences of calls and streams, and how it is told what it may not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import Problem, Refused
from conformance.errors.packs import UnknownName
from conformance.errors.traces import BadOrigin, BadOverCalls, BadTrace, NoOrigin, StreamMisuse
from conformance.model.convert import from_json, to_json
from conformance.model.standard import Pack, Trace
from conformance.model.system import Http
from conformance.packs import load, read_system

GAS = Path(__file__).parents[3] / "fixtures" / "packs" / "gas-alarm"
Edit = Callable[..., list[Problem]]
WATCH = "trace: {operation: watch, calls: 40}"
HOLD = '"interpolation": "hold"},\n      "label": {"en": "reset'


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """A copy of the pack with pieces of its files replaced; the problems that it then has."""
    folder = tmp_path / "gas-alarm"
    shutil.copytree(GAS, folder)

    def edited(**files: tuple[str, str]) -> list[Problem]:
        for name, (old, new) in files.items():
            path = next(folder.rglob(name.replace("__", ".").replace("_", "-")))
            text = path.read_text(encoding="utf-8")
            assert old in text
            path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(Refused) as caught:
            load(folder)
        for problem in caught.value.problems:
            assert problem.render("en") != problem.render("zh")
        return list(caught.value.problems)

    return edited


def test_the_pack_says_what_is_called_and_how_often() -> None:
    pack = load(GAS)
    assert pack.tables["signals"].trace == Trace("watch", 40)
    assert pack.tables["events"].trace == Trace("monitor", 40, "events")
    assert pack.operations["monitor"].stream
    assert not pack.operations["watch"].stream
    assert from_json(Pack, to_json(pack)) == pack


def test_an_unknown_operation_is_named_with_its_place(edit: Edit) -> None:
    problems = edit(pack__yaml=("trace: {operation: watch", "trace: {operation: wotch"))
    (problem,) = [p for p in problems if isinstance(p, UnknownName)]
    assert problem.position is not None
    assert (problem.position.file.endswith("pack.yaml"), problem.position.width) == (True, len("wotch"))
    assert "watch" in problem.render("en")


@pytest.mark.parametrize(
    ("old", "new", "kind", "word"),
    [
        ('"of": "response.alarm"', '"title": "x"', NoOrigin, "alarm"),
        ('"of": "response.alarm"', '"of": "response.alarms"', BadOrigin, "no field 'alarms'"),
        ('"of": "response.alarm"', '"of": "response.alarm.on"', BadOrigin, "no field 'on'"),
        ('"of": "response.alarm"', '"of": "event.alarm"', BadOrigin, "no event here"),
        ('"of": "response.alarm"', '"of": "request.ch4"', BadOrigin, "it is number, not boolean"),
        ('"of": "response.alarm"', '"of": "time"', BadOrigin, "date-time"),
        ('"of": "response.alarm"', '"of": "request.sensor", "default": "s1"', BadOrigin, "it is text"),
        ('"unit": "% of volume", "of"', '"unit": "%", "of"', BadOrigin, "'% of volume', the column in '%'"),
        ('"of": "request.acknowledge"', '"of": "request.acknowledge", "default": true', BadOrigin, "before"),
        ('"format": "date-time"}', '"format": "date-time", "of": "time"}', BadOrigin, "the clock's"),
    ],
)
def test_a_column_that_comes_from_nowhere_or_from_something_else(
    edit: Edit, old: str, new: str, kind: type[Problem], word: str
) -> None:
    (problem,) = [p for p in edit(signals__json=(old, new)) if isinstance(p, kind)]
    assert word in problem.render("en")
    assert problem.position is not None
    assert problem.position.file.endswith("pack.yaml")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (f"every: 1 s\n      {WATCH}", WATCH, "every"),
        (WATCH, WATCH.replace("40", "4"), "8 knots for 4 calls"),
        (WATCH, WATCH.replace("40", "40, rows: events"), "no stream"),
    ],
)  # fmt: skip
def test_a_trace_that_no_calls_can_make(edit: Edit, old: str, new: str, word: str) -> None:
    problems = [p for p in edit(pack__yaml=(old, new)) if isinstance(p, BadTrace)]
    assert problems
    assert all(word in p.render("en") for p in problems)


def test_a_trace_of_too_many_calls_is_refused_by_its_form(edit: Edit) -> None:
    problems = edit(pack__yaml=(WATCH, WATCH.replace("40", "10001")))
    assert any("10000" in p.render("en") for p in problems)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (HOLD, HOLD.replace("hold", "linear"), "only numbers"),
        ('"choices": [{"value": false}, {"value": true}],', "", "`bounds` or `choices`"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_vary_over_calls(edit: Edit, old: str, new: str, word: str) -> None:
    problems = [p for p in edit(parts__json=(old, new)) if isinstance(p, BadOverCalls)]
    assert {getattr(p, "operation", "") for p in problems} == {"watch", "monitor"}
    assert all(word in p.render("en") for p in problems)


def test_a_clock_that_is_no_time_and_one_that_stands_too_deep(edit: Edit) -> None:
    problems = edit(watch__json=('"format": "date-time", "clock": true', '"clock": true'))
    assert any(isinstance(p, BadOverCalls) and "date-time" in p.render("en") for p in problems)


def test_what_varies_over_calls_stands_at_the_top(edit: Edit) -> None:
    deep = '"acknowledge": {"type": "object", "properties": {"by": {"$ref": "parts.json#/$defs/acknowledge"}}}'
    problems = edit(watch__json=('"acknowledge": {"$ref": "parts.json#/$defs/acknowledge"}', deep))
    assert any(isinstance(p, BadOverCalls) and "acknowledge.by" in p.render("en") for p in problems)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"required": ["time", "number", "event"]', '"required": ["number", "event"]'),
        ('"time": {"type": "string", "format": "date-time"},', '"time": {"type": "string"},'),
    ],
)
def test_an_event_has_a_time(edit: Edit, old: str, new: str) -> None:
    assert any(isinstance(p, StreamMisuse) for p in edit(event__json=(old, new)))


def test_no_rule_is_on_a_stream_itself(edit: Edit) -> None:
    problems = edit(event_in_time__yaml=("applies_to: states", "applies_to: monitor"))
    (problem,) = [p for p in problems if isinstance(p, StreamMisuse)]
    assert problem.position is not None
    assert problem.position.file.endswith("event-in-time.yaml")


def test_annotations_with_mistakes_are_told_by_their_form(edit: Edit) -> None:
    problems = edit(parts__json=(HOLD, HOLD.replace("hold", "none")))
    assert any("interpolation" in p.render("en") for p in problems)


def test_a_service_names_the_url_that_resets_it(tmp_path: Path) -> None:
    reach = {"http": {"url": "http://localhost:1/watch", "reset": "http://localhost:1/reset"}}
    head: dict[str, Any] = {"name": "x", "vendor": "y", "version": "1", "environment": "test"}
    file = tmp_path / "system.yaml"
    file.write_text(json.dumps({**head, "operations": {"watch": reach}}))
    found = read_system(file, [load(GAS)]).operations["watch"]
    assert isinstance(found, Http)
    assert found.reset == "http://localhost:1/reset"
