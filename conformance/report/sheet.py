"""Findings as a sheet, a row each: CSV, and XLSX (extra ``xlsx``). No cell of either is a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO

from conformance.errors import Language, Text
from conformance.model.run import Finding, Record
from conformance.report.facts import short, simplest, worst_first
from conformance.report.plain import at_words, clean, known
from conformance.report.words import BASES, DISPOSITIONS, OBLIGATIONS, OUTCOMES, REASONS, SEVERITIES

Cell = str | int | float | None

_HEAD = (
    Text("rule", "规则"), Text("title", "名称"), Text("requirements", "要求"), Text("obligation", "约束力"),
    Text("severity", "严重度"), Text("outcome", "结果"), Text("reason", "原因"), Text("basis", "依据"),
    Text("disposition", "处置"), Text("margin", "裕度"), Text("unit", "单位"), Text("at", "位置"),
    Text("cases", "用例"), Text("failed", "未通过"), Text("case", "用例编号"), Text("waived until", "豁免至"),
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(record: Record, lang: Language) -> Iterator[tuple[Cell, ...]]:
    """A heading, then the findings, worst first. Margins are the lower ends of their intervals."""
    yield tuple(words.in_(lang) for words in _HEAD)
    for finding in worst_first(record):
        yield _row(finding, lang)


def _row(finding: Finding, lang: Language) -> tuple[Cell, ...]:
    margin = finding.worst.margin if finding.worst else None
    low = margin.physical.low if margin else None
    case = simplest(finding)
    return (
        clean(finding.rule), clean(finding.title.in_(lang)), " ".join(short(name) for name in finding.requirements),
        OBLIGATIONS[finding.obligation].in_(lang), SEVERITIES[finding.severity].in_(lang),
        OUTCOMES[finding.outcome].in_(lang), REASONS[finding.reason].in_(lang) if finding.reason else None,
        BASES[finding.basis].in_(lang), DISPOSITIONS[finding.disposition].in_(lang),
        low if low is not None and known(low) else None, clean(margin.unit) if margin else None,
        at_words(margin) or None if margin else None, finding.counts.cases, finding.counts.failed,
        case.case if case else None, clean(finding.waived.until) if finding.waived else None,
    )  # fmt: skip


def as_csv(record: Record, *, lang: Language = "en") -> str:
    """Comma-separated values (RFC 4180), with a byte order mark so that spreadsheets read Chinese."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerows([_inert(cell) for cell in row] for row in rows(record, lang))
    return "\ufeff" + text.getvalue()


def _inert(cell: Cell) -> Cell:
    """A text that a spreadsheet would compute gets an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def as_xlsx(record: Record, *, lang: Language = "en") -> bytes:
    """A workbook of one sheet. Raises `ModuleNotFoundError` without openpyxl."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    for number, row in enumerate(rows(record, lang), start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(row=number, column=column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # else what begins with = is a formula
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    out = BytesIO()
    book.save(out)
    return out.getvalue()
