"""`conformance lint`: check rule files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from conformance.errors import Language, Problem, Refused, Text


def command(lang: Language) -> click.Command:
    """The command in one language."""
    help_ = Text(
        "Check the packs in PATH... (by default those at hand): every problem of every file, with its place. "
        "Exits 2 if there is one.",
        "检查 PATH... 中的标准包（默认为现有的全部）：列出每个文件的所有问题及位置。若有问题，退出码为 2。",
    )

    @click.command("lint", help=help_.in_(lang))
    @click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
    @click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
    def lint(paths: tuple[Path, ...], form: str) -> int:
        from conformance.packs import load, pack_folders, shipped_root

        folders = [f for p in (paths or (shipped_root() / "standards",)) for f in pack_folders(p)]
        problems: list[Problem] = []
        for folder in folders:
            try:
                load(folder)
            except Refused as refused:
                problems += refused.problems
        if form == "json":
            click.echo(json.dumps([_as_json(p) for p in problems], ensure_ascii=False, indent=2))
        else:
            for problem in problems:
                click.echo(problem.render(lang) + "\n")
            summary = Text("{n} packs, {p} problems", "{n} 个标准包，{p} 个问题").format(
                n=len(folders), p=len(problems)
            )
            click.echo(summary.in_(lang))
        return 2 if problems or not folders else 0

    return lint


def _as_json(problem: Problem) -> dict[str, object]:
    at = problem.position
    text = problem.headline()
    place = {"file": at.file, "line": at.line, "column": at.column} if at else {}
    return {"code": problem.code, **place, "en": text.en, "zh": text.zh}
