"""SQL that turns raw cells into the pack's types and units, and marks each that is none.

The raw cell of column ``x`` is ``raw:x``, a text or what the file stores. A first SELECT parses it (``p:x``) and says
whether it is missing (``m:x``); times also have ``l:x``, ns of the clock on the wall, and ``o:x``, the offset from UTC
in ns that was written beside it. A second one gives the value, or the reason why there is none.
"""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from attrs import frozen
from numpy import float32

from conformance.errors import Text
from conformance.model.quantity import Linear, linear, unit
from conformance.model.system import TableSource
from conformance.packs.tables import GRADES, QUALITY, Column
from conformance.systems.tables.sql import name_of, number_of, text_of

_BLANKS = " \t\u00a0\u3000"
_WHOLE = 2**53
_TIME = (
    r"(\d{4}[-/]\d{1,2}[-/]\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?"
    r"(Z|z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?"
)
_INTEGERS = re.compile(r"^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")
_NUMBERS = re.compile(r"^(FLOAT|DOUBLE|DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)$")
_SMALL = re.compile(r"^U?(TINY|SMALL)?INT(EGER)?$")
_NAIVE = re.compile(r"^(TIMESTAMP(_S|_MS|_NS)?|DATE)$")
_ZONED = re.compile(r"^(TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ_NS)")
SQL_TYPES: Mapping[str, str] = {
    "number": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN", "text": "VARCHAR", "time": "BIGINT"
}  # fmt: skip
"""Kind of a column to its type in the view; a time is UTC nanoseconds since 1970."""
EXPECTED: Mapping[str, Text] = {
    "number": Text("a number", "数值"),
    "integer": Text("a whole number", "整数"),
    "boolean": Text("true or false", "true 或 false"),
    "text": Text("a text", "文本"),
    "time": Text("a time such as 2026-07-01 12:15:00+08:00", "形如 2026-07-01 12:15:00+08:00 的时间"),
}
A_VALUE = Text("a value, and the key needs one", "有效值，而键必须有值")
A_GRADE = Text("a quality code that `quality:` explains", "`quality:` 中说明过的质量码")


@frozen
class Cell:
    """How one column is read."""

    column: Column
    type: str
    """DuckDB's name of the type of the raw cell."""
    parse: tuple[str, ...]
    """Members of the first SELECT."""
    value: str
    bad: str
    """True where the cell is neither missing nor readable."""
    naive: bool = False
    """Whether it may be a time without a zone, whose offset ``z:x`` is to be given."""

    @property
    def expected(self) -> Text:
        """What the column needs."""
        if self.column.choices is not None:
            words = ", ".join(self.column.choices)
            return Text(f"one of {words}", f"{words} 之一")
        return EXPECTED[self.column.kind]


def wrong_type(column: Column, type_: str, source: TableSource) -> bool:
    """Whether a raw cell of ``type_`` can never be what the column needs."""
    if type_ == "VARCHAR" or type_.startswith("ENUM"):
        return False
    match column.kind:
        case "number" | "integer":
            return not _NUMBERS.match(type_)
        case "boolean":
            return type_ != "BOOLEAN"
        case "text":
            return not _INTEGERS.match(type_)
        case "time":
            if column.name in source.units:
                return not _NUMBERS.match(type_)
            return not (_NAIVE.match(type_) or _ZONED.match(type_))


def from_text(column: Column, type_: str) -> bool:
    """Whether a stored column has to be read from its text, which is too slow to do in every query."""
    return type_ == "VARCHAR" and column.kind != "text"


def same(column: Column, type_: str) -> bool:
    """Whether each value that a stored column of ``type_`` can hold is one of the view's type too, exactly."""
    if column.kind in ("number", "integer") and _SMALL.match(type_):
        return True
    return type_ == SQL_TYPES[column.kind] or (column.kind == "number" and type_ == "FLOAT")


