"""The shared vocabulary: each definition is a schema with known units, and packs that use its words agree with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.errors import Position
from conformance.model.quantity import unit
from conformance.packs.folder import vocabulary_file
from conformance.packs.json_file import read_json
from conformance.packs.schemas import read_schema

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/vocabulary"
FILES = sorted(FOLDER.glob("*.json"))
STATUSES = json.loads((ROOT / "conformance/packs/schemas/common.schema.json").read_text(encoding="utf-8"))["$defs"][
    "status"
]["enum"]
DEFINITIONS = [(file.name, name) for file in FILES for name in json.loads(file.read_text(encoding="utf-8"))["$defs"]]
WORDS = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))["$defs"]
CLAIMED = {"quality": "quality", "certificate-events.event": "certificate_event", "ledger.point": "point"}
"""A column by its name, behind the name of its schema or pack where another column is called so: the word it claims."""


def definition(file: str, name: str) -> Any:
    """The definition as a pack that refers to it reads it, without references."""

    def load(asked: str) -> Any:
        if asked == "asks.json":
            return {"$ref": f"/vocabulary/{file}#/$defs/{name}"}
        return read_json(vocabulary_file(asked), name=asked)

    return read_schema("asks.json", load=load, position=Position("asks.json", 1, 1))


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects within a schema."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(inner)


def enumerated() -> Iterator[tuple[str, str, set[str]]]:
    """Schema, word and enumeration of each column of a shipped pack that claims a word of the vocabulary.

    What systems are asked and answer has the words of their interfaces.
    """
    for file in sorted((ROOT / "standards").glob("*/*/schemas/*.json")):
        if file.stem.endswith(("-request", "-response")):
            continue
        for part in parts(json.loads(file.read_text(encoding="utf-8"))):
            for name, column in (part.get("properties") or {}).items():
                here = (name, f"{file.stem}.{name}", f"{file.parents[1].name}.{name}")
                word = next((CLAIMED[n] for n in here if n in CLAIMED), None)
                if word is not None and isinstance(column, dict) and "enum" in column:
                    yield f"{file.parents[1].name}/{file.name}", word, {v for v in column["enum"] if v is not None}


@pytest.mark.parametrize(("file", "name"), DEFINITIONS, ids=[f"{f}-{n}" for f, n in DEFINITIONS])
def test_a_definition_is_a_schema_with_known_units_labels_source_and_status(file: str, name: str) -> None:
    schema = definition(file, name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    for column in [schema, *(schema.get("properties") or {}).values()]:
        for text in (column["label"], *([column["source"]] if column is schema else [])):
            assert set(text) == {"en", "zh"}
            assert all(text.values())
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text["zh"])
        if "number" in column.get("type", ()) and name != "claim":  # its unit stands beside the value
            assert unit(column["unit"])
    assert schema["status"] in STATUSES


@pytest.mark.parametrize(("file", "name"), DEFINITIONS, ids=[f"{f}-{n}" for f, n in DEFINITIONS])
def test_what_a_definition_requires_it_knows(file: str, name: str) -> None:
    schema = definition(file, name)
    assert set(schema.get("required", ())) <= set(schema.get("properties", ()))
    if "properties" in schema:
        assert not schema["additionalProperties"]
        assert not jsonschema.Draft202012Validator(schema).is_valid({})
    else:
        assert not jsonschema.Draft202012Validator(schema).is_valid([])


def test_packs_that_use_a_word_mean_the_same() -> None:
    found = list(enumerated())
    assert {word for _, word, _ in found} >= {"quality", "certificate_event", "point"}
    wrong = {(schema, word): words for schema, word, words in found if words != set(WORDS[word]["enum"])}
    assert wrong == {}


def test_the_readme_names_each_file_and_definition() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for file, name in DEFINITIONS if f"`{file}`" not in text or f"`{name}`" not in text] == []
