"""The register of standards: our own standards today and gone stale, circles, editing and tightening."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from simulators import SYSTEMS, imported, judged

from conformance.model.outcome import Outcome
from conformance.packs import load, tailor

ROOT = Path(__file__).parents[2]
PACK = load(ROOT / "standards/ecosystem/standards-register")
COVERAGE = yaml.safe_load((ROOT / "standards/coverage.yaml").read_text(encoding="utf-8"))
LISTED = [item for part in ("tasks", "themes", "areas") for item in COVERAGE[part]]
TODAY = datetime.fromisoformat(COVERAGE["reviewed"]).replace(tzinfo=UTC) + timedelta(days=1)
Outcomes = dict[str, Outcome]


@pytest.fixture(scope="module")
def own() -> Iterator[Any]:
    """The register of the packs that this project ships."""
    with imported(SYSTEMS / "standards-register", "record_own") as module:
        yield module.OwnRegister(ROOT / "standards", as_of=TODAY)


@pytest.fixture(scope="module")
def simulated() -> Iterator[Any]:
    with imported(SYSTEMS / "standards-register", "register_faults") as module:
        yield module


@pytest.fixture
def outcomes(tmp_path: Path) -> Callable[..., Outcomes]:
    """What each rule finds in a register, under a profile."""

    def outcomes_(register: Any, *names: str, profile: str | None = None) -> Outcomes:
        pack = tailor(PACK, profile, as_of=str(TODAY.date())) if profile else PACK
        found = judged(pack, register, tmp_path, names or None)
        return {name: f.outcome for name, f in found.items() if not names or name in names}

    return outcomes_


def test_our_own_register_has_no_nonconformity_today(own: Any, outcomes: Callable[..., Outcomes]) -> None:
    missing = {pack for item in LISTED for pack in item["packs"]} - {
        f"{file.parent.parent.name}/{file.parent.name}" for file in (ROOT / "standards").glob("*/*/pack.yaml")
    }
    found = outcomes(own, profile="rule-packs")
    assert {n for n, o in found.items() if o is Outcome.FAILED} == ({"pack-of-a-task-exists"} if missing else set())
    unknown = {n for n, o in found.items() if o is Outcome.INCONCLUSIVE}
    assert unknown == {"edition-known", "review-known"}  # advice; what packs do not say is not made up
    assert found["reviewed-in-time"] is found["rule-kills-a-defect"] is Outcome.PASSED
    assert Outcome.UNTESTED not in found.values()


def test_our_own_register_fails_on_a_stale_entry_and_when_nobody_looks_at_it_for_five_years(
    own: Any, outcomes: Callable[..., Outcomes]
) -> None:
    stale = deepcopy(own)
    entry = next(row for row in stale.tables["documents"] if row["kind"] == "national")
    entry["reviewed"] = TODAY - timedelta(days=5 * 365 + 1)
    assert outcomes(stale, "reviewed-in-time") == {"reviewed-in-time": Outcome.FAILED}
    entry["reviewed"] += timedelta(days=1)
    assert outcomes(stale, "reviewed-in-time") == {"reviewed-in-time": Outcome.PASSED}
    forgotten = deepcopy(own)
    forgotten.card["as_of"] = (TODAY + timedelta(days=5 * 365)).isoformat()
    assert outcomes(forgotten, "reviewed-in-time") == {"reviewed-in-time": Outcome.FAILED}


def test_our_own_register_fails_on_a_lost_citation_and_on_a_withdrawn_source(
    own: Any, outcomes: Callable[..., Outcomes]
) -> None:
    broken = deepcopy(own)
    citations = broken.tables["citations"]
    citations.pop(0)
    source = next(row for row in broken.tables["documents"] if row["document"] == citations[0]["document"])
    source["state"] = "withdrawn"
    found = outcomes(broken, "rule-has-a-citation", "withdrawn-not-cited")
    assert set(found.values()) == {Outcome.FAILED}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 1, 1), (5, 9, 7)])
def test_a_circle_of_replacements_fails_however_it_is_numbered(
    order: tuple[int, ...], simulated: Any, outcomes: Callable[..., Outcomes]
) -> None:
    made = simulated.record(None)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    names = ("a", "b", "c")
    made.tables["documents"] = [
        made.row("documents", document="terms") | {"document": name, "order": float(n)}
        for name, n in zip(names, order, strict=True)
    ]
    made.tables["replacements"] = [
        {"document": names[n], "successor": names[(n + 1) % 3], "since": since, "full": False} for n in range(3)
    ]
    assert outcomes(made, "replacement-without-circle") == {"replacement-without-circle": Outcome.FAILED}


def test_editing_texts_changes_no_verdict(simulated: Any, outcomes: Callable[..., Outcomes]) -> None:
    """SE-10, the first half."""
    made = simulated.record(None)
    texts = {"documents": ("title_en", "title_zh"), "waivers": ("reason",), "tasks": ("content",)}
    spoken = {name: {rule.applies_to, *(j.table for j in rule.joins.values())} for name, rule in PACK.rules.items()}
    names = [name.rpartition("/")[2] for name, tables in spoken.items() if tables & set(texts)]
    before = outcomes(made, *names)
    for table, columns in texts.items():
        for row in made.tables[table]:
            row |= {name: f"{row[name]} edited" for name in columns if row.get(name)}
    assert outcomes(made, *names) == before
    assert Outcome.FAILED not in before.values()


@pytest.mark.parametrize("years", [1, 3, 4, 5, 6])
def test_a_tighter_cycle_never_turns_a_failure_into_a_pass(
    years: int, simulated: Any, outcomes: Callable[..., Outcomes]
) -> None:
    """SE-10, the second half: one review, held against five years and against three."""
    made = simulated.record(None)
    as_of = datetime.fromisoformat(made.card["as_of"])
    made.tables["documents"] = [
        made.row("documents", document="grid-code") | {"reviewed": as_of - timedelta(days=365 * years)}
    ]
    wide, tight = (
        outcomes(made, "reviewed-in-time", profile=p)["reviewed-in-time"] for p in (None, "three-year-cycle")
    )
    assert (wide is Outcome.PASSED, tight is Outcome.PASSED) == (years <= 5, years <= 3)


def test_the_list_of_tasks_is_whole_and_makes_nothing_up() -> None:
    assert [task["id"] for task in COVERAGE["tasks"]] == [f"A{n}" for n in range(1, 30)]
    for task in COVERAGE["tasks"]:
        seen = task["status"] != "unverified"
        assert (task["title"] is not None) is seen
        assert bool(task["packs"]) is not ("reason" in task)
        assert seen or not task["packs"]
        assert not seen or not re.search(r"\d", task["title"]["en"] + task["title"]["zh"])
    assert len(COVERAGE["areas"]) == COVERAGE["opinions"]["areas"]


def test_every_pack_stands_for_a_theme() -> None:
    shipped = {f"{file.parent.parent.name}/{file.parent.name}" for file in (ROOT / "standards").glob("*/*/pack.yaml")}
    assert shipped <= {pack for theme in COVERAGE["themes"] for pack in theme["packs"]}
