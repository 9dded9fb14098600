from __future__ import annotations

import pytest

from conformance.model.quantity import UnknownUnit, unit
from conformance.rules import types
from conformance.rules.types import Field, of_schema

MW = types.Number(unit("MW"))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "number", "unit": "MW"}, Field(MW, False)),
        ({"type": ["integer", "null"], "unit": "MW"}, Field(MW, True)),
        ({"anyOf": [{"type": "number", "unit": "MW"}, {"type": "null"}]}, Field(MW, True)),
        ({"unit": "MW", "oneOf": [{"type": "null"}, {"type": "number"}]}, Field(MW, True)),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, Field(types.Free(), False)),
        ({"type": "array", "unit": "MW", "items": {"type": "number"}}, Field(types.List(MW), False)),
        ({"items": {"type": "boolean"}}, Field(types.List(types.Boolean()), False)),
        ({"type": "string", "format": "date-time"}, Field(types.Instant(), False)),
        ({"type": "string"}, Field(types.Word(), False)),
        ({"enum": ["a", "b", None]}, Field(types.Word(("a", "b")), True)),
        ({"const": "a"}, Field(types.Word(("a",)), False)),
        ({"type": "null"}, Field(types.Free(), True)),
        ({"type": ["number", "string"]}, Field(types.Free(), False)),
        (True, Field(types.Free(), False)),
        ({}, Field(types.Free(), False)),
    ],
)
def test_a_schema_gives_its_values_a_type(schema: object, expected: Field) -> None:
    assert of_schema(schema) == expected  # type: ignore[arg-type]


def test_fields_that_may_be_absent_or_null_are_optional() -> None:
    schema = {
        "required": ["a", "b"],
        "properties": {"a": {"type": "boolean"}, "b": {"type": ["boolean", "null"]}},
        "allOf": [{"properties": {"c": {"type": "boolean"}}}],
    }
    found = of_schema(schema).type
    assert isinstance(found, types.Record)
    assert {name: f.optional for name, f in found.fields.items()} == {"c": True, "a": False, "b": True}


def test_an_unknown_unit_in_a_schema_is_an_error() -> None:
    with pytest.raises(UnknownUnit):
        of_schema({"type": "number", "unit": "parsec"})


def test_every_type_has_words_in_both_languages() -> None:
    for type_ in (MW, types.Number(), types.Number(None), types.Free(), types.List(MW), types.Row((MW,))):
        text = types.describe(type_)
        assert text.en
        assert text.zh != text.en
