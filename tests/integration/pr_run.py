"""One run in pr mode, as figures that another run can be held to: `python pr_run.py PACK SYSTEM JOBS FOLDER`.

Also run by another Python, so it imports nothing but the package.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

from conformance.cli import common
from conformance.cli.run import perform
from conformance.packs import Registry, read_system


def figures(pack_name: str, system_file: str, jobs: int, folder: Path, *, cases: int = 40) -> dict[str, Any]:
    """What must be the same wherever the same tree is run."""
    pack = common.choose(Registry.shipped(), pack_name, (), "2026-07-01")
    settings = common.settings_for(pack, mode="pr", cases=cases, calls=40, jobs=jobs, as_of="2026-07-01")
    record = perform(
        pack, read_system(system_file, [pack]), oracle=common.oracle_of(pack), settings=settings, folder=folder,
        lang="en",
    )  # fmt: skip
    lines = [json.loads(line) for line in (folder / common.RECORD).read_text(encoding="utf-8").splitlines()]
    return {
        "python": platform.python_version(),
        "exit": record.footer.exit_code if record.footer else None,
        "outcomes": {f.rule: [f.outcome, f.reason, f.disposition] for f in record.findings},
        "counts": {line["rule"]: line["counts"] for line in lines if line["kind"] == "finding"},
        "cases": [[c["number"], c["stage"], c["sha256"]] for c in lines if c["kind"] == "case"],
        "margins": {rule: [list(pair) for pair in pairs] for rule, pairs in record.margins.items()},
    }


if __name__ == "__main__":
    named, system, number, where = sys.argv[1:]
    print(json.dumps(figures(named, system, int(number), Path(where))))