def cell(column: Column, type_: str, source: TableSource, *, graded: bool, shift: int) -> Cell:
    """How a raw cell of ``type_`` is read; ``shift`` ns go from the recorded end of an interval to the pack's.

    ``graded``: values whose quality is BAD or MISSING do not count. `wrong_type` has been asked.
    """
    match column.kind:
        case "number" | "integer":
            made = _number(column, type_, source)
        case "boolean":
            made = _boolean(column, type_, source)
        case "text":
            made = _text(column, type_, source)
        case "time":
            made = _time(column, type_, source, shift)
    return _kept(made, graded=graded and not column.key and column.name != QUALITY)


def grade(source: TableSource, *, column: Column | None) -> Cell:
    """How a quality code is read: it must be explained, or be one of ours."""
    known = dict(source.quality) or {g: g for g in GRADES}
    whens = " ".join(f"WHEN {text_of(code)} THEN {text_of(meaning)}" for code, meaning in known.items())
    raw = name_of("raw:" + QUALITY)
    parse = f"CASE coalesce(trim(CAST({raw} AS VARCHAR), '{_BLANKS}'), '') {whens} END AS {name_of('p:' + QUALITY)}"
    parsed = name_of("p:" + QUALITY)
    return Cell(column or Column(QUALITY, "text"), "VARCHAR", (parse,), parsed, f"{parsed} IS NULL")


def _kept(made: Cell, *, graded: bool) -> Cell:
    """``made`` with its missing cells NULL, those of bad quality too, and none missing in a key."""
    missing = name_of("m:" + made.column.name)
    bad_quality = f"coalesce({name_of('p:' + QUALITY)} IN ('BAD', 'MISSING'), FALSE)" if graded else "FALSE"
    value = f"CASE WHEN NOT {missing} AND NOT {bad_quality} THEN {made.value} END"
    bad = f"(NOT {missing} AND NOT {bad_quality} AND coalesce({made.bad}, TRUE))"
    if made.column.key:
        bad = f"({missing} OR {bad})"
    return Cell(made.column, made.type, made.parse, value, bad, made.naive)


def _marks(source: TableSource) -> str:
    return ", ".join(text_of(mark) for mark in ("", *source.missing))


def _trimmed(column: Column) -> str:
    """The cell as text without blanks around it.

    Few numbers and times have any, and to trim all of them costs more than all else; words come again and again, and
    each is trimmed once.
    """
    raw = f"CAST({name_of('raw:' + column.name)} AS VARCHAR)"
    trimmed, shown = f"trim({raw}, '{_BLANKS}')", name_of("s:" + column.name)
    if column.kind == "text":
        return f"{trimmed} AS {shown}"
    around = " OR ".join(f"{at}_with({raw}, '{blank}')" for blank in _BLANKS for at in ("starts", "ends"))
    return f"CASE WHEN {around} THEN {trimmed} ELSE {raw} END AS {shown}"


def _number(column: Column, type_: str, source: TableSource) -> Cell:
    raw, shown, parsed = (name_of(f"{part}:{column.name}") for part in ("raw", "s", "p"))
    textual = not _NUMBERS.match(type_)
    numbers = [n for m in _numeric(source) for n in ((m, float(float32(m))) if type_ == "FLOAT" else (m,))]
    among = f"{parsed} IN ({', '.join(map(number_of, numbers))})" if numbers else "FALSE"
    if textual:
        plain = f"replace({shown}, ',', '.')" if source.decimal == "," else shown
        # DuckDB takes 1_000 for a number; a point where the comma is the mark separates thousands.
        alien = f"contains({shown}, '_')" + (f" OR contains({shown}, '.')" if source.decimal == "," else "")
        parse = [_trimmed(column), f"TRY_CAST(CASE WHEN {alien} THEN NULL ELSE {plain} END AS DOUBLE) AS {parsed}"]
        missing = f"coalesce({shown} IN ({_marks(source)}) OR isnan({parsed}) OR {among}, {shown} IS NULL)"
    else:
        parse = [f"CAST({raw} AS DOUBLE) AS {parsed}"]
        missing = f"coalesce(isnan({parsed}) OR {among}, TRUE)"
    parse.append(f"{missing} AS {name_of('m:' + column.name)}")
    value = parsed
    found = unit(source.units[column.name]) if column.name in source.units else column.unit
    by = linear(found, column.unit)
    if by != Linear():  # its very operations
        value = f"{parsed} * {number_of(by.times)} / {number_of(by.over)} + {number_of(by.plus)}"
    elif column.kind == "integer" and _INTEGERS.match(type_):
        return Cell(column, type_, tuple(parse), f"TRY_CAST({raw} AS BIGINT)", f"TRY_CAST({raw} AS BIGINT) IS NULL")
    if column.kind == "integer":
        bad = f"{parsed} IS NULL OR NOT ({value} = trunc({value}) AND abs({value}) <= {_WHOLE})"
        return Cell(column, type_, tuple(parse), f"TRY_CAST({value} AS BIGINT)", bad)
    return Cell(column, type_, tuple(parse), value, f"{parsed} IS NULL")


