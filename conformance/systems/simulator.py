"""The recordings of a recorded reference: as they stand, or made by the `simulate.py` beside its system file."""

from __future__ import annotations

import secrets
import shutil
import sys
from pathlib import Path

from attrs import evolve

from conformance.errors import Refused
from conformance.errors.simulator import NoRecording, SimulatorFailed
from conformance.model.system import System
from conformance.systems.child import Child, Ended
from conformance.systems.command import MEMORY, environment

PROGRAM = "simulate.py"
SECONDS = 300.0
"""Time for one recording."""


def has_simulator(system: System) -> bool:
    """Whether recordings of ``system`` can be made."""
    return (Path(system.folder) / PROGRAM).is_file()


def recording(system: System, output: Path) -> System:
    """``system`` itself where all that it recorded is there; else as its simulator made it in the folder ``output``.

    Raises `Refused`.
    """
    if all(_files(Path(system.folder), path) for path in _paths(system)):
        return system
    return simulated(system, output)


def simulated(system: System, output: Path, *, fault: str | None = None, seed: int | None = None) -> System:
    """``system`` with the recording that its simulator makes in ``output``, a folder that is not there yet.

    What the simulator does not write is taken from the system's own folder. Raises `Refused`.
    """
    output.mkdir(parents=True)
    if has_simulator(system):
        words = ["--fault", fault] if fault is not None else []
        _run(system, output, words + ([] if seed is None else ["--seed", str(seed)]))
    for path in _paths(system):
        if not _files(output, path):
            _bring(Path(system.folder), path, output)
    return evolve(system, folder=str(output))


def _run(system: System, output: Path, words: list[str]) -> None:
    home = output.with_name(f"{output.name}-home").absolute()
    home.mkdir()
    argv = [sys.executable, PROGRAM, "--output", str(output.absolute()), *words]
    seen = environment(home, ours=True)
    try:
        child = Child(argv, folder=system.folder, environment=seen, memory=MEMORY, mark=secrets.token_hex(8))
        try:
            child.finish(seconds=SECONDS)
        finally:
            child.end(at_once=True)
    except Ended as ended:
        raise Refused([SimulatorFailed(program=PROGRAM, words=" ".join(words), cause=ended.cause)]) from None


def _paths(system: System) -> list[str]:
    return [*(source.path for source in system.tables.values()), *system.documents.values()]


def _files(folder: Path, path: str) -> list[Path]:
    return sorted(folder.glob(path))


def _bring(folder: Path, path: str, output: Path) -> None:
    files = _files(folder, path)
    if not files:
        raise Refused([NoRecording(folder=folder.name, path=path)])
    for file in files:
        to = output / file.relative_to(folder)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
