"""Habits of the house that a machine can hold."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

import conformance
from conformance.errors import kinds

ROOT = Path(__file__).parents[2]
TEXTS = {".py", ".md", ".yaml", ".json", ".toml", ".ini", ".html", ".j2", ".css", ".js", ".txt", ".svg", ".xml", ""}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines()]


def modules() -> list[str]:
    return [
        m.name for m in pkgutil.walk_packages(conformance.__path__, "conformance.") if not m.name.endswith("__main__")
    ]


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is_for(name: str) -> None:
    if name == "conformance.systems._host":  # runs when it is imported; it is a program
        return
    module = importlib.import_module(name)
    assert module.__doc__


def test_no_module_grows_into_a_maze() -> None:
    long = {p.name: n for p in ROOT.glob("conformance/**/*.py") if (n := len(p.read_text().splitlines())) > 500}
    assert long == {}


def test_every_failure_has_a_code_of_its_own_and_all_its_texts_in_both_languages() -> None:
    for name in modules():
        if ".errors" in name or name.endswith(("quantity", "waivers")):
            importlib.import_module(name)
    codes: dict[str, str] = {}
    for kind in kinds():
        assert re.fullmatch(r"[A-Z]\d{3}", kind.code), kind
        assert codes.setdefault(kind.code, kind.__name__) == kind.__name__
        for text in (kind.what, kind.why, kind.mend):
            assert text.en
            assert re.search(r"[\u4e00-\u9fff{]", text.zh), (kind, text)
    assert len(codes) > 80


def test_nothing_names_a_machine_or_a_package_registry() -> None:
    forbidden = re.compile(
        r"(?<![\w.])/(?:work|farm|root|home)/|https?://\S+/simple/|https?://(?:files|registry|deb)\."
    )
    found = []
    for path in tracked():
        if path.suffix not in TEXTS or not path.is_file() or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if forbidden.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_ci_runs_the_very_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    command = re.search(r"<!-- test command -->\n```sh\n(.*?)\n```\n<!-- end -->", readme, re.DOTALL)
    assert command
    assert command[1].count("\n") == 0
    assert "'/<!-- test command -->/,/<!-- end -->/p' README.md" in (ROOT / ".ci/run").read_text()
    assert command[1] in (ROOT / "README.zh-CN.md").read_text()


def test_links_in_the_documents_lead_somewhere() -> None:
    broken = []
    for page in [p for p in tracked() if p.suffix == ".md"]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_pages_that_errors_point_to_exist() -> None:
    named = {
        page
        for path in ROOT.glob("conformance/**/*.py")
        for page in re.findall(r"docs/[\w./-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert named
    assert [page for page in named if not (ROOT / page).is_file()] == []


def test_pages_stand_in_both_languages() -> None:
    pages = {p.name for p in (ROOT / "docs").glob("*.md")}
    assert {p for p in pages if not p.endswith(".zh-CN.md")} == {
        p.replace(".zh-CN", "") for p in pages if ".zh-CN" in p
    }


def test_no_code_of_ours_evaluates_text() -> None:
    risky = re.compile(r"(?<![\w.])(?:eval|exec|compile)\(|\bpickle\b|yaml\.load\(|shell=True")
    found = [
        f"{p.relative_to(ROOT)}:{n}"
        for p in ROOT.glob("conformance/**/*.py")
        for n, line in enumerate(p.read_text().splitlines(), start=1)
        if risky.search(line) and not line.lstrip().startswith(("#", '"'))
    ]
    assert [f for f in found if "re.compile" not in f] == []
