"""What a person meets at the command line: exit codes, languages, errors, files."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.errors import columns
from conformance.evidence import read_record
from conformance.packs import load, read_system

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "fixtures/systems/grid-dispatch/reference/system.yaml"
SMALL = str(ROOT / "fixtures/packs/small")
GOOD = (ROOT / "fixtures/packs/small_system/small_reference.py").read_text()
FORGETS_FUSE = """
def heat(request):
    return {"powers": [{"id": r["id"], "p": r["p_max"]} for r in request["rooms"]]}
"""


@pytest.fixture
def conformance(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in an empty folder, as a process of its own."""
    (tmp_path / "here").mkdir()

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "conformance", *arguments],
            cwd=tmp_path / "here",
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "LANG": "C.UTF-8", **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return call


def test_a_good_system_exits_0_and_leaves_reports_that_machines_read(conformance, write_system, tmp_path) -> None:
    file = write_system(GOOD)
    done = conformance(
        "run", SMALL, "--system", str(file), "--mode", "pr", "--cases", "1000",
        "--format", "junit", "--format", "json", "--output", "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no nonconformity found" in done.stdout
    assert all(columns(line) <= 80 for line in done.stdout.splitlines())
    out = tmp_path / "here/out"
    assert ElementTree.parse(out / "junit.xml").getroot().tag == "testsuites"
    assert json.loads((out / "report.json").read_text())["findings"]
    assert (out / "report.html").read_text().startswith("<!doctype html>")


def test_a_report_that_cannot_be_written_is_refused_before_anything_runs(conformance, write_system, tmp_path) -> None:
    file = write_system(GOOD)
    done = conformance("run", SMALL, "--system", str(file), "--format", "word", "--output", "out")
    assert done.returncode == 2
    assert "html, json, junit, text" in done.stderr
    done = conformance("run", SMALL, SMALL, "--system", str(file), "--format", "json=one.json", "--output", "out")
    assert done.returncode == 2
    assert "a report of its own" in done.stderr
    assert not (tmp_path / "here/out").exists()


def test_a_faulty_system_exits_1_and_replay_says_when_it_is_mended(conformance, write_system) -> None:
    file = write_system(FORGETS_FUSE)
    assert conformance("run", SMALL, "--system", str(file), "--cases", "40", "--calls", "40").returncode == 1
    again = conformance("replay", "last", "--system", str(file), "--pack", SMALL)
    assert again.returncode == 1
    assert "still failing" in again.stdout
    write_system("from conformance.adapter import Refuse\ndef heat(request):\n    raise Refuse('no')\n")
    assert conformance("replay", "last", "--system", str(file), "--pack", SMALL).returncode == 3
    write_system(GOOD)
    mended = conformance("replay", "last", "--system", str(file), "--pack", SMALL, "--lang", "zh")
    assert mended.returncode == 0
    assert "已修复" in mended.stdout


def test_a_stored_run_is_rendered_again(conformance, write_system) -> None:
    file = write_system(FORGETS_FUSE)
    first = conformance("run", SMALL, "--system", str(file), "--mode", "pr", "--cases", "20")
    again = conformance("report", "last", "-v", "--lang", "zh")
    assert again.returncode == 0
    assert "不符合" in again.stdout
    assert "BROKEN" in first.stdout


def test_a_waiver_in_force_allows_0_and_is_printed_and_an_expired_one_does_not(
    conformance, write_system, tmp_path
) -> None:
    file = write_system(FORGETS_FUSE)

    def waive(until: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "here/waivers.yaml").write_text(
            "".join(
                f'- {{rule: small/{rule}, reason: fuse is exchanged, approver: A. Engineer, until: "{until}"}}\n'
                for rule in ("total-power",)
            )
        )
        return conformance(
            "run", SMALL, "--system", str(file), "--mode", "pr", "--cases", "1000", "--waivers", "waivers.yaml"
        )

    allowed = waive("2999-01-01T00:00:00+08:00")
    assert allowed.returncode == 0, allowed.stdout
    assert "waived" in allowed.stdout
    assert waive("2001-01-01T00:00:00+08:00").returncode == 1
    nonsense = waive("tomorrow")
    assert nonsense.returncode == 2
    assert "waivers.yaml:1:" in nonsense.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "no-such-pack", "--system", "x.yaml"), "no-such-pack"),
        (("run", SMALL, "--system", "absent.yaml"), "absent.yaml"),
        (("run", SMALL, "--system", str(REFERENCE)), "dispatch"),
        (("run", SMALL, "--system", str(REFERENCE), "--budget", "soon"), "--budget"),
        (("run", SMALL, "--system", str(REFERENCE), "--mode", "pr", "--budget", "5 min"), "--budget"),
        (("replay", "last", "--system", "x.yaml"), "reports/runs"),
        (("report", "nowhere"), "nowhere"),
        (("lint", "nowhere"), "0 packs"),
        (("frobnicate",), "frobnicate"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_mistake_exits_2_with_a_word_on_it_and_no_traceback(conformance, arguments, said, lang) -> None:
    done = conformance(*arguments, "--lang", lang)
    assert done.returncode == 2
    output = done.stdout + done.stderr
    assert said in output or (lang == "zh" and "0 个标准包" in output)
    assert "Traceback" not in output


def test_a_system_file_that_is_wrong_is_shown_with_a_caret(conformance, write_system) -> None:
    file = write_system(GOOD, extra="environment: test\nenvelop: {target: {between: [1, 2]}}")
    done = conformance("run", SMALL, "--system", str(file))
    assert done.returncode == 2
    assert "system.yaml:6:1" in done.stderr
    assert "^^^^^^^" in done.stderr
    assert "envelope" in done.stderr


def test_init_doctor_and_run_lead_a_newcomer_from_one_to_the_next(conformance, tmp_path) -> None:
    made = conformance("init")
    assert made.returncode == 0
    assert "conformance doctor --system system.yaml" in made.stdout
    assert conformance("init").returncode == 2  # nothing is overwritten
    looked = conformance("doctor", "--system", "system.yaml")
    assert looked.returncode == 1
    assert "not connected yet" in looked.stdout
    adapter = tmp_path / "here/adapter.py"
    answer = 'return {"setpoints": [{"id": g["id"], "p": g["p_now"]} for g in request["generators"]]}'
    adapter.write_text(adapter.read_text().replace('raise Refuse("not connected yet")', answer))
    good = conformance("doctor", "--system", "system.yaml")
    assert good.returncode == 0, good.stdout
    assert "conformance run grid-dispatch --system system.yaml" in good.stdout
    ran = conformance(
        "run", "grid-dispatch", "--system", "system.yaml", "--mode", "pr", "--cases", "10", "--calls", "20"
    )
    assert ran.returncode == 1


@pytest.mark.parametrize("kind", ["http", "recorded"])
def test_init_writes_files_that_are_read(kind, conformance, tmp_path) -> None:
    assert conformance("init", "--kind", kind).returncode == 0
    pack = load(ROOT / "standards/ai-for-energy/grid-dispatch")
    assert read_system(tmp_path / "here/system.yaml", [pack]).operations.keys() == {"dispatch"}


@pytest.mark.parametrize("page", ["system-file.md", "system-file.zh-CN.md"])
def test_the_system_file_of_the_docs_is_one_that_is_read(page, tmp_path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    pack = load(ROOT / "standards/ai-for-energy/grid-dispatch")
    whole = [block for block in blocks if block.startswith("name:")]  # parts are tested with the tables they describe
    assert whole
    for block in whole:
        (tmp_path / "system.yaml").write_text(block, encoding="utf-8")
        read_system(tmp_path / "system.yaml", [pack])


def test_the_locale_chooses_the_language_and_lang_overrules_it(conformance) -> None:
    assert "列出标准包" in conformance("--help", LANG="zh_CN.UTF-8").stdout
    assert "list the packs" in conformance("--help", "--lang", "en", LANG="zh_CN.UTF-8").stdout


def test_runs_are_compared_and_those_of_other_packs_refused(conformance, write_system) -> None:
    run = ("run", SMALL, "--cases", "40", "--calls", "0", "--system")
    conformance(*run, str(write_system(GOOD)), "--output", "good")
    conformance(*run, str(write_system(FORGETS_FUSE)), "--output", "bad")
    done = conformance("compare", "good", "bad")
    assert done.returncode == 0, done.stderr
    assert "BROKE" in done.stdout
    assert "open now" in conformance("compare", "bad", "good").stdout  # 40 cases are too few to call it fixed
    assert conformance("compare", "good").returncode == 2
    assert conformance("compare", "good", "nowhere").returncode == 2


def test_packs_are_listed_for_people_and_machines(conformance) -> None:
    assert "ai-for-energy/grid-dispatch@" in conformance("packs").stdout
    rows = json.loads(conformance("packs", "--format", "json").stdout)
    assert "ai-for-energy/grid-dispatch" in {row["id"] for row in rows}


@pytest.mark.parametrize(("lang", "said"), [("en", "of 29 have rules"), ("zh", "29 项中")])
def test_coverage_names_packs_and_what_has_none_at_80_columns(conformance, lang, said) -> None:
    done = conformance("show", "--coverage", "--lang", lang, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert "grid-dispatch" in done.stdout
    assert all(columns(line) <= 80 for line in done.stdout.splitlines())


def test_broken_packs_are_linted_with_every_problem_at_once(conformance, tmp_path) -> None:
    import shutil

    pack = tmp_path / "here/pack"
    shutil.copytree(SMALL, pack)
    rule = pack / "rules/total-power.yaml"
    rule.write_text(rule.read_text().replace("severity: critical", "severity: dire").replace("<= limit", "<= limt"))
    done = conformance("lint", "pack", "--format", "json")
    assert done.returncode == 2
    assert len({p["code"] for p in json.loads(done.stdout)}) >= 1
    assert all(p["line"] for p in json.loads(done.stdout))


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_is_killed_leaves_a_readable_record(seed: int, write_system, tmp_path) -> None:
    file = write_system(
        "import time\n" + GOOD.replace("def heat(request):", "def heat(request):\n    time.sleep(0.005)")
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "conformance", "run", SMALL, "--system", str(file), "--output", "out"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    record = tmp_path / "out/run.jsonl"
    deadline = time.monotonic() + 60
    while not (record.exists() and record.stat().st_size > 60_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(random.Random(seed).uniform(0, 0.5))
    child.send_signal(signal.SIGKILL)
    child.wait()
    read = read_record(record)
    assert read.footer is None
    assert read.cases > 10
    from conformance.report import first_screen

    assert "CUT OFF" in first_screen(read)
