"""Counterexamples, end to end: nightly finds and writes, pr asks them first, replay says what became of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from conformance.assess.stored import merge, place, read_stored, write_stored
from conformance.cli import common, main
from conformance.cli.run import perform
from conformance.evidence import read_cases, read_record
from conformance.model.outcome import Outcome
from conformance.model.run import Finding, Record, Stage
from conformance.model.standard import Pack
from conformance.packs import load, read_system

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "fixtures/packs/small")
GOOD = (ROOT / "fixtures/packs/small_system/small_reference.py").read_text()


def when_warm(then: str) -> str:
    """The reference, but above a target of 296.5 K ``then`` happens."""
    warm = f"if request['target'] > 296.5:\n        {then}"
    return f"{GOOD}\ngood = heat\ndef heat(request):\n    {warm}\n    return good(request)\n"


FAULTY = when_warm("return {'powers': [{'id': r['id'], 'p': 1.5 * r['p_max']} for r in request['rooms']]}")
WORSE = when_warm("return {'powers': [{'id': r['id'], 'p': 3 * r['p_max']} for r in request['rooms']]}")
REFUSES = f"from conformance.adapter import Refuse\n{when_warm('raise Refuse(0)')}"
NOTHING = when_warm("return {'powers': [{'id': r['id'], 'p': 0.0} for r in request['rooms']]}")

Conformance = Callable[..., tuple[int, str, str]]


@pytest.fixture
def conformance(tmp_path: Path, monkeypatch, capsys) -> Conformance:
    """The command line in an empty folder: exit code, what it said, what it noted."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--lang", "en"])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def nightly(conformance: Conformance) -> Callable[..., tuple[int, str, str]]:
    """A run of the small pack. Of a seed drawn anew it would not find the same every night."""

    def run(file: Path, *more: str, mode: str = "nightly", seed: str | None = "one") -> tuple[int, str, str]:
        drawn = () if seed is None else ("--seed", seed)
        counts = ("--cases", "40", "--calls", "40", "--jobs", "1")
        return conformance("run", SMALL, "--system", str(file), "--mode", mode, *drawn, *counts, *more)

    return run


def of(record: Record, name: str) -> Finding:
    return next(f for f in record.findings if f.rule == f"small/{name}")


def last() -> Record:
    return read_record(common.find_run("last"))


def test_what_nightly_finds_is_written_and_pr_asks_it_first(nightly, write_system) -> None:
    file = write_system(FAULTY)
    code, said, _ = nightly(file)
    assert code == 1
    assert said.splitlines()[-2:] == [
        "New     2 not in system.counterexamples.json: room-power, total-power",
        f"Commit  git add {place(file)}",
    ]
    kept = read_stored(place(file))
    assert {one.rule for one in kept} == {"small/room-power", "small/total-power"}
    assert all(one.found.mode == "nightly" and one.found.seed == last().header.settings.seed for one in kept)
    assert all([c.path for c in one.changed] == ["target"] and one.margin < 0 for one in kept)
    before = place(file).read_bytes()

    code, _, _ = nightly(file, "--cases", "0", mode="pr")
    assert code == 1
    stored = [n for n, stage in last().stages.items() if stage is Stage.STORED]
    assert stored == sorted(stored)
    assert max(stored) < min(n for n, stage in last().stages.items() if stage is Stage.BOUNDARY)
    asked = read_cases(last().path, lambda line: line["number"] in stored)
    assert {case.sha256 for case, _ in asked.values()} == {one.sha256 for one in kept}
    assert {o.of for _, seen in asked.values() for o in seen} == {"system", "oracle"}
    assert of(last(), "room-power").outcome is Outcome.FAILED
    assert place(file).read_bytes() == before  # pr never writes


def test_a_second_night_adds_only_what_is_new_and_says_so(nightly, write_system) -> None:
    file = write_system(FAULTY)
    nightly(file)
    kept = read_stored(place(file))
    code, said, _ = nightly(file)
    assert code == 1
    assert said.splitlines()[-2:] == [
        "New     no counterexample that system.counterexamples.json does not hold", "Commit  nothing",
    ]  # fmt: skip
    assert read_stored(place(file)) == kept


def test_a_night_without_findings_leaves_no_file(nightly, write_system) -> None:
    file = write_system(GOOD)
    code, said, _ = nightly(file)
    assert code == 3  # 40 cases are no evidence
    assert said.splitlines()[-1] == "Commit  nothing"
    assert not place(file).exists()


def test_each_night_draws_a_seed_of_its_own_and_records_it(nightly, write_system) -> None:
    file, seeds = write_system(GOOD), set()
    for _ in range(2):
        nightly(file, "--calls", "0", seed=None)
        seeds.add(last().header.settings.seed)
    assert len(seeds) == 2
    assert not any(seed.startswith("public") for seed in seeds)
    nightly(file, "--budget", "1 min", seed=None)
    assert last().header.settings.reproducible is False


