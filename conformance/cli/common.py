"""What several commands share: packs, systems, run folders, settings."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import evolve

from conformance.errors import Refused, Text
from conformance.errors.usage import BadOption, NoRun, WillNotOverwrite

if TYPE_CHECKING:
    from conformance.model.run import Settings
    from conformance.model.standard import Pack
    from conformance.model.system import System
    from conformance.packs import Registry

RUNS = Path("reports/runs")
"""Where runs go unless --output says otherwise; `last` is the newest there."""
RECORD = "run.jsonl"
ADAPTIVE_CALLS = 400
"""Calls for the adaptive stages of one operation, unless --calls says otherwise."""

Mode = Literal["all", "pr", "nightly"]


def find(name: str, registry: Registry) -> Pack:
    """The pack called ``name``, or the one in the folder ``name``. Raises `Refused`."""
    from conformance.packs import load

    return load(name) if (Path(name) / "pack.yaml").is_file() else registry.find(name)


def choose(registry: Registry, name: str, profiles: Sequence[str], as_of: str | None) -> Pack:
    """The pack called ``name``, tailored by the profile that ``--profile PACK:NAME`` names for it, if any."""
    from conformance.packs import tailor

    pack = find(name, registry)
    chosen = None
    for entry in profiles:
        of, _, profile = entry.rpartition(":")
        if of in ("", pack.id, pack.short):
            chosen = profile
    return tailor(pack, chosen, as_of=as_of)


def day_of(as_of: str | None) -> str:
    """The day that decides what is in force: as given, or today in UTC."""
    return as_of or datetime.now(UTC).date().isoformat()


def oracle_of(pack: Pack) -> System | None:
    """The pack's oracle: the feasibility witness."""
    from conformance.packs import read_system

    return None if pack.oracle is None else read_system(beside(pack.oracle) / "system.yaml", [pack])


def recorded_of(pack: Pack) -> System | None:
    """The reference that recorded something, whose system file stands beside the pack's defects; it is not called."""
    from conformance.packs import read_system

    file = None if pack.fixtures is None else beside(pack.fixtures) / "system.yaml"
    if file is None or not file.is_file():
        return None
    system = read_system(file, [pack])
    return evolve(system, operations={}) if system.tables or system.documents else None


def beside(place: str) -> Path:
    """A folder that a pack names, such as its oracle's: under the current folder, else among what is shipped."""
    from conformance.packs import shipped_root

    return Path(place) if Path(place).is_dir() else shipped_root() / place


def public_seed(pack: Pack) -> str:
    """The seed that everybody knows: the same tree gives the same cases."""
    return f"public/{pack.id}@{pack.version}"


def settings_for(
    pack: Pack,
    *,
    mode: Mode = "all",
    cases: int | None = None,
    calls: int | None = None,
    seed: str | None = None,
    jobs: int = 0,
    strict: bool = False,
    as_of: str | None = None,
    timed: bool = False,
    engine: str = "duckdb",
    statistics: bool = True,
    command: Literal["run", "demo", "test"] = "run",
) -> Settings:
    """The settings of a run over ``pack``; ``cases`` defaults to what its evidence demands."""
    from conformance.judge import cases_needed
    from conformance.model.run import Settings

    evidence = pack.evidence
    fresh = secrets.token_hex(8) if mode == "nightly" else public_seed(pack)
    return Settings(
        command=command,
        mode=mode,
        seed=seed or fresh,
        cases=cases if cases is not None else cases_needed(evidence.failure_rate, evidence.confidence),
        jobs=jobs or min(os.cpu_count() or 1, 8),
        calls=calls if calls is not None else ADAPTIVE_CALLS,
        strict=strict,
        as_of=as_of,
        reproducible=not timed,
        engine=engine,
        statistics=statistics,
    )


def new_run_folder(name: str, output: Path | None) -> Path:
    """An empty folder for a run (or for the runs of several packs): ``output``, or ``reports/runs/<name>-<number>``.

    Raises `Refused` when ``output`` holds a run already.
    """
    if output is not None:
        if (output / RECORD).exists():
            raise Refused([WillNotOverwrite(path=str(output / RECORD))])
        output.mkdir(parents=True, exist_ok=True)
        return output
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)[:30]
    RUNS.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = RUNS / f"{safe}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("numbers do not end")


def find_run(name: str) -> Path:
    """The record of a run: its folder (or that folder's name in reports/runs), the file, or `last`. Raises `NoRun`."""
    if name == "last":
        runs = sorted([*RUNS.glob(f"*/{RECORD}"), *RUNS.glob(f"*/*/{RECORD}")]) if RUNS.is_dir() else []
        if not runs:
            raise NoRun(path=str(RUNS))
        return max(runs, key=lambda p: p.stat().st_mtime_ns)
    path = Path(name) if Path(name).exists() else RUNS / name
    path = path / RECORD if path.is_dir() else path
    if not path.is_file():
        raise NoRun(path=name)
    return path


def seconds_of(text: str | None, option: str) -> float | None:
    """A duration such as ``20 min`` in seconds; None stays None. Raises `BadOption`."""
    from conformance.errors import Problem
    from conformance.model.quantity import convert, quantity, unit

    if text is None:
        return None
    try:
        value, of = quantity(text)
        seconds = convert(value, of, unit("s"))
    except (ValueError, Problem):
        seconds = -1.0
    if seconds <= 0:
        complaint = Text("not a duration such as '20 min'", "不是“20 min”这样的时长")
        raise BadOption(option=option, value=text, complaint=complaint)
    return seconds


def quiet_terminal() -> bool:
    """Whether no progress is shown: no terminal, or CI."""
    import sys

    return not sys.stderr.isatty() or bool(os.environ.get("CI"))


def columns_wide(default: int = 80) -> int:
    """Width of the terminal."""
    import shutil

    return shutil.get_terminal_size((default, 24)).columns


def colour() -> bool:
    """Whether the terminal shows colours: a terminal, and NO_COLOR unset."""
    import sys

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
