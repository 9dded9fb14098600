"""The kill matrix of what a reference recorded: defects put into its tables, its documents, or its simulator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve, field, frozen

from conformance.assess.kills import SIZES, Row
from conformance.assess.plan import Plan
from conformance.assess.recordings import Read, Recordings
from conformance.judge import known, verdict
from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Counts
from conformance.model.standard import Evidence
from conformance.systems import Defect
from conformance.systems.simulator import has_simulator, recording, simulated
from conformance.systems.spoiling import spoil_document
from conformance.systems.tables.spoil import differing, spoil


@frozen
class RecordedAlarms:
    """What the rules say of the reference's own recordings, which must pass."""

    recordings: int
    rows: int
    """Rows of all their tables."""
    false_alarms: tuple[tuple[int, str, Outcome, Reason | None], ...] = field(repr=False)
    """Recording, rule, and what it says: anything but passed, inapplicable or vacuous."""
    vacuous: Mapping[str, tuple[int, int]]
    """Rule to how many rows could not break it, of how many."""
    near: int
    """Rules that come within 0.1 of their limit, normalised, in some recording."""


@frozen(kw_only=True)
class RecordedRow(Row):
    """What became of one defect; ``killed_by`` and ``cases`` count rows that were judged."""

    failed: Mapping[str, int]
    """Rows that failed, by rule that found it."""
    missed: Mapping[str, tuple[Outcome, Reason | None]]
    """What a rule that names it and did not find it says instead."""
    changed: int
    """Rows (tables and documents, of a fault) that the defect changed; 0 proves nothing."""


@frozen
class _Said:
    """What one rule says of a whole recording."""

    outcome: Outcome
    reason: Reason | None
    counts: Counts
    margin: float | None
    """The least that passed, normalised."""


