from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import textwrap
import time
import tracemalloc
from io import FileIO
from pathlib import Path

import pytest
from attrs import evolve
from jsonschema import Draft202012Validator

from conformance.errors import Refused
from conformance.errors.evidence import NoSuchCase, RecordExists, RecordNotWritten
from conformance.evidence import RecordWriter, migrate, read_case, read_record, reader, schema
from conformance.model.json import digest
from conformance.model.run import Stage, Timing

PUBLISHED = reader.__file__.replace("reader.py", "record.schema.json")


def refused(call, *arguments, **options):
    with pytest.raises(Refused) as caught:
        call(*arguments, **options)
    (problem,) = caught.value.problems
    assert problem.code in caught.value.render("zh")
    return problem


def test_what_is_written_is_what_is_read(make, tmp_path):
    record = read_record(make.write(tmp_path / "runs" / "record.jsonl"))
    assert record.header == make.header()
    assert record.findings == (make.finding(),)
    assert record.footer.requirements == make.results
    assert (record.cases, record.footer.cases, record.footer.calls, record.footer.exit_code) == (3, 3, 3, 1)
    assert record.stages == {0: Stage.NOMINAL, 1: Stage.INDEPENDENT, 2: Stage.INDEPENDENT}
    assert record.margins == {"p/ramp": ((0, 0.5), (1, 0.4), (2, 0.3))}
    assert record.broken_line is None


def test_a_case_is_read_back_whole(make, tmp_path):
    path = make.write(tmp_path / "record.jsonl")
    case, observations = read_case(path, 2)
    assert case == evolve(make.case(2), changed=())  # the request and the header's input space say it
    assert digest(case.request) == case.sha256
    assert observations == [make.observation(2), make.observation(2, of="oracle")]
    assert isinstance(refused(read_case, path, 3), NoSuchCase)


def test_the_published_schema_is_that_of_the_model():
    with open(PUBLISHED, encoding="utf-8") as file:
        assert json.load(file) == schema(), "write json.dumps(conformance.evidence.schema()) to record.schema.json"


def test_every_line_of_a_record_meets_the_published_schema(make, tmp_path):
    with open(PUBLISHED, encoding="utf-8") as file:
        published = json.load(file)
    Draft202012Validator.check_schema(published)
    validator = Draft202012Validator(published)
    lines = [json.loads(line) for line in make.write(tmp_path / "r").read_text(encoding="utf-8").splitlines()]
    assert {line["kind"] for line in lines} == {"header", "case", "observation", "timing", "finding", "footer"}
    for line in lines:
        validator.validate(line)
        assert not validator.is_valid({**line, "extra": 1})
        assert not validator.is_valid({**line, "kind": "other"})


def test_equal_contents_have_equal_digests_whatever_the_timing(make, tmp_path):
    first = read_record(make.write(tmp_path / "a"))
    with RecordWriter(tmp_path / "b", make.header()) as writer:
        for i in range(3):
            writer.case(make.case(i, Stage.NOMINAL if i == 0 else Stage.INDEPENDENT))
            writer.observation(make.observation(i))
            writer.timing(Timing("called", "2027-01-01T00:00:00Z", i, 7))
        writer.observation(make.observation(2, of="oracle"))
        writer.finding(make.finding())
        second = writer.finish(calls=3, exit_code=1, requirements=make.results)
    assert first.footer.content_sha256 == second.content_sha256
    assert first.footer.timing_sha256 != second.timing_sha256


def test_the_site_is_stored_once(make, tmp_path):
    path = make.write(tmp_path / "r")
    cases = [line for line in path.read_text(encoding="utf-8").splitlines() if '"kind":"case"' in line]
    assert all('"network":{"$site":"grid.network"}' in line and "branches" not in line for line in cases)


def test_a_record_is_never_written_over(make, tmp_path):
    path = make.write(tmp_path / "r")
    before = path.read_bytes()
    with pytest.raises(RecordExists):
        RecordWriter(path, make.header())
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_a_problem(make, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordNotWritten):
        RecordWriter(tmp_path / "file" / "r", make.header())


def test_a_full_disk_is_a_problem(make, tmp_path):
    with RecordWriter(tmp_path / "r", make.header()) as writer, FileIO("/dev/full", "wb") as full:
        writer.close()
        writer._file = full
        with pytest.raises(RecordNotWritten):
            writer.case(make.case())


HOSTILE = {
    "nan": [float("nan"), float("inf"), float("-inf")],
    "surrogate": {"\ud800": "\udfff"},
    "huge number": 10**5000,
}


