"""`conformance report`: render a stored run."""

from __future__ import annotations

import click

from conformance.cli import common
from conformance.cli.run import FILES, show, write_reports
from conformance.errors import Language, Text


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
    @click.option("-v", "--verbose", is_flag=True, help=Text("by requirement", "逐条列出要求").in_(lang))
    def report(run: str, formats: tuple[str, ...], verbose: bool) -> int:
        from conformance.evidence import read_record

        path = common.find_run(run)
        record = read_record(path)
        page = write_reports(record, path.parent, formats, lang)
        show(record, lang, page=page, verbose=verbose)
        return 0

    return report
