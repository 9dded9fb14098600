"""Views of a run record. Each is a pure function of the record, so any stored run can be shown again."""

from __future__ import annotations

import json
from typing import Literal

from conformance.errors import Language
from conformance.model.run import Record
from conformance.report.indicators import indicator_lines
from conformance.report.listing import by_requirement
from conformance.report.terminal import first_screen
from conformance.report.together import Part, together_html, together_screen

__all__ = [
    "Format",
    "Part",
    "by_requirement",
    "first_screen",
    "indicator_lines",
    "render",
    "together_html",
    "together_screen",
]

Format = Literal["html", "json", "junit", "text"]


def render(record: Record, format_name: Format, lang: Language = "en") -> str:
    """``record`` as a page, JSON, JUnit XML or plain text (first screen and view by requirement)."""
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
