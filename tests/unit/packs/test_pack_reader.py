from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.errors import Refused
from conformance.model.convert import from_json, to_json
from conformance.model.outcome import Basis
from conformance.model.standard import Figure, LimitLookup, Pack, Relation
from conformance.packs import Registry, load
from conformance.rules import compile_rule

SMALL = Path(__file__).parents[3] / "fixtures" / "packs" / "small"


def codes(folder: Path) -> list[str]:
    with pytest.raises(Refused) as caught:
        load(folder)
    return [p.code for p in caught.value.problems]


def test_a_sound_pack_is_read_whole(small: Pack) -> None:
    assert (small.id, small.short, small.version) == ("test/small", "small", "1.0.0")
    assert set(small.rules) == {"small/room-power", "small/total-power", "small/cold-rooms", "small/warmer-target"}
    assert set(small.sites["house"].bases) == {"cottage", "villa"}
    assert set(small.profiles) == {"standard", "strict"}
    assert small.requirements["small/R4"].reason is not None
    assert isinstance(small.rules["small/total-power"].parameters["limit"], LimitLookup)
    assert [e.margin for e in small.rules["small/room-power"].examples] == ["0.51 kW", "0 kW", "-0.99 kW"]
    assert small.rules["small/warmer-target"].relation == Relation("increase", "target", "1 K")


def test_a_figure_knows_its_place_unit_and_basis(small: Pack) -> None:
    tolerance = small.rules["small/room-power"].parameters["tolerance"]
    assert isinstance(tolerance, Figure)
    assert tolerance.position is not None
    assert str(tolerance.position).endswith("rules/room-power.yaml:10:22")
    assert tolerance.basis(small.sources) is Basis.INDICATIVE
    assert small.limits["fuse"].rows[0].figure.basis(small.sources) is Basis.NORMATIVE


def test_references_are_written_out_and_siblings_kept(small: Pack) -> None:
    request = small.operations["heat"].request
    assert request["properties"]["connection"] == {"enum": ["single-phase", "three-phase"], "site": "house.connection"}
    assert request["properties"]["rooms"]["items"]["properties"]["p_max"]["unit"] == "kW"
    assert "$ref" not in str(request)


def test_a_pack_survives_the_way_through_json(small: Pack) -> None:
    assert from_json(Pack, to_json(small)) == small


def test_every_rule_of_a_pack_that_loads_compiles(small: Pack) -> None:
    assert all(compile_rule(rule, small) for rule in small.rules.values())


def test_the_digest_changes_with_any_byte_and_with_nothing_else(copy: Path, small: Pack) -> None:
    assert load(copy).sha256 == small.sha256
    (copy / "LICENSE.md").write_text("more", encoding="utf-8")
    assert load(copy).sha256 != small.sha256


def test_positions_of_a_shipped_file_name_no_folder_of_the_machine() -> None:
    place = Registry.shipped().find("grid-dispatch").rules["grid-dispatch/ramp-rate"].position
    assert place is not None
    assert place.file == "standards/ai-for-energy/grid-dispatch/rules/ramp-rate.yaml"


def test_problems_of_several_files_are_told_at_once(copy: Path) -> None:
    for name, old, new in (
        ("rules/room-power.yaml", "severity: major", "severity: huge"),
        ("limits/fuse.yaml", "value: 8", "value: eight"),
        ("requirements.yaml", "obligation: should", "obligation: ought"),
        ("pack.yaml", "status: draft", "status: sketch"),
    ):
        file = copy / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert sorted(codes(copy)) == ["P032", "P033", "P033", "P033"]


def test_a_symbolic_link_is_refused(copy: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    shutil.move(copy / "rules" / "room-power.yaml", outside)
    (copy / "rules" / "room-power.yaml").symlink_to(outside)
    assert codes(copy) == ["P041"]


def test_a_linked_folder_is_refused(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "rules", tmp_path / "rules")
    (copy / "rules").symlink_to(tmp_path / "rules")
    assert codes(copy) == ["P041"]


def test_a_file_that_is_too_large_is_refused_unread(copy: Path) -> None:
    (copy / "limits" / "fuse.yaml").write_text("# " + "x" * (2 * 1024 * 1024), encoding="utf-8")
    assert "P002" in codes(copy)


def test_doubling_references_are_refused_before_they_fill_the_memory(copy: Path) -> None:
    levels = ",".join(
        f'"l{i}": {{"allOf": [{{"$ref": "#/$defs/l{i + 1}"}}, {{"$ref": "#/$defs/l{i + 1}"}}]}}' for i in range(30)
    )
    text = f'{{"$ref": "#/$defs/l0", "$defs": {{{levels}, "l30": {{"type": "object"}}}}}}'
    (copy / "schemas" / "response.json").write_text(text, encoding="utf-8")
    assert codes(copy) == ["P052"]


def test_the_vocabulary_may_be_referred_to_and_is_under_the_digest(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tmp_path / "standards" / "vocabulary" / "words.json"
    words.parent.mkdir(parents=True)
    words.write_text('{"$defs": {"connection": {"enum": ["single-phase", "three-phase"]}}}', encoding="utf-8")
    monkeypatch.setattr("conformance.packs.folder.shipped_root", lambda: tmp_path)
    file = copy / "schemas" / "house.json"
    own = file.read_text(encoding="utf-8")
    file.write_text(own.replace("parts.json#/$defs/conn", "/vocabulary/words.json#/$defs/conn"), encoding="utf-8")
    first = load(copy)
    assert first.sites["house"].schema["properties"]["connection"] == {"enum": ["single-phase", "three-phase"]}
    words.write_text(words.read_text(encoding="utf-8").replace("]", ', "none"]'), encoding="utf-8")
    assert load(copy).sha256 != first.sha256


def test_deep_json_is_refused(copy: Path) -> None:
    (copy / "data" / "villa.json").write_text("[" * 200_000, encoding="utf-8")
    assert codes(copy) == ["P014"]


@pytest.mark.parametrize("name", ["pack.yaml", "requirements.yaml"])
def test_a_missing_main_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert "P001" in codes(copy)


def test_no_folder_is_refused() -> None:
    assert codes(SMALL / "nothing") == ["P001"]
