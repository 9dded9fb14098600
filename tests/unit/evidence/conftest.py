from __future__ import annotations

import copy
import json
from types import SimpleNamespace

import pytest

from conformance.errors import Position, Text
from conformance.evidence import RecordWriter
from conformance.model.json import digest
from conformance.model.outcome import Basis, Interval, Judgement, Margin, Obligation, Outcome, Reason, Severity
from conformance.model.run import (
    Answer,
    Bound,
    Case,
    Change,
    Counts,
    Disposition,
    Finding,
    Header,
    Observation,
    RequirementResult,
    Risk,
    Settings,
    Stage,
    Timing,
    Waived,
    Witness,
)
from conformance.model.standard import (
    Derived,
    Example,
    Expression,
    Figure,
    LimitLookup,
    LimitRow,
    LimitTable,
    Mapped,
    Operation,
    Pack,
    Profile,
    Requirement,
    Rule,
    SiteKind,
    Source,
    Status,
    Uncertainty,
    View,
)
from conformance.model.system import Band, Command, EnvironmentValue, Http, Identity, PythonCall, Recorded, System

T = Text("Ramp", "爬坡")
AT = Position("rules/ramp.yaml", 7, 3, 4, "  require: true")
SITE = {
    "grid": {
        "network": {
            "name": "three",
            "buses": [{"id": str(i), "v_min": 0.95, "v_max": 1.05} for i in range(40)],
            "branches": [{"id": f"{i}-{i + 1}", "r": 0.01, "x": 0.1, "rating": None} for i in range(39)],
        },
        "loads": [{"bus": str(i), "p": 10.0, "q": 2} for i in range(20)],
        "reserve": 400,
    }
}


def pack():
    figure = Figure(0.1, "MW", "lower", "only-stricter", "p/S1", Status.PROJECT, position=AT)
    expression = Expression("a <= b", (AT, AT))
    rule = Rule(
        id="p/ramp",
        title=T,
        requirements=("p/R1",),
        status="stable",
        severity=Severity.CRITICAL,
        applies_to="dispatch",
        require=expression,
        parameters={"tolerance": figure, "limit": LimitLookup("thd", {"voltage": expression})},
        when=expression,
        scale={"MW": "1 MW"},
        decision="guarded",
        uncertainty=Uncertainty(figure, figure),
        kills=("ignores-ramp",),
        examples=(Example("e", Outcome.FAILED, {"a": 1}, {"b": None}, {"flow": [1]}, margin="0 MW", position=AT),),
        position=AT,
    )
    row = LimitRow(figure, eq={"class": "A"}, over={"voltage": 1.0}, upto={"voltage": 35})
    return Pack(
        id="x/p",
        version="0.1",
        title=T,
        status="draft",
        licence="CC-BY-4.0",
        authoritative="zh",
        sha256="0" * 64,
        sources={"p/S1": Source("p/S1", "project", T)},
        requirements={
            "p/R1": Requirement(
                "p/R1",
                "4.1",
                Obligation.SHALL,
                T,
                "paraphrase",
                ("p/S1",),
                "automated",
                maps=(Mapped("d", None, "1", "equal", Status.PROJECT),),
            )
        },
        rules={"p/ramp": rule},
        operations={"dispatch": Operation("dispatch", {"type": "object"}, True)},
        limits={"thd": LimitTable("thd", T, "%", {"voltage": "kV", "class": None}, (row,))},
        profiles={"default": Profile("default", T, include=("p/ramp",), set={"p/ramp.tolerance": figure})},
        derive={"flow": Derived("flow", "power_flow.ac", "dispatch", {"grid": "request.network"})},
        sites={"grid": SiteKind("grid", {}, {"three": SITE["grid"]}, "three")},
        views={"loading": View("loading", T, "flow.branches", "id", "loading", "%", upper=100)},
        capabilities={"ramp": "mandatory"},
    )


