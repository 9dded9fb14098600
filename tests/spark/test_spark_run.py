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
"""
READINGS = """\
meter,phase,time,voltage,power,thd
m1,a,2026-01-01T06:00:00+08:00,221,1,2
m1,a,2026-01-01T12:00:00+08:00,242,1,2
m1,a,2026-01-01T18:00:00+08:00,,1,2
m1,a,2026-01-02T00:00:00+08:00,235.4,1,2
"""


def test_a_run_on_spark_finds_what_a_run_on_duckdb_finds(spark: object, tmp_path: Path) -> None:
    pack = load(ROOT / "fixtures/packs/metering")
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "readings.csv").write_text(READINGS)
    (tmp_path / "meters.csv").write_text("id,nominal,kind\nm1,220,home\n")
    system = read_system(tmp_path / "system.yaml", [pack])

    def run(engine: str) -> Record:
        plan = make_plan(pack, system, oracle=None, settings=evolve(common.settings_for(pack), engine=engine))
        assess(plan, record=tmp_path / f"{engine}.jsonl", scratch=tmp_path / engine)
        return read_record(tmp_path / f"{engine}.jsonl")

    one, other = run("duckdb"), run("spark")
    assert one.findings == other.findings
    assert next(f for f in one.findings if f.rule == "metering/voltage-band").counts.failed == 1
