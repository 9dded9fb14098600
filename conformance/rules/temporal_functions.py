"""The operators over time in the language: how each checks its arguments.

    always(x, a, b)                     x at every sample u in [t + a, t + b]
    eventually(x, a, b)                 x at some sample u in [t + a, t + b]
    until(x, y, a, b)                   y at some u in [t + a, t + b], and x from t to right before it; 0 <= a <= b
    held(x, d)                          x at every sample of the last d
    since(x, y)                         y at some u <= t, and x ever after; hysteresis is since(not reset, set)
    rises(x)                            x now, and not at the sample before
    changed(v)                          v (a number, a text or a condition) differs from that of the sample before
    rate(n)                             change of n since the sample before, per minute: MW becomes MW/min
    previous(n)                         n at the sample before
    since(x)                            how long ago x held last, in minutes; 0 while it holds
    response_time(x, within)            minutes to the first sample at which x holds; beyond ``within`` only: more
    settling_time(x, keep, within)      minutes to the first sample from which x holds for ``keep``
    rise_time(begun, done, within)      minutes from the first sample at which ``begun`` holds to that of ``done``

t is the time of the row. x and y are conditions, with operators over time inside them too. a, b, d, keep and within
are durations that are known when the rule is loaded: quantities, parameters, 0, and what is computed of these. a and b
of ``always`` and ``eventually`` may be negative. The rule's ``gap`` says when samples are missing; the meaning of what
is missing stands in `conformance.engines.series.kernel`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from conformance.errors import Text
from conformance.errors.language import UnitsDiffer, WrongArguments
from conformance.errors.temporal import BadDuration, BadWindow, NoGap, NoSeries
from conformance.rules import tree, types
from conformance.rules.check import Checker, Function
from conformance.rules.clock import FARTHEST, NS_PER_SECOND, SECOND, check_window
from conformance.rules.engine import NS_PER_MINUTE, Over
from conformance.rules.points import GIVES_UP, Points
from conformance.rules.typed import FAULTY, MINUTE, Typed, convert

_Takes: TypeAlias = Literal["condition", "number", "any"]
_Reach: TypeAlias = Callable[[Mapping[str, int]], tuple[int, int]]
"""How far an operator looks back and ahead, ns."""


@frozen(eq=False)
class _Form:
    """One way to write an operator: what it takes, and how far it looks."""

    operator: Over
    takes: tuple[_Takes, ...]
    durations: tuple[str, ...]
    reach: _Reach
    usage: str
    weighs: bool = False
    """Whether its margin is one of its conditions'."""


def _window(a: int, b: int, gap: int) -> tuple[int, int]:
    # A hole at the window's start is seen if the sample before the start is there, or is more than a gap away.
    return (gap - a if a < 0 else 0), max(b, 0)


def _one_back(o: Mapping[str, int]) -> tuple[int, int]:
    return o["gap"], 0


def _here(o: Mapping[str, int]) -> tuple[int, int]:
    return 0, 0


def _within(o: Mapping[str, int]) -> tuple[int, int]:
    return 0, o["within"] + o.get("keep", 0)


_FORMS: Mapping[str, tuple[_Form, ...]] = {
    "always": (_Form(
        "always", ("condition",), ("a", "b"), lambda o: _window(o["a"], o["b"], o["gap"]),
        'always(condition, 0, q("5 min"))', weighs=True,
    ),),
    "changed": (_Form("changed", ("any",), (), _one_back, "changed(row.state)"),),
    "eventually": (_Form(
        "eventually", ("condition",), ("a", "b"), lambda o: _window(o["a"], o["b"], o["gap"]),
        'eventually(condition, 0, q("5 min"))', weighs=True,
    ),),
    "held": (_Form(
        "held", ("condition",), ("d",), lambda o: _window(-o["d"], 0, o["gap"]), 'held(condition, q("5 min"))',
        weighs=True,
    ),),
    "previous": (_Form("previous", ("number",), (), _one_back, "previous(number)"),),
    "rate": (_Form("rate", ("number",), (), _one_back, "rate(number)"),),
    "response_time": (_Form(
        "response_time", ("condition",), ("within",), _within, 'response_time(condition, q("5 min"))'
    ),),
    "rise_time": (_Form(
        "rise_time", ("condition", "condition"), ("within",), _within, 'rise_time(begun, done, q("5 min"))'
    ),),
    "rises": (_Form("rises", ("condition",), (), _one_back, "rises(condition)", weighs=True),),
    "settling_time": (_Form(
        "settling_time", ("condition",), ("keep", "within"), _within,
        'settling_time(condition, q("1 min"), q("5 min"))',
    ),),
    "since": (
        _Form("since", ("condition", "condition"), (), _here, "since(not reset, set)", weighs=True),
        _Form("elapsed", ("condition",), (), _here, "since(condition)"),
    ),
    "until": (_Form(
        "until", ("condition", "condition"), ("a", "b"), lambda o: (0, o["b"]),
        'until(condition, condition, 0, q("5 min"))', weighs=True,
    ),),
}  # fmt: skip


