from __future__ import annotations

import pytest

from conformance.errors import Refused
from conformance.evidence import RecordWriter, independent_sample, read_record
from conformance.model.json import digest
from conformance.model.outcome import Judgement, Outcome
from conformance.model.run import Answer, Case, LimitMap, Observation, OperationCoverage, RangeCoverage, Stage


def covered() -> OperationCoverage:
    dimension = RangeCoverage("loads[bus=1].p", (1.0, 2.0, "off", True), (3, 0, 1), {"p/ramp": (0.5, None, -1.0)})
    maps = (LimitMap("p/ramp", "a", "b", (0.5, 0.25), ((None, 1.0), (2.0, None))),)
    return OperationCoverage("dispatch", 4, False, (dimension,), (), True, maps)


def case(number: int, stage: Stage, site) -> Case:
    request = {"loads": site["grid"]["loads"], "n": number}
    return Case(number, "dispatch", stage, request, digest(request), index=number)


def observation(number: int, of: str) -> Observation:
    return Observation(number, of, Answer.ANSWERED, "0" * 64, judgements=(Judgement("p/ramp", Outcome.PASSED),))


@pytest.fixture
def path(make, tmp_path):
    file = tmp_path / "run.jsonl"
    header = make.header()
    site = header.system.site
    with RecordWriter(file, header) as writer:
        for number, stage in enumerate((Stage.NOMINAL, Stage.INDEPENDENT, Stage.INDEPENDENT, Stage.HUNT), start=1):
            writer.case(case(number, stage, site))
        for number in (1, 2, 3, 4):
            writer.observation(observation(number, "system"))
            writer.observation(observation(number, "oracle"))
        writer.coverage(covered())
        writer.finish(calls=4, exit_code=0, requirements=())
    return file


def test_coverage_is_a_line_of_its_own_and_comes_back(path):
    assert read_record(path).coverage == (covered(),)


def test_coverage_has_a_part_in_the_digest_of_the_content(path):
    path.write_bytes(path.read_bytes().replace(b'"cases":4,"declared"', b'"cases":5,"declared"'))
    with pytest.raises(Refused, match="E0"):
        read_record(path)


def test_the_independent_sample_is_read_alone_and_whole(path, make):
    lines = list(independent_sample(path))
    cases = [line for line in lines if isinstance(line, Case)]
    assert [c.number for c in cases] == [2, 3]
    assert all(digest(c.request) == c.sha256 for c in cases)
    assert [line.case for line in lines if isinstance(line, Observation)] == [2, 3]
    assert all(line.of == "system" for line in lines if isinstance(line, Observation))