def _numeric(source: TableSource) -> Iterator[float]:
    for mark in source.missing:
        try:
            yield float(mark.replace(",", ".") if source.decimal == "," else mark)
        except ValueError:
            continue


def _boolean(column: Column, type_: str, source: TableSource) -> Cell:
    raw, shown, parsed, missing = (name_of(f"{part}:{column.name}") for part in ("raw", "s", "p", "m"))
    if type_ == "BOOLEAN":
        return Cell(column, type_, (f"{raw} AS {parsed}", f"{raw} IS NULL AS {missing}"), parsed, "FALSE")
    parse: tuple[str, ...] = (
        _trimmed(column),
        f"CASE lower({shown}) WHEN 'true' THEN TRUE WHEN '1' THEN TRUE WHEN 'false' THEN FALSE WHEN '0' THEN FALSE END"
        f" AS {parsed}",
        f"coalesce({shown} IN ({_marks(source)}), TRUE) AS {missing}",
    )
    return Cell(column, type_, parse, parsed, f"{parsed} IS NULL")


def _text(column: Column, type_: str, source: TableSource) -> Cell:
    raw, shown, parsed, missing = (name_of(f"{part}:{column.name}") for part in ("raw", "s", "p", "m"))
    parse = (
        _trimmed(column),
        f"CAST({raw} AS VARCHAR) AS {parsed}",
        f"coalesce({shown} IN ({_marks(source)}), TRUE) AS {missing}",
    )
    choices = ", ".join(text_of(c) for c in column.choices or ())
    return Cell(column, type_, parse, parsed, f"{parsed} NOT IN ({choices})" if choices else "FALSE")


def _among(raw: str, source: TableSource, missing: str) -> str:
    """Whether a stored whole number is missing."""
    marks = ", ".join(str(int(mark)) for mark in _numeric(source) if mark.is_integer())
    among = f" OR {raw} IN ({marks})" if marks else ""
    return f"({raw} IS NULL{among}) AS {missing}"


