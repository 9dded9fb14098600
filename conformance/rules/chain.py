"""Chains of aggregation, checked: what each step takes of which samples, over which windows, and what it leaves.

A **sample** is a row of the table, or what the step before left of one of its windows (a **part**). It is *known* when
it is one finite number (or a condition that is true or false), *missing* when it is null, NaN, infinite, not
computable, doubled (two rows with one key), or not recorded at all where the interval of the table or the windows of
the step before say that it should be. A part that the step before could only bound lies in an *interval*.

With N samples expected, n of them known and m that nothing is known of, the value of a window is

- if n / N reaches the `coverage` of the step: the statistic of the n known ones, which stand for all, moved into the
  bounds below where it lies outside of them. So a sample that is known to be too high is never lost for its window
  being poorly covered. A total (`sum`, `energy`, `count`) needs all of its samples: its coverage is 100 %;
- else only bounded: by the least and greatest statistic that the N samples can have. `max` has no upper bound then,
  a percentile the values at its rank with all missing ones at the bottom or at the top, a count [k, k + m], and
  `mean`, `sum` and `energy` none at all.

N is the true length of a window (a day may have 23 or 25 hours) in samples, for each series that the group pools, less
the rows that `where` leaves out. A step without `every` has one window, from the first sample of its group to the last.
A table without `every` expects nothing: only nulls are missing. A group without a name (a null in `by`) has no value.

A sum is exact, in any order and on any number of threads: each number enters it with an error of at most 2**-53 of the
greatest in its window. Percentiles are the nearest rank: the largest value left after the top (1 - p) n are dropped.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.language import (
    ChainNeedsTable,
    CoverageOfTotal,
    NoTrueZero,
    UnknownColumn,
    WrongCoverage,
    WrongTake,
    WrongWindow,
    did_you_mean,
)
from conformance.model.quantity import ONE, Unit, UnknownUnit, convert, nanoseconds, quantity, unit
from conformance.model.standard import Expression, Figure, Pack, Rule, Step, Table
from conformance.rules import tree, types
from conformance.rules.check import Checker
from conformance.rules.functions import FUNCTIONS
from conformance.rules.margin import AT_LIMIT
from conformance.rules.names import add_parameters, roots_of, scales_of
from conformance.rules.parse import parse
from conformance.rules.typed import Checked, Slots
from conformance.rules.windows import Windows

Statistic: TypeAlias = Literal["count", "sum", "mean", "rms", "min", "max", "share", "energy", "percentile"]
TAKES = ("count", "energy", "max", "mean", "min", "rms", "share", "sum")
TOTALS = ("count", "energy", "sum")
"""Takes that lack what is missing, so that no part can stand for the whole."""
LEFT = ("start", "value", "cut")
"""What a chain leaves besides its groups."""
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)")
_FREE_OF_UNIT = ("count", "share")
_STRICT = tree.Path | tree.Number | tree.Quantity | tree.Word | tree.Truth | tree.Negative | tree.Arithmetic


@frozen
class Take:
    """What a step takes of the samples of a window."""

    statistic: Statistic
    rank: Fraction | None = None
    """Of a percentile: 95/100 of ``p95``."""


@frozen(eq=False)
class Sample:
    """An expression over a row."""

    checked: Checked
    size: int
    """Length of its frame."""
    strict: bool
    """Whether it has no value as soon as anything in it has none."""


@frozen
class Stage:
    """One checked step."""

    take: Take
    by: tuple[str, ...]
    windows: Windows | None
    coverage: Fraction


@frozen
class Limit:
    """A number, in the unit of ``value``, that ``value`` must not exceed; or must reach, if not ``upper``."""

    number: float
    upper: bool
    tolerance: float
    """What counts as at the limit: 1e-9 of its scale."""


@frozen(eq=False)
class Chain:
    """The checked chain of a rule."""

    table: Table
    of: Sample | None
    """What the first step takes of a row; None: rows are counted."""
    where: Sample | None
    condition: bool
    """Whether ``of`` is true or false."""
    length: int | None
    """Nanoseconds of a sample; None where the table has no ``every``."""
    shift: int
    """What leads from the time of a row back to the beginning of its interval, in nanoseconds."""
    stages: tuple[Stage, ...]
    limit: Limit | None
    """What ``value`` is held against, where ``require`` is a comparison of it with a number."""
    row: types.Record
    """The type of ``row`` in ``require``: the groups of the last step, ``start`` if it has windows, and ``value``."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row of the result, in order; with windows ``start`` follows."""
        last = self.stages[-1]
        return (*last.by, "start") if last.windows else last.by

    def decides(self, number: int) -> bool:
        """Whether a value of step ``number`` is held against `limit`: the steps after it only pick one."""
        picks = "max" if self.limit is not None and self.limit.upper else "min"
        return self.limit is not None and all(s.take.statistic == picks for s in self.stages[number + 1 :])