def system():
    return System(
        name="acme",
        vendor="Acme",
        version="1",
        folder=".",
        operations={
            "dispatch": Command(("{python}", "a.py"), memory=2**30),
            "forecast": Http("https://x.example/", headers={"Authorization": EnvironmentValue("TOKEN"), "X": "1"}),
            "alarm": PythonCall("acme:decide"),
            "leak": Recorded("out/*.jsonl"),
        },
        identity=Identity("measured", {"model": "0" * 64}),
        declares={"p": ("ramp",)},
        site=SITE,
        envelope={"loads.p": Band(0.8, 1.1)},
    )


def header():
    return Header(
        schema="1",
        tool="0.1.0",
        pack=pack(),
        system=system(),
        settings=Settings("run", "all", "0", 3, 1, 100),
        versions={"python": "3.11"},
        site_digests={"grid": "0" * 64},
        canaries={"p/ramp": True},
        space=({"path": "loads[bus=8].p", "nominal": 171},),
        label=T,
    )


def request(i=0):
    value = copy.deepcopy(SITE["grid"])
    value["loads"][3]["p"] = 10.0 + i
    return {"time": "2026-07-01T04:00:00Z", **value}


def margin(value, high=None):
    high = value if high is None else high
    return Margin(Interval(value, high), "MW", Interval(value, high), "a <= b", (("g", "1"),))


def case(i=0, stage=Stage.INDEPENDENT, value=None):
    value = request(i) if value is None else value
    return Case(i, "dispatch", stage, value, digest(value), (Change("loads[bus=8].p", 171, 205.5, "MW", T),), index=i)


def observation(i=0, of="system", response=None):
    judged = Judgement("p/ramp", Outcome.PASSED, None, margin(0.5 - i / 10))
    vague = Judgement("p/reserve", Outcome.INCONCLUSIVE, Reason.INSUFFICIENT_DATA, margin(float("-inf"), float("inf")))
    response = {"setpoints": [{"id": "1", "p": 16.0}]} if response is None else response
    return Observation(i, of, Answer.ANSWERED, "0" * 64, response, judgements=(judged, vague))


def finding():
    witness = Witness(1, margin(-0.5), calls=84, shrunk_from=2, request=request(1), response={}, derived={"flow": 1})
    return Finding(
        number=7,
        rule="p/ramp",
        title=T,
        requirements=("p/R1",),
        obligation=Obligation.SHALL,
        severity=Severity.CRITICAL,
        outcome=Outcome.FAILED,
        basis=Basis.INDICATIVE,
        counts=Counts(cases=3, failed=1, passed=2),
        statement=T,
        disposition=Disposition.WAIVED,
        worst=witness,
        smallest=witness,
        bound=Bound(299, 0, 0.95, 0.00997, 0.01),
        risk=Risk(Severity.CRITICAL, 0.00997, 1.5),
        nominal=Judgement("p/ramp", Outcome.PASSED, None, margin(0.4)),
        waived=Waived("known", "A. Person", "2027-01-01T00:00:00+08:00"),
    )


RESULTS = (RequirementResult("p/R1", Outcome.FAILED, Basis.INDICATIVE, Disposition.WAIVED),)


def write(path, *, finish=True):
    """A record of three cases at ``path``."""
    with RecordWriter(path, header()) as writer:
        for i in range(3):
            writer.case(case(i, Stage.NOMINAL if i == 0 else Stage.INDEPENDENT))
            writer.timing(Timing("called", "2026-07-01T04:00:00Z", i, 1_000_000))
            writer.observation(observation(i))
        writer.observation(observation(2, of="oracle"))
        writer.finding(finding())
        if finish:
            writer.finish(calls=3, exit_code=1, requirements=RESULTS)
    return path


def edit(path, number, change):
    """Rewrite line ``number`` (from 1): ``change`` takes its object and returns an object or bytes."""
    lines = path.read_bytes().splitlines(keepends=True)
    changed = change(json.loads(lines[number - 1]))
    if not isinstance(changed, bytes):
        changed = json.dumps(changed).encode() + b"\n"
    path.write_bytes(b"".join([*lines[: number - 1], changed, *lines[number:]]))


@pytest.fixture
def make():
    return SimpleNamespace(
        case=case,
        edit=edit,
        finding=finding,
        header=header,
        observation=observation,
        request=request,
        write=write,
        site=SITE,
        results=RESULTS,
    )
