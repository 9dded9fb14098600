"""The crosswalk: relations and the strictest of a set on generated provisions, orders and circles, and our own maps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulators import SYSTEMS, imported, judged

from conformance.model.outcome import Outcome
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
PACK = load(ROOT / "standards/ecosystem/crosswalk")
with imported(SYSTEMS / "crosswalk", "crosswalk_recording") as RECORDING:
    pass
AMOUNTS = st.integers(-4, 4).map(lambda n: n / 2)
COMPARATORS = {"lower": ("<=", "<"), "higher": (">=", ">")}
Row = dict[str, Any]


@st.composite
def provisions(draw: st.DrawFn) -> list[Row]:
    """Two to five limits of one group and direction; few amounts, so that ties are frequent."""
    way = draw(st.sampled_from(["lower", "higher"]))
    comparators = st.sampled_from(COMPARATORS[way])
    row = st.fixed_dictionaries({"amount": AMOUNTS, "comparator": comparators})
    fixed = {"role": "limit", "stricter": way, "group": "g"}
    return [made | fixed for made in draw(st.lists(row, min_size=2, max_size=5))]


@given(provisions(), AMOUNTS)
def test_what_meets_the_strictest_meets_all(own: list[Row], value: float) -> None:
    """XW-05, with intersections of half-open intervals worked out here a second time."""
    best = min(own, key=RECORDING.strictness)
    compare = {"<=": value.__le__, "<": value.__lt__, ">=": value.__ge__, ">": value.__gt__}
    in_all = all(compare[row["comparator"]](row["amount"]) for row in own)
    assert RECORDING.meets(value, best) == in_all
    assert [RECORDING.meets(value, row) for row in own] == [compare[r["comparator"]](r["amount"]) for r in own]


@given(provisions())
def test_relations_are_mirrored_and_transitive(own: list[Row]) -> None:
    """XW-03 and XW-09."""
    relation, opposite = RECORDING.relation, RECORDING.OPPOSITE
    for one, other in permutations(own, 2):
        assert relation(other, one) == opposite.get(relation(one, other), "equal")
    for a, b, c in permutations(own, 3):
        if relation(a, b) == relation(b, c) == "stricter":
            assert relation(a, c) == "stricter"


@pytest.mark.parametrize("ranks", list(permutations((1.0, 2.0, 3.0))))
def test_three_that_are_each_stricter_than_the_next_fail_however_they_are_ranked(
    ranks: tuple[float, ...], tmp_path: Path
) -> None:
    made = RECORDING.Crosswalk()
    names = ("eu-made-up-clock", "us-made-up-clock", "cn-made-up-clock")
    for name, rank in zip(names, ranks, strict=True):
        made.row("provisions", provision=name)["rank"] = rank
    made.tables["pairs"] = [
        made.row("pairs", first=names[n], second=names[(n + 1) % 3]) | {"relation": "stricter"} for n in range(3)
    ]
    found = judged(PACK, made, tmp_path, ["order-of-strictness"])
    assert found["order-of-strictness"].outcome is Outcome.FAILED


def test_a_lower_set_point_of_an_alarm_is_stricter_and_a_higher_one_looser(tmp_path: Path) -> None:
    """The first lesson: comparator and direction are two things; both directions are tried."""
    one, other = "cn-made-up-gas", "us-made-up-gas"
    for amount, stricter in ((0.5, True), (2.5, False)):
        made = RECORDING.Crosswalk()
        made.row("provisions", provision=one).update(value=amount, amount=amount)
        made.tables["pairs"] = [made.row("pairs", first=one, second=other)]
        assert made.tables["pairs"][0]["relation"] == "stricter"
        found = judged(PACK, made, tmp_path, ["declared-stricter"])["declared-stricter"].outcome
        assert found is (Outcome.PASSED if stricter else Outcome.FAILED)


def test_listed_figures_and_statuses_are_those_of_the_reference() -> None:
    """The table of the pack and the reference were written down apart, in different units."""
    table = {row.eq["provision"]: row for row in PACK.limits["figures"].rows}
    listed = {name: values for _, name, *values in RECORDING.LISTED}
    assert table.keys() == listed.keys()
    for name, (value, unit, common, *_, known) in listed.items():
        row = table[name]
        assert row.figure.value == pytest.approx(value * RECORDING.FACTORS.get((unit, common), 1))
        assert (row.eq["common"], row.figure.status.value) == (common, known)


def test_the_maps_of_our_own_packs_claim_no_more_than_was_read(tmp_path: Path) -> None:
    today = datetime(2026, 12, 1, tzinfo=UTC)
    with imported(SYSTEMS / "crosswalk", "record_maps") as module:
        own = module.OwnMaps(ROOT / "standards", as_of=today)
    pack = tailor(PACK, "rule-packs", as_of="2026-12-01")
    found = {name: f.outcome for name, f in judged(pack, own, tmp_path).items()}
    assert len(own.maps) > len({row["document"] for row in own.maps}) > 10
    assert Outcome.FAILED not in found.values()
    assert found["edition-of-its-number"] is found["map-no-better-than-its-source"] is Outcome.PASSED
    assert found["mapped-edition-known"] is Outcome.INCONCLUSIVE  # some packs name no edition; none is made up
    own.maps[0] |= {"known": "primary", "clause": None}
    assert judged(pack, own, tmp_path)["unread-is-not-primary"].outcome is Outcome.FAILED


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    with imported(SYSTEMS / "crosswalk", "crosswalk_faults") as module:
        yield module


def test_generated_values_lie_at_the_limits_and_on_both_sides(faults: Any) -> None:
    made = faults.record(None)
    amounts = {row["provision"]: row["amount"] for row in made.tables["provisions"]}
    rows = made.tables["outputs"]
    at = sum(row["value"] == amounts[row["provision"]] for row in rows)
    assert 0.02 * len(rows) < at < 0.2 * len(rows)
    assert {(row["meets"], row["meets_strictest"]) for row in rows} == {(True, True), (True, False), (False, False)}
