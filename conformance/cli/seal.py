"""`conformance seal`: commit to the seed of a run before it, and check the run against the seed after it."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli import common
from conformance.errors import Language, Refused, Text

_SEALED = Text(
    "commitment {commitment}\n"
    "Publish it before the run. Keep {file} secret until the run is done, then reveal it: without it nobody can check.",
    "承诺 {commitment}\n请在运行前公布该承诺。运行完成前对 {file} 保密，完成后公开：没有它任何人都无法核对。",
)
_SAME = Text(
    "{same} of {cases} independent cases are what the sealed seed gives", "{cases} 个独立用例中 {same} 个与密封种子一致"
)
_FIRST = Text(
    "first difference: {operation}, index {index}{case}: {why}", "首个不一致：{operation}，序号 {index}{case}：{why}"
)
_CASE = Text(", case {number}", "，用例 {number}")
_NONE = Text("the record holds no independent case: nothing is shown", "记录中没有独立用例：未能说明任何结论")
_CUT = Text("the record ends early: cases behind its end cannot be checked", "记录不完整：其后的用例无法核对")


def command(lang: Language) -> click.Command:
    """The command in one language."""

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_(lang)

    @click.group(
        "seal",
        help=t(
            "Commit to a secret seed before a run (run --seal FILE); then anyone can check every independent case.",
            "在运行前对秘密种子作出承诺（run --seal FILE）；运行后任何人都可核对每个独立用例。",
        ),
    )
    def seal() -> None:
        pass

    @seal.command("new", help=t("Write a new seed to FILE and print the commitment to publish.",
                                "将新种子写入 FILE，并打印应公布的承诺。"))  # fmt: skip
    @click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
    def new(file: Path) -> int:
        from conformance.assess.sealed import Seal, write_seal

        made = Seal.new()
        write_seal(file, made)
        click.echo(_SEALED.format(commitment=made.commitment, file=str(file)).in_(lang))
        return 0

    @seal.command(
        "check",
        help=t(
            "Make every independent case of RUN again from the revealed seed. Exits 4 if one differs, 5 for none.",
            "用公开的种子重新生成 RUN 的每个独立用例。有不一致则退出码为 4，没有用例则为 5。",
        ),
    )
    @click.argument("run", metavar="RUN")
    @click.option("--seal", "file", required=True, type=click.Path(path_type=Path), metavar="FILE",
                  help=t("the revealed seed", "公开的种子文件"))  # fmt: skip
    def check(run: str, file: Path) -> int:
        from conformance.assess import sealed
        from conformance.evidence import read_record

        path, revealed = common.find_run(run), sealed.read_seal(file)
        try:
            record = read_record(path)
        except Refused as damaged:
            click.echo(damaged.render(lang), err=True)
            return 4
        done = sealed.check(record, path, revealed)
        if done.cases:
            click.echo(_SAME.format(same=done.same, cases=done.cases).in_(lang))
        if done.first is not None:
            number = "" if done.first.case is None else _CASE.format(number=done.first.case)
            click.echo(
                _FIRST.format(
                    operation=done.first.operation, index=done.first.index, case=number, why=done.first.why
                ).in_(lang)
            )
            return 4
        if record.footer is None:
            click.echo(_CUT.in_(lang))
            return 4
        if not done.cases:
            click.echo(_NONE.in_(lang))
            return 5
        return 0

    return seal
