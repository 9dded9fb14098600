"""The pages on sequences: their excerpts stand in the pack, and their example does what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.assess import make_plan
from conformance.assess.traces import Traces
from conformance.cli import common
from conformance.model.run import Answer
from conformance.packs import load, read_system
from conformance.systems import connect

ROOT = Path(__file__).parents[2]
PACK = ROOT / "fixtures/packs/gas-alarm"
PAGES = {lang: (ROOT / f"docs/sequences{end}.md").read_text(encoding="utf-8")
         for lang, end in (("en", ""), ("zh", ".zh-CN"))}  # fmt: skip
_PART = re.compile(r"<!-- part of: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
_EXAMPLE = re.compile(r"<!-- example: (\w+) -->\n(?:```\w+\n(.*?)```|((?:\|[^\n]*\n)+))", re.DOTALL)


@pytest.mark.parametrize("lang", PAGES)
def test_what_is_shown_of_the_pack_stands_there(lang: str) -> None:
    parts = _PART.findall(PAGES[lang])
    assert len(parts) == 5
    for name, text in parts:
        assert text in (PACK / name).read_text(encoding="utf-8")


def cells(table: str) -> list[list[str]]:
    return [[cell.strip(" `") for cell in line.strip("|\n").split("|")] for line in table.splitlines()]


@pytest.mark.parametrize("lang", PAGES)
def test_the_example_does_what_the_page_says(lang: str, tmp_path: Path) -> None:
    example = {name: code or table for name, code, table in _EXAMPLE.findall(PAGES[lang])}
    (tmp_path / "alarm.py").write_text(example["program"])
    (tmp_path / "system.yaml").write_text(example["system"])
    pack = load(PACK)
    plan = make_plan(
        pack, read_system(tmp_path / "system.yaml", [pack]), oracle=None, settings=common.settings_for(pack)
    )
    (trial,) = plan.trials
    assert trial.score is not None
    score = json.loads(example["score"])
    assert trial.valid([{"alarm": True, "powered": True}]) == []
    with connect(plan.system, pack, scratch=tmp_path / "scratch") as session:
        reply = session.sequence(trial.called, trial.score.requests(score))
    assert reply.answer is Answer.ANSWERED
    traces = Traces(pack, pack.tables["signals"], trial.score, [plan.programs[r.id] for r in trial.rules])
    rows = traces.rows(score, reply.body)
    names, _, *shown = cells(example["rows"])
    assert [[row[name] if name == "time" else json.dumps(row[name]) for name in names] for row in rows] == shown
    said = traces.judge(rows)
    _, _, *rules = cells(example["rules"])
    assert {rule for rule, *_ in rules} == said.keys()
    for rule, outcome, margin, _ in rules:
        judgement = said[rule].judgement
        assert judgement.outcome == outcome
        if margin:
            assert judgement.margin is not None
            assert f"{judgement.margin.physical.low:.1f} {judgement.margin.unit}" == margin
