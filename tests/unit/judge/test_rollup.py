"""The pages docs/outcomes*.md are the tables; the code is held to every cell of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from conformance.judge import by_hand, confirmed, decides, disposition, exit_code, requirement_results
from conformance.model.outcome import Basis, Obligation, Outcome, Reason
from conformance.model.run import Disposition

DOCS = Path(__file__).parents[3] / "docs"
STATUSES = ("draft", "experimental", "stable", "watch", "withdrawn")
COMMANDS = ("run", "certify", "test", "demo")
ENDINGS = [
    *((outcome, None) for outcome in Outcome if outcome is not Outcome.INCONCLUSIVE),
    *((Outcome.INCONCLUSIVE, reason) for reason in Reason),
]


def rows(page):
    lines = (DOCS / page).read_text(encoding="utf-8").split("<!-- table -->")[1].strip().splitlines()
    body = lines[2 : next((i for i, line in enumerate(lines) if not line), len(lines))]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in body]


TABLE = rows("outcomes.md")


def row_of(*cell):
    words = ["-" if value is None else str(value) for value in cell]
    return next(
        row
        for row in TABLE
        if all(allowed == "*" or word in allowed.split(", ") for word, allowed in zip(words, row[:7], strict=True))
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("outcome", "reason"), ENDINGS)
def test_every_cell_has_the_disposition_and_exit_code_of_the_page(make, outcome, reason, command):
    beside = make.finding(Outcome.PASSED)
    for basis, obligation, status, waived in itertools.product(Basis, Obligation, STATUSES, (False, True)):
        row = row_of(outcome, reason, basis, obligation, status, command, "yes" if waived else "no")
        got = disposition(
            outcome, reason, basis=basis, obligation=obligation, status=status, command=command, waived=waived
        )
        assert got == row[7], row
        final, why = confirmed(outcome, reason, basis=basis, command=command)
        findings = [beside, make.finding(final, why, disposition=got)]
        codes = [exit_code(findings, command=command, strict=strict) for strict in (False, True)]
        assert codes == [int(row[8]), int(row[9])], row


def test_no_line_of_the_page_is_idle():
    cells = itertools.product(ENDINGS, Basis, Obligation, STATUSES, COMMANDS, ("yes", "no"))
    used = {row_of(outcome, reason, *rest) for (outcome, reason), *rest in cells}
    assert used == set(TABLE)


def test_both_languages_hold_the_same_table():
    assert rows("outcomes.zh-CN.md") == TABLE


def test_nothing_but_a_pass_is_ever_ok():
    for (outcome, reason), basis, obligation in itertools.product(ENDINGS, Basis, Obligation):
        if outcome is not Outcome.PASSED:
            assert disposition(outcome, reason, basis=basis, obligation=obligation) is not Disposition.OK


def test_the_first_exit_code_that_applies_wins(make):
    broken = make.finding(Outcome.FAILED, disposition=Disposition.BROKEN)
    unsure = make.finding(Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA, disposition=Disposition.UNSURE)
    untested = make.finding(Outcome.UNTESTED, disposition=Disposition.UNSURE)
    passed = make.finding(Outcome.PASSED)
    answers = make.finding(Outcome.PASSED, implicit=True)
    assert exit_code([broken], unusable=True, unverified=True) == 2
    assert exit_code([broken], unverified=True) == 4
    assert exit_code([unsure, broken, untested]) == 1
    assert exit_code([]) == exit_code([untested]) == exit_code([untested, answers]) == 5
    assert exit_code([passed, untested]) == exit_code([passed, unsure]) == 3
    assert exit_code([passed, answers]) == 0
    assert exit_code([make.finding(Outcome.FAILED, disposition=Disposition.BROKEN, implicit=True)]) == 1


def test_what_waits_for_an_assessor_counts_only_when_strict(make):
    passed = [make.finding(Outcome.PASSED)]
    assert exit_code(passed, by_hand=2) == 0
    assert exit_code(passed, by_hand=2, strict=True) == exit_code(passed, by_hand=2, command="certify") == 3
    pack = make.pack(
        requirements=(
            make.requirement("p/R1", automation="manual"),
            make.requirement("p/R2", automation="manual", obligation=Obligation.SHOULD),
            make.requirement("p/R3", automation="not-tested"),
        )
    )
    assert by_hand(pack) == 1


ORDER = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.UNTESTED, Outcome.PASSED, Outcome.INAPPLICABLE)


@pytest.mark.parametrize(("one", "other"), list(itertools.product(ORDER, repeat=2)))
def test_a_requirement_has_the_worse_outcome_of_its_rules(make, one, other):
    pack = make.pack(make.rule(id="p/a"), make.rule(id="p/b"))
    findings = [make.finding(one, rule="p/a"), make.finding(other, rule="p/b")]
    (result,) = requirement_results(pack, findings, command="run")
    assert result.outcome is min(one, other, key=ORDER.index)


def test_a_requirements_basis_is_the_weakest_of_the_rules_that_decided_it(make):
    pack = make.pack(make.rule(id="p/a"), make.rule(id="p/b"))
    weak = make.finding(Outcome.PASSED, rule="p/a", basis=Basis.INDICATIVE)
    strong = make.finding(Outcome.PASSED, rule="p/b")
    failed = make.finding(Outcome.FAILED, rule="p/b", disposition=Disposition.BROKEN)
    assert requirement_results(pack, [weak, strong], command="run")[0].basis is Basis.INDICATIVE
    (result,) = requirement_results(pack, [weak, failed], command="run")
    assert (result.basis, result.disposition) == (Basis.NORMATIVE, Disposition.BROKEN)


def test_a_draft_speaks_only_where_no_rule_decides(make):
    pack = make.pack(make.rule(id="p/a", status="draft"), make.rule(id="p/b"))
    draft = make.finding(Outcome.FAILED, rule="p/a", disposition=Disposition.WARNING)
    passed = make.finding(Outcome.PASSED, rule="p/b")
    assert requirement_results(pack, [draft, passed], command="run")[0].outcome is Outcome.PASSED
    (alone,) = requirement_results(pack, [draft], command="run")
    assert (alone.outcome, alone.disposition) == (Outcome.FAILED, Disposition.WARNING)


def test_requirements_without_a_finding_are_untested_and_manual_ones_by_hand(make):
    pack = make.pack(
        requirements=(make.requirement("p/R1"), make.requirement("p/R2", automation="manual")),
    )
    results = requirement_results(pack, [], command="run")
    assert [(r.outcome, r.disposition) for r in results] == [
        (Outcome.UNTESTED, Disposition.NOTE),
        (Outcome.UNTESTED, Disposition.BY_HAND),
    ]


def test_only_stable_rules_decide_in_certify():
    assert [s for s in STATUSES if decides(s, "certify")] == ["stable"]
    assert [s for s in STATUSES if decides(s, "run")] == ["stable", "watch"]
