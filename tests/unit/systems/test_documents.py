from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from conformance.errors import Refused
from conformance.model.standard import Document
from conformance.systems.documents import open_document

CARD = Document(
    "system-card",
    {
        "type": "object",
        "required": ["owner"],
        "additionalProperties": False,
        "properties": {
            "owner": {"type": "string"},
            "power": {"type": "number", "unit": "MW", "maximum": 10},
            "a/b~c": {"type": "boolean"},
            "sites": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        },
    },
)


def codes(folder: Path, name: str, **options: bool) -> list[str]:
    started = time.monotonic()
    with pytest.raises(Refused) as caught:
        open_document(name, CARD, folder=folder, **options)
    assert time.monotonic() - started < 10
    for problem in caught.value.problems:
        assert any("\u4e00" <= c <= "\u9fff" for c in problem.render("zh"))
    return [p.code for p in caught.value.problems]


@pytest.mark.parametrize("name", ["card.yaml", "card.YML", "card.json"])
def test_a_document_is_read_as_its_ending_says_with_the_digest_of_its_bytes(tmp_path: Path, name: str) -> None:
    text = '{"owner": "甲", "power": 1e-1}' if name.endswith("json") else "owner: 甲 # of the plant\npower: 1e-1\n"
    (tmp_path / name).write_bytes(text.encode())
    found = open_document(name, CARD, folder=tmp_path)
    assert (found.body, found.complaints, found.file) == ({"owner": "甲", "power": 0.1}, (), name)
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_what_the_schema_dislikes_is_said_behind_its_place_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("power: 11\nsites:\n  - name: a\n  - {name: 1}\na/b~c: x\n")
    (tmp_path / "card.json").write_text('{"owner": "a", "sites": [{"name": 1}]}')
    found = open_document("card.yaml", CARD, folder=tmp_path)
    assert sorted(c.en for c in found.complaints) == [
        "card.yaml:1:1: / lacks 'owner'",
        "card.yaml:1:8: /power 11 is above 10",
        "card.yaml:4:12: /sites/1/name is number, not string",
        "card.yaml:5:8: /a~1b~0c is string, not boolean",
    ]
    assert "card.yaml:1:8: /power 11 大于 10" in [c.zh for c in found.complaints]
    assert [c.en for c in open_document("card.json", CARD, folder=tmp_path).complaints] == [
        "card.json: /sites/0/name is number, not string"
    ]


def test_words_and_times_of_yaml_stay_texts_and_only_core_numbers_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("a: on\nb: 10:30\nc: 2026-01-01\nd: 0x10\ne: 017\n")
    anything = Document("card", True)
    body = open_document("card.yaml", anything, folder=tmp_path).body
    assert body == {"a": "on", "b": "10:30", "c": "2026-01-01", "d": 16, "e": 17}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("card.txt", b"owner: a\n", "T024"),
        ("card", b"owner: a\n", "T024"),
        ("card.yaml", b"", "P019"),
        ("card.yaml", b"owner: [\n", "P008"),
        ("card.yaml", b"owner: a\nowner: b\n", "P009"),
        ("card.yaml", b"a: &x [1]\nb: [*x, *x, *x]\n", "P010"),
        ("card.yaml", b"owner: !!python/object:os.system x\n", "P011"),
        ("card.yaml", b"[" * 100_000, "P014"),
        ("card.yaml", b"{a: " * 100_000, "P014"),
        ("card.yaml", b"power: .nan\n", "P015"),
        ("card.yaml", "owner: 甲".encode("gb18030"), "P003"),
        ("card.yaml", b"owner: \xff\n", "P003"),
        ("card.yaml", b"\xff\xfeo\x00", "P003"),
        ("card.yaml", b"owner: a\x00b\n", "P005"),
        ("card.yaml", b"owner: a\n---\nowner: b\n", "P013"),
        ("card.yaml", b"a" * (3 << 20), "P002"),
        ("card.json", b"", "P020"),
        ("card.json", b'{"owner": "a",}', "P020"),
        ("card.json", b'{"owner": "a", "owner": "b"}', "P020"),
        ("card.json", b'{"power": NaN}', "P015"),
        ("card.json", b'{"power": 1e999}', "P015"),
        ("card.json", b"[" * 200_000, "P014"),
        ("card.json", b"[" * 200 + b"]" * 200, "P014"),
        ("card.json", b'"' + b"a" * (17 << 20) + b'"', "P002"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert set(codes(tmp_path, name)) == {code}


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    for name in ("absent.yaml", "folder.yaml", "pipe.yaml", "a.yaml", "nul\0.yaml", "x" * 5000 + ".yaml"):
        assert codes(tmp_path, name) == ["P001"]


def test_a_document_outside_the_folder_is_refused_unless_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("owner: a\n")
    folder = tmp_path / "system"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "card.yaml")
    for name in ("../card.yaml", "link.yaml", str(tmp_path / "card.yaml")):
        assert codes(folder, name) == ["P040"]
        assert open_document(name, CARD, folder=folder, allow_outside=True).body == {"owner": "a"}
