from __future__ import annotations

import math

import pytest

from conformance.judge import Sequential, Tally, conclude, repeatable, verdict
from conformance.judge.statement import Scope
from conformance.model.outcome import Basis, Obligation, Outcome, Reason
from conformance.model.run import Disposition
from conformance.model.standard import Evidence

PASS = {"feasible": True}
HUNT = {**PASS, "stage": "hunt"}
AGAIN, NOT_AGAIN = {"stage": "confirm"}, {"stage": "confirm"}


def by_chance(make, *entries):
    return make.tally(*entries, test=Sequential.of(Evidence()))


def said(tally):
    outcome, reason = verdict(tally, generated=True, evidence=Evidence())
    return f"{outcome}:{reason}" if reason else str(outcome)


def test_326_clean_cases_are_accepted_at_the_published_settings_and_no_fewer():
    test = Sequential(1e-3, 1e-2, 0.05, 0.05)
    assert test.cases_to_accept == 326
    assert test.decision(0, 325) == "continue"
    assert test.decision(0, 326) == "accept"


@pytest.mark.parametrize(
    "settings", [(1e-3, 1e-2, 0.05, 0.05), (0.01, 0.05, 0.1, 0.05), (1e-4, 1e-3, 0.01, 0.01), (0.2, 0.5, 0.05, 0.2)]
)
def test_it_decides_where_the_likelihood_ratio_crosses_walds_thresholds(settings):
    p0, p1, alpha, beta = settings
    test = Sequential(*settings)
    for cases in (1, 5, 50, 400, 3000):
        for failures in range(min(cases, 12) + 1):
            ratio = failures * math.log(p1 / p0) + (cases - failures) * math.log((1 - p1) / (1 - p0))
            low, high = math.log(beta / (1 - alpha)), math.log((1 - beta) / alpha)
            assert min(abs(ratio - low), abs(ratio - high)) > 1e-9
            expected = "accept" if ratio < low else "reject" if ratio > high else "continue"
            assert test.decision(failures, cases) == expected


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_the_test_of_an_evidence_accepts_wrongly_no_more_often_than_the_evidence_allows(confidence):
    test = Sequential.of(Evidence(failure_rate=1e-2, confidence=confidence))
    assert test.p1 == 1e-2
    assert test.wrong_acceptance == pytest.approx(1 - confidence)


def test_open_cases_help_nobody():
    test = Sequential(1e-3, 1e-2, 0.05, 0.05)
    assert test.decision(0, 400, undecided=1) == "continue"  # as if it had failed
    assert test.decision(1, 100, undecided=5) == "continue"  # as if they had passed
    assert test.decision(6, 100) == "reject"


@pytest.mark.parametrize(
    "settings",
    [(0, 0.1, 0.05, 0.05), (0.1, 0.1, 0.05, 0.05), (0.1, 1.0, 0.05, 0.05), (0.01, 0.1, 0.6, 0.5), (0.01, 0.1, 0, 0.05)],
)
def test_impossible_tests_are_refused(settings):
    with pytest.raises(ValueError, match="no sequential test"):
        Sequential(*settings)


@pytest.mark.parametrize("seen", [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(seen):
    with pytest.raises(ValueError, match="failures"):
        Sequential(1e-3, 1e-2, 0.05, 0.05).decision(*seen)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(331, "passed")], "inconclusive:insufficient-data"),
        ([(332, "passed")], "passed"),
        ([(1, "failed", PASS), (400, "passed")], "inconclusive:insufficient-data"),
        ([(1, "failed", PASS), (700, "passed")], "passed"),
        ([(4, "failed", PASS), (20, "passed")], "failed"),
        # the first decision stands, whatever comes after it
        ([(332, "passed"), (40, "failed", PASS)], "passed"),
        ([(4, "failed", PASS), (5000, "passed")], "failed"),
        # a failure of the search alone does not decide, unless it comes again every time
        ([(332, "passed"), (1, "failed", HUNT)], "passed"),
        ([(332, "passed"), (1, "failed", HUNT), (4, "failed", AGAIN), (1, "passed", NOT_AGAIN)], "passed"),
        ([(332, "passed"), (1, "failed", HUNT), (5, "failed", AGAIN)], "failed"),
        (
            [(100, "passed"), (1, "failed", HUNT), (4, "failed", AGAIN), (1, "passed", NOT_AGAIN)],
            "inconclusive:unstable",
        ),
        ([(100, "passed"), (1, "failed", HUNT), (5, "passed", NOT_AGAIN)], "inconclusive:unstable"),
        # what applies to nothing is not accepted
        ([(400, "inapplicable")], "untested"),
        ([(400, "vacuous")], "inconclusive:vacuous"),
        ([(340, "passed"), (3, "system-error")], "passed"),  # decided before they came
        ([(3, "system-error"), (340, "passed")], "inconclusive:system-error"),
    ],
)
def test_a_system_that_answers_by_chance_is_judged_by_its_rate(make, entries, expected):
    assert said(by_chance(make, *entries)) == expected


def test_the_same_failures_decide_at_once_where_nobody_speaks_of_chance(make):
    assert said(make.tally((332, "passed"), (1, "failed", HUNT))) == "failed"


