"""PYPOWER, which we did not write, standing as a vendor's dispatch: what the demo promises."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pypower.api", reason="the extra [demo] is not installed")

from conformance.cli import common
from conformance.cli.run import perform
from conformance.model.outcome import Outcome, Reason
from conformance.model.run import Finding, Record
from conformance.packs import Registry, read_system

REAL = Path(__file__).parents[2] / "fixtures/real"


def run(file: str, folder: Path, *, cases: int, calls: int) -> Record:
    pack = Registry.shipped().find("grid-dispatch")
    settings = common.settings_for(pack, cases=cases, calls=calls, jobs=2)
    return perform(
        pack,
        read_system(REAL / file, [pack]),
        oracle=common.oracle_of(pack),
        settings=settings,
        folder=folder,
        lang="en",
    )


def of(record: Record, name: str) -> Finding:
    return next(f for f in record.findings if f.rule == f"grid-dispatch/{name}")


@pytest.mark.parametrize(
    ("file", "nominal", "known"), [("system.yaml", 88.97, 100.3), ("system-ieee39.yaml", 89.2, 100.5)]
)
def test_a_dc_dispatch_that_is_fine_at_nominal_is_driven_over_a_rating(
    file: str, nominal: float, known: float, tmp_path: Path
) -> None:
    record = run(f"pypower-dc-opf/{file}", tmp_path, cases=20, calls=320)
    finding = of(record, "line-loading")
    assert finding.nominal is not None
    assert finding.nominal.margin is not None
    assert finding.nominal.margin.physical.low == pytest.approx(100.01 - nominal, abs=0.05)
    assert finding.outcome is Outcome.FAILED
    assert finding.worst is not None
    assert finding.worst.sides is not None
    assert finding.worst.sides.left >= known
    smallest = finding.smallest
    assert smallest is not None
    assert smallest.sides is not None
    assert smallest.sides.left > 100
    assert smallest.oracle_sides is not None
    assert smallest.oracle_sides.left <= 100.01
    assert 0 < len(smallest.changed) <= 8
    assert all(
        0.8 - 1e-9 <= float(c.value) / float(c.nominal) <= 1.2 + 1e-9 for c in smallest.changed if "loads" in c.path
    )
    assert record.footer is not None
    assert record.footer.exit_code == 1


def test_on_the_30_bus_case_the_nominal_request_fails_already(tmp_path: Path) -> None:
    finding = of(run("pypower-dc-opf/system-ieee30.yaml", tmp_path, cases=2, calls=0), "line-loading")
    assert finding.outcome is Outcome.FAILED
    assert finding.smallest is not None
    assert finding.smallest.changed == ()
    assert finding.smallest.sides is not None
    assert finding.smallest.sides.left == pytest.approx(107.83, abs=0.01)


def test_an_ac_dispatch_that_runs_lines_at_exactly_their_rating_does_not_fail(tmp_path: Path) -> None:
    finding = of(run("pypower-ac-opf/system-ieee30.yaml", tmp_path, cases=20, calls=0), "line-loading")
    assert finding.counts.failed == 0
    assert finding.counts.passed > 0
    assert finding.worst is not None
    assert finding.worst.sides is not None
    assert finding.worst.sides.left == pytest.approx(100, abs=0.001)


def test_limits_that_cannot_bind_are_vacuous_and_never_passed(tmp_path: Path) -> None:
    finding = of(run("pypower-dc-opf/system-ieee118.yaml", tmp_path, cases=10, calls=0), "line-loading")
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.reason is Reason.VACUOUS
    assert finding.counts.passed == 0
