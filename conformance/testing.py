"""For tests of your own: a function of yours is asked requests of a pack and held to its rules, by Hypothesis.

    from conformance.testing import conforms, off_nominal
    from hypothesis import example

    @conforms("grid-dispatch", rules=["ramp-rate", "reserve"], cases=200)
    @example(off_nominal({"loads[bus=8].p": 205.0}))
    def test_dispatch(request):
        return my_dispatch(request)

The function runs in the process of the test, so a debugger stops in it. A failure counts as in `conformance run`: only
where the pack's reference meets the rule on the same request. A test that passes is no assessment: it states no bound.
"""

from __future__ import annotations

import functools
import inspect
import json
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from unittest import SkipTest

import hypothesis
from attrs import evolve, frozen
from hypothesis import strategies

from conformance.adapter import Refuse
from conformance.assess import Plan, Trial, make_plan
from conformance.assess.bench import Bench, Examined
from conformance.assess.pairs import Pairs
from conformance.assess.stored import obstacle
from conformance.cases import Point, Space
from conformance.cli import common
from conformance.cli.language import chosen_language
from conformance.errors import Text
from conformance.errors.assess import NoRequest, NotOfPack
from conformance.evidence import Folder
from conformance.judge import Subject, Tally, basis, conclude, decides, implicit, subject, verdict
from conformance.model.json import JSON, digest, encode
from conformance.model.outcome import Basis, Obligation
from conformance.model.run import Answer, Case, Exchange, Finding, Reply, Stage, Witness
from conformance.model.system import PythonCall, System
from conformance.packs import Registry, read_system
from conformance.report.failure import failure
from conformance.report.words import REASONS, UNTESTED
from conformance.systems import Hello, Pool, Session, opener

__all__ = ["NothingShown", "OffNominal", "conforms", "off_nominal"]


class NothingShown(UserWarning):
    """A rule of the pack that no example of a test could show to hold."""


@frozen(repr=False)
class OffNominal:
    """A request, by where it differs from the nominal one."""

    changes: Mapping[str, float | str | bool]

    def __repr__(self) -> str:
        return f"off_nominal({dict(self.changes)!r})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))  # Hypothesis shows it as it is written in `@example`


def off_nominal(changes: Mapping[str, float | str | bool]) -> OffNominal:
    """The nominal request with other values at some paths, such as ``{"loads[bus=8].p": 205.0}``; for ``@example``."""
    return OffNominal(dict(changes))


def conforms(
    pack: str,
    *,
    operation: str | None = None,
    rules: Sequence[str] = (),
    cases: int = 200,
    system: str | Path | None = None,
    profile: str | None = None,
    settings: hypothesis.settings | None = None,
) -> Callable[[Callable[..., JSON]], Callable[..., None]]:
    """Make a function from request to response a test of ``pack``; its first parameter (but self) is the request.

    ``operation`` may be left out where the pack has one. ``rules`` names those to hold it to, by id or short name; by
    default all that decide, and of those that no example could show to hold there is a warning. A rule that was named
    and not shown to hold skips the test. ``cases`` is the number of examples, unless ``settings`` of Hypothesis say
    more; ``@example`` stands below. Site and envelope are those of the file ``system``, else the pack's own.

    Raises `Problem`, `Refused` when the test runs.
    """

    @functools.cache
    def terms() -> _Terms:
        return _Terms.of(pack, operation, rules, system, profile)

    run = settings or hypothesis.settings(
        max_examples=cases,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
        phases=[p for p in hypothesis.Phase if p is not hypothesis.Phase.explain],  # it would explain the harness
    )

    def decorate(function: Callable[..., JSON]) -> Callable[..., None]:
        name = next(n for n in inspect.signature(function).parameters if n != "self")
        hearings: list[_Hearing] = []

        @functools.wraps(function)
        def one(*args: Any, **others: Any) -> None:
            __tracebackhide__ = True
            asked = others.pop(name)

            def answer(request: JSON) -> JSON:
                __tracebackhide__ = True
                return function(*args, **{name: request}, **others)

            hearings[-1].hear(answer, asked)

        asked = run(hypothesis.given(**{name: strategies.deferred(lambda: terms().strategy)})(one))

        @functools.wraps(asked)
        def test(*args: Any, **others: Any) -> None:
            __tracebackhide__ = True
            with _Hearing(terms()) as hearing:
                hearings.append(hearing)
                try:
                    asked(*args, **others)
                finally:
                    hearings.pop()
                hearing.conclude()

        return test

    return decorate


