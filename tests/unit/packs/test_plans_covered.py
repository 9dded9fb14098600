"""Which packs stand for the needs of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import Refused
from conformance.packs import Registry, load
from conformance.packs.coverage import read_coverage

ROOT = Path(__file__).parents[3]
SMALL = load(ROOT / "fixtures/packs/small")
LIST = """
title: {en: Themes, zh: 主题}
reviewed: "2026-11-22"
plan: {title: {en: A plan, zh: 计划}, number: "1", status: unverified}
opinions: {title: {en: Opinions, zh: 意见}, number: "2", status: unverified}
tasks:
  - {id: "1", title: {en: heat, zh: 供暖}, status: project, packs: [test/small]}
  - {id: "2", title: null, status: unverified, packs: [], reason: {en: not seen, zh: 未见}}
themes: [{id: heat, title: {en: heat, zh: 供暖}, status: project, packs: []}]
areas: [{id: houses, title: {en: houses, zh: 住宅}, status: project, packs: []}]
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "coverage.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_each_need_has_its_packs_or_the_reason_why_it_has_none(tmp_path: Path) -> None:
    tasks, themes, areas = read_coverage(write(tmp_path, LIST), [SMALL])
    assert (tasks.number, themes.number, areas.number) == ("1", None, "2")
    heat, unseen = tasks.needs
    assert heat.packs == (SMALL,)
    assert (unseen.title, unseen.packs) == (None, ())
    assert unseen.reason is not None


def test_a_pack_that_is_not_there_is_refused_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read_coverage(write(tmp_path, LIST.replace("test/small", "test/smal")), [SMALL])
    (problem,) = refused.value.problems
    assert "did you mean 'test/small'" in problem.render()
    assert problem.position is not None
    assert problem.position.line == 7


@pytest.mark.parametrize(("known", "broken"), [(", status: unverified, packs", ", packs"), ("test/small", "small")])
def test_what_does_not_fit_the_form_is_refused(tmp_path: Path, known: str, broken: str) -> None:
    with pytest.raises(Refused):
        read_coverage(write(tmp_path, LIST.replace(known, broken)), [SMALL])


def test_the_shipped_list_has_29_tasks_and_every_pack_stands_in_a_theme() -> None:
    packs = tuple(Registry.shipped())
    tasks, themes, _ = read_coverage(ROOT / "standards/coverage.yaml", packs)
    assert len(tasks.needs) == 29
    assert {pack.id for need in themes.needs for pack in need.packs} == {pack.id for pack in packs}
    assert all(need.title is not None for need in tasks.needs if need.packs)
    assert all(need.reason is not None for need in tasks.needs if not need.packs)