def test_a_tally_says_when_more_cases_are_of_no_use(make):
    assert not by_chance(make, (400, "vacuous")).wants_more(299)
    assert by_chance(make, (331, "passed")).wants_more(299)
    assert not by_chance(make, (332, "passed")).wants_more(299)
    assert not by_chance(make, (9, "failed", PASS)).wants_more(299)
    assert not Tally("p/ramp").wants_more(299)
    assert make.tally((298, "passed")).wants_more(299)
    assert not make.tally((299, "passed")).wants_more(299)
    assert not make.tally((1, "failed", PASS), (9, "passed")).wants_more(299)
    assert by_chance(make, (9, "passed")).lacking(299) == 332
    assert by_chance(make, (332, "passed")).lacking(299) == 0
    assert make.tally((9, "passed")).lacking(299) == 290


def concluded(make, tally, **options):
    return conclude(
        make.subject(), tally, number=1, basis=Basis.NORMATIVE, command="run", evidence=Evidence(), **options
    )


def test_the_finding_states_the_test_and_no_bound(make):
    finding = concluded(
        make, by_chance(make, (332, "passed"), (2, "failed", HUNT), (3, "failed", AGAIN), (2, "passed", NOT_AGAIN))
    )
    assert finding.outcome is Outcome.PASSED
    assert finding.bound is None
    assert finding.sequential is not None
    assert (finding.sequential.decision, finding.sequential.cases, finding.sequential.failures) == ("accept", 332, 0)
    assert "accepts after 332 independent cases" in finding.statement.en
    assert "at most 5 %" in finding.statement.en
    assert "failed again: 3" in finding.statement.en
    assert "接受" in finding.statement.zh
    assert finding.repeats is not None
    assert (finding.repeats.times, finding.repeats.again) == (5, 3)


def test_rejected_and_undecided_are_said_in_words(make):
    rejected = concluded(make, by_chance(make, (4, "failed", PASS), (20, "passed")))
    assert "it rejects after 2 independent cases with 2 failures" in rejected.statement.en
    every_time = concluded(make, by_chance(make, (332, "passed"), (1, "failed", HUNT), (5, "failed", AGAIN)))
    assert "fails every time" in every_time.statement.en
    undecided = concluded(make, by_chance(make, (1, "failed", PASS), (100, "passed")))
    assert "undecided after 101 independent cases" in undecided.statement.en
    assert "332" in undecided.statement.en


@pytest.mark.parametrize(
    ("declared", "words"), [(True, "that the system declares"), (False, "as wide as the request schema")]
)
def test_a_bound_says_over_which_space_and_that_searches_do_not_feed_it(make, declared, words):
    finding = concluded(make, make.tally((299, "passed"), (50, "passed", {"stage": "hunt"})), scope=Scope(68, declared))
    assert "68 dimensions" in finding.statement.en
    assert words in finding.statement.en
    assert "search do not feed this figure" in finding.statement.en
    assert "68 个维度" in finding.statement.zh


def flips(make, times, again, *, declared=None, command="run", **options):
    tally = make.tally((1, "failed", PASS), (again, "failed", AGAIN), (times - again, "passed", NOT_AGAIN))
    return repeatable(
        make.pack(), "dispatch", [tally, Tally("p/other")], number=9, declared=declared, command=command, **options
    )


@pytest.mark.parametrize(
    ("again", "declared", "outcome", "reason", "obligation", "disposition"),
    [
        (5, None, Outcome.PASSED, None, Obligation.SHOULD, Disposition.OK),
        (5, True, Outcome.PASSED, None, Obligation.SHALL, Disposition.OK),
        (3, None, Outcome.INCONCLUSIVE, Reason.UNSTABLE, Obligation.SHOULD, Disposition.NOTE),
        (3, False, Outcome.INCONCLUSIVE, Reason.UNSTABLE, Obligation.SHOULD, Disposition.NOTE),
        (0, None, Outcome.INCONCLUSIVE, Reason.UNSTABLE, Obligation.SHOULD, Disposition.NOTE),
        (3, True, Outcome.FAILED, None, Obligation.SHALL, Disposition.BROKEN),
    ],
)
def test_the_flip_rate_is_a_finding_of_its_own(make, again, declared, outcome, reason, obligation, disposition):
    finding = flips(make, 5, again, declared=declared)
    assert (finding.rule, finding.implicit, finding.surface) == ("p/dispatch-repeatable", True, "dispatch")
    assert (finding.outcome, finding.reason, finding.obligation) == (outcome, reason, obligation)
    assert finding.disposition is disposition
    assert (finding.counts.cases, finding.counts.passed, finding.counts.failed) == (5, again, 5 - again)
    assert f"called again 5 times; another outcome came {5 - again} times" in finding.statement.en
    assert f"{5 - again} 次判定结果不同" in finding.statement.zh


def test_the_bound_on_flips_is_that_of_clopper_and_pearson(make):
    finding = flips(make, 5, 5)
    assert finding.repeats.flips_upper == pytest.approx(1 - 0.05 ** (1 / 5))


def test_nothing_repeated_is_no_finding(make):
    assert (
        repeatable(make.pack(), "dispatch", [make.tally((9, "passed"))], number=1, declared=True, command="run") is None
    )
