"""A rule, compiled: what it says of one case."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.language import UnknownOperation, did_you_mean
from conformance.measures.registry import NotComputable as MeasureNotComputable
from conformance.measures.registry import find
from conformance.model.json import JSON, lookup
from conformance.model.outcome import Evaluation, Interval, Margin, Reason, Sides
from conformance.model.quantity import unit
from conformance.model.standard import Expression, Figure, LimitLookup, Pack, Rule
from conformance.rules.chain import Chain, chain_of
from conformance.rules.check import Checker
from conformance.rules.clock import Clock, clock_of, looking
from conformance.rules.engine import Frame, Run
from conformance.rules.explain import explained, figure
from conformance.rules.functions import FUNCTIONS
from conformance.rules.intervals import Intervals
from conformance.rules.joins import join_problems
from conformance.rules.limits import Lookup, NoLimit
from conformance.rules.machine import ELSEWHERE, Lifecycle, lifecycle
from conformance.rules.margin import NO_ELEMENT, NotComputable, Unpaired, Verdict
from conformance.rules.names import DATA, add_parameters, roots_of, scales_of
from conformance.rules.parse import parse
from conformance.rules.points import GIVES_UP, Points
from conformance.rules.printer import text
from conformance.rules.relations import variation
from conformance.rules.tree import Compare, Number
from conformance.rules.typed import Checked, Slots
from conformance.rules.types import Unknown

MOST_MISSING = 20
"""How many missing values an evaluation names."""
_VALUELESS = (NoLimit, MeasureNotComputable, NotComputable)


@frozen(eq=False)
class Condition:
    """One expression of a rule, compiled for complete data and for incomplete data."""

    checked: Checked
    fast: Run
    brief: Run
    """`fast` without the distance."""
    slow: Run
    guarded: tuple[int, ...]
    """Slots of derived values and limits, which may have no value at all."""

    def verdict(self, frame: Frame, *, brief: bool = False) -> Verdict | Reason:
        """What it says, or why it has no value. Raises `Unpaired`. ``frame[0]`` names what was missing.

        ``brief``: only the truth is wanted, so that what holds of complete data comes without its distance.
        """
        for slot in self.guarded:
            if isinstance(frame[slot], _VALUELESS):
                return Reason.NO_LIMIT if isinstance(frame[slot], NoLimit) else Reason.NOT_COMPUTABLE
        try:
            found: Verdict = self.brief(frame) if brief else self.fast(frame)
        except GIVES_UP:
            frame[0] = []
            try:
                found = self.slow(frame)
            except NotComputable:
                return Reason.NOT_COMPUTABLE
        return found


@frozen(eq=False)
class Recipe:
    """The checked parts of a rule, for engines that do not compute one case at a time."""

    when: Condition | None
    vacuous_unless: Condition | None
    require: Condition
    size: int
    """Length of a frame."""
    lookups: tuple[Lookup, ...]


@frozen(eq=False)
class Program:
    """A compiled rule. It holds no state and never raises for data."""

    rule: Rule
    figures: tuple[Figure, ...]
    """All figures that it may use."""
    needs: frozenset[str]
    """The top-level names that its expressions use: ``request``, ``response``, derived values."""
    _slots: Mapping[str, int] = field(alias="slots")
    _size: int = field(alias="size")
    _lookups: tuple[Lookup, ...] = field(alias="lookups")
    _when: Condition | None = field(alias="when")
    _vacuous_unless: Condition | None = field(alias="vacuous_unless")
    _require: Condition = field(alias="require")
    _joins: tuple[Run, ...] = field(alias="joins")
    clock: Clock | None = None
    """Of a rule with operators over time: what orders its rows. No row is judged alone then, but all by
    `conformance.engines.series.judge.judge_series`; of one case `evaluate` says that it is not computable."""
    machine: Lifecycle | None = None
    """Of a lifecycle: what its states permit. Its rows are judged by `conformance.engines.series.lifecycle`; of one
    case `evaluate` says that it is not computable. A rule with neither is judged row by row."""
    chain: Chain | None = None
    """Of a rule with a chain: what makes the rows that it speaks of (`conformance.engines.chain`)."""

    def evaluate(self, environment: Mapping[str, JSON]) -> Evaluation:
        """What the rule says of a case.

        ``environment`` holds ``request``, ``response`` and each derived value (or None, or `NotComputable`).
        Missing values widen the margin to an interval; lists that cannot be joined leave the truth open.
        """
        try:
            found = self._evaluate(self._frame(environment))
            if found.truth is None and _unmeasured(found, environment):
                return evolve(found, obstacle=Reason.NOT_COMPUTABLE)
            return found
        except Unpaired as problem:
            return Evaluation(True, None, None, None, tuple(r.en for r in problem.reasons[:MOST_MISSING]))

    @property
    def recipe(self) -> Recipe:
        """What it was compiled from, for other engines."""
        return Recipe(self._when, self._vacuous_unless, self._require, self._size, self._lookups)

    def pairing_problems(self, environment: Mapping[str, JSON]) -> tuple[Text, ...]:
        """Why lists that the rule joins do not match: keys that are missing, alone or doubled."""
        if not self._joins:
            return ()
        frame = self._frame(environment)
        found: list[Text] = []
        for rows in self._joins:
            frame[0] = []
            try:
                rows(frame)
            except Unpaired as problem:
                found += [r for r in problem.reasons if r not in found]
        return tuple(found)

    def explain(self, environment: Mapping[str, JSON]) -> tuple[tuple[str, str], ...]:
        """The text of every sub-expression and its value; inside loops, for the element that decided."""
        frame = self._frame(environment)
        shown: dict[str, str] = {}
        for condition in (self._when, self._vacuous_unless, self._require):
            if condition is not None:
                try:
                    verdict = condition.verdict(frame)
                except Unpaired as problem:
                    verdict = Reason.INSUFFICIENT_DATA
                    shown["pair"] = "; ".join(r.en for r in problem.reasons[:MOST_MISSING])
                at = () if isinstance(verdict, Reason) else verdict.at
                shown.update(explained(condition.checked.parts, at, frame))
        return tuple(shown.items())

    def sides(self, environment: Mapping[str, JSON]) -> Sides | None:
        """The two values of the comparison that decides ``require``; None where none does, or one is missing."""
        margin = self.evaluate(environment).margin
        if margin is None:
            return None
        tree = parse(Expression(margin.atom, (Position("", 1, 1, source=margin.atom),)))
        if not isinstance(tree, Compare) or len(tree.rest) != 1:
            return None
        frame = self._frame(environment)
        parts = {part.text: part for part in self._require.checked.parts}
        of, shown = unit(margin.unit), margin.unit
        found: list[float] = []
        for side in (tree.first, tree.rest[0][1]):
            if isinstance(side, Number):
                found.append(side.value)
            elif (part := parts.get(text(side))) and (known := figure(part, margin.at, frame)):
                found.append(known[0] * known[1].factor / of.factor)
                shown = known[1].symbol if known[1].is_point else shown
        return Sides(found[0], found[1], shown, margin.at) if len(found) == 2 else None

    def _frame(self, environment: Mapping[str, JSON]) -> Frame:
        frame: Frame = [None] * self._size
        frame[0] = []
        for name, slot in self._slots.items():
            frame[slot] = environment.get(name)
        for one in self._lookups:
            blocked = [v for n in one.names if isinstance(v := frame[self._slots[n]], MeasureNotComputable)]
            frame[one.slot] = blocked[0] if blocked else one.value(frame)
        return frame

    def _evaluate(self, frame: Frame) -> Evaluation:
        missing: list[str] = []
        applies: bool | None = True
        if self._when is not None:
            held = self._when.verdict(frame, brief=True)
            if isinstance(held, Reason):
                return Evaluation(None, None, None, None, obstacle=held)
            applies = held.truth
            if applies is False:
                return Evaluation(False, None, None, None)
            if frame[0]:
                missing += _mattering(held, frame)
        found = self._require.verdict(frame)
        if isinstance(found, Reason):
            return Evaluation(applies, None, None, None, obstacle=found)
        if frame[0]:
            missing += _mattering(found, frame)
        binding: bool | None = True
        if self._vacuous_unless is not None:
            bound = self._vacuous_unless.verdict(frame, brief=True)
            if isinstance(bound, Reason):
                if found.truth is not False:  # what cannot be told of vacuity does not hide a failure
                    return Evaluation(applies, None, None, None, obstacle=bound)
                binding = None
            else:
                binding = bound.truth
                if frame[0]:
                    missing += _mattering(bound, frame)
        if found.truth and found.atom is NO_ELEMENT:
            binding = False
        kept = tuple(dict.fromkeys(missing))[:MOST_MISSING] if missing else ()
        return Evaluation(applies, binding, found.truth, _margin(found), kept)


def _unmeasured(found: Evaluation, environment: Mapping[str, JSON]) -> bool:
    """Whether the truth is open only for what a measure had no value for (a power flow that diverged).

    A derived value that is missing as a whole lacked an argument: data are missing then, and that is another reason.
    """
    if found.obstacle is not None or not found.missing:
        return False
    for path in found.missing:
        name, _, rest = path.replace("[", ".").partition(".")
        around = environment
        if name in ("base", "varied"):
            around, name = environment.get(name) or {}, rest.partition(".")[0]
        if name in DATA or around.get(name) is None:
            return False
    return True


def _mattering(verdict: Verdict, frame: Frame) -> list[str]:
    """The missing values that left something open."""
    missing: list[str] = frame[0]
    frame[0] = []
    return missing if verdict.truth is None or verdict.low != verdict.high else []


def _margin(verdict: Verdict) -> Margin | None:
    atom = verdict.atom
    if atom is None or atom is NO_ELEMENT:
        return None
    low, high = verdict.low + 0.0, verdict.high + 0.0  # no negative zero
    normalised = Interval(low, high)
    physical = normalised if atom.scale == 1 else Interval(low * atom.scale, high * atom.scale)
    return Margin(physical, atom.unit, normalised, atom.text, verdict.at)


def compile_rule(rule: Rule, pack: Pack) -> Program:
    """``rule`` compiled against the interface, derived values and limits of ``pack``.

    What it may speak of: see `conformance.rules.names`.
    Raises `Refused` with every problem of syntax, names, types, units and cost, each with its place.
    """
    surfaces = (*pack.operations, *pack.tables, *pack.documents)
    if rule.applies_to not in surfaces:
        hint = did_you_mean(rule.applies_to, surfaces)
        raise Refused([UnknownOperation(position=rule.position, name=rule.applies_to, hint=hint)])
    problems: list[Problem] = []
    try:
        variation(rule, pack)
    except Refused as refused:
        problems += refused.problems
    problems += join_problems(rule, pack)
    chain: Chain | None = None
    if rule.chain:
        try:
            chain = chain_of(rule, pack)
        except Refused as refused:
            problems += refused.problems
    left = chain.row if chain is not None else Unknown() if rule.chain else None
    slots = Slots()
    roots = roots_of(rule, pack, slots, problems, row=left)
    scales = scales_of(rule, problems)
    names = dict(roots)
    lookups = add_parameters(rule, pack, roots, names, slots, problems)
    clock = clock_of(rule, pack, problems)
    given = (DATA & roots.keys()) | rule.joins.keys()
    guarded = {n: b.slot for n, b in names.items() if n not in given and b.fixed is None}
    conditions: dict[str, Condition | None] = {}
    for label, expression in (("when", rule.when), ("vacuous", rule.vacuous_unless), ("require", rule.require)):
        conditions[label] = None
        if expression is not None:
            checker = Checker(expression, names, FUNCTIONS, slots, scales, decides=label == "require", clock=clock)
            conditions[label] = _condition(checker, guarded, problems)
    life = None
    if rule.machine is not None:
        life = lifecycle(rule, rule.machine, pack, names, slots, problems)
        conditions["require"] = _compiled(ELSEWHERE, ())
    require = conditions["require"]
    if problems or require is None:
        raise Refused(problems)
    used = [c.checked for c in conditions.values() if c is not None]
    used += life.guards if life is not None else ()
    asked = frozenset[str]().union(*(c.names for c in used), *(one.names for one in lookups))
    return Program(
        rule=rule,
        figures=_figures(rule, pack),
        needs=asked & roots.keys(),
        slots={n: b.slot for n, b in roots.items() if n in asked},
        size=len(slots.taken),
        lookups=tuple(lookups),
        when=conditions["when"],
        vacuous_unless=conditions["vacuous"],
        require=require,
        joins=tuple(join(Intervals()) for c in used for join in c.joins),
        clock=clock and looking(clock, [c.reach for c in used if c.reach is not None]),
        machine=life,
        chain=chain,
    )


def compile_rules(pack: Pack) -> dict[str, Program]:
    """Every rule of ``pack`` that is computed, by id; what an assessor attests is not. Raises `Refused`."""
    return {rule.id: compile_rule(rule, pack) for rule in pack.rules.values() if rule.attested is None}


def _condition(checker: Checker, guarded: Mapping[str, int], problems: list[Problem]) -> Condition | None:
    try:
        checked = checker.check(parse(checker.expression))
    except Refused as refused:
        problems += refused.problems
        return None
    problems += checker.problems
    if checker.problems:
        return None
    return _compiled(checked, tuple(slot for name, slot in guarded.items() if name in checked.names))


def _compiled(checked: Checked, slots: tuple[int, ...]) -> Condition:
    points = Points()
    fast = checked.typed.build(points)
    return Condition(checked, fast, points.brief(fast), checked.typed.build(Intervals()), slots)


def _figures(rule: Rule, pack: Pack) -> tuple[Figure, ...]:
    found: list[Figure] = []
    for parameter in rule.parameters.values():
        if isinstance(parameter, LimitLookup):
            found += [row.figure for row in pack.limits[parameter.table].rows]
        else:
            found.append(parameter)
    if rule.uncertainty is not None:
        found += [rule.uncertainty.default, rule.uncertainty.maximum]
    return tuple(found)


def derive(pack: Pack, operation: str, environment: Mapping[str, JSON]) -> dict[str, JSON | MeasureNotComputable]:
    """The derived values of one case of ``operation``.

    A value is None where an argument is missing, and the `NotComputable` itself where its measure has no value.
    """
    found: dict[str, JSON | MeasureNotComputable] = {}
    for name, derived in pack.derive.items():
        measure = find(derived.measure) if derived.of == operation else None
        if measure is None:
            continue
        arguments = {a: lookup(environment, path.split(".")) for a, path in derived.arguments.items()}
        if None in arguments.values():
            found[name] = None
            continue
        try:
            found[name] = measure(**arguments)
        except MeasureNotComputable as why:
            found[name] = why
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # Data that fit no schema reach a measure only through records; that is their fault, not a crash of ours.
            detail = f"{derived.measure}: {type(error).__name__}: {error}"
            found[name] = MeasureNotComputable(Text(f"not computable: {detail}", f"无法计算：{detail}"))
    return found
