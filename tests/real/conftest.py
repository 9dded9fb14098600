"""Runs of `reports.real`, each in an environment of its own (`tox -e real-pvlib` and so on)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Judge a real part by its name; returns the outcome of each finding by the short name of its rule."""

    def judged_(name: str, *options: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "reports.real", name, "--output", str(tmp_path), *options]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
        summary = json.loads((tmp_path / name / "summary.json").read_text(encoding="utf-8"))
        return {finding["rule"].rpartition("/")[2]: finding["outcome"] for finding in summary["findings"]}

    return judged_


@pytest.fixture(scope="module")
def beside() -> Any:
    """Import modules of a folder under `fixtures/real/`; afterwards none of those that it brought is left."""
    with pytest.MonkeyPatch.context() as patch:
        before = set(sys.modules)

        def from_(folder: str) -> None:
            patch.syspath_prepend(str(ROOT / "fixtures/real" / folder))

        yield from_
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(ROOT / "fixtures"):
                del sys.modules[name]
