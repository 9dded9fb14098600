"""Judge recordings and answers in which third-party software of `fixtures/real/` had a part, and keep the reports.

`python -m reports.real pvlib-campus`; each has a tox environment with what it needs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from conformance.cli import common
from conformance.cli.run import perform
from conformance.model.run import Record
from conformance.packs import Registry, read_system, shipped_root
from conformance.report import render

KEPT = Path(__file__).parent / "real"
CASES, CALLS = 1300, 300
"""Of those that answer requests, through servers: enough for what a quarter of the requests can show."""


@frozen
class Real:
    """A system file in a folder of `fixtures/real/`; ``options`` of its `record.py`, or None if there is none."""

    pack: str
    folder: str
    system: str = "system.yaml"
    options: tuple[str, ...] | None = ()


REAL = {
    "pvlib-campus": Real("green-direct-connection", "pvlib-campus"),
    "openleadr-events": Real("flexible-load", "openleadr-events"),
    "openleadr-as-they-come": Real("flexible-load", "openleadr-events", "system-as-they-come.yaml", None),
    "openleadr-emergency-alone": Real("flexible-load", "openleadr-events", "system-emergency-alone.yaml", None),
    "boavizta": Real("carbon-footprint", "boavizta"),
    "boavizta-negative-power": Real(
        "carbon-footprint", "boavizta", "system-negative-power.yaml", ("--negative-power",)
    ),
    "grid2op-episodes": Real("grid-dispatch", "grid2op-episodes"),
    "grid2op-redispatch": Real("grid-dispatch", "grid2op-episodes", "system-redispatch.yaml", ("--redispatch",)),
    "mlcroissant-metadata": Real("dataset-quality", "mlcroissant-metadata"),
    "mlcroissant-daytime": Real("dataset-quality", "mlcroissant-metadata", "system-daytime.yaml", ("--daytime",)),
    "mlcroissant-station-code": Real(
        "dataset-quality", "mlcroissant-metadata", "system-station-code.yaml", ("--daytime", "--station-code")
    ),
    "mlcroissant-incomplete-context": Real(
        "dataset-quality",
        "mlcroissant-metadata",
        "system-incomplete-context.yaml",
        ("--daytime", "--incomplete-context"),
    ),
    "wntr-leaks": Real("pipeline-leak", "wntr-leaks"),
    "wntr-leaks-rigid": Real("pipeline-leak", "wntr-leaks", "system-rigid.yaml", ("--rigid",)),
}


def judge(name: str, target: Path, *, cases: int, calls: int) -> Record:
    """Make the recording, if it is one, run the pack over it and write the reports to ``target``."""
    real = REAL[name]
    place, pack = shipped_root() / "fixtures/real" / real.folder, Registry.shipped().find(real.pack)
    with TemporaryDirectory() as folder:
        if real.options is not None:
            command = [sys.executable, str(place / "record.py"), "--output", folder, *real.options]
            subprocess.run(command, check=True)  # noqa: S603 (our own script)
            shutil.copy(place / real.system, folder)
        record = perform(
            pack,
            read_system((place if real.options is None else Path(folder)) / real.system, [pack]),
            oracle=common.oracle_of(pack),
            settings=common.settings_for(pack, cases=cases, calls=calls, jobs=1),
            folder=Path(folder) / "run",
            lang="en",
        )
    target.mkdir(parents=True, exist_ok=True)
    for file, text in written(record).items():
        (target / file).write_text(text, encoding="utf-8")
    return record


def written(record: Record) -> dict[str, str]:
    """The text in both languages, a summary of the record, and all that was installed."""
    versions = "".join(f"{package}=={version}\n" for package, version in record.header.versions.items())
    return {
        "report.txt": render(record, "text", "en"),
        "report.zh-CN.txt": render(record, "text", "zh"),
        "summary.json": json.dumps(summary(record), indent=1, ensure_ascii=False) + "\n",
        "versions.txt": versions,
    }


def summary(record: Record) -> dict[str, object]:
    """Of the JSON report what decides: each finding with its counts above zero, and its statement."""
    whole = json.loads(render(record, "json", "en"))
    kept = {k: whole[k] for k in ("tool", "complete", "exit_code", "result", "pack", "system", "settings")}
    findings = [
        {k: f[k] for k in ("rule", "outcome", "reason", "basis", "disposition", "statement")}
        | {"counts": {name: count for name, count in f["counts"].items() if count}}
        for f in whole["findings"]
    ]
    return kept | {"content_sha256": whole["content_sha256"], "findings": findings}


def main() -> None:
    """Judge what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(REAL))
    parser.add_argument("--output", type=Path, default=KEPT)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--calls", type=int, default=CALLS)
    given = parser.parse_args()
    for name in given.names:
        judge(name, given.output / name, cases=given.cases, calls=given.calls)
        print((given.output / name / "report.txt").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