@frozen
class _Terms:
    """What a function is held to."""

    plan: Plan
    trial: Trial
    space: Space
    subjects: Mapping[str, Subject]
    """The rules that decide, by id."""
    named: bool
    """Whether someone named them."""

    @staticmethod
    def of(
        pack_name: str, operation: str | None, rules: Sequence[str], file: str | Path | None, profile: str | None
    ) -> _Terms:
        day = common.day_of(None)
        pack = common.choose(Registry.shipped(), pack_name, [f":{profile}"] if profile else [], day)
        name = operation or next(iter(pack.operations), "")
        if name not in pack.operations or (operation is None and len(pack.operations) > 1):
            raise NotOfPack(
                pack=pack.id, kind=Text("operation", "操作"), name=operation or "", known=", ".join(pack.operations)
            )
        ours = System("test", "", "", ".", {}) if file is None else read_system(file, [pack])
        ours = evolve(ours, operations={name: PythonCall("in:process")})
        plan = make_plan(pack, ours, oracle=common.oracle_of(pack), settings=common.settings_for(pack, as_of=day))
        trial = next((t for t in plan.trials if t.operation.name == name), None)
        if trial is None:  # only sequences of its calls are judged
            kind = Text("operation with rules on single calls", "带有单次调用规则的操作")
            raise NotOfPack(pack=pack.id, kind=kind, name=name, known=", ".join(t.operation.name for t in plan.trials))
        space = trial.space
        assert space is not None, "a live operation has an input space"  # noqa: S101
        known = {s.rule: s for s in (*implicit(pack, name), *(subject(r, pack) for r in trial.rules))}
        wanted = _chosen(pack.id, rules, known)
        trial = evolve(trial, rules=tuple(r for r in trial.rules if r.id in wanted))
        return _Terms(plan, trial, space, wanted, bool(rules))

    @property
    def strategy(self) -> strategies.SearchStrategy[OffNominal]:
        """Requests inside the declared envelope; shrinks toward nominal."""
        return self.space.declared.strategy().map(self._off)

    def _off(self, point: Point) -> OffNominal:
        return off_nominal({change.path: change.value for change in self.space.changes(point)})

    def case(self, asked: JSON | OffNominal) -> Case:
        """The case of what is asked. Raises `NotOfPack`, `NoRequest`."""
        request = self._request(asked) if isinstance(asked, OffNominal) else asked
        operation = self.trial.operation.name
        if (complaint := obstacle(self.plan, operation, request)) is not None:
            raise NoRequest(operation=operation, complaint=complaint)
        values = self.space.values(request)
        inside = values is None or self.space.inside(values)
        changed = () if values is None else self.space.changes(values)
        return Case(1, operation, Stage.STRUCTURE, request, digest(request), changed, inside)

    def _request(self, asked: OffNominal) -> JSON:
        paths = [d.path for d in self.space.dimensions]
        for path in asked.changes.keys() - set(paths):
            raise NotOfPack(
                pack=self.plan.pack.id, kind=Text("input", "输入量"), name=path, known=", ".join(paths[:12])
            )
        return self.space.request(tuple(asked.changes.get(d.path, d.nominal) for d in self.space.dimensions))


def _chosen(pack: str, rules: Sequence[str], known: Mapping[str, Subject]) -> dict[str, Subject]:
    """The rules that were named; else those whose failure is a nonconformity."""
    if not rules:
        binding = (s for s in known.values() if s.obligation is Obligation.SHALL and decides(s.status, "run"))
        return {s.rule: s for s in binding}
    short = {rule.rpartition("/")[2]: rule for rule in known}
    for name in rules:
        if name not in known and name not in short:
            raise NotOfPack(pack=pack, kind=Text("rule", "规则"), name=name, known=", ".join(short))
    return {(rule := short.get(name, name)): known[rule] for name in rules}


class _Function(Session):
    """The function under test, in the place of a system."""

    def __init__(self, function: Callable[[JSON], JSON]) -> None:
        self._function = function

    def hello(self) -> Hello:
        """It says nothing of itself."""
        return Hello()

    def call(self, operation: str, request: JSON) -> Reply:
        """What it returns. What it raises is its author's to see, but for `Refuse`."""
        __tracebackhide__ = True
        try:
            body = self._function(json.loads(encode(request)))  # a copy: requests share what does not vary
        except Refuse as refusal:
            return Reply(Answer.REFUSED, cause=Text(f"refused: {refusal}", f"拒绝：{refusal}"))
        try:
            raw = encode(body)
        except (TypeError, ValueError) as error:
            cause = Text(f"what it returned is no JSON: {error}", f"返回值不是 JSON：{error}")
            return Reply(Answer.GARBAGE, cause=cause)
        return Reply(Answer.ANSWERED, raw, json.loads(raw))

    def close(self) -> None:
        """Nothing was opened."""


