"""Joins: what a row knows besides, from the row of another table with the same key, or from a document.

A row without a match has no values there: ``has(certificate.id)`` is false. Where a key of its own is missing, or one
of theirs, a match cannot be told, and neither ``has`` nor its negation holds. Two rows of theirs with one key leave
their values open, since it is not known which is meant; that there is one is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.errors import Problem, Text
from conformance.errors.language import WrongJoin, did_you_mean
from conformance.model.quantity import UnknownUnit
from conformance.model.standard import Join, Pack, Rule, Table
from conformance.rules import types
from conformance.rules.functions import FUNCTIONS

_TAKEN = frozenset({"request", "response", "row", "document", "base", "varied"})


def join_problems(rule: Rule, pack: Pack) -> Iterator[Problem]:
    """What is wrong with the joins of ``rule``; what its expressions make of them is checked with those."""
    own = pack.tables.get(rule.applies_to)
    for name, join in rule.joins.items():
        found = list(_faults(name, join, rule, own, pack))
        for fault, hint in found:
            yield WrongJoin(position=join.position or rule.position, name=name, fault=fault, hint=hint)


def _faults(name: str, join: Join, rule: Rule, own: Table | None, pack: Pack) -> Iterator[tuple[Text, Text]]:
    if name in _TAKEN or name in FUNCTIONS or name in rule.parameters:
        yield (
            Text("the name already means something else", "该名称已另有含义"),
            Text("choose another", "请改用其他名称"),
        )
    if rule.applies_to in pack.operations:
        yield (
            Text("a rule on an operation joins nothing", "针对操作的规则不能关联其他数据"),
            Text("put it into the request", "请将其放入请求"),
        )
        return
    if join.document is not None:
        if join.document not in pack.documents:
            unknown = Text(f"unknown document {join.document!r}", f"未知文档 {join.document!r}")
            yield unknown, did_you_mean(join.document, pack.documents)
        return
    theirs = pack.tables.get(join.table or "")
    if theirs is None:
        yield (
            Text(f"unknown table {join.table!r}", f"未知数据表 {join.table!r}"),
            did_you_mean(join.table or "", pack.tables),
        )
        return
    if own is None:
        only = Text("only rows of a table are joined to a table", "只有数据表的行才能关联另一张表")
        yield only, Text("join a document instead", "请改为关联文档")
        return
    here, there = fields_of(own), fields_of(theirs)
    for column, other in join.on.items():
        for wanted, fields, table in ((column, there, theirs), (other, here, own)):
            if wanted not in fields:
                unknown = Text(f"{table.name!r} has no column {wanted!r}", f"{table.name!r} 没有列 {wanted!r}")
                yield unknown, did_you_mean(wanted, fields)
        if column in there and other in here and not _alike(there[column].type, here[other].type):
            yield (
                Text(
                    f"{column!r} and {other!r} are of different types or units",
                    f"{column!r} 与 {other!r} 类型或单位不同",
                ),
                Text("join columns of one type", "请关联同类型的列"),
            )
    if missing := [column for column in theirs.key if column not in join.on]:
        names = ", ".join(missing)
        yield (
            Text(f"`on` leaves out {names} of the key of {theirs.name!r}", f"`on` 缺少 {theirs.name!r} 键中的 {names}"),
            Text("several rows would match: name the whole key", "否则会匹配多行：请写出完整的键"),
        )


def fields_of(table: Table) -> Mapping[str, types.Field]:
    """The columns of ``table`` with their types."""
    try:
        row = types.of_schema(table.columns).type
    except UnknownUnit:  # told where the rule's own names are typed
        return {}
    return row.fields if isinstance(row, types.Record) else {}


def _alike(one: types.Type, other: types.Type) -> bool:
    if isinstance(one, types.Number) and isinstance(other, types.Number):
        return one.unit == other.unit
    return type(one) is type(other)
