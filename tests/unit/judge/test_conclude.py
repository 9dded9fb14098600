from __future__ import annotations

import pytest

from conformance.judge import Claim, bound_of, claim, conclude, implicit, subject, verdict
from conformance.model.outcome import Basis, Obligation, Outcome, Reason
from conformance.model.run import Disposition, Waived
from conformance.model.standard import Evidence

ENOUGH = (299, "passed")
PASS, FAIL = {"feasible": True}, {"feasible": False}
RECORDED = {"stage": "recorded"}


def said(tally, *, generated=True, **options):
    outcome, reason = verdict(tally, generated=generated, evidence=Evidence(), **options)
    return f"{outcome}:{reason}" if reason else str(outcome)


def found(make, tally, **options):
    standing = {"number": 3, "basis": Basis.NORMATIVE, "command": "run", "evidence": Evidence(), **options}
    return conclude(standing.pop("subject", make.subject()), tally, **standing)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], "untested"),
        ([ENOUGH], "passed"),
        ([(298, "passed")], "inconclusive:insufficient-data"),
        ([(298, "passed"), (5000, "passed", {"stage": "hunt"})], "inconclusive:insufficient-data"),
        ([ENOUGH, (1, "failed", PASS)], "failed"),
        ([ENOUGH, (1, "failed", {**PASS, "stage": "hunt"})], "failed"),
        ([ENOUGH, (1, "failed", {**PASS, "stage": "shrink"})], "failed"),
        ([ENOUGH, (9, "failed", FAIL)], "passed"),
        ([(298, "passed"), (9, "failed", FAIL)], "inconclusive:insufficient-data"),
        ([(400, "failed", FAIL)], "inconclusive:infeasible-request"),
        ([(1, "failed", FAIL), (400, "vacuous")], "inconclusive:infeasible-request"),
        ([(400, "vacuous")], "inconclusive:vacuous"),
        ([(400, "vacuous"), (9, "inapplicable")], "inconclusive:vacuous"),
        ([(400, "vacuous"), (9, "passed")], "inconclusive:insufficient-data"),
        ([(1, "vacuous"), ENOUGH], "passed"),
        ([(400, "inapplicable")], "untested"),
        ([(400, "inapplicable", {"answer": "refused"})], "untested"),
        ([ENOUGH, (400, "inapplicable")], "passed"),
        ([ENOUGH, (400, "passed", {"in_envelope": False})], "passed"),
        ([(400, "passed", {"in_envelope": False})], "untested"),
        ([ENOUGH, (400, "failed", {"in_envelope": False})], "passed"),
        ([(400, "system-error")], "inconclusive:system-error"),
        ([(5, "system-error")], "inconclusive:system-error"),
        ([(397, "passed"), (3, "not-computable")], "inconclusive:not-computable"),
        ([(2000, "passed"), (3, "not-computable")], "passed"),
        ([ENOUGH, (1, "insufficient-data")], "inconclusive:insufficient-data"),
        ([ENOUGH, (1, "within-uncertainty")], "inconclusive:within-uncertainty"),
        ([ENOUGH, (1, "no-limit")], "inconclusive:no-limit"),
        ([ENOUGH, (1, "system-error", {"stage": "hunt"})], "passed"),
        ([(200, "passed"), (1, "system-error", {"stage": "hunt"})], "inconclusive:insufficient-data"),
        ([(1, "within-uncertainty"), (1, "no-limit"), (1, "system-error")], "inconclusive:system-error"),
        ([(1, "within-uncertainty"), (1, "insufficient-data"), (1, "not-computable")], "inconclusive:not-computable"),
        ([(1, "failed", PASS), (2, "passed", {"stage": "confirm"})], "inconclusive:unstable"),
        ([(1, "failed", PASS), (2, "passed", {"stage": "confirm"}), (1, "failed", {"stage": "confirm"})], "failed"),
    ],
)
def test_generated_input_passes_only_on_evidence(make, entries, expected):
    assert said(make.tally(*entries)) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], "untested"),
        ([(1, "passed")], "passed"),
        ([(99, "passed"), (1, "failed")], "failed"),
        ([(99, "passed"), (1, "insufficient-data")], "inconclusive:insufficient-data"),
        ([(99, "passed"), (1, "no-limit")], "inconclusive:no-limit"),
        ([(99, "passed"), (1, "vacuous")], "passed"),
        ([(9, "vacuous")], "inconclusive:vacuous"),
        ([(9, "inapplicable")], "inapplicable"),
        ([(9, "inapplicable", {"answer": "refused"})], "untested"),
        ([(9, "passed", {"in_envelope": False})], "untested"),
    ],
)
def test_recorded_input_is_judged_whole(make, entries, expected):
    recorded = [(n, word, {**(rest[0] if rest else {}), **RECORDED}) for n, word, *rest in entries]
    assert said(make.tally(*recorded), generated=False) == expected


