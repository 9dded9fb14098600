from __future__ import annotations

from pathlib import Path

import pytest

from conformance.assess.kills import Row, points
from conformance.cases import Space
from conformance.errors import Text
from conformance.packs import load

SMALL = Path(__file__).parents[3] / "fixtures/packs/small"


@pytest.mark.parametrize("count", [1, 2, 7, 100, 5000])
def test_as_many_points_are_tried_as_were_asked_for(count: int) -> None:
    pack = load(SMALL)
    space = Space.of(pack.operations["heat"].request, site={"house": pack.sites["house"].bases["cottage"]}, envelope={})
    drawn = list(points(space, seed="s", count=count))
    assert len(drawn) == count
    assert drawn[0] == space.nominal
    assert drawn == list(points(space, seed="s", count=count))


@pytest.mark.parametrize(
    ("named", "killed", "survived"),
    [
        (("a", "b"), {"a": 1, "b": 9}, ()),
        (("a", "b"), {"a": 1, "c": 2}, ("b",)),
        ((), {"c": 2}, ()),
        ((), {}, ("slips",)),
    ],
)
def test_a_defect_survives_where_a_rule_that_names_it_does_not_find_it(named, killed, survived) -> None:
    row = Row("slips", Text("slips", "漏"), named, killed, None, 10)
    assert row.survived == survived
