"""Text of others is shown as it stands: read by a Markdown program, it gives the words again and no markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from conformance.markdown import Md, block, bullets, code, heading, plain, slug, table

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table><h1>owned</h1>",
    "a | b | c",
    "\\| still one cell",
    "a \\",
    "`` ` ``` code",
    "[click](javascript:alert(1)) ![x](y)",
    "&lt;b&gt; &amp; &#60;",
    "**bold** _it_ ~~no~~ $x$",
    "# heading",
    "- item",
    "1. item",
    "===",
    "---",
    "> quote",
    "~~~\nfence",
    "one\n\n# two\r\n| --- |",
    "line\u2028break\u202eright to left\x00\x1b[31m",
    "<!-- comment -->",
    "]]>&&",
]
MARKUP = st.text(st.sampled_from("ab 1.#-+=*_`~|\\<>[]()!&;:/\n$\"'中"), max_size=30)


def seen(tokens: list[Token]) -> str:
    """The words that a reader sees."""
    inner = (child for token in tokens for child in token.children or [token])
    return "".join(child.content for child in inner if child.type in ("text", "code_inline", "text_special", "fence"))


def markup(tokens: list[Token]) -> set[str]:
    return {t.type for token in tokens for t in [token, *(token.children or [])]}


def words(text: str) -> str:
    return " ".join(re.sub("[\u2028\u202e\x00\x1b]", " ", text).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_a_paragraph_of_its_own_words(text: str) -> None:
    tokens = READER.parse(plain(text))
    assert markup(tokens) <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert seen(tokens) == words(text)


@given(MARKUP)
def test_no_text_is_markup(text: str) -> None:
    tokens = READER.parse(plain(text))
    assert markup(tokens) <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert seen(tokens) == words(text)


@pytest.mark.parametrize("shown", [plain, code])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_in_its_cell(shown: object, text: str) -> None:
    assert callable(shown)
    tokens = READER.parse(table([Md("A"), Md("B")], [[shown(text), Md("next")], [Md("x"), shown(text)]]))
    cells = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "td_open"]
    assert [seen([cell]) for cell in cells] == [words(text), "next", "x", words(text)]
    html = {child.content for cell in cells for child in cell.children or [] if child.type == "html_inline"}
    assert html <= {"<code>", "</code>"}


@given(MARKUP, MARKUP)
def test_code_in_a_cell_is_that_code(first: str, second: str) -> None:
    tokens = READER.parse(table([Md("A"), Md("B"), Md("C")], [[code(first), plain(second), Md("end")]]))
    cells = [seen([tokens[i + 1]]) for i, token in enumerate(tokens) if token.type == "td_open"]
    kept = [w for w in (words(first), words(second)) if w]
    assert cells == [*kept, "end"]


@pytest.mark.parametrize("text", [*HOSTILE, "a\n```\n<b>", "````\n```", "if a:\n    b"])
def test_a_block_ends_where_its_text_ends(text: str) -> None:
    tokens = READER.parse(block(text) + "\n\nafter")
    assert [t.type for t in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[2].content == "after"


def test_lines_of_a_block_keep_their_indent() -> None:
    assert READER.parse(block("all(x\n    for x in y)\n"))[0].content == "all(x\n    for x in y)\n"


def test_a_heading_and_a_list_keep_hostile_words_in_their_place() -> None:
    for text in HOSTILE:
        assert "<h1>owned" not in READER.render(heading(2, plain(text), "here"))
        tokens = READER.parse(bullets([plain(text), plain("next")]))
        assert [t.type for t in tokens].count("list_item_open") == 2


def test_columns_that_say_nothing_are_left_out() -> None:
    shown = table([Md("A"), Md("B"), Md("C")], [[Md("1"), Md(""), Md("3")], [Md(""), Md(""), Md("4")]])
    assert shown == "| A | C |\n| --- | --- |\n| 1 | 3 |\n|  | 4 |"


def test_the_name_of_a_place_is_plain() -> None:
    assert slug('R1"><script>') == "r1-script"
