"""The benchmark's chasing cars against an independent integration with events."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

CARS = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/chasing_cars.py"))  # benchmarks are not installed
BRAKING, CHASING, KEEPING, PIECES, SPAN = (CARS[n] for n in ("BRAKING", "CHASING", "KEEPING", "PIECES", "SPAN"))
drive, robustness = CARS["drive"], CARS["robustness"]
CHANGES = {CHASING: [(KEEPING, -10)], KEEPING: [(CHASING, 15), (BRAKING, -5)], BRAKING: [(CHASING, 20)]}
"""Mode to the modes that follow it, at the gap in metres, negative where the gap must be that or less."""


def integrated(throttle: float, brake: float, until: float) -> np.ndarray:
    """Gaps, (4, times), each 0.1 s under constant inputs, with each change of mode found by scipy."""
    modes, state, now, found = [KEEPING] * 4, np.array([0.0, 10, 20, 30, 40, 0, 0, 0, 0, 0]), 0.0, []
    times = np.arange(0, until, 0.1)

    def rates(_t, s):
        v = s[5:]
        y_dot = [v[0], *(v[n + 1] if mode == KEEPING else -v[n + 1] for n, mode in enumerate(modes))]
        v_dot = [-throttle - brake * v[0]]
        v_dot += [{CHASING: 1.0, KEEPING: 0.0, BRAKING: -v[n + 1]}[mode] for n, mode in enumerate(modes)]
        return [*y_dot, *v_dot]

    while now < until:
        events = []
        for n, mode in enumerate(modes):
            for after, limit in CHANGES[mode]:

                def event(_t, s, n=n, limit=limit):
                    return np.sign(limit) * (s[n + 1] - s[n]) - limit

                event.terminal, event.direction, event.change = True, 1, (n, after)
                events.append(event)
        solved = solve_ivp(rates, (now, until), state, events=events, rtol=1e-9, atol=1e-9, dense_output=True)
        inside = times[(times >= now) & (times < solved.t[-1])]
        if len(inside):
            found.append(np.diff(solved.sol(inside)[:5], axis=0))
        now, state = solved.t[-1], solved.y[:, -1]
        for event, hit in zip(events, solved.t_events, strict=True):
            if len(hit):
                modes[event.change[0]] = event.change[1]
    return np.concatenate(found, axis=1)


def test_gaps_agree_with_an_integration_that_locates_each_change_of_mode():
    for throttle, brake in ((0.3, 0.6), (0.8, 0.4), (0.5, 0.9)):
        inputs = np.full((1, 2, PIECES), throttle)
        inputs[:, 1] = brake
        ours = drive(inputs, finer=5)
        exact = integrated(throttle, brake, 30)
        starts = np.round(np.arange(exact.shape[1]) * 0.1 / ours.every).astype(int)
        low, high = ours.least[starts, :, 0].T, ours.most[starts, :, 0].T
        assert np.all(low - 0.02 <= exact)
        assert np.all(exact <= high + 0.02)


def test_what_is_known_by_hand():
    still, full = np.zeros((1, 2, PIECES)), np.zeros((1, 2, PIECES))
    full[:, 0] = 1
    at_rest, fast = (robustness(drive(inputs)) for inputs in (still, full))
    assert at_rest["CC2"][0] == 10 - 15  # nobody moves: the gap stays at 10 m
    assert at_rest["CC1"][0] == 40 - 10
    assert at_rest["CCx"][0] == 10 - 7.5
    assert fast["CC1"][0] < -100  # the leader gains 1 m/s each second, the last car follows too late
    assert PIECES * SPAN == 100


def test_robustness_hardly_changes_at_a_fifth_of_the_step():
    rng = np.random.default_rng(1)
    inputs = np.repeat(rng.random((30, 2, 5)), 4, axis=2)
    coarse, fine = robustness(drive(inputs)), robustness(drive(inputs, finer=5))
    for rule in coarse:
        assert np.median(np.abs(coarse[rule] - fine[rule])) < 0.05, rule
