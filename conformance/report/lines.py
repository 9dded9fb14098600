"""Lines for a terminal: a coloured label and the text behind it."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from attrs import frozen

from conformance.errors import columns
from conformance.model.run import Disposition
from conformance.report.plain import clean, fit

STYLES = {
    Disposition.BROKEN: "bold red",
    Disposition.UNSURE: "yellow",
    Disposition.WARNING: "yellow",
    Disposition.WAIVED: "magenta",
    Disposition.OK: "green",
}


@frozen
class Line:
    """One line: a label in colour, and the text behind it."""

    label: str
    text: str = ""
    style: str = ""


def line(label: str, text: str, width: int, style: str = "bold") -> Line:
    """A line whose text is made harmless and cut to what is left of ``width`` columns."""
    return Line(label, fit(clean(text, longest=1000), width - columns(label)), style)


def printed(lines: Sequence[Line], colour: bool) -> str:
    """The lines as text, with ANSI colours if ``colour``; each ends with a line end."""
    if not colour:
        return "".join(f"{shown.label}{shown.text}".rstrip() + "\n" for shown in lines)
    from rich.console import Console
    from rich.text import Text as Styled

    out = StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", highlight=False)
    for shown in lines:  # Styled never reads markup, so brackets in a vendor's name stay what they are
        console.print(Styled.assemble((shown.label, shown.style), shown.text), soft_wrap=True)
    return out.getvalue()
