"""Rules over whole series: what is said of every row is what the closures say of it, one by one."""

from __future__ import annotations

from random import Random

import pytest
from sql_cases import program, row, table, text_of
from test_sql_engine import places, same

from conformance.engines.series._stream import Stretch
from conformance.engines.series.feed import Feed
from conformance.engines.series.rule import series
from conformance.engines.sql.rows import connect
from conformance.judge.decide import decide
from conformance.rules.verdicts import PLACES

RULES, ROWS = 12, 40


@pytest.mark.parametrize("seed", range(20))
def test_series_and_the_closures_say_the_same_of_every_row(seed: int) -> None:
    rng = Random(seed)
    connection = connect(threads=1)
    data = [row(rng) for _ in range(ROWS)]
    table(connection, data)
    stated = rng.choice([None, 0.0, 0.5])
    for _ in range(RULES):
        one = program(rng)
        rule = series(one, uncertainty=stated)
        (chunk,) = Feed(connection, "data", "id", (), tuple(rule.columns)).chunks()
        assert chunk.times.tolist() == list(range(ROWS))
        stretch = Stretch(chunk.times, chunk.columns, slice(0, ROWS), False, False)
        placed = rule.place(stretch, {False: {}, True: {}})
        for number, cells in enumerate(data):
            evaluation = one.evaluate({"row": cells})
            decided = decide(evaluation, one.rule, generated=False, live=False, uncertainty=stated)
            context = text_of(one), cells
            assert PLACES[placed.places[number]] == places(decided), context
            margin = decided.margin
            if evaluation.applies is not False and evaluation.obstacle is None:
                says = placed.says.at(number)
                assert says.truth is evaluation.truth, context
                assert (says.atom is None) == (margin is None), context
                if margin is not None and says.atom is not None:
                    assert same(says.low, margin.normalised.low), context
                    assert same(says.high, margin.normalised.high), context
                    assert says.atom.text == margin.atom, context
