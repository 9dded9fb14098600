"""Limits files: rows by number, word and day, and rows that are in force in turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import Refused
from conformance.model.convert import from_json, to_json
from conformance.model.days import meet, within
from conformance.model.standard import DATE, Figure, LimitRow, LimitTable, Pack, Status
from conformance.packs import in_force, load, tailor
from conformance.packs.rows import fits, overlap

DOCS = Path(__file__).parents[3] / "docs"
HEAD = """title: {en: x, zh: 限}
unit: kW
stricter: lower
tailoring: only-stricter
keys: {connection: null, built: date}
rows:
"""
THREE = (
    "  - {value: 20, eq: {connection: three-phase}, before: {built: 2100-01-01}, source: small/S2, status: primary}\n"
)


def line(row: str, value: int = 8) -> str:
    """A row for single-phase connections."""
    chosen = row if "eq:" in row else f"eq: {{connection: single-phase}}, {row}"
    return f"  - {{value: {value}, source: small/S2, status: primary, {chosen}}}\n"


@pytest.fixture
def written(copy: Path) -> Callable[..., Path]:
    """The small pack with these rows for single-phase connections by the year of the house."""

    def write(*rows: str) -> Path:
        text = HEAD + "".join(map(line, rows)) + THREE
        (copy / "limits" / "fuse.yaml").write_text(text, encoding="utf-8")
        for name, old, new in (
            ("rules/total-power.yaml", "request.connection}", "request.connection, built: request.built}"),
            ("rules/total-power.yaml", "{target: 294", "{built: 2015-06-01, target: 294"),
            (
                "schemas/request.json",
                '"properties": {',
                '"properties": {"built": {"type": "string", "format": "date"},',
            ),
        ):
            file = copy / name
            file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        return copy

    return write


def problems(folder: Path) -> list[tuple[str, int]]:
    with pytest.raises(Refused) as caught:
        load(folder)
    assert caught.value.render("en") != caught.value.render("zh")
    return [(p.code, p.position.line) for p in caught.value.problems if p.position is not None]


def test_rows_choose_by_day_and_survive_json(written: Callable[..., Path]) -> None:
    pack = load(written("before: {built: 2010-01-01}", "since: {built: 2010-01-01}, before: {built: 2020-01-01}",
                        "eq: {connection: single-phase, built: 2020-01-01}"))  # fmt: skip
    rows = pack.limits["fuse"].rows
    assert [r.days("built") for r in rows] == [
        (None, "2010-01-01"), ("2010-01-01", "2020-01-01"), ("2020-01-01", "2020-01-02"), (None, "2100-01-01")
    ]  # fmt: skip
    assert pack.limits["fuse"].keys == {"connection": None, "built": DATE}
    assert from_json(Pack, to_json(pack)) == pack


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (["before: {built: 2010-01-01}", "before: {built: 2011-01-01}"], "P067"),
        (["before: {built: 2010-01-02}", "since: {built: 2010-01-01}"], "P067"),
        (["before: {built: 2010-01-01}, effective: {to: 2026-06-01}", "before: {built: 2010-01-01}"], "P067"),
        (["since: {built: 2010-01-01}, before: {built: 2010-01-01}"], "P068"),
        (["over: {built: 5}"], "P068"),
        (["note: x"], "P030"),
        (["since: {connection: 2010-01-01}"], "P068"),
        (["since: {built: 2010-02-30}"], "P083"),
        (["since: {built: 2010-1-1}"], "P034"),
        (["since: {built: 2010}"], "P032"),
        (["before: {built: 2010-01-01}, effective: {from: 2026-02-30}"], "P083"),
        (["before: {built: 2010-01-01}, effective: {from: 2026-02-01, to: 2026-01-01}"], "P083"),
    ],
)
def test_rows_that_contradict_are_refused_at_their_line(
    written: Callable[..., Path], rows: list[str], code: str
) -> None:
    found = problems(written(*rows))
    assert [c for c, _ in found] == [code]
    assert found[0][1] == 6 + len(rows)


def test_a_limit_may_change_on_a_day_and_a_run_takes_the_one_of_its_day(written: Callable[..., Path]) -> None:
    always = "before: {built: 2100-01-01}"
    pack = load(written(f"{always}, effective: {{to: 2026-07-01}}", f"{always}, effective: {{from: 2026-07-01}}"))
    for day, expected in (("2026-06-30", (0, 2)), ("2026-07-01", (1, 2))):
        rows = tailor(pack, None, as_of=day).limits["fuse"].rows
        assert rows == tuple(pack.limits["fuse"].rows[i] for i in expected)
    assert in_force(pack, "2026-06-30").limits == tailor(pack, None, as_of="2026-06-30").limits
    with pytest.raises(Refused, match="is no date"):
        in_force(pack, "yesterday")


def test_a_profile_is_held_against_the_rows_that_are_in_force_while_it_is(written: Callable[..., Path]) -> None:
    folder = written("before: {built: 2100-01-01}, effective: {to: 2027-01-01}")
    file = folder / "limits" / "fuse.yaml"
    text = file.read_text(encoding="utf-8")
    later = line("before: {built: 2100-01-01}, effective: {from: 2027-01-01}", value=4)
    file.write_text(text + later, encoding="utf-8")
    profile = folder / "profiles" / "strict.yaml"
    sound = profile.read_text(encoding="utf-8")
    assert [code for code, _ in problems(folder)] == ["P080"]  # it sets 6 kW, and from 2027 on 4 kW is the limit
    profile.write_text(sound + "effective: {to: 2027-01-01}\n", encoding="utf-8")
    assert load(folder).profiles["strict"].effective_to == "2027-01-01"
    profile.write_text(sound + "effective: {to: 2027-01-02}\n", encoding="utf-8")
    assert [code for code, _ in problems(folder)] == ["P080"]


def test_a_pack_has_a_last_day_too(copy: Path) -> None:
    file = copy / "pack.yaml"
    text = file.read_text(encoding="utf-8").replace(
        "effective: {from: 2026-01-01}", "effective: {from: 2026-01-01, to: 2026-12-01}"
    )
    file.write_text(text, encoding="utf-8")
    pack = load(copy)
    assert tailor(pack, None, as_of="2026-11-30").id == pack.id
    for day in ("2025-12-31", "2026-12-01"):
        with pytest.raises(Refused, match=r"test/small@1.0.0 is not in force on") as caught:
            tailor(pack, None, as_of=day)
        assert "不生效" in caught.value.render("zh")


@pytest.mark.parametrize("page", ["limits.md", "limits.zh-CN.md"])
def test_the_table_on_the_page_is_a_limits_file(copy: Path, page: str) -> None:
    shown = (DOCS / page).read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (copy / "limits" / "voltage-deviation.yaml").write_text(shown, encoding="utf-8")
    pack = load(copy)
    for day, values in (("2026-06-30", [10, 7]), ("2026-07-01", [10, 5])):
        assert [row.figure.value for row in in_force(pack, day).limits["voltage-deviation"].rows] == values


DAYS = [f"2020-01-0{n}" for n in range(1, 8)]
DAY = st.sampled_from(DAYS[1:-1])
CHOICES = st.one_of(
    DAY.map(lambda d: {"eq": {"k": d}}), DAY.map(lambda d: {"since": {"k": d}}),
    DAY.map(lambda d: {"before": {"k": d}}),
    st.tuples(DAY, DAY).filter(lambda p: p[0] < p[1]).map(lambda p: {"since": {"k": p[0]}, "before": {"k": p[1]}}),
)  # fmt: skip
PERIODS = st.tuples(st.none() | DAY, st.none() | DAY).filter(lambda p: None in p or p[0] < p[1])  # type: ignore[operator]


@st.composite
def dated_rows(draw: st.DrawFn) -> LimitRow:
    figure = Figure(1.0, "kW", "lower", "free", "s", Status.PROJECT)
    start, end = draw(PERIODS)
    return LimitRow(figure, **draw(CHOICES), effective_from=start, effective_to=end)


@given(dated_rows(), dated_rows())
def test_rows_overlap_exactly_when_one_day_of_the_run_and_one_of_the_key_matches_both(
    one: LimitRow, two: LimitRow
) -> None:
    assert fits(one, {"k": DATE})
    key, run = (any(within(d, a) and within(d, b) for d in DAYS) for a, b in (
        (one.days("k"), two.days("k")), (one.in_force, two.in_force)
    ))  # fmt: skip
    assert overlap(one, two, {"k": DATE}) is (key and run)
    assert meet(one.in_force, two.in_force) is run


@given(st.lists(dated_rows(), min_size=1, max_size=4), st.sampled_from(DAYS))
def test_in_force_keeps_exactly_the_rows_of_its_day(small: Pack, rows: list[LimitRow], day: str) -> None:
    table = LimitTable("t", small.title, "kW", {"k": DATE}, tuple(rows))
    kept = in_force(evolve(small, limits={"t": table}), day).limits["t"].rows
    assert kept == tuple(r for r in rows if within(day, r.in_force))
