from __future__ import annotations

from conformance.cases import Hunt, Space


def test_the_same_seed_and_tells_give_the_same_points(space):
    def trace(seed):
        hunt, points = Hunt(space, ["a", "b"], seed=seed, budget=60), []
        for _ in range(10):
            batch = hunt.ask(6)
            hunt.tell([(p, {"a": float(p[1]) - 90, "b": None if p[5] else float(p[0])}) for p in batch])
            points += batch
        return points

    assert trace("1") == trace("1")
    assert trace("1") != trace("2")


def test_no_point_is_asked_twice_and_the_budget_holds(space):
    hunt, asked = Hunt(space, ["r"], seed="1", budget=100), []
    while batch := hunt.ask(7):
        asked += batch
        hunt.tell([(p, {"r": float(p[1])}) for p in batch])
    assert len(asked) == len(set(asked)) == 100
    assert hunt.left == 0
    assert hunt.worst("r") == (min(asked, key=lambda p: p[1]), 86.4)


def test_a_space_that_is_used_up_ends_the_hunt(box):
    space = box(1, resolution=0.25)
    hunt, asked = Hunt(space, ["r"], seed="1", budget=100), []
    while batch := hunt.ask(4):
        asked += batch
        hunt.tell([(p, {"r": float(p[0])}) for p in batch])
    assert sorted(asked) == [(0.0,), (0.25,), (0.5,), (0.75,), (1.0,)]


def test_calls_go_first_to_rules_that_are_near_their_limit_and_not_broken(box):
    space = box(6)
    rules = {
        "broken": lambda p: -1.0 - p[0],
        "near": lambda p: 0.2 + abs(p[1] - 0.3),
        "far": lambda p: 50.0 + p[2],
    }
    hunt = Hunt(space, list(rules), seed="1", budget=300)
    batch = [space.nominal]
    while batch:
        hunt.tell([(p, {name: rule(p) for name, rule in rules.items()}) for p in batch])
        batch = hunt.ask(10)
    spent = {name: hunt._quarries[name].spent for name in rules}
    assert spent["near"] > spent["far"] > 0
    assert spent["near"] > 2 * spent["broken"] > 0
    assert hunt.worst("near")[1] < 0.205
    assert hunt.worst("broken")[1] == -2.0  # and goes on looking for the worst


def test_cases_that_say_nothing_do_not_stop_the_hunt(box):
    space = box(3)
    hunt, seen = Hunt(space, ["r"], seed="1", budget=200), 0
    while batch := hunt.ask(10):
        seen += len(batch)
        hunt.tell([(p, {"r": None if p[0] < 0.5 else float("nan") if p[1] > 0.9 else p[2]}) for p in batch])
    assert seen == 200
    assert hunt.worst("r")[1] == 0.0


def test_a_hunt_without_dimensions_asks_nothing():
    space = Space.of({"type": "object", "properties": {}}, site={}, envelope={})
    assert Hunt(space, ["r"], seed="1", budget=10).ask(5) == []
