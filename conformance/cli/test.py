"""`conformance test`: check a pack on its own examples, and on the defects that it says it finds."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli import common
from conformance.errors import Language, Text


def command(lang: Language) -> click.Command:
    """The command in one language."""

    def t(en: str, zh: str, **values: object) -> str:
        return Text(en, zh).format(**values).in_(lang)

    help_ = Text(
        "Run every example of the packs in PATH... through the path that judges a system. With --defects also put each "
        "seeded defect into the reference and print which rule finds it. Exits 1 if an example breaks, a defect "
        "survives or the reference is alarmed.",
        "用与评估系统相同的途径运行 PATH... 中标准包的全部示例。加 --defects 时，还把每个植入缺陷置于参考系统中，"
        "列出由哪条规则发现。若示例不符、缺陷漏检或参考系统被误报，退出码为 1。",
    )

    @click.command("test", help=help_.in_(lang))
    @click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
    @click.option("--as-of", metavar="DATE", help=t("with the limits of that day [today, UTC]",
                                                    "按该日生效的限值 [今天，UTC]"))  # fmt: skip
    @click.option("--defects", is_flag=True, help=t("also the seeded defects", "同时检验植入缺陷"))
    @click.option("--cases", type=click.IntRange(1), default=300, show_default=True, metavar="N",
                  help=t("cases per defect at most", "每个缺陷至多的用例数"))  # fmt: skip
    @click.option("--reference-cases", type=click.IntRange(1), default=500, show_default=True, metavar="N",
                  help=t("cases on which the reference must not be alarmed", "参考系统不得误报的用例数"))  # fmt: skip
    @click.option("--recordings", type=click.IntRange(1), default=3, show_default=True, metavar="N",
                  help=t("recordings on which the reference must not be alarmed, simulated after the first",
                         "参考系统不得误报的记录份数，自第二份起由模拟程序生成"))  # fmt: skip
    @click.option(
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=t(
            "write the kill matrix to FILE; of several packs, to a file each in the folder FILE",
            "把检出矩阵写入 FILE；多个标准包时写入文件夹 FILE，每包一个文件",
        ),
    )
    def test(
        paths: tuple[Path, ...],
        as_of: str | None,
        defects: bool,
        cases: int,
        reference_cases: int,
        recordings: int,
        output: Path | None,
    ) -> int:
        from conformance.judge import examples
        from conformance.packs import Registry, in_force, load, pack_folders
        from conformance.rules import compile_rules

        packs = [load(f) for p in paths for f in pack_folders(p)] if paths else list(Registry.shipped())
        bad = 0
        for pack in (in_force(p, common.day_of(as_of)) for p in packs):
            results = examples(pack, compile_rules(pack))
            broken = [r for r in results if r.mismatch is not None]
            for r in broken:
                where = f"{r.example.position}: " if r.example.position else ""
                click.echo(f"{where}{r.rule} {r.example.name}: {r.mismatch.in_(lang) if r.mismatch else ''}")
            click.echo(
                t(
                    "{p}: {n} examples, {b} broken",
                    "{p}：{n} 个示例，{b} 个不符",
                    p=pack.id,
                    n=len(results),
                    b=len(broken),
                )
            )
            bad += len(broken)
            if defects:
                from conformance.cli.defects import Extent, examined

                extent = Extent(cases=cases, reference_cases=reference_cases, recordings=recordings)
                file = output / f"{pack.short}.json" if output and len(packs) > 1 else output
                bad += examined(pack, extent, file, lang)
        return 1 if bad else 0

    return test
