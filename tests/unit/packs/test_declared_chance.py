from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import Refused
from conformance.model.convert import from_json, to_json
from conformance.model.standard import Pack
from conformance.model.system import Http, Recorded, System
from conformance.packs import read_system

HEAD = 'name: x\nvendor: y\nversion: "1"\nenvironment: test\noperations: {heat: '


def read(folder: Path, reach: str, pack: Pack) -> System:
    file = folder / "system.yaml"
    file.write_text(f"{HEAD}{reach}}}\n", encoding="utf-8")
    return read_system(file, [pack])


@pytest.mark.parametrize("way", ['python: "a:b"', "command: [x]", 'http: {url: "https://a.example"}'])
@pytest.mark.parametrize(
    ("written", "meant"), [("", None), (", deterministic: false", False), (", deterministic: true", True)]
)
def test_each_live_way_can_declare_whether_answers_vary(
    small: Pack, tmp_path: Path, way: str, written: str, meant: bool | None
) -> None:
    system = read(tmp_path, f"{{{way}{written}}}", small)
    reach = system.operations["heat"]
    assert not isinstance(reach, Recorded)
    assert reach.deterministic is meant
    assert from_json(System, to_json(system)) == system


def test_it_is_a_word_of_the_operation_and_not_of_the_service(small: Pack, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        read(tmp_path, '{http: {url: "https://a.example", deterministic: true}}', small)
    assert Http("https://a.example").deterministic is None


@pytest.mark.parametrize(
    "reach", ['{recorded: "*.jsonl", deterministic: true}', '{python: "a:b", deterministic: perhaps}']
)
def test_a_recording_declares_nothing_and_there_is_no_perhaps(small: Pack, tmp_path: Path, reach: str) -> None:
    with pytest.raises(Refused):
        read(tmp_path, reach, small)
