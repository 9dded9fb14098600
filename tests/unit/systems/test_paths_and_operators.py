from __future__ import annotations

import copy
from typing import Any

import pytest

from conformance.systems.operators import LISTS, MERGES, NEEDS, NUMBERS, PREVIOUS, SWAPS, TIME, VALUES, apply
from conformance.systems.paths import parse_place

ROOT: dict[str, Any] = {
    "units": [
        {"id": "1", "p": 10.0, "low": 1, "high": 9, "at": "2026-07-01T04:00:00Z"},
        {"id": "2", "p": -4.0, "low": 2, "high": 8, "at": "2026-07-01T04:00:00Z"},
        {"id": "3", "p": None, "low": 3, "high": 7, "at": "soon"},
    ],
    "total": 6,
    "ok": True,
}


def values(path: str, root: Any = ROOT) -> list[Any]:
    return [container[key] for container, key in parse_place(path).slots(root)]


def changed(operator: str, path: str, **options: Any) -> Any:
    before = copy.deepcopy(ROOT)
    result = apply(operator, parse_place(path), ROOT, **options)
    assert before == ROOT, "the value that was given is never changed"
    return result


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("response.units[*].p", [10.0, -4.0, None]),
        ("response.units[0].p", [10.0]),
        ("response.units[-1].id", ["3"]),
        ("response.units[id=2].high", [8]),
        ("response.units[9].p", []),
        ("response.total.deeper", []),
        ("response.units.p", []),
        ("response", [ROOT]),
    ],
)
def test_a_path_names_every_place_that_is_there_and_none_that_is_not(path: str, found: list[Any]) -> None:
    assert values(path) == found


@pytest.mark.parametrize("text", ["", "Units", "1st.a", "response..a", "response[", "response[a]", "response.a "])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        parse_place(text)


@pytest.mark.parametrize(
    ("operator", "path", "options", "found"),
    [
        ("unit_scale", "response.units[*].p", {"amount": 1000.0}, [10000.0, -4000.0, None]),
        ("threshold_offset", "response.units[*].p", {"amount": 0.5}, [10.5, -3.5, None]),
        ("clip", "response.units[*].p", {"amount": 3.0}, [3.0, -3.0, None]),
        ("sign_flip", "response.units[*].p", {}, [-10.0, 4.0, None]),
        ("sign_flip", "response.ok", {}, [True]),
        ("nan_to_zero", "response.units[*].p", {}, [10.0, -4.0, 0]),
        ("null", "response.units[*].p", {}, [None, None, None]),
        ("replace", "response.ok", {"value": False}, [False]),
        ("edition_swap", "response.units[*].id", {"value": "9"}, ["9", "9", "9"]),
        ("role_merge", "response.units[*].low", {"other": "high"}, [9, 8, 7]),
        ("comparator_flip", "response.units[*].low", {"other": "high"}, [9, 8, 7]),
        ("quantile_swap", "response.units[*].high", {"other": "low"}, [1, 2, 3]),
        ("swap", "response.units[*].high", {"other": "low"}, [1, 2, 3]),
        ("time_shift", "response.units[*].at", {"amount": 3600.0}, ["2026-07-01T05:00:00Z"] * 2 + ["soon"]),
        ("hold_last", "response.units[*].p", {"previous": {"units": [{"p": 7}]}}, [7, -4.0, None]),
    ],
)
def test_operators_change_values_at_their_path(operator: str, path: str, options: Any, found: list[Any]) -> None:
    assert values(path, changed(operator, path, **options)) == found


def test_a_swap_moves_both_fields_and_a_merge_only_one() -> None:
    swapped = changed("comparator_flip", "response.units[0].low", other="high")["units"][0]
    merged = changed("role_merge", "response.units[0].low", other="high")["units"][0]
    assert (swapped["low"], swapped["high"]) == (9, 1)
    assert (merged["low"], merged["high"]) == (9, 9)


def test_a_hash_is_swapped_for_another_hash() -> None:
    swapped = values("response.units[0].id", changed("hash_swap", "response.units[0].id"))[0]
    assert len(swapped) == 64


@pytest.mark.parametrize(
    ("operator", "path", "ids"),
    [
        ("drop", "response.units[1]", ["1", "3"]),
        ("drop", "response.units[*]", []),
        ("duplicate", "response.units[0]", ["1", "1", "2", "3"]),
        ("duplicate", "response.units[*]", ["1", "1", "2", "2", "3", "3"]),
        ("reorder", "response.units", ["3", "2", "1"]),
        ("reorder", "response.units[*]", ["3", "2", "1"]),
    ],
)
def test_operators_on_lists_remove_double_and_reverse(operator: str, path: str, ids: list[str]) -> None:
    assert [unit["id"] for unit in changed(operator, path)["units"]] == ids


def test_a_field_can_be_dropped() -> None:
    assert "total" not in changed("drop", "response.total")


def test_the_whole_of_the_call_before_can_come_again() -> None:
    assert changed("stale_input", "request", previous={"total": 1}) == {"total": 1}


def test_every_operator_of_the_schema_is_one_that_can_be_applied() -> None:
    from conformance.packs.forms import form

    named = set(form("defects")["items"]["properties"]["operator"]["enum"])
    assert named == set(NUMBERS) | set(VALUES) | SWAPS | MERGES | LISTS | PREVIOUS | TIME
    assert set(NEEDS) <= named