def test_leaving_data_out_never_helps(make):
    """However many cases stay open, the bound is no better than if each had failed."""
    for reason in ("insufficient-data", "system-error", "not-computable", "within-uncertainty", "no-limit"):
        left_out = bound_of(make.tally((500, "passed"), (20, reason)), Evidence())
        failed = bound_of(make.tally((500, "passed"), (20, "failed", PASS)), Evidence())
        assert left_out.upper == failed.upper
        assert (left_out.cases, left_out.failures, failed.failures) == (500, 0, 20)


def test_what_does_not_count_has_no_part_in_the_bound(make):
    apart = [(50, w) for w in ("vacuous", "inapplicable")] + [(50, "failed", FAIL)]
    assert bound_of(make.tally(ENOUGH, *apart), Evidence()) == bound_of(make.tally(ENOUGH), Evidence())
    assert bound_of(make.tally(*apart), Evidence()) is None


def test_a_rule_that_cannot_prove_that_it_can_fail_says_nothing(make):
    for tally in (make.tally(ENOUGH), make.tally((1, "failed", PASS)), make.tally()):
        assert said(tally, canary=False) == "inconclusive:not-computable"


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (None, Claim.DECLARED),
        (("reserve",), Claim.DECLARED),
        ((), Claim.NOT_DECLARED),
    ],
)
def test_under_claimed_capabilities_are_information(make, declared, expected):
    rule = make.rule(capability="reserve")
    pack = make.pack(rule, capabilities={"reserve": "optional", "ramp": "mandatory"})
    assert claim(rule, pack, declared) is expected
    assert claim(make.rule(), pack, declared) is Claim.DECLARED
    finding = found(make, make.tally(ENOUGH), claim=expected)
    assert finding.outcome is (Outcome.INAPPLICABLE if expected is Claim.NOT_DECLARED else Outcome.PASSED)


def test_a_missing_mandatory_capability_is_failed_and_breaks_in_certify_too(make):
    rule = make.rule(capability="ramp")
    pack = make.pack(rule, capabilities={"ramp": "mandatory"})
    assert claim(rule, pack, ()) is Claim.MISSING
    finding = found(make, make.tally(), claim=Claim.MISSING, basis=Basis.INDICATIVE, command="certify")
    assert (finding.outcome, finding.disposition) == (Outcome.FAILED, Disposition.BROKEN)


@pytest.mark.parametrize("entries", [[ENOUGH], [(1, "failed", PASS)]])
def test_indicative_figures_certify_neither_a_pass_nor_a_failure(make, entries):
    tally = make.tally(*entries)
    for basis, command in ((b, c) for b in Basis for c in ("run", "certify", "test", "demo")):
        finding = found(make, tally, basis=basis, command=command)
        unconfirmed = basis is Basis.INDICATIVE and command == "certify"
        assert (finding.reason is Reason.UNCONFIRMED_SOURCE) is unconfirmed
        assert ("certifies neither" in finding.statement.en) is unconfirmed
        assert ("不能认证" in finding.statement.zh) is unconfirmed


def test_implicit_rules_are_normative_and_certify(make):
    for own in implicit(make.pack(), "dispatch"):
        tally = make.tally((1, "failed", PASS))
        finding = found(make, tally, subject=own, basis=Basis.INDICATIVE, command="certify")
        assert (finding.basis, finding.disposition, finding.implicit) == (Basis.NORMATIVE, Disposition.BROKEN, True)
    assert [s.rule for s in implicit(make.pack(), "dispatch")] == ["p/dispatch-answers", "p/dispatch-response-valid"]


def test_a_rule_binds_as_strongly_as_its_strongest_requirement(make):
    should = make.requirement("p/R2", obligation=Obligation.SHOULD)
    pack = make.pack(requirements=(make.requirement("p/R1"), should))
    assert subject(make.rule(requirements=("p/R2",)), pack).obligation is Obligation.SHOULD
    assert subject(make.rule(requirements=("p/R2", "p/R1")), pack).obligation is Obligation.SHALL
    assert subject(make.rule(requirements=()), pack).obligation is Obligation.SHALL


