"""Views of a run record. Each is a pure function of the record, so any stored run can be shown again."""

from __future__ import annotations

import json
from typing import Literal

from conformance.errors import Language
from conformance.model.run import Record
from conformance.report.compare import compare_screen
from conformance.report.indicators import indicator_lines
from conformance.report.listing import by_requirement
from conformance.report.terminal import first_screen
from conformance.report.together import Part, together_html, together_screen

__all__ = [
    "Format",
    "Part",
    "TextFormat",
    "by_requirement",
    "compare_screen",
    "first_screen",
    "indicator_lines",
    "render",
    "render_bytes",
    "together_html",
    "together_screen",
]

TextFormat = Literal["html", "json", "junit", "text", "sarif", "markdown", "github", "gitlab", "csv"]
Format = TextFormat | Literal["xlsx"]


def render(record: Record, format_name: TextFormat, lang: Language = "en") -> str:
    """``record`` as a page, as plain text (first screen and view by requirement), or in a format for machines."""
    match format_name:  # a format's libraries are imported when it is asked for
        case "html":
            from conformance.report.html import html

            return html(record, lang=lang)
        case "json":
            from conformance.report.machine import to_json

            return json.dumps(to_json(record), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        case "junit":
            from conformance.report.machine import junit

            return junit(record, lang=lang)
        case "text":
            return f"{first_screen(record, lang=lang)}\n{by_requirement(record, lang=lang)}"
        case "sarif":
            from conformance.report.sarif import sarif

            return sarif(record, lang=lang)
        case "markdown":
            from conformance.report.summary import markdown

            return markdown(record, lang=lang)
        case "github":
            from conformance.report.annotations import github

            return github(record, lang=lang)
        case "gitlab":
            from conformance.report.annotations import gitlab

            return gitlab(record, lang=lang)
        case "csv":
            from conformance.report.sheet import as_csv

            return as_csv(record, lang=lang)


def render_bytes(record: Record, format_name: Format, lang: Language = "en") -> bytes:
    """The same as the bytes of a file, UTF-8 where it is text. XLSX raises ModuleNotFoundError without openpyxl."""
    if format_name == "xlsx":
        from conformance.report.sheet import as_xlsx

        return as_xlsx(record, lang=lang)
    return render(record, format_name, lang).encode()
