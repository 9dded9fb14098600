"""A small pack (heating of rooms) and systems for it, so that the whole path runs in a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from attrs import evolve

from conformance.assess import Plan, assess, make_plan
from conformance.cli import common
from conformance.evidence import read_record
from conformance.model.run import Record
from conformance.model.standard import Pack
from conformance.packs import load, read_system

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "fixtures/packs/small_system/small_reference.py").read_text()


@pytest.fixture(autouse=True)
def beside_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracles of the packs made for tests lie in the source tree, which is not what is installed."""
    monkeypatch.setattr("conformance.packs.shipped_root", lambda: ROOT)


@pytest.fixture(scope="session")
def small() -> Pack:
    return load(ROOT / "fixtures/packs/small")


@pytest.fixture
def write_system(tmp_path: Path) -> Callable[..., Path]:
    """Write a system file and its program; ``extra`` lines go into the file."""

    def write(program: str, *, extra: str = "environment: test", reach: str | None = None) -> Path:
        folder = tmp_path / "system"
        folder.mkdir(exist_ok=True)
        (folder / "program.py").write_text(dedent(program))
        reach = reach or '{python: "program:heat", timeout: 2 s}'
        head = 'name: sut\nvendor: a vendor\nversion: "1"\ndeclares: {small: [heating]}\n'
        (folder / "system.yaml").write_text(f"{head}{extra}\noperations:\n  heat: {reach}\n")
        return folder / "system.yaml"

    return write


@pytest.fixture
def run(small: Pack, tmp_path: Path) -> Callable[..., Record]:
    """Run the pack against a system file; keyword arguments are settings."""

    def run_(
        file: Path,
        *,
        oracle: Path | None = None,
        without_oracle: bool = False,
        pack: Pack = small,
        wrap: object = None,
        **settings: object,
    ) -> Record:
        given = {"mode": "pr", "cases": 40, "calls": 40, "jobs": 1} | settings
        plan: Plan = make_plan(
            pack,
            read_system(file, [pack]),
            oracle=None
            if without_oracle
            else read_system(oracle or ROOT / "fixtures/packs/small_system/system.yaml", [pack]),
            settings=evolve(common.settings_for(pack), **given),
        )
        number = len(list(tmp_path.glob("run-*")))
        record = tmp_path / f"run-{number}" / "run.jsonl"
        assess(plan, record=record, scratch=tmp_path / f"scratch-{number}", wrap=wrap)  # type: ignore[arg-type]
        return read_record(record)

    return run_
