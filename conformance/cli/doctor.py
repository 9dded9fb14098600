"""`conformance doctor`: one nominal request per operation; what stands in tables and documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from conformance.cli import common
from conformance.errors import Language, Text

if TYPE_CHECKING:
    from conformance.assess import Trial
    from conformance.assess.recordings import Recordings
    from conformance.model.json import JSON
    from conformance.model.standard import Pack
    from conformance.model.system import System

_SHOWN = 600


def command(lang: Language) -> click.Command:
    """The command in one language."""

    def t(en: str, zh: str, **values: object) -> str:
        return Text(en, zh).format(**values).in_(lang)

    help_ = Text(
        "Send one nominal request per operation and show what was sent, what came back, what the schema disliked, the "
        "latency, and how long a run will take. Exits 1 if a run could not start.",
        "每个操作发送一次标称请求，显示所发内容、应答、不符格式之处、时延及预计用时。若无法开始运行，退出码为 1。",
    )

    @click.command("doctor", help=help_.in_(lang))
    @click.option("--system", "system_file", required=True, metavar="FILE", help=t("system file", "系统描述文件"))
    @click.option("--pack", "name", metavar="PACK", help=t("pack [the one that fits]", "标准包 [默认取相符者]"))
    @click.option("--allow-outside", is_flag=True)
    def doctor(system_file: str, name: str | None, allow_outside: bool) -> int:
        from conformance.assess import make_plan
        from conformance.assess.recordings import Recordings
        from conformance.packs import Registry, read_system
        from conformance.report import plain, words
        from conformance.systems import connect, examine

        registry = Registry.shipped()
        packs = [common.find(name, registry)] if name else list(registry)
        system = read_system(system_file, packs, allow_outside=allow_outside)
        pack = max(packs, key=lambda p: _shared(p, system))
        system = system.within(pack.short)
        settings = common.settings_for(pack, jobs=1)
        plan = make_plan(pack, system, oracle=None, settings=settings, allow_outside=allow_outside)
        nominal = {x.operation.name: (x, x.space.request(x.space.nominal)) for x in plan.trials if x.space}
        requests = {name: request for name, (x, request) in nominal.items() if x.score is None}
        sequences = {name: (x.called, x.score.requests(r)) for name, (x, r) in nominal.items() if x.score}

        def disliked(trial: Trial) -> Callable[[JSON], list[tuple[str, Text]]]:
            return lambda body: [(c.pointer, c.message) for c in trial.valid(body)]

        with (
            TemporaryDirectory(prefix="conformance-") as scratch,
            connect(plan.system, pack, scratch=Path(scratch) / "system") as session,
            Recordings(plan, scratch=Path(scratch) / "recordings") as recordings,
        ):
            complaints = {x.operation.name: disliked(x) for x in plan.trials}
            seen = examine(session, plan.system, pack, requests, sequences=sequences, complaints=complaints)
            shown = list(_recorded(recordings, lang))
        click.echo(f"{system.name} {system.version} · {pack.short} {pack.version}")
        if seen.hello.cause:
            click.echo(t("hello     no: {c}", "问候     失败：{c}", c=seen.hello.cause))
        elif seen.hello.capabilities:
            claimed = "; ".join(f"{k}: {', '.join(v)}" for k, v in seen.hello.capabilities.items())
            click.echo(t("claims    {c}", "声明     {c}", c=plain.clean(claimed)))
        for e in seen.operations:
            click.echo(f"\n{e.operation}  ({plain.clean(e.reached)})")
            click.echo(t("  sent      ", "  发送      ") + _short(e.request))
            came = _short(e.reply.body) if e.reply.cause is None else plain.clean(e.reply.cause.in_(lang))
            click.echo(t("  came back ", "  应答      ") + f"{words.ANSWERS[e.reply.answer].in_(lang)}: {came}")
            click.echo(t("  latency   ", "  时延      ") + f"{e.reply.latency_ns / 1e6:.1f} ms")
            for pointer, text in e.complaints:
                click.echo(t("  dislike   ", "  格式问题  ") + plain.clean(f"{pointer}: {text.in_(lang)}"))
            if not e.complaints and e.reply.cause is None:
                click.echo(t("  schema    likes it", "  格式      符合"))
        for line in shown:
            click.echo(line)
        if seen.unknown:
            click.echo(t("\nnot in the pack: {x}", "\n标准包中没有：{x}", x=", ".join(seen.unknown)))
        if seen.strange_claims:
            click.echo(
                t(
                    "\nclaims that the pack does not know: {x}",
                    "\n标准包不认识的声明：{x}",
                    x=", ".join(seen.strange_claims),
                )
            )
        if seen.operations:
            settings = common.settings_for(pack)
            n = 1 + settings.cases + settings.calls
            seconds = max(seen.projected(n, jobs=settings.jobs), 1)
            en = "\na run makes about {n} calls: {s:.0f} s with {j} jobs, the judging apart"
            zh = "\n一次运行约 {n} 次调用：{j} 路并发约 {s:.0f} 秒（不含判定）"
            click.echo(t(en, zh, n=n, s=seconds, j=settings.jobs))
        if seen.good and (seen.operations or shown):
            click.echo(
                t(
                    "next: conformance run {p} --system {f}",
                    "下一步：conformance run {p} --system {f}",
                    p=name or pack.short,
                    f=system_file,
                )
            )
            return 0
        click.echo(t("mend what is shown above, then run doctor again", "请改正上述问题后重新运行 doctor"))
        return 1

    return doctor


def _shared(pack: Pack, system: System) -> int:
    """How many surfaces of the pack the system brings."""
    own = system.within(pack.short)
    return len({*own.operations, *own.tables, *own.documents} & {*pack.operations, *pack.tables, *pack.documents})


def _recorded(recordings: Recordings, lang: Language) -> Iterator[str]:
    """What stands in the tables and documents of the system."""

    from conformance.report import plain

    def t(en: str, zh: str, **values: object) -> str:
        return Text(en, zh).format(**values).in_(lang)

    for name, table in recordings.tables.items():
        yield t("\n{n}: {r:,} rows from {f} files", "\n{n}：{r:,} 行，来自 {f} 个文件",
                n=name, r=table.rows, f=len(table.sources))  # fmt: skip
        lost = ", ".join(f"{column}: {n:,}" for column, n in table.missing.items() if n)
        if lost:
            yield t("  missing   {x}", "  缺失      {x}", x=lost)
        for problem in table.problems:
            yield t("  problem   ", "  问题      ") + plain.clean(problem.headline().in_(lang))
    for name, document in recordings.documents.items():
        yield f"\n{name}: {plain.clean(document.file)}"
        for complaint in document.complaints:
            yield t("  dislike   ", "  格式问题  ") + plain.clean(complaint.in_(lang))


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)})"
