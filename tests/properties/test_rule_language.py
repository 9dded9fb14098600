"""The language against an evaluator written a second time, naively, over the tree."""

from __future__ import annotations

import copy
import gc
import time
from functools import reduce
from math import inf, isinf, nan
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from conformance.errors import Position, Problem, Refused, Text
from conformance.model.outcome import Reason, Severity
from conformance.model.quantity import quantity
from conformance.model.standard import Expression, Operation, Pack, Rule
from conformance.rules import Program, compile_rule, parse, text, tree
from conformance.rules.points import GIVES_UP

SCALE = 2.0
FAST = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))

# A small interface

MW = {"type": "number", "unit": "MW"}
ROW = {
    "type": "object", "required": ["id", "p", "q", "on"],
    "properties": {"id": {"type": "string"}, "p": MW, "q": MW, "on": {"type": "boolean"}, "v": MW},
}  # fmt: skip
REQUEST = {
    "type": "object", "required": ["a", "b", "r", "on", "kind", "rows", "others"],
    "properties": {
        "a": MW, "b": MW, "r": {"type": "number"}, "on": {"type": "boolean"}, "kind": {"enum": ["x", "y"]}, "c": MW,
        "rows": {"type": "array", "items": ROW}, "others": {"type": "array", "items": ROW},
    },
}  # fmt: skip
PACK = Pack(
    "test/property", "1", Text("a", "甲"), "draft", "x", "en", "0", {}, {}, {},
    {"call": Operation("call", REQUEST, {"type": "object"})},
)  # fmt: skip


def expression(source: str) -> Expression:
    return Expression(source, tuple(Position("r.yaml", n, 1) for n in range(1, source.count("\n") + 2)))


def compiled(source: str) -> Program:
    rule = Rule("p/r", Text("r", "则"), (), "stable", Severity.MAJOR, "call", expression(source), scale=f"{SCALE} MW")
    return compile_rule(rule, PACK)


halves = st.integers(-8, 8).map(lambda n: n / 2)
rows = st.lists(
    st.fixed_dictionaries({"p": halves, "q": halves, "on": st.booleans()}, optional={"v": halves}), max_size=3
).map(lambda found: [{"id": str(n), **row} for n, row in enumerate(found)])


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(rows)
    others = [{**row, "p": draw(halves)} for row in draw(st.permutations(found))]
    values = {"a": draw(halves), "b": draw(halves), "r": draw(halves), "on": draw(st.booleans())}
    optional = {"c": draw(halves)} if draw(st.booleans()) else {}
    return {**values, **optional, "kind": draw(st.sampled_from("xy")), "rows": found, "others": others}


# Typed trees. A scope is the names of loop variables that stand for rows.

P = tree.Path


def loops(draw: st.DrawFn, scope: tuple[str, ...], depth: int) -> tuple[tree.Loop, tuple[str, ...]]:
    number = len(scope)
    if draw(st.integers(0, 3)):
        names: tuple[str, ...] = (f"x{number}",)
        over: tree.Node = P(("request", draw(st.sampled_from(["rows", "others"]))))
    else:
        names = (f"x{number}", f"y{number}")
        over = tree.Call("pair", (P(("request", "rows")), P(("request", "others")), tree.Word("id")))
    inner = (*scope, *names)
    conditions = (draw(conditions_in(inner, depth - 1)),) if draw(st.integers(0, 3)) == 0 else ()
    return tree.Loop(names, over, conditions), inner


@st.composite
def numbers_in(draw: st.DrawFn, scope: tuple[str, ...] = (), depth: int = 3) -> tree.Node:
    leaves: list[tree.Node] = [P(("request", "a")), P(("request", "b")), tree.Number(0.0), tree.Quantity("1.5 MW")]
    leaves += [tree.Quantity("500 kW"), tree.Call("get", (P(("request", "c")), tree.Quantity("1 MW")))]
    leaves += [P((name, field)) for name in scope for field in "pq"]
    if depth <= 0 or draw(st.integers(0, 2)) == 0:
        return draw(st.sampled_from(leaves))
    below = numbers_in(scope, depth - 1)
    match draw(st.integers(0, 7)):
        case 0:
            return tree.Arithmetic(draw(st.sampled_from("+-")), draw(below), draw(below))
        case 1:
            return tree.Arithmetic("*", draw(below), draw(ratios_in(scope, depth - 1)))
        case 2:
            return tree.Arithmetic("/", draw(below), draw(ratios_in(scope, depth - 1)))
        case 3:
            return tree.Negative(draw(below))
        case 4:
            return tree.Call("abs", (draw(below),))
        case 5:
            return tree.Call(draw(st.sampled_from(["min", "max"])), (draw(below), draw(below)))
        case 6:
            return tree.Choice(draw(below), draw(conditions_in(scope, depth - 1)), draw(below))
        case _:
            if sum(name[0] == "x" for name in scope) == 3:
                return draw(below)
            loop, inner = loops(draw, scope, depth)
            fold = draw(st.sampled_from(["sum", "min", "max"]))
            return tree.Call(fold, (tree.Comprehension(draw(numbers_in(inner, depth - 1)), (loop,)),))


