"""Recordings that the simulator of a reference makes, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import Refused
from conformance.errors.simulator import NoRecording, SimulatorFailed
from conformance.model.system import System, TableSource
from conformance.systems import simulator
from conformance.systems.simulator import recording, simulated

PROGRAM = """
import os, sys
from pathlib import Path
words = sys.argv[1:]
print("much is said " * 100_000)
print("and more", file=sys.stderr)
if "broken" in words:
    sys.exit("no such fault")
while "endless" in words:
    pass
folder = Path(words[words.index("--output") + 1])
(folder / "days").mkdir()
(folder / "days/1.csv").write_text(" ".join(words[2:]) + os.environ.get("SECRET", ""))
"""


@pytest.fixture
def system(tmp_path: Path) -> System:
    home = tmp_path / "home"
    home.mkdir()
    (home / "simulate.py").write_text(PROGRAM, encoding="utf-8")
    (home / "card.yaml").write_text("by: hand\n", encoding="utf-8")
    tables = {"readings": TableSource("days/*.csv")}
    documents = {"card": "card.yaml"}
    return System(
        name="s", vendor="v", version="1", folder=str(home), operations={}, tables=tables, documents=documents
    )


def test_what_is_recorded_is_judged_as_it_stands_and_simulated_only_where_it_is_missing(
    system: System, tmp_path: Path
) -> None:
    made = recording(system, tmp_path / "made")
    assert made.folder == str(tmp_path / "made")
    assert (tmp_path / "made/days/1.csv").read_text() == ""
    assert (tmp_path / "made/card.yaml").read_text() == "by: hand\n"  # not simulated, so the reference's own
    (tmp_path / "home/days").mkdir()
    (tmp_path / "home/days/2.csv").write_text("own")
    assert recording(system, tmp_path / "unused") is system
    assert not (tmp_path / "unused").exists()


def test_a_simulator_is_told_the_fault_and_the_seed_and_sees_nothing_of_ours(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hush")
    simulated(system, tmp_path / "a", fault="pooled", seed=3)
    assert (tmp_path / "a/days/1.csv").read_text() == "--fault pooled --seed 3"


def test_a_simulator_that_fails_or_does_not_end_is_told_with_its_last_words(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator, "SECONDS", 1.0)
    for fault, said in (("broken", "no such fault"), ("endless", "within 1 s")):
        with pytest.raises(Refused) as caught:
            simulated(system, tmp_path / fault, fault=fault)
        (problem,) = caught.value.problems
        assert isinstance(problem, SimulatorFailed)
        assert said in str(problem)
        assert f"--fault {fault}" in str(problem)


def test_a_reference_with_neither_files_nor_simulator_is_refused(system: System, tmp_path: Path) -> None:
    (tmp_path / "home/simulate.py").unlink()
    with pytest.raises(Refused) as caught:
        recording(system, tmp_path / "made")
    (problem,) = caught.value.problems
    assert isinstance(problem, NoRecording)
    assert "days/*.csv" in str(problem)
