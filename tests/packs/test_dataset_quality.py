"""Quality of data sets: traps that look complete, measures that shuffling leaves, and figures worked out twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulators import SYSTEMS, Judge, imported

from conformance.model.outcome import Outcome
from conformance.model.run import Finding
from conformance.packs import load
from conformance.packs.profiles import tailor

PACK = load(Path(__file__).parents[2] / "standards/data/dataset-quality")
MEASURES = ("complete-values", "complete-records", "claimed-completeness", "labels-complete", "arrives-in-time")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    """The faults of the simulator, and what they are made of."""
    with imported(SYSTEMS / PACK.short, "dataset_quality_faults") as module:
        yield module


def lowest(finding: Finding) -> float:
    """The worst margin that was found, in the rule's unit."""
    assert finding.worst is not None
    assert finding.worst.margin is not None
    assert finding.worst.margin.physical is not None
    return finding.worst.margin.physical.low


def test_gaps_that_are_filled_forward_look_complete_and_are_found_by_their_values(simulator: Any, judge: Judge) -> None:
    """The trap: completeness, as counted and as stated, is better than before."""
    found = judge(simulator.record("fills-gaps-forward"), "complete-values", "claimed-completeness",
                  "no-repeated-values", "energy-of-the-day")  # fmt: skip
    assert found["complete-values"].outcome is found["claimed-completeness"].outcome is Outcome.PASSED
    assert found["no-repeated-values"].outcome is found["energy-of-the-day"].outcome is Outcome.FAILED


def test_a_change_of_unit_that_stays_in_range_is_found_by_energy_alone(simulator: Any, judge: Judge) -> None:
    """Gigawatts in the place of megawatts are all plausible by themselves."""
    made = simulator.record("changes-to-gigawatts")
    found = judge(made, "plausible-range", "plausible-change", "within-available", "energy-of-the-day")
    assert [n for n, f in found.items() if f.outcome is Outcome.FAILED] == ["energy-of-the-day"]


def test_a_code_that_is_plausible_as_an_exchange_is_found_as_a_code(simulator: Any, judge: Judge) -> None:
    made = simulator.record(None)
    made.samples["a-grid"]["power"][100] = -99.0
    found = judge(made, "no-code-as-value", "plausible-range")
    assert found["no-code-as-value"].outcome is Outcome.FAILED
    assert found["plausible-range"].outcome is Outcome.PASSED


def test_noise_on_a_copied_day_hides_it_from_the_hash_and_not_from_the_distance(simulator: Any, judge: Judge) -> None:
    found = judge(simulator.record("copies-days-with-noise"), "no-day-twice", "no-near-duplicate-across-splits")
    assert found["no-day-twice"].outcome is Outcome.PASSED
    assert found["no-near-duplicate-across-splits"].outcome is Outcome.FAILED


def test_shuffling_rows_and_renaming_stations_change_no_measure(simulator: Any, judge: Judge) -> None:
    """Of the relations that the project set out with (DQ-10): there is no operation to ask twice."""
    plain, mixed = simulator.record(None), simulator.record(None)
    order = np.random.default_rng(1).permutation(8760)
    for name, rows in mixed.samples.items():
        mixed.samples[name] = {column: values[order] for column, values in rows.items()}
        mixed.samples[name]["station"] = np.full(8760, f"x-{name}", dtype=object)
    for table in ("stations", "reference"):
        mixed.tables[table]["station"] = [f"x-{name}" for name in mixed.tables[table]["station"]]
    names = (*MEASURES, "accuracy", "claimed-accuracy", "bins-counted", "seasons-covered")
    before, after = judge(plain, *names), judge(mixed, *names)
    assert {f.outcome for f in before.values()} == {f.outcome for f in after.values()} == {Outcome.PASSED}
    with_margin = [n for n in names if n != "bins-counted"]
    assert [lowest(after[n]) for n in with_margin] == pytest.approx([lowest(before[n]) for n in with_margin], abs=1e-9)


