"""The command line: one file per command, loaded when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from conformance.cli.language import Phrase, chosen_language, without_lang
from conformance.errors import Language, Problem, Refused, Text

COMMANDS: dict[str, Phrase] = {
    "demo": Text("find a real fault in a real dispatch system, in a minute", "用一分钟在真实调度系统中找出真实缺陷"),
    "init": Text("write a system file to start from", "生成系统描述文件的起始模板"),
    "doctor": Text("one nominal request per operation: what came back?", "每个操作发送一次标称请求并检查应答"),
    "run": Text("assess a system against packs", "按标准包评估系统"),
    "replay": Text("call a system again with the requests of a run", "用某次运行的请求重新调用系统"),
    "report": Text("render a stored run", "呈现已保存的运行"),
    "compare": Text("stored runs beside each other", "并列比较已保存的运行"),
    "seal": Text("commit to a secret seed before a run, check the run after it", "运行前承诺秘密种子，运行后核对"),
    "packs": Text("list the packs", "列出标准包"),
    "show": Text("which packs and rules stand for the tasks of the Action Plan", "行动计划各任务由哪些规则支撑"),
    "lint": Text("check rule files", "检查规则文件"),
    "docs": Text("write a page of each pack", "为每个标准包生成页面"),
    "test": Text("check a pack on its own examples and defects", "用示例和缺陷检验标准包"),
}


class _Commands(click.Group):
    """Loads a command's module only when that command is called."""

    def __init__(self, lang: Language) -> None:
        super().__init__(
            "conformance",
            help=Text(
                "Conformity assessment for AI that runs energy assets and energy that feeds AI compute.",
                "面向“人工智能 + 能源”的合格评定工具：评估运行能源资产的人工智能，以及为智算供能的能源系统。",
            ).in_(lang),
            epilog=Text("Every command takes --lang en|zh.", "所有命令均支持 --lang en|zh。").in_(lang),
        )
        self.lang = lang

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f"conformance.cli.{name}")
        made: click.Command = module.command(self.lang)
        return made

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(Text("Commands", "命令").in_(self.lang)):
            formatter.write_dl([(name, text.in_(self.lang)) for name, text in COMMANDS.items()])


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its code (docs/outcomes.md)."""
    arguments = sys.argv[1:] if argv is None else argv
    lang = chosen_language(arguments)
    group = click.version_option(package_name="aienergy-conformance")(_Commands(lang))
    try:
        code = group.main(args=without_lang(arguments), prog_name="conformance", standalone_mode=False)
    except (Problem, Refused) as refused:
        click.echo(refused.render(lang), err=True)
        code = 2
    except click.exceptions.Exit as left:
        code = left.exit_code
    except click.ClickException as usage:
        usage.show()
        code = 2
    except (KeyboardInterrupt, click.Abort):
        click.echo(Text("stopped", "已中止").in_(lang), err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
