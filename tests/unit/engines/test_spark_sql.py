"""What DuckDB and Spark write differently for the same meaning."""

from __future__ import annotations

import pytest
from sqlglot import exp

from conformance.engines.spark.dialect import spark_text
from conformance.engines.sql.sheet import INF, Term, integer, number, of_type, undefined

A, B = exp.column("a"), exp.column("b")


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (number(1.0), "1.0e0"),  # without its exponent it would be a decimal
        (INF, "CAST('inf' AS DOUBLE)"),
        (A / B, "(CASE WHEN b = 0.0e0 THEN a * CAST('inf' AS DOUBLE) ELSE a / b END)"),
        (A / number(2.0), "a / 2.0e0"),
        (undefined(A), "(a > CAST('inf' AS DOUBLE))"),
        (integer(10**36), f"CAST({10**36} AS DECIMAL(38, 0))"),
        (exp.func("round_even", A, integer(0)), "RINT(a)"),
        (exp.func("epoch_ns", A), "(CAST(UNIX_MICROS(a) AS DECIMAL(20, 0)) * 1000)"),
        (exp.cast(A, "double"), "CAST(a AS DOUBLE)"),
        (exp.Literal.string("it's \\ so"), "'it\\'s \\\\ so'"),
    ],
)
def test_each_difference_has_its_own_words(term: Term, expected: str) -> None:
    assert spark_text(exp.select(term)) == f"SELECT {expected}"


def test_what_is_inside_is_rewritten_too() -> None:
    assert "ISNAN" not in spark_text(exp.select(undefined(undefined(A) / exp.paren(A / B))))
    assert spark_text(exp.select(exp.Abs(this=A / B))).count("CASE") == 1


def test_the_query_itself_stays_as_it_was() -> None:
    query = exp.select(undefined(A))
    spark_text(query)
    assert query.sql("duckdb") == "SELECT ISNAN(a)"


def test_casts_between_doubles_and_whole_numbers_are_split_so_that_none_is_rounded() -> None:
    whole = spark_text(exp.select(exp.cast(of_type(exp.column("a"), "double"), "int128")))
    assert str(2**57) in whole
    real = spark_text(exp.select(exp.cast(of_type(exp.column("a"), "int128"), "double")))
    assert str(2**64) in real
