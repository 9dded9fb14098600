"""The seeded defects of a pack: put into its reference, at the wire and in what it recorded."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click
from attrs import frozen

from conformance.assess import make_plan
from conformance.assess.kills import Alarms, Row, false_alarms, kill_matrix
from conformance.assess.recorded_kills import RecordedAlarms, recorded_kills
from conformance.cli import common
from conformance.cli.kill_table import as_json, as_text
from conformance.errors import Language, Refused, Text
from conformance.model.standard import Pack
from conformance.model.system import System
from conformance.packs import read_system
from conformance.systems import Defect, Pool, connect, opener, read_defects
from conformance.systems.spoiling import misfits

_NONE = Text("{p} has no reference system", "{p} 没有参考系统")


@frozen(kw_only=True)
class Extent:
    """How much is tried."""

    cases: int
    """Cases per defect at most."""
    reference_cases: int
    """Cases on which the reference must not be alarmed."""
    recordings: int
    """Recordings on which it must not."""


def examined(pack: Pack, extent: Extent, output: Path | None, lang: Language) -> int:
    """How many defects survive and how often the references are alarmed; the matrix is shown, and kept in ``output``.

    Raises `Refused` for defects that fit no reference.
    """
    called, recorded = common.oracle_of(pack), common.recorded_of(pack)
    if pack.fixtures is None or (called is None and recorded is None):
        click.echo(_NONE.format(p=pack.id).in_(lang))
        return 0
    defects = read_defects(common.beside(pack.fixtures) / "defects.yaml")
    if problems := misfits(defects, pack, called=called is not None, recorded=recorded):
        raise Refused(problems)
    alarms: list[Alarms | RecordedAlarms] = []
    rows: list[Row] = []
    with TemporaryDirectory(prefix="conformance-") as scratch:
        if called is not None:
            wire = [defect for defect in defects if not defect.recorded]
            alarm, found = _at_the_wire(pack, called, wire, extent, Path(scratch) / "called")
            alarms.append(alarm)
            rows += found
        if recorded is not None:
            plan = make_plan(pack, recorded, oracle=None, settings=common.settings_for(pack, command="test"))
            of_records = [defect for defect in defects if defect.recorded]
            room = Path(scratch) / "recorded"
            told, judged = recorded_kills(plan, of_records, room=room, recordings=extent.recordings, tell=_tell)
            alarms.append(told)
            rows += judged
    click.echo(as_text(rows, alarms, lang))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(as_json(pack, rows, alarms), encoding="utf-8")
    return sum(bool(row.survived) for row in rows) + sum(len(one.false_alarms) for one in alarms)


def _at_the_wire(
    pack: Pack, oracle: System, defects: list[Defect], extent: Extent, room: Path
) -> tuple[Alarms, list[Row]]:
    plan = make_plan(pack, oracle, oracle=None, settings=common.settings_for(pack, command="test"))
    with Pool(opener(plan.system, pack, scratch=room / "reference"), plan.settings.jobs) as pool:
        alarms = false_alarms(plan, pool, cases=extent.reference_cases, tell=_count)
    rows = kill_matrix(
        plan,
        defects,
        open_session=lambda: connect(plan.system, pack, scratch=room / "clean"),
        open_other=lambda place: connect(
            read_system(Path(place) / "system.yaml", [pack]), pack, scratch=room / "other"
        ),
        cases=extent.cases,
        tell=_tell,
    )
    return alarms, rows


def _tell(step: str) -> None:
    click.echo(step, err=True)


def _count(done: int) -> None:
    if done % 1024 == 0 and not common.quiet_terminal():
        click.echo(f"{done}", err=True)
