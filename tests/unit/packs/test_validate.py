from __future__ import annotations

import time

import pytest

from conformance.errors import Refused
from conformance.packs.validate import validator

RESPONSE = {
    "type": "object",
    "required": ["setpoints"],
    "additionalProperties": False,
    "properties": {
        "setpoints": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "p"],
                "properties": {"id": {"type": "string"}, "p": {"type": "number", "unit": "MW"}},
            },
        },
        "expected": {"type": ["number", "null"], "maximum": 100},
        "word": {"type": "string", "pattern": "^(a+)+$"},
    },
}


def pointers(value):
    complaints = validator(RESPONSE)(value)
    for _, message in complaints:
        assert message.en != message.zh
    return [pointer for pointer, _ in complaints]


def test_a_valid_answer_has_no_complaints():
    assert pointers({"setpoints": [{"id": "1", "p": 16.0}], "expected": None}) == []


def test_each_complaint_says_where_and_what_in_both_languages():
    complaints = validator(RESPONSE)({"setpoints": [{"id": 1, "p": None}, {}], "expected": 101, "more": 1})
    said = {(pointer, message.en) for pointer, message in complaints}
    assert said == {
        ("/setpoints/0/id", "is number, not string"),
        ("/setpoints/0/p", "is null, not number"),
        ("/setpoints/1", "lacks 'id'"),
        ("/setpoints/1", "lacks 'p'"),
        ("/expected", "101 is above 100"),
        ("", "has unknown fields 'more'"),
    }
    assert "应为 number" in dict(complaints)["/setpoints/0/p"].zh


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_infinity_are_complaints_even_where_null_is_allowed(number):
    assert pointers({"setpoints": [{"id": "1", "p": number}]}) == ["/setpoints/0/p"]
    assert pointers({"setpoints": [], "expected": number}) == ["/expected"]


def test_complaints_are_capped_at_twenty():
    assert len(pointers({"setpoints": [{} for _ in range(1000)]})) == 20
    assert len(pointers({"setpoints": [{"id": "1", "p": float("nan")} for _ in range(1000)]})) == 20


def test_text_that_is_no_text_is_a_complaint():
    assert pointers({"setpoints": [{"id": "\ud800", "p": 1}]}) == ["/setpoints/0/id"]
    assert pointers({"setpoints": [], "\udfff": 1}) == [""]


@pytest.mark.parametrize("depth", [50, 150, 400, 5000])
def test_an_answer_nested_without_end_is_judged_and_not_a_crash(depth):
    value = []
    for _ in range(depth):
        value = [value]
    found = pointers({"setpoints": [{"id": "1", "p": 1, "x": value}]})
    assert all(pointer.startswith("/setpoints/0/x/0") for pointer in found)  # none, or that it goes too deep
    assert "/setpoints" in pointers({"setpoints": value and {"0": value}})


def test_a_pattern_runs_in_linear_time():
    started = time.perf_counter()
    assert pointers({"setpoints": [], "word": "a" * 5000 + "b"}) == ["/word"]
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://example.org/x"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "other.json"},
        {"$ref": "#/$defs/none"},
        {"type": "nope"},
        {"pattern": "(?=a)b"},
        {"pattern": "(a{1000}){1000}"},
        [],
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema):
    with pytest.raises(Refused) as caught:
        validator(schema)
    assert [p.code for p in caught.value.problems] == ["C110"]
    assert caught.value.render("zh")


def test_what_a_complaint_quotes_is_short():
    (complaint,) = validator({"maxLength": 3, "pattern": "^x"})("y" * 10_000)[:1]
    assert len(complaint.message.en) < 200


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("2026-07-01T00:00:00Z", True),
        ("2026-07-01T08:00:00.5+08:00", True),
        ("2026-07-01T00:00:00", False),  # an instant has a zone
        ("2026-07-01", False),
        ("January", False),
        (None, True),
    ],
)
def test_what_is_declared_an_instant_is_one(value: str | None, valid: bool) -> None:
    found = validator({"properties": {"at": {"type": ["string", "null"], "format": "date-time"}}})({"at": value})
    assert [c.pointer for c in found] == ([] if valid else ["/at"])
    assert all(c.message.en.endswith("is no date-time") for c in found)


@pytest.mark.parametrize(("value", "valid"), [("2028-02-29", True), ("2026-02-29", False), ("29.2.2028", False)])
def test_what_is_declared_a_day_is_one(value: str, valid: bool) -> None:
    assert (validator({"properties": {"on": {"type": "string", "format": "date"}}})({"on": value}) == []) is valid
