"""What is in force on a day, from the command line to the record."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from os import environ
from pathlib import Path

import pytest

from conformance.evidence import read_record

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "fixtures/packs/small"
GOOD = (ROOT / "fixtures/packs/small_system/small_reference.py").read_text()

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    (tmp_path / "here").mkdir()

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "conformance", *arguments],
            cwd=tmp_path / "here",
            env={**environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return call


def changed(tmp_path: Path) -> Path:
    """The small pack with a fuse that carries 8 kW up to the end of June 2026, and 2 kW from then on."""
    pack = tmp_path / "small"
    pack.mkdir()
    for file in SMALL.rglob("*"):
        if file.is_file():
            target = pack / file.relative_to(SMALL)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
    limits = pack / "limits" / "fuse.yaml"
    row = "  - {value: 8, eq: {connection: single-phase}, source: small/S2, status: primary}\n"
    dated = row.replace("}\n", ", effective: {to: 2026-07-01}}\n")
    later = row.replace("value: 8", "value: 2").replace("}\n", ", effective: {from: 2026-07-01}}\n")
    text = limits.read_text(encoding="utf-8")
    assert row in text
    limits.write_text(text.replace(row, dated + later), encoding="utf-8")
    (pack / "profiles" / "strict.yaml").unlink()
    return pack


@pytest.mark.parametrize(("day", "limit"), [("2026-06-30", 8.0), ("2026-07-01", 2.0)])
def test_a_run_takes_the_limits_of_its_day_and_its_record_says_which(
    command: Command, write_system: Callable[..., Path], tmp_path: Path, day: str, limit: float
) -> None:
    done = command(
        "run", str(changed(tmp_path)), "--system", str(write_system(GOOD)), "--mode", "pr", "--cases", "20",
        "--as-of", day, "--output", "out",
    )  # fmt: skip
    assert done.returncode in (0, 1, 3), done.stderr
    header = read_record(tmp_path / "here/out/run.jsonl").header
    assert header.settings.as_of == day
    assert [row.figure.value for row in header.pack.limits["fuse"].rows] == [limit, 20.0]


def test_without_a_day_it_is_today_in_utc(command: Command, write_system: Callable[..., Path], tmp_path: Path) -> None:
    before = datetime.now(UTC).date().isoformat()
    done = command(
        "run", str(SMALL), "--system", str(write_system(GOOD)), "--mode", "pr", "--cases", "20", "--output", "o"
    )
    assert done.returncode in (0, 1, 3), done.stderr
    found = read_record(tmp_path / "here/o/run.jsonl").header.settings.as_of
    assert found in (before, datetime.now(UTC).date().isoformat())


@pytest.mark.parametrize(
    ("day", "lang", "said"),
    [
        ("2025-12-31", "en", "test/small@1.0.0 is not in force on 2025-12-31"),
        ("2025-12-31", "zh", "test/small@1.0.0 在 2025-12-31 不生效"), ("2026-02-30", "en", "'2026-02-30' is no date"),
        ("today", "zh", "'today' 不是有效日期"),
    ],
)  # fmt: skip
def test_a_pack_that_is_not_in_force_is_told_before_anything_is_called(
    command: Command, write_system: Callable[..., Path], day: str, lang: str, said: str
) -> None:
    done = command("--lang", lang, "run", str(SMALL), "--system", str(write_system(GOOD)), "--as-of", day)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr


def test_examples_are_tried_with_the_limits_of_a_day(command: Command, tmp_path: Path) -> None:
    pack = str(changed(tmp_path))
    assert command("test", pack, "--as-of", "2026-06-30").returncode == 0
    broken = command("test", pack, "--as-of", "2026-07-01")
    assert broken.returncode == 1
    assert "total-power" in broken.stdout