class _Hearing:
    """One run of a test: the oracle, which starts where a failure asks for it, and what each rule has shown."""

    def __init__(self, terms: _Terms) -> None:
        self._terms = terms
        self._scratch = TemporaryDirectory(prefix="conformance-")
        plan = terms.plan
        self._oracle = plan.oracle and Pool(opener(plan.oracle, plan.pack, scratch=Path(self._scratch.name)), 1)
        self._memory = OrderedDict[str, Examined]()
        self._tallies = {rule: Tally(rule) for rule in terms.subjects}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._oracle:
            self._oracle.close()
        self._scratch.cleanup()

    def hear(self, function: Callable[[JSON], JSON], asked: JSON | OffNominal) -> None:
        """Ask ``function`` once (of a relation twice). Raises AssertionError for a failure that counts."""
        __tracebackhide__ = True
        plan, trial = self._terms.plan, self._terms.trial
        ours = _Function(function)
        bench = Bench(plan, trial, system=ours, oracle=self._oracle or None, memory=self._memory)
        pairs = Pairs(plan, trial, bench)
        case = self._terms.case(asked)
        reply = ours.call(case.operation, case.request)
        examined = bench.settle([bench.judge(case, reply)])
        examined, planned = pairs.plan(examined, dict.fromkeys(pairs.rules, 1), number=2)
        for e in (*examined, *pairs.examine(planned)):
            for rule in self._tallies:  # in one order, or Hypothesis would call the test flaky
                if rule in e.judgements:
                    self._weigh(e, rule)

    def _weigh(self, e: Examined, rule: str) -> None:
        __tracebackhide__ = True
        judgement, tally = e.judgements[rule], self._tallies[rule]
        failed = tally.counts.failed
        tally.add(e.case, judgement, answer=e.reply.answer)
        if tally.counts.failed > failed:
            plan, fold = self._terms.plan, Folder.of(self._terms.plan.system.site).fold
            raise AssertionError(failure(plan.pack, self._finding(e, rule), lang=chosen_language([]), fold=fold))

    def _finding(self, e: Examined, rule: str) -> Finding:
        plan, trial, pack = self._terms.plan, self._terms.trial, self._terms.plan.pack
        program, of = plan.programs.get(rule), self._terms.subjects[rule]
        named = [pack.requirements[r] for r in of.requirements if r in pack.requirements]
        witness = self._witness(e, rule)
        return conclude(
            of,
            self._tallies[rule],
            number=1,
            basis=basis(program.figures, pack.sources, request_schema=trial.operation.request, requirements=named)
            if program
            else Basis.NORMATIVE,
            command="run",
            evidence=pack.evidence,
            worst=witness,
            smallest=witness,
            surface=trial.operation.name,
        )

    def _witness(self, e: Examined, rule: str) -> Witness:
        program, first, oracle = self._terms.plan.programs.get(rule), e.base or e, e.oracle
        return Witness(
            case=e.case.number,
            margin=e.judgements[rule].margin,
            changed=first.case.changed,
            request=first.case.request,
            response=first.reply.body,
            oracle_response=oracle.reply.body if oracle else None,
            sides=program.sides(e.environment) if program and e.judgements[rule].margin else None,
            oracle_sides=program.sides(oracle.environment) if program and oracle and oracle.usable else None,
            cause=e.reply.cause or next(iter(e.complaints), None),
            varied=Exchange(e.case.request, e.reply.body) if e.base else None,
        )

    def conclude(self) -> None:
        """Say of which rules nothing was shown; it is no pass. Raises SkipTest."""
        evidence, lang = self._terms.plan.pack.evidence, chosen_language([])
        silent = {}
        for rule, tally in self._tallies.items():
            if not tally.counts.passed:
                outcome, reason = verdict(tally, generated=True, evidence=evidence)
                words = (REASONS[reason] if reason else UNTESTED).in_(lang)
                silent[rule] = f"{rule}: {outcome.value}: {words}"
        if silent and (self._terms.named or len(silent) == len(self._tallies)):
            raise SkipTest("; ".join(silent.values()))
        for said in silent.values():
            warnings.warn(said, NothingShown, stacklevel=3)
