"""Which packs and rules stand for the needs of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import Refused
from conformance.packs import Registry, load
from conformance.packs.coverage import read_coverage

ROOT = Path(__file__).parents[3]
SMALL = load(ROOT / "fixtures/packs/small")
LIST = """
- id: plan
  title: {en: A plan, zh: 计划}
  needs:
    - {id: "1", title: {en: heat, zh: 供暖}, status: project, by: [small]}
    - {id: "2", title: {en: a fuse, zh: 熔断器}, status: project, by: [REQUIREMENT]}
    - {id: "3", status: unverified}
"""


@pytest.fixture
def requirement() -> str:
    return next(iter(SMALL.rules["small/total-power"].requirements))


def write(folder: Path, text: str) -> Path:
    file = folder / "coverage.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_rules_of_a_pack_and_of_one_requirement_are_counted(tmp_path: Path, requirement: str) -> None:
    (plan,) = read_coverage(write(tmp_path, LIST.replace("REQUIREMENT", requirement)), [SMALL])
    whole, one, none = plan.needs
    assert whole.by[0].rules == len([r for r in SMALL.rules.values() if r.requirements])
    assert one.by[0].requirements == (requirement,)
    assert one.by[0].rules == len([r for r in SMALL.rules.values() if requirement in r.requirements]) > 0
    assert (none.title, none.by) == (None, ())


@pytest.mark.parametrize(("name", "said"), [("smal", "did you mean 'small'"), ("small/R99", "unknown requirement")])
def test_what_does_not_stand_there_is_refused_at_its_place(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read_coverage(write(tmp_path, LIST.replace("REQUIREMENT", name)), [SMALL])
    (problem,) = refused.value.problems
    assert said in problem.render()
    assert problem.position is not None
    assert problem.position.line == 6


def test_a_need_without_a_status_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="status"):
        read_coverage(write(tmp_path, LIST.replace(", status: unverified", "")), [SMALL])


def test_the_shipped_list_has_29_tasks_and_every_pack_stands_in_a_theme() -> None:
    packs = tuple(Registry.shipped())
    tasks, themes = read_coverage(ROOT / "standards/coverage.yaml", packs)
    assert [need.id for need in tasks.needs] == [str(n) for n in range(1, 30)]
    assert {stand.pack.id for need in themes.needs for stand in need.by} == {pack.id for pack in packs}
    assert all(need.title is not None for need in tasks.needs if need.by)
