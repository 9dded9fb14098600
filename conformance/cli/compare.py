"""`conformance compare`: stored runs beside each other."""

from __future__ import annotations

import click

from conformance.cli import common
from conformance.errors import Language, Text
from conformance.errors.usage import BadOption

_MOST = 26
_TWO = Text("name two runs or more, at most 26", "请给出 2 至 26 次运行")

_OTHER = Text("these are runs of different packs", "这些运行属于不同的标准包")


def command(lang: Language) -> click.Command:
    """The command in one language."""
    help_ = Text(
        "What two runs of a system found that differs: what broke, what was fixed, which margins moved; runs of other "
        "systems stand side by side. Each RUN is a folder, or last. Nothing is called; exits 0.",
        "比较同一系统的两次运行：新增与已修复的不符合、裕度变化；不同系统的运行并列显示。"
        "RUN 为文件夹或 last。不调用任何系统；退出码 0。",
    )

    @click.command("compare", help=help_.in_(lang))
    @click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
    def compare(runs: tuple[str, ...]) -> int:
        from conformance.evidence import read_record
        from conformance.report import compare_screen

        if not 2 <= len(runs) <= _MOST:
            raise BadOption(option="RUN", value=" ".join(runs)[:80], complaint=_TWO)
        records = [read_record(common.find_run(run)) for run in runs]
        if len({record.header.pack.id for record in records}) > 1:
            raise BadOption(option="RUN", value=" ".join(runs)[:80], complaint=_OTHER)
        width = min(common.columns_wide(), 160)
        click.echo(compare_screen(records, lang=lang, width=width, colour=common.colour()), nl=False)
        return 0

    return compare
