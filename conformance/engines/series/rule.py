"""A compiled rule over a stretch of samples: which place of `Counts` each takes, and what its margin is.

The order of the decisions is that of `conformance.judge.decide`, on recorded data; a property test holds both together.
Besides, a sample is ``cut`` if it is open only for what may lie beyond the ends of its group: if it would be decided
had the group been all that there is (of a chain: all of its windows that are not cut themselves). What gaps and nulls
inside the group leave open is ``insufficient``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from conformance.engines.series._signal import Mask
from conformance.engines.series._stream import Stretch
from conformance.engines.series.arithmetic import Series
from conformance.engines.series.limits import looked_up
from conformance.engines.series.values import Bad, Says, any_of
from conformance.engines.series.view import Carried, Column, View
from conformance.model.outcome import Interval, Margin
from conformance.model.standard import Rule
from conformance.rules.engine import Frame, Run
from conformance.rules.limits import Lookup
from conformance.rules.margin import Atom
from conformance.rules.program import Condition, Program, Recipe
from conformance.rules.uncertainty import uncertainty_of
from conformance.rules.verdicts import PLACES, Place

_NUMBER = {place: number for number, place in enumerate(PLACES)}
_INSUFFICIENT = _NUMBER["insufficient"]
CUT: Column = ("cut", "boolean")
"""What a chain says of a window that reaches beyond the first or last sample of its group."""

States = dict[object, Carried]


@frozen(eq=False)
class Placed:
    """What a rule says of the samples that a stretch decides."""

    places: NDArray[np.int8]
    """Numbers of `PLACES`."""
    says: Says
    begin: int
    """Number of the first of these samples in the stretch."""

    def ranks(self) -> NDArray[np.float64]:
        """Of samples that failed or passed the least known normalised margin, minus infinity for a failure without one;
        plus infinity for all others and for a pass without one."""
        rows = slice(self.begin, self.begin + len(self.places))
        low, high = (np.broadcast_to(end, len(self.places)) if not np.ndim(end) else end[rows]
                     for end in (self.says.low, self.says.high))  # fmt: skip
        rank = low
        if not np.isfinite(low).all():
            rank = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, np.inf))
            rank[(self.places == _NUMBER["failed"]) & (rank == np.inf)] = -np.inf
        out = self.places > _NUMBER["passed"]
        return np.where(out, np.inf, rank) if out.any() else rank

    def margin(self, sample: int) -> Margin | None:
        """The margin of one of these samples."""
        found = self.says.at(self.begin + sample)
        if found.atom is None:
            return None
        low, high, atom = found.low + 0.0, found.high + 0.0, found.atom
        return Margin(Interval(low * atom.scale, high * atom.scale), atom.unit, Interval(low, high), atom.text)


@frozen(eq=False)
class SeriesRule:
    """A rule on the rows of a table, compiled for whole series."""

    rule: Rule
    stated: float | None
    columns: frozenset[Column]
    """The columns that it reads."""
    unbounded: bool
    """Whether it looks back without a bound."""
    _recipe: Recipe
    _lookups: tuple[tuple[Lookup, Mapping[str, Run]], ...]
    _require: Run
    _when: Run | None
    _vacuous_unless: Run | None

    def place(self, stretch: Stretch, carried: Mapping[bool, States]) -> Placed:
        """What it says of the samples that ``stretch`` decides.

        ``carried`` holds what operators without a bound said in earlier stretches of the group, for the group with
        ends that miss samples (False) and for the group as a whole (True); both are brought up to date.
        """
        found = self._place(View(stretch, False, carried[False]), carried[False])
        cut = stretch.columns[CUT] == 1 if CUT in stretch.columns else np.zeros(len(stretch.times), np.bool_)
        at_edge = stretch.first or stretch.last or cut.any()
        parted = self.unbounded and (at_edge or carried[True] != carried[False])
        open_ = found.places == _INSUFFICIENT
        if parted or (at_edge and open_.any()):
            inside, kept = _without(cut, stretch)
            whole = self._place(View(inside, True, carried[True]), carried[True])
            open_[kept] &= whole.places != _INSUFFICIENT
            found.places[open_] = _NUMBER["cut"]
        elif self.unbounded:
            carried[True].update(carried[False])
        # Of a window that is cut only its failure counts.
        found.places[cut[stretch.decided] & (found.places != _NUMBER["failed"])] = _NUMBER["cut"]
        return found

    def _place(self, view: View, states: States) -> Placed:
        frame: Frame = [None] * self._recipe.size
        frame[0] = view
        with np.errstate(all="ignore"):
            limits = {one.slot: looked_up(one, runs, frame) for one, runs in self._lookups}
            require = _asked(self._require, self._recipe.require, frame, limits)
            when = _asked(self._when, self._recipe.when, frame, limits)
            vacuous = _asked(self._vacuous_unless, self._recipe.vacuous_unless, frame, limits)
            places = self._decide(len(view), require, when, vacuous)
        states.update(view.after)
        rows = view.stretch.decided
        return Placed(places[rows], require.says, rows.start)

    def _decide(self, count: int, require: _Asked, when: _Asked | None, vacuous: _Asked | None) -> NDArray[np.int8]:
        says = require.says
        whens: list[tuple[Bad, Place]] = []
        if when is not None:
            whens += [*when.obstacles, (when.says.false, "inapplicable")]
        whens += require.obstacles
        vacant: Any = False
        if vacuous is not None:
            held = ~says.false  # what cannot be told of vacuity does not hide a failure
            whens += [(mask if mask is False else mask & held, place) for mask, place in vacuous.obstacles]
            vacant = vacuous.says.false
            for mask, _ in vacuous.obstacles:
                vacant = vacant if mask is False else vacant & ~mask
        if when is not None:
            whens.append((when.unknown, "insufficient"))
        fails, because = self._decided([part for part in (require, when, vacuous) if part is not None])
        whens += [(fails, "failed"), (vacant, "vacuous"), (require.unknown, "insufficient"), *because]
        if vacuous is not None:
            whens.append((vacuous.unknown, "insufficient"))
        places = np.full(count, _NUMBER["passed"], np.int8)
        for mask, place in reversed(whens):
            if mask is not False:
                places[np.broadcast_to(mask, count)] = _NUMBER[place]
        return places

    def _decided(self, parts: list[_Asked]) -> tuple[Bad, list[tuple[Bad, Place]]]:
        """Where it fails, and where and why it may be neither that nor passed, though its truth is known."""
        says = parts[0].says
        if self.rule.decision == "simple" or not says.atoms:
            return says.false, []
        quantified = says.weighed()
        known = quantified & np.logical_not(parts[0].unknown)
        fails, passes = says.false & np.logical_not(quantified), says.true & np.logical_not(quantified)
        unstated: Bad = False
        for atom, mine in _deciders(says, known):
            default, maximum = uncertainty_of(self.rule, atom)
            u = default if self.stated is None else self.stated
            if u is None:  # nobody says how well this was measured
                unstated = any_of(unstated, mine)
                continue
            most = u if maximum is None else min(u, maximum)
            fails = fails | (mine & says.false & (True if u == 0 else says.high * atom.scale < -most))
            passes = passes | (mine & says.true & (True if u == 0 else says.low * atom.scale > u))
        open_ = known & ~fails & ~passes
        widened = any_of(*(part.widened for part in parts))
        return fails, [
            (unstated, "insufficient"), (widened if widened is False else widened & open_, "insufficient"),
            (open_, "uncertain"),
        ]  # fmt: skip


def _without(cut: Mask, stretch: Stretch) -> tuple[Stretch, Any]:
    """``stretch`` without the windows of a chain that are ``cut``, and which of the decided ones are left."""
    decided = stretch.decided
    if not cut.any():
        return stretch, slice(None)
    left = ~cut
    begin = int(left[: decided.start].sum())
    rows = slice(begin, begin + int(left[decided].sum()))
    columns = {name: cells[left] for name, cells in stretch.columns.items()}
    return Stretch(stretch.times[left], columns, rows, stretch.first, stretch.last), left[decided]


@frozen(eq=False)
class _Asked:
    """A condition, and where it has no value, and why: the first that is true."""

    says: Says
    obstacles: tuple[tuple[Bad, Place], ...]

    @property
    def unknown(self) -> Any:
        """Where its truth is open."""
        return False if self.says.known else ~self.says.true & ~self.says.false

    @property
    def widened(self) -> Bad:
        """Where what is missing leaves its truth or its margin open."""
        return False if self.says.known else self.says.low != self.says.high


def series(program: Program, *, uncertainty: float | None = None) -> SeriesRule:
    """``program`` for whole series.

    ``uncertainty`` is the expanded uncertainty of the margin in the margin's own unit, as it was stated; by default
    the rule's.
    """
    recipe, engine = program.recipe, Series()

    def built(part: Condition | None) -> Run | None:
        return None if part is None else part.checked.typed.build(engine)

    require = recipe.require.checked.typed.build(engine)
    when, vacuous = built(recipe.when), built(recipe.vacuous_unless)
    lookups = tuple((one, {k: t.build(engine) for k, t in one.recipes.items()}) for one in recipe.lookups)
    columns = frozenset({*engine.columns, CUT} if program.rule.chain else engine.columns)
    return SeriesRule(program.rule, uncertainty, columns, engine.unbounded, recipe, lookups, require, when, vacuous)


def _asked(run: Run | None, part: Condition | None, frame: Frame, limits: Mapping[int, Any]) -> Any:
    if run is None or part is None:
        return None
    says: Says = run(frame)
    obstacles = [found for slot in part.guarded for found in limits.get(slot, ())]
    return _Asked(says, (*obstacles, (says.bad, "not_computable")))


def _deciders(says: Says, known: Any) -> list[tuple[Atom, Any]]:
    """Each comparison that may decide, and where it does, of the samples whose truth is ``known``."""
    if len(says.atoms) == 1:
        (only,) = says.atoms
        return [(only, known)]
    found = {atom: np.zeros(np.shape(known), np.bool_) for atom in says.atoms}
    for sample in np.flatnonzero(known):
        if atom := says.decides(int(sample)):
            found[atom][sample] = True
    return list(found.items())
