"""A compiled row rule as expressions of SQL: which place of `Counts` a row takes, and what its margin is.

The order of the decisions is that of `conformance.judge.decide`, on recorded data; a property test holds both together.
"""

from __future__ import annotations

from attrs import frozen
from sqlglot import exp

from conformance.model.quantity import convert, unit
from conformance.model.standard import Figure, Rule
from conformance.rules.engine import Frame
from conformance.rules.limits import Lookup
from conformance.rules.margin import Atom
from conformance.rules.program import Condition, Program, Recipe
from conformance.rules.sql_engine import Sql
from conformance.rules.sql_sheet import (
    FALSE,
    INF,
    MINUS_INF,
    NULL,
    TRUE,
    Sheet,
    Term,
    both,
    case,
    finite,
    integer,
    negation,
    number,
    one_of,
)
from conformance.rules.sql_values import Number, Says, Word
from conformance.rules.verdicts import PLACES, Place


@frozen(eq=False)
class Judged:
    """One rule over the rows of a relation, as names on a sheet."""

    place: Term
    """Number of the place, in `PLACES`."""
    possible: tuple[Place, ...]
    """The places that a row can take."""
    rank: Term
    """Of a row that failed or passed: its least known normalised margin, minus infinity for a failure without one;
    else null, and also of a pass without a margin."""
    truth: Term
    low: Term
    high: Term
    atom: Term
    """Number of the comparison that decides, in `atoms`; null where none does."""
    atoms: tuple[Atom, ...]


@frozen(eq=False)
class SqlRule:
    """A row rule that can be lowered onto any sheet."""

    rule: Rule
    _recipe: Recipe

    def on(self, sheet: Sheet, *, complete: bool, uncertainty: float | None = None) -> Judged:
        """The rule over the rows of ``sheet``; ``complete`` promises that every column it reads holds a finite value.

        ``uncertainty`` is the expanded uncertainty of the margin in the margin's own unit, as it was stated; by default
        the rule's.
        """
        engine = Sql(sheet, complete=complete)
        frame: Frame = [None] * self._recipe.size
        limits = {one.slot: _look_up(one, engine, frame) for one in self._recipe.lookups}

        def asked(part: Condition | None) -> _Asked | None:
            if part is None:
                return None
            says: Says = part.checked.typed.build(engine)(frame)
            obstacles = [found for slot in part.guarded for found in limits[slot]]
            return _Asked(says, (*obstacles, (says.bad, "not_computable")), complete)

        require = asked(self._recipe.require)
        assert require is not None  # noqa: S101 - every rule requires something
        atoms = tuple(engine.atoms)  # those of ``when`` and ``vacuous_unless`` never decide
        when, vacuous = asked(self._recipe.when), asked(self._recipe.vacuous_unless)
        says = require.says
        whens: list[tuple[Term, Place]] = []
        if when is not None:
            whens += [*when.obstacles, (_false(when.says.truth), "inapplicable")]
        whens += require.obstacles
        vacant = FALSE
        if vacuous is not None:
            held = negation(_false(says.truth))  # what cannot be told of vacuity does not hide a failure
            whens += [(both(term, held), place) for term, place in vacuous.obstacles]
            vacant = both(_false(vacuous.says.truth), *(negation(term) for term, _ in vacuous.obstacles))
        if when is not None:
            whens.append((when.unknown, "insufficient"))
        parts = [part for part in (require, when, vacuous) if part is not None]
        fails, because = self._decided(says, atoms, one_of(*(part.widened for part in parts)), uncertainty)
        whens += [(fails, "failed"), (vacant, "vacuous"), (require.unknown, "insufficient"), *because]
        if vacuous is not None:
            whens.append((vacuous.unknown, "insufficient"))
        possible = [place for term, place in whens if term != FALSE] + ["passed"]
        numbers = [(term, integer(PLACES.index(place))) for term, place in whens]
        place = sheet.name(case(*numbers, other=integer(PLACES.index("passed"))))
        low, high = (sheet.name(end + number(0.0)) for end in (says.low, says.high))  # no negative zero
        rank = case(
            (place > integer(1), NULL), (finite(low), low), (FALSE if complete else finite(high), high),
            (place.eq(integer(0)), MINUS_INF), other=NULL,
        )  # fmt: skip
        return Judged(
            place, tuple(p for p in PLACES if p in possible), sheet.name(rank), says.truth, low, high, says.atom, atoms
        )

    def _decided(
        self, says: Says, atoms: tuple[Atom, ...], widened: Term, stated: float | None
    ) -> tuple[Term, list[tuple[Term, Place]]]:
        """Whether it fails, and why it may be neither that nor passed, though its truth is known."""
        if self.rule.decision == "simple":
            return _false(says.truth), []
        fails, passes, unstated = [], [], []
        for index, atom in enumerate(atoms):
            here = TRUE if says.atom == integer(index) else says.atom.eq(integer(index))
            default, maximum = _uncertainty(self.rule, atom)
            u = default if stated is None else stated
            if u is None:  # nobody says how well this was measured
                unstated.append(here)
                continue
            most = u if maximum is None else min(u, maximum)
            scale = number(atom.scale)
            fails.append(both(here, TRUE if u == 0 else says.high * scale < number(-most)))
            passes.append(both(here, TRUE if u == 0 else says.low * scale > number(u)))
        bare = negation(says.quantified)  # Boolean: uncertainty has no part in it
        open_ = negation(one_of(bare, both(says.truth, one_of(*passes))))
        because: list[tuple[Term, Place]] = [
            (one_of(*unstated), "insufficient"), (both(widened, open_), "insufficient"), (open_, "uncertain")
        ]  # fmt: skip
        return both(_false(says.truth), one_of(bare, *fails)), because


