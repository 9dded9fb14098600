"""What an answer gives away, against worked examples and other ways to compute the same."""

from __future__ import annotations

from base64 import b64decode, b64encode
from math import acos, cos, degrees, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.measures.disclosure import RADIUS, distance, group, leaks

ADDRESS = "10.21.7.45"


def ways(payload: str, value: str = ADDRESS, **more: object) -> list[str]:
    return leaks(payload=payload, fields=[{"name": "a", "value": value, **more}])["fields"][0]["ways"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("payload", "way"),
    [
        ("the gateway is 10.21.7.45, as asked", "plain"),
        ("1 0 . 2 1 . 7 . 4 5", "plain"),
        ("１０．２１．７．４５", "plain"),
        ("10-21-7-45", "plain"),
        ("54.7.12.01", "reversed"),
        (ADDRESS.encode().hex(), "hexadecimal"),
        (ADDRESS.encode().hex(" "), "hexadecimal"),
        ("一〇点二一点七点四五".replace("点", "."), "spoken"),
        ("yi ling. er yi. qi. si wu", "spoken"),
        ("one zero two one seven four five", "spoken"),
    ],
)
def test_a_value_is_found_in_each_disguise(payload: str, way: str) -> None:
    assert way in ways(payload)


def test_an_alias_is_found_and_nothing_is_found_in_an_innocent_text() -> None:
    assert ways("Sheung Wan Substation", "上环变电站", aliases=["sheung wan substation"]) == ["alias"]
    assert ways("The feeder carried 12.4 MW on 10 June.") == []
    assert ways("") == []


@given(st.text("abcdefgh ", max_size=12), st.text("abcdefgh ", max_size=12))
def test_base64_of_a_text_around_the_value_is_found_at_any_offset(before: str, after: str) -> None:
    coded = b64encode(f"{before}{ADDRESS}{after}".encode()).decode()
    assert ADDRESS in b64decode(coded).decode()
    assert "base64" in ways(coded)


@given(st.floats(-80, 80), st.floats(-170, 170), st.floats(0.01, 5), st.floats(0.01, 5))
def test_the_distance_is_that_of_the_law_of_cosines(lat: float, lon: float, north: float, east: float) -> None:
    one, two = radians(lat), radians(lat + north)
    angle = acos(min(1.0, sin(one) * sin(two) + cos(one) * cos(two) * cos(radians(east))))
    assert distance(lat, lon, lat + north, lon + east) == pytest.approx(RADIUS * angle, rel=1e-6)


def test_a_position_is_found_in_either_order_and_in_degrees_minutes_and_seconds() -> None:
    place = {"name": "p", "value": "substation", "latitude": 40.5, "longitude": 114.25}
    north = 10 / RADIUS
    for payload in (f"{40.5 + degrees(north):.9f}, 114.250000", "near 114.250000 / 40.500090"):
        nearest = leaks(payload=payload, fields=[place])["fields"][0]["nearest"]
        assert nearest == pytest.approx(10, abs=0.02)
    assert leaks(payload="40°30′0.0″ 114°15′0.0″", fields=[place])["fields"][0]["nearest"] == pytest.approx(0, abs=0.01)
    assert leaks(payload="40.5 degrees", fields=[place])["fields"][0]["nearest"] is None


def customer(name: int, load: float, *, included: bool = True, before: bool = False) -> dict[str, object]:
    return {"id": str(name), "load": load, "included": included, "before": before}


def test_fifteen_alike_and_one_that_stands_out() -> None:
    told = group(customers=[customer(n, 10) for n in range(15)])
    assert (told["count"], told["total"]) == (15, 150)
    assert told["largest"] == pytest.approx(100 / 15)
    assert told["difference"] == {"count": 0, "largest": None}
    assert group(customers=[*(customer(n, 10) for n in range(14)), customer(14, 60)])["largest"] == pytest.approx(30)


def test_a_difference_is_known_only_where_one_group_contains_the_other() -> None:
    inside = [customer(n, 5, before=n < 14) for n in range(16)]
    assert group(customers=inside)["difference"] == {"count": 2, "largest": 50}
    assert group(customers=[*inside, customer(16, 5, included=False, before=True)])["difference"]["count"] == 0
    assert group(customers=[])["difference"] == {"count": 0, "largest": None}


@given(st.lists(st.tuples(st.floats(1, 100), st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_a_difference_is_the_same_whichever_group_was_released_first(rows: list[tuple[float, bool, bool]]) -> None:
    one = [customer(n, load, included=a, before=b) for n, (load, a, b) in enumerate(rows)]
    two = [customer(n, load, included=b, before=a) for n, (load, a, b) in enumerate(rows)]
    if any(a for _, a, _ in rows) and any(b for _, _, b in rows):
        assert group(customers=one)["difference"] == group(customers=two)["difference"]
