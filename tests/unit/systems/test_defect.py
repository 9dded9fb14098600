from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.errors import Refused, Text
from conformance.errors.systems import BadDefect
from conformance.model.run import Answer
from conformance.systems import Defect, Defective, Trigger, read_defects
from conformance.systems.paths import parse_place


def defect(operator: str, path: str = "response.y", **options: Any) -> Defect:
    return Defect(id="d", title=Text("d", "缺陷"), operator=operator, place=parse_place(path), **options)


def double(request: Any) -> Any:
    return {"y": 2 * request["x"]}


def test_a_defect_of_the_response_changes_what_comes_back_and_its_bytes(fake: Any) -> None:
    system = Defective(fake(double), defect("threshold_offset", amount=1.0))
    reply = system.call("echo", {"x": 3})
    assert (reply.body, reply.raw) == ({"y": 7.0}, b'{"y":7.0}')
    assert system.applied == 1


def test_a_defect_of_the_request_changes_only_what_the_system_is_shown(fake: Any) -> None:
    good = fake(double)
    request = {"x": 3}
    assert Defective(good, defect("unit_scale", "request.x", amount=10.0)).call("echo", request).body == {"y": 60.0}
    assert request == {"x": 3}
    assert good.seen == [{"x": 30.0}]


def test_a_defect_that_changes_nothing_is_not_counted_as_applied(fake: Any) -> None:
    system = Defective(fake(double), defect("sign_flip", "response.absent"))
    assert system.call("echo", {"x": 1}).body == {"y": 2}
    assert system.applied == 0


def test_stale_input_answers_the_request_before_and_hold_last_gives_the_answer_before(fake: Any) -> None:
    for operator, path in (("stale_input", "request"), ("hold_last", "response"), ("hold_last", "response.y")):
        system = Defective(fake(double), defect(operator, path))
        assert [system.call("echo", {"x": x}).body["y"] for x in (1, 2, 3)] == [2, 2, 4]
        system.reset()
        assert system.call("echo", {"x": 9}).body == {"y": 18}


def test_the_affected_share_is_the_rate_and_is_the_same_each_time() -> None:
    rare = defect("sign_flip", rate=0.05)
    hits = [rare.affects({"x": n}) for n in range(4000)]
    assert 140 < sum(hits) < 260
    assert hits == [rare.affects({"x": n}) for n in range(4000)]


def test_a_trigger_fires_only_over_its_threshold(fake: Any) -> None:
    triggered = defect("sign_flip", trigger=Trigger(parse_place("request.x"), 5))
    system = Defective(fake(double), triggered)
    assert [system.call("echo", {"x": x}).body["y"] for x in (5, 6)] == [10, -12]


def test_a_delay_past_the_time_out_is_a_time_out_that_nobody_waits_for(fake: Any) -> None:
    assert Defective(fake(double), defect("delay", amount=60.0)).call("echo", {"x": 1}).answer is Answer.TIMED_OUT
    late = Defective(fake(double), defect("delay", amount=2.0)).call("echo", {"x": 1})
    assert late.answer is Answer.ANSWERED
    assert late.latency_ns >= 2e9


@pytest.mark.parametrize(
    ("operator", "amount", "half"),
    [
        ("unit_scale", 1000.0, 1000**0.5),
        ("unit_scale", -1.0, 0.0),
        ("threshold_offset", 4.0, 2.0),
        ("clip", 4.0, 8.0),
        ("sign_flip", 1.0, 1.0),
    ],
)
def test_half_a_defect_is_a_smaller_one_of_its_kind(operator: str, amount: float, half: float) -> None:
    whole = defect(operator, amount=amount)
    assert whole.at(0.5).amount == pytest.approx(half)
    assert whole.at(1.0) == whole
    with pytest.raises(ValueError, match="above 0"):
        whole.at(0)


def write(folder: Path, text: str) -> Path:
    path = folder / "defects.yaml"
    path.write_text(text, encoding="utf-8")
    return path


