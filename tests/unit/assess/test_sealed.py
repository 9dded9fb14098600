"""Sealed seeds: what is committed to, and every way in which a record can part from it."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess import Plan, make_plan
from conformance.assess.sealed import Checked, Seal, check, read_seal, write_seal
from conformance.cli import common
from conformance.errors import Refused
from conformance.evidence import RecordWriter, read_record
from conformance.model.json import digest
from conformance.model.run import Case, Header, Stage
from conformance.packs import load, read_system

ROOT = Path(__file__).parents[3]
CASES = 20


@pytest.fixture(scope="session")
def plan() -> Plan:
    pack = load(ROOT / "fixtures/packs/small")
    system = read_system(ROOT / "fixtures/packs/small_system/system.yaml", [pack])
    return make_plan(pack, system, oracle=None, settings=common.settings_for(pack, cases=CASES))


@pytest.fixture
def seal() -> Seal:
    return Seal("5e" * 32, "0e" * 32)


@pytest.fixture
def checked(plan: Plan, seal: Seal, tmp_path: Path) -> Callable[..., Checked]:
    """Write a record of sealed cases, changed by ``tamper``, and check it."""

    def write(
        tamper: Callable[[list[Case]], list[Case]] = list,
        *,
        revealed: Seal = seal,
        mode: str = "sealed",
        cut: bool = False,
    ) -> Checked:
        settings = evolve(plan.settings, mode=mode, seed=seal.commitment)
        header = Header("1", "t", plan.pack, plan.system, settings, {}, {}, {})
        path = tmp_path / "run.jsonl"
        space = plan.trials[0].space
        assert space is not None
        requests = [space.request(space.independent(seal.seed, index)) for index in range(CASES)]
        cases = [Case(n + 2, "heat", Stage.INDEPENDENT, r, digest(r), index=n) for n, r in enumerate(requests)]
        nominal = space.request(space.nominal)
        with RecordWriter(path, header) as writer:
            for case in [Case(1, "heat", Stage.NOMINAL, nominal, digest(nominal)), *tamper(cases)]:
                writer.case(case)
            if not cut:
                writer.finish(calls=1, exit_code=0, requirements=())
        return check(read_record(path), path, revealed)

    return write


def test_every_case_of_an_honest_record_is_what_the_seal_gives(checked: Callable[..., Checked]) -> None:
    assert checked() == Checked(CASES, CASES, None)


def test_more_cases_than_the_settings_ask_for_are_checked_too(
    checked: Callable[..., Checked], plan: Plan, seal: Seal
) -> None:
    space = plan.trials[0].space
    assert space is not None
    more = space.request(space.independent(seal.seed, CASES))

    def one_more(cases: list[Case]) -> list[Case]:
        return [*cases, Case(99, "heat", Stage.INDEPENDENT, more, digest(more), index=CASES)]

    assert checked(one_more) == Checked(CASES + 1, CASES + 1, None)


def changed_request(cases: list[Case]) -> list[Case]:
    request = {**cases[7].request, "target": 299.0}
    return [*cases[:7], evolve(cases[7], request=request, sha256=digest(request)), *cases[8:]]


def changed_digest(cases: list[Case]) -> list[Case]:
    return [*cases[:7], evolve(cases[7], sha256="0" * 64), *cases[8:]]


def changed_behind_its_digest(cases: list[Case]) -> list[Case]:
    return [*cases[:7], evolve(cases[7], request={**cases[7].request, "target": 299.0}), *cases[8:]]


def left_out(cases: list[Case]) -> list[Case]:
    return [*cases[:7], *cases[8:]]


def left_out_and_renumbered(cases: list[Case]) -> list[Case]:
    return [*cases[:7], *(evolve(case, index=case.index - 1) for case in cases[8:] if case.index is not None)]


def in_another_order(cases: list[Case]) -> list[Case]:
    return [*cases[:7], cases[8], cases[7], *cases[9:]]


def twice(cases: list[Case]) -> list[Case]:
    return [*cases[:8], evolve(cases[7], number=90), *cases[8:]]


def without_index(cases: list[Case]) -> list[Case]:
    return [*cases[:7], evolve(cases[7], index=None), *cases[8:]]


def of_another_operation(cases: list[Case]) -> list[Case]:
    return [*cases[:7], evolve(cases[7], operation="cool"), *cases[8:]]


@pytest.mark.parametrize(
    ("tamper", "words", "index"),
    [
        (changed_request, "not the one that the seed gives", 7),
        (changed_digest, "whose digest the case states", 7),
        (changed_behind_its_digest, "whose digest the case states", 7),
        (left_out, "index 8 stands in the place of 7", 7),
        (left_out_and_renumbered, "not the one that the seed gives", 7),
        (in_another_order, "index 8 stands in the place of 7", 7),
        (twice, "index 7 stands in the place of 8", 8),
        (without_index, "index None stands in the place of 7", 7),
        (of_another_operation, "no generated cases", 0),
        (lambda cases: cases[:-1], "ends after 19 of 20", 19),
        (lambda _: [], "ends after 0 of 20", 0),
    ],
)
def test_whatever_was_done_to_the_cases_is_found(
    checked: Callable[..., Checked], tamper: Callable[[list[Case]], list[Case]], words: str, index: int
) -> None:
    done = checked(tamper)
    assert done.first is not None
    assert words in done.first.why.en
    assert done.first.index == index
    assert done.same < CASES


def test_another_seed_is_not_the_one_that_was_committed_to(checked: Callable[..., Checked], seal: Seal) -> None:
    done = checked(revealed=evolve(seal, seed="ff" * 32))
    assert (done.cases, done.same) == (0, 0)
    assert done.first is not None
    assert "commitment" in done.first.why.en


def test_the_nonce_is_part_of_the_commitment(checked: Callable[..., Checked], seal: Seal) -> None:
    assert checked(revealed=evolve(seal, nonce="ff" * 32)).first is not None


def test_a_run_with_a_public_seed_is_not_taken_for_a_sealed_one(checked: Callable[..., Checked]) -> None:
    with pytest.raises(Refused, match="K003"):
        checked(mode="all")


def test_a_record_that_was_cut_off_is_checked_as_far_as_it_goes(checked: Callable[..., Checked]) -> None:
    assert checked(lambda cases: cases[:5], cut=True) == Checked(5, 5, None)


def test_a_seal_is_secret_and_its_commitment_is_not() -> None:
    seal, other = Seal.new(), Seal.new()
    assert len(seal.seed) == len(seal.nonce) == 64
    assert seal.seed != other.seed
    assert seal.seed not in repr(seal)
    assert seal.nonce not in repr(seal)
    assert seal.commitment not in (seal.seed, other.commitment)


def test_the_commitment_is_that_of_the_published_form() -> None:
    seal = Seal("00" * 32, "11" * 32)
    form = f'{{"kind":"conformance-seal/1","seed":"{"00" * 32}","nonce":"{"11" * 32}"}}'
    assert seal.commitment == hashlib.sha256(form.encode()).hexdigest()


def test_only_the_owner_can_read_a_seal_and_none_is_replaced(tmp_path: Path, seal: Seal) -> None:
    path = tmp_path / "a.seal"
    before = os.umask(0)
    try:
        write_seal(path, seal)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_seal(path) == seal
    with pytest.raises(Refused, match="K002"):
        write_seal(path, Seal.new())
    assert read_seal(path) == seal


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"{" * 5000,
        json.dumps({"kind": "conformance-seal/1", "seed": "00" * 32}).encode(),
        json.dumps({"kind": "conformance-seal/1", "seed": "00" * 31, "nonce": "00" * 32}).encode(),
        json.dumps({"kind": "conformance-seal/1", "seed": "0G" * 32, "nonce": "00" * 32}).encode(),
        json.dumps({"kind": "conformance-seal/2", "seed": "00" * 32, "nonce": "00" * 32}).encode(),
        json.dumps({"kind": "conformance-seal/1", "seed": 5, "nonce": "00" * 32}).encode(),
    ],
)
def test_what_is_no_seal_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.seal"
    path.write_bytes(content)
    with pytest.raises(Refused, match="K001"):
        read_seal(path)


def test_a_seal_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="K001"):
        read_seal(tmp_path / "none")
