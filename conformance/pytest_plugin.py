"""Pytest plugin: a test for each rule of a pack, against the system of a system file (docs/in-ci.md).

Without ``--conformance-system`` it costs nothing: the rooms of the harness are imported where they are needed.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.assess import Plan
    from conformance.errors import Language
    from conformance.model.run import Finding, Record

_REPEATABLE = "-repeatable"
"""Ends the name of the rule on repeats, of which there is a finding only where something failed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``conformance run``, by the same names."""
    group = parser.getgroup("conformance", "conformity of a system to a pack")

    def option(name: str, **how: Any) -> None:
        group.addoption(f"--conformance-{name}", **how)

    option("system", metavar="FILE", help="system file: collects a test for each rule of the packs")
    option("pack", metavar="PACK", action="append", default=[], help="pack; may be given several times")
    option("profile", metavar="PACK:NAME", action="append", default=[], help="profile of a pack")
    option("mode", choices=["pr", "all", "nightly"], default="pr", help="as of `conformance run` [pr]")
    option("cases", type=int, metavar="N", help="independent cases [what the evidence demands]")
    option("calls", type=int, metavar="N", help="calls for the adaptive stages")
    option("seed", metavar="TEXT", help="seed [public; nightly: a fresh one]")
    option("jobs", type=int, default=0, metavar="N", help="concurrent calls")
    option("waivers", metavar="FILE", help="waivers file; what is waived is an expected failure")
    option("strict", action="store_true", help="what could not be determined fails too, instead of being skipped")
    option("allow-outside", action="store_true", help="paths may leave the system file's folder")
    option("lang", choices=["en", "zh"], help="language of what failed tests say [locale]")


def pytest_configure(config: pytest.Config) -> None:
    """Read packs, system and waivers, so that a mistake in them ends the run before it begins."""
    config.addinivalue_line("markers", "conformance: a rule of a pack, tested on the system of --conformance-system")
    if not config.option.conformance_system and not config.option.conformance_pack:
        return
    if not (config.option.conformance_system and config.option.conformance_pack):
        raise pytest.UsageError("--conformance-system and --conformance-pack go together")
    from conformance.errors import Problem, Refused

    try:
        runs = [Assessment(config, pack) for pack in config.option.conformance_pack]
    except (Problem, Refused) as refused:
        raise pytest.UsageError(refused.render(_language(config))) from None
    config.pluginmanager.register(Collection(runs), "conformance-collection")


class Collection:
    """Adds the tests of the rules to those that pytest finds itself."""

    def __init__(self, runs: Sequence[Assessment]) -> None:
        """``runs`` has one assessment for each pack."""
        self._runs = runs

    def pytest_report_header(self) -> list[str]:
        """One line for each pack."""
        return [f"conformance: {run.title}" for run in self._runs]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """The packs stand beside the folders and files of the session."""
        report = yield
        if isinstance(collector, pytest.Session):
            report.result += [RulesOfPack.of(collector, run) for run in self._runs]
        return report


class Assessment:
    """One run of the system against one pack, made when the first test needs it and shared by all of them.

    Rules of an operation share its calls, and what a search does depends on all of them: so there is one run whatever
    tests were chosen. Processes of pytest-xdist share it too, the first that comes makes it.
    """

    def __init__(self, config: pytest.Config, pack: str) -> None:
        """Read everything but call nothing. Raises `Problem`, `Refused`."""
        from conformance.assess import make_plan
        from conformance.cli import common, counterexamples
        from conformance.cli.waivers import read_waivers
        from conformance.errors import Text
        from conformance.errors.usage import Missing
        from conformance.packs import Registry, read_system

        option = config.option
        self.lang = _language(config)
        self.system_file = Path(option.conformance_system)
        self.strict: bool = option.conformance_strict
        self._waivers = read_waivers(Path(option.conformance_waivers)) if option.conformance_waivers else ()
        day = common.day_of(None)
        found = common.choose(Registry.shipped(), pack, option.conformance_profile, day)
        self._settings = common.settings_for(
            found, mode=option.conformance_mode, cases=option.conformance_cases, calls=option.conformance_calls,
            seed=option.conformance_seed, jobs=option.conformance_jobs, strict=self.strict, as_of=day,
        )  # fmt: skip
        self._stored = counterexamples.committed(option.conformance_system, None, written=False)[1]
        self._outside: bool = option.conformance_allow_outside
        self._system = read_system(self.system_file, [found], allow_outside=self._outside)
        self.plan: Plan = make_plan(
            found, self._system, oracle=None, settings=self._settings, allow_outside=self._outside
        )
        self._shared = hasattr(config, "workerinput")  # a process of pytest-xdist
        if getattr(option, "numprocesses", None) and find_spec("filelock") is None:
            purpose = Text("the processes of pytest-xdist share one run", "pytest-xdist 的各进程共用一次运行")
            raise Missing(package="filelock", extra="pytest", purpose=purpose)
        self._trouble: Exception | None = None
        self._name = f"pytest-{_run_of(config)}-{found.short}"

    @property
    def title(self) -> str:
        """What is tested against what."""
        pack, system = self.plan.pack, self.plan.system
        return f"{system.name} {system.version} against {pack.short} {pack.version}, mode {self._settings.mode}"

    @property
    def rules(self) -> Iterator[str]:
        """Ids of the rules, those that every surface has before those of the pack."""
        from conformance.judge import document_valid, implicit, rows_valid

        plan = self.plan
        for trial in plan.trials:
            yield from (subject.rule for subject in implicit(plan.pack, trial.operation.name))
            if trial.space is not None:
                yield f"{plan.pack.short}/{trial.operation.name}{_REPEATABLE}"
        yield from (rows_valid(plan.pack, sheet.table.name).rule for sheet in plan.sheets)
        yield from (document_valid(plan.pack, paper.document.name).rule for paper in plan.papers)
        yield from plan.programs

    def finding(self, rule: str) -> Finding | None:
        """What was found of ``rule``; None of the one on repeats, if nothing failed and so nothing was repeated."""
        found = {finding.rule: finding for finding in self.record.findings}
        return found.get(rule) if rule.endswith(_REPEATABLE) else found[rule]

    def again(self, finding: Finding) -> str:
        """The command that asks the system once more."""
        from conformance.report.facts import replay, simplest

        witness = simplest(finding)
        if witness is None or not witness.case:  # of a table: it was recorded, and nothing was called
            return f"conformance report {self._name}"
        return replay(self.record, witness, run=self._name)

    @property
    def record(self) -> Record:
        """The record of the run, which is made now if it was not yet. Raises `Problem`, `Refused`, each time alike."""
        if self._trouble is not None:
            raise self._trouble
        try:
            return self._record
        except Exception as trouble:
            self._trouble = trouble
            raise

    @cached_property
    def _record(self) -> Record:
        from conformance.cli import common
        from conformance.cli.run import FILES, perform, write_reports
        from conformance.evidence import read_record

        folder = common.RUNS / self._name
        with self._alone():
            if not (folder / FILES["html"]).exists():  # it is written last
                shutil.rmtree(folder, ignore_errors=True)  # of a process that died over it
                folder.mkdir(parents=True)
                record = perform(
                    self.plan.pack, self._system, oracle=common.oracle_of(self.plan.pack), settings=self._settings,
                    folder=folder, lang=self.lang, waivers=self._waivers, stored=self._stored,
                    allow_outside=self._outside,
                )  # fmt: skip
                write_reports(record, folder, {}, self.lang)
        return read_record(folder / common.RECORD)

    def _alone(self) -> AbstractContextManager[Any]:
        """Keeps other processes of the same test run away."""
        if not self._shared:
            return nullcontext()
        from filelock import FileLock

        return FileLock(Path(tempfile.gettempdir()) / f"conformance-{self._name}.lock")


class RulesOfPack(pytest.Collector):
    """The tests of one pack."""

    run: Assessment

    @classmethod
    def of(cls, session: pytest.Session, run: Assessment) -> RulesOfPack:
        """The tests of the pack of ``run``."""
        name = run.plan.pack.short
        made: RulesOfPack = cls.from_parent(session, name=name, nodeid=name)
        made.run = run
        return made

    def collect(self) -> list[pytest.Item]:
        """One test for each rule."""
        return [RuleTest.of(self, rule) for rule in self.run.rules]


class Nonconformity(Exception):
    """A rule is broken; the text says all there is to say."""


class RuleTest(pytest.Item):
    """One rule."""

    rule: str
    run: Assessment

    @classmethod
    def of(cls, parent: RulesOfPack, rule: str) -> RuleTest:
        """The test of ``rule``, found by ``-k`` under its name and those of its requirements."""
        made: RuleTest = cls.from_parent(parent, name=rule.rpartition("/")[2])
        made.rule, made.run = rule, parent.run
        made.add_marker("conformance")
        known = parent.run.plan.pack.rules.get(rule)
        made.extra_keyword_matches.update(r.rpartition("/")[2] for r in (known.requirements if known else ()))
        return made

    def runtest(self) -> None:
        """Pass, fail, skip or xfail as the finding says; only `passed` passes."""
        from conformance.errors import Text
        from conformance.evidence import Folder
        from conformance.model.outcome import Outcome
        from conformance.model.run import Disposition
        from conformance.report.failure import failure
        from conformance.report.plain import margin_words

        finding, lang = self.run.finding(self.rule), self.run.lang
        if finding is None:
            pytest.skip(Text("nothing failed, so nothing was repeated", "没有不符合，因而没有重复请求").in_(lang))
        margin = margin_words(finding.worst.margin if finding.worst else None).in_(lang)
        self.user_properties += [("margin", margin)] if margin else []
        self.user_properties += [("basis", finding.basis.value), ("statement", finding.statement.in_(lang))]
        failing = finding.disposition is Disposition.BROKEN
        unsure = finding.disposition is Disposition.UNSURE and self.run.strict
        if failing or unsure:
            plan, again = self.run.plan, self.run.again(finding)
            fold = Folder.of(plan.system.site).fold
            raise Nonconformity(failure(plan.pack, finding, lang=lang, fold=fold, again=again))
        if finding.disposition is Disposition.WAIVED and finding.waived:
            said = Text("waived until {until}: {reason}", "豁免至 {until}：{reason}")
            pytest.xfail(said.format(until=finding.waived.until, reason=finding.waived.reason).in_(lang))
        if finding.outcome is not Outcome.PASSED:
            pytest.skip(_why(finding, lang))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The text of the failure, without a traceback through the harness."""
        from conformance.errors import Problem, Refused

        if isinstance(excinfo.value, Problem | Refused):
            return excinfo.value.render(self.run.lang)
        if isinstance(excinfo.value, Nonconformity):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is from: the system file."""
        return self.run.system_file.absolute(), None, f"{self.run.plan.pack.short}::{self.name}"


def _why(finding: Finding, lang: Language) -> str:
    """``inconclusive: too little data; raise --cases``, or another outcome that is no pass."""
    from conformance.report.facts import doubt
    from conformance.report.words import DISPOSITIONS

    if doubtful := doubt(finding):
        return f"{finding.outcome}: {'; '.join(text.in_(lang) for text in doubtful)}"
    return f"{finding.outcome} ({DISPOSITIONS[finding.disposition].in_(lang)}): {finding.statement.in_(lang)}"


def _language(config: pytest.Config) -> Language:
    from conformance.cli.language import chosen_language

    return chosen_language(["--lang", config.option.conformance_lang] if config.option.conformance_lang else [])


def _run_of(config: pytest.Config) -> str:
    """What names this test run, the same in all its processes."""
    shared = getattr(config, "workerinput", {}).get("testrunuid") or secrets.token_hex(4)
    return str(shared)[:8]