@frozen(eq=False)
class _Asked:
    """A condition, and why it may have no value: the first that is true."""

    says: Says
    obstacles: tuple[tuple[Term, Place], ...]
    complete: bool

    @property
    def unknown(self) -> Term:
        """Whether its truth is open."""
        return FALSE if self.complete else self.says.truth.is_(NULL)

    @property
    def widened(self) -> Term:
        """Whether what is missing leaves its truth or its margin open."""
        return FALSE if self.complete else one_of(self.unknown, self.says.low.neq(self.says.high))


def lower(program: Program) -> SqlRule:
    """The SQL of a rule on the rows of a table."""
    return SqlRule(program.rule, program.recipe)


def _false(truth: Term) -> Term:
    return negation(truth) if truth in (TRUE, FALSE) else exp.Is(this=truth.copy(), expression=FALSE.copy())


def _uncertainty(rule: Rule, atom: Atom) -> tuple[float | None, float | None]:
    """Default and maximum in the unit of ``atom``."""
    if rule.uncertainty is None:
        return None, None

    def converted(figure: Figure) -> float:
        return convert(float(figure.value), unit(figure.unit or "1"), unit(atom.unit))

    return converted(rule.uncertainty.default), converted(rule.uncertainty.maximum)


def _look_up(one: Lookup, engine: Sql, frame: Frame) -> tuple[tuple[Term, Place], ...]:
    """Put the limit that a row looks up into the frame; and why it may have none."""
    name = engine.sheet.name
    keys: dict[str, Term] = {}
    clear, broken, lost = TRUE, FALSE, FALSE
    for key, typed in one.recipes.items():
        found = typed.build(engine)(frame)
        if isinstance(found, Word):
            missing = FALSE if engine.complete else found.value.is_(NULL)
            keys[key] = found.value
        else:
            found = found.settled()
            missing = negation(found.known)
            keys[key] = found.low
        broken = one_of(broken, both(clear, found.bad))
        lost = one_of(lost, both(clear, negation(found.bad), missing))
        clear = name(both(clear, negation(found.bad), negation(missing)))
    matches = [
        name(both(
            *(keys[k].eq(_literal(v)) if (one.table.keys[k] is None) == isinstance(v, str) else FALSE
              for k, v in row.eq.items()),
            *(keys[k] > number(v) if one.table.keys[k] else FALSE for k, v in row.over.items()),
            *(keys[k] <= number(v) if one.table.keys[k] else FALSE for k, v in row.upto.items()),
        ))
        for row in one.table.rows
    ]  # fmt: skip
    values = [(match, number(one.figure(row))) for match, row in zip(matches, one.table.rows, strict=True)]
    low = name(case((lost, MINUS_INF), *values, other=number(0.0)))
    frame[one.slot] = Number(low, low if engine.complete else name(case((lost, INF), *values, other=number(0.0))))
    return (name(both(clear, negation(one_of(*matches)))), "no_limit"), (name(broken), "not_computable")


def _literal(value: str | float) -> Term:
    return exp.Literal.string(value) if isinstance(value, str) else number(value)
