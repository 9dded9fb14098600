"""`conformance docs`: write the pages of packs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli import common
from conformance.errors import Language, Refused, Text
from conformance.errors.usage import BadOption

if TYPE_CHECKING:
    from conformance.authoring import Described
    from conformance.model.standard import Pack

_SAME = Text("two packs would share a page", "两个标准包会写入同一页")


def command(lang: Language) -> click.Command:
    """The command in one language."""
    help_ = Text(
        "Write a Markdown page in English and in Chinese of each PACK (a name or a folder; by default all at hand), "
        "and an index of them, to the folder DIR.",
        "为每个 PACK（名称或文件夹；默认为现有的全部）写出中英文 Markdown 页面及其索引，存入文件夹 DIR。",
    )

    @click.command("docs", help=help_.in_(lang))
    @click.argument("names", nargs=-1, metavar="[PACK]...")
    @click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR")
    def docs(names: tuple[str, ...], output: Path) -> int:
        from conformance.authoring import pages
        from conformance.packs import Registry

        registry = Registry.shipped()
        packs = [common.find(name, registry) for name in names or registry.ids]
        shared = [name for name, times in Counter(pack.short for pack in packs).items() if times > 1]
        if shared:
            raise Refused([BadOption(option="PACK", value=name, complaint=_SAME) for name in shared])
        texts = pages([_described(pack) for pack in packs])
        output.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (output / name).write_text(text, encoding="utf-8", newline="\n")
        click.echo(Text("{n} pages in {d}", "{d} 中共 {n} 页").format(n=len(texts), d=output).in_(lang))
        return 0

    return docs


def _described(pack: Pack) -> Described:
    """``pack`` with the defects that stand beside its reference, if it names any."""
    from conformance.authoring import Described, KnownDefect
    from conformance.systems import read_defects

    file = None if pack.fixtures is None else common.beside(pack.fixtures) / "defects.yaml"
    known = read_defects(file) if file is not None and file.is_file() else ()
    return Described(pack, tuple(KnownDefect(d.id, d.title, d.implicit) for d in known))
