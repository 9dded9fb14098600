"""Every example of every pack is a test, and every failing example proves that its rule can fail."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from conformance.judge import canaries, examples
from conformance.judge.canary import ExampleResult
from conformance.model.standard import Pack
from conformance.packs import load
from conformance.rules import compile_rules

ROOT = Path(__file__).parents[2]
PACKS = sorted(
    file.parent for place in ("standards/*/*", "fixtures/packs/*") for file in ROOT.glob(f"{place}/pack.yaml")
)


@cache
def pack_in(folder: Path) -> Pack:
    return load(folder)


@cache
def results(folder: Path) -> dict[tuple[str, str], ExampleResult]:
    pack = pack_in(folder)
    programs = compile_rules(pack)
    return {(result.rule, result.example.name): result for result in examples(pack, programs)}


def every_example() -> list[object]:
    return [
        pytest.param(folder, rule.id, example.name, id=f"{folder.name}-{rule.id.rpartition('/')[2]}-{example.name}")
        for folder in PACKS
        for rule in pack_in(folder).rules.values()
        for example in rule.examples
    ]


@pytest.mark.parametrize(("folder", "rule", "name"), every_example())
def test_an_example_gives_what_it_states(folder: Path, rule: str, name: str) -> None:
    mismatch = results(folder)[rule, name].mismatch
    assert mismatch is None, mismatch.en


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_each_rule_proves_on_its_failing_examples_that_it_can_fail(folder: Path) -> None:
    pack = pack_in(folder)
    programs = compile_rules(pack)
    assert canaries(pack, programs) == dict.fromkeys(programs, True)


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_a_rule_with_a_margin_has_an_example_exactly_at_its_limit(folder: Path) -> None:
    found = results(folder)
    for rule in pack_in(folder).rules.values():
        own = [found[rule.id, example.name] for example in rule.examples]
        if any(result.judgement.margin is not None for result in own):
            margins = [r.judgement.margin for r in own]  # of a strict comparison it fails there
            assert any(m is not None and abs(m.physical.low) < 1e-9 for m in margins), rule.id
