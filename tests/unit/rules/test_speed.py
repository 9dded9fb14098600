from __future__ import annotations

from math import inf, isfinite
from time import perf_counter
from typing import Any

import pytest
from rules_bench import RAMP, figure, program


def by_hand(case: dict[str, Any]) -> tuple[float, str] | None:
    request = case["request"]
    setpoints = {s["id"]: s["p"] for s in case["response"]["set"]}
    minutes, worst, at = request["interval"], inf, None
    for unit in request["units"]:
        p, now, ramp = setpoints.get(unit["id"]), unit["p_now"], unit["ramp"]
        if p is None or now is None or ramp is None:
            return None
        margin = ramp * minutes + 0.1 - abs(p - now)
        if not isfinite(margin):
            return None
        if margin < worst:
            worst, at = margin, unit["id"]
    return None if at is None else (worst, at)


def test_a_rule_gives_the_margin_of_a_function_written_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    units = [{"id": str(n), "p_now": 10 + n, "p_max": 90, "ramp": 1.0, "on": True} for n in range(32)]
    setpoints = [{"id": str(n), "p": 12.5 + 1.01 * n} for n in range(32)]
    case = {"request": {"interval": 15, "units": units}, "response": {"set": setpoints}}
    compiled = program(RAMP, parameters={"tolerance": figure(0.1, "MW")})
    found, expected = compiled.evaluate(case).margin, by_hand(case)
    assert found is not None
    assert expected is not None
    assert found.physical.low == pytest.approx(expected[0])
    assert found.at == (("u", expected[1]), ("s", expected[1]))

    def seconds(run: Any) -> float:
        start = perf_counter()
        for _ in range(200):
            run(case)
        return perf_counter() - start

    ours, hand = (min(seconds(run) for _ in range(5)) for run in (compiled.evaluate, by_hand))
    with capsys.disabled():
        print(f"\n32 elements: {ours / 200 * 1e6:.0f} us, {ours / hand:.1f} times a function written by hand")
