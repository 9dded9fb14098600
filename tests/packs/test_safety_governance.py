"""What the pack safety-governance promises: terms in their order, dated profiles, relations, and a language model."""

from __future__ import annotations

import calendar
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import SYSTEMS, imported, judged

from conformance.adapter import Refuse
from conformance.assess import make_plan
from conformance.assess.kills import kill_matrix
from conformance.cases import Space
from conformance.cli import common
from conformance.errors import Refused
from conformance.model.outcome import Outcome
from conformance.model.run import Answer
from conformance.packs import load, read_system, tailor
from conformance.systems import connect, read_defects

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "standards/ecosystem/safety-governance"
FIXTURES = SYSTEMS / "safety-governance"
PACK = load(FOLDER)
Json = dict[str, Any]


def limits(table: str, key: str) -> dict[Any, float]:
    """The values of a limits table by their key."""
    return {row.eq[key]: row.figure.value for row in PACK.limits[table].rows}


# Figures that circulate the wrong way round


def test_terms_of_the_union_fall_as_outcomes_get_worse() -> None:
    terms = limits("incident-term", "duty")
    assert [terms[f"eu-{name}"] / 24 for name in ("general", "death", "disruption")] == [15, 10, 2]


@pytest.mark.parametrize("table", ["sil-failure-on-demand", "sil-frequency"])
def test_a_higher_integrity_level_has_a_tenth_of_the_failures(table: str) -> None:
    upper = limits(table, "sil")
    assert [upper[level] / upper[level + 1] for level in (1, 2, 3)] == pytest.approx([10, 10, 10])


# Six months


