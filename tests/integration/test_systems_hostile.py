from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.errors import Text
from conformance.model.run import Answer, Reply
from conformance.model.standard import Operation, Pack
from conformance.model.system import Command
from conformance.systems.command import CommandSession

HOSTILE = Path(__file__).parents[2] / "fixtures" / "hostile" / "systems"
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
    operations={"echo": Operation("echo", {}, {})},
)


@contextlib.contextmanager
def opened(
    name: str, scratch: Path, *, timeout: float = 1.0, memory: int | None = None, start: float = 5.0
) -> Iterator[CommandSession]:
    command = Command(("{python}", f"{name}.py"), timeout=timeout, memory=memory)
    session = CommandSession(command, folder=str(HOSTILE), pack=PACK, scratch=scratch / "home", start=start)
    try:
        yield session
    finally:
        session.close()


def ask(session: CommandSession, x: object) -> Reply:
    return session.call("echo", {"x": x})


def marked(scratch: Path) -> set[int]:
    """Processes that a session with its home under ``scratch`` started and that still run, some seconds later too."""
    deadline = time.monotonic() + 10  # the kernel ends a killed process when it gets to it
    while (found := _marked(scratch)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _marked(scratch: Path) -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            environment = entry.read_bytes()
            if b"CONFORMANCE_SESSION=" in environment and os.fsencode(scratch) in environment:
                found.add(int(entry.parent.name))
    return found


FAULTS = {
    "crash_at_start": (Answer.CRASHED, "model file is missing"),
    "killed": (Answer.CRASHED, "SIGSEGV"),
    "garbage": (Answer.GARBAGE, "INFO dispatching"),
    "half_line": (Answer.GARBAGE, "broke off"),
    "invalid_utf8": (Answer.GARBAGE, "no UTF-8"),
    "nan": (Answer.GARBAGE, "NaN"),
    "huge_number": (Answer.GARBAGE, "1e999"),
    "huge_integer": (Answer.GARBAGE, "not finite"),
    "out_of_order": (Answer.GARBAGE, "answered message 1 instead of 2"),
    "wrong_id": (Answer.GARBAGE, "answered message 1002 instead of 2"),
    "wrong_kind": (Answer.GARBAGE, "'hello'"),
    "flood": (Answer.TOO_LARGE, "16777216"),
    "huge_line": (Answer.TOO_LARGE, "16777216"),
    "lingering_child": (Answer.CRASHED, "code 3"),
    "refuse_all": (Answer.REFUSED, "not today"),
    "duplicate_keys": (Answer.GARBAGE, "'y' comes twice"),
    "deep_nesting": (Answer.GARBAGE, "nested deeper"),
    "half_surrogate": (Answer.GARBAGE, "surrogate"),
    "other_protocol": (Answer.GARBAGE, "protocol"),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_each_fault_gives_its_own_answer_with_a_cause_in_both_languages_twice_over(name: str, tmp_path: Path) -> None:
    answer, word = FAULTS[name]
    with opened(name, tmp_path) as session:
        for _ in range(2):  # the second call shows that the session still works
            reply = ask(session, 1)
            assert reply.answer is answer
            assert reply.body is None
            assert reply.cause is not None
            assert word in reply.cause.en
            assert re.search("[一-鿿]", reply.cause.zh)
            assert "\x1b" not in reply.cause.en + reply.cause.zh
    assert marked(tmp_path) == set()


def test_a_crash_is_followed_by_a_fresh_process(tmp_path: Path) -> None:
    with opened("crash_on_third", tmp_path) as session:
        answers = [ask(session, n).answer for n in range(6)]
        assert answers == [Answer.ANSWERED, Answer.ANSWERED, Answer.CRASHED] * 2
        assert session.starts == 2


def test_the_last_words_of_a_crash_are_its_cause(tmp_path: Path) -> None:
    with opened("crash_on_third", tmp_path) as session:
        reply = [ask(session, n) for n in range(3)][-1]
    assert reply.cause is not None
    assert "RuntimeError: index out of range in layer 7" in reply.cause.zh


def test_a_hang_ends_at_the_time_out_and_the_next_call_is_answered(tmp_path: Path) -> None:
    with opened("hang", tmp_path, timeout=0.3) as session:
        begin = time.monotonic()
        assert ask(session, 1).answer is Answer.TIMED_OUT
        assert time.monotonic() - begin < 20
        assert ask(session, 2).body == {"y": 2}
    assert marked(tmp_path) == set()


def test_a_system_that_never_says_hello_is_ended(tmp_path: Path) -> None:
    with opened("hang_at_start", tmp_path, timeout=0.3, start=0.5) as session:
        hello = session.hello()
        assert hello.answer is Answer.TIMED_OUT
        assert hello.cause is not None
        assert "hello" in hello.cause.en
        assert "握手" in hello.cause.zh
    assert marked(tmp_path) == set()


def test_a_late_answer_never_counts_for_the_next_call(tmp_path: Path) -> None:
    with opened("late", tmp_path, timeout=0.5) as session:
        assert ask(session, 1).answer is Answer.TIMED_OUT
        time.sleep(1.2)
        assert [ask(session, n).body for n in (2, 3)] == [{"y": 2}, {"y": 3}]


def test_an_answer_given_twice_is_garbage_to_the_next_call_alone(tmp_path: Path) -> None:
    with opened("twice", tmp_path) as session:
        answers = [ask(session, n).answer for n in range(4)]
    assert answers == [Answer.ANSWERED, Answer.GARBAGE] * 2


def test_garbage_that_keeps_step_costs_no_restart(tmp_path: Path) -> None:
    with opened("nan", tmp_path) as session:
        answers = [ask(session, n).answer for n in range(4)]
        assert answers == [Answer.ANSWERED, Answer.GARBAGE] * 2
        assert session.starts == 1


def test_much_standard_error_does_not_block_an_answer(tmp_path: Path) -> None:
    with opened("stderr_flood", tmp_path, timeout=5) as session:
        assert ask(session, 7).body == {"y": 7}


def test_a_system_that_does_not_read_cannot_block_a_large_request(tmp_path: Path) -> None:
    with opened("deaf", tmp_path, timeout=0.3) as session:
        assert ask(session, "x" * (1 << 20)).answer is Answer.TIMED_OUT


def test_memory_is_bounded(tmp_path: Path) -> None:
    with opened("memory_hog", tmp_path, memory=1 << 30) as session:
        reply = ask(session, 1)
    assert reply.answer is Answer.CRASHED
    assert reply.cause is not None
    assert "MemoryError" in reply.cause.en


def test_latency_is_that_of_the_call(tmp_path: Path) -> None:
    with opened("slow", tmp_path) as session:
        session.hello()
        assert 0.2e9 <= ask(session, 1).latency_ns < 0.9e9


def test_a_batch_with_too_few_answers_is_asked_again_one_by_one(tmp_path: Path) -> None:
    with opened("batch_liar", tmp_path) as session:
        assert [r.body for r in session.batch("echo", [{"x": n} for n in range(3)])] == [{"y": n} for n in range(3)]


def test_every_hostile_system_is_tested() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for path in HOSTILE.glob("[a-z]*.py"):
        assert f'"{path.stem}"' in source
