"""A sealed run from the command line: commitment, run, reveal, check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from conformance.cli import main

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "fixtures/packs/small")
SYSTEM = str(ROOT / "fixtures/packs/small_system/system.yaml")


@frozen
class Done:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


Call = Callable[..., Done]


@pytest.fixture
def conformance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def call(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        said = capsys.readouterr()
        return Done(int(left.value.code or 0), said.out, said.err)

    return call


def test_anyone_can_check_a_sealed_run_once_the_seed_is_revealed(conformance: Call, tmp_path: Path) -> None:
    made = conformance("seal", "new", "lab.seal")
    assert made.returncode == 0
    seal = json.loads((tmp_path / "lab.seal").read_text())
    commitment = made.stdout.split()[1]
    assert seal["seed"] not in made.stdout

    run = ("run", SMALL, "--system", SYSTEM, "--seal", "lab.seal", "--cases", "40", "--calls", "40", "--output", "out")
    done = conformance(*run, "--format", "json")
    assert done.returncode == 3, done.stderr  # 40 cases are no evidence; the way is what counts here
    header = json.loads((tmp_path / "out/run.jsonl").read_text().splitlines()[0])
    assert (header["settings"]["mode"], header["settings"]["seed"]) == ("sealed", commitment)
    for file in (tmp_path / "out").iterdir():
        assert seal["seed"] not in file.read_text()
        assert seal["nonce"] not in file.read_text()
    assert seal["seed"] not in done.stdout + done.stderr
    assert commitment in (tmp_path / "out/report.html").read_text()

    checked = conformance("seal", "check", "out", "--seal", "lab.seal")
    assert checked.returncode == 0
    assert checked.stdout.startswith("40 of 40 independent cases")

    conformance("seal", "new", "other.seal")
    other = conformance("seal", "check", "out", "--seal", "other.seal", "--lang", "zh")
    assert other.returncode == 4
    assert "承诺不符" in other.stdout


def test_a_record_that_was_touched_or_cut_does_not_verify(conformance: Call, tmp_path: Path) -> None:
    conformance("seal", "new", "lab.seal")
    run = ("run", SMALL, "--system", SYSTEM, "--seal", "lab.seal", "--cases", "20", "--calls", "0", "--output", "out")
    assert conformance(*run).returncode == 3
    record = tmp_path / "out/run.jsonl"
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(line for line in lines if '"index":7' not in line and '"case":10,' not in line))
    assert conformance("seal", "check", "out", "--seal", "lab.seal").returncode == 4
    record.write_text("".join(lines[:-1]))
    cut = conformance("seal", "check", "out", "--seal", "lab.seal")
    assert cut.returncode == 4
    assert "ends early" in cut.stdout


@pytest.mark.parametrize("option", [("--seed", "x"), ("--mode", "pr"), ("--mode", "nightly")])
def test_a_seal_is_seed_and_mode_at_once(conformance: Call, option: tuple[str, str]) -> None:
    conformance("seal", "new", "lab.seal")
    done = conformance("run", SMALL, "--system", SYSTEM, "--seal", "lab.seal", *option)
    assert done.returncode == 2
    assert "U005" in done.stderr


def test_a_run_with_a_public_seed_is_not_checked(conformance: Call) -> None:
    conformance("seal", "new", "lab.seal")
    conformance("run", SMALL, "--system", SYSTEM, "--mode", "pr", "--cases", "5", "--output", "out")
    done = conformance("seal", "check", "out", "--seal", "lab.seal")
    assert done.returncode == 2
    assert "K003" in done.stderr


def test_indicators_are_shown_on_request_only(conformance: Call) -> None:
    conformance("run", SMALL, "--system", SYSTEM, "--mode", "pr", "--cases", "250", "--output", "out")
    asked = conformance("report", "out", "--statistics")
    assert "Unseen behaviour" in asked.stdout
    assert "they decide nothing" in asked.stdout
    assert "Unseen behaviour" not in conformance("report", "out").stdout
    assert "参考指标" in conformance("report", "out", "--statistics", "--lang", "zh").stdout
