from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from conformance.judge import Waiver, applies, in_force
from conformance.model.outcome import Outcome

END = datetime(2026, 8, 1, tzinfo=timezone(timedelta(hours=8)))


def waiver(until=END, rule="p/ramp"):
    return Waiver(rule=rule, reason="known", approver="A. Person", until=until)


def test_a_waiver_holds_until_its_end_in_its_own_zone(make):
    broken = make.finding(Outcome.FAILED)
    assert applies(waiver(), broken, now=datetime(2026, 7, 31, 15, 59, 59, tzinfo=UTC))
    assert not applies(waiver(), broken, now=datetime(2026, 7, 31, 16, tzinfo=UTC))


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.INAPPLICABLE])
def test_what_is_in_order_needs_no_waiver(make, outcome):
    assert not applies(waiver(), make.finding(outcome), now=END - timedelta(days=1))


def test_a_waiver_speaks_of_its_own_rule_only(make):
    assert not applies(waiver(rule="p/other"), make.finding(Outcome.FAILED), now=END - timedelta(days=1))


def test_a_waiver_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        waiver(datetime(2026, 8, 1))


def test_the_longest_waiver_in_force_is_the_one_shown():
    waivers = [waiver(END - timedelta(days=9)), waiver(), waiver(rule="p/other")]
    assert in_force(waivers, "p/ramp", now=END - timedelta(days=10)).until == "2026-08-01T00:00:00+08:00"
    assert in_force(waivers, "p/ramp", now=END) is None