def _over_time(checker: Checker, node: tree.Call) -> Typed:
    """A call of an operator over time."""
    forms = _FORMS[node.function]
    count = len(node.arguments)
    form = next((f for f in forms if len(f.takes) + len(f.durations) == count), None)
    if form is None:
        return checker.refuse(
            WrongArguments, node, function=node.function, usage=" / ".join(form.usage for form in forms)
        )
    if checker.clock is None or checker.loops:
        return checker.refuse(NoSeries, node, function=node.function)
    if checker.clock.gap is None:
        return checker.refuse(NoGap, node, function=node.function)
    options = {"gap": checker.clock.gap}
    written = node.arguments[len(form.takes) :]
    for name, part in zip(form.durations, written, strict=True):
        found = _duration(checker, part)
        if found is None:
            return FAULTY
        options[name] = found
    back, ahead = form.reach(options)
    if (problem := _unusable(form, options, max(checker.back + back, checker.ahead + ahead))) is not None:
        at = (written[0] if written else node).span
        checker.problems.append(evolve(problem, position=checker.expression.at(at.line, at.column, at.width)))
        return FAULTY
    above = checker.back
    with checker.looking(back, ahead), nullcontext() if form.weighs else checker.aside():
        parts = [_part(checker, takes, part) for takes, part in zip(form.takes, node.arguments, strict=False)]
    if FAULTY in parts:
        return FAULTY
    if form.operator in ("since", "elapsed"):
        options["above"] = above
    if form.operator == "rate":
        options["per"] = NS_PER_MINUTE
    fixed = dict(options)
    return Typed(
        _result(form.operator, parts[0].type), lambda e: e.over_time(form.operator, [p.build(e) for p in parts], fixed)
    )


def _part(checker: Checker, takes: _Takes, node: tree.Node) -> Typed:
    if takes == "condition":
        return checker.condition(node)
    if takes == "number":
        return checker.number(node)
    typed = checker.visit(node)
    if isinstance(typed.type, types.Number | types.Word | types.Boolean):
        return typed
    return checker.mistyped(node, Text("a number, a text or a condition", "数值、文本或条件"), typed.type)


def _result(operator: Over, of: types.Type) -> types.Type:
    """The type of what an operator gives."""
    match operator:
        case "rate" if isinstance(of, types.Number) and of.unit is not None:
            return types.Number(of.unit.difference.times(MINUTE, -1))
        case "rate" | "previous":
            return of
        case "elapsed" | "response_time" | "rise_time" | "settling_time":
            return types.Number(MINUTE)
    return types.Boolean()


def _duration(checker: Checker, node: tree.Node) -> int | None:
    """A duration in nanoseconds; None after a problem."""
    typed = checker.number(node)
    if typed is FAULTY or not isinstance(typed.type, types.Number):
        return None
    if not _constant(checker, node):
        checker.refuse(BadDuration, node)
        return None
    of = typed.type.unit
    if of is not None and not of.comparable(SECOND):
        hint = Text('write a duration such as q("5 min")', '请写时长，例如 q("5 min")')
        checker.refuse(UnitsDiffer, node, left=SECOND.symbol, right=of.symbol, hint=hint)
        return None
    try:
        seconds: float = convert(typed, SECOND).build(Points())([])
        return round(seconds * NS_PER_SECOND)
    except GIVES_UP:
        checker.refuse(BadDuration, node)
        return None


def _constant(checker: Checker, node: tree.Node) -> bool:
    match node:
        case tree.Number() | tree.Quantity():
            return True
        case tree.Negative(of):
            return _constant(checker, of)
        case tree.Arithmetic(_, left, right):
            return _constant(checker, left) and _constant(checker, right)
        case tree.Path((name,)):
            return checker.names[name].fixed is not None
    return False


def _unusable(form: _Form, options: Mapping[str, int], far: int) -> BadWindow | None:
    """Why no operator can use these durations; ``far`` is how far it looks, with the operators around it."""
    if far > FARTHEST // 2:
        return BadWindow(detail=Text("nested windows span more than 73 years", "嵌套时间窗超过 73 年"))
    a, b = options.get("a", 0), options.get("b", 0)
    try:
        check_window(a, b, gap=options["gap"], future=form.operator == "until")
        for name in ("d", "keep", "within"):
            check_window(0, options.get(name, 0), gap=options["gap"])
    except BadWindow as problem:
        return problem
    return None


TEMPORAL: Mapping[str, Function] = dict.fromkeys(_FORMS, _over_time)
