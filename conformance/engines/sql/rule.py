"""A compiled row rule as expressions of SQL: which place of `Counts` a row takes, and what its margin is.

The order of the decisions is that of `conformance.judge.decide`, on recorded data; a property test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from operator import add

from attrs import frozen
from sqlglot import exp

from conformance.engines.sql.arithmetic import Sql
from conformance.engines.sql.sheet import (
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
from conformance.engines.sql.values import Moment, Number, Says, Word
from conformance.model.days import DAY, FIRST
from conformance.model.outcome import Interval, Margin
from conformance.model.standard import DATE, Rule
from conformance.rules.engine import Frame
from conformance.rules.limits import Days, Lookup
from conformance.rules.margin import Atom
from conformance.rules.program import Condition, Program, Recipe
from conformance.rules.uncertainty import uncertainty_of
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
    at: Mapping[Place, Term] = {}
    """Of a screening: whether a row stands at each place that is possible, but for ``passed``."""

    @property
    def ranks(self) -> Term:
        """Of a screening: whether a row failed or passed."""
        return both(*(negation(here) for place, here in self.at.items() if place != "failed"))


@frozen(eq=False)
class SqlRule:
    """A row rule that can be lowered onto any sheet."""

    rule: Rule
    recipe: Recipe

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """The limits that its conditions use."""
        conditions = (self.recipe.when, self.recipe.require, self.recipe.vacuous_unless)
        used = {slot for condition in conditions if condition is not None for slot in condition.guarded}
        return tuple(one for one in self.recipe.lookups if one.slot in used)

    def on(self, sheet: Sheet, *, complete: bool, uncertainty: float | None = None, screening: bool = False) -> Judged:
        """The rule over the rows of ``sheet``; ``complete`` promises that every column it reads holds a finite value.

        ``uncertainty`` is the expanded uncertainty of the margin in the margin's own unit, as it was stated; by default
        the rule's. ``screening`` (of complete rows) leaves out what only the worst rows need: the rank may be infinite
        or NaN where there is none, and one within `AT_LIMIT` of zero may stand for zero.
        """
        engine = Sql(sheet, complete=complete, screening=screening and self.rule.decision == "simple")
        frame: Frame = [None] * self.recipe.size
        limits = {one.slot: _look_up(one, engine, frame) for one in self.lookups}

        def asked(part: Condition | None) -> _Asked | None:
            if part is None:
                return None
            says: Says = part.checked.typed.build(engine)(frame)
            obstacles = [found for slot in part.guarded for found in limits[slot]]
            return _Asked(says, (*obstacles, (says.bad, "not_computable")), complete)

        require = asked(self.recipe.require)
        assert require is not None  # noqa: S101 - every rule requires something
        atoms = tuple(engine.atoms)  # those of ``when`` and ``vacuous_unless`` never decide
        when, vacuous = asked(self.recipe.when), asked(self.recipe.vacuous_unless)
        says = require.says
        whens: list[tuple[Term, Place]] = []
        if when is not None:
            whens += [*when.obstacles, (_false(when.says.truth, known=complete), "inapplicable")]
        whens += require.obstacles
        vacant = FALSE
        if vacuous is not None:
            held = negation(
                _false(says.truth, known=complete)
            )  # what cannot be told of vacuity does not hide a failure
            whens += [(both(term, held), place) for term, place in vacuous.obstacles]
            vacant = both(
                _false(vacuous.says.truth, known=complete), *(negation(term) for term, _ in vacuous.obstacles)
            )
        if when is not None:
            whens.append((when.unknown, "insufficient"))
        parts = [part for part in (require, when, vacuous) if part is not None]
        fails, because = self._decided(
            says, _false(says.truth, known=complete), atoms, one_of(*(part.widened for part in parts)), uncertainty
        )
        if self.rule.chain:  # of a window that is cut only its failure counts
            fails = sheet.name(both(fails, *(negation(term) for term, _ in whens)))
            whens = [(fails, "failed"), (sheet.column("cut", "boolean"), "cut"), *whens]
        whens += [(fails, "failed"), (vacant, "vacuous"), (require.unknown, "insufficient"), *because]
        if vacuous is not None:
            whens.append((vacuous.unknown, "insufficient"))
        possible = [place for term, place in whens if term != FALSE] + ["passed"]
        numbers = [(term, integer(PLACES.index(place))) for term, place in whens]
        place = sheet.name(case(*numbers, other=integer(PLACES.index("passed"))))
        takes = tuple(p for p in PLACES if p in possible)
        if screening:
            at: dict[Place, Term] = {place: sheet.name(_first(whens, place)) for place in takes if place != "passed"}
            return Judged(place, takes, says.low, says.truth, says.low, says.high, says.atom, atoms, at)
        low, high = (sheet.name(end + number(0.0)) for end in (says.low, says.high))  # no negative zero
        rank = case(
            (place > integer(1), NULL), (finite(low), low), (FALSE if complete else finite(high), high),
            (place.eq(integer(0)), MINUS_INF), other=NULL,
        )  # fmt: skip
        return Judged(place, takes, sheet.name(rank), says.truth, low, high, says.atom, atoms)

    def _decided(
        self, says: Says, false: Term, atoms: tuple[Atom, ...], widened: Term, stated: float | None
    ) -> tuple[Term, list[tuple[Term, Place]]]:
        """Whether it fails, and why it may be neither that nor passed, though its truth is known."""
        if self.rule.decision == "simple":
            return false, []
        fails, passes, unstated = [], [], []
        for index, atom in enumerate(atoms):
            here = TRUE if says.atom == integer(index) else says.atom.eq(integer(index))
            default, maximum = uncertainty_of(self.rule, atom)
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
        return both(false, one_of(bare, *fails)), because


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


@lru_cache(maxsize=512)
def lower(program: Program) -> SqlRule:
    """The SQL of a rule on the rows of a table; of one program always the same, by which its queries are known."""
    return SqlRule(program.rule, program.recipe)


def margin_of(atoms: Sequence[Atom], low: float, high: float, atom: int | None) -> Margin | None:
    """The margin of a row in which ``low``, ``high`` and the number ``atom`` of one of ``atoms`` have these values."""
    if atom is None:
        return None
    decides = atoms[atom]
    physical = Interval(low * decides.scale, high * decides.scale)
    return Margin(physical, decides.unit, Interval(low, high), decides.text)


def judged_rows(
    source: exp.Table,
    types: Mapping[str, str],
    rules: Mapping[str, SqlRule],
    *,
    key: Sequence[str],
    complete: bool,
    uncertainty: Mapping[str, float],
) -> tuple[exp.Select, list[Judged]]:
    """Every complete (or every other) row of ``source``, whose columns have ``types``, and of each rule what it is.

    A row has its key in ``k0``, ``k1`` ..., and of rule n the place in ``pn``, the rank in ``rn``, the ends of the
    margin in ``ln`` and ``hn`` and the number of the comparison that decides in ``an``.
    """
    sheet = Sheet(types)
    judged = [rule.on(sheet, complete=complete, uncertainty=uncertainty.get(name)) for name, rule in rules.items()]
    where = complete_rows(sheet)
    stamps = {name for name in key if types.get(name, "").startswith("TIMESTAMP")}
    outputs = {f"k{n}": sheet.column(name, "instant" if name in stamps else None) for n, name in enumerate(key)}
    for n, one in enumerate(judged):
        outputs |= {f"p{n}": one.place, f"r{n}": one.rank, f"l{n}": one.low, f"h{n}": one.high, f"a{n}": one.atom}
    return sheet.select(outputs, source, where=where if complete else exp.not_(where)), judged


def complete_rows(sheet: Sheet) -> Term:
    """Whether every column of ``sheet`` that the rules read holds a finite value.

    Zero times a number is zero if it is finite, else undefined: one test for all columns costs a third of one each.
    """
    there = [negation(column.is_(NULL)) for (_, kind), column in sheet.columns.items() if kind != "number"]
    numbers = [column for (_, kind), column in sheet.columns.items() if kind == "number"]
    if len(numbers) > 1:
        zeros: list[Term] = [column * number(0.0) for column in numbers]
        numbers = [reduce(add, zeros)]
    there += [exp.func("isfinite", of.copy()) for of in numbers]
    return opaque(both(*there))


def opaque(condition: Term) -> Term:
    """``condition``, false where it is unknown, and out of sight of the statistics of files.

    DuckDB drops rows by them as if they covered NaN, which they do not.
    """
    return exp.func("coalesce", condition, FALSE.copy())


def _first(whens: Sequence[tuple[Term, Place]], place: Place) -> Term:
    """Whether the first condition that holds is one of ``place``."""
    return one_of(
        *(both(*(negation(b) for b, _ in whens[:n]), term) for n, (term, here) in enumerate(whens) if here == place)
    )


def _false(truth: Term, *, known: bool = False) -> Term:
    return negation(truth) if known or truth in (TRUE, FALSE) else exp.Is(this=truth.copy(), expression=FALSE.copy())


def _look_up(one: Lookup, engine: Sql, frame: Frame) -> tuple[tuple[Term, Place], ...]:
    """Put the limit that a row looks up into the frame; and why it may have none."""
    name = engine.sheet.name
    keys: dict[str, Term] = {}
    dates: dict[str, Term] = {}
    clear, broken, lost = TRUE, FALSE, FALSE
    for key, typed in one.recipes.items():
        found = typed.build(engine)(frame)
        if isinstance(found, Word):
            missing = FALSE if engine.complete else found.value.is_(NULL)
            keys[key] = found.value
            dates[key] = name(_is_day(found.value)) if one.table.keys[key] == DATE else TRUE
        elif isinstance(found, Moment):
            missing = FALSE if engine.complete else found.low.neq(found.high)
            keys[key] = found.low
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
              for k, v in row.eq.items() if k not in days),
            *(keys[k] > number(v) if one.table.keys[k] else FALSE for k, v in row.over.items()),
            *(keys[k] <= number(v) if one.table.keys[k] else FALSE for k, v in row.upto.items()),
            *(both(dates.get(k, TRUE), _among(keys[k], span)) for k, span in days.items()),
        ))
        for row, days in zip(one.table.rows, one.days, strict=True)
    ]  # fmt: skip
    values = [(match, number(one.figure(row))) for match, row in zip(matches, one.table.rows, strict=True)]
    low = name(case((lost, MINUS_INF), *values, other=number(0.0)))
    frame[one.slot] = Number(low, low if engine.complete else name(case((lost, INF), *values, other=number(0.0))))
    return (name(both(clear, negation(one_of(*matches)))), "no_limit"), (name(broken), "not_computable")


def _among(key: Term, days: Days) -> Term:
    """Whether an instant or a date is in [first, end)."""
    first, end = (
        edge if edge is None else integer(edge) if isinstance(edge, int) else exp.Literal.string(edge) for edge in days
    )
    return both(TRUE if first is None else key >= first, TRUE if end is None else key < end)


def _is_day(of: Term) -> Term:
    """Whether a text is a date that exists, as `conformance.model.days.is_day` has it."""
    shape = exp.RegexpLike(this=of.copy(), expression=exp.Literal.string(f"^({DAY})$"))
    length = exp.Length(this=of.copy()).eq(integer(10))  # or a line break may follow
    return both(length, shape, of >= exp.Literal.string(FIRST))


def _literal(value: str | float) -> Term:
    return exp.Literal.string(value) if isinstance(value, str) else number(value)
