"""What tests of packs share: the modules of a simulator, and the verdicts on what it made."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from attrs import evolve

from conformance.assess import assess, make_plan
from conformance.cli import common
from conformance.evidence import read_record
from conformance.model.run import Finding, Record
from conformance.model.standard import Pack
from conformance.packs import read_system

Judge = Callable[..., dict[str, Finding]]
"""What the rules named after a recording find in it, or all rules; the fixture `judge`."""
SYSTEMS = Path(__file__).parents[2] / "fixtures/systems"


@contextmanager
def imported(folder: Path, name: str) -> Iterator[Any]:
    """The module ``name`` of ``folder``, whose modules are then forgotten: other folders have the same names."""

    def forget() -> None:
        for file in folder.glob("*.py"):
            sys.modules.pop(file.stem, None)

    forget()
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        forget()


def record_of(pack: Pack, recording: Any, folder: Path, names: Collection[str] | None = None) -> Record:
    """The record of a run over ``recording``: of the rules ``names`` alone, by the last part of their ids, and of the
    tables that they speak of.
    """
    rules = {i: r for i, r in pack.rules.items() if names is None or i.rpartition("/")[2] in names}
    pack = evolve(pack, rules=rules)
    spoken = {r.applies_to for r in rules.values()} | {j.table for r in rules.values() for j in r.joins.values()}
    written = yaml.safe_load((SYSTEMS / pack.short / "system.yaml").read_text(encoding="utf-8"))
    written["tables"] = {name: source for name, source in written["tables"].items() if name in spoken}
    place = folder / f"run-{len(list(folder.iterdir()))}"
    recording.write(place)
    file = place / "system.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in written.items() if v}, allow_unicode=True), encoding="utf-8")
    plan = make_plan(pack, read_system(file, [pack]), oracle=None, settings=common.settings_for(pack))
    assess(plan, record=place / "run.jsonl", scratch=place / "scratch")
    return read_record(place / "run.jsonl")


def judged(pack: Pack, recording: Any, folder: Path, names: Collection[str] | None = None) -> dict[str, Finding]:
    """What the rules, or the rules ``names`` alone, find in ``recording``, by the last part of their ids."""
    found = {f.rule.rpartition("/")[2]: f for f in record_of(pack, recording, folder, names).findings}
    return found if names is None else {name: found[name] for name in names}
