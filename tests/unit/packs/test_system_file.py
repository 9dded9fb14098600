from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from attrs import evolve

from conformance.errors import Refused, Text
from conformance.model.convert import from_json, to_json
from conformance.model.standard import Document, Pack
from conformance.model.system import Band, Command, EnvironmentValue, Http, PythonCall, Recorded, System
from conformance.packs import Registry, read_system

SMALL = Path(__file__).parents[3] / "fixtures" / "packs" / "small"
SYSTEM = Path(__file__).parents[3] / "fixtures" / "packs" / "small_system" / "system.yaml"
HEAD = 'name: x\nvendor: y\nversion: "1"\nenvironment: test\n'


def read(folder: Path, text: str, pack: Pack, *, allow_outside: bool = False) -> System:
    file = folder / "system.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    return read_system(file, [pack], allow_outside=allow_outside)


def test_a_system_file_is_read_whole(small: Pack) -> None:
    system = read_system(SYSTEM, Registry().with_pack(small))
    assert system.operations == {"heat": PythonCall("small_reference:heat", 5.0)}
    assert system.declares == {"small": ("heating",)}
    assert system.label == Text("The reference system of the small test pack", "小型测试包的参考系统")
    assert system.folder == str(SYSTEM.parent)


def test_who_brings_no_site_gets_the_default_base_case(small: Pack) -> None:
    system = read_system(SYSTEM, [small])
    assert system.site_names == {"house": "cottage"}
    assert system.site["house"] == small.sites["house"].bases["cottage"]


def test_a_base_case_is_named(small: Pack, tmp_path: Path) -> None:
    system = read(tmp_path, 'site: {house: {base: villa}}\noperations: {heat: {python: "a:b"}}\n', small)
    assert system.site["house"]["connection"] == "three-phase"


def test_a_site_of_its_own_is_read_and_judged_by_the_schema(small: Pack, tmp_path: Path) -> None:
    shutil.copy(SMALL / "data" / "villa.json", tmp_path / "mine.json")
    text = 'site: {house: mine.json}\noperations: {heat: {python: "a:b"}}\n'
    assert read(tmp_path, text, small).site["house"]["rooms"][0]["id"] == "hall"
    (tmp_path / "mine.json").write_text('{"connection": "none", "rooms": []}', encoding="utf-8")
    with pytest.raises(Refused) as caught:
        read(tmp_path, text, small)
    assert [p.code for p in caught.value.problems] == ["P054", "P054"]


@pytest.mark.parametrize(
    ("written", "reach"),
    [
        (
            '{command: ["{python}", a.py, --fast], timeout: 500 ms, memory: 1 GiB}',
            Command(("{python}", "a.py", "--fast"), 0.5, 2**30),
        ),
        ("{recorded: outputs/leak-*.jsonl}", Recorded("outputs/leak-*.jsonl")),
        (
            '{python: "acme.alarms:decide", timeout: 2 min, memory: 512 MB}',
            PythonCall("acme.alarms:decide", 120.0, 512_000_000),
        ),
        (
            '{http: {url: "https://t.example/f", method: PUT, headers: {Authorization: {env: TOKEN}, Accept: a/b},'
            " fields: {p: mw}, rate: 30 per min}, timeout: 5 s}",
            Http(
                "https://t.example/f", "PUT", {"Authorization": EnvironmentValue("TOKEN"), "Accept": "a/b"},
                {"p": "mw"}, 0.5, 5.0,
            ),
        ),
    ],
)  # fmt: skip
def test_each_way_to_reach_an_operation_is_read(small: Pack, tmp_path: Path, written: str, reach: object) -> None:
    system = read(tmp_path, f"operations: {{small.heat: {written}}}\n", small)
    assert system.operations == {"heat": reach}
    assert from_json(System, to_json(system)) == system


def test_the_envelope_is_read(small: Pack, tmp_path: Path) -> None:
    text = 'envelope: {rooms.temperature: {of: nominal, between: [0.99, 1.01]}}\noperations: {heat: {python: "a:b"}}\n'
    assert read(tmp_path, text, small).envelope == {"rooms.temperature": Band(0.99, 1.01, "nominal")}


@pytest.mark.parametrize(
    "text",
    [
        'operations: {heat: {command: ["{python}", ../a.py]}}\n',
        "operations: {heat: {recorded: ../*.jsonl}}\n",
        'documents: {card: ../card.yaml}\noperations: {heat: {python: "a:b"}}\n',
        'site: {house: ../mine.json}\noperations: {heat: {python: "a:b"}}\n',
    ],
)
def test_paths_stay_under_the_folder_unless_that_is_allowed(small: Pack, tmp_path: Path, text: str) -> None:
    shutil.copy(SMALL / "data" / "villa.json", tmp_path / "mine.json")
    small = evolve(small, documents={"card": Document("card", True)})
    folder = tmp_path / "system"
    folder.mkdir()
    with pytest.raises(Refused) as caught:
        read(folder, text, small)
    assert [p.code for p in caught.value.problems] == ["P040"]
    assert read(folder, text, small, allow_outside=True).name == "x"


def test_a_document_that_the_pack_does_not_have_is_told(small: Pack, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        read(tmp_path, 'documents: {card: card.yaml}\noperations: {heat: {python: "a:b"}}\n', small)
    assert [p.code for p in caught.value.problems] == ["P062"]


def test_a_link_out_of_the_folder_does_not_help(small: Pack, tmp_path: Path) -> None:
    folder = tmp_path / "system"
    folder.mkdir()
    shutil.copy(SMALL / "data" / "villa.json", tmp_path / "mine.json")
    (folder / "mine.json").symlink_to(tmp_path / "mine.json")
    with pytest.raises(Refused) as caught:
        read(folder, 'site: {house: mine.json}\noperations: {heat: {python: "a:b"}}\n', small)
    assert [p.code for p in caught.value.problems] == ["P040"]


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "cookie", "X-Auth-Token"])
def test_a_secret_in_plain_text_is_refused_and_never_shown(small: Pack, tmp_path: Path, name: str) -> None:
    text = f'operations: {{heat: {{http: {{url: "https://t.example", headers: {{{name}: s3cret-value}}}}}}}}\n'
    with pytest.raises(Refused) as caught:
        read(tmp_path, text, small)
    assert [p.code for p in caught.value.problems] == ["P090"]
    assert "s3cret-value" not in caught.value.render("en") + caught.value.render("zh")


def test_packs_that_use_one_name_are_told_apart_by_the_pack(small: Pack, tmp_path: Path) -> None:
    other = evolve(small, id="test/other", operations=dict(small.operations))
    file = tmp_path / "system.yaml"
    file.write_text(HEAD + """operations:
  small.heat: {python: "a:b"}
  other.heat: {python: "c:d"}
""", encoding="utf-8")  # fmt: skip
    both = read_system(file, [small, other])
    assert both.within("small").operations == {"heat": PythonCall("a:b")}
    assert both.within("other").operations == {"heat": PythonCall("c:d")}
    with pytest.raises(Refused, match="other"):
        read_system(file, [small])


def test_a_name_without_a_pack_is_meant_for_every_pack_that_has_it(small: Pack, tmp_path: Path) -> None:
    other = evolve(small, id="test/other")
    file = tmp_path / "system.yaml"
    file.write_text(HEAD + 'operations: {heat: {python: "a:b"}}\n', encoding="utf-8")
    both = read_system(file, [small, other])
    assert both.within("small").operations == both.within("other").operations == {"heat": PythonCall("a:b")}
