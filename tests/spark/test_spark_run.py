"""A whole run whose rows Spark judges."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from conformance.assess import assess, make_plan
from conformance.cli import common
from conformance.evidence import read_record
from conformance.model.run import Record
from conformance.packs import load, read_system

ROOT = Path(__file__).parents[2]
SYSTEM = """\
name: site
vendor: a vendor
version: "1"
environment: production
tables:
  readings: {path: readings.csv}
  meters: {path: meters.csv}
  gas: {path: gas.csv}
"""
READINGS = """\
meter,phase,time,voltage,power,thd
m1,a,2026-01-01T06:00:00+08:00,221,1,2
m1,a,2026-01-01T12:00:00+08:00,242,1,2
m1,a,2026-01-01T18:00:00+08:00,,1,2
m1,a,2026-01-02T00:00:00+08:00,235.4,1,2
"""
GAS = """\
sensor,time,ch4,powered
s1,2026-01-01T00:00:00Z,0.5,true
s1,2026-01-01T00:00:01Z,1.6,true
s1,2026-01-01T00:00:02Z,1.7,true
s1,2026-01-01T00:00:03Z,1.4,true
s1,2026-01-01T00:00:04Z,1.4,false
s2,2026-01-01T00:00:00Z,1.9,
"""


def test_a_run_on_spark_finds_what_a_run_on_duckdb_finds(spark: object, tmp_path: Path) -> None:
    pack = load(ROOT / "fixtures/packs/metering")
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "readings.csv").write_text(READINGS)
    (tmp_path / "gas.csv").write_text(GAS)
    (tmp_path / "meters.csv").write_text("id,nominal,kind\nm1,220,home\n")
    system = read_system(tmp_path / "system.yaml", [pack])

    def run(engine: str) -> Record:
        plan = make_plan(pack, system, oracle=None, settings=evolve(common.settings_for(pack), engine=engine))
        assess(plan, record=tmp_path / f"{engine}.jsonl", scratch=tmp_path / engine)
        return read_record(tmp_path / f"{engine}.jsonl")

    one, other = run("duckdb"), run("spark")
    assert one.findings == other.findings
    counts = {finding.rule: finding.counts for finding in one.findings}
    assert counts["metering/voltage-band"].failed == 1
    assert (counts["metering/gas-cut"].failed, counts["metering/gas-cut"].cases) == (1, 6)