def test_mended_ones_are_kept_and_marked_and_lose_the_mark_when_they_break_again(nightly, write_system) -> None:
    file = write_system(FAULTY)
    nightly(file)
    write_system(GOOD)
    code, said, _ = nightly(file)
    assert code == 3
    assert "2 mended: room-power, total-power" in said
    kept = read_stored(place(file))
    assert all(one.fixed_since == common.day_of(None) for one in kept)
    assert nightly(file)[1].splitlines()[-1] == "Commit  nothing"
    write_system(FAULTY)
    _, said, _ = nightly(file)
    assert "2 broken again" in said
    assert all(one.fixed_since is None for one in read_stored(place(file)) if one.key in {k.key for k in kept})


def test_a_relation_is_asked_again_with_the_same_change(nightly, write_system, small: Pack, tmp_path: Path) -> None:
    """The change of a request does not depend on the seed of the run, even where it is drawn."""
    file = write_system(when_warm("return {'powers': [{'id': r['id'], 'p': 0.0} for r in request['rooms']]}"))
    nightly(file)
    (one,) = (one for one in read_stored(place(file)) if one.rule == "small/warmer-target")
    nightly(file, "--cases", "0", "--calls", "0", mode="pr", seed="another")
    assert of(last(), "warmer-target").outcome is Outcome.FAILED
    write_system(GOOD)
    nightly(file)
    (again,) = (s for s in read_stored(place(file)) if s.key == one.key)
    assert again.fixed_since


def test_a_refusal_mends_nothing(nightly, write_system) -> None:
    file = write_system(FAULTY)
    nightly(file)
    write_system(REFUSES)
    nightly(file, "--cases", "0")
    assert all(one.fixed_since is None for one in read_stored(place(file)))


def test_what_can_no_longer_be_asked_is_named_and_kept(nightly, write_system) -> None:
    file = write_system(FAULTY)
    nightly(file)
    first, *others = read_stored(place(file))
    strange = (
        evolve(first, request={**first.request, "target": 299.9}),
        evolve(first, operation="cool", sha256="0" * 64),
    )
    write_stored(place(file), [*others, *strange])
    code, _, noted = nightly(file, "--cases", "0", mode="pr")
    assert code == 1
    assert noted.count("was not asked") == 2
    assert "the system offers no cool" in noted
    assert len(read_stored(place(file))) == len(others) + 2
    nightly(file)
    assert {one.sha256 for one in strange} <= {one.sha256 for one in read_stored(place(file))}


def test_a_request_out_of_the_space_of_today_is_stale(nightly, write_system, small: Pack, tmp_path: Path) -> None:
    file = write_system(FAULTY)
    nightly(file)
    pack = narrowed(tmp_path, "upper: 299", "upper: 295")
    _, _, noted = nightly(file, "--cases", "0", mode="pr")
    assert "was not asked" not in noted
    record = run_with(pack, file, tmp_path)
    assert Stage.STORED not in record.stages.values()


def narrowed(tmp_path: Path, old: str, new: str) -> Pack:
    """The small pack, another version of it."""
    folder = tmp_path / "small-2"
    shutil.copytree(SMALL, folder)
    schema = folder / "schemas/request.json"
    old, new = old.replace("upper", '"upper"'), new.replace("upper", '"upper"')
    assert old in schema.read_text()
    schema.write_text(schema.read_text().replace(old, new))
    return load(folder)


def run_with(pack: Pack, file: Path, tmp_path: Path) -> Record:
    settings = common.settings_for(pack, mode="pr", cases=0, calls=0, jobs=1)
    return perform(
        pack, read_system(file, [pack]), oracle=common.oracle_of(pack), settings=settings,
        folder=tmp_path / "narrow", lang="en", stored=read_stored(place(file)),
    )  # fmt: skip


def test_options_name_another_file_or_none(nightly, conformance, write_system, tmp_path: Path) -> None:
    file = write_system(FAULTY)
    nightly(file, "--no-counterexamples")
    assert not place(file).exists()
    nightly(file, "--counterexamples", "other.json")
    assert not place(file).exists()
    assert read_stored(tmp_path / "here/other.json")
    code, _, noted = nightly(file, "--counterexamples", "typo.json", mode="pr")
    assert code == 2
    assert "typo.json" in noted
    (tmp_path / "here/other.json").write_text('{"schema": "1"}')
    code, _, noted = nightly(file, "--counterexamples", "other.json")
    assert code == 2
    assert "other.json:1:1" in noted


def test_a_file_that_cannot_be_written_is_a_note_and_the_verdict_stands(nightly, write_system) -> None:
    code, _, noted = nightly(write_system(FAULTY), "--counterexamples", "absent/other.json")
    assert code == 1
    assert "A001" in noted


def test_without_a_mode_what_is_found_is_written_too_but_nothing_is_said_of_nothing(nightly, write_system) -> None:
    file = write_system(GOOD)
    assert "Commit" not in nightly(file, mode="all")[1]
    write_system(FAULTY)
    assert "Commit  git add" in nightly(file, mode="all")[1]


