"""Defects of what is recorded: put into the tables, the document and the simulator of the pack metering's reference."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess import make_plan
from conformance.assess.plan import Plan
from conformance.assess.recorded_kills import RecordedAlarms, RecordedRow, recorded_kills
from conformance.cli import common, main
from conformance.errors import Position
from conformance.model.outcome import Outcome, Reason
from conformance.model.standard import Expression, Pack
from conformance.packs import load, read_system
from conformance.systems import read_defects

ROOT = Path(__file__).parents[2]
PACK, REFERENCE = ROOT / "fixtures/packs/metering", ROOT / "fixtures/packs/metering-system"
TITLE = "title: {en: d, zh: 缺陷}"


def plan_of(pack: Pack, folder: Path = REFERENCE) -> Plan:
    settings = common.settings_for(pack, command="test")
    return make_plan(pack, read_system(folder / "system.yaml", [pack]), oracle=None, settings=settings)


def tried(pack: Pack, folder: Path, *defects: str) -> tuple[RecordedAlarms, dict[str, RecordedRow]]:
    """What becomes of ``defects`` (entries of a file) in the reference, judged in one recording."""
    folder.mkdir(exist_ok=True)
    file = folder / "defects.yaml"
    file.write_text("".join(f"- {{{entry}, {TITLE}}}\n" for entry in defects) or "[]", encoding="utf-8")
    room = folder / "room"
    alarms, rows = recorded_kills(plan_of(pack), read_defects(file), room=room, recordings=1)
    return alarms, {row.defect: row for row in rows}


@pytest.fixture(scope="module")
def metering() -> Pack:
    return load(PACK)


@pytest.fixture(scope="module")
def matrix(metering: Pack, tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordedAlarms, dict[str, RecordedRow]]:
    told: list[str] = []
    alarms, rows = recorded_kills(
        plan_of(metering), read_defects(REFERENCE / "defects.yaml"), room=tmp_path_factory.mktemp("room"),
        recordings=2, tell=told.append,
    )  # fmt: skip
    assert told == ["--seed 1", *(row.defect for row in rows)]
    return alarms, {row.defect: row for row in rows}


def test_the_reference_is_not_alarmed_whatever_the_seed(matrix: tuple[RecordedAlarms, object]) -> None:
    alarms = matrix[0]
    assert (alarms.recordings, alarms.false_alarms) == (2, ())
    assert alarms.rows > 2 * 1400
    assert alarms.near >= 1


def test_each_defect_is_found_by_the_rule_that_names_it(
    metering: Pack, matrix: tuple[object, dict[str, RecordedRow]]
) -> None:
    rows = matrix[1]
    assert {one: row.survived for one, row in rows.items() if row.survived} == {}
    assert all(row.named_by and row.changed for row in rows.values())
    named = {defect for rule in metering.rules.values() for defect in rule.kills}
    assert named == {one for one, row in rows.items() if not row.named_by[0].endswith("-valid")}


def test_the_matrix_says_how_many_rows_it_took_and_how_small_the_defect_may_be(
    matrix: tuple[object, dict[str, RecordedRow]],
) -> None:
    row = matrix[1]["one-phase-reads-high"]
    assert row.killed_by["metering/voltage-band"] == 168
    assert 0 < row.failed["metering/voltage-band"] <= row.changed == 16
    assert row.smallest == 0.25
    assert matrix[1]["comes-back-too-soon"].changed == 1  # of the tables only gas is another
    assert set(matrix[1]["comes-back-too-soon"].killed_by) == {"metering/gas-return"}
    assert set(matrix[1]["entries-come-twice"].killed_by) >= {"metering/certificates-rows-valid"}
    assert matrix[1]["no-exit-by-hand"].smallest is None


def test_a_defect_that_no_rule_can_see_survives(metering: Pack, tmp_path: Path) -> None:
    _, rows = tried(metering, tmp_path, "id: energy-flipped, operator: sign_flip, path: certificates.energy")
    row = rows["energy-flipped"]
    assert (row.survived, row.changed, row.cases) == (("energy-flipped",), 40, 40)


def test_a_rule_that_does_not_find_what_it_names_is_shown_with_what_it_says_instead(
    metering: Pack, tmp_path: Path
) -> None:
    rule = evolve(metering.rules["metering/voltage-band"], kills=("lost", "elsewhere"))
    pack = evolve(metering, rules=metering.rules | {rule.id: rule})
    _, rows = tried(
        pack, tmp_path,
        "id: lost, operator: drop, path: readings.voltage, rate: 0.1",
        "id: elsewhere, operator: sign_flip, path: 'readings[meter=m9].voltage'",
    )  # fmt: skip
    assert rows["lost"].survived == rows["elsewhere"].survived == (rule.id,)
    assert rows["lost"].missed[rule.id] == (Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA)
    assert rows["elsewhere"].missed[rule.id] == (Outcome.PASSED, None)
    assert (rows["elsewhere"].changed, rows["lost"].changed > 0) == (0, True)


def test_a_rule_that_alarms_on_the_reference_is_told_and_one_that_cannot_bind_is_not_an_alarm(
    metering: Pack, tmp_path: Path
) -> None:
    strict, empty = metering.rules["metering/manual-exit"], metering.rules["metering/voltage-band"]
    at = (Position("r.yaml", 1, 1),)
    strict = evolve(strict, require=Expression("not document.exit.manual", at))
    empty = evolve(empty, vacuous_unless=Expression('row.power > q("4000 kW")', at))
    pack = evolve(metering, rules={rule.id: rule for rule in (strict, empty)})
    alarms, _ = tried(pack, tmp_path)
    assert alarms.false_alarms == ((1, strict.id, Outcome.FAILED, None),)
    assert alarms.vacuous == {empty.id: (168, 168)}


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["test", *words, "--defects", "--recordings", "1"])
    return int(left.value.code or 0)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the pack with a copy of its reference."""
    pack, reference = tmp_path / "metering", tmp_path / "reference"
    shutil.copytree(PACK, pack)
    shutil.copytree(REFERENCE, reference)
    text = (pack / "pack.yaml").read_text(encoding="utf-8")
    (pack / "pack.yaml").write_text(text.replace("fixtures/packs/metering-system", str(reference)), encoding="utf-8")
    return tmp_path


