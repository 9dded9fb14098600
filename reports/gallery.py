"""Make the gallery anew: real runs of third-party systems, as people and machines see them. `tox -e reports`."""

from __future__ import annotations

import re
import shutil
from html import unescape
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from rich.console import Console
from rich.text import Text as Styled

from conformance.cli import common
from conformance.cli.run import FILES, perform
from conformance.errors import Language, columns
from conformance.model.run import Record
from conformance.packs import Registry, read_system, shipped_root
from conformance.report import TextFormat, first_screen, render

GALLERY = Path(__file__).parent / "gallery"
PICTURES = Path(__file__).parents[1] / "docs"
RUNS = {
    "pypower-dc-opf-ieee24": "pypower-dc-opf/system.yaml",
    "pypower-dc-opf-ieee39": "pypower-dc-opf/system-ieee39.yaml",
    "pypower-dc-opf-ieee30": "pypower-dc-opf/system-ieee30.yaml",
    "pypower-dc-opf-ieee118": "pypower-dc-opf/system-ieee118.yaml",
    "pypower-ac-opf-ieee24": "pypower-ac-opf/system.yaml",
}
PICTURED = "pypower-dc-opf-ieee24"


def make() -> None:
    """Run every system of the gallery with the settings of `conformance run` and write its reports."""
    pack = Registry.shipped().find("grid-dispatch")
    shutil.rmtree(GALLERY, ignore_errors=True)
    for name, file in RUNS.items():
        system = read_system(shipped_root() / "fixtures/real" / file, [pack])
        with TemporaryDirectory() as folder:
            record = perform(
                pack,
                system,
                oracle=common.oracle_of(pack),
                settings=common.settings_for(pack),
                folder=Path(folder) / name,
                lang="en",
            )
        target = GALLERY / name
        target.mkdir(parents=True)
        for form in get_args(TextFormat):
            (target / FILES[form]).write_text(render(record, form, "en"), encoding="utf-8")
        (target / "report.zh-CN.txt").write_text(render(record, "text", "zh"), encoding="utf-8")
        print(first_screen(record))
        if name == PICTURED:
            picture(record, "en", PICTURES / "first-screen.svg")
            picture(record, "zh", PICTURES / "first-screen.zh-CN.svg")


def picture(record: Record, lang: Language, target: Path) -> None:
    """The first screen as it stands in a terminal of 80 columns; an SVG that asks for nothing from outside."""
    console = Console(record=True, width=82, file=StringIO(), force_terminal=True)
    console.print(Styled.from_ansi(first_screen(record, lang=lang, width=80, colour=True, report="report.html")))
    drawn = console.export_svg(title=f"conformance run grid-dispatch --lang {lang}")
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    # rich gives a double-width character the room of one
    drawn = re.sub(r'textLength="[\d.]+"([^>]*)>([^<]*)<', _widened, drawn)
    target.write_text(drawn, encoding="utf-8")


def _widened(found: re.Match[str]) -> str:
    return f'textLength="{12.2 * columns(unescape(found[2])):.1f}"{found[1]}>{found[2]}<'


if __name__ == "__main__":
    make()