def nested(depth):
    value = None
    for _ in range(depth):
        value = [value]
    return value


HOSTILE["deep"] = nested(50_000)


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_system_answers_can_be_stored_and_read(make, tmp_path, name):
    with RecordWriter(tmp_path / "r", make.header()) as writer:
        writer.case(make.case())
        writer.observation(make.observation(response={"value": HOSTILE[name]}))
        writer.finish(calls=1, exit_code=0, requirements=())
    _, (observation,) = read_case(tmp_path / "r", 0)
    assert observation.judgements == make.observation().judgements
    assert read_record(tmp_path / "r").cases == 1


def test_a_torn_last_line_is_named_and_all_before_it_is_kept(make, tmp_path):
    path = make.write(tmp_path / "r", finish=False)
    whole = path.read_bytes()
    lines = whole.count(b"\n")
    for cut in (1, 2, 50):
        path.write_bytes(whole[:-cut])
        record = read_record(path)
        assert (record.broken_line, record.footer, record.cases, record.findings) == (lines, None, 3, ())
    path.write_bytes(whole)
    record = read_record(path)
    assert (record.broken_line, record.footer, len(record.findings)) == (None, None, 1)


def test_a_record_cut_anywhere_is_read_as_far_as_it_goes(make, tmp_path):
    path = make.write(tmp_path / "r")
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for cut in random.Random(7).sample(range(start, len(whole)), 40):
        path.write_bytes(whole[:cut])
        record = read_record(path)
        assert record.footer is None
        assert record.cases == whole[:cut].count(b'\n{"kind":"case"', 0, whole.rfind(b"\n", 0, cut))
        assert record.broken_line == (None if whole[:cut].endswith(b"\n") else whole[:cut].count(b"\n") + 1)


def test_a_record_without_a_header_holds_no_run(make, tmp_path):
    path = make.write(tmp_path / "r")
    for data in (b"", path.read_bytes()[:40]):
        path.write_bytes(data)
        assert refused(read_record, path).code == "E008"
    assert refused(read_record, tmp_path / "none").code == "E003"
    assert refused(read_record, tmp_path).code == "E003"


@pytest.mark.parametrize(
    ("number", "change", "part"),
    [
        (4, lambda line: {**line, "answer": "refused"}, "content"),
        (3, lambda line: {**line, "latency_ns": 1}, "timing"),
        (12, lambda line: b"", "content"),
    ],
)
def test_a_changed_line_is_found_by_the_digest(make, tmp_path, number, change, part):
    path = make.write(tmp_path / "r")
    make.edit(path, number, change)
    problem = refused(read_record, path)
    assert (problem.code, problem.part) == ("E007", part)
    assert read_record(path, verify=False).footer is not None


