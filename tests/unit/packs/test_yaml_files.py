from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import Refused
from conformance.packs import parse_yaml


def refusal(text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_yaml(text, name="f.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001), ("10:30", "10:30"), ("017", 17), ("0o17", 15), ("0x1F", 31), ("on", "on"), ("yes", "yes"),
        ("No", "No"), ("true", True), ("FALSE", False), ("~", None), ("null", None), ("", None), ("-.5", -0.5),
        ("1.", 1.0), ("1_000", "1_000"), ("2026-01-01", "2026-01-01"), ("'1'", "1"), ('"true"', "true"), ("-7", -7),
        ("=", "="), ("+12", 12), ("1e3", 1000.0),
    ],
)  # fmt: skip
def test_plain_scalars_have_the_core_types_of_yaml_1_2(written: str, value: Any) -> None:
    read = parse_yaml(f"a: {written}\n", name="f.yaml").value["a"]
    assert read == value
    assert type(read) is type(value)


def test_every_key_and_value_has_its_line_and_column() -> None:
    document = parse_yaml("a: 1\nb:\n  - c: 每个\n    d: [x, y]\n", name="f.yaml")
    places = {p: (v.line, v.column, v.width) for p, v in document.values.items()}
    assert places["a",] == (1, 4, 1)
    assert places["b", 0, "c"] == (3, 8, 2)
    assert places["b", 0, "d", 1] == (4, 12, 1)
    assert str(document.key(("b", 0, "d"))) == "f.yaml:4:5"
    assert str(document.position(("b", 0, "nothing", "here"))) == "f.yaml:3:5"


@pytest.mark.parametrize("indent", [1, 2, 5])
@pytest.mark.parametrize("header", ["|", "|-", "|+", "| # why"])
def test_each_line_of_a_block_expression_knows_its_place(indent: int, header: str) -> None:
    pad = " " * indent
    expression = parse_yaml(f"x: 1\nrequire: {header}\n{pad}all(a\n{pad}  for b)\ny: 2\n", name="f").expression(
        ("require",)
    )
    assert [(p.line, p.column) for p in expression.lines][:2] == [(3, indent + 1), (4, indent + 1)]
    at = expression.at(2, 6, 1)
    assert at.source is not None
    assert at.source[at.column - 1] == "b"


def test_a_plain_expression_on_one_line_knows_its_place() -> None:
    expression = parse_yaml("when: a.b > 1 # why\n", name="f").expression(("when",))
    assert (expression.text, expression.at(1, 4).column) == ("a.b > 1", 11)


def test_a_word_in_single_quotes_is_an_expression_that_knows_its_place() -> None:
    expression = parse_yaml("by: {state: '\"normal\"'}\n", name="f").expression(("by", "state"))
    assert (expression.text, expression.at(1, 0).column) == ('"normal"', 14)


@pytest.mark.parametrize("written", ['"a > b"', ">\n  a\n  > b", "a\n  > b", "'it''s'"])
def test_an_expression_whose_columns_would_be_lost_is_refused(written: str) -> None:
    document = parse_yaml(f"when: {written}\n", name="f")
    with pytest.raises(Refused) as caught:
        document.expression(("when",))
    assert [p.code for p in caught.value.problems] == ["P017"]


def test_all_problems_of_a_file_are_told_at_once() -> None:
    text = "a: 1\na: 2\nb: .nan\nc: &x 3\nd: *x\n<<: {e: 1}\nf: !!int 3\n"
    found = [(p.code, p.position.line) for p in refusal(text).problems if p.position]
    assert found == [("P009", 2), ("P015", 3), ("P010", 4), ("P010", 5), ("P012", 6), ("P011", 7)]


@pytest.mark.parametrize(
    "text",
    ["zh: 温度，单位：开\n", "zh: 每条支路（含变压器）“不得”过载\n", "a: 'x：y'\n", "|\n  a：b\n", "zh: N-1：线路\n"],
)
def test_full_width_punctuation_in_chinese_prose_is_text(text: str) -> None:
    assert "：" in text or "，" in text or "“" in text
    parse_yaml(text, name="f.yaml")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 100_000, "P014"), ("{a: " * 50_000, "P014"), ("- " * 50_000, "P014"), ("? " * 50_000, "P014"),
        ("a: " + "9" * 100_000, "P015"), ("a: 1e" + "9" * 1000, "P015"), ("&a " * 1000, "P008"),
        ("".join(f"k{i}: {{a: 1, a: 2}}\n" for i in range(5000)), "P009"), ("a" * 1_000_000 + ": b: c", "P008"),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_bomb_is_refused_in_bounded_time(text: str, code: str) -> None:
    started = time.monotonic()
    problems = refusal(text).problems
    assert time.monotonic() - started < 20
    assert code in {p.code for p in problems}
    assert len(problems[0].render("zh")) < 2000


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:- \n\t[]{},'\"|>&*!%@`#?：，“”－每0.9e~<"), max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        parse_yaml(text, name="f.yaml")
    except Refused as refused:
        lines = text.split("\n")
        for problem in refused.problems:
            assert problem.position is not None
            assert 1 <= problem.position.line <= len(lines) + 1
            assert problem.render("zh")


WORDS = st.characters(min_codepoint=32, max_codepoint=0x2000, exclude_categories=["C", "Z"])
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(WORDS, max_size=8)
KEYS = st.text("abc", min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=3), max_leaves=12))
def test_json_is_read_as_the_same_value(value: Any) -> None:
    assert parse_yaml(json.dumps(value, ensure_ascii=False), name="f").value == value
