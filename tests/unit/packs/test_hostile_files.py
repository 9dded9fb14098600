"""Every broken pack and system file is refused for the right reason, at the right place, in both languages."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from functools import cache, reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import Refused, kinds
from conformance.model.standard import Pack
from conformance.packs import load, read_system, read_yaml

ROOT = Path(__file__).parents[3] / "fixtures"
HOSTILE = ROOT / "hostile" / "packs"
EXPECTED: list[dict[str, Any]] = read_yaml(HOSTILE / "expected.yaml").value


@cache
def sound() -> Pack:
    return load(ROOT / "packs" / "small")


def read(row: dict[str, Any], folder: Path) -> object:
    overlay = HOSTILE / row["fault"]
    if row["file"] == "system.yaml":
        return read_system(overlay / "system.yaml", [sound()])
    shutil.copytree(ROOT / "packs" / "small", folder)
    shutil.copytree(overlay, folder, dirs_exist_ok=True)
    return load(folder)


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["fault"])
def test_a_broken_file_is_refused_at_its_place_in_both_languages(row: dict[str, Any], tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(Refused) as caught:
        read(row, tmp_path / "pack")
    problems = caught.value.problems
    assert time.monotonic() - started < 30
    found = {
        (p.code, p.position.file.endswith(row["file"]), p.position.line, p.position.column)
        for p in problems
        if p.position is not None
    }
    if row["line"] is None:
        assert row["code"] in {p.code for p in problems}
    else:
        assert (row["code"], True, row["line"], row["column"]) in found
    # An atomic fault gives no other kind of problem; what refers to a thing that lost its name says so too: `also`.
    assert {p.code for p in problems} == {row["code"], *row.get("also", ())}
    for problem in problems:
        english, chinese = problem.render("en"), problem.render("zh")
        assert english != chinese
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese.splitlines()[0])


JUNK = [
    None, True, -1, 1e308, "", "a.b", "../x", "\0", "中", "1 kW", [], {}, [1], {"x": 1}, [[[]]], {"$ref": "#"},
    "9" * 300,
]  # fmt: skip
FILES = sorted(
    p.relative_to(ROOT / "packs").as_posix() for p in (ROOT / "packs").rglob("*") if p.suffix in (".yaml", ".json")
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in members:
        yield (*path, step)
        yield from leaves(inner, (*path, step))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_value_in_the_place_of_another_is_read_or_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    value = json.loads(json.dumps(read_yaml(ROOT / "packs" / name).value))
    *way, last = data.draw(st.sampled_from(list(leaves(value))))
    reduce(lambda v, step: v[step], way, value)[last] = data.draw(st.sampled_from(JUNK))
    refusal: Refused | None = None
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "packs"
        shutil.copytree(ROOT / "packs", folder)
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
        try:
            load(folder / "small")
            read_system(folder / "small_system" / "system.yaml", [sound()])
        except Refused as refused:
            refusal = refused
    assert refusal is None or refusal.render("en") != refusal.render("zh")


def test_each_fault_has_a_line_in_the_table() -> None:
    assert {p.name for p in HOSTILE.iterdir() if p.is_dir()} == {row["fault"] for row in EXPECTED}


def test_every_problem_of_files_and_packs_has_all_its_texts_in_both_languages() -> None:
    ours = [k for k in kinds() if k.code.startswith("P")]
    assert len({k.code for k in ours}) == len(ours)
    for kind in ours:
        for text in (kind.what, kind.why, kind.mend):
            assert text.en
            assert text.zh
