"""`conformance report`: render a stored run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli import common
from conformance.cli.run import FILES, read_formats, show, write_reports
from conformance.errors import Language, Text

if TYPE_CHECKING:
    from conformance.model.indicators import Indicators


def command(lang: Language) -> click.Command:
    """The command in one language."""
    help_ = Text("Render the stored run RUN (a folder, or last).", "呈现已保存的运行 RUN（文件夹或 last）。")

    @click.command("report", help=help_.in_(lang))
    @click.argument("run", metavar="RUN")
    @click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME[=PATH]",
        help=Text("one of: ", "可选：").in_(lang) + ", ".join(FILES),
    )
    @click.option(
        "--statistics",
        is_flag=True,
        help=Text(
            "also: indicators of what may be unseen; they decide nothing", "另附未见情形的参考指标，不作判定"
        ).in_(lang),
    )
    @click.option("-v", "--verbose", is_flag=True, help=Text("by requirement", "逐条列出要求").in_(lang))
    def report(run: str, formats: tuple[str, ...], statistics: bool, verbose: bool) -> int:
        from conformance.evidence import read_record
        from conformance.report import indicator_lines

        wanted = read_formats(formats)
        path = common.find_run(run)
        record = read_record(path)
        page = write_reports(record, path.parent, wanted, lang)
        show(record, lang, page=page, verbose=verbose)
        if statistics:
            click.echo("\n" + indicator_lines(record, _indicators(path), lang=lang, width=common.columns_wide()))
        return 0

    return report


def _indicators(path: Path) -> list[Indicators]:
    """The indicators of each operation with an independent sample, from the record at ``path``."""
    from conformance.evidence import independent_sample
    from conformance.judge import Observed
    from conformance.model.run import Case

    found: dict[str, Observed] = {}
    operations: dict[int, str] = {}
    for line in independent_sample(path):
        if isinstance(line, Case):
            operations[line.number] = line.operation
        else:
            operation = operations[line.case]
            found.setdefault(operation, Observed(operation)).add(line.judgements)
    return [observed.indicators() for observed in found.values()]
