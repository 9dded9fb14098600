"""Baselines and plans: worked examples, a second implementation, and the relations that are known to be true."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conformance.measures.flexible_load import STEP, baseline, plan
from conformance.measures.registry import NotComputable

READINGS = st.floats(10, 200, allow_nan=False)
FEW = settings(max_examples=100, deadline=None)


def day(ago: int, before: list[float], during: list[float], **more: Any) -> dict[str, Any]:
    return {"ago": ago, "kind": "working", "event": False, "outage": False, "before": before, "during": during} | more


@st.composite
def requests(draw: st.DrawFn, *, method: str = "ten-of-ten") -> dict[str, Any]:
    """Twelve to sixteen days, of which at least ten are eligible."""
    pair = st.lists(READINGS, min_size=2, max_size=2)
    days = [day(n, draw(pair), draw(pair)) for n in range(1, 11)]
    flags = st.fixed_dictionaries(
        {"event": st.booleans(), "outage": st.booleans(), "kind": st.sampled_from(["working", "off"])}
    )
    days += [day(n, draw(pair), draw(pair)) | draw(flags) for n in range(11, draw(st.integers(13, 17)))]
    today = {"kind": "working", "before": draw(pair), "during": draw(pair)}
    return {"method": method, "transformer_ratio": draw(st.floats(1, 2000)), "days": days, "today": today}


def test_ten_days_of_one_hundred_and_a_warm_afternoon() -> None:
    days = [day(n, [100.0, 100.0], [90.0, 110.0]) for n in range(1, 12)]
    found = baseline(
        method="ten-of-ten", transformer_ratio=10, days=days, today={"kind": "working", "before": [105, 115]}
    )
    assert found["days"] == [{"ago": n} for n in range(1, 11)]
    assert found["raw"] == pytest.approx([900, 1100])
    assert found["adjustment"] == pytest.approx(1.1)
    assert found["baseline"] == pytest.approx([990, 1210])


@pytest.mark.parametrize(
    ("before", "ratio", "adjustment"), [(60.0, 0.6, 0.8), (80.0, 0.8, 0.8), (120.0, 1.2, 1.2), (150.0, 1.5, 1.2)]
)
def test_the_adjustment_stops_at_its_caps(before: float, ratio: float, adjustment: float) -> None:
    days = [day(n, [100.0], [100.0]) for n in range(1, 11)]
    found = baseline(method="ten-of-ten", transformer_ratio=1, days=days, today={"kind": "working", "before": [before]})
    assert (found["ratio"], found["adjustment"]) == (pytest.approx(ratio), pytest.approx(adjustment))


def test_of_five_days_one_that_deviates_by_more_than_a_quarter_is_dropped_and_not_replaced() -> None:
    days = [day(n, [100.0], [100.0 if n != 2 else 200.0]) for n in range(1, 9)]
    found = baseline(method="last-five", transformer_ratio=1, days=days, today={"kind": "working", "before": [150.0]})
    assert found["days"] == [{"ago": n} for n in (1, 3, 4, 5)]
    assert found["baseline"] == pytest.approx([150.0])  # no cap was seen for this method


def test_exactly_a_quarter_is_kept() -> None:
    days = [day(n, [1.0], [energy]) for n, energy in enumerate([75.0, 125.0, 100.0, 100.0, 100.0], start=1)]
    found = baseline(method="last-five", transformer_ratio=1, days=days, today={"kind": "working", "before": [1.0]})
    assert len(found["days"]) == 5


@pytest.mark.parametrize("twist", ["event", "outage", "off", "twice", "null", "ragged", "no load", "today"])
def test_what_cannot_be_computed_is_said(twist: str) -> None:
    days: list[dict[str, Any]] = [day(n, [100.0], [100.0]) for n in range(1, 11)]
    today: dict[str, Any] = {"kind": "working", "before": [100.0]}
    if twist in ("event", "outage"):
        days[3][twist] = True
    elif twist == "off":
        days[3]["kind"] = "off"
    elif twist == "twice":
        days[3]["ago"] = 1
    elif twist == "null":
        days[3]["during"] = [None]
    elif twist == "ragged":
        days[3]["during"] = [1.0, 2.0]
    elif twist == "no load":
        days = [d | {"before": [0.0]} for d in days]
    else:
        today["before"] = [1.0, 2.0]
    with pytest.raises(NotComputable):
        baseline(method="ten-of-ten", transformer_ratio=1, days=days, today=today)


@FEW
@given(requests())
def test_a_second_implementation_agrees(request: dict[str, Any]) -> None:
    fit = [d for d in request["days"] if d["kind"] == "working" and not (d["event"] or d["outage"])][:10]
    ratio = sum(request["today"]["before"]) / fmean(sum(d["before"]) for d in fit)
    factor = request["transformer_ratio"] * min(1.2, max(0.8, ratio))
    assert baseline(**request)["baseline"] == pytest.approx(
        [factor * fmean(d["during"][i] for d in fit) for i in (0, 1)]
    )


@FEW
@given(requests(), st.floats(0.2, 5))
def test_history_and_event_day_scaled_together_scale_the_baseline(request: dict[str, Any], factor: float) -> None:
    """M9."""

    def times(one: dict[str, Any]) -> dict[str, Any]:
        return one | {name: [factor * v for v in one[name]] for name in ("before", "during")}

    scaled = request | {"days": [times(d) for d in request["days"]], "today": times(request["today"])}
    expected = [factor * b for b in baseline(**request)["baseline"]]
    assert baseline(**scaled)["baseline"] == pytest.approx(expected, rel=1e-9)


@FEW
@given(requests(), st.randoms(use_true_random=False), st.lists(READINGS, min_size=2, max_size=2))
def test_the_order_of_days_and_the_load_of_the_event_change_nothing(
    request: dict[str, Any], random: Any, load: Any
) -> None:
    """M9c."""
    days = list(request["days"])
    random.shuffle(days)
    changed = request | {"days": days, "today": request["today"] | {"during": load}}
    assert baseline(**changed)["baseline"] == pytest.approx(baseline(**request)["baseline"], rel=1e-12)


def test_a_baseline_does_not_shift_with_its_data() -> None:
    """M9b is false: why no rule says so."""
    days = [day(n, [100.0], [50.0]) for n in range(1, 11)]

    def of(shift: float) -> float:
        moved = [d | {k: [v + shift for v in d[k]] for k in ("before", "during")} for d in days]
        today = {"kind": "working", "before": [110.0 + shift]}
        return float(baseline(method="ten-of-ten", transformer_ratio=1, days=moved, today=today)["baseline"][0])

    assert of(100) - of(0) != pytest.approx(100, abs=1)


EVENT = {"delay": 15, "duration": 30, "reduction": 40.0}
CALM = {"active": False, "delay": 0, "duration": 0}
JOBS = [{"id": "a", "power": 60.0, "ends": 60, "latest": 75}]


def test_a_plan_by_hand() -> None:
    """Two quarters at 20 of 60 kW, caught up in the two that follow."""
    power = [60.0, 20.0, 20.0, 100.0, 40.0, 0.0]
    found = plan(event=EVENT, emergency=CALM, other=[40.0] * 6, jobs=JOBS, load=[40 + p for p in power],
                 schedule=[{"id": "a", "power": power}])  # fmt: skip
    assert [s["baseline"] for s in found["steps"]] == [100, 100, 100, 100, 40, 40]
    assert [s["in_event"] for s in found["steps"]] == [False, True, True, False, False, False]
    assert (found["committed"], found["delivered"], found["rebound"]) == (20.0, 20.0, 20.0)
    assert found["jobs"] == [
        {"id": "a", "needed": 60.0, "done": 60.0, "in_time": 60.0, "least": 0.0, "most": 100.0, "moved": 40.0}
    ]


def test_load_above_the_baseline_delivers_nothing_and_takes_nothing_away() -> None:
    power = [60.0, 100.0, 0.0, 60.0]
    found = plan(
        event=EVENT, emergency=CALM, other=[0.0] * 4, jobs=JOBS, load=power, schedule=[{"id": "a", "power": power}]
    )
    assert found["delivered"] == 15.0


@FEW
@given(st.lists(st.floats(0, 100), min_size=8, max_size=8), st.integers(0, 6), st.integers(0, 6))
def test_energy_is_conserved(power: list[float], delay: int, duration: int) -> None:
    """What the load deviates in all is what the work deviates in all."""
    assume(duration)
    event = {"delay": delay * STEP, "duration": duration * STEP, "reduction": 1.0}
    found = plan(event=event, emergency=CALM, other=[5.0] * 8, jobs=JOBS, load=[5 + p for p in power],
                 schedule=[{"id": "a", "power": power}])  # fmt: skip
    moved = sum(s["load"] - s["baseline"] for s in found["steps"]) * STEP / 60
    assert moved == pytest.approx(found["jobs"][0]["done"] - found["jobs"][0]["needed"], abs=1e-9)
    assert all(s["made"] == pytest.approx(s["load"]) for s in found["steps"])


@pytest.mark.parametrize("twist", ["short", "unknown", "twice", "none"])
def test_a_plan_that_does_not_fit_has_no_value(twist: str) -> None:
    power = [60.0] * 4
    schedule = {"short": [{"id": "a", "power": power[1:]}], "unknown": [{"id": "b", "power": power}],
                "twice": [{"id": "a", "power": power}] * 2, "none": []}[twist]  # fmt: skip
    with pytest.raises(NotComputable):
        plan(event=EVENT, emergency=CALM, other=[0.0] * 4, jobs=JOBS, load=power, schedule=schedule)
