"""Tests of one's own: `conforms` holds a function to a pack, shrinks toward nominal, and never passes on nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest
from hypothesis import Phase, example, settings

from conformance.adapter import Refuse
from conformance.errors.assess import NoRequest, NotOfPack
from conformance.testing import NothingShown, conforms, off_nominal

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "fixtures/packs/small")
FUSE = {"single-phase": 8.0, "three-phase": 20.0}

SAME = settings(max_examples=400, deadline=None, derandomize=True, database=None)


def good(request: dict[str, Any]) -> dict[str, Any]:
    cold = {r["id"]: r["temperature"] < request["target"] for r in request["rooms"]}
    wanted = sum(r["p_max"] for r in request["rooms"] if cold[r["id"]])
    share = min(1.0, FUSE[request["connection"]] / wanted) if wanted else 0.0
    return {"powers": [{"id": r["id"], "p": share * r["p_max"] if cold[r["id"]] else 0.0} for r in request["rooms"]]}


def all_alike(request: dict[str, Any], power: float) -> dict[str, Any]:
    return {"powers": [{"id": r["id"], "p": power} for r in request["rooms"]]}


def faulty(request: dict[str, Any]) -> dict[str, Any]:
    return all_alike(request, 3.9) if request["target"] > 296.5 else good(request)


def text_of(test: Callable[[], None], kind: type[BaseException] = AssertionError) -> str:
    with pytest.raises(kind) as raised:
        test()
    return "\n".join([str(raised.value), *getattr(raised.value, "__notes__", [])])


@conforms(SMALL, cases=50)
def test_a_good_function_passes(request):
    return good(request)


class TestMethods:
    @conforms(SMALL, cases=10, rules=["room-power"])
    def test_a_method_with_another_name_for_the_request(self, wish):
        return good(wish)


def test_a_failure_shrinks_toward_nominal_and_says_what_a_run_says() -> None:
    said = text_of(conforms(SMALL, rules=["total-power"], settings=SAME)(faulty))
    assert "All heaters together stay within the fuse: failed" in said
    assert "small/total-power  R2, clause 4.2 · shall · critical · indicative" in said
    assert "11.7 kW, limit 8; margin -3.7 kW" in said
    assert "off nominal: target temperature, 294 -> 296.6 K" in said
    assert "it can be met: the reference keeps 8 kW" in said
    assert "request=off_nominal({'target': 296.6})" in said


def test_what_hypothesis_shows_can_be_pasted_as_an_example() -> None:
    seen = []

    @conforms(SMALL, cases=1, rules=["room-power"])
    @example(off_nominal({"target": 298.3}))
    def one(request):
        seen.append(request["target"])
        return good(request)

    one()
    assert seen[0] == 298.3

    @conforms(SMALL, cases=1)
    @example(off_nominal({"target": 298.3}))
    def other(request):
        return faulty(request)

    assert "request=off_nominal({'target': 298.3})" in text_of(other)


def test_a_whole_request_may_be_an_example_and_must_fit() -> None:
    from conformance.packs import load

    house = load(SMALL).sites["house"].bases["cottage"]
    whole = {"target": 297, "connection": house["connection"], "ambient": [280], "rooms": house["rooms"]}
    asked = conforms(SMALL, cases=1)
    assert "small/room-power" in text_of(asked(example(whole)(lambda request: faulty(request))))
    with pytest.raises(NoRequest, match="heat"):
        asked(example(whole | {"target": "warm"})(lambda request: good(request)))()
    with pytest.raises(NotOfPack, match="targt"):
        asked(example(off_nominal({"targt": 297.0}))(lambda request: good(request)))()


def test_a_relation_is_asked_twice() -> None:
    def colder(request):
        return all_alike(request, 0.0) if request["target"] > 296.5 else good(request)

    said = text_of(conforms(SMALL, rules=["warmer-target"], settings=SAME)(colder))
    assert "small/warmer-target" in said
    assert "then: target + 1 K" in said
    assert "then: response: " in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (float("nan"), "what it returned is no JSON"),
        ("much", "small/heat-response-valid"),
        (None, "small/heat-response-valid"),
        (object(), "what it returned is no JSON"),
    ],
)
def test_an_answer_that_is_none_fails(answer: Any, said: str) -> None:
    assert said in text_of(conforms(SMALL, cases=5)(lambda request: all_alike(request, answer)))


def test_a_refusal_fails_where_the_reference_answers() -> None:
    def refuses(request):
        raise Refuse("too cold")

    assert "refused: too cold" in text_of(conforms(SMALL, cases=5)(refuses))


def test_what_the_function_raises_is_its_authors_to_see() -> None:
    def crashes(request):
        return request["no such field"]

    assert "no such field" in text_of(conforms(SMALL, cases=5)(crashes), KeyError)


def test_a_request_is_the_functions_own_to_change() -> None:
    def careless(request):
        answer = good(request)
        request["rooms"].clear()
        return answer

    conforms(SMALL, cases=20)(careless)()


def test_what_was_not_shown_is_skipped_if_named_and_warned_of_if_not(write_system) -> None:
    def refuses_colder(request):
        """Answers only where the target cannot go up any more, so that the relation cannot be tried."""
        if request["target"] < 299.0:
            raise Refuse("not this one")
        return good(request)

    once = settings(max_examples=1, deadline=None, phases=[Phase.explicit])
    warmest = example(off_nominal({"target": 299.0}))
    with pytest.raises(SkipTest, match="small/warmer-target: untested: never applied in this run"):
        conforms(SMALL, rules=["warmer-target"], settings=once)(warmest(refuses_colder))()
    villa = write_system("", extra="environment: test\nsite: {house: {base: villa}}")
    with pytest.warns(NothingShown, match="small/total-power: inconclusive: this input cannot break it"):
        conforms(SMALL, settings=once, system=villa)(example(off_nominal({}))(good))()


def test_names_that_the_pack_does_not_have_are_refused() -> None:
    with pytest.raises(NotOfPack, match="nonsense"):
        conforms(SMALL, rules=["nonsense"])(good)()
    with pytest.raises(NotOfPack, match="cool"):
        conforms(SMALL, operation="cool")(good)()


def test_site_and_envelope_are_those_of_a_system_file(write_system) -> None:
    inside = "environment: test\nenvelope: {target: {of: value, between: [289, 295]}}\nsite: {house: {base: villa}}"
    file = write_system("", extra=inside)
    seen = []

    def faulty_when_warm(request):
        seen.append(len(request["rooms"]))
        return faulty(request)

    conforms(SMALL, cases=60, rules=["room-power"], system=file)(faulty_when_warm)()
    assert set(seen) == {len(villa_rooms())}


@pytest.mark.parametrize("page", ["in-ci.md", "in-ci.zh-CN.md"])
def test_the_example_of_the_docs_names_what_there_is(page: str) -> None:
    """What it shows is asked, but for the dispatch, which no page can hold."""
    import re

    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (rules,) = re.findall(r'@conforms\("grid-dispatch", rules=\[(.*?)\]', text)
    (change,) = re.findall(r'@example\(off_nominal\({"(.*?)": (.*?)}\)\)', text)
    seen = []

    def refuses(request):
        seen.append(next(load["p"] for load in request["loads"] if load["bus"] == "8"))
        raise Refuse("not connected")

    held = conforms("grid-dispatch", rules=rules.replace('"', "").split(", "), cases=1)
    with pytest.raises(SkipTest, match="ramp-rate"):
        held(example(off_nominal({change[0]: float(change[1])}))(refuses))()
    assert seen[0] == float(change[1])


def villa_rooms() -> list[Any]:
    from conformance.packs import load

    rooms: list[Any] = load(SMALL).sites["house"].bases["villa"]["rooms"]
    return rooms
