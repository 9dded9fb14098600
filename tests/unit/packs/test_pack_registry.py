from __future__ import annotations

import pytest

from conformance.errors import Refused
from conformance.model.standard import Pack
from conformance.packs import Registry, shipped_root


def test_adding_a_pack_gives_a_new_registry(small: Pack) -> None:
    empty = Registry()
    full = empty.with_pack(small)
    assert (len(empty), len(full)) == (0, 1)
    assert list(full) == [small]


@pytest.mark.parametrize("name", ["test/small", "small", "small@1.0.0", "test/small@1.0.0"])
def test_a_pack_is_found_by_its_id_or_short_name_and_version(small: Pack, name: str) -> None:
    assert Registry().with_pack(small).find(name) is small


@pytest.mark.parametrize("name", ["smal", "small@2.0.0", "", "@1.0.0", "other/small"])
def test_another_pack_or_version_is_refused(small: Pack, name: str) -> None:
    with pytest.raises(Refused) as caught:
        Registry().with_pack(small).find(name)
    assert [p.code for p in caught.value.problems] == ["P062"]


def test_the_shipped_packs_are_listed_without_being_read() -> None:
    assert "ai-for-energy/grid-dispatch" in Registry.shipped().ids


def test_a_name_that_two_themes_share_must_be_given_in_full(small: Pack) -> None:
    from attrs import evolve

    both = Registry().with_pack(small).with_pack(evolve(small, id="other/small"))
    with pytest.raises(Refused):
        both.find("small")
    assert both.find("other/small").id == "other/small"


def test_the_shipped_root_holds_standards_and_fixtures() -> None:
    assert (shipped_root() / "standards").is_dir()
    assert (shipped_root() / "fixtures").is_dir()