def test_a_record_that_found_nothing_changes_nothing(run, write_system) -> None:
    assert merge((), run(write_system(GOOD)), on="2026-07-01") == ()


@pytest.mark.parametrize("whence", ["run", "file"])
def test_replay_says_what_became_of_each(whence: str, nightly, conformance, write_system) -> None:
    file = write_system(FAULTY)
    nightly(file)
    source = ("--stored", str(place(file))) if whence == "file" else ("last",)

    def replay(program: str) -> tuple[int, str, str]:
        write_system(program)
        return conformance("replay", *source, "--system", str(file), "--pack", SMALL)

    for program, code, said in (
        (FAULTY, 1, "still failing"), (WORSE, 1, "still failing"), (REFUSES, 3, "changed"), (GOOD, 0, "fixed"),
        ("raise SystemExit(1)", 1 if whence == "run" else 3, "changed"),  # a run held that it had answered
    ):  # fmt: skip
        left, out, _ = replay(program)
        assert left == code, (program, out)
        assert said in out
    shown = replay(WORSE)[1]
    assert "-> -" in shown
    if whence == "run":  # the file holds no more than what was broken then
        newly = when_warm("return {'powers': [{'id': 'nobody', 'p': 0}]}")
        assert "newly broken" in replay(newly)[1]


@pytest.mark.parametrize("whence", ["run", "file"])
def test_replay_calls_the_pair_of_a_relation(whence: str, nightly, conformance, write_system) -> None:
    file = write_system(NOTHING)
    nightly(file)
    source = ("--stored", str(place(file))) if whence == "file" else ("last",)
    still = conformance("replay", *source, "--system", str(file), "--pack", SMALL)
    assert still[0] == 1
    assert "still failing" in still[1]
    write_system(GOOD)
    mended = conformance("replay", *source, "--system", str(file), "--pack", SMALL)
    assert mended[0] == 0
    assert "fixed" in mended[1]


@pytest.mark.parametrize("whence", ["run", "file"])
def test_replay_under_another_pack_never_says_fixed_of_what_is_no_longer_asked(
    whence: str, nightly, conformance, write_system, tmp_path: Path
) -> None:
    file = write_system(FAULTY)
    nightly(file)
    source = ("--stored", str(place(file))) if whence == "file" else ("last",)
    other = tmp_path / "other"
    shutil.copytree(SMALL, other)
    for page in other.rglob("*.yaml"):
        page.write_text(page.read_text().replace("room-power", "room-power-new").replace("total-power", "all-power"))
    code, said, _ = conformance("replay", *source, "--system", str(file), "--pack", str(other))
    assert code == 3
    assert "no longer judged" in said
    schema = other / "schemas/request.json"
    schema.write_text(schema.read_text().replace('"maximum": 400, "unit": "K", "nominal": 294',
                                                 '"maximum": 295, "unit": "K", "nominal": 294'))  # fmt: skip
    code, said, _ = conformance("replay", *source, "--system", str(file), "--pack", str(other))
    assert code == 3
    assert "not called: the request no longer fits the pack" in said


def test_replay_of_nothing_says_so(nightly, conformance, write_system) -> None:
    file = write_system(GOOD)
    nightly(file)
    assert conformance("replay", "last", "--system", str(file), "--pack", SMALL)[:2] == (
        0, "nothing to replay: no rule was broken on a call\n",
    )  # fmt: skip
    code, _, noted = conformance("replay", "last", "--stored", "x.json", "--system", str(file))
    assert code == 2
    assert "--stored" in noted


def test_an_infeasible_failure_of_then_is_not_held_against_the_system(run, write_system, small: Pack) -> None:
    """The oracle broke the rule too: a replay of that case says nothing of it."""
    from conformance.assess import make_plan
    from conformance.assess.replay import replay
    from conformance.systems import Pool, opener

    file = write_system(FAULTY)
    record = run(file, oracle=file)
    number = next(n for n, m in record.margins["small/room-power"] if m < 0)
    ((case, observed),) = read_cases(record.path, lambda line: line["number"] == number).values()
    plan = make_plan(small, read_system(file, [small]), oracle=None, settings=common.settings_for(small))
    with Pool(opener(plan.system, small, scratch=file.parent / "scratch"), 1) as pool:
        ((_, _, compared),) = replay(plan, pool, [(case, observed[0])])
    assert {r.change for r in compared if r.rule == "small/room-power"} == {"same"}


def test_the_file_in_the_docs_is_one_that_is_read(tmp_path: Path) -> None:
    for page in ("in-ci.md", "in-ci.zh-CN.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        block = text.split("```json\n", 1)[1].split("```", 1)[0]
        (tmp_path / "a.json").write_text(block, encoding="utf-8")
        assert read_stored(tmp_path / "a.json")
        assert json.loads(block)
