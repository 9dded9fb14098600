"""The pytest plugin: a test for each rule, with outcomes that never turn doubt into a pass."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from conformance.evidence import read_record
from conformance.model.run import Stage

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "fixtures/packs/small")
GOOD = (ROOT / "fixtures/packs/small_system/small_reference.py").read_text()
FORGETS_FUSE = """
def heat(request):
    return {"powers": [{"id": r["id"], "p": r["p_max"]} for r in request["rooms"]]}
"""
WAIVERS = (
    '- {rule: small/total-power, reason: fuse is exchanged, approver: A. Engineer, until: "2999-01-01T00:00:00Z"}\n'
)
RULES = [
    "heat-answers", "heat-response-valid", "heat-repeatable",
    "cold-rooms", "room-power", "total-power", "warmer-target",
]  # fmt: skip
NAMED = any(e.value == "conformance.pytest_plugin" for e in entry_points(group="pytest11"))
PLUGIN = [] if NAMED else ["-p", "conformance.pytest_plugin"]

Pytest = Callable[..., pytest.RunResult]


@pytest.fixture
def own(pytester: pytest.Pytester, monkeypatch) -> Pytest:
    """Pytest in a folder of its own; with processes of pytest-xdist as a process."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("LANG", "C.UTF-8")
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:cacheprovider\nfilterwarnings = error\n")

    def run(*arguments: str) -> pytest.RunResult:
        if "-n" in arguments:
            return pytester.runpytest_subprocess(*PLUGIN, *arguments, timeout=120)
        return pytester.runpytest_inprocess(*PLUGIN, *arguments)

    return run


@pytest.fixture
def on(own: Pytest, write_system) -> Callable[..., pytest.RunResult]:
    """Pytest with the options of the plugin for a system of this program."""

    def run(program: str, *arguments: str, cases: int = 40) -> pytest.RunResult:
        file = write_system(program)
        options = (f"--conformance-cases={cases}", "--conformance-jobs=1", "-v")
        return own(f"--conformance-system={file}", f"--conformance-pack={SMALL}", *options, *arguments)

    return run


def names(result: pytest.RunResult) -> list[str]:
    return [line.split(" ")[0].rpartition("::")[2] for line in result.outlines if line.startswith("small::")]


def test_every_rule_is_a_test_and_a_good_system_passes_all(on) -> None:
    result = on(GOOD, cases=330)
    result.assert_outcomes(passed=6, skipped=1)  # nothing failed, so nothing was repeated
    assert names(result) == RULES
    assert result.ret == 0


