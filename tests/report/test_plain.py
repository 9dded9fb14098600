"""Text made harmless, figures that hide no difference."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import columns
from conformance.model.outcome import Interval, Margin
from conformance.model.run import Counts
from conformance.report import words
from conformance.report.plain import clean, fit, flow, interval, margin_words, number, signed, unit_words, wrap


@given(st.text())
def test_cleaned_text_has_no_control_character(text: str) -> None:
    assert all(c.isprintable() or c == " " or c.isspace() for c in clean(text))
    assert not set(clean(text)) & set("\x1b\n\r\u202e\u200b")


@given(st.text(), st.integers(1, 30))
def test_fitted_text_is_never_wider_than_asked(text: str, width: int) -> None:
    assert columns(fit(text, width)) <= width


@given(st.lists(st.text(min_size=1), max_size=5), st.integers(5, 40))
def test_flowed_lines_are_never_wider_than_asked(pieces: list[str], width: int) -> None:
    assert all(columns(line) <= width for line in flow(pieces, width))


@given(st.text(), st.integers(2, 40))
def test_wrapped_lines_are_never_wider_than_asked(text: str, width: int) -> None:
    assert all(columns(line) <= width for line in wrap(text, width))


def test_wrapping_loses_no_word() -> None:
    text = "三 项要求 BROKEN，other words (indicative self-test)"
    assert "".join("".join(wrap(text, 12)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-0.31, "-0.31"), (2.1, "+2.1"), (150.0, "+150"), (0.0, "0"), (-0.000042, "-0.000042"), (-3e-12, "-3.0e-12")],
)
def test_a_margin_keeps_its_sign_and_two_digits(value: float, shown: str) -> None:
    assert signed(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(205.0, "205"), (0.95, "0.95"), (True, "true"), (0, "0"), (1234567.8, "1234568"), (-0.0, "0")]
)
def test_a_value_is_written_as_people_write_it(value: object, shown: str) -> None:
    assert number(value) == shown


def test_an_uncertain_margin_is_shown_as_an_interval() -> None:
    assert interval(Interval(-1.0, 2.0), "MW", "en") == "-1.0 to +2.0 MW"
    assert interval(Interval(-inf, 2.0), "MW", "en") == "at most +2.0 MW"
    assert interval(Interval(-1.0, inf), "MW", "zh") == "至少 -1.0 MW"
    assert interval(Interval(-inf, inf), "MW", "zh") == "未知"
    assert interval(Interval(1.7e308, inf), "MW", "en") == "unlimited"


def test_the_difference_of_two_percentages_is_in_points() -> None:
    margin = Margin(Interval.point(-0.3), "% of rating", Interval.point(-0.3), "a <= b")
    assert margin_words(margin).en == "-0.30 points"
    assert margin_words(margin).zh == "-0.30 个百分点"
    assert unit_words("% of rating").en == "% of rating"


def test_every_word_of_the_model_has_a_phrase_in_both_languages() -> None:
    import attrs

    assert set(words.COUNTS) == {a.name for a in attrs.fields(Counts)}
    tables = (words.OUTCOMES, words.REASONS, words.NEXT, words.BASES, words.SEVERITIES, words.OBLIGATIONS,
              words.DISPOSITIONS, words.STAGES, words.ANSWERS)  # fmt: skip
    for table in tables:
        kind = type(next(iter(table)))
        assert set(table) == set(kind)
        assert all(text.en and text.zh and text.en != text.zh for text in table.values())
