"""Made-up records: a realistic dispatch run, one with every outcome, and one full of hostile text."""

from __future__ import annotations

import random

import pytest
from attrs import evolve

from conformance.errors import Position, Text
from conformance.model.outcome import Basis, Interval, Judgement, Margin, Obligation, Outcome, Reason, Severity, Sides
from conformance.model.run import (
    Bound,
    Change,
    Counts,
    Disposition,
    Finding,
    Footer,
    Header,
    Record,
    RequirementResult,
    Risk,
    Settings,
    Stage,
    Waived,
    Witness,
)
from conformance.model.standard import Expression, Figure, Pack, Requirement, Rule, Source, Status, View
from conformance.model.system import Command, System

RULES = [  # name, titles, requirement, expression, unit, outcome, reason, disposition, worst margin
    ("loading", Text("Line loading after AC replay", "交流复算后的线路负载率"), "R5",
     "all(b.loading <= limit for b in flow.branches)", "% of rating", Outcome.FAILED, None, Disposition.BROKEN, -0.31),
    ("setpoint-limits", Text("Set-points within unit limits", "出力指令在机组限值内"), "R1",
     "all(g.p_min <= s.p <= g.p_max for g, s in pair(request.generators, response.setpoints, \"id\"))",
     "MW", Outcome.PASSED, None, Disposition.OK, 0.0),
    ("ramp-rate", Text("Set-points respect ramp limits", "出力指令不越爬坡限值"), "R3",
     "all(abs(s.p - g.p_now) <= g.ramp * request.interval + tolerance for g, s in "
     "pair(request.generators, response.setpoints, \"id\"))",
     "MW", Outcome.INCONCLUSIVE, Reason.VACUOUS, Disposition.UNSURE, 12.0),
    ("balance", Text("Power balance after losses", "计及网损的功率平衡"), "R4",
     "abs(flow.slack - expected) <= tolerance * load", "MW", Outcome.FAILED, None, Disposition.WARNING, -0.04),
    ("n-1", Text("Loading after loss of one element", "N-1 后的负载率"), "R6",
     "all(c.loading <= emergency for c in screening)", "% of rating", Outcome.INCONCLUSIVE, Reason.NOT_COMPUTABLE,
     Disposition.UNSURE, 3.2),
    ("voltage-band", Text("Bus voltages within their band", "母线电压在允许范围内"), "R7",
     "all(b.v_min <= b.v <= b.v_max for b in flow.buses)", "pu of nominal voltage", Outcome.PASSED, None,
     Disposition.OK, 0.0042),
    ("reserve", Text("Spinning reserve", "旋转备用"), "R8", "sum(g.headroom for g in units) >= request.reserve", "MW",
     Outcome.PASSED, None, Disposition.OK, 2.1),
    ("loading-claim", Text("Own forecast of the highest loading", "自报最高负载率"), "R9",
     "abs(response.expected.max_loading - flow.max_loading) <= tolerance", "% of rating", Outcome.FAILED, None,
     Disposition.WAIVED, -1.4),
]  # fmt: skip


def make_pack() -> Pack:
    sources = {
        "grid-dispatch/S1": Source(
            "grid-dispatch/S1", "standard", Text("Power system security and stability", "电力系统安全稳定导则"),
            "GB 38755-2019", "2019", status=Status.MEMORY_HIGH),
    }  # fmt: skip
    place = (Position("rules/x.yaml", 4, 10),)
    figure = Figure(100, "% of rating", "lower", "only-stricter", "grid-dispatch/S1", Status.MEMORY_HIGH)
    rules, requirements = {}, {}
    for name, title, requirement, require, *_ in RULES:
        rules[f"grid-dispatch/{name}"] = Rule(
            f"grid-dispatch/{name}", title, (f"grid-dispatch/{requirement}",), "stable", Severity.CRITICAL, "dispatch",
            Expression(require, place), parameters={"limit": figure})  # fmt: skip
        requirements[f"grid-dispatch/{requirement}"] = Requirement(
            f"grid-dispatch/{requirement}", "4.2", Obligation.SHOULD if name == "balance" else Obligation.SHALL,
            Text(f"{title.en}: the dispatch shall keep to it.", f"{title.zh}：调度指令在每一时段均应满足。"),
            "paraphrase", ("grid-dispatch/S1",), "automated")  # fmt: skip
    for number, kind, reason in (
        (10, "manual", Text("An assessor records who may approve an advice.", "评定人员记录谁有权批准建议。")),
        (11, "not-tested", Text("Needs sequences of calls.", "需要调用序列。")),
    ):
        requirements[f"grid-dispatch/R{number}"] = Requirement(
            f"grid-dispatch/R{number}", None, Obligation.SHALL, Text("Approval before execution.", "执行前须经批准。"),
            "paraphrase", ("grid-dispatch/S1",), kind, reason)  # fmt: skip
    return Pack(
        "ai-for-energy/grid-dispatch", "0.1", Text("Grid dispatch by AI", "AI 电网调度"), "draft", "CC-BY-4.0", "zh",
        "ab" * 32, sources, requirements, rules, {},
        views={
            "loading": View("loading", Text("Line loading", "线路负载率"), "flow.branches", "id", "loading",
                            "% of rating", 100, rules=("grid-dispatch/loading",)),
            "voltage": View("voltage", Text("Bus voltage", "母线电压"), "flow.buses", "id", "v",
                            "pu of nominal voltage", "v_max", "v_min", rules=("grid-dispatch/voltage-band",)),
        },
        oracle="fixtures/systems/grid-dispatch/reference")  # fmt: skip