BAD = {
    "no JSON": (4, lambda line: b"{kind: 1}\n", "E004"),
    "NaN": (4, lambda line: b'{"kind":"observation","case":NaN}\n', "E004"),
    "no UTF-8": (4, lambda line: b'{"kind":"\xff"}\n', "E004"),
    "no object": (4, lambda line: b"[]\n", "E004"),
    "no kind": (4, lambda line: b"{}\n", "E004"),
    "kind of another type": (4, lambda line: {**line, "kind": ["case"]}, "E004"),
    "unknown kind": (4, lambda line: {**line, "kind": "gossip"}, "E004"),
    "deep": (4, lambda line: b"[" * 100_000 + b"\n", "E004"),
    "empty line": (4, lambda line: b"\n", "E004"),
    "field missing": (4, lambda line: {k: v for k, v in line.items() if k != "answer"}, "E004"),
    "word of another list": (4, lambda line: {**line, "answer": "perhaps"}, "E004"),
    "number as text": (4, lambda line: {**line, "case": "0"}, "E004"),
    "margin of three": (
        4,
        lambda line: {**line, "judgements": [{**line["judgements"][0], "margin": {"physical": [1, 2, 3]}}]},
        "E004",
    ),
    "case of its own": (4, lambda line: {**line, "case": 99}, "E010"),
    "case twice": (5, lambda line: {**line, "number": 0}, "E010"),
    "second header": (4, lambda line: {**line, "kind": "header"}, "E010"),
    "no header": (1, lambda line: b"", "E010"),
    "newer version": (1, lambda line: {**line, "schema": "99"}, "E006"),
    "no version": (1, lambda line: {k: v for k, v in line.items() if k != "schema"}, "E006"),
    "header of a word": (1, lambda line: {**line, "pack": "x"}, "E004"),
    "footer in the middle": (
        4,
        lambda line: {
            "kind": "footer",
            "content_sha256": "",
            "timing_sha256": "",
            "cases": 0,
            "calls": 0,
            "exit_code": 0,
            "requirements": [],
        },
        "E010",
    ),
    "unknown part of the site": (
        12,
        lambda line: {**line, "worst": {**line["worst"], "request": {"a": {"$site": "grid.moon"}}}},
        "E011",
    ),
    "part of the site by a number": (
        12,
        lambda line: {**line, "worst": {**line["worst"], "request": {"a": {"$site": [1]}}}},
        "E011",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_hostile_line_is_refused_with_its_place(make, tmp_path, name):
    number, change, code = BAD[name]
    path = make.write(tmp_path / "r")
    make.edit(path, number, change)
    problem = refused(read_record, path)
    assert problem.code == code
    assert problem.position.file == str(path)
    assert problem.position.line in (number, number + 1)


@pytest.mark.parametrize("depth", [100, 400, 900, 980])
@pytest.mark.parametrize("place", ["observation", "site", "witness"])
def test_nesting_is_read_or_refused_and_never_a_traceback(make, tmp_path, place, depth):
    path = make.write(tmp_path / "r")
    deep = "@"
    if place == "observation":
        make.edit(path, 4, lambda line: {**line, "response": deep})
    elif place == "site":
        make.edit(path, 1, lambda line: {**line, "system": {**line["system"], "site": {"a": deep, "b": "\ud800"}}})
    else:
        make.edit(path, 12, lambda line: {**line, "worst": {**line["worst"], "request": {"a": deep}}})
    path.write_bytes(path.read_bytes().replace(b'"@"', b"[" * depth + b"]" * depth))
    for call in (lambda: read_record(path, verify=False), lambda: read_case(path, 0)):
        with contextlib.suppress(Refused):
            call()


def test_memory_does_not_grow_with_what_systems_answered(make, tmp_path):
    with RecordWriter(tmp_path / "r", make.header()) as writer:
        for i in range(100):
            writer.case(make.case(i))
            writer.observation(make.observation(i, response=["x" * 100] * 1000))
    assert (tmp_path / "r").stat().st_size > 10_000_000
    read_record(tmp_path / "r")
    tracemalloc.start()
    try:
        read_record(tmp_path / "r")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_line_that_would_fill_the_memory_is_refused(make, tmp_path, monkeypatch):
    path = make.write(tmp_path / "r")
    longest = max(map(len, path.read_bytes().splitlines(keepends=True)))
    monkeypatch.setattr(reader, "LONGEST_LINE", longest)
    assert read_record(path).cases == 3
    monkeypatch.setattr(reader, "LONGEST_LINE", longest - 1)
    assert refused(read_record, path).code == "E005"


def test_older_records_are_migrated_step_by_step():
    steps = {
        "0": ("0.5", lambda line: {**line, "renamed": line["old"]}),
        "0.5": ("1", lambda line: {k: v for k, v in line.items() if k != "old"}),
    }
    assert migrate({"kind": "case", "old": 3}, "0", migrations=steps) == {"kind": "case", "renamed": 3}
    assert migrate({"kind": "case"}, "1") == {"kind": "case"}
    with pytest.raises(KeyError):
        migrate({"kind": "case"}, "2", migrations=steps)


CHILD = textwrap.dedent("""
    import sys
    sys.path.insert(0, sys.argv[2])
    from conftest import case, header, observation
    from conformance.evidence import RecordWriter
    writer = RecordWriter(sys.argv[1], header())
    for i in range(10**9):
        writer.case(case(i))
        writer.observation(observation(i))
        sys.stdout.write(f"{i}\\n")
        sys.stdout.flush()
""")


@pytest.mark.parametrize("seed", range(5))
def test_a_run_that_is_killed_leaves_all_that_it_had_observed(make, tmp_path, seed):
    path = tmp_path / "r"
    here = str(Path(__file__).parent)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path), here], stdout=subprocess.PIPE, text=True)
    told = [child.stdout.readline()]
    time.sleep(random.Random(seed).uniform(0.0, 0.1))
    child.kill()
    rest, _ = child.communicate()
    told += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    record = read_record(path)
    assert record.footer is None
    observed = dict(record.margins["p/ramp"])
    assert [int(line) for line in told] == sorted(observed)[: len(told)]
    assert record.cases - len(told) in (0, 1)