def test_the_command_line_shows_the_matrix_and_writes_it(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = (
        f"- {{id: certificate-used-again, {TITLE}, operator: hold_last, path: certificates.certificate, rate: 0.1}}\n"
        f"- {{id: energy-flipped, {TITLE}, operator: sign_flip, path: certificates.energy}}\n"
    )
    (copy / "reference/defects.yaml").write_text(entries, encoding="utf-8")
    matrix = copy / "out/matrix.json"
    assert run(str(copy / "metering"), "--output", str(matrix), "--lang", "zh") == 1
    shown = capsys.readouterr().out
    assert "1 份记录" in shown
    assert "漏检 energy-flipped" in shown
    value = json.loads(matrix.read_text(encoding="utf-8"))
    assert value["recorded_reference"]["recordings"] == 1
    assert "reference" not in value
    again, flipped = value["defects"]
    assert again["rows_to_kill"] == {"metering/certificate-once": 38}
    assert (flipped["survived"], flipped["changed"]) == (["energy-flipped"], 40)


def test_defects_that_fit_nothing_are_refused_at_their_place(copy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    entries = (
        f"- {{id: a, {TITLE}, operator: sign_flip, path: reading.voltage}}\n"
        f"- {{id: b, {TITLE}, operator: sign_flip, path: readings.volts}}\n"
        f"- {{id: c, {TITLE}, operator: sign_flip, path: response.y}}\n"
    )
    (copy / "reference/defects.yaml").write_text(entries, encoding="utf-8")
    assert run(str(copy / "metering"), "--lang", "en") == 2
    said = capfd.readouterr().err
    assert [f"defects.yaml:{line}:" in said for line in (1, 2, 3)] == [True] * 3
    assert "did you mean 'readings'" in said
    assert "Traceback" not in said