def chain_of(rule: Rule, pack: Pack) -> Chain:
    """The chain of ``rule``, checked against the tables and the zone of ``pack``.

    Its last `Chain.row` is what ``require`` speaks of. ``value`` has the unit of ``of``; a count and a share are plain
    numbers (a share of 1 compares with ``100 %``), an energy has the unit of power times h.
    Raises `Refused` with every problem.
    """
    table = pack.tables.get(rule.applies_to)
    if table is None:
        raise Refused([ChainNeedsTable(position=rule.position, name=rule.applies_to)])
    made = _Making(rule, pack, table)
    chain = made.chain()
    if made.problems or chain is None:
        raise Refused(made.problems)
    return chain


class _Making:
    def __init__(self, rule: Rule, pack: Pack, table: Table) -> None:
        self.rule, self.pack, self.table = rule, pack, table
        self.problems: list[Problem] = []
        self.slots = Slots()
        ignored: list[Problem] = []  # what is wrong with names and scales is told where ``require`` is checked
        figures = {n: p for n, p in rule.parameters.items() if isinstance(p, Figure)}
        roots = roots_of(rule, pack, self.slots, ignored)
        self.names = dict(roots)
        add_parameters(evolve(rule, parameters=figures), pack, roots, self.names, self.slots, ignored)
        self.scales = scales_of(rule, ignored)
        self.row = roots["row"].type

    def chain(self) -> Chain | None:
        of, where = self._sample(self.rule.of, None), self._sample(self.rule.where, types.Boolean)
        type_ = of.checked.typed.type if of else types.Unknown() if self.rule.of else None
        length = nanoseconds(self.table.every) if self.table.every else None
        shift = 0 if self.table.label == "start" else length or 1
        stages: list[Stage] = []
        unit_ = ONE
        for number, step in enumerate(self.rule.chain, 1):
            take = self._take(step, number, type_ if number == 1 else types.Number(unit_))
            by = self._by(step, number, stages[-1].by if stages else None)
            windows = self._windows(step, number, stages, length)
            stages.append(Stage(take or Take("count"), by, windows, self._coverage(step, number)))
            if take is not None:
                unit_ = self._unit(step, number, take, type_ if number == 1 else types.Number(unit_), stages, length)
        if self.problems:
            return None
        condition = isinstance(type_, types.Boolean)
        limit, row = self._limit(unit_), self._row(stages[-1], unit_)
        return Chain(self.table, of, where, condition, length, shift, tuple(stages), limit, row)

    def _sample(self, expression: Expression | None, expected: type[types.Boolean] | None) -> Sample | None:
        """The checked ``expression``; None also after a problem."""
        if expression is None:
            return None
        checker = Checker(expression, self.names, FUNCTIONS, self.slots, self.scales, decides=False)
        try:
            node = parse(expression)
        except Refused as refused:
            self.problems += refused.problems
            return None
        checked = checker.check(node, expected)
        kinds = types.Number | types.Boolean
        if not checker.problems and not isinstance(checked.typed.type, kinds):
            checker.mistyped(node, Text("a number or a condition", "数值或条件"), checked.typed.type)
        self.problems += checker.problems
        return None if checker.problems else Sample(checked, len(self.slots.taken), _strict(node))

    def _take(self, step: Step, number: int, type_: types.Type | None) -> Take | None:
        """What the step takes of samples of ``type_``; None: they are rows."""

        percentile = _PERCENTILE.fullmatch(step.take)
        rank = Fraction(percentile[1]) / 100 if percentile else None
        if (rank is None and step.take not in TAKES) or rank == 0:
            known = ", ".join((*TAKES, "p95"))
            fault: Text | None = Text(f"it is none of {known}", f"只能取 {known} 之一")
        elif isinstance(type_, types.Unknown):
            return None
        elif step.take == "share" and not isinstance(type_, types.Boolean):
            fault = Text("a share is of a condition in `of`, in the first step", "share 只能用于首步中 `of` 的条件")
        elif type_ is None and step.take != "count":
            fault = Text("only `count` needs no `of`", "只有 `count` 可以不写 `of`")
        elif isinstance(type_, types.Boolean) and step.take not in ("share", "count"):
            fault = Text("of a condition only `share` and `count` are taken", "条件只能取 `share` 或 `count`")
        else:
            fault = None
        if fault is not None:
            self.problems.append(WrongTake(position=self._at(step), step=number, take=step.take, fault=fault))
            return None
        return Take("percentile", rank) if rank is not None else Take(step.take)  # type: ignore[arg-type]

    def _by(self, step: Step, number: int, before: tuple[str, ...] | None) -> tuple[str, ...]:
        if not isinstance(self.row, types.Record):
            return step.by
        fields = self.row.fields
        known = before if before is not None else [n for n in fields if n != self.table.time]
        for name in step.by:
            if name not in known or (before is None and isinstance(fields[name].type, types.Free)):
                hint = did_you_mean(name, known)
                self.problems.append(UnknownColumn(position=self._at(step), step=number, name=name, hint=hint))
            elif name in LEFT:
                hint = Text("the chain leaves a column of this name itself", "聚合结果自身已有同名列")
                self.problems.append(UnknownColumn(position=self._at(step), step=number, name=name, hint=hint))
        return tuple(dict.fromkeys(step.by))

    def _windows(self, step: Step, number: int, before: list[Stage], length: int | None) -> Windows | None:
        if step.every is None:
            return None
        fault: Text | None = None
        windows = Windows.of(step.every, self.pack.zone)
        if windows is None:
            words = "hour, day, week, month, year"
            fault = Text(f"it is no length of time and none of {words}", f"既不是时间长度，也不是 {words} 之一")
        elif self.table.time is None:
            fault = Text("the table has no `time`", "该表没有 `time`")
        elif before and before[-1].windows is None:
            fault = Text("the step before leaves no times", "前一步的结果已没有时间")
        elif before and before[-1].windows and not windows.holds(before[-1].windows):
            fault = Text("the windows of the step before do not fit into it", "前一步的窗口不能恰好嵌套其中")
        elif not before and length and not windows.divides(length):
            every = self.table.every
            fault = Text(f"it is no multiple of the table's {every}", f"它不是该表区间 {every} 的整数倍")
        if fault is not None:
            self.problems.append(WrongWindow(position=self._at(step), step=number, every=step.every, fault=fault))
        return windows

    def _coverage(self, step: Step, number: int) -> Fraction:
        """The share of samples that must be there, as an exact fraction."""
        figure = self.rule.parameters.get(step.coverage)
        try:
            if isinstance(figure, Figure):
                value, of = float(figure.value), unit(figure.unit or "1")
            else:
                value, of = quantity(step.coverage)
            share = Fraction(repr(value)) * of.exact
            if not of.dimension and 0 < share <= 1:
                if share < 1 and step.take in TOTALS:
                    self.problems.append(CoverageOfTotal(position=self._at(step), step=number, take=step.take))
                return share
        except (ValueError, UnknownUnit):
            pass
        hint = did_you_mean(step.coverage, [n for n, p in self.rule.parameters.items() if isinstance(p, Figure)])
        self.problems.append(WrongCoverage(position=self._at(step), step=number, found=step.coverage, hint=hint))
        return Fraction(1)

    def _unit(
        self, step: Step, number: int, take: Take, type_: types.Type | None, stages: list[Stage], length: int | None
    ) -> Unit:
        """The unit of what a step leaves."""
        if take.statistic in _FREE_OF_UNIT or not isinstance(type_, types.Number):
            return ONE
        of = type_.unit or ONE
        if of.is_point and take.statistic in ("sum", "rms", "energy"):
            self.problems.append(NoTrueZero(position=self._at(step), unit=of.symbol, difference=of.difference.symbol))
        if take.statistic != "energy":
            return of
        fault: Text | None = None
        if dict(of.dimension) not in ({"active_power": 1}, {"reactive_power": 1}):
            fault = Text(f"{of.symbol} is no unit of power", f"{of.symbol} 不是功率单位")
        elif len(stages) == 1 and length is None:
            fault = Text("the table does not say `every`, how long a sample lasts", "该表未用 `every` 说明采样区间长度")
        elif len(stages) > 1 and stages[-2].windows is None:
            fault = Text("what the step before leaves has no length", "前一步的结果没有时长")
        if fault is not None:
            self.problems.append(WrongTake(position=self._at(step), step=number, take=step.take, fault=fault))
        return _energy(of)

    def _limit(self, of: Unit) -> Limit | None:
        """The number that ``require`` holds ``value`` against; None if it says anything else."""
        try:
            node = parse(self.rule.require) if self.rule.require else None
        except Refused:  # told where ``require`` is checked
            return None
        if not isinstance(node, tree.Compare) or len(node.rest) != 1:
            return None
        left, (op, right) = node.first, node.rest[0]
        if op not in ("<", "<=", ">", ">=") or left == right:
            return None
        value = tree.Path(("row", "value"))
        against = right if left == value else left if right == value else None
        found: tuple[float, Unit] | None = None
        match against:
            case tree.Number(number):
                found = number, of
            case tree.Quantity(text):
                found = _quantity(text)
            case tree.Path((name,)) if isinstance(figure := self.rule.parameters.get(name), Figure):
                found = _quantity(f"{figure.value!r} {figure.unit or ''}")
        if found is None or not found[1].comparable(of):
            return None
        scale = self.scales.of(of)
        tolerance = AT_LIMIT * (convert(*scale, of) if scale else 1.0)
        return Limit(convert(found[0], found[1], of), (op in ("<", "<=")) == (left == value), tolerance)

    def _row(self, last: Stage, of: Unit) -> types.Record:
        fields = self.row.fields if isinstance(self.row, types.Record) else {}
        left = {name: fields[name] for name in last.by}
        if last.windows is not None:
            left["start"] = types.Field(types.Instant(), False)
        return types.Record({**left, "value": types.Field(types.Number(of), False)})

    def _at(self, step: Step) -> Position | None:
        return step.position or self.rule.position


def _strict(node: tree.Node) -> bool:
    """Whether a part has no value where anything in it has none: SQL may compute it without looking for nulls."""
    match node:
        case tree.Compare(first, rest):
            return all(op in ("<", "<=", ">", ">=", "==", "!=") for op, _ in rest[:1]) and len(rest) == 1 and (
                _strict(first) and _strict(rest[0][1])
            )  # fmt: skip
        case tree.Arithmetic(_, left, right):
            return _strict(left) and _strict(right)
        case tree.Negative(of) | tree.Not(of):
            return _strict(of)
        case tree.Call(name, arguments):
            return name in ("abs", "sqrt") and all(_strict(a) for a in arguments)
        case _:
            return isinstance(node, _STRICT)


def _quantity(text: str) -> tuple[float, Unit] | None:
    try:
        return quantity(text)
    except (ValueError, UnknownUnit):
        return None


def _energy(power: Unit) -> Unit:
    try:
        return unit(f"{power.symbol}h")
    except UnknownUnit:
        return power.times(unit("h"))
