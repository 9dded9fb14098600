from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance.errors import Problem, Refused, Text
from conformance.errors.systems import BadPythonTarget, NothingRecorded, OperationUnreached
from conformance.model.run import Answer
from conformance.model.standard import Operation, Pack
from conformance.model.system import Command, PythonCall, Reach, Recorded, System
from conformance.packs.forms import form
from conformance.systems import Pool, connect, opener

OPERATORS = form("defects")["items"]["properties"]["operator"]["enum"]

PACK = Pack(
    id="test/echo",
    version="0.1.0",
    title=Text("Echo", "回声"),
    status="draft",
    licence="CC-BY-4.0",
    authoritative="en",
    sha256="0" * 64,
    sources={},
    requirements={},
    rules={},
    operations={name: Operation(name, {}, {}) for name in ("echo", "double", "count")},
)

ADAPTER = """
import os
from conformance.adapter import Refuse, serve

def echo(request):
    print("a stray line on standard output")
    os.system("echo another, from a child")
    if request["x"] < 0:
        raise Refuse("负数 refused")
    return {"y": request["x"], "pid": os.getpid(), "env": sorted(os.environ), "cwd": os.getcwd()}

counter = [0]

def count(request):
    counter[0] += 1
    return {"y": counter[0]}

def many(requests):
    return [Refuse("negative") if r["x"] < 0 else {"y": r["x"], "batched": len(requests)} for r in requests]

RESET = None
serve({"echo": echo, "count": count}, capabilities={"echo": ["loud"]}, identity={"model_sha256": "ab"},
      reset=RESET, batch={"echo": many})
"""
MODULE = """
from conformance.adapter import Refuse

def double(request):
    if request["x"] < 0:
        raise Refuse("negative")
    return {"y": 2 * request["x"]}

class Model:
    @staticmethod
    def echo(request):
        return request
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., System]:
    folder = tmp_path / "system"
    folder.mkdir()
    (folder / "adapter_of_mine.py").write_text(ADAPTER, encoding="utf-8")
    resetting = ADAPTER.replace("RESET = None", "RESET = lambda: counter.__setitem__(0, 0)")
    (folder / "resetting.py").write_text(resetting, encoding="utf-8")
    (folder / "model_of_mine.py").write_text(MODULE, encoding="utf-8")

    def build(**operations: Reach) -> System:
        return System(name="s", vendor="v", version="1", folder=str(folder), operations=operations)

    return build


COMMAND = Command(("{python}", "adapter_of_mine.py"), timeout=5)


def test_an_adapter_that_prints_is_still_understood(make: Callable[..., System], tmp_path: Path) -> None:
    with connect(make(echo=COMMAND), PACK, scratch=tmp_path) as session:
        hello = session.hello()
        assert (hello.capabilities, hello.identity, hello.batch) == ({"echo": ("loud",)}, {"model_sha256": "ab"}, True)
        assert session.call("echo", {"x": 1}).body["y"] == 1
        refusal = session.call("echo", {"x": -1})
    assert refusal.answer is Answer.REFUSED
    assert refusal.cause == Text("负数 refused", "负数 refused")


def test_a_system_sees_nothing_secret_and_works_in_its_own_folder(
    make: Callable[..., System], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "secret")
    system = make(echo=COMMAND)
    with connect(system, PACK, scratch=tmp_path / "scratch") as session:
        body = session.call("echo", {"x": 1}).body
        homes = list((tmp_path / "scratch").iterdir())
    allowed = {
        "PATH", "LANG", "LC_CTYPE", "HOME", "TMPDIR", "PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS",
        "PYTHONPATH", "CONFORMANCE_SESSION",
    }  # fmt: skip
    assert set(body["env"]) <= allowed
    assert body["cwd"] == os.path.realpath(system.folder)
    assert len(homes) == 1
    assert not homes[0].exists(), "its home is removed in the end"


def test_the_digest_of_an_answer_is_the_same_alone_and_in_a_batch(make: Callable[..., System], tmp_path: Path) -> None:
    requests = [{"x": 1}, {"x": -1}, {"x": 3}]
    with connect(make(echo=COMMAND), PACK, scratch=tmp_path) as session:
        replies = session.batch("echo", requests)
    assert [reply.answer for reply in replies] == [Answer.ANSWERED, Answer.REFUSED, Answer.ANSWERED]
    assert replies[2].raw == b'{"y":3,"batched":3}'


def test_an_operation_without_batch_is_asked_one_by_one(make: Callable[..., System], tmp_path: Path) -> None:
    with connect(make(count=COMMAND), PACK, scratch=tmp_path) as session:
        assert [reply.body["y"] for reply in session.batch("count", [{}] * 3)] == [1, 2, 3]


@pytest.mark.parametrize("name", ["adapter_of_mine.py", "resetting.py"])
def test_a_reset_brings_the_first_state_by_message_or_by_a_fresh_process(
    name: str, make: Callable[..., System], tmp_path: Path
) -> None:
    with connect(make(count=Command(("{python}", name), timeout=5)), PACK, scratch=tmp_path) as session:
        assert [session.call("count", {}).body["y"] for _ in range(2)] == [1, 2]
        assert session.reset()
        assert session.call("count", {}).body["y"] == 1


def test_a_python_function_runs_in_a_child_process(make: Callable[..., System], tmp_path: Path) -> None:
    system = make(double=PythonCall("model_of_mine:double"), echo=PythonCall("model_of_mine:Model.echo"))
    with connect(system, PACK, scratch=tmp_path) as session:
        assert session.call("double", {"x": 4}).body == {"y": 8}
        assert session.call("double", {"x": -4}).answer is Answer.REFUSED
        assert session.call("echo", {"a": "能"}).body == {"a": "能"}


def test_a_module_that_cannot_be_imported_is_a_crash_that_says_so(make: Callable[..., System], tmp_path: Path) -> None:
    with connect(make(double=PythonCall("absent:double")), PACK, scratch=tmp_path) as session:
        reply = session.call("double", {"x": 4})
    assert reply.answer is Answer.CRASHED
    assert reply.cause is not None
    assert "No module named 'absent'" in reply.cause.en


@pytest.mark.parametrize("argv", [("./absent",), ("/",), ("",)])
def test_a_command_that_cannot_start_is_a_crash_with_its_cause(
    argv: tuple[str, ...], make: Callable[..., System], tmp_path: Path
) -> None:
    with connect(make(echo=Command(argv)), PACK, scratch=tmp_path) as session:
        reply = session.call("echo", {})
    assert reply.answer is Answer.CRASHED
    assert reply.cause is not None
    assert "cannot start" in reply.cause.en


def test_operations_with_one_way_share_a_process_and_others_do_not(make: Callable[..., System], tmp_path: Path) -> None:
    (Path(make().folder) / "out.jsonl").write_text(json.dumps({"request": {"x": 1}, "response": 5}) + "\n")
    system = make(echo=COMMAND, count=COMMAND, double=Recorded("out.jsonl"), unknown=COMMAND)
    with connect(system, PACK, scratch=tmp_path) as session:
        assert session.call("echo", {"x": 1}).body["y"] == 1
        assert session.call("count", {}).body["y"] == 1
        assert session.call("double", {"x": 1}).body == 5
        assert [request for request, _ in session.recorded("double")] == [{"x": 1}]
        assert list(session.recorded("echo")) == []
        assert len(list(tmp_path.glob("home-*"))) == 1
        with pytest.raises(OperationUnreached, match="count, double, echo"):
            session.call("unknown", {})


def test_all_ways_that_are_wrong_are_said_at_once(make: Callable[..., System], tmp_path: Path) -> None:
    system = make(echo=PythonCall("no colon"), double=Recorded("none-*.jsonl"))
    with pytest.raises(Refused) as caught:
        connect(system, PACK, scratch=tmp_path)
    kinds: list[type[Problem]] = [type(problem) for problem in caught.value.problems]
    assert sorted(kinds, key=lambda kind: kind.code) == [BadPythonTarget, NothingRecorded]


def test_a_pool_gives_each_worker_a_process_and_keeps_the_order(make: Callable[..., System], tmp_path: Path) -> None:
    open_session = opener(make(echo=COMMAND), PACK, scratch=tmp_path)
    requests: list[Any] = [{"x": n} for n in range(40)]
    with Pool(open_session, 2) as pool:
        assert [reply.body["y"] for reply in pool.stream("echo", requests)] == list(range(40))


@pytest.mark.parametrize("page", ["protocol.md", "protocol.zh-CN.md"])
def test_the_adapter_in_the_documentation_works_as_it_stands(page: str, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    (tmp_path / "adapter.py").write_text(text.split("```python\n")[1].split("```")[0], encoding="utf-8")
    pack = evolve(PACK, operations={"dispatch": Operation("dispatch", {}, {})})
    command = Command(("{python}", "adapter.py"), timeout=5)
    system = System(name="s", vendor="v", version="1", folder=str(tmp_path), operations={"dispatch": command})
    with connect(system, pack, scratch=tmp_path / "scratch") as session:
        assert session.hello().capabilities == {"grid-dispatch": ("ramp",)}
        reply = session.call("dispatch", {"generators": [{"id": "1", "p_now": 5}]})
        assert reply.body == {"setpoints": [{"id": "1", "p": 5}]}
        assert session.reset()


def test_every_operator_of_defects_is_explained_in_both_languages() -> None:
    for page in ("defects.md", "defects.zh-CN.md"):
        text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
        assert [name for name in OPERATORS if f"`{name}`" not in text] == []
