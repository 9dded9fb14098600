"""The same tree in pr mode gives the same verdicts: with any number of jobs, and on another Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pr_run import figures

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "fixtures/packs/small")
GOOD = (ROOT / "fixtures/packs/small_system/small_reference.py").read_text()
FAULTY = f"""{GOOD}
good = heat
def heat(request):
    answer = good(request)
    if request["target"] > 296.5:
        answer["powers"][0]["p"] *= 1.7
    return answer
"""
STAYS = """
    import time, zlib
    def dispatch(request):
        time.sleep(zlib.crc32(repr(request["loads"]).encode()) % 7 / 1000)  # answers come back in another order
        return {"setpoints": [{"id": g["id"], "p": g["p_now"]} for g in request["generators"]]}
"""
DISPATCH = (
    'name: stays\nvendor: v\nversion: "1"\nenvironment: test\noperations:\n  dispatch: {python: "program:dispatch"}\n'
)
SAME = 1e-9
"""Of the scale of a margin: what may differ between two machines."""


@pytest.fixture
def systems(write_system: Callable[..., Path], tmp_path: Path) -> dict[str, Path]:
    """Pack to a system that breaks some of its rules."""
    small = write_system(FAULTY)
    other = tmp_path / "stays"
    other.mkdir()
    (other / "program.py").write_text(STAYS.replace("\n    ", "\n"))
    (other / "system.yaml").write_text(DISPATCH)
    return {SMALL: small, "grid-dispatch": other / "system.yaml"}


def lines(folder: Path) -> list[bytes]:
    """The record without its header, which says how many jobs there were, and without times."""
    return [
        line
        for line in (folder / "run.jsonl").read_bytes().splitlines()
        if json.loads(line)["kind"] not in ("header", "timing", "footer")
    ]


@pytest.mark.parametrize("pack", [SMALL, "grid-dispatch"])
def test_jobs_change_neither_a_verdict_nor_the_order_of_the_record(pack: str, systems, tmp_path: Path) -> None:
    found = [figures(pack, str(systems[pack]), jobs, tmp_path / f"jobs-{jobs}", cases=20) for jobs in (1, 8)]
    assert found[0] == found[1]
    assert "failed" in {outcome for outcome, *_ in found[0]["outcomes"].values()}
    one, eight = lines(tmp_path / "jobs-1"), lines(tmp_path / "jobs-8")
    assert one == eight
    heads = [json.loads((tmp_path / f"jobs-{n}/run.jsonl").read_bytes().splitlines()[0]) for n in (1, 8)]
    assert [head["settings"].pop("jobs") for head in heads] == [1, 8]
    assert heads[0] == heads[1]


def others() -> Iterator[str]:
    """Interpreters of another version that have what the package needs, the one that tox names first."""
    named = os.environ.get("CONFORMANCE_OTHER_PYTHON")
    probe = "import sys, attrs, cattrs, cmaes, duckdb, jsonschema_rs, pint, scipy, sqlglot; print(sys.version_info[:2])"
    for python in [named] if named else map(shutil.which, ("python3.11", "python3.12", "python3.13", "python3.14")):
        if python is None:
            continue
        done = subprocess.run([python, "-c", probe], capture_output=True, text=True, timeout=60)
        if done.returncode == 0 and done.stdout.strip() != str(tuple(sys.version_info[:2])):
            yield python


@pytest.mark.parametrize("pack", [SMALL, "grid-dispatch"])
def test_another_python_gives_the_same_outcomes_counts_and_cases(pack: str, systems, tmp_path: Path) -> None:
    python = next(others(), None)
    if python is None:
        pytest.skip("no other Python with the dependencies: tox -e pythons")
    here = figures(pack, str(systems[pack]), 8, tmp_path / "here")
    command = [
        python,
        str(Path(__file__).with_name("pr_run.py")),
        pack,
        str(systems[pack]),
        "1",
        str(tmp_path / "there"),
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    there: dict[str, Any] = json.loads(done.stdout)
    assert there.pop("python") != here.pop("python")
    mine, its = here.pop("margins"), there.pop("margins")
    assert json.loads(json.dumps(here)) == there
    assert len(here["cases"]) > 40
    assert mine.keys() == its.keys()
    for rule, pairs in mine.items():
        assert [number for number, _ in pairs] == [number for number, _ in its[rule]]
        assert all(abs(a - b) <= SAME for (_, a), (_, b) in zip(pairs, its[rule], strict=True)), rule
