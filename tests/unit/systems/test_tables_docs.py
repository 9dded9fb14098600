"""Every example of docs/system-file.md: read as a system file and opened on the data that stands above it."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from recordings import MINUTE, READINGS, T0, connection

from conformance.model.quantity import linear, unit
from conformance.model.standard import Document
from conformance.packs import load, read_system
from conformance.systems.documents import open_document
from conformance.systems.tables import open_table

ROOT = Path(__file__).parents[3]
BOTH = ("system-file.md", "system-file.zh-CN.md")
PAIR = re.compile(r"```(?:csv|text)\n(.*?)```\n\n```yaml\n(.*?)```", re.DOTALL)
HEAD = 'name: a\nvendor: b\nversion: "1"\n'
CARD = Document("system-card", {"type": "object", "required": ["owner"], "properties": {"owner": {"type": "string"}}})
PACK = evolve(load(ROOT / "fixtures/packs/small"), tables={"readings": READINGS}, documents={CARD.name: CARD})
KILO = linear(unit("kV"), unit("V"))
EXPECTED: list[list[tuple[Any, ...]]] = [
    [("M1", "A", T0, 229.8), ("M1", "A", T0 + MINUTE, None)],
    [("M1", p, T0 + MINUTE, KILO(v)) for p, v in (("A", 0.23), ("B", 0.231), ("C", 0.229))],
    [("M1", "A", T0, 229.8), ("M1", "B", T0, 230.1)],
    [("M1", "A", T0, 229.8), ("M1", "A", T0 + MINUTE, 230.1)],
    [("M1", "A", T0, 229.8), ("M1", "A", T0 + MINUTE, None)],
    [("M1", "A", T0, 229.8)],
    [("M1", "A", T0, 229.8)],
]


def examples(name: str) -> list[tuple[str, str]]:
    return PAIR.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))


def written(path: Path, text: str, *, encoding: str, form: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode(encoding)))
    elif path.suffix == ".parquet":
        source = path.with_suffix(".text")
        source.write_text(text)
        with connection() as duck:
            duck.execute(
                "COPY (SELECT * REPLACE (CAST(time AS TIMESTAMPTZ) AS time) FROM read_csv("
                f"'{source}', all_varchar=true)) TO '{path}' (FORMAT parquet)"
            )
        source.unlink()
    elif form == "xlsx":
        book = pytest.importorskip("openpyxl").Workbook()
        for row in csv.reader(text.splitlines()):
            book.active.append(row)
        book.save(path)
    else:
        path.write_bytes(text.encode(encoding))


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("number", range(len(EXPECTED)))
def test_a_table_of_the_documentation_is_read_as_it_says(tmp_path: Path, name: str, number: int) -> None:
    data, text = examples(name)[number]
    (tmp_path / "system.yaml").write_text(HEAD + text, encoding="utf-8")
    system = read_system(tmp_path / "system.yaml", [PACK])
    source = system.tables["readings"]
    path = source.path.replace("**/*", "day/a").replace("meter=*", "meter=M1").replace("*", "a")
    written(tmp_path / path, data, encoding=source.encoding, form=source.format)
    with connection() as duck:
        table = open_table(source, READINGS, folder=system.folder, connection=duck)
        rows = duck.execute(f"SELECT meter, phase, time, voltage FROM {table.view}").fetchall()
    assert rows == EXPECTED[number]
    assert table.problems == ()


@pytest.mark.parametrize("name", BOTH)
def test_the_document_of_the_documentation_is_read_as_it_says(tmp_path: Path, name: str) -> None:
    data, text = examples(name)[-1]
    (tmp_path / "system.yaml").write_text(HEAD + text, encoding="utf-8")
    system = read_system(tmp_path / "system.yaml", [PACK])
    (file,) = system.documents.values()
    written(tmp_path / file, data, encoding="utf-8", form=None)
    found = open_document(file, CARD, folder=system.folder)
    assert (found.body["owner"], found.complaints) == ("Acme Grid AI", ())


def test_both_languages_have_the_same_examples() -> None:
    first, second = map(examples, BOTH)
    assert first == second
    assert len(first) == len(EXPECTED) + 1


@pytest.mark.parametrize("name", BOTH)
def test_every_key_of_a_table_is_documented(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    from conformance.packs.json_file import read_json

    schema = read_json(ROOT / "conformance/packs/schemas/system.schema.json", name="schema")
    keys = schema["properties"]["tables"]["additionalProperties"]["properties"]
    assert [key for key in keys if f"| `{key}` |" not in text] == []
