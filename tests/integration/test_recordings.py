"""From files that a system recorded and wrote to a run record: tables, documents, what is not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from attrs import evolve

from conformance.assess import assess, make_plan
from conformance.cli import common, main
from conformance.errors import Position, Refused
from conformance.errors.usage import NothingInCommon
from conformance.evidence import read_record
from conformance.model.outcome import Basis, Outcome, Reason
from conformance.model.run import Disposition, Finding, Record
from conformance.model.standard import Expression, Pack
from conformance.packs import load, read_system
from conformance.report import first_screen, render

ROOT = Path(__file__).parents[2]
HEAD = 'name: site\nvendor: a vendor\nversion: "1"\nenvironment: production\n'
CARD = "operator: A\nconnection: 2\nexit: {manual: true, tested: 2026-01-01T00:00:00Z}\n"
METERS = "id,nominal,kind\nm1,220,home\n"
CERTIFICATES = "entry,certificate,meter,energy\n1,a,m1,1\n2,b,m1,1\n"
PERMITS = (
    "permit,time,event,person,author\n"
    "p1,2026-01-01T00:00:00Z,draft,li,li\np1,2026-01-01T01:00:00Z,approve,wang,li\n"
    "p1,2026-01-01T02:00:00Z,open,li,li\n"
)
SAMPLES = (
    (0, 0.5, True), (1, 1.6, True), (2, 1.7, False), (3, 1.2, False), (4, 0.9, False), (5, 0.5, False), (6, 0.5, False),
    (7, 0.5, True), (8, 0.5, True),
)  # fmt: skip
GAS = "sensor,time,ch4,powered\n" + "".join(
    f"s1,2026-01-01T00:00:0{second}Z,{ch4},{str(powered).lower()}\n" for second, ch4, powered in SAMPLES
)


def readings(**odd: str) -> str:
    """Two days of one meter in kV; ``odd`` replaces the voltage at an hour such as ``d1h06``."""
    lines = ["meter,phase,time,voltage,power,thd"]
    for day in (1, 2):
        for hour in (6, 12, 18, 24):
            stamp = f"2026-01-0{day + hour // 24}T{hour % 24:02d}:00:00+08:00"
            lines.append(f"m1,a,{stamp},{odd.get(f'd{day}h{hour:02d}', '0.221')},1,2")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def metering() -> Pack:
    return load(ROOT / "fixtures/packs/metering")


@pytest.fixture
def judge(metering: Pack, tmp_path: Path) -> Callable[..., Record]:
    """Run the pack on recordings; keyword arguments replace the content of files, None leaves one out."""

    def judge_(pack: Pack = metering, **given: str | None) -> Record:
        files = {
            "readings": readings(), "meters": METERS, "gas": GAS, "permits": PERMITS, "certificates": CERTIFICATES,
            "card": CARD,
        } | given  # fmt: skip
        tables = [name for name, content in files.items() if content is not None and name != "card"]
        lines = [f"  {name}: {{path: {name}.csv{', units: {voltage: kV}' * (name == 'readings')}}}" for name in tables]
        documents = "documents: {card: card.yaml}\n" if files["card"] is not None else ""
        for name, content in files.items():
            if content is not None:
                (tmp_path / f"{name}.{'yaml' if name == 'card' else 'csv'}").write_text(content)
        (tmp_path / "system.yaml").write_text(HEAD + documents + "tables:\n" + "\n".join(lines) + "\n")
        system = read_system(tmp_path / "system.yaml", [pack])
        plan = make_plan(pack, system, oracle=None, settings=common.settings_for(pack))
        number = len(list(tmp_path.glob("run-*")))
        record = tmp_path / f"run-{number}" / "run.jsonl"
        assess(plan, record=record, scratch=tmp_path / f"scratch-{number}")
        return read_record(record)

    return judge_


def of(record: Record, rule: str) -> Finding:
    return next(f for f in record.findings if f.rule == f"metering/{rule}")


def test_sound_recordings_pass_every_rule(judge: Callable[..., Record]) -> None:
    record = judge()
    assert {f.rule: (f.outcome, f.reason) for f in record.findings if f.outcome is not Outcome.PASSED} == {}
    assert record.footer is not None
    assert record.footer.exit_code == 0
    assert all(f.recorded for f in record.findings)
    # No figure, but the source of its requirement is the project's own: it certifies nothing.
    assert of(record, "manual-exit").basis is Basis.INDICATIVE
    assert {r.surface for r in record.header.recordings} == {*record.header.pack.tables, "card"}
    assert all(r.sha256 for r in record.header.recordings)
    assert all(record.header.canaries.values())


def test_the_worst_rows_stand_in_the_finding_with_key_values_and_sides(judge: Callable[..., Record]) -> None:
    record = judge(readings=readings(d1h12="0.242", d2h06="0.2354"))
    finding = of(record, "voltage-band")
    assert finding.outcome is Outcome.FAILED
    assert finding.counts.failed == 1
    worst, second = finding.rows[:2]
    assert worst.row == {"meter": "m1", "phase": "a", "time": "2026-01-01T04:00:00Z"}
    assert worst.values["voltage"] == 242.0
    assert worst.margin is not None
    assert worst.margin.physical.low == pytest.approx(-6.6)
    assert second.margin is not None
    assert second.margin.physical.low == 0.0  # exactly at its limit, after the conversion from kV
    screen = first_screen(record, lang="en", width=80, colour=False)
    assert "meter m1, phase a" in screen
    assert "1 of 8 rows" in screen
    assert "replay" not in screen
    for lang in ("en", "zh"):
        assert "2026-01-01T04:00:00Z" in render(record, "html", lang=lang)
    assert '"recorded": true' in render(record, "json", lang="en")


def test_missing_rows_and_values_never_pass(judge: Callable[..., Record]) -> None:
    finding = of(judge(readings=readings(d1h12="")), "voltage-band")
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA)
    empty = judge(readings="meter,phase,time,voltage,power,thd\n")
    assert of(empty, "voltage-band").outcome is Outcome.UNTESTED
    assert of(empty, "daily-energy").outcome is Outcome.UNTESTED
    assert empty.footer is not None
    assert empty.footer.exit_code != 0


def test_a_key_that_comes_twice_fails_the_table(judge: Callable[..., Record]) -> None:
    twice = readings() + "m1,a,2026-01-01T06:00:00+08:00,0.221,1,2\n"
    finding = of(judge(readings=twice), "readings-rows-valid")
    assert finding.outcome is Outcome.FAILED
    assert finding.implicit
    assert finding.counts.failed == 1


def test_what_the_system_does_not_bring_is_untested(judge: Callable[..., Record]) -> None:
    record = judge(meters=None)
    finding = of(record, "voltage-band")
    assert finding.outcome is Outcome.UNTESTED
    assert finding.disposition is Disposition.UNSURE
    assert "meters" in finding.statement.en
    assert "meters" in finding.statement.zh
    assert record.footer is not None
    assert record.footer.exit_code == 3


def test_a_document_that_breaks_its_schema_fails_and_its_rules_stay_open(judge: Callable[..., Record]) -> None:
    record = judge(card="operator: A\nconnection: 2\nexit: {manual: yes please, tested: 2026-01-01T00:00:00Z}\n")
    assert of(record, "card-valid").outcome is Outcome.FAILED
    assert of(record, "manual-exit").reason is Reason.SYSTEM_ERROR
    assert of(judge(card=CARD.replace("true", "false")), "manual-exit").outcome is Outcome.FAILED


def test_a_cell_that_cannot_be_read_is_told_with_its_place(judge: Callable[..., Record]) -> None:
    with pytest.raises(Refused) as refused:
        judge(readings=readings(d1h12="0.2.2"))
    assert "readings.csv:3" in str(refused.value)


def test_recordings_of_another_pack_are_refused(metering: Pack, tmp_path: Path) -> None:
    (tmp_path / "system.yaml").write_text(HEAD + "tables: {meters: {path: meters.csv}}\n")
    system = read_system(tmp_path / "system.yaml", [metering])
    other = evolve(metering, tables={"gas": metering.tables["gas"]}, rules={})
    with pytest.raises(NothingInCommon):
        make_plan(other, system, oracle=None, settings=common.settings_for(other))


def test_a_percentile_also_says_how_many_more_samples_may_lie_beyond_its_limit(judge: Callable[..., Record]) -> None:
    finding = of(judge(), "daily-distortion")
    assert finding.worst is not None
    assert finding.worst.slack is not None
    assert (finding.worst.slack.allowed, finding.worst.slack.observed) == (0, 0)
    assert finding.worst.slack.kth == 3.0


@pytest.mark.parametrize("statistics", [True, False])
def test_parquet_gives_one_verdict_whether_its_statistics_are_used_or_not(
    metering: Pack, tmp_path: Path, statistics: bool
) -> None:
    duckdb.sql(f"""
        COPY (SELECT 's1' AS sensor, TIMESTAMPTZ '2026-01-01T00:00:00Z' + to_seconds(n) AS time, true AS powered,
                     CASE WHEN n = 4000 THEN 1.6 WHEN n % 977 = 0 THEN NULL ELSE 0.5 + n % 7 / 100 END AS ch4
              FROM range(20000) t(n))
        TO '{tmp_path}/gas.parquet' (ROW_GROUP_SIZE 2048)
    """)
    (tmp_path / "system.yaml").write_text(HEAD + "tables: {gas: {path: gas.parquet}}\n")
    limit = Expression('row.ch4 <= q("1 % of volume")', (Position("r.yaml", 1, 1),))
    rule = evolve(metering.rules["metering/gas-cut"], require=limit, gap=None, parameters={})
    pack = evolve(metering, rules={rule.id: rule})
    system = read_system(tmp_path / "system.yaml", [pack])
    settings = evolve(common.settings_for(pack), statistics=statistics)
    assess(
        make_plan(pack, system, oracle=None, settings=settings),
        record=tmp_path / "run.jsonl",
        scratch=tmp_path / "scratch",
    )
    finding = of(read_record(tmp_path / "run.jsonl"), "gas-cut")
    assert (finding.counts.cases, finding.counts.failed, finding.counts.insufficient) == (20000, 1, 21)
    assert finding.rows[0].row["time"] == "2026-01-01T01:06:40Z"
    assert len(finding.rows) == 5


def test_the_command_line_tells_what_is_wrong_with_a_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gas.parquet").write_bytes(b"PAR1 this is none PAR1")
    (tmp_path / "system.yaml").write_text(HEAD + "tables: {gas: {path: gas.parquet}}\n")
    for lang in ("en", "zh"):
        with pytest.raises(SystemExit) as left:
            main([
                "run", str(ROOT / "fixtures/packs/metering"), "--system", str(tmp_path / "system.yaml"), "--lang", lang,
                "--output", str(tmp_path / lang),
            ])  # fmt: skip
        shown = capfd.readouterr()
        assert left.value.code == 2
        assert "gas.parquet" in shown.err
        assert "Traceback" not in shown.err


def test_doctor_shows_what_stands_in_tables_and_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gas.csv").write_text(GAS.replace("0.5,true\n", ",true\n", 1) + GAS.splitlines()[-1] + "\n")
    (tmp_path / "card.yaml").write_text("operator: A\nconnection: much\nexit: {manual: true}\n")
    (tmp_path / "system.yaml").write_text(HEAD + "documents: {card: card.yaml}\ntables: {gas: {path: gas.csv}}\n")
    pack, file = str(ROOT / "fixtures/packs/metering"), str(tmp_path / "system.yaml")
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--system", file, "--pack", pack, "--lang", "en"])
    shown = capsys.readouterr().out
    assert left.value.code == 0
    assert "gas: 10 rows from 1 files" in shown
    assert "ch4: 1" in shown
    assert "problem" in shown  # a key that comes twice
    assert shown.count("dislike") >= 2
    assert f"conformance run {pack}" in shown
