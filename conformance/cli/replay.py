"""`conformance replay`: call a system again with the requests of a run, or with its stored counterexamples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from attrs import field, frozen

from conformance.cli import common
from conformance.errors import Language, Text
from conformance.errors.usage import BadOption

if TYPE_CHECKING:
    from conformance.assess import Plan
    from conformance.assess.replay import Replayed
    from conformance.assess.stored import Stored
    from conformance.model.outcome import Judgement
    from conformance.model.run import Case, Observation
    from conformance.model.standard import Pack

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
_NOTHING = Text("nothing to replay: no rule was broken on a call", "没有可重放的内容：没有在调用中被违反的规则")
_CASE = Text("case {n}", "用例 {n}")
_FOUND = Text("{rule}, found on {on}", "{rule}，发现于 {on}")
_CALLED = Text("{what}: {answer}", "{what}：{answer}")
_NOT_CALLED = Text("not called: {why}", "未调用：{why}")
_GONE = Text("no longer judged", "不再判定")


@frozen
class _Task:
    """What is called again for one pack."""

    plan: Plan
    asked: Sequence[tuple[Case, Observation]]
    names: Mapping[int, Text]
    """Number of a case to what a reader knows it by."""
    bases: Mapping[int, Case] = field(factory=dict)


def command(lang: Language) -> click.Command:
    """The command in one language."""

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_(lang)

    help_ = Text(
        "Call the system again with case CASE of RUN (a folder, or last); without CASE, with every counterexample. "
        "With --stored, with the counterexamples in a file. Exits 1 if a rule is still broken, 3 if that can no longer "
        "be told.",
        "用 RUN（文件夹或 last）中第 CASE 号用例重新调用系统；不给 CASE 则用全部反例；"
        "用 --stored 则重放文件中的反例。若仍有不符合，退出码为 1；若已无法判定，为 3。",
    )

    @click.command("replay", help=help_.in_(lang))
    @click.argument("run", metavar="[RUN]", required=False)
    @click.argument("case", type=int, required=False, metavar="[CASE]")
    @click.option("--system", "system_file", required=True, metavar="FILE", help=t("system file", "系统描述文件"))
    @click.option("--stored", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                  help=t("file of counterexamples, instead of a run", "反例文件，代替运行记录"))  # fmt: skip
    @click.option("--pack", "name", metavar="PACK", help=t("pack [that of the run]", "标准包 [该次运行所用]"))
    @click.option("--allow-outside", is_flag=True, help=t("paths may leave the system file's folder",
                                                          "允许路径超出系统文件所在文件夹"))  # fmt: skip
    def replay(
        run: str | None, case: int | None, system_file: str, stored: Path | None, name: str | None, allow_outside: bool
    ) -> int:
        if stored is not None and run is not None:
            complaint = Text("takes the place of RUN", "与 RUN 不可同时给出")
            raise BadOption(option="--stored", value=str(stored), complaint=complaint)

        def plan(pack: Pack) -> Plan:
            from conformance.assess import make_plan
            from conformance.packs import Registry, read_system

            others = Registry.shipped().short_names
            system = read_system(system_file, [pack], others=others, allow_outside=allow_outside)
            return make_plan(pack, system, oracle=None, settings=common.settings_for(pack, jobs=1))

        tasks = _of_file(stored, name, plan) if stored else [_of_run(run or "last", case, name, plan, lang)]
        if not any(task.asked for task in tasks):
            click.echo(_NOTHING.in_(lang))
            return 0
        return max((_again(task, lang) for task in tasks), key=(0, 3, 1).index)

    return replay


def _of_run(
    name: str, number: int | None, pack_name: str | None, plan: Callable[[Pack], Plan], lang: Language
) -> _Task:
    """Case ``number`` of a run, or the counterexample of each rule that was broken on a call."""
    from conformance.evidence import read_case, read_record
    from conformance.packs import Registry

    path = common.find_run(name)
    record = read_record(path)
    then = record.header.pack
    profiles = [f"{then.id}:{then.profile}"] if then.profile else []
    pack = common.choose(Registry.shipped(), pack_name or then.id, profiles, record.header.settings.as_of)
    if pack.sha256 != then.sha256:
        note = _OTHER_PACK.format(now=f"{pack.version} {pack.sha256[:8]}", then=f"{then.version} {then.sha256[:8]}")
        click.echo(note.in_(lang))
    witnesses = (f.smallest or f.worst for f in record.findings if f.counts.failed)
    broken = dict.fromkeys(w.case for w in witnesses if w and w.case)  # a row of a table has no call behind it
    cases = [read_case(path, n) for n in (broken if number is None else [number])]
    return _Task(
        plan(pack),
        [(case, next(o for o in observed if o.of == "system")) for case, observed in cases],
        {case.number: _CASE.format(n=case.number) for case, _ in cases},
        {case.base: read_case(path, case.base)[0] for case, _ in cases if case.base is not None},
    )


def _of_file(file: Path, pack_name: str | None, plan: Callable[[Pack], Plan]) -> list[_Task]:
    """The counterexamples in ``file``, pack by pack."""
    from conformance.assess.stored import read_stored
    from conformance.packs import Registry

    stored = read_stored(file)
    names = [pack_name] if pack_name else dict.fromkeys(one.pack for one in stored)
    packs = [common.choose(Registry.shipped(), name, (), common.day_of(None)) for name in names]
    return [_of_stored(plan(pack), [one for one in stored if one.pack == pack.id]) for pack in packs]


def _of_stored(plan: Plan, stored: Sequence[Stored]) -> _Task:
    from conformance.assess.stored import whole
    from conformance.evidence import Folder
    from conformance.model.outcome import Interval, Judgement, Margin, Outcome
    from conformance.model.run import Answer, Case, Observation, Stage

    folder, asked, names = Folder.of(plan.system.site), [], {}
    for number, one in enumerate(stored, start=1):
        unknown = Interval(-math.inf, math.inf)
        margin = None if one.margin is None else Margin(Interval.point(one.margin), one.unit or "1", unknown, "")
        failed = Judgement(one.rule, Outcome.FAILED, margin=margin, feasible=True)
        case = Case(number, one.operation, Stage.STORED, whole(one, folder), one.sha256)
        asked.append((case, Observation(number, "system", Answer.ANSWERED, "", judgements=(failed,))))
        names[number] = _FOUND.format(rule=one.rule, on=one.found.on)
    return _Task(plan, asked, names)


def _again(task: _Task, lang: Language) -> int:
    """Call again and say what changed; 1: something is broken, 3: that can no longer be told, 0: neither."""
    from conformance.assess.replay import replay
    from conformance.assess.stored import obstacle
    from conformance.report import words
    from conformance.systems import Pool, opener

    failing = unsure = False
    for case, _ in task.asked:
        if (why := obstacle(task.plan, case.operation, case.request)) is not None:
            unsure = True
            click.echo(_CALLED.format(what=task.names[case.number], answer=_NOT_CALLED.format(why=why)).in_(lang))
    pack = task.plan.pack
    with (
        TemporaryDirectory(prefix="conformance-") as scratch,
        Pool(opener(task.plan.system, pack, scratch=Path(scratch)), 1) as pool,
    ):
        for asked, reply, results in replay(task.plan, pool, task.asked, task.bases):
            answer = words.ANSWERS[reply.answer]
            click.echo(_CALLED.format(what=task.names[asked.number], answer=answer).in_(lang))
            for one in results:
                failing |= one.change in ("still-failing", "broken")
                unsure |= one.change == "changed"  # a refusal or a crash in the place of an answer mends nothing
                if one.change != "same":
                    click.echo(_line(one, pack, lang))
    return 1 if failing else 3 if unsure else 0


def _line(one: Replayed, pack: Pack, lang: Language) -> str:
    from conformance.report import plain

    title = pack.rules[one.rule].title.in_(lang) if one.rule in pack.rules else one.rule
    change = plain.pad(_CHANGES[one.change].in_(lang), 14)
    return f"  {change}{title}  {_margin(one.before, lang)} -> {_margin(one.now, lang)}"


def _margin(judgement: Judgement | None, lang: Language) -> str:
    from conformance.report import plain, words

    if judgement is None:
        return _GONE.in_(lang)
    shown = plain.margin_words(judgement.margin) if judgement.margin else words.OUTCOMES[judgement.outcome]
    return shown.in_(lang)
