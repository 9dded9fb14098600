# ruff: noqa: D102 - what each method does is documented on `Engine`
"""What a rule says of many rows at once, of whose columns only the least and the greatest value are known.

It is the arithmetic of incomplete data once more: a column is an interval not because its value is missing but because
it differs from row to row. Two things differ. No row may be lost whose value cannot be computed, so whatever could
overflow, divide by zero or take the root of a negative number in some row raises `Doubt`; and so does whatever is true
in one row and false in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite, nextafter
from typing import Any, TypeAlias

from attrs import evolve, frozen

from conformance.engines.sql.rule import SqlRule
from conformance.rules.engine import NS_PER_MINUTE, Frame, Kind, Place, Run
from conformance.rules.intervals import Ends, Intervals
from conformance.rules.limits import NoLimit
from conformance.rules.margin import FALSE, UNKNOWN, Atom, NotComputable, Verdict, plain
from conformance.rules.program import Condition
from conformance.rules.uncertainty import uncertainty_of
from conformance.rules.verdicts import Place as Standing

Cell: TypeAlias = Ends | str | bool | None
"""What is known of a column: the ends of numbers or instants (UTC ns), the only text or truth; None: all missing."""
Box: TypeAlias = Mapping[str, Cell]
"""The columns of some rows. A column that is not in it may hold anything."""
_ANY: Ends = (-inf, inf)


class Doubt(Exception):
    """The rows cannot be judged as one."""


class Cells(Intervals):
    """Reads a `Box`. Exact where every column is one value or missing: then all its rows are alike."""

    def __init__(self) -> None:
        self.columns: dict[str, Kind] = {}
        """What the rule reads."""
        self.atoms: list[Atom] = []

    def read(self, place: Place, kind: Kind) -> Run:
        if not place.steps:
            return super().read(place, kind)  # a limit that was looked up
        name = place.steps[0]
        self.columns[name] = kind

        def run(frame: Frame) -> Any:
            cell = _cell(frame[place.slot], name)
            if cell is None:
                return UNKNOWN if kind == "boolean" else None if kind == "word" else _ANY
            return plain(bool(cell)) if kind == "boolean" else cell

        return run

    def has(self, place: Place, kind: Kind) -> Run:
        name = place.steps[0]
        self.columns[name] = kind
        absent = FALSE if place.optional[0] else UNKNOWN
        return lambda frame: absent if _cell(frame[place.slot], name) is None else plain(True)

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        self.atoms.append(atom)
        return super().at_most(left, right, divisor, atom, strict)


class Ranges(Cells):
    """Reads a `Box` without missing values, whose rows may differ. Raises `Doubt`."""

    def arithmetic(self, op: str, left: Run, right: Run) -> Run:
        apply = super().arithmetic(op, left, right)

        def run(frame: Frame) -> Ends:
            if op == "/":
                low, high = right(frame)
                if low <= 0 <= high:
                    raise Doubt
            found: Ends = apply(frame)
            if not (isfinite(found[0]) and isfinite(found[1])):
                raise Doubt
            return found

        return run

    def root(self, of: Run) -> Run:
        apply = super().root(of)

        def run(frame: Frame) -> Ends:
            if of(frame)[0] < 0:
                raise Doubt
            found: Ends = apply(frame)
            return found

        return run

    def elapsed(self, later: Run, earlier: Run) -> Run:
        def run(frame: Frame) -> Ends:
            (low, high), (first, last) = later(frame), earlier(frame)
            # SQL rounds the nanoseconds to a float first, and on its way there perhaps once more.
            least, most = float(low - last) / NS_PER_MINUTE, float(high - first) / NS_PER_MINUTE
            return nextafter(nextafter(least, -inf), -inf), nextafter(nextafter(most, inf), inf)

        return run

    def at_most(self, left: Run, right: Run, divisor: float, atom: Atom, strict: bool) -> Run:
        apply = super().at_most(left, right, divisor, atom, strict)

        def run(frame: Frame) -> Verdict:
            (low, high), (least, most) = left(frame), right(frame)
            if not (isfinite(least - high) and isfinite(most - low)):
                raise Doubt
            found: Verdict = apply(frame)
            return found

        return run


@frozen
class Proof:
    """What all the rows of a box are."""

    place: Standing
    least: float
    """None of them has a lower rank; plus infinity: none of them has one."""


@frozen(eq=False)
class Prover:
    """A rule that can be asked about boxes."""

    rule: SqlRule
    stated: float | None
    """The uncertainty of its margin as it was stated."""
    columns: Mapping[str, Kind]
    _runs: Mapping[type[Cells], Mapping[Any, Run]]
    _atoms: tuple[Atom, ...]

    @classmethod
    def of(cls, rule: SqlRule, *, stated: float | None) -> Prover:
        """``rule``, compiled once more."""
        recipe = rule.recipe
        conditions = [c for c in (recipe.require, recipe.when, recipe.vacuous_unless) if c is not None]
        runs: dict[type[Cells], dict[Any, Run]] = {}
        atoms: tuple[Atom, ...] = ()
        columns: dict[str, Kind] = {}
        for kind in (Cells, Ranges):
            engine = kind()
            runs[kind] = {}
            for condition in conditions:
                runs[kind][condition] = condition.checked.typed.build(engine)
                atoms = atoms or tuple(engine.atoms)  # those of ``require`` alone decide
            for one in rule.lookups:
                runs[kind] |= {(one, key): typed.build(engine) for key, typed in one.recipes.items()}
            columns = engine.columns
        return cls(rule, stated, columns, runs, atoms)

    def prove(self, box: Box) -> Proof | None:
        """What all rows of ``box`` are; None if they cannot be judged as one."""
        missing = any(box.get(name, ()) is None for name in self.columns)
        if missing and any(isinstance(cell := box.get(n, ()), tuple) and cell[:1] != cell[1:] for n in self.columns):
            return None
        try:
            return self._judged(box, Cells if missing else Ranges)
        except (Doubt, NotComputable, ArithmeticError):
            return None

    def _judged(self, box: Box, kind: type[Cells]) -> Proof:
        recipe, runs = self.rule.recipe, self._runs[kind]
        frame: Frame = [[], *[box] * (recipe.size - 1)]
        for one in self.rule.lookups:
            keys = {key: runs[one, key] for key in one.recipes}
            for run in keys.values():
                key = run(frame)
                if kind is Ranges and isinstance(key, tuple) and key[0] != key[1]:
                    raise Doubt
            frame[one.slot] = evolve(one, keys=keys).value(frame)

        def asked(condition: Condition | None) -> Verdict | Standing | None:
            if condition is None:
                return None
            for slot in condition.guarded:
                if isinstance(frame[slot], NoLimit):
                    return "no_limit"
                if isinstance(frame[slot], NotComputable):
                    return "not_computable"
            found: Verdict = runs[condition](frame)
            if found.truth is None and kind is Ranges:
                raise Doubt
            return found

        when = asked(recipe.when)
        if isinstance(when, str):
            return Proof(when, inf)
        if when is not None and when.truth is False:
            return Proof("inapplicable", inf)
        require, vacuous = asked(recipe.require), asked(recipe.vacuous_unless)
        if not isinstance(require, Verdict):
            return Proof(require or "passed", inf)
        if isinstance(vacuous, str):
            if require.truth is not False:
                return Proof(vacuous, inf)
            vacuous = None
        if when is not None and when.truth is None:
            return Proof("insufficient", inf)
        if self.rule.rule.decision == "guarded" and require.truth is not None:
            self._measured(require, kind)
        if require.truth is False:
            return Proof("failed", require.low + 0.0)
        if vacuous is not None and vacuous.truth is False:
            return Proof("vacuous", inf)
        if require.truth is None or (vacuous is not None and vacuous.truth is None):
            return Proof("insufficient", inf)
        return Proof("passed", require.low + 0.0)

    def _measured(self, require: Verdict, kind: type[Cells]) -> None:
        """Raises `Doubt` unless every margin is certain, whichever comparison decides in a row."""
        if kind is not Ranges:
            raise Doubt
        for atom in self._atoms:
            default, maximum = uncertainty_of(self.rule.rule, atom)
            u = default if self.stated is None else self.stated
            if u is None:
                raise Doubt
            if u == 0:
                continue
            most = u if maximum is None else min(u, maximum)
            if not (require.low * atom.scale > u if require.truth else require.high * atom.scale < -most):
                raise Doubt


def _cell(box: Box, name: str) -> Cell:
    if name not in box:
        raise Doubt
    return box[name]
