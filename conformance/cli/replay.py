"""`conformance replay`: call a system again with the requests of a run."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from conformance.cli import common
from conformance.errors import Language, Text

if TYPE_CHECKING:
    from conformance.model.outcome import Judgement

_CHANGES = {
    "fixed": Text("fixed", "已修复"),
    "still-failing": Text("still failing", "仍不符合"),
    "broken": Text("newly broken", "新增不符合"),
    "changed": Text("changed", "有变化"),
    "same": Text("same", "不变"),
}
_OTHER_PACK = Text(
    "note: the pack at hand ({now}) is not the one of the run ({then}); its rules decide now",
    "注意：现有标准包（{now}）与当时运行所用的（{then}）不同；现按现有规则判定",
)
_NOTHING = Text("nothing to replay: no rule was broken in this run", "没有可重放的内容：该次运行没有不符合项")


def command(lang: Language) -> click.Command:
    """The command in one language."""
    help_ = Text(
        "Call the system again with case CASE of RUN (a folder, or last); without CASE, with every counterexample. "
        "Exits 1 if a rule is still broken, 3 if that can no longer be told.",
        "用 RUN（文件夹或 last）中第 CASE 号用例重新调用系统；不给 CASE 则用全部反例。"
        "若仍有不符合，退出码为 1；若已无法判定，为 3。",
    )

    @click.command("replay", help=help_.in_(lang))
    @click.argument("run", metavar="RUN")
    @click.argument("case", type=int, required=False, metavar="[CASE]")
    @click.option(
        "--system", "system_file", required=True, metavar="FILE", help=Text("system file", "系统描述文件").in_(lang)
    )
    @click.option(
        "--pack", "name", metavar="PACK", help=Text("pack [that of the run]", "标准包 [该次运行所用]").in_(lang)
    )
    @click.option("--allow-outside", is_flag=True)
    def replay(run: str, case: int | None, system_file: str, name: str | None, allow_outside: bool) -> int:
        from conformance.assess import make_plan
        from conformance.assess.replay import replay as again
        from conformance.evidence import read_case, read_record
        from conformance.packs import Registry, read_system
        from conformance.report import plain, words
        from conformance.systems import Pool, opener

        path = common.find_run(run)
        record = read_record(path)
        then = record.header.pack
        profiles = [f"{then.id}:{then.profile}"] if then.profile else []
        pack = common.choose(Registry.shipped(), name or then.id, profiles, record.header.settings.as_of)
        if pack.sha256 != then.sha256:
            note = _OTHER_PACK.format(now=f"{pack.version} {pack.sha256[:8]}", then=f"{then.version} {then.sha256[:8]}")
            click.echo(note.in_(lang))
        broken = {w.case: f.rule for f in record.findings if f.counts.failed and (w := f.smallest or f.worst)}
        numbers = [case] if case is not None else list(broken)
        if not numbers:
            click.echo(_NOTHING.in_(lang))
            return 0
        stored = [read_case(path, number) for number in numbers]
        pairs = [(c, next(o for o in observed if o.of == "system")) for c, observed in stored]
        bases = {c.base: read_case(path, c.base)[0] for c, _ in stored if c.base is not None}
        system = read_system(system_file, [pack], allow_outside=allow_outside)
        plan = make_plan(pack, system, oracle=None, settings=common.settings_for(pack, jobs=1))
        failing = unsure = False
        with (
            TemporaryDirectory(prefix="conformance-") as scratch,
            Pool(opener(plan.system, pack, scratch=Path(scratch)), 1) as pool,
        ):
            for asked, reply, results in again(plan, pool, pairs, bases):
                answer = words.ANSWERS[reply.answer].in_(lang)
                click.echo(Text("case {n}: {a}", "用例 {n}：{a}").format(n=asked.number, a=answer).in_(lang))
                for r in results:
                    failing |= r.change in ("still-failing", "broken")
                    unsure |= r.change == "changed"  # a refusal or a crash in the place of an answer mends nothing
                    if r.change != "same":
                        title = pack.rules[r.rule].title.in_(lang) if r.rule in pack.rules else r.rule
                        change = plain.pad(_CHANGES[r.change].in_(lang), 14)
                        click.echo(f"  {change}{title}  {_margin(r.before, lang)} -> {_margin(r.now, lang)}")
        return 1 if failing else 3 if unsure else 0

    return replay


def _margin(judgement: Judgement, lang: Language) -> str:
    from conformance.report import plain, words

    shown = plain.margin_words(judgement.margin) if judgement.margin else words.OUTCOMES[judgement.outcome]
    return shown.in_(lang)
