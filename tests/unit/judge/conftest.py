from __future__ import annotations

from types import SimpleNamespace

import pytest
from attrs import evolve

from conformance.errors import Position, Text
from conformance.judge import Subject, Tally
from conformance.model.outcome import (
    Basis,
    Evaluation,
    Interval,
    Judgement,
    Margin,
    Obligation,
    Outcome,
    Reason,
    Severity,
)
from conformance.model.run import Answer, Case, Counts, Disposition, Finding, Stage
from conformance.model.standard import (
    Expression,
    Figure,
    Operation,
    Pack,
    Requirement,
    Rule,
    Source,
    Status,
    Uncertainty,
)

T = Text("t", "t")


def figure(value, unit="MW", *, source="p/S1", status=Status.PROJECT, clause=None):
    return Figure(value, unit, "lower", "fixed", source, status, clause)


def rule(**changes):
    standing = Rule(
        id="p/ramp",
        title=Text("Ramp", "爬坡"),
        requirements=("p/R1",),
        status="stable",
        severity=Severity.CRITICAL,
        applies_to="dispatch",
        require=Expression("true", (Position("r.yaml", 1, 1),)),
    )
    return evolve(standing, **changes)


def guarded(default=0.5, maximum=2.0, unit="MW"):
    return rule(decision="guarded", uncertainty=Uncertainty(figure(default, unit), figure(maximum, unit)))


def margin(low, high=None, *, scale=1.0, unit="MW"):
    high = low if high is None else high
    return Margin(Interval(low * scale, high * scale), unit, Interval(low, high), "a <= b")


def evaluation(truth, *, low=None, high=None, applies=True, binding=True, **rest):
    return Evaluation(applies, binding, truth, None if low is None else margin(low, high), **rest)


def judgement(word, *, feasible=None, low=None, name="p/ramp"):
    """``word`` is an outcome or the reason of an inconclusive one."""
    outcome = Outcome(word) if word in list(Outcome) else Outcome.INCONCLUSIVE
    reason = None if word in list(Outcome) else Reason(word)
    return Judgement(name, outcome, reason, None if low is None else margin(low), feasible=feasible)


def case(number=0, stage="independent", *, in_envelope=True):
    return Case(number, "dispatch", Stage(stage), {}, "0" * 64, in_envelope=in_envelope)


def tally(*entries, **settings):
    """Entries are (how many, word, and the keywords of `judgement` and `case`)."""
    counting = Tally("p/ramp", **settings)
    number = 0
    for times, word, *rest in entries:
        options = dict(rest[0]) if rest else {}
        at = {k: options.pop(k) for k in ("stage", "in_envelope") if k in options}
        answer = Answer(options.pop("answer", "answered"))
        for _ in range(times):
            counting.add(case(number, **at), judgement(word, **options), answer=answer)
            number += 1
    return counting


def subject(**changes):
    standing = Subject(
        rule="p/ramp",
        title=T,
        requirements=("p/R1",),
        obligation=Obligation.SHALL,
        severity=Severity.CRITICAL,
    )
    return evolve(standing, **changes)


def finding(outcome, reason=None, *, disposition=Disposition.OK, **changes):
    standing = Finding(
        number=1,
        rule="p/ramp",
        title=T,
        requirements=("p/R1",),
        obligation=Obligation.SHALL,
        severity=Severity.CRITICAL,
        outcome=outcome,
        basis=Basis.NORMATIVE,
        counts=Counts(),
        statement=T,
        disposition=disposition,
        reason=reason,
    )
    return evolve(standing, **changes)


def requirement(name, *, obligation=Obligation.SHALL, automation="automated"):
    return Requirement(name, None, obligation, T, "paraphrase", (), automation)


def pack(*rules, requirements=None, **changes):
    standing = Pack(
        id="ai-for-energy/p",
        version="1.0",
        title=T,
        status="draft",
        licence="CC-BY-4.0",
        authoritative="en",
        sha256="0" * 64,
        sources={
            "p/S1": Source("p/S1", "project", T),
            "p/S2": Source("p/S2", "standard", T, clause="4.1", status=Status.PRIMARY),
        },
        requirements={r.id: r for r in requirements or (requirement("p/R1"),)},
        rules={r.id: r for r in rules},
        operations={"dispatch": Operation("dispatch", {}, {})},
    )
    return evolve(standing, **changes)


@pytest.fixture
def make():
    return SimpleNamespace(
        figure=figure,
        rule=rule,
        guarded=guarded,
        margin=margin,
        evaluation=evaluation,
        judgement=judgement,
        case=case,
        tally=tally,
        subject=subject,
        finding=finding,
        requirement=requirement,
        pack=pack,
    )