def test_each_value_more_that_is_missing_lowers_completeness(simulator: Any, judge: Judge) -> None:
    margins = []
    for lost in (0, 1, 50):
        made = simulator.record(None)
        rows = made.samples["wind-b"]
        known = np.flatnonzero(rows["flag"] == "OK")[:lost]
        rows["power"][known], rows["flag"][known] = np.nan, "MISSING"
        margins.append(lowest(judge(made, "complete-values")["complete-values"]))
    assert np.diff(margins) == pytest.approx([-100 / 8760, -49 * 100 / 8760], abs=1e-9)


def test_doubled_data_raise_nothing_and_fail(simulator: Any, judge: Judge) -> None:
    """A row that is there twice is no sample that is known, so that nothing passes for it."""
    made = simulator.record(None)
    for name, rows in made.samples.items():
        made.samples[name] = {column: np.concatenate([values, values]) for column, values in rows.items()}
    found = judge(made, "complete-values", "report-of-all-rows", "samples-rows-valid")
    assert found["samples-rows-valid"].outcome is Outcome.FAILED
    assert Outcome.PASSED not in {f.outcome for f in found.values()}


def test_bounds_of_the_stability_index_hold_for_all_shares() -> None:
    """`stability-terms` and `distribution-stable` stand for a logarithm that the rule language does not have."""
    random = np.random.default_rng(7)
    a, e = random.uniform(1e-4, 1, (2, 100_000))
    term = (a - e) * np.log(a / e)
    rounding = 1e-12
    assert (2 * (a - e) ** 2 / (a + e) <= term + rounding).all()
    assert (term <= (a - e) ** 2 / np.sqrt(a * e) + rounding).all()


@pytest.mark.parametrize(("right", "count", "bound"), [(10, 10, 0.78703), (95, 100, 0.90083), (0, 10, 0.0)])
def test_bound_of_wilson_is_the_root_of_its_test(right: int, count: int, bound: float) -> None:
    """The share p at which (seen - p)^2 = z^2 p (1 - p) / n, as the rule and the simulator write it out."""
    with imported(SYSTEMS / PACK.short, "dataset_quality_recording") as module:
        found = module.wilson(right / count, count)
    assert found == pytest.approx(bound, abs=1e-4)
    assert (right / count - found) ** 2 == pytest.approx(1.645**2 * found * (1 - found) / count, abs=1e-12)


def test_a_day_of_25_hours_is_whole_only_by_its_own_clock(simulator: Any, judge: Judge) -> None:
    made = simulator.record(None)
    days = made.tables["days"]
    hours = [h for s, h in zip(days["station"], days["hours"], strict=True) if s == "wind-b"]
    assert sorted(hours)[0] == 23
    assert sorted(hours)[-1] == 25
    assert sum(hours) == 8760
    found = judge(simulator.record("ignores-summer-time"), "hours-of-the-day", "days-of-the-clock")
    assert found["hours-of-the-day"].outcome is Outcome.FAILED
    assert found["days-of-the-clock"].outcome is Outcome.PASSED


@pytest.mark.parametrize(("minutes", "outcome"), [(0, Outcome.PASSED), (1, Outcome.FAILED)])
def test_the_embargo_is_a_whole_day(minutes: int, outcome: Outcome, simulator: Any, judge: Judge) -> None:
    made = simulator.record(None)
    made.tables["blocks"]["begins"] = made.tables["blocks"]["begins"] - np.timedelta64(minutes, "m")
    assert judge(made, "embargo")["embargo"].outcome is outcome


def test_without_labels_what_holds_for_any_series_is_left() -> None:
    left = {name.rpartition("/")[2] for name in tailor(PACK, "unlabelled", as_of="2026-11-22").rules}
    assert {"complete-values", "energy-balance", "hours-of-the-day", "files-as-hashed"} <= left
    assert not left & {"label-agreement", "embargo", "rare-events"}
    assert not {n for n in left if "label" in n and n not in ("labelling-guide-used",)}
