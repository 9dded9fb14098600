from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import Refused
from conformance.errors.systems import BrokenRecording, NothingRecorded
from conformance.model.run import Answer
from conformance.systems.recorded import RecordedSession

LINES = [
    b'{"request": {"x": 1, "z": 2}, "response": {"y":  1.50}}\n',
    b'{"request": {"x": 2}, "refuse": "no solution"}\n',
    b"\n",
    b'{"request": {"x": 2}, "response": {"y": 7}}',
]


def record(folder: Path, *lines: bytes, name: str = "out-1.jsonl") -> None:
    (folder / name).write_bytes(b"".join(lines))


def test_a_recorded_request_is_answered_by_the_bytes_that_were_recorded(tmp_path: Path) -> None:
    record(tmp_path, *LINES)
    session = RecordedSession("out-*.jsonl", folder=str(tmp_path))
    reply = session.call("echo", {"z": 2.0, "x": 1})
    assert (reply.answer, reply.raw, reply.body) == (Answer.ANSWERED, b'{"y":  1.50}', {"y": 1.5})
    assert session.call("echo", {"x": 2}).answer is Answer.REFUSED


def test_a_request_that_was_never_recorded_is_missing(tmp_path: Path) -> None:
    record(tmp_path, *LINES)
    reply = RecordedSession("*.jsonl", folder=str(tmp_path)).call("echo", {"x": 3})
    assert reply.answer is Answer.MISSING
    assert reply.cause is not None


def test_all_exchanges_are_listed_in_order_also_when_a_request_comes_twice(tmp_path: Path) -> None:
    record(tmp_path, LINES[0], name="b.jsonl")
    record(tmp_path, *LINES[1:], name="a.jsonl")
    found = list(RecordedSession("*.jsonl", folder=str(tmp_path)).recorded("echo"))
    assert [request for request, _ in found] == [{"x": 2}, {"x": 2}, {"x": 1, "z": 2}]
    assert [reply.answer for _, reply in found] == [Answer.REFUSED, Answer.ANSWERED, Answer.ANSWERED]


def test_every_broken_line_is_reported_at_its_place(tmp_path: Path) -> None:
    broken = [b'{"request": {}}\n', b'{"request": {}, "response": NaN}\n', b'{"response": 1}\n', b'{"request": 1, "re']
    record(tmp_path, LINES[0], *broken)
    with pytest.raises(Refused) as caught:
        RecordedSession("*.jsonl", folder=str(tmp_path))
    problems = caught.value.problems
    assert all(isinstance(problem, BrokenRecording) for problem in problems)
    assert [problem.position and problem.position.line for problem in problems] == [2, 3, 4, 5]
    for lang in ("en", "zh"):
        assert "NaN" in caught.value.render(lang)


@pytest.mark.parametrize("pattern", ["*.jsonl", "none/*.jsonl", "empty.txt"])
def test_a_pattern_under_which_nothing_is_recorded_is_refused(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(Refused) as caught:
        RecordedSession(pattern, folder=str(tmp_path))
    assert isinstance(caught.value.problems[0], NothingRecorded)