@st.composite
def ratios_in(draw: st.DrawFn, scope: tuple[str, ...], depth: int) -> tree.Node:
    simple: list[tree.Node] = [tree.Number(2.0), P(("request", "r")), tree.Call("len", (P(("request", "rows")),))]
    return draw(st.sampled_from(simple))


@st.composite
def conditions_in(draw: st.DrawFn, scope: tuple[str, ...] = (), depth: int = 4) -> tree.Node:
    below = conditions_in(scope, depth - 1)
    kind = draw(st.integers(0, 9)) if depth > 0 else draw(st.integers(0, 3))
    match kind:
        case 0 | 1:
            signs = st.lists(st.sampled_from(["<", "<=", ">", ">="]), min_size=1, max_size=2)
            chain = tuple((sign, draw(numbers_in(scope, depth - 1))) for sign in draw(signs))
            return tree.Compare(draw(numbers_in(scope, depth - 1)), chain)
        case 2:
            owner = draw(st.sampled_from(["request", *scope]))
            return P((owner, "on"))
        case 3:
            flags = (
                tree.Truth(draw(st.booleans())),
                tree.Call("has", (P(("request", "c")),)),
                tree.Compare(P(("request", "kind")), ((draw(st.sampled_from(["==", "!="])), tree.Word("x")),)),
                tree.Compare(P(("request", "kind")), (("in", tree.Items((tree.Word("y"),))),)),
                tree.Compare(P(("request", "a")), (("==", P(("request", "b"))),)),
            )
            return draw(st.sampled_from(flags))
        case 4:
            return tree.Not(draw(below))
        case 5:
            parts = draw(st.lists(below, min_size=2, max_size=3))
            return tree.Logic(draw(st.sampled_from(["and", "or"])), tuple(parts))
        case 6:
            return tree.Call("implies", (draw(below), draw(below)))
        case 7:
            return tree.Choice(draw(below), draw(below), draw(below))
        case _:
            if sum(name[0] == "x" for name in scope) == 3:
                return draw(below)
            loop, inner = loops(draw, scope, depth)
            element = draw(conditions_in(inner, depth - 1))
            return tree.Call(draw(st.sampled_from(["all", "any"])), (tree.Comprehension(element, (loop,)),))


# The naive evaluator: numbers in MW; a condition is (truth, margin), Boolean ones at plus or minus infinity.


class NoValue(Exception):
    pass


Names = dict[str, Any]


def value_of(node: tree.Node, names: Names) -> Any:
    match node:
        case tree.Number(value):
            return value
        case tree.Quantity(source):
            value, unit = quantity(source)
            return value * unit.factor
        case tree.Path((root, field)):
            return names[root][field]
        case tree.Arithmetic(op, left, right):
            one, other = value_of(left, names), value_of(right, names)
            if op == "/" and other == 0:
                raise NoValue
            return {"+": lambda: one + other, "-": lambda: one - other, "*": lambda: one * other}.get(
                op, lambda: one / other
            )()
        case tree.Negative(of):
            return -value_of(of, names)
        case tree.Choice(then, test, other):
            return value_of(then if holds(test, names)[0] else other, names)
        case tree.Call("abs", (of,)):
            return abs(value_of(of, names))
        case tree.Call("get", (tree.Path((root, field)), default)):
            return names[root][field] if field in names[root] else value_of(default, names)
        case tree.Call("len", (tree.Path((root, field)),)):
            return len(names[root][field])
        case tree.Call(fold, (tree.Comprehension(element, (loop,)),)):
            found = [value_of(element, inner) for inner in each(loop, names)]
            if fold == "sum":
                return sum(found)
            if not found:
                raise NoValue
            return min(found) if fold == "min" else max(found)
        case tree.Call(which, parts):
            found = [value_of(p, names) for p in parts]
            return min(found) if which == "min" else max(found)
    raise AssertionError(node)