def test_a_waiver_changes_the_disposition_and_not_the_outcome(make):
    waived = Waived("known", "A. Person", "2027-01-01T00:00:00+08:00")
    finding = found(make, make.tally((1, "failed", PASS)), waived=waived)
    assert (finding.outcome, finding.disposition, finding.waived) == (Outcome.FAILED, Disposition.WAIVED, waived)
    assert found(make, make.tally(ENOUGH), waived=waived).waived is None


def test_risk_tells_how_much_of_the_margin_the_worst_case_uses(make):
    nominal = (1, "passed", {"stage": "nominal", "low": 0.4})
    nearest = found(make, make.tally(nominal, (299, "passed", {"low": 0.1})))
    assert nearest.risk.margin_used == pytest.approx(0.75)
    assert nearest.risk.likelihood_upper == nearest.bound.upper
    broken = found(make, make.tally(nominal, (1, "failed", {"feasible": True, "low": -0.2})))
    assert broken.risk.margin_used == pytest.approx(1.5)
    failing_at_nominal = found(make, make.tally((1, "failed", {"stage": "nominal", "feasible": True, "low": -0.2})))
    assert failing_at_nominal.risk.margin_used is None


STATEMENTS = [
    (
        [ENOUGH],
        "No nonconformity found in 299 independent cases; at 95 % confidence at most 1.0 % of requests of this input "
        "space fail.",
        "299 个独立抽样用例中未发现不符合；在 95 % 置信水平下，该输入空间内请求的不符合率不超过 1.0 %。",
    ),
    (
        [ENOUGH, (20, "passed", {"stage": "hunt"}), (7, "failed", FAIL)],
        "No nonconformity found in 299 independent cases; at 95 % confidence at most 1.0 % of the requests of this "
        "input space that count (the rule applies, its limit can bind, a compliant answer is known) fail. Nor in 20 "
        "other cases, searches for the worst included. Not counted, failures on requests without a known compliant "
        "answer: 7.",
        "尚无已知合规应答的请求上的不符合 7 个。",
    ),
    (
        [(1, "failed", {**PASS, "stage": "nominal"}), (299, "passed"), (1, "failed", {"stage": "confirm"})],
        "The nominal request fails already. Broken in 1 of 300 cases that were decided. Repeats of the same "
        "request: 1, of which failed again: 1. In the independent sample 0 of 299 fail;",
        "标称工况本身即不符合。",
    ),
    (
        [(298, "passed"), (2, "failed", PASS)],
        "Broken in 2 of 300 cases that were decided. In the independent sample 2 of 300 fail; at 95 % confidence at "
        "most 2.1 % of requests of this input space fail.",
        "独立抽样 300 个用例中 2 个不符合",
    ),
    (
        [(20, "passed")],
        "No nonconformity found, but not enough for a pass: 20 independent cases count; to exclude a failure rate "
        "above 1 % at 95 % confidence 299 are needed.",
        "不足以判为符合",
    ),
    ([(9, "vacuous")], "Nothing is shown: in none of 9 cases could the limit bind.", "限值均不可能起作用。"),
    ([(9, "failed", FAIL)], "Neither pass nor failure is shown: every failure was on a request", "既未证明符合"),
    (
        [(397, "passed"), (3, "not-computable")],
        "Neither pass nor failure is shown: 3 of 400 cases could not be decided (a quantity could not be computed: 3).",
        "400 个用例中有 3 个无法判定（有量无法计算：3）",
    ),
    (
        [(1000, "passed"), (1, "system-error")],
        "Independent cases that could not be decided: 1 (no valid answer came: 1); the bound takes each for a failure.",
        "均按不符合计。",
    ),
    ([], "Not tested: among 0 cases there was none to which the rule applies.", "未测试"),
    ([(1, "failed", PASS), (3, "passed", {"stage": "confirm"})], "none came again in 3 repeats", "均未再现"),
    ([ENOUGH, (4, "passed", {"in_envelope": False})], "cases outside the declared envelope: 4.", "单列"),
]


@pytest.mark.parametrize(("entries", "en", "zh"), STATEMENTS)
def test_the_statement_says_what_was_and_was_not_shown(make, entries, en, zh):
    statement = found(make, make.tally(*entries)).statement
    assert en in statement.en
    assert zh in statement.zh


def test_a_statement_on_records_does_not_speak_of_what_was_not_recorded(make):
    tally = make.tally((12, "passed", RECORDED))
    statement = found(make, tally).statement
    assert statement.en == "No nonconformity found in 12 recorded cases; of what was not recorded nothing is shown."
    assert found(make, tally).bound is None
