"""Which column of a file holds which column of the table, in a long or a wide layout, and the SQL that picks them."""

# ruff: noqa: S608 - SQL is made of our own words; names and texts of others pass through `sql`, which quotes
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from conformance.errors import Position, Problem, Refused
from conformance.errors.base import Text
from conformance.errors.tables import MissingColumn
from conformance.model.standard import Table
from conformance.model.system import TableSource
from conformance.packs.forms import listed, suggestion
from conformance.packs.tables import QUALITY, Column
from conformance.systems.tables.sql import name_of, text_of

_NONE = Text("", "")


@frozen
class Part:
    """The columns of a file that together make one row of the table from each of its rows."""

    texts: Mapping[str, str | None]
    """Columns of the table that are the same in all of these rows: from names of columns and folders."""
    at: Mapping[str, int]
    """Column of the table to the (0-based) column of the file."""


def arrange(
    names: Sequence[str],
    partitions: Mapping[str, str | None],
    source: TableSource,
    table: Table,
    columns: Mapping[str, Column],
    *,
    position: Position,
) -> tuple[Part, ...]:
    """The parts of a file with these column ``names``: one in a long layout. Raises `Refused`."""
    at = {name: i for i, name in enumerate(names) if name}
    wanted = [*columns, *([QUALITY] if source.quality and QUALITY not in columns else ())]
    asked = {name: source.columns.get(name, name) for name in wanted}
    texts = {name: partitions[asked[name]] for name in wanted if asked[name] in partitions}
    plain = {name: at[asked[name]] for name in wanted if asked[name] in at and name not in texts}
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    spread: tuple[str, ...] = ()
    if source.layout == "wide":
        spread = tuple(k for k in table.key if k != table.time and k not in texts and k not in plain)
        for name in wanted:
            if name not in plain and name not in texts and name not in spread:
                for key, column in _matches(asked[name], spread, names):
                    groups.setdefault(key, {})[name] = column
    parts = tuple(
        Part({**texts, **dict(zip(spread, key, strict=True))}, {**plain, **found}) for key, found in groups.items()
    ) or (Part(texts, plain),)
    has = {name for part in parts for name in (*part.texts, *part.at)}
    missing: list[Problem] = [
        MissingColumn(
            column=name, name=asked[name], known=listed(at),
            suggestion=suggestion(asked[name], at) if at else _NONE, position=position,
        )
        for name in wanted
        if name not in has and (name not in columns or columns[name].required)
    ]  # fmt: skip
    if missing:
        raise Refused(missing)
    return parts


def _matches(pattern: str, spread: tuple[str, ...], names: Sequence[str]) -> list[tuple[tuple[str, ...], int]]:
    """The columns that fit ``pattern``, each with the values of the ``spread`` keys in its name.

    A pattern without places means the upper row of two or more rows of names: the keys stand below it.
    """
    if not spread:
        return []
    places = "{" + "}/{".join(spread) + "}"
    shape = pattern if "{" in pattern else f"{pattern}/{places}"
    pieces = re.split(r"\{([^{}]*)\}", shape)
    if set(pieces[1::2]) != set(spread) or len(pieces) // 2 != len(spread):
        return []
    made = "".join(re.escape(p) if i % 2 == 0 else f"(?P<{p}>.+?)" for i, p in enumerate(pieces))
    form = re.compile(made)
    return [
        (tuple(match[key] for key in spread), i)
        for i, name in enumerate(names)
        if name and (match := form.fullmatch(name))
    ]


def staged(parts: Sequence[Part], rows: str, wanted: Sequence[str], *, column: Callable[[int], str]) -> str:
    """SQL for the raw cells ``raw:<column>`` of ``rows``, which has ``#file`` and ``#row``; ``#k`` numbers the part."""

    def cell(part: Part, name: str) -> str:
        if name in part.at:
            return column(part.at[name])
        given = part.texts.get(name)
        return "NULL::VARCHAR" if given is None else text_of(given)

    if len(parts) == 1:
        cells = ", ".join(f"{cell(parts[0], n)} AS {name_of('raw:' + n)}" for n in wanted)
        return f'SELECT "#file", "#row", 0 AS "#k", {cells} FROM ({rows})'
    members = (
        "{'#k': " + str(k) + ", " + ", ".join(f"{text_of('raw:' + n)}: {cell(p, n)}" for n in wanted) + "}"
        for k, p in enumerate(parts)
    )
    picked = ", ".join(f"w.{name_of('raw:' + n)}" for n in wanted)
    return (
        f'SELECT "#file", "#row", w."#k", {picked} FROM '
        f'(SELECT "#file", "#row", unnest([{", ".join(members)}]) AS w FROM ({rows}))'
    )
