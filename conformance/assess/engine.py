"""The main job: plan, exercise, judge, shrink, find, and keep a record of it all."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from attrs import evolve

import conformance
from conformance.assess.bench import Bench, Examined
from conformance.assess.events import Listener, nobody
from conformance.assess.exercise import Exercise
from conformance.assess.ledger import Ledger
from conformance.assess.plan import Plan, Trial
from conformance.assess.recordings import Recordings
from conformance.cases import Space
from conformance.errors import Text
from conformance.errors.usage import Production
from conformance.evidence import RecordWriter
from conformance.judge import (
    Scope,
    Subject,
    Tally,
    Waiver,
    basis,
    by_hand,
    canaries,
    claim,
    conclude,
    exit_code,
    implicit,
    in_force,
    repeatable,
    requirement_results,
    subject,
)
from conformance.judge.statement import ABSENT
from conformance.judge.subject import Claim
from conformance.model.json import JSON, digest
from conformance.model.outcome import Basis, Sides
from conformance.model.run import RECORD_SCHEMA, Answer, Exchange, Finding, Header, Recording, Timing, Waived, Witness
from conformance.model.system import Command, Http, PythonCall, System
from conformance.packs import shipped_root
from conformance.systems import Pool, Session, opener

Wrap = Callable[[Session], Session]


def assess(
    plan: Plan,
    *,
    record: Path,
    scratch: Path,
    listener: Listener = nobody,
    waivers: tuple[Waiver, ...] = (),
    seconds: float | None = None,
    wrap: Wrap | None = None,
) -> int:
    """Assess ``plan.system``, write the run record to ``record``, and return the exit code.

    ``scratch`` is an empty folder for the processes of the systems. ``seconds`` bounds the adaptive stages by wall
    time (the settings then say that the run is not reproducible). ``wrap`` puts a proxy between system and bench.

    Raises `Production` for a live production system and `NothingAnswers` when the first calls all fail; what was
    observed until then is in the record.
    """
    if plan.system.environment == "production" and any(trial.space is not None for trial in plan.trials):
        raise Production(system=plan.system.name)
    proven = canaries(plan.pack, plan.programs)
    now = datetime.now(UTC)
    findings: list[Finding] = []
    with ExitStack() as stack:
        recordings = stack.enter_context(Recordings(plan, scratch=scratch / "recordings"))
        writer = stack.enter_context(RecordWriter(record, _header(plan, proven, recordings.files)))
        writer.timing(_timing("start"))
        pool = stack.enter_context(_pool(plan.system, plan, scratch / "system", wrap))
        oracle = stack.enter_context(_pool(plan.oracle, plan, scratch / "oracle")) if plan.oracle else None
        declared = _declared(plan, pool)
        finder = _Finder(plan, proven, declared, lambda rule: in_force(waivers, rule, now=now))
        number = 1
        for whole in plan.trials:
            trial = evolve(whole, rules=tuple(r for r in whole.rules if finder.claim(r.id) is Claim.DECLARED))
            bench = Bench(plan, trial, system=pool, oracle=oracle)
            exercise = Exercise(plan, trial, bench, writer, first_case=number, listener=listener)
            if trial.space is None:
                exercise.record(pool.recorded(trial.operation.name))
            else:
                exercise.generate(trial.space, seconds=seconds)
            if exercise.coverage is not None:
                writer.coverage(exercise.coverage.summary(trial.operation.name))
            number = exercise.ledger.next_case
            findings += finder.of_trial(whole, exercise.ledger, first=len(findings) + 1)
        findings += finder.of_recordings(recordings, first=len(findings) + 1)
        findings += finder.of_absent(first=len(findings) + 1)
        for finding in findings:
            writer.finding(finding)
        code = exit_code(
            findings, command=plan.settings.command, strict=plan.settings.strict, by_hand=by_hand(plan.pack)
        )
        writer.timing(_timing("end"))
        writer.finish(
            calls=number - 1,
            exit_code=code,
            requirements=requirement_results(plan.pack, findings, command=plan.settings.command),
        )
    return code


class _Finder:
    """From what was kept of each surface to findings, numbered from ``first``."""

    def __init__(
        self,
        plan: Plan,
        canaries: Mapping[str, bool],
        declared: Collection[str] | None,
        waived: Callable[[str], Waived | None],
    ) -> None:
        self._plan = plan
        self._canaries = canaries
        self._declared = declared
        self._waived = waived

    def claim(self, rule: str) -> Claim:
        """What the system declares of the capability that a rule belongs to; an implicit rule belongs to none."""
        found = self._plan.pack.rules.get(rule)
        return Claim.DECLARED if found is None else claim(found, self._plan.pack, self._declared)

    def of_trial(self, trial: Trial, ledger: Ledger, *, first: int) -> list[Finding]:
        """A finding for each rule of an operation and its two implicit ones."""
        pack, name = self._plan.pack, trial.operation.name
        generated = trial.space is not None
        found: list[Finding] = []
        for one in (*implicit(pack, name), *(subject(rule, pack) for rule in trial.rules)):
            worst, smallest = ledger.worst.get(one.rule), ledger.smallest.get(one.rule)
            found.append(
                self._finding(
                    one,
                    ledger.tallies.get(one.rule) or Tally(one.rule),
                    number=first + len(found),
                    surface=name,
                    generated=generated,
                    schema=trial.operation.request if generated else None,
                    scope=None if trial.space is None else _scope(trial.space),
                    worst=None if worst is None else self._witness(ledger, worst, one.rule),
                    smallest=None if smallest is None else self._witness(ledger, smallest, one.rule),
                )
            )
        again = repeatable(
            pack,
            name,
            ledger.tallies.values(),
            number=first + len(found),
            declared=self._plan.deterministic(trial),
            command=self._plan.settings.command,
            waived=self._waived(f"{pack.short}/{name}-repeatable"),
        )
        return found if again is None else [*found, again]

    def of_recordings(self, recordings: Recordings, *, first: int) -> list[Finding]:
        """A finding for each rule of the tables and documents, and their implicit ones."""
        return [
            self._finding(
                read.subject,
                read.tally,
                number=number,
                surface=read.surface,
                worst=read.rows[0] if read.rows else None,
                rows=read.rows,
            )
            for number, read in enumerate(recordings.read(), start=first)
        ]

    def of_absent(self, *, first: int) -> list[Finding]:
        """A finding for each rule on something that the system does not bring."""
        pack = self._plan.pack
        return [
            self._finding(
                subject(pack.rules[rule], pack),
                Tally(rule),
                number=number,
                surface=pack.rules[rule].applies_to,
                generated=True,
                absent=ABSENT.format(surface=needed),
            )
            for number, (rule, needed) in enumerate(self._plan.absent.items(), start=first)
        ]

    def _finding(
        self,
        one: Subject,
        tally: Tally,
        *,
        number: int,
        surface: str,
        generated: bool = False,
        schema: JSON = None,
        worst: Witness | None = None,
        smallest: Witness | None = None,
        rows: tuple[Witness, ...] = (),
        absent: Text | None = None,
        scope: Scope | None = None,
    ) -> Finding:
        pack = self._plan.pack
        known = (
            basis(
                self._plan.programs[one.rule].figures,
                pack.sources,
                request_schema=schema,
                requirements=[pack.requirements[r] for r in one.requirements if r in pack.requirements],
            )
            if one.rule in pack.rules
            else Basis.NORMATIVE
        )
        return conclude(
            one,
            tally,
            number=number,
            basis=known,
            command=self._plan.settings.command,
            evidence=pack.evidence,
            canary=self._canaries.get(one.rule, True),
            generated=generated,
            claim=self.claim(one.rule),
            worst=worst,
            smallest=smallest,
            rows=rows,
            surface=surface,
            absent=absent,
            scope=scope,
            waived=self._waived(one.rule),
        )

    def _witness(self, ledger: Ledger, e: Examined, rule: str) -> Witness:
        oracle = e.oracle if e.oracle is not None and e.oracle.reply.answer is Answer.ANSWERED else None
        first = e.base or e  # of a pair what was asked and answered before the change
        shown = oracle if oracle is None or e.base is None else oracle.base
        smallest = ledger.smallest.get(rule) is e
        row = next(iter(e.rows.get(rule, ())), None)  # of a sequence of calls
        return Witness(
            case=e.case.number,
            margin=e.judgements[rule].margin,
            changed=first.case.changed,
            calls=ledger.found.get(rule, e.case.number),
            shrunk_from=ledger.shrunk_from.get(rule) if smallest else None,
            oracle_case=None if oracle is None else e.case.number,
            request=first.case.request,
            response=first.reply.body,
            derived=first.derived,
            oracle_response=None if shown is None else shown.reply.body,
            oracle_derived={} if shown is None else shown.derived,
            sides=self._sides(e, rule),
            oracle_sides=None if oracle is None else self._sides(oracle, rule),
            cause=e.reply.cause or (e.complaints[0] if e.complaints else None),
            varied=None if e.base is None else _exchange(e, oracle),
            row={} if row is None else row.row,
            values={} if row is None else row.values,
        )

    def _sides(self, e: Examined, rule: str) -> Sides | None:
        if rows := e.rows.get(rule):
            return rows[0].sides
        program = self._plan.programs.get(rule)
        if program is None or e.judgements[rule].margin is None:
            return None
        return program.sides(e.environment)


def _scope(space: Space) -> Scope:
    return Scope(sum(d.count > 1 for d in space.declared.dimensions), space.enveloped)


def _exchange(e: Examined, oracle: Examined | None) -> Exchange:
    """What was asked and answered after the change of a relation."""
    return Exchange(e.case.request, e.reply.body, e.derived, None if oracle is None else oracle.reply.body)


def _pool(system: System, plan: Plan, scratch: Path, wrap: Wrap | None = None) -> Pool:
    scratch.mkdir(parents=True, exist_ok=True)
    open_ = opener(system, plan.pack, scratch=scratch)
    return Pool(open_ if wrap is None else lambda: wrap(open_()), plan.settings.jobs)


def _declared(plan: Plan, pool: Pool) -> Collection[str] | None:
    """The capabilities that the system claims, in its file or when it says hello; None if it says nothing."""
    claims = [c[plan.pack.short] for c in (plan.system.declares, pool.hello().capabilities) if plan.pack.short in c]
    return {name for names in claims for name in names} if claims else None


def _header(plan: Plan, proven: Mapping[str, bool], recordings: tuple[Recording, ...]) -> Header:
    return Header(
        schema=RECORD_SCHEMA,
        tool=f"conformance {conformance.__version__}",
        pack=plan.pack,
        system=_anywhere(plan.system),
        settings=plan.settings,
        versions=_versions(),
        site_digests={name: digest(content) for name, content in plan.system.site.items()},
        canaries=proven,
        space=tuple(d for trial in plan.trials if trial.space for d in trial.space.describe()),
        oracle=f"{plan.oracle.name} {plan.oracle.version}" if plan.oracle else None,
        isolation=_isolation(plan.system),
        label=plan.system.label,
        recordings=recordings,
    )


def _anywhere(system: System) -> System:
    """``system`` without the place of its file on this machine: the same run has the same record anywhere."""
    if system.position is None:
        return evolve(system, folder="")
    file = Path(system.position.file)
    for root in (Path.cwd(), shipped_root()):
        if file.is_absolute() and file.is_relative_to(root):
            file = file.relative_to(root)
    shown = file.name if file.is_absolute() else file.as_posix()
    return evolve(system, folder="", position=evolve(system.position, file=shown))


def _isolation(system: System) -> str:
    reaches = tuple(system.operations.values())
    if any(isinstance(r, Command | PythonCall) for r in reaches):
        return "process group, clean environment, limits on memory, files and output; no sandbox"
    return "remote service" if any(isinstance(r, Http) for r in reaches) else "recording; nothing was run"


def _versions() -> dict[str, str]:
    found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}
    return {"python": platform.python_version(), **dict(sorted(found.items(), key=lambda item: item[0].lower()))}


def _timing(event: str) -> Timing:
    return Timing(event, datetime.now(UTC).isoformat(timespec="milliseconds"))