def _time(column: Column, type_: str, source: TableSource, shift: int) -> Cell:
    raw, shown, parsed, missing = (name_of(f"{part}:{column.name}") for part in ("raw", "s", "p", "m"))
    local, offset, zone, match = (name_of(f"{part}:{column.name}") for part in ("l", "o", "z", "x"))
    nothing = f"coalesce({shown} IN ({_marks(source)}), TRUE) AS {missing}"
    parse: tuple[str, ...]
    if column.name in source.units:
        factor = round(unit(source.units[column.name]).factor / unit("s").factor * 1e9)
        if _INTEGERS.match(type_):
            parse = (f"TRY_CAST(CAST({raw} AS HUGEINT) * {factor} AS BIGINT) AS {parsed}", _among(raw, source, missing))
            return Cell(column, type_, parse, f"{parsed} + {shift}", f"{parsed} IS NULL")
        whole = f"TRY_CAST(TRY_CAST({shown} AS HUGEINT) * {factor} AS BIGINT)"
        parts = f"TRY_CAST(TRY_CAST({shown} AS DECIMAL(24, 9)) * CAST({factor} AS DECIMAL(14, 0)) AS BIGINT)"
        ticks = f"CASE WHEN regexp_full_match({shown}, '-?[0-9]+') THEN {whole} ELSE {parts} END AS {parsed}"
        return Cell(column, type_, (_trimmed(column), ticks, nothing), f"{parsed} + {shift}", f"{parsed} IS NULL")
    if _ZONED.match(type_):
        parse = (f"TRY(epoch_ns({raw})) AS {parsed}", f"{raw} IS NULL AS {missing}")
        return Cell(column, type_, parse, f"{parsed} + {shift}", f"{parsed} IS NULL")
    if _NAIVE.match(type_):
        parse = (
            f"TRY(epoch_ns(TRY_CAST({raw} AS TIMESTAMP_NS))) AS {local}",
            f"CAST(NULL AS BIGINT) AS {offset}", f"{raw} IS NULL AS {missing}",
        )  # fmt: skip
    else:
        day, hour, written = (f"struct_extract({match}, '{part}')" for part in "dtz")
        clock = f"CASE {hour} WHEN '' THEN '00:00' ELSE {hour} END"
        digits = f"replace(substr({written}, 2), ':', '')"
        seconds = (
            f"(CAST(substr({digits}, 1, 2) AS BIGINT) * 3600 + coalesce(TRY_CAST(substr({digits}, 3, 2) AS BIGINT), 0)"
            f" * 60)"
        )
        parse = (
            _trimmed(column),
            f"regexp_extract({shown}, '^{_TIME}$', ['d', 't', 'z']) AS {match}",
            f"epoch_ns(TRY_CAST(replace({day}, '/', '-') || ' ' || {clock} AS TIMESTAMP_NS)) AS {local}",
            f"CASE WHEN {written} = '' THEN NULL WHEN lower({written}) = 'z' THEN 0 WHEN {written}[1] = '-' "
            f"THEN -{seconds} * 1000000000 ELSE {seconds} * 1000000000 END AS {offset}",
            nothing,
        )
    value = f"{local} - coalesce({offset}, {zone}) + {shift}"
    return Cell(column, type_, parse, value, f"{local} IS NULL OR coalesce({offset}, {zone}) IS NULL", naive=True)


def parsed(cells: Sequence[Cell], stage: str) -> str:
    """SQL for the cells of ``stage``, parsed."""
    members = ", ".join(part for c in cells for part in c.parse)
    return f"SELECT *, {members} FROM ({stage})"


def typed(
    cells: Sequence[Cell],
    stage: str,
    zones: Mapping[str, str],
    shown: Sequence[str],
    *,
    plain: Collection[str] = (),
    raw: Iterable[str] = (),
) -> str:
    """SQL for the rows of the table: ``#file``, ``#row``, ``#k``, ``#bad`` and the columns ``shown``.

    ``zones`` gives the offset of each time that may have none. ``#bad`` is the index of the first cell that cannot be
    read, or NULL. Columns that are ``plain`` are taken as they stand in the file, so that a filter on them reaches it;
    of ``raw`` ones the raw cells come too.
    """
    inner = parsed(cells, stage)
    offsets = "".join(f", {sql} AS {name_of('z:' + name)}" for name, sql in zones.items())
    inner = f"SELECT *{offsets} FROM ({inner})"
    bad = " ".join(f"WHEN {c.bad} THEN {i}" for i, c in enumerate(cells))
    by_name = {c.column.name: c for c in cells}
    values = ", ".join(
        f"CAST({name_of('raw:' + n) if n in plain else by_name[n].value} AS {SQL_TYPES[by_name[n].column.kind]}) "
        f"AS {name_of(n)}"
        for n in shown
    )
    also = "".join(f", {name_of('raw:' + n)}" for n in raw)
    return f'SELECT "#file", "#row", "#k", CAST(CASE {bad} END AS SMALLINT) AS "#bad", {values}{also} FROM ({inner})'
