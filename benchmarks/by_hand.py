"""Rules of two packs as functions that a careful person would write, to measure the rule language against them.

Each gives the same `Evaluation` as the rule: truth, whether the limit could bind, the margin in its unit and divided by
its scale, the comparison and the element that decide. None where a value that it uses is null, infinite or not a
number, where ids do not match, or where nothing is in scope. Limits and tolerances stand in it as plain numbers.

They do less than the rule for incomplete data: the rule gives an interval and names what is missing, and takes a
Boolean or a text in the place of a number for missing too; these functions take what the schema was to keep out as it
comes, or raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum, inf, isfinite
from typing import Any, TypeAlias

from conformance.model.outcome import Evaluation, Interval, Margin

AT_LIMIT = 1e-9
Case: TypeAlias = Mapping[str, Any]
ByHand: TypeAlias = Callable[[Case], Evaluation | None]


def answer(
    margin: float,
    at: tuple[tuple[str, str], ...] = (),
    *,
    atom: str,
    unit: str = "MW",
    scale: float = 1.0,
    binding: bool = True,
) -> Evaluation:
    """The form in which the harness takes an answer. What is at the limit but for rounding is exactly there."""
    normalised = margin / scale
    if -AT_LIMIT <= normalised <= AT_LIMIT:
        normalised = 0.0
    physical = Interval(normalised * scale, normalised * scale)
    found = Margin(physical, unit, Interval(normalised, normalised), atom, at)
    return Evaluation(True, binding, normalised >= 0, found)


def matched(first: Sequence[Any], second: Sequence[Any]) -> list[tuple[Any, Any]] | None:
    """Both lists row by row with equal ids; None if an id is missing, alone or doubled."""
    known = {row.get("id"): row for row in second}
    if not len(known) == len(first) == len(second) or None in known:
        return None
    rows = [(row, known.pop(row.get("id"), None)) for row in first]
    return None if known else rows


def ramp_rate(case: Case) -> Evaluation | None:
    """The change of each unit in service against its ramp rate; it can bind where a unit cannot cross its range."""
    generators, minutes = case["request"]["generators"], case["request"]["interval"]
    rows = matched(generators, case["response"]["setpoints"])
    if rows is None or minutes is None:
        return None
    worst, at, binding = inf, None, False
    for unit, point in rows:
        running = unit["in_service"]
        if running is None:
            return None
        if not running:
            continue
        p, now, ramp, low, high = point["p"], unit["p_now"], unit["ramp"], unit["p_min"], unit["p_max"]
        if p is None or now is None or ramp is None or low is None or high is None:
            return None
        margin = ramp * minutes + 0.1 - abs(p - now)
        room = high - low
        if not (isfinite(margin) and isfinite(room)):
            return None
        binding = binding or ramp * minutes < room
        if margin < worst:
            worst, at = margin, unit["id"]
    if at is None:
        return None
    atom = "abs(s.p - g.p_now) <= g.ramp * request.interval + tolerance"
    return answer(worst, (("g", at), ("s", at)), atom=atom, binding=binding)


def setpoint_within_limits(case: Case) -> Evaluation | None:
    """The set-point of each unit in service between its limits."""
    rows = matched(case["request"]["generators"], case["response"]["setpoints"])
    if rows is None:
        return None
    worst, at, low_side = inf, None, False
    for unit, point in rows:
        running = unit["in_service"]
        if running is None:
            return None
        if not running:
            continue
        p, low, high = point["p"], unit["p_min"], unit["p_max"]
        if p is None or low is None or high is None:
            return None
        above, below = p - (low - 0.01), high + 0.01 - p
        if not (isfinite(above) and isfinite(below)):
            return None
        margin = above if above <= below else below
        if margin < worst:
            worst, at, low_side = margin, unit["id"], above <= below
    if at is None:
        return None
    atom = "s.p >= g.p_min - tolerance" if low_side else "s.p <= g.p_max + tolerance"
    return answer(worst, (("g", at), ("s", at)), atom=atom)


def bus_voltage(case: Case) -> Evaluation | None:
    """The voltage of each bus between its limits."""
    worst, at, low_side = inf, None, False
    for bus in case["flow"]["buses"]:
        v, low, high = bus["v"], bus["v_min"], bus["v_max"]
        if v is None or low is None or high is None:
            return None
        above, below = v - (low - 0.0001), high + 0.0001 - v
        if not (isfinite(above) and isfinite(below)):
            return None
        margin = above if above <= below else below
        if margin < worst:
            worst, at, low_side = margin, bus["id"], above <= below
    if at is None:
        return None
    atom = "b.v >= b.v_min - tolerance" if low_side else "b.v <= b.v_max + tolerance"
    return answer(worst, (("b", at),), atom=atom, unit="pu", scale=0.01)


def line_loading(case: Case) -> Evaluation | None:
    """The loading of each branch that has a rating; it can bind where some branch is rated below the load."""
    demand, weakest = [], 0.0
    for drawn in case["request"]["loads"]:
        p = drawn["p"]
        if p is None or not isfinite(p):
            return None
        demand.append(max(p, 0))
    for branch in case["request"]["network"]["branches"]:
        rating, running = branch.get("rating"), branch["in_service"]
        if running is None or (rating is not None and (not isfinite(rating) or rating == 0)):
            return None
        if running and rating is not None:
            weakest = max(weakest, 1 / rating)
    worst, at = inf, None
    for branch in case["flow"]["branches"]:
        rating, loading = branch.get("rating"), branch.get("loading")
        if rating is None:
            continue
        if loading is None or not isfinite(rating):
            return None
        margin = 100 + 0.01 - loading
        if not isfinite(margin):
            return None
        if margin < worst:
            worst, at = margin, branch["id"]
    if at is None:
        return None
    atom = "b.loading <= limit + tolerance"
    return answer(worst, (("b", at),), atom=atom, unit="% of rating", binding=fsum(demand) * weakest > 1)


def power_balance(case: Case) -> Evaluation | None:
    """What the reference bus had to add against a share of the load."""
    slack, demand = case["flow"]["slack"], [one["p"] for one in case["request"]["loads"]]
    if slack is None or None in demand:
        return None
    margin = 0.001 * fsum(demand) - abs(slack)
    if not isfinite(margin):
        return None
    return answer(margin, atom="abs(flow.slack) <= limit * sum(d.p for d in request.loads)")


def claimed_losses(case: Case) -> Evaluation | None:
    """Losses that were expected against those of the replay."""
    losses, expected = case["flow"]["losses"], case["response"]["expected"]["losses"]
    if losses is None or expected is None:
        return None
    margin = 0.02 * losses + 0.1 - abs(expected - losses)
    if not isfinite(margin):
        return None
    return answer(margin, atom="abs(response.expected.losses - flow.losses) <= limit * flow.losses + tolerance")


def reserve(case: Case) -> Evaluation | None:
    """What all units can add in ten minutes against the greater of the demanded reserve and a share of the load."""
    request = case["request"]
    rows = matched(request["generators"], case["response"]["setpoints"])
    demand = [one["p"] for one in request["loads"]]
    if rows is None or request["reserve"] is None or None in demand:
        return None
    spare, largest = [], -inf
    for unit, point in rows:
        running, p, high, ramp = unit["in_service"], point["p"], unit["p_max"], unit["ramp"]
        if running is None or p is None or not isfinite(p):
            return None
        largest = max(largest, p)
        if running:
            if high is None or ramp is None or not (isfinite(high) and isfinite(ramp)):
                return None
            spare.append(min(high - p, ramp * 10))
    margin = fsum(spare) - (max(max(request["reserve"], 0.02 * fsum(demand)), 0 * largest) - 0.1)
    if not isfinite(margin):
        return None
    return answer(margin, atom=RESERVE)


RESERVE = (
    'sum(min(g.p_max - s.p, g.ramp * horizon) if g.in_service else q("0 MW") '
    'for g, s in pair(request.generators, response.setpoints, "id")) '
    ">= max(max(request.reserve, load_share * sum(d.p for d in request.loads)), "
    "unit_share * max(s.p for s in response.setpoints)) - tolerance"
)


def room_power(case: Case) -> Evaluation | None:
    """The heating of each room between nothing and what its heater can give."""
    rows = matched(case["request"]["rooms"], case["response"]["powers"])
    if rows is None:
        return None
    worst, at, low_side = inf, None, False
    for room, given in rows:
        p, high = given["p"], room["p_max"]
        if p is None or high is None:
            return None
        above, below = p + 0.01, high + 0.01 - p
        if not (isfinite(above) and isfinite(below)):
            return None
        margin = above if above <= below else below
        if margin < worst:
            worst, at, low_side = margin, room["id"], above <= below
    if at is None:
        return None
    atom = "-tolerance <= a.p" if low_side else "a.p <= r.p_max + tolerance"
    return answer(worst, (("r", at), ("a", at)), atom=atom, unit="kW")


def total_power(case: Case) -> Evaluation | None:
    """All heaters together against the fuse; it can bind where they could ask for more."""
    request = case["request"]
    fuse = FUSE.get(request["connection"])
    wanted, given = [room["p_max"] for room in request["rooms"]], [one["p"] for one in case["response"]["powers"]]
    if fuse is None or None in wanted or None in given:
        return None
    most, margin = fsum(wanted), fuse - fsum(given)
    if not (isfinite(most) and isfinite(margin)):
        return None
    return answer(margin, atom="sum(a.p for a in response.powers) <= limit", unit="kW", binding=most > fuse)


FUSE = {"single-phase": 8.0, "three-phase": 20.0}
