"""Boavizta's carbon service, which we did not write and only speak to: what it answers, and what is found of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

if find_spec("boaviztapi") is None:  # never imported here: it runs as a process of its own
    pytest.skip("boaviztapi is AGPL-3.0 and heavy; `tox -e real-boavizta` installs it", allow_module_level=True)


@pytest.fixture(scope="module")
def footprint(beside: Callable[[str], None]) -> Iterator[Callable[..., dict[str, float]]]:
    beside("boavizta")
    import service

    with service.service() as client:
        yield lambda **asked: service.footprint(client, **asked)


def failed(outcomes: dict[str, Any]) -> set[str]:
    return {name for name, outcome in outcomes.items() if outcome == "failed"}


def test_operation_is_energy_times_the_factor_that_it_names(footprint: Callable[..., dict[str, float]]) -> None:
    answer = footprint(power=700, hours=744)
    assert answer["operational"] == pytest.approx(0.7 * 744 * answer["factor"], rel=5e-4)


def test_negative_power_is_answered_with_negative_carbon(footprint: Callable[..., dict[str, float]]) -> None:
    plus, minus = (footprint(power=power, hours=744) for power in (700, -700))
    assert minus["operational"] == -plus["operational"] < 0


def test_embodied_carbon_is_rounded_so_that_months_do_not_add_up_to_the_life(
    footprint: Callable[..., dict[str, float]],
) -> None:
    month = footprint(power=700, hours=730)
    life = footprint(power=700, hours=month["life"])
    assert month["life"] / 730 == pytest.approx(48)
    assert 48 * month["embodied"] == pytest.approx(life["embodied"], rel=0.05)
    assert 48 * month["embodied"] != pytest.approx(life["embodied"], rel=0.001)


def test_the_pack_finds_the_rounding_and_does_not_pass_a_factor_without_a_year(
    judged: Callable[..., dict[str, Any]],
) -> None:
    outcomes = judged("boavizta")
    assert failed(outcomes) == {"embodied-recomputed"}
    assert outcomes["known-factor"] == "inconclusive"
    assert outcomes["operational-recomputed"] == "passed"


def test_the_pack_finds_the_month_of_negative_power(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("boavizta-negative-power")
    assert failed(outcomes) == {
        "embodied-recomputed", "pue-once", "operational-recomputed", "job-is-the-sum", "software-intensity-recomputed"
    }  # fmt: skip
