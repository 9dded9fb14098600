"""Why a defect cannot be put into a recorded table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.errors import Text
from conformance.model.standard import Table
from conformance.packs.forms import suggestion
from conformance.packs.tables import Column, columns
from conformance.systems.defect import Defect
from conformance.systems.operators import MERGES, SWAPS
from conformance.systems.paths import Each
from conformance.systems.tables.spoil import NUMBERS, literal, parted

_OF_NUMBERS = frozenset({"number", "integer"})
_KINDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys([*NUMBERS, "nan_to_zero"], _OF_NUMBERS),
    "time_shift": frozenset({"time"}),
    "hash_swap": frozenset({"text"}),
}
"""The kinds of columns that an operator can change; those that are not here can change all."""
_FORM = Text(
    "a path into a table reads table, table[column=value] or table[column=value].column",
    "表的路径写作 表、表[列=值] 或 表[列=值].列",
)
_COLUMN = Text("table {table!r} has no column {name!r}{near}", "表 {table!r} 没有列 {name!r}{near}")
_ON_COLUMN = Text(
    "operator {operator} changes a column, and the path names none", "算子 {operator} 作用于列，路径中须有列名"
)
_ON_ROWS = Text(
    "operator duplicate doubles whole rows, and the path names a column", "算子 duplicate 重复整行，路径中不能有列名"
)
_MEANS_NOTHING = Text("operator {operator} means nothing on a table", "算子 {operator} 对表没有意义")
_KIND = Text("operator {operator} cannot change column {name!r}", "算子 {operator} 不能作用于列 {name!r}")
_KEY = Text("column {name!r} is part of the key and needs a value", "列 {name!r} 属于键，必须有值")
_OTHER = Text("columns {name!r} and {other!r} hold different kinds of values", "列 {name!r} 与 {other!r} 的值类型不同")
_VALUE = Text("{value!r} is no value of column {name!r}", "{value!r} 不是列 {name!r} 的有效值")
_LATE = Text("delay needs a table with times, and an amount above 0", "delay 需要带时间的表，且 amount 大于 0")
_TRIGGER = Text("the trigger must name a column of numbers of the same table", "trigger 须指同一张表的数值列")


def misfits_of(defect: Defect, table: Table) -> Iterator[Text]:
    """What keeps ``defect``, an operator, from being put into ``table``; nothing if it fits."""
    known = columns(table)
    filters, name = parted(defect.place)
    chosen = [step.key for step in filters if isinstance(step, Each)]
    if len(chosen) < len(filters):
        yield _FORM
        return
    lost = [n for n in (*chosen, name, defect.other) if n is not None and n not in known]
    yield from (_COLUMN.format(table=table.name, name=n, near=suggestion(n, known)) for n in lost)
    if defect.trigger is not None:
        of = known.get(parted(defect.trigger.place)[1] or "")
        if defect.trigger.place.root != table.name or of is None or of.kind not in _OF_NUMBERS:
            yield _TRIGGER
    if name is None and defect.operator not in ("drop", "duplicate"):
        yield _ON_COLUMN.format(operator=defect.operator)
    if name is not None and not lost:
        yield from _on_column(defect, table, known[name], known)


def _on_column(defect: Defect, table: Table, column: Column, known: Mapping[str, Column]) -> Iterator[Text]:
    operator, name, timed = defect.operator or "", column.name, column.name == table.time
    if operator == "stale_input":
        yield _MEANS_NOTHING.format(operator=operator)
    if operator == "duplicate":
        yield _ON_ROWS
    if operator in _KINDS and column.kind not in _KINDS[operator]:
        yield _KIND.format(operator=operator, name=name)
    if operator == "delay" and (table.time is None or timed or defect.amount <= 0):
        yield _LATE
    replaces = operator in ("replace", "edition_swap")
    if (column.key or timed) and (operator in ("null", "drop") or (replaces and defect.value is None)):
        yield _KEY.format(name=name)
    if operator in SWAPS | MERGES and defect.other is not None and known[defect.other].kind != column.kind:
        yield _OTHER.format(name=name, other=defect.other)
    put = defect.values if operator in SWAPS | MERGES else (defect.value,) if replaces else ()
    yield from (_VALUE.format(value=v, name=name) for v in put if v is not None and literal(v, column) is None)
