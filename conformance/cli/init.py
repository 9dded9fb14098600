"""`conformance init`: a system file to start from, and an adapter for a program."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli import common
from conformance.errors import Language, Refused, Text
from conformance.errors.usage import WillNotOverwrite

_HEAD = """\
# {title}
name: {name}
vendor: Your company
version: "0.1"
environment: test            # {environment}
declares: {{{pack}: [{capabilities}]}}   # {declares}
{site}operations:
"""
_REACH = {
    "command": '  {operation}: {{command: ["{{python}}", adapter.py], timeout: 10 s}}\n',
    "http": (
        '  {operation}: {{http: {{url: "http://127.0.0.1:8000/{operation}", method: POST, '
        "headers: {{Authorization: {{env: SYSTEM_TOKEN}}}}{reset}}}, timeout: 10 s}}\n"
    ),
    "recorded": "  {operation}: {{recorded: recorded/{operation}-*.jsonl}}\n",
}
_RESET = ', reset: "http://127.0.0.1:8000/reset"'
_ADAPTER = '''\
"""{doc}"""

from conformance.adapter import Refuse, serve

{functions}

if __name__ == "__main__":
    serve({{{table}}}{streams}, capabilities={{"{pack}": [{capabilities}]}})
'''
_FUNCTION = """
def {operation}({arguments}):
    # {comment}
    raise Refuse("{refuse}")
"""


def command(lang: Language) -> click.Command:
    """The command in one language."""

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_(lang)

    help_ = Text(
        "Write a system file for your own system, and for a program an adapter that answers in the wire protocol.",
        "为您自己的系统生成系统描述文件；若系统是程序，同时生成按接口协议应答的适配器。",
    )

    @click.command("init", help=help_.in_(lang))
    @click.option("--pack", "name", default="grid-dispatch", show_default=True, metavar="PACK")
    @click.option("--kind", type=click.Choice(list(_REACH)), default="command", show_default=True,
                  help=t("how the system is reached", "系统的接入方式"))  # fmt: skip
    @click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="DIR",
                  help=t("folder to write to [here]", "写入的文件夹 [当前]"))  # fmt: skip
    def init(name: str, kind: str, output: Path) -> int:
        from conformance.packs import Registry

        pack = common.find(name, Registry.shipped())
        capabilities = ", ".join(pack.capabilities)
        bases = {k.name: k.default for k in pack.sites.values()}
        own = t("or a JSON file of your own: site/my-grid.json", "或您自己的 JSON 文件：site/my-grid.json")
        site = "".join(f"site: {{{kind_}: {{base: {base}}}}}   # {own}\n" for kind_, base in bases.items())
        text = _HEAD.format(
            title=t("Your system, as the harness sees it", "测试工具眼中的您的系统"),
            name="my-system",
            environment=t("test, staging; production is never hunted", "test、staging；绝不对 production 作搜索"),
            declares=t("what you claim; delete what you do not", "您声明的能力；请删去没有的"),
            pack=pack.short,
            capabilities=capabilities,
            site=site,
        )
        in_sequence = {table.trace.operation for table in pack.tables.values() if table.trace is not None}
        text += "".join(
            _REACH[kind].format(operation=o, reset=_RESET if o in in_sequence else "") for o in pack.operations
        )
        files = {output / "system.yaml": text}
        if kind == "command":
            functions = "".join(
                _FUNCTION.format(
                    operation=o,
                    arguments="time, sample" if of.stream else "request",
                    comment=t("call your system here and return its answer", "在此调用您的系统并返回其应答"),
                    refuse=t("not connected yet", "尚未接入"),
                )
                for o, of in pack.operations.items()
            )
            streams = ", ".join(f'"{o}": {o}' for o, of in pack.operations.items() if of.stream)
            files[output / "adapter.py"] = _ADAPTER.format(
                doc=t("Answers the harness with what your system says.", "用您的系统的应答回复测试工具。"),
                functions=functions,
                table=", ".join(f'"{o}": {o}' for o, of in pack.operations.items() if not of.stream),
                streams=f", streams={{{streams}}}" if streams else "",
                pack=pack.short,
                capabilities=", ".join(f'"{c}"' for c in pack.capabilities),
            )
        if taken := [WillNotOverwrite(path=str(path)) for path in files if path.exists()]:
            raise Refused(taken)
        output.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            path.write_text(content, encoding="utf-8")
            click.echo(t("wrote ", "已写入 ") + str(path))
        click.echo(
            t("next: conformance doctor --system ", "下一步：conformance doctor --system ")
            + str(output / "system.yaml")
        )
        return 0

    return init
