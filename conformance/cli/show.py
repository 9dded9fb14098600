"""`conformance show --coverage`: which packs and rules stand for the tasks of the Action Plan, and what has none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli import common
from conformance.errors import Language, Text

if TYPE_CHECKING:
    from conformance.packs.coverage import Need, Plan
    from conformance.report.lines import Line

FILE = Path("standards/coverage.yaml")
_UNKNOWN = Text("(wording not known to this project)", "（本项目未获知其表述）")
_NONE = Text("no pack", "无标准包")
_STANDS = Text("{pack}: {n} rule{s}", "{pack}：{n} 条规则")
_SUM = Text(
    "{met} of {all} have rules; {bare} have none; {unknown} of these in wording that is not known",
    "{all} 项中 {met} 项有规则，{bare} 项没有，其中 {unknown} 项表述未知",
)


def command(lang: Language) -> click.Command:
    """The command in one language."""
    help_ = Text(
        "What the packs stand for: each task of the Action Plan and each theme of the project, with the packs and "
        "the number of rules that stand for it.",
        "标准包的覆盖情况：行动计划的每项任务与项目的每个主题，以及支撑它的标准包与规则数。",
    )

    @click.command("show", help=help_.in_(lang))
    @click.option("--coverage", is_flag=True, required=True, help=Text("tasks and themes", "任务与主题").in_(lang))
    def show(coverage: bool) -> int:
        from conformance.packs import Registry, shipped_root
        from conformance.packs.coverage import read_coverage
        from conformance.report.lines import printed

        plans = read_coverage(shipped_root() / FILE, tuple(Registry.shipped()))
        width = min(common.columns_wide(), 120)
        lines = [one for plan in plans for one in _lines(plan, lang, width)]
        click.echo(printed(lines, common.colour()), nl=False)
        return 0

    return show


def _lines(plan: Plan, lang: Language, width: int) -> Iterator[Line]:
    from conformance.report.lines import Line
    from conformance.report.plain import wrap

    yield Line(" · ".join(filter(None, (plan.title.in_(lang), plan.number))), style="bold")
    for piece in wrap(plan.note.in_(lang), width) if plan.note else ():
        yield Line("", piece)
    groups = groupby(plan.needs, key=lambda need: None if need.title is None and not need.packs else need.id)
    alike = [list(needs) for _, needs in groups]
    names = [f"{same[0].id}-{same[-1].id}" if len(same) > 1 else same[0].id for same in alike]
    wide = max(map(len, names)) + 4
    for name, same in zip(names, alike, strict=True):
        yield from _need(name, same[0], lang, wide, width)
    met = [need for need in plan.needs if any(pack.rules for pack in need.packs)]
    unknown = sum(need.title is None for need in plan.needs if need not in met)
    said = _SUM.format(met=len(met), all=len(plan.needs), bare=len(plan.needs) - len(met), unknown=unknown)
    for piece in wrap(said.in_(lang), width):
        yield Line("", piece)
    yield Line("")


def _need(name: str, need: Need, lang: Language, wide: int, width: int) -> Iterator[Line]:
    from conformance.report.lines import Line, line
    from conformance.report.plain import flow, pad, wrap

    title = (need.title or _UNKNOWN).in_(lang)
    yield line(pad(f"  {name}", wide), title, width, "bold" if need.packs else "yellow")
    counts = [(pack.short, len(pack.rules)) for pack in need.packs]
    stands = [_STANDS.format(pack=name, n=n, s="s" * (n != 1)).in_(lang) for name, n in counts]
    room = width - wide - 2
    for piece in flow(stands, room) if stands else wrap((need.reason or _NONE).in_(lang), room):
        yield Line(" " * (wide + 2), piece)
