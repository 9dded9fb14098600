"""Files of counterexamples: one layout, hostile input refused at its place, what is kept and what is let go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess import stored as module
from conformance.assess.stored import Found, Stored, _newest, place, read_stored, write_stored
from conformance.errors import Refused
from conformance.errors.assess import StoredNotWritten
from conformance.model.json import digest
from conformance.model.run import Change


def one(number: int = 0, *, rule: str = "small/total-power", on: str = "2026-07-01", **fields: object) -> Stored:
    request = {"target": 290 + number, "mode": "eco", "rooms": {"$site": "house.rooms"}}
    made = Stored(
        "test/small", "heat", rule, Found(on, "conformance 0.1.0", "ab12", "nightly"), digest(request), request,
        margin=-1.25, unit="kW", changed=(Change("target", 294, 290.5, "K"),),
    )  # fmt: skip
    return evolve(made, **fields)


def test_what_is_written_is_read_back_and_a_case_takes_one_line(tmp_path: Path) -> None:
    kept = (one(1), one(2, fixed_since="2026-07-09"), one(3, margin=None, unit=None, changed=()))
    file = place(tmp_path / "system.yaml")
    assert file.name == "system.counterexamples.json"
    write_stored(file, kept)
    assert read_stored(file) == tuple(sorted(kept, key=lambda s: s.sha256))
    lines = file.read_text().splitlines()
    assert sum('"rule"' in line for line in lines) == 3
    assert json.loads(file.read_text())["cases"][0]["pack"] == "test/small"


def test_the_layout_does_not_depend_on_the_order_in_which_they_were_found(tmp_path: Path) -> None:
    kept = [one(n, rule=f"small/rule-{n % 3}", on=f"2026-07-0{1 + n % 4}") for n in range(9)]
    write_stored(tmp_path / "a", kept)
    write_stored(tmp_path / "b", kept[::-1])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_case_is_one_more_line_and_changes_no_other(tmp_path: Path) -> None:
    write_stored(tmp_path / "a", [one(1), one(2)])
    write_stored(tmp_path / "b", [one(1), one(2), one(3)])
    before, after = ((tmp_path / name).read_text().replace(",\n", "\n").splitlines() for name in "ab")
    assert set(before) < set(after)
    assert len(after) == len(before) + 1


def test_characters_that_cannot_be_seen_survive_and_are_shown(tmp_path: Path) -> None:
    request = {"room": "cellar\u200b\u2028\x85 地下室 \U0001f525"}
    write_stored(tmp_path / "a", [one(request=request)])
    assert "地下室" in (tmp_path / "a").read_text()
    assert "\\u200b" in (tmp_path / "a").read_text()
    assert read_stored(tmp_path / "a")[0].request == request


def test_of_a_rule_the_newest_failing_ones_stay_and_mended_ones_go_first() -> None:
    failing = [one(n, on=f"2026-07-0{n}") for n in range(1, 5)]
    mended = [one(10 + n, on=f"2026-07-2{n}", fixed_since="2026-07-30") for n in range(3)]
    other = one(20, rule="small/room-power")
    kept = _newest([*failing, *mended, other], 5)
    assert kept == (other, *failing, mended[2])
    assert _newest(failing, 2) == tuple(failing[2:])


def test_a_file_that_would_be_too_large_holds_fewer_of_each_rule(tmp_path: Path, monkeypatch) -> None:
    kept = [one(n, on=f"2026-07-0{n}") for n in range(1, 5)]
    write_stored(tmp_path / "a", kept)
    monkeypatch.setattr(module, "LARGEST", (tmp_path / "a").stat().st_size - 1)
    write_stored(tmp_path / "a", kept)
    assert read_stored(tmp_path / "a") == tuple(kept[1:])
    monkeypatch.setattr(module, "LARGEST", 100)
    with pytest.raises(StoredNotWritten):
        write_stored(tmp_path / "a", kept)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoredNotWritten, match="absent"):
        write_stored(tmp_path / "absent" / "a", [one()])


@pytest.mark.parametrize(
    ("old", "new", "code", "place_"),
    [
        ('"schema": "1"', '"schema": "9"', "P033", "2:12"),
        ('"rule": ', '"rules": ', "P031", "4:3"),
        ('"margin": -1.25', '"margin": NaN', "P032", "4:"),
        ('"margin": -1.25', '"margin": .nan', "P015", "4:"),
        ('"on": "2026-07-01"', '"on": "yesterday"', "P034", "4:"),
        ('"sha256": "', '"sha256": "zz', "P034", "4:"),
        ('"pack": "test/small"', '"pack": "test/small", "pack": "b"', "P009", "4:26"),
        ('"request": {', '"request": [{', "P008", ""),
        ('"request": {', '"request": {"a": ' + "[" * 70 + "]" * 70 + ", ", "P014", "4:"),
        ('"target"', "&anchor", "P0", "4:"),
        ("kW", "k\x00W", "P005", "4:"),
    ],
)
def test_a_file_that_is_wrong_is_refused_at_its_place(old, new, code, place_, tmp_path: Path) -> None:
    file = tmp_path / "system.counterexamples.json"
    write_stored(file, [one()])
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(Refused) as refused:
        read_stored(file)
    shown = refused.value.render()
    assert code in shown
    assert f"system.counterexamples.json:{place_}" in shown


def test_a_file_that_is_huge_is_not_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    (tmp_path / "a").write_bytes(b" " * 1001)
    with pytest.raises(Refused, match="P002"):
        read_stored(tmp_path / "a")