def test_six_calendar_months_may_be_a_day_more_than_the_project_reads() -> None:
    lengths = {
        sum(calendar.monthrange(year + (month + n - 1) // 12, (month + n - 1) % 12 + 1)[1] for n in range(6))
        for year in (2026, 2027, 2028)
        for month in range(1, 13)
    }
    read = limits("log-retention", "jurisdiction")
    assert (min(lengths), max(lengths)) == (181, 184)
    assert read == {"eu": 183, "cn": 183}


def test_logs_kept_for_183_days_pass_and_fail_where_the_longest_six_months_are_asked_for(tmp_path: Path) -> None:
    with imported(FIXTURES, "safety_governance_faults") as faults:
        recording = faults.record()
        for row in recording.tables["logs"]:
            row["deleted"] = row["ends"] + 183 * faults.DAY
        names = {"log-kept-european"}
        longer = tailor(PACK, "european-union-early", as_of="2026-11-22")
        as_it_stands = judged(PACK, recording, tmp_path, names)["log-kept-european"]
        tightened = judged(longer, recording, tmp_path, names)["log-kept-european"]
    assert (as_it_stands.outcome, tightened.outcome) == (Outcome.PASSED, Outcome.FAILED)


# Profiles and their dates


def test_duties_of_the_union_are_in_force_from_their_day_on() -> None:
    with pytest.raises(Refused):
        tailor(PACK, "european-union", as_of="2027-12-01")
    assert "safety-governance/log-kept-european" in tailor(PACK, "european-union", as_of="2027-12-02").rules


@pytest.mark.parametrize(
    ("profile", "kept"),
    [
        ("european-union-early", {"european-duty-of-outcome", "log-kept-european", "high-risk-declared"}),
        ("china", {"chinese-duty-of-operator", "log-kept-chinese", "published-labelled"}),
        ("united-states", {"report-in-time-from-determination"}),
    ],
)
def test_each_jurisdiction_has_its_own_rules(profile: str, kept: set[str]) -> None:
    own = {
        "european-duty-of-outcome", "log-kept-european", "high-risk-declared", "chinese-duty-of-operator",
        "log-kept-chinese", "published-labelled", "report-in-time-from-determination",
    }  # fmt: skip
    left = {rule.rpartition("/")[2] for rule in tailor(PACK, profile, as_of="2026-11-22").rules}
    assert left & own == kept


# Drift


@given(st.lists(st.tuples(st.floats(1e-6, 1), st.floats(1e-6, 1)), min_size=1, max_size=20))
def test_what_the_rule_on_drift_computes_is_never_above_the_stability_index(shares: list[tuple[float, float]]) -> None:
    index = sum((a - e) * math.log(a / e) for a, e in shares)
    assert sum(2 * (a - e) ** 2 / (a + e) for a, e in shares) <= index + 1e-9


def test_of_small_drift_the_bound_is_nearly_the_index() -> None:
    with imported(FIXTURES, "safety_governance_faults") as faults:
        recording = faults.record(seed=3)
    weeks = {(row["system"], row["week"]): row["psi"] for row in recording.tables["drift"]}
    bounds = dict.fromkeys(weeks, 0.0)
    for row in recording.tables["bins"]:
        a, e = row["actual"], row["expected"]
        bounds[row["system"], row["week"]] += 2 * (a - e) ** 2 / (a + e)
    assert all(0.9 * psi <= bounds[week] <= psi for week, psi in weeks.items())


# The reference that is called


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    with imported(FIXTURES / "reference", "advise_reference") as module:
        yield module


def requests(base: str) -> st.SearchStrategy[Json]:
    """Requests of the operation, in the situation called so."""
    situation = json.loads((FOLDER / f"data/{base}.json").read_text(encoding="utf-8"))
    space = Space.of(PACK.operations["advise"].request, site={"situation": situation}, envelope={})
    return space.strategy().map(space.request)


REQUESTS = st.one_of(requests("grid-evening"), requests("mine-face"))


@settings(max_examples=300, deadline=None)
@given(REQUESTS, st.integers(1, 5000), st.randoms(use_true_random=False))
def test_relations_hold_on_the_reference(reference: Any, request_: Json, more: int, random: Any) -> None:
    base = reference.advise(request_)
    other = reference.advise(request_ | {"ticket": request_["ticket"] + more})
    assert (other["action"], other["executed"], other["citations"]) == (
        base["action"], base["executed"], base["citations"],
    )  # fmt: skip
    shuffled = random.sample(request_["facts"], len(request_["facts"]))
    other = reference.advise(request_ | {"facts": shuffled})
    cited = [sorted(c["id"] for c in answer["citations"]) for answer in (base, other)]
    assert (other["action"], other["executed"], cited[1]) == (base["action"], base["executed"], cited[0])
    other = reference.advise(request_ | {"granted": min(request_["granted"] + 1, 4)})
    assert other["action"] == base["action"]
    worse = [f | {"value": round(1.02 * f["value"], 1)} for f in request_["facts"]]
    order = ["none", "notify", "reduce", "disconnect", "hand-over"]
    other = reference.advise(request_ | {"facts": worse})
    known = all(f["value"] >= f["lowest"] for f in request_["facts"])
    may_end = base["action"] == "hand-over" and not known
    assert may_end or order.index(other["action"]) >= order.index(base["action"])


def test_exactly_at_the_limit_load_is_reduced_and_a_fact_of_just_that_age_is_stale(reference: Any) -> None:
    fact = {"id": "a", "what": "a", "value": 100, "lowest": 0, "highest": 125, "age": 9.9}
    assert reference.assessed([fact], oldest=10)[0] == "reduce"
    assert reference.assessed([fact | {"value": 99.9}], oldest=10)[0] == "notify"
    assert reference.assessed([fact | {"age": 10}], oldest=10)[0] == "hand-over"


def test_each_defect_at_the_wire_is_found_by_the_rules_that_name_it(tmp_path: Path) -> None:
    called = common.oracle_of(PACK)
    assert called is not None
    plan = make_plan(PACK, called, oracle=None, settings=common.settings_for(PACK, command="test"))
    rows = kill_matrix(
        plan,
        [defect for defect in read_defects(FIXTURES / "defects.yaml") if not defect.recorded],
        open_session=lambda: connect(plan.system, PACK, scratch=tmp_path / "clean"),
        open_other=lambda place: connect(
            read_system(Path(place) / "system.yaml", [PACK]), PACK, scratch=tmp_path / "other"
        ),
        cases=300,
        sizes=(),
    )
    assert {row.defect: row.survived for row in rows if row.survived} == {}
    assert [row.defect for row in rows if not row.named_by] == []


# A language model behind an endpoint: a scripted stand-in on the loopback interface

GOOD = {
    "advice": "[generated] Tell the person in charge.", "action": "notify", "executed": False, "autonomy_used": 1,
    "confidence": 0.9, "citations": [{"id": "line-1", "value": 95}], "refused": False,
    "label": {"explicit": True, "generator": "stand-in", "content_id": "1"},
}  # fmt: skip
REQUEST = {"time": "2026-07-01T04:00:00Z", "domain": "grid", "granted": 1, "wish": "advise", "ticket": 7}
Reply = tuple[int, bytes]


def completed(content: Any) -> Reply:
    """What an endpoint answers that completes with ``content``."""
    return 200, json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


@pytest.fixture
def endpoint() -> Iterator[Any]:
    """A scripted endpoint: ``script`` answers a body; ``seen`` are the bodies and headers it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.seen.append((self.path, dict(self.headers), body))
            status, answer = self.server.script(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        seen: list[Any]
        script: Callable[[Json], Reply]

        def handle_error(self, *_: Any) -> None:
            """A client that went away is what a test of time-outs wants."""

    server = Server(("127.0.0.1", 0), Handler)
    server.seen, server.script = [], lambda _: completed(json.dumps(GOOD))
    running = threading.Thread(target=server.serve_forever, daemon=True)
    running.start()
    yield server
    server.shutdown()
    server.server_close()
    running.join()


@pytest.fixture(scope="module")
def adapter() -> Iterator[Any]:
    with imported(FIXTURES, "openai_adapter") as module:
        yield module


def settings_of(adapter: Any, endpoint: Any, **changed: str) -> Any:
    environment = {"ADVISE_ENDPOINT": f"http://127.0.0.1:{endpoint.server_address[1]}/v1", "ADVISE_MODEL": "stand-in"}
    return adapter.settings_from(environment | {"ADVISE_KEY": "a-secret-key", "ADVISE_TIMEOUT": "20"} | changed)


def test_the_model_is_asked_for_json_with_the_whole_request(adapter: Any, endpoint: Any) -> None:
    assert adapter.advise(REQUEST, settings_of(adapter, endpoint)) == GOOD
    [(path, headers, body)] = endpoint.seen
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer a-secret-key"
    assert (body["model"], body["response_format"]) == ("stand-in", {"type": "json_object"})
    assert json.loads(body["messages"][-1]["content"]) == REQUEST


def test_advice_in_a_fence_is_advice(adapter: Any) -> None:
    assert adapter.advice_in(f"```json\n{json.dumps(GOOD)}\n```") == GOOD


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (completed("I would rather not say."), "no JSON"),
        (completed("[1, 2]"), "no JSON object"),
        (completed("[" * 100000), "no JSON"),
        (completed(json.dumps({k: v for k, v in GOOD.items() if k != "action"})), "no proper action"),
        (completed(json.dumps(GOOD | {"autonomy_used": True})), "no proper autonomy_used"),
        (completed(json.dumps(GOOD | {"executed": "no"})), "no proper executed"),
        (completed(None), "no text"),
        ((200, b"<html>"), "no chat completion"),
        ((200, b'{"choices": []}'), "no chat completion"),
        ((200, b" " * (1 << 20) + b"{} "), "too much"),
        ((401, b"a-secret-key is wrong"), "status 401"),
        ((500, b""), "status 500"),
        ((302, b""), "status 302"),
    ],
)
def test_nonsense_is_refused_and_the_key_is_not_told(adapter: Any, endpoint: Any, reply: Reply, reason: str) -> None:
    endpoint.script = lambda _: reply
    with pytest.raises(Refuse, match=reason) as refused:
        adapter.advise(REQUEST, settings_of(adapter, endpoint))
    assert "a-secret-key" not in str(refused.value)
    assert len(endpoint.seen) == 1


def test_an_endpoint_that_is_silent_or_gone_is_refused(adapter: Any, endpoint: Any) -> None:
    awake = threading.Event()
    endpoint.script = lambda _: (awake.wait(60), completed(json.dumps(GOOD)))[1]
    with pytest.raises(Refuse, match=r"in time|within"):
        adapter.advise(REQUEST, settings_of(adapter, endpoint, ADVISE_TIMEOUT="0.2"))
    awake.set()
    gone = settings_of(adapter, endpoint)
    gone = adapter.Settings("http://127.0.0.1:1/v1", gone.model, gone.key, gone.timeout)
    with pytest.raises(Refuse, match="cannot be reached"):
        adapter.advise(REQUEST, gone)


@pytest.mark.parametrize(
    "changed", [{"ADVISE_ENDPOINT": "file:///etc/hosts"}, {"ADVISE_MODEL": ""}, {"ADVISE_TIMEOUT": "soon"}]
)
def test_settings_that_make_no_sense_are_refused(adapter: Any, endpoint: Any, changed: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match="ADVISE_"):
        settings_of(adapter, endpoint, **changed)


def test_the_key_is_not_shown_with_the_settings(adapter: Any, endpoint: Any) -> None:
    assert "a-secret-key" not in repr(settings_of(adapter, endpoint))


def test_the_adapter_speaks_the_wire_protocol(endpoint: Any) -> None:
    endpoint.script = lambda body: completed(
        json.dumps(GOOD | {"advice": body["messages"][-1]["content"]} if "7" in body["messages"][-1]["content"] else [])
    )
    said = [
        {"id": 1, "kind": "hello", "protocol": 1},
        {"id": 2, "kind": "request", "operation": "advise", "request": REQUEST},
        {"id": 3, "kind": "request", "operation": "advise", "request": {}},
    ]
    environment = {
        "ADVISE_ENDPOINT": f"http://127.0.0.1:{endpoint.server_address[1]}/v1", "ADVISE_MODEL": "stand-in",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    told = subprocess.run(
        [sys.executable, FIXTURES / "openai_adapter.py"], input="".join(json.dumps(line) + "\n" for line in said),
        env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    answers = [json.loads(line) for line in told.splitlines()]
    assert [answer["kind"] for answer in answers] == ["hello", "response", "refuse"]
    assert answers[1]["response"]["action"] == "notify"


def test_a_scripted_model_is_reached_by_the_harness_as_a_service(
    adapter: Any, reference: Any, endpoint: Any, tmp_path: Path
) -> None:
    """The stand-in answers as the reference does; of a work order above 5000 it only talks."""

    def script(body: Json) -> Reply:
        asked = json.loads(body["messages"][-1]["content"])
        return completed("Let me think." if asked["ticket"] > 5000 else json.dumps(reference.advise(asked)))

    endpoint.script = script
    served = adapter.service(settings_of(adapter, endpoint), 0)
    running = threading.Thread(target=served.serve_forever, daemon=True)
    running.start()
    written = yaml.safe_load((FIXTURES / "openai/system.yaml").read_text(encoding="utf-8"))
    written["operations"]["advise"]["http"]["url"] = f"http://127.0.0.1:{served.server_address[1]}/advise"
    (tmp_path / "system.yaml").write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    system = read_system(tmp_path / "system.yaml", [PACK])
    situation = json.loads((FOLDER / "data/grid-evening.json").read_text(encoding="utf-8"))
    space = Space.of(PACK.operations["advise"].request, site={"situation": situation}, envelope={})
    request = space.request(space.nominal)
    try:
        with connect(system, PACK, scratch=tmp_path / "scratch") as session:
            answered = session.call("advise", request)
            refused = session.call("advise", request | {"ticket": 9000})
    finally:
        served.shutdown()
        served.server_close()
        running.join()
    assert (answered.answer, answered.body) == (Answer.ANSWERED, reference.advise(request))
    assert (refused.answer, refused.body) == (Answer.REFUSED, None)