def each(loop: tree.Loop, names: Names) -> list[Names]:
    if isinstance(loop.over, tree.Path):
        found = [(row,) for row in names["request"][loop.over.names[1]]]
    else:
        others = {row["id"]: row for row in names["request"]["others"]}
        found = [(row, others[row["id"]]) for row in names["request"]["rows"]]
    inner = [{**names, **dict(zip(loop.names, row, strict=True))} for row in found]
    return [n for n in inner if all(holds(c, n)[0] for c in loop.conditions)]


def plain(truth: bool) -> tuple[bool, float]:
    return truth, inf if truth else -inf


def both(one: tuple[bool, float], other: tuple[bool, float]) -> tuple[bool, float]:
    return one[0] and other[0], min(one[1], other[1])


def opposite(one: tuple[bool, float]) -> tuple[bool, float]:
    return not one[0], -one[1]


def every(parts: Any, start: tuple[bool, float] = (True, inf)) -> tuple[bool, float]:
    found = start
    for part in parts:
        found = both(found, part)
        if found[1] == -inf:
            return found
    return found


def holds(node: tree.Node, names: Names) -> tuple[bool, float]:
    match node:
        case tree.Truth(value):
            return plain(value)
        case tree.Path((root, field)):
            return plain(names[root][field])
        case tree.Call("has", (tree.Path((root, field)),)):
            return plain(field in names[root])
        case tree.Compare(tree.Path((_, "kind")) as path, ((op, right),)):
            words = [i.value for i in right.items] if isinstance(right, tree.Items) else [right.value]
            return plain((names["request"][path.names[1]] in words) is (op != "!="))
        case tree.Compare(left, (("==", right),)):
            return plain(value_of(left, names) == value_of(right, names))
        case tree.Compare(first, rest):
            lefts = [first, *(right for _, right in rest)]
            return every(atom(lefts[n], op, right, names) for n, (op, right) in enumerate(rest))
        case tree.Not(of):
            return opposite(holds(of, names))
        case tree.Logic("and", parts):
            return every(holds(p, names) for p in parts)
        case tree.Logic("or", parts):
            return opposite(every(opposite(holds(p, names)) for p in parts))
        case tree.Call("implies", (cause, effect)):
            return opposite(every(f() for f in (lambda: holds(cause, names), lambda: opposite(holds(effect, names)))))
        case tree.Choice(then, test, other):
            return holds(then if holds(test, names)[0] else other, names)
        case tree.Call("all", (tree.Comprehension(element, (loop,)),)):
            return every(holds(element, inner) for inner in each(loop, names))
        case tree.Call("any", (tree.Comprehension(element, (loop,)),)):
            return opposite(every(opposite(holds(element, inner)) for inner in each(loop, names)))
    raise AssertionError(node)


def atom(left: tree.Node, op: str, right: tree.Node, names: Names) -> tuple[bool, float]:
    one, other = value_of(left, names), value_of(right, names)
    margin = (other - one if op in ("<", "<=") else one - other) / SCALE
    margin = 0.0 if abs(margin) <= 1e-9 else margin
    return (margin > 0 if op in ("<", ">") else margin >= 0), margin


@FAST
@given(conditions_in(), requests())
def test_truth_and_margin_agree_with_the_naive_evaluator(node: tree.Node, request: dict[str, Any]) -> None:
    found = compiled(text(node)).evaluate({"request": request, "response": {}})
    try:
        truth, margin = holds(node, {"request": request})
    except NoValue:
        assert found.obstacle is Reason.NOT_COMPUTABLE
        return
    assert found.truth is truth
    assert found.missing == ()
    if isinf(margin):
        assert found.margin is None
    else:
        assert found.margin is not None
        assert found.margin.normalised.is_point
        assert found.margin.normalised.low == pytest.approx(margin, abs=1e-9)
        assert found.margin.physical.low == pytest.approx(margin * SCALE, abs=1e-9)
        assert not (truth and margin < 0)
        assert truth or margin <= 0