def recorded_kills(
    plan: Plan,
    defects: Sequence[Defect],
    *,
    room: Path,
    recordings: int,
    sizes: Sequence[float] = SIZES,
    only_named: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[RecordedAlarms, list[RecordedRow]]:
    """Judge the reference of ``plan`` in ``recordings`` recordings, and its first one with each of ``defects``.

    The recordings after the first are simulated with the seeds 1, 2 and so on, where it has a simulator; ``room`` is an
    empty folder for them. With ``only_named`` a defect is judged by the rules alone that name it, which is much faster.
    The defects fit the reference. Raises `Refused`.
    """
    first = recording(plan.system, room / "reference")
    with Recordings(evolve(plan, system=first), scratch=room / "reference-scratch") as reference:
        said = [_said(reference.read(), plan.pack.evidence)]
        rows = _rows(reference)
        for seed in range(1, recordings if has_simulator(plan.system) else 1):
            tell(f"--seed {seed}")
            with _simulated(plan, room, seed=seed) as again:
                said.append(_said(again.read(), plan.pack.evidence))
                rows += _rows(again)
        trier = _Trier(plan, reference, room, only_named)
        found = []
        for defect in defects:
            tell(defect.id)
            found.append(trier.row(defect, sizes))
    return _alarms(said, rows), found


def _alarms(said: Sequence[Mapping[str, _Said]], rows: int) -> RecordedAlarms:
    sound = (Outcome.PASSED, Outcome.INAPPLICABLE)
    alarms = tuple(
        (number, rule, one.outcome, one.reason)
        for number, each in enumerate(said, start=1)
        for rule, one in each.items()
        if one.outcome not in sound and one.reason is not Reason.VACUOUS
    )
    vacuous = {
        rule: (empty, sum(each[rule].counts.cases for each in said))
        for rule in said[0]
        if (empty := sum(each[rule].counts.vacuous for each in said))
    }
    near = {rule for each in said for rule, one in each.items() if one.margin is not None and one.margin < 0.1}
    return RecordedAlarms(len(said), rows, alarms, vacuous, len(near))


@frozen
class _Trier:
    plan: Plan
    reference: Recordings
    room: Path
    only_named: bool

    def row(self, defect: Defect, sizes: Sequence[float]) -> RecordedRow:
        """What becomes of ``defect`` at its full size, and the smallest size that is still found."""
        pack = self.plan.pack
        named = tuple(rule.id for rule in pack.rules.values() if defect.id in rule.kills)
        if defect.implicit:
            named += (f"{pack.short}/{defect.place.root}-{defect.implicit}",)
        only = set(named) if self.only_named else None
        changed, said = self._faulty(defect, only) if defect.fault is not None else self._operated(defect, only)
        failed = {rule: one.counts for rule, one in said.items() if one.outcome is Outcome.FAILED}
        finders = set(named or failed)
        smallest = None
        if defect.scalable and failed.keys() & finders:
            smallest = self._smallest(defect, finders, sizes)
        return RecordedRow(
            defect=defect.id, title=defect.title, named_by=named, smallest=smallest, changed=changed,
            killed_by={rule: counts.cases for rule, counts in failed.items()},
            cases=max((one.counts.cases for one in said.values()), default=0),
            failed={rule: counts.failed for rule, counts in failed.items()},
            missed={r: (said[r].outcome, said[r].reason) for r in named if r in said and r not in failed},
        )  # fmt: skip

    def _smallest(self, defect: Defect, finders: set[str], sizes: Sequence[float]) -> float:
        """The smallest of ``sizes``, one after the other, at which one of ``finders`` still finds ``defect``."""
        smallest = 1.0
        for size in sizes:
            said = self._said(self._with(defect.at(size)), {defect.place.root}, only=finders)
            if not any(said[rule].outcome is Outcome.FAILED for rule in finders & said.keys()):
                break
            smallest = size
        return smallest

    def _operated(self, defect: Defect, only: set[str] | None) -> tuple[int, dict[str, _Said]]:
        """How many rows the operator of ``defect`` changed, and what the rules say that see them."""
        root, made = defect.place.root, self._with(defect)
        said = self._said(made, {root}, only=only)
        if root in made.tables:
            return differing(made.connection, self.reference.tables[root], made.tables[root]), said
        return int(made.documents[root].body != self.reference.documents[root].body), said

    def _with(self, defect: Defect) -> Recordings:
        """The recording of the reference with an operator at work."""
        root, reference = defect.place.root, self.reference
        if root in reference.tables:
            return reference.with_(spoil(reference.tables[root], defect, reference.connection))
        spoiled = spoil_document(reference.documents[root], self.plan.pack.documents[root], defect)
        return reference.with_(documents={root: spoiled})

    def _faulty(self, defect: Defect, only: set[str] | None) -> tuple[int, dict[str, _Said]]:
        """How many tables and documents are others where the simulator has the fault, and what the rules say."""
        with _simulated(self.plan, self.room, fault=defect.fault) as made:
            surfaces = _digests(made).symmetric_difference(_digests(self.reference))
            changed = {surface for surface, _ in surfaces}
            return len(changed), self._said(made, changed, only=only)

    def _said(
        self, recordings: Recordings, surfaces: set[str], *, only: Collection[str] | None = None
    ) -> dict[str, _Said]:
        """What the rules say that see one of ``surfaces``, or of these ``only`` some."""
        seeing = {
            rule.id
            for rule in self.plan.pack.rules.values()
            if surfaces & {rule.applies_to, *(join.table or join.document for join in rule.joins.values())}
        }
        reads = recordings.read(seeing if only is None else seeing & set(only))
        kept = (read for read in reads if read.subject.rule in seeing or read.surface in surfaces)
        return _said(kept, self.plan.pack.evidence)


@contextmanager
def _simulated(plan: Plan, room: Path, *, fault: str | None = None, seed: int | None = None) -> Iterator[Recordings]:
    """A recording that the simulator makes; it is gone afterwards."""
    with TemporaryDirectory(dir=room) as folder:
        system = simulated(plan.system, Path(folder) / "made", fault=fault, seed=seed)
        with Recordings(evolve(plan, system=system), scratch=Path(folder) / "scratch") as recordings:
            yield recordings


def _said(reads: Iterable[Read], evidence: Evidence) -> dict[str, _Said]:
    found = {}
    for read in reads:
        outcome, reason = verdict(read.tally, generated=False, evidence=evidence)
        margin = known(read.tally.passing[0][1].margin) if read.tally.passing else None
        found[read.subject.rule] = _Said(outcome, reason, read.tally.counts, margin)
    return found


def _rows(recordings: Recordings) -> int:
    return sum(table.rows for table in recordings.tables.values())


def _digests(recordings: Recordings) -> set[tuple[str, str | None]]:
    """Each table and document with the digests of its files."""
    return {(file.surface, file.sha256) for file in recordings.files}