def derived(top: float, seed: int) -> dict[str, object]:
    rng = random.Random(seed)
    loadings = [top] + [round(rng.betavariate(2, 3) * top, 2) for _ in range(37)]
    ids = ["7-8"] + [f"{i}-{i + 1 + i % 4}" for i in range(1, 38)]
    buses = [round(0.97 + 0.0758 * rng.random(), 4) for _ in range(24)]
    return {"flow": {
        "branches": [{"id": i, "loading": v} for i, v in zip(ids, loadings, strict=True)],
        "buses": [{"id": str(i), "v": v, "v_min": 0.95, "v_max": 1.05} for i, v in enumerate(buses, 1)],
    }}  # fmt: skip


def make_record() -> Record:
    pack = make_pack()
    rng = random.Random(7)
    stages = {0: Stage.NOMINAL} | dict.fromkeys(range(1, 300), Stage.INDEPENDENT)
    stages |= dict.fromkeys(range(300, 390), Stage.HUNT) | dict.fromkeys(range(390, 400), Stage.BOUNDARY)
    margins, findings = {}, []
    loads = [{"bus": str(i), "p": 100 + i} for i in range(17)]
    request = {"time": "2026-07-01T04:00:00Z", "interval": 15, "loads": loads}
    for number, (name, title, requirement, _, unit, outcome, reason, disposition, worst) in enumerate(RULES, 1):
        rule = f"grid-dispatch/{name}"
        spread = 11.0 if "%" in unit else 40.0 if unit == "MW" else 0.03
        drawn = [
            worst + rng.expovariate(3 / spread) if stage is Stage.HUNT else rng.gauss(spread, spread / 4)
            for stage in stages.values()
        ]
        margins[rule] = tuple((n, round(max(worst, v), 6)) for n, v in zip(stages, drawn, strict=True))
        broken = outcome is Outcome.FAILED
        margin = Margin(Interval.point(worst), unit, Interval.point(worst), "b.loading <= limit", (("b", "7-8"),))
        answer = {"setpoints": [{"id": "1", "p": 19.5}]} if broken else None
        witness = Witness(
            7, margin,
            (Change("loads[bus=8].p", 171.0, 205.0, "MW", Text("load at bus 8", "母线 8 负荷")),) if broken else (),
            84, 61, 7 if broken else None, request, {"setpoints": [{"id": "1", "p": 16.0}]},
            derived(100.31 if name == "loading" else 96.0, 3), answer, derived(97.4, 4) if broken else {},
            Sides(100.31, 100.0, "% of rating", (("b", "7-8"),)) if broken else None,
            Sides(97.4, 100.0, "% of rating", (("b", "7-8"),)) if broken else None)  # fmt: skip
        smallest = evolve(witness, case=9) if broken else None
        failed = 3 if broken else 0
        findings.append(Finding(
            number, rule, title, (f"grid-dispatch/{requirement}",),
            Obligation.SHOULD if name == "balance" else Obligation.SHALL, Severity.CRITICAL, outcome, Basis.INDICATIVE,
            Counts(cases=400, passed=397 - failed, failed=failed, infeasible=2, refused=1),
            Text(f"{failed} of 299 independent cases failed." if broken else
                 "No nonconformity found in 299 independent cases; at 95 % confidence at most 1.0 % of requests fail.",
                 f"299 个独立用例中 {failed} 个未通过。" if broken else
                 "299 个独立用例中未发现不符合；在 95 % 置信水平下，至多 1.0 % 的请求会不符合。"),
            disposition, reason, witness, smallest, Bound(299, failed, 0.95, 0.0258 if broken else 0.00997, 0.01),
            Risk(Severity.CRITICAL, 0.0258, 1.03), Judgement(rule, Outcome.PASSED, margin=evolve(
                margin, physical=Interval.point(spread), normalised=Interval.point(spread))),
            Waived("new line in 2027", "A. Engineer", "2026-12-31") if disposition is Disposition.WAIVED else None,
        ))  # fmt: skip
    for name, title in (
        ("dispatch-answers", Text("dispatch answers", "dispatch 有应答")),
        ("dispatch-response-valid", Text("dispatch response is valid", "dispatch 应答有效")),
    ):
        findings.append(Finding(
            len(findings) + 1, f"grid-dispatch/{name}", title, (), Obligation.SHALL, Severity.MAJOR, Outcome.PASSED,
            Basis.NORMATIVE, Counts(cases=400, passed=400), Text("Every call was answered.", "每次调用均有应答。"),
            Disposition.OK, implicit=True))  # fmt: skip
    system = System(
        "pypower-dc-opf", "third-party code", "5.1.21", "fixtures/real/pypower-dc-opf",
        {"dispatch": Command(("{python}", "dispatch.py"))}, label=Text("IEEE 24-bus", "IEEE 24 节点"),
        position=Position("fixtures/real/pypower-dc-opf/system.yaml", 1, 1))  # fmt: skip
    header = Header(
        "1", "aienergy-conformance 0.1.0", pack, system, Settings("demo", "all", "2026", 400, 2, 600),
        {"python": "3.11.9", "numpy": "2.1.0"}, {"grid": "cd" * 32}, dict.fromkeys(pack.rules, True),
        ({"path": "loads[bus=8].p", "nominal": 171.0, "lower": 136.8, "upper": 205.2, "unit": "MW"},),
        "grid-dispatch reference 0.1",
        label=Text("third-party code · grid: IEEE 24-bus (a test case, not a real grid)",
                   "第三方代码 · 电网：IEEE 24 节点（测试算例，非真实电网）"))  # fmt: skip
    results = tuple(
        RequirementResult(f.requirements[0], f.outcome, f.basis, f.disposition) for f in findings if f.requirements
    )
    footer = Footer("ef" * 32, "01" * 32, 400, 612, 1, results)
    return Record(header, tuple(findings), footer, margins, stages, 400, "reports/runs/x/record.jsonl")