@FAST
@given(conditions_in(), requests())
def test_points_and_intervals_agree_to_the_last_bit_on_complete_data(node: tree.Node, request: dict[str, Any]) -> None:
    program = compiled(text(node))
    condition, frame = program._require, program._frame({"request": request, "response": {}})
    try:
        point = condition.fast(frame)
    except GIVES_UP:
        assume(False)
    assert condition.slow(program._frame({"request": request, "response": {}})) == point


@FAST
@given(conditions_in(), requests(), st.data())
def test_any_completion_of_missing_values_lies_inside_the_interval(
    node: tree.Node, request: dict[str, Any], data: st.DataObject
) -> None:
    program = compiled(text(node))
    holes: list[tuple[dict[str, Any], str]] = []
    torn = copy.deepcopy(request)
    for owner in (torn, *torn["rows"], *torn["others"]):
        holes += [(owner, key) for key in ("a", "b", "c", "r", "on", "kind", "p", "q") if key in owner]
    lost = data.draw(st.lists(st.sampled_from(range(len(holes))), min_size=1, max_size=4, unique=True))
    for number in lost:
        owner, key = holes[number]
        owner[key] = nan if key in ("a", "c", "p") else None
    wide = program.evaluate({"request": torn, "response": {}})
    assume(wide.obstacle is None)
    filled = torn
    for number in lost:
        owner, key = holes[number]
        owner[key] = data.draw(st.booleans() if key == "on" else st.sampled_from("xy") if key == "kind" else halves)
    exact = program.evaluate({"request": filled, "response": {}})
    if exact.obstacle is not None:
        return
    assert wide.truth in (None, exact.truth)
    if wide.margin is not None and exact.margin is not None:
        value, around = exact.margin.normalised.low, wide.margin.normalised
        assert around.low <= value <= around.high
    if wide.margin is not None:
        assert not (wide.truth is True and wide.margin.normalised.low < 0)
        assert not (wide.truth is False and wide.margin.normalised.high > 0)


@FAST
@given(conditions_in())
def test_parsing_what_was_printed_gives_the_same_tree(node: tree.Node) -> None:
    assert parse(expression(text(node))) == node


PIECES = [
    *"()[]{}.,:=<>!+-*/%&|^~@#'\"\\` \n\t", "request", "a", "rows", "for", "in", "if", "else", "and", "not", "lambda",
    "all(", "x", "1e400", "0x", "9" * 30, "__class__", "**", "f'", "≤", "，", "电", "\x00", "\u2028", "\ud800", "q('",
    "5 min", "yield", "await", ":=", "None", "_", "\r", "\x0c", "ｒ", "1_0", "1j",
]  # fmt: skip


@settings(FAST, max_examples=500)
@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.text(max_size=200)))
def test_no_text_ever_raises_anything_but_refused(source: str) -> None:
    start = time.process_time()
    try:
        compiled(source)
        problems: tuple[Problem, ...] = ()
    except Refused as refused:
        problems = refused.problems
    assert time.process_time() - start < 5  # a bomb that goes off takes minutes
    assert all(p.position is not None and p.render("en") and p.render("zh") for p in problems)


BOMBS = [
    "(" * 10_000, "-" * 3000 + "1 < 2", "not " * 1900 + "True", "1e400 < 2", "+".join(["1"] * 990) + " < 1",
    reduce(lambda inner, n: f"all({inner} for x{n} in request.rows)", range(12), "request.on"),
    "all(x.on for x in " * 300 + "request.rows" + ")" * 300, "request" + ".a" * 3000, "[" * 3000, "{" * 3000,
    "request.a < " * 600 + "request.b", "request.on if request.on else " * 190 + "request.on", "'" * 7999,
    "9" * 7999, "a" * 7999, "(1," * 39 + ")" * 39, "lambda:" * 900 + "1", "((" * 19 + "x" + " for x in x)" * 38,
    "request.a**" * 700 + "2", "≤" * 7999, "\n" * 7999, "#" * 7999, "\\\n" * 3000, "all(" * 1900, "q(" * 1900,
]  # fmt: skip


@pytest.mark.parametrize("source", BOMBS, ids=lambda s: s[:20])
def test_a_bomb_is_refused_in_milliseconds(source: str) -> None:
    compiled("request.on")
    gc.collect()  # what other tests left behind is not this text's cost
    start = time.process_time()
    with pytest.raises(Refused) as caught:
        compiled(source)
    assert time.process_time() - start < 2  # milliseconds; a bomb that goes off takes minutes
    assert caught.value.problems[0].position is not None
