"""What the pack power-quality promises: its simulated facility passes; the order of a chain changes the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from simulators import imported

from conformance.assess import assess, make_plan
from conformance.cli import common
from conformance.engines.sql.rows import connect
from conformance.engines.tables import examine, stage
from conformance.evidence import read_record
from conformance.model.outcome import Outcome
from conformance.model.run import Record
from conformance.model.standard import Figure, Pack, Rule, Step
from conformance.packs import load, read_system, tailor
from conformance.rules import compile_rule
from conformance.rules.verdicts import RowVerdict

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/energy-for-compute/power-quality"
REFERENCE = ROOT / "fixtures/systems/power-quality"
STANDARDS = {
    "gb-1993-2008": "gb-",
    "en-50160": "en-",
    "ieee-519-2014": "ieee-",
    "ieee-519-2022": "ieee-",
    "iec-61000-2-4": "iec-",
}
MONDAY, WEEK = datetime.fromisoformat("2026-01-05T00:00:00+08:00"), timedelta(days=7)
LOW = {
    "meter": "p1", "place": "pcc", "system_voltage": 0.4, "declared_voltage": 230, "environment": "none", "sk_min": 10,
    "i_sc": 20000, "i_l": 800, "user_capacity": 1, "supply_capacity": 2,
}  # fmt: skip
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load(FOLDER)


@pytest.fixture(scope="module")
def simulate() -> Iterator[ModuleType]:
    with imported(REFERENCE, "simulate") as module:
        yield module


@pytest.fixture(scope="module")
def reference(simulate: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    simulate.write(simulate.facility(), folder)
    return folder


def judge(pack: Pack, folder: Path, scratch: Path, tables: set[str] | None = None) -> Record:
    """The record of ``folder``; of ``tables`` alone where they are given."""
    scratch.mkdir(parents=True, exist_ok=True)
    file = folder / "system.yaml"
    if tables is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if "parquet" not in line or line.split(":")[0].strip() in tables]
        file = folder / f"{scratch.name}.yaml"
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    plan = make_plan(pack, read_system(file, [pack]), oracle=None, settings=common.settings_for(pack))
    assess(plan, record=scratch / "run.jsonl", scratch=scratch / "files")
    return read_record(scratch / "run.jsonl")


def surfaces(rules: Sequence[Rule]) -> set[str]:
    return {rule.applies_to for rule in rules} | {j.table for rule in rules for j in rule.joins.values() if j.table}


def test_the_simulated_facility_passes_every_rule(pack: Pack, reference: Path, tmp_path: Path) -> None:
    record = judge(pack, reference, tmp_path)
    assert {f.rule: f.outcome for f in record.findings if f.outcome is not Outcome.PASSED} == {}
    assert {f.rule for f in record.findings} >= {rule.id for rule in pack.rules.values() if rule.attested is None}
    assert record.footer is not None
    assert record.footer.exit_code == 0


@pytest.mark.parametrize("profile", STANDARDS)
def test_the_simulated_facility_meets_each_standard_in_its_own_zone(
    profile: str, pack: Pack, reference: Path, tmp_path: Path
) -> None:
    tailored = tailor(pack, profile, as_of="2026-07-01")
    own = {name: rule for name, rule in tailored.rules.items() if name.split("/")[1].startswith(STANDARDS[profile])}
    assert own
    assert not {n for n in tailored.rules if n.split("/")[1].split("-")[0] in ("gb", "en", "ieee", "iec")} - set(own)
    slow = {"frequency"} & surfaces([*own.values()])  # a year is read for the standard of which it is a test alone
    rules = own if profile == "en-50160" else {n: r for n, r in own.items() if r.applies_to not in slow}
    record = judge(evolve(tailored, rules=rules), reference, tmp_path / "run", surfaces([*rules.values()]))
    assert {f.rule: f.outcome for f in record.findings if f.outcome is not Outcome.PASSED} == {}


def test_the_same_data_break_the_edition_of_2014_and_keep_that_of_2022(
    pack: Pack, simulate: ModuleType, tmp_path: Path
) -> None:
    made = simulate.facility(fault="even-harmonics")
    simulate.write({name: made[name] for name in ("interval-harmonics", "meters")}, tmp_path)
    broken: dict[str, set[str]] = {}
    for edition in ("2014", "2022"):
        tailored = tailor(pack, f"ieee-519-{edition}", as_of="2026-07-01")
        rules = {n: r for n, r in tailored.rules.items() if "harmonic-current-weekly" in n}
        record = judge(
            evolve(tailored, rules=rules), tmp_path, tmp_path / f"run-{edition}", {"interval-harmonics", "meters"}
        )
        broken[edition] = {f.rule.split("/")[1] for f in record.findings if f.outcome is Outcome.FAILED}
    assert broken["2014"] == {"ieee-2014-harmonic-current-weekly-95", "ieee-2014-harmonic-current-weekly-99"}
    assert broken["2022"] == set()


def verdict(pack: Pack, rule: Rule, **tables: Rows) -> RowVerdict:
    """What ``rule`` says of rows in memory."""
    with connect(threads=1) as connection:
        for name, rows in tables.items():
            stage(connection, name, pack.tables[name], rows)
        own = pack.tables[rule.applies_to]
        views = {name: name for name in tables}
        found = examine(connection, own, [compile_rule(rule, pack)], pack=pack, views=views, documents={})
    return found[rule.id].verdict


def readings(values: Sequence[float], *, phase: str = "a", week: int = 0, every: int = 600, per: int = 1) -> Rows:
    """Distortion of a phase from a Monday on, ``per`` values in each ten minutes, and a tame one of the next week."""
    begin = MONDAY + week * WEEK
    times = [begin + timedelta(seconds=every * (n // per) + 3 * (n % per)) for n in range(len(values))]
    rows = [
        {"time": t, "interval": t.replace(minute=t.minute // 10 * 10, second=0), "week": begin, "thd": v}
        for t, v in zip(times, values, strict=True)
    ]
    rows.append({"time": begin + WEEK, "interval": begin + WEEK, "week": begin + WEEK, "thd": 1.0})
    stamped = [{n: v.isoformat() if isinstance(v, datetime) else v for n, v in row.items()} for row in rows]
    return [{"meter": "p1", "phase": phase, "flagged": False, **row} for row in stamped]


def chained(rule: Rule, *steps: tuple[str, tuple[str, ...], str | None], surface: str = "readings") -> Rule:
    """``rule`` with another chain: of each step what it takes, by which columns, over which windows."""
    chain = tuple(Step(take=take, by=by, every=every) for take, by, every in steps)
    return evolve(rule, chain=chain, applies_to=surface, decision="simple", uncertainty=None)


PHASE, WHOLE = ("meter", "phase"), ("meter", "phase", "week")
TEN = ("meter", "phase", "week", "interval")
RIGHT = (("rms", TEN, None), ("p95", WHOLE, None))
"""Three seconds, ten minutes, week, of each phase."""


@pytest.mark.parametrize(
    ("wrong", "values"),
    [
        pytest.param((("p95", WHOLE, None),), ([1, 12.0] * 8 + [1, 1] * 92), id="percentile before the rms"),
        pytest.param((("mean", TEN, None), ("p95", WHOLE, None)), ([1, 11.6] * 12 + [1, 1] * 88), id="mean for rms"),
        pytest.param(
            (("rms", PHASE, "hour"), ("p95", PHASE, None)),
            [9 if n % 12 < 2 else 1 for n in range(200)],
            id="percentile of hourly values",
        ),
    ],
)
def test_the_order_of_the_chain_changes_the_verdict(wrong: Any, values: list[float], pack: Pack) -> None:
    rows = readings([float(v) for v in values], per=2)[:-1]
    rule = pack.rules["power-quality/en-thd"]
    right = verdict(pack, chained(rule, *RIGHT), readings=rows, meters=[LOW])
    assert right.counts.failed == 1
    assert verdict(pack, chained(rule, *wrong), readings=rows, meters=[LOW]).counts.failed == 0


def test_pooling_phases_or_weeks_hides_what_one_of_them_breaks(pack: Pack) -> None:
    rule, bad, good = pack.rules["power-quality/en-thd"], [9.0] * 8 + [1.0] * 92, [1.0] * 100
    phases = [*readings(bad), *readings(good, phase="b"), *readings(good, phase="c")]
    pooled = chained(rule, ("p95", ("meter",), "week"))
    assert verdict(pack, chained(rule, ("p95", PHASE, "week")), readings=phases, meters=[LOW]).counts.failed == 1
    assert verdict(pack, pooled, readings=phases, meters=[LOW]).counts.failed == 0
    weeks = [*readings(bad)[:-1], *readings(good, week=1)]
    assert verdict(pack, chained(rule, ("p95", PHASE, "week")), readings=weeks, meters=[LOW]).counts.failed == 1
    assert verdict(pack, chained(rule, ("p95", PHASE, None)), readings=weeks, meters=[LOW]).counts.failed == 0


def worst(found: RowVerdict) -> float:
    margin = found.worst[0].margin
    assert margin is not None
    return margin.physical.low


def test_a_percentile_of_a_week_does_not_know_the_order_of_time(pack: Pack) -> None:
    rule, rng = chained(pack.rules["power-quality/en-thd"], ("p95", PHASE, "week")), np.random.default_rng(3)
    values = rng.uniform(1, 9, 200)
    margins = {
        worst(verdict(pack, rule, readings=readings([*map(float, v)]), meters=[LOW]))
        for v in (values, values[::-1], rng.permutation(values))
    }
    assert len(margins) == 1


def test_the_greatest_phase_of_each_moment_is_never_better_than_the_worst_phase_of_the_week(pack: Pack) -> None:
    rule, rng = pack.rules["power-quality/en-thd"], np.random.default_rng(4)
    rows = [row for phase in "abc" for row in readings([*map(float, rng.uniform(1, 9, 60))], phase=phase)]
    apart = verdict(
        pack, chained(rule, ("p95", PHASE, "week"), ("max", ("meter",), "week")), readings=rows, meters=[LOW]
    )
    together = chained(rule, ("max", ("meter",), "10 min"), ("p95", ("meter",), None))
    whole = [row for row in rows if row["week"] == MONDAY.isoformat()]
    assert worst(verdict(pack, together, readings=whole, meters=[LOW])) <= worst(apart)


def test_the_names_of_the_phases_do_not_change_the_unbalance(pack: Pack) -> None:
    rule, lines = pack.rules["power-quality/unbalance-of-line-voltages"], (10000.0, 9800.0, 9700.0)
    margins = []
    for turn in range(3):
        named = {f"u_{n}": lines[(k + turn) % 3] for k, n in enumerate(("ab", "bc", "ca"))}
        row = {"meter": "p1", "time": MONDAY.isoformat(), "u2": 1.5, "u2_max": 2.0, **named}
        margins.append(worst(verdict(pack, rule, unbalance=[row])))
    assert margins == pytest.approx([margins[0]] * 3, abs=1e-9)


def test_a_meter_that_knows_angles_finds_what_the_rule_computes_of_line_voltages(pack: Pack) -> None:
    turn = np.exp(2j * np.pi / 3)
    a, b, c = (6000 * (turn**-k + 0.03 * np.exp(1.1j) * turn**k) for k in range(3))
    named = {"u_ab": float(abs(a - b)), "u_bc": float(abs(b - c)), "u_ca": float(abs(c - a))}
    row = {"meter": "p1", "time": MONDAY.isoformat(), "u2": 3.0, "u2_max": 3.0, **named}
    assert worst(
        verdict(pack, pack.rules["power-quality/unbalance-of-line-voltages"], unbalance=[row])
    ) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("hertz", "band"), [(0.05, "slow"), (0.7, "modal"), (5.0, "fast"), (0.1, "modal"), (2.0, "fast")]
)
def test_a_sine_has_its_own_amplitude_in_its_own_band(hertz: float, band: str, simulate: ModuleType) -> None:
    t = np.arange(3000) * 0.02
    found = simulate.features((50 + 3 * np.sin(2 * np.pi * hertz * t)).reshape(1, 1, -1))
    amplitudes = {name: float(found[name][0, 0]) for name in ("slow", "modal", "fast")}
    assert amplitudes == pytest.approx({"slow": 0, "modal": 0, "fast": 0} | {band: 3}, abs=1e-6)
    noise = np.random.default_rng(5).standard_normal((1, 1, 3000))
    power = sum(simulate.features(noise)[name] ** 2 for name in amplitudes) / 2
    assert power == pytest.approx(noise.var(axis=-1))


def test_no_figure_is_known_better_than_from_secondary_sources(pack: Pack) -> None:
    tables = [row.figure for table in pack.limits.values() for row in table.rows]
    figures = [p for rule in pack.rules.values() for p in rule.parameters.values() if isinstance(p, Figure)]
    assert "primary" not in {figure.status for figure in (*tables, *figures)}
    assert all(source.clause is None for source in pack.sources.values())
