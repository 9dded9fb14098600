from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import Text
from conformance.model.json import encode
from conformance.systems.wire import DEPTH, Malformed, elements, members, parse, show

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


def fault(read: Callable[[bytes], object], raw: bytes) -> Text | None:
    try:
        read(raw)
    except Malformed as malformed:
        return malformed.cause
    return None


@given(PLAIN)
def test_what_we_write_is_read_back(value: object) -> None:
    assert parse(encode(value)) == value


@given(st.dictionaries(st.text("abc", max_size=3), PLAIN, max_size=4), st.sampled_from([None, 2]))
def test_each_member_comes_with_the_very_bytes_it_was_written_in(value: dict[str, object], indent: int | None) -> None:
    raw = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    found = members(raw)
    assert {key: part.value for key, part in found.items()} == value
    for part in found.values():
        assert json.loads(part.raw) == part.value
        assert part.raw in raw


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    for read in (parse, members):
        cause = fault(read, raw)
        assert cause is None or (cause.en.isprintable() and re.search("[一-鿿]", cause.zh))


@given(st.lists(PLAIN, max_size=4), st.sampled_from([None, 1]))
def test_elements_keep_their_bytes(value: list[object], indent: int | None) -> None:
    raw = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    assert [json.loads(element) for element in elements(raw)] == value


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": 1' + b"0" * 400 + b"}", "not finite"),
        (b'{"a": {"b": 1, "b": 2}}', "'b' comes twice"),
        (b'{"a": 1, "a": 2}', "'a' comes twice"),
        (b'{"a": "\xff"}', "byte 8 is no UTF-8"),
        (b'{"a": 1} 2', "character 10"),
        (b'{"a": 1,}', "no JSON"),
        (b'{"a" 1}', "no JSON"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": ' + b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1) + b"}", "deeper than 64"),
        (b'{"a": ' + b"[" * 100_000, "deeper than 64"),
        (b"\xef\xbb\xbf{}", "no JSON"),
        (b"", "no JSON object"),
    ],
)
def test_what_is_not_strict_json_is_named(raw: bytes, word: str) -> None:
    with pytest.raises(Malformed) as caught:
        members(raw)
    assert word in caught.value.cause.en


def test_a_list_is_no_object_and_says_so() -> None:
    with pytest.raises(Malformed, match="no JSON object"):
        members(b"[1]")


def test_surrogate_pairs_and_the_deepest_allowed_nesting_are_read() -> None:
    assert members(b'{"a": "\\ud83d\\ude00"}')["a"].value == "😀"
    assert parse(b"[" * DEPTH + b"]" * DEPTH)


def test_shown_text_has_one_line_no_control_characters_and_a_limit() -> None:
    shown = show("a\x1b[31m\n\u202eb" + "x" * 1000, 50)
    assert shown.isprintable()
    assert len(shown) == 50