GOOD = """
- id: ignores-ramp
  title: {en: Ramp is ignored, zh: 忽略爬坡}
  operator: unit_scale
  path: request.generators[*].ramp
  amount: 100
  rate: 0.5
  trigger: {path: "request.loads[*].p", over: 200}
- id: own
  title: {en: A system of its own, zh: 独立系统}
  system: other
"""


def test_a_file_of_defects_is_read(tmp_path: Path) -> None:
    first, second = read_defects(write(tmp_path, GOOD))
    assert (first.id, first.operator, first.amount, first.rate) == ("ignores-ramp", "unit_scale", 100.0, 0.5)
    assert first.trigger is not None
    assert first.trigger.fires({"loads": [{"p": 201}]})
    assert not first.trigger.fires({"loads": [{"p": 200}]})
    assert second.system == str(tmp_path / "other")
    with pytest.raises(ValueError, match="system of its own"):
        Defective(None, second)  # type: ignore[arg-type]


RECORDED = """
- id: stuck
  title: {en: The sensor is stuck, zh: 传感器读数不变}
  operator: hold_last
  path: readings[phase=a].voltage
  rate: 0.1
  length: 6
  trigger: {path: readings.power, over: 2}
- id: crossed
  title: {en: Phases are crossed, zh: 相序接错}
  operator: swap
  path: readings.phase
  values: [a, b]
- id: pooled
  title: {en: Phases are pooled, zh: 三相合并统计}
  fault: pooled-phases
- id: not-pooled
  title: {en: At the wire, zh: 通信线路上}
  operator: sign_flip
  path: response.y
"""


def test_defects_of_what_is_recorded_are_told_from_those_at_the_wire(tmp_path: Path) -> None:
    stuck, crossed, pooled, wire = read_defects(write(tmp_path, RECORDED))
    assert [one.recorded for one in (stuck, crossed, pooled, wire)] == [True, True, True, False]
    assert (stuck.place.root, stuck.rate, stuck.length) == ("readings", 0.1, 6)
    assert (crossed.values, pooled.fault) == (("a", "b"), "pooled-phases")
    with pytest.raises(ValueError, match="or a recording"):
        Defective(None, pooled)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("fault: x, operator: sign_flip, path: readings.y", "one of operator, system and fault"),
        ("operator: swap, path: readings.phase", "needs 'other'"),
        ("operator: swap, path: response.y, values: [a, b]", "needs 'other'"),
        ("operator: sign_flip, path: response.y, length: 3", "speaks of the rows"),
        ("operator: sign_flip, path: response.y, trigger: {path: response.y, over: 1}", "a number of the request"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, keys: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        read_defects(write(tmp_path, f"- {{id: a, title: {{en: a, zh: 甲}}, {keys}}}\n"))
    assert said in str(caught.value)


BAD = """
- id: a
  title: {en: No operator, zh: 无算子}
- id: a
  title: {en: Twice, zh: 重复}
  operator: sign_flip
  path: response.y
- id: b
  title: {en: No amount, zh: 缺幅度}
  operator: unit_scale
  path: response.y
- id: c
  title: {en: No path, zh: 缺路径}
  operator: sign_flip
- id: d
  title: {en: No path, zh: 路径无效}
  operator: sign_flip
  path: response.y
  trigger: {path: "request.a b", over: 1}
"""


def test_all_that_is_wrong_with_a_file_of_defects_is_said_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        read_defects(write(tmp_path, BAD))
    problems = caught.value.problems
    assert all(isinstance(problem, BadDefect) for problem in problems)
    assert [problem.position and problem.position.line for problem in problems] == [2, 8, 12, 15]
    assert "缺陷 'b'：算子 unit_scale 需要字段 'amount'" in caught.value.render("zh")


def test_an_unknown_operator_is_refused_by_the_shipped_schema(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="operator"):
        read_defects(write(tmp_path, "- {id: a, title: {en: a, zh: 甲}, operator: explode, path: response.y}\n"))
