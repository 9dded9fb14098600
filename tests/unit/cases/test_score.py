"""A score stands for a sequence of calls: it is drawn whole, cut short only to shrink, and read back."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import pytest
from attrs import evolve

from conformance.cases import Score, Space, validator
from conformance.errors import Refused
from conformance.model.standard import Operation, Table, Trace

CALLS = 30
CH4 = {
    "type": "number", "unit": "% of volume", "nominal": 0.3, "resolution": 0.01,
    "bounds": {"lower": 0, "upper": 2.5, "source": "x/S1", "status": "project"},
    "over_calls": {"knots": 4, "interpolation": "hold"},
}  # fmt: skip
REQUEST = {
    "type": "object",
    "required": ["time", "ch4", "limit"],
    "properties": {
        "time": {"type": "string", "format": "date-time", "clock": True},
        "ch4": CH4,
        "acknowledge": {
            "type": "boolean", "nominal": False, "choices": [{"value": False}, {"value": True}],
            "over_calls": {"knots": 4, "interpolation": "hold"},
        },
        "limit": {"type": "number", "nominal": 1, "resolution": 0.1, "bounds": {"lower": 0.5, "upper": 1.5}},
        "name": {"type": "string", "nominal": "s1"},
    },
}  # fmt: skip
ANSWER = {"type": "object", "properties": {"alarm": {"type": "boolean"}}}
TABLE = Table("alarms", {}, ("time",), "time", every="500 ms", trace=Trace("watch", CALLS))


def score(*, calls: int = CALLS, stream: bool = False, **fields: Any) -> Score:
    request = {**REQUEST, "properties": {**REQUEST["properties"], **fields}}  # type: ignore[dict-item]
    table = evolve(TABLE, trace=Trace("watch", calls))
    return Score.of(table, Operation("watch", request, ANSWER, stream=stream))


def space(of: Score, **options: Any) -> Space:
    return Space.of(of.schema, **{"site": {}, "envelope": {}, **options})


@pytest.fixture
def whole() -> Space:
    return space(score())


def test_every_stage_draws_whole_sequences(whole: Space) -> None:
    rng = Random(1)
    drawn = [whole.nominal, *whole.boundary(), *whole.pairwise("s"), *(whole.independent("s", i) for i in range(50))]
    drawn += [whole.declared.mixed(rng) for _ in range(50)]
    assert len(drawn) > 110
    assert {whole.request(point)["calls"] for point in drawn} == {CALLS}
    assert len({str(whole.request(point)["ch4"]) for point in drawn}) > 50


def test_hypothesis_draws_whole_sequences(whole: Space) -> None:
    seen: list[Any] = []
    whole.declared.structure(seen.append, seed="s", examples=30)
    assert {whole.request(point)["calls"] for point in seen} == {CALLS}


def test_what_varies_has_a_value_for_each_call_and_the_rest_one(whole: Space) -> None:
    request = whole.request(whole.independent("s", 3))
    assert len(request["ch4"]) == len(request["acknowledge"]) == CALLS
    assert isinstance(request["limit"], float)
    assert request["name"] == "s1"
    assert "time" not in request
    assert validator(score().schema)(request) == []


def test_requests_carry_their_own_values_and_the_simulated_time(whole: Space) -> None:
    request = whole.request(whole.independent("s", 3))
    requests = score().requests(request)
    assert len(requests) == CALLS
    assert [r["ch4"] for r in requests] == request["ch4"]
    assert [r["acknowledge"] for r in requests] == request["acknowledge"]
    assert {r["limit"] for r in requests} == {request["limit"]}
    assert [r["time"] for r in requests[:3]] == [
        "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"
    ]  # fmt: skip
    assert all(validator(REQUEST)(r) == [] for r in requests)


def test_a_stream_gets_samples_with_their_times(whole: Space) -> None:
    first = score(stream=True).requests(whole.request(whole.nominal))[0]
    assert first["time"] == "2026-01-01T00:00:00Z"
    assert first["sample"]["ch4"] == 0.3


@pytest.mark.parametrize("how", ["hold", "linear"])
def test_a_sequence_that_was_cut_short_is_read_back(how: str) -> None:
    of = score(ch4={**CH4, "over_calls": {"knots": 4, "interpolation": how}})
    whole, rng = space(of), Random(2)
    for _ in range(200):
        point = (rng.randint(1, CALLS), *whole.declared.mixed(rng)[1:])
        request = whole.request(point)
        found = whole.point_of(request)
        assert found is not None
        assert found[0] == point[0]
        assert whole.request(found) == request
        assert len(of.requests(request)) == point[0]
        assert whole.inside(found)


def test_a_cut_begins_as_the_whole_does(whole: Space) -> None:
    point = whole.independent("s", 5)
    full, part = whole.request(point), whole.request((7, *point[1:]))
    assert part["ch4"] == full["ch4"][:7]
    assert part["acknowledge"] == full["acknowledge"][:7]


def test_a_sequence_of_one_call_has_no_length_to_shrink() -> None:
    one = {"over_calls": {"knots": 1, "interpolation": "hold"}}
    of = score(calls=1, ch4={**CH4, **one}, acknowledge={**REQUEST["properties"]["acknowledge"], **one})  # type: ignore[index]
    whole = space(of)
    assert [d.path for d in whole.dimensions] == ["ch4[knot=0]", "acknowledge[knot=0]", "limit"]
    assert whole.shortest.nominal == whole.nominal
    assert len(of.requests(whole.request(whole.nominal))) == 1


def test_ten_thousand_calls_are_few_values() -> None:
    whole = space(score(calls=10_000))
    assert len(whole.dimensions) == 10
    request = whole.request(whole.independent("s", 0))
    requests = score(calls=10_000).requests(request)
    assert len(requests) == 10_000
    assert requests[-1]["time"] == "2026-01-01T01:23:19.5Z"


def test_an_envelope_holds_over_all_calls() -> None:
    from conformance.model.system import Band

    whole = space(score(), envelope={"ch4": Band(0.0, 1.0, "value")})
    drawn = [whole.request(whole.independent("s", i)) for i in range(50)]
    assert max(value for request in drawn for value in request["ch4"]) <= 1.0
    assert {request["calls"] for request in drawn} == {CALLS}
    assert not all(whole.inside(point) for point in whole.boundary())


def test_the_number_of_calls_is_a_change_that_a_reader_sees(whole: Space) -> None:
    (change,) = whole.changes((5, *whole.nominal[1:]))
    assert (change.path, change.nominal, change.value) == ("calls", CALLS, 5)
    assert change.label is not None


def test_words_are_not_interpolated() -> None:
    linear = {**REQUEST["properties"]["acknowledge"], "over_calls": {"knots": 4, "interpolation": "linear"}}  # type: ignore[index]
    with pytest.raises(Refused):
        space(score(acknowledge=linear))
    assert list(islice(space(score()).boundary(), 1))


@pytest.mark.parametrize("how", ["hold", "linear"])
@pytest.mark.parametrize(
    "broken", [{"calls": 9}, {"calls": 10_000_000}, {"calls": "x"}, {"calls": 0}, {"ch4": [0.3]}, {"ch4": 0.3}]
)
def test_a_score_that_was_changed_by_hand_has_no_point(how: str, broken: dict[str, Any]) -> None:
    whole = space(score(ch4={**CH4, "over_calls": {"knots": 4, "interpolation": how}}))
    request = whole.request((7, *whole.nominal[1:]))
    assert whole.values(request) is not None
    assert whole.values({**request, **broken}) is None
    assert whole.point_of({**request, **broken}) is None


def test_an_array_that_ends_early_is_held() -> None:
    requests = score().requests({"calls": 4, "ch4": [0.1, 0.2], "acknowledge": [True], "limit": 1})
    assert [r["ch4"] for r in requests] == [0.1, 0.2, 0.2, 0.2]
    assert [r["acknowledge"] for r in requests] == [True] * 4
