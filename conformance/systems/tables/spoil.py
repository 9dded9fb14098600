"""A defect put into a recorded table: its rows are copied inside the database, and some of them changed."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from conformance.model.json import JSON, is_finite_number
from conformance.model.standard import Table
from conformance.packs.tables import Column, columns
from conformance.rules.engine import instant
from conformance.systems.defect import Defect
from conformance.systems.operators import MERGES, SWAPS
from conformance.systems.paths import Each, Place
from conformance.systems.tables.cells import SQL_TYPES
from conformance.systems.tables.findings import twice
from conformance.systems.tables.opening import Connection, OpenedTable
from conformance.systems.tables.sql import name_of, number_of, text_of

NUMBERS: Mapping[str, Callable[[str, float], str]] = {
    "unit_scale": lambda cell, amount: f"{cell} * {number_of(amount)}",
    "threshold_offset": lambda cell, amount: f"{cell} + {number_of(amount)}",
    "clip": lambda cell, amount: f"greatest({number_of(-amount)}, least({number_of(amount)}, {cell}))",
    "sign_flip": lambda cell, _: f"-{cell}",
}
"""Cell and amount to the new number; a cell without a value stays so."""
WINDOWS = frozenset({"hold_last", "delay", "reorder"})
"""What a cell becomes depends on other rows of its series."""
_WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
_AFFECTED = '"#hit", "#run"'


def spoil(opened: OpenedTable, defect: Defect, connection: Connection) -> OpenedTable:
    """``opened`` as if it had been recorded with ``defect``, which fits its table; made anew by each call."""
    view = f"{opened.view}#spoiled"
    made = _Spoiling(opened.table, columns(opened.table), defect)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name_of(view)} AS {made.select(opened.view)}")
    found = connection.execute(f"SELECT count(*) FROM {name_of(view)}").fetchone()
    problems = twice(connection, view, opened.table)
    return evolve(opened, view=view, rows=int(found[0]) if found else 0, problems=problems, files=(), plain={})


def differing(connection: Connection, before: OpenedTable, after: OpenedTable) -> int:
    """How many rows of one are not among those of the other."""
    one, other = f"SELECT * FROM {name_of(before.view)}", f"SELECT * FROM {name_of(after.view)}"
    found = connection.execute(
        f"SELECT greatest((SELECT count(*) FROM ({one} EXCEPT ALL {other})), "
        f"(SELECT count(*) FROM ({other} EXCEPT ALL {one})))"
    ).fetchone()
    return int(found[0]) if found else 0


def literal(value: JSON, column: Column) -> str | None:
    """``value`` as a cell of ``column`` in SQL; None if it is none."""
    if isinstance(value, bool):
        return str(value).upper() if column.kind == "boolean" else None
    match column.kind, value:
        case "number", int() | float() if is_finite_number(value):
            return number_of(float(value))
        case "integer", int() if abs(value) < 2**63:
            return str(value)
        case "text", str() if column.choices is None or value in column.choices:
            return text_of(value)
        case "time", str() if (moment := instant(value)) is not None:
            return str(moment)
    return None


def parted(place: Place) -> tuple[tuple[str | int | Each, ...], str | None]:
    """The steps of ``place`` that choose rows, and the column that it names at last, if any."""
    steps = place.steps
    if steps and isinstance(steps[-1], str):
        return steps[:-1], steps[-1]
    return steps, None


@frozen
class _Spoiling:
    table: Table
    columns: Mapping[str, Column]
    defect: Defect

    def select(self, view: str) -> str:
        """The rows of ``view`` with the defect."""
        shown = {name: name_of(name) for name in self.columns} | self._changed()
        numbered = f'SELECT *, {self._run()} AS "#run" FROM {name_of(view)}'
        members = ", ".join(f"{cell} AS {name_of(name)}" for name, cell in shown.items())
        hit = f'SELECT *, {self._hit()} AS "#hit" FROM ({numbered})'
        rows = f'WITH marked AS (SELECT *, {self._mirror()} AS "#mirror" FROM ({hit})) SELECT {members} FROM marked'
        if self.column is not None:
            return rows
        if self.defect.operator == "drop":
            return f'{rows} WHERE NOT "#hit"'
        return f'{rows} UNION ALL SELECT {members} FROM marked WHERE "#hit"'

    @property
    def column(self) -> str | None:
        """The column that changes; None if it is whole rows."""
        return parted(self.defect.place)[1]

    @property
    def series(self) -> list[str]:
        """The columns that name rows that follow each other in time; none if all rows of the table do."""
        in_time = self.table.time in self.table.key
        return [name_of(name) for name in self.table.key if name != self.table.time] if in_time else []

    def _over(self, frame: str = "", *, among: str = "") -> str:
        """A window over the series, in order of time; ``among`` parts it further."""
        parts = ", ".join([*self.series, *([among] if among else [])])
        first = [self.table.time] if self.table.time else []
        order = ", ".join(name_of(name) for name in dict.fromkeys([*first, *self.table.key]))
        return f"({f'PARTITION BY {parts} ' if parts else ''}ORDER BY {order} {frame})"

    def _run(self) -> str:
        """The number of the run of rows that a row belongs to."""
        length = self.defect.length
        return f"(row_number() OVER {self._over()} - 1) // {length}" if length > 1 else "0"

    def _hit(self) -> str:
        """Whether a row is affected; always the same rows, as `Defect.affects` chooses requests."""
        defect = self.defect
        where = [
            f"CAST({name_of(step.key)} AS VARCHAR) = {text_of(step.value)}"
            for step in defect.place.steps
            if isinstance(step, Each) and step.key is not None and step.value is not None
        ]
        if defect.trigger is not None:
            of = parted(defect.trigger.place)[1] or ""
            where.append(f"{name_of(of)} > {number_of(defect.trigger.over)}")
        if defect.rate < 1:
            named = [*self.series, '"#run"'] if defect.length > 1 else [name_of(name) for name in self.table.key]
            texts = ", ".join(f"CAST({name} AS VARCHAR)" for name in named)
            bound = f"{int(defect.rate * 2**64):016x}"
            where.append(f"substr(sha256(concat_ws(chr(0), {text_of(defect.id)}, {texts})), 1, 16) < '{bound}'")
        return f"coalesce({' AND '.join(where)}, FALSE)" if where else "TRUE"

    def _mirror(self) -> str:
        """Which of the affected rows of a run has the value that a row gets when they are put in reverse."""
        if self.defect.operator != "reorder":
            return "0"
        among = self._over(_WHOLE, among=_AFFECTED)
        return f"count(*) OVER {among} - row_number() OVER {self._over(among=_AFFECTED)} + 1"

    def _changed(self) -> dict[str, str]:
        """The columns that change, each with its new cell."""
        name, other, operator = self.column, self.defect.other, self.defect.operator or ""
        if name is None:
            return {}
        changed = {name: self._cell(operator, name)}
        if operator in SWAPS and other is not None:
            changed[other] = name_of(name)
        return {
            of: f'CASE WHEN "#hit" THEN TRY_CAST({cell} AS {SQL_TYPES[self.columns[of].kind]}) ELSE {name_of(of)} END'
            for of, cell in changed.items()
        }

    def _cell(self, operator: str, name: str) -> str:
        defect, cell, column = self.defect, name_of(name), self.columns[name]
        if operator in NUMBERS:
            made = f"CAST({NUMBERS[operator](cell, defect.amount)} AS DOUBLE)"
            return f"CASE WHEN {cell} IS NOT NULL AND isfinite({made}) THEN {made} END"
        if operator in WINDOWS:
            return self._from_others(operator, cell)
        if operator in SWAPS | MERGES:
            return name_of(defect.other) if defect.other is not None else self._exchanged(operator, cell, column)
        match operator:
            case "nan_to_zero":
                return f"coalesce({cell}, 0)"
            case "time_shift":
                return f"{cell} + {round(defect.amount * 1e9)}"
            case "hash_swap":
                return f"sha256({cell})"
            case "replace" | "edition_swap":
                return literal(defect.value, column) or "NULL"
        return "NULL"  # null, and drop: the cell is lost

    def _exchanged(self, operator: str, cell: str, column: Column) -> str:
        first, second = (literal(value, column) for value in self.defect.values)
        back = f"WHEN {second} THEN {first} " if operator in SWAPS else ""
        return f"CASE {cell} WHEN {first} THEN {second} {back}ELSE {cell} END"

    def _from_others(self, operator: str, cell: str) -> str:
        """What other rows of the series give: the last one that is not affected, an earlier one, the mirrored one."""
        if operator == "reorder":
            return f'nth_value({cell}, "#mirror") OVER {self._over(_WHOLE, among=_AFFECTED)}'
        if operator == "hold_last":
            before = self._over("ROWS UNBOUNDED PRECEDING")
            held = f'last_value(CASE WHEN NOT "#hit" THEN {cell} END IGNORE NULLS) OVER {before}'
            return f"coalesce({held}, first_value({cell} IGNORE NULLS) OVER {self._over(_WHOLE)})"
        parts = f"PARTITION BY {', '.join(self.series)} " if self.series else ""
        late = round(self.defect.amount * 1e9)
        earlier = (
            f"({parts}ORDER BY {name_of(self.table.time or '')} RANGE BETWEEN UNBOUNDED PRECEDING AND {late} PRECEDING)"
        )
        first = f"first_value({cell}) OVER {self._over(_WHOLE)}"
        return f"CASE WHEN count(*) OVER {earlier} > 0 THEN last_value({cell}) OVER {earlier} ELSE {first} END"