HOSTILE = "</script><script>alert(1)</script>\x1b[31m[red]\u202e\x00{{ 7*7 }}\"'&<b>"


@pytest.fixture(scope="session")
def record() -> Record:
    return make_record()


@pytest.fixture(scope="session")
def every() -> Record:
    """A record in which every outcome, reason and basis, and many broken rules occur."""
    base = make_record()
    pattern = base.findings[0]
    cells = [(o, None) for o in Outcome if o is not Outcome.INCONCLUSIVE] + [(Outcome.INCONCLUSIVE, r) for r in Reason]
    findings = []
    for outcome, reason in cells:
        for basis in Basis:
            disposition = {
                Outcome.FAILED: Disposition.BROKEN,
                Outcome.PASSED: Disposition.OK,
                Outcome.INAPPLICABLE: Disposition.NOTE,
            }.get(outcome, Disposition.UNSURE)
            name = f"grid-dispatch/{outcome}-{reason or 'x'}-{basis}"
            worst = pattern.worst if outcome is Outcome.FAILED else None
            findings.append(evolve(
                pattern, number=len(findings) + 1, rule=name, outcome=outcome, reason=reason, basis=basis,
                disposition=disposition, worst=worst, bound=None, nominal=None,
            ))  # fmt: skip
    return evolve(base, findings=tuple(findings))


@pytest.fixture(scope="session")
def hostile() -> Record:
    base = make_record()
    text = Text(HOSTILE, HOSTILE)
    first = base.findings[0]
    assert first.worst is not None
    branches = [{"id": HOSTILE, "loading": 101.0}, {"id": None, "loading": float("nan")}, 5]
    worst = evolve(
        first.worst, changed=(Change(HOSTILE, HOSTILE, "=cmd()", HOSTILE, text),), cause=text,
        request={HOSTILE: HOSTILE}, response=HOSTILE * 20_000, derived={"flow": {"branches": branches}},
    )  # fmt: skip
    broken = evolve(first, title=text, statement=text, worst=worst)
    system = evolve(base.header.system, name=HOSTILE * 100, vendor=HOSTILE, version=HOSTILE, label=text)
    return evolve(base, header=evolve(base.header, system=system, label=None), findings=(broken, *base.findings[1:]))