def test_a_broken_rule_fails_with_all_that_a_reader_needs_and_no_traceback(on, pytester: pytest.Pytester) -> None:
    result = on(FORGETS_FUSE)
    result.assert_outcomes(failed=1, skipped=5, passed=1)
    result.stdout.fnmatch_lines([
        "All heaters together stay within the fuse: failed",
        "*small/total-power*R2, clause 4.2 · shall · critical · indicative: primary text not confirmed",
        "*9 kW, limit 8; margin -1.0 kW",
        "*it can be met: the reference keeps 7 kW",
        '*request: {"target": 294*',
        "*again: conformance replay pytest-*-small 1 --system *system.yaml",
        "FAILED small::total-power*",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py:*in runtest*")
    (record,) = pytester.path.glob("reports/runs/*/run.jsonl")
    assert record.with_name("report.html").exists()
    assert Stage.HUNT not in read_record(record).stages.values()  # pr is the default


def test_the_failure_speaks_chinese_where_asked(on) -> None:
    on(FORGETS_FUSE, "--conformance-lang", "zh").stdout.fnmatch_lines(["总供暖功率不超过熔断器容量：未通过"])


def test_what_is_inconclusive_is_skipped_with_its_reason_and_fails_when_strict(on) -> None:
    loose = on(GOOD, "-rs")
    loose.assert_outcomes(skipped=7)
    loose.stdout.fnmatch_lines(["SKIPPED*inconclusive: too little data; raise --cases"])
    strict = on(GOOD, "--conformance-strict")
    strict.assert_outcomes(failed=4, skipped=3)  # a `should` that is not settled counts nowhere
    strict.stdout.fnmatch_lines(["*inconclusive*", "*too little data; raise --cases"])


def test_a_rule_that_never_applied_is_skipped(on) -> None:
    result = on("from conformance.adapter import Refuse\ndef heat(request):\n    raise Refuse('no')\n", "-rs")
    result.assert_outcomes(failed=1, passed=1, skipped=5)  # repeatedly refused is not answered, but repeatable
    result.stdout.fnmatch_lines(["*untested: never applied in this run*"])


def test_a_waiver_makes_it_an_expected_failure(on, pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("waivers.yaml").write_text(WAIVERS)
    result = on(FORGETS_FUSE, "--conformance-waivers", "waivers.yaml", "-rx")
    result.assert_outcomes(xfailed=1, skipped=5, passed=1)
    result.stdout.fnmatch_lines(["*waived until 2999-01-01*fuse is exchanged*"])
    assert result.ret == 0


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        (("-k", "room-power or R2"), ["room-power", "total-power"]),
        (("-k", "R3"), ["cold-rooms", "warmer-target"]),
        (("-m", "conformance"), RULES),
        (("--deselect", "small::total-power"), [r for r in RULES if r != "total-power"]),
    ],
)
def test_tests_are_chosen_as_any_others(choice, left, on, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_else(): pass")
    result = on(FORGETS_FUSE, *choice)
    assert names(result)[: len(left)] == left
    assert result.parseoutcomes().get("deselected", 0) == 8 - len(left) - ("--deselect" in choice)


def test_the_first_failure_ends_it_where_asked(on) -> None:
    result = on("raise SystemExit(1)", "-x")
    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["U002 none of the first * calls to sut was answered"])


def test_outcomes_do_not_depend_on_what_is_chosen_nor_on_processes(on, pytester: pytest.Pytester) -> None:
    whole = on(FORGETS_FUSE)
    shared = on(FORGETS_FUSE, "-n", "2")
    assert shared.parseoutcomes() == whole.parseoutcomes()
    alone = on(FORGETS_FUSE, "-k", "total-power")
    alone.assert_outcomes(failed=1, deselected=6)
    records = [read_record(path) for path in pytester.path.glob("reports/runs/*/run.jsonl")]
    assert len(records) == 3  # three test runs, one run each: the processes of the second shared theirs
    assert records[0].findings == records[1].findings == records[2].findings


def test_a_system_that_is_never_reached_is_tried_once(on, tmp_path: Path) -> None:
    count = tmp_path / "starts"
    result = on(f"open({str(count)!r}, 'a').write('x')\nraise SystemExit(1)")
    result.assert_outcomes(failed=7)
    assert len(count.read_text()) < 40  # of each call one start or two, and not seven times over


def test_ci_servers_read_the_outcomes(on, pytester: pytest.Pytester) -> None:
    on(FORGETS_FUSE, "--junitxml=out.xml")
    cases = {c.get("name"): c for c in ElementTree.parse(pytester.path / "out.xml").iter("testcase")}
    assert list(cases) == RULES
    failed = cases["total-power"].find("failure")
    assert failed is not None
    assert "margin -1.0 kW" in (failed.text or "")
    assert cases["cold-rooms"].find("skipped") is not None
    properties = {p.get("name"): p.get("value") for p in cases["total-power"].iter("property")}
    assert properties["margin"] == "-1.0 kW"
    assert properties["basis"] == "indicative"


def test_collecting_calls_nobody(on, pytester: pytest.Pytester) -> None:
    result = on("raise SystemExit(1)", "--collect-only")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*7 tests collected*"])
    assert not pytester.path.joinpath("reports").exists()


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_mistake_ends_the_run_with_a_word_on_it(own, write_system, workers) -> None:
    file = str(write_system(GOOD))
    for arguments, said in (
        (("--conformance-system=absent.yaml", f"--conformance-pack={SMALL}"), "*P001 cannot read absent.yaml*"),
        ((f"--conformance-system={file}", "--conformance-pack=nonsense"), "*nonsense*"),
        ((f"--conformance-system={file}",), "*go together*"),
    ):
        result = own(*arguments, *workers)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([said])
        result.stderr.no_fnmatch_line("*Traceback*")


def test_processes_need_a_lock(write_system, pytester: pytest.Pytester, monkeypatch) -> None:
    monkeypatch.setattr(import_module("conformance.pytest_plugin"), "find_spec", lambda _: None)
    options = (f"--conformance-system={write_system(GOOD)}", f"--conformance-pack={SMALL}", "-n", "2")
    result = pytester.runpytest_inprocess(*PLUGIN, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*U006 filelock is not installed", "*aienergy-conformance[[]pytest[]]*"])


def test_stored_counterexamples_are_asked_first(on, write_system, pytester: pytest.Pytester, monkeypatch) -> None:
    from conformance.assess.stored import merge, place, write_stored

    first = on(FORGETS_FUSE)
    first.assert_outcomes(failed=1, skipped=5, passed=1)
    (record,) = pytester.path.glob("reports/runs/*/run.jsonl")
    write_stored(place(write_system(FORGETS_FUSE)), merge((), read_record(record), on="2026-07-01"))
    record.unlink()
    on(FORGETS_FUSE)
    (record,) = pytester.path.glob("reports/runs/*/run.jsonl")
    assert Stage.STORED in read_record(record).stages.values()


def test_without_its_options_nothing_of_the_harness_is_imported(own, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_imports():\n"
        "    ours = {name for name in sys.modules if name.startswith('conformance')}\n"
        "    assert ours == {'conformance', 'conformance.pytest_plugin'}\n"
        "    assert 'numpy' not in sys.modules\n"
    )
    pytester.runpytest_subprocess(*PLUGIN, timeout=120).assert_outcomes(passed=1)
