"""Pages of packs: what they say first, that every link leads somewhere, and that a pack cannot say more than words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve
from markdown_it import MarkdownIt

from conformance.authoring import Described, KnownDefect, pages
from conformance.errors import Text
from conformance.model.standard import Figure, LimitRow, LimitTable, Pack, Rule, Status
from conformance.packs import load

PACKS = Path(__file__).parents[3] / "fixtures" / "packs"
READER = MarkdownIt("commonmark").enable("table")
EVIL = "<img src=x onerror=alert(1)> | `x` | [y](z)\n\n# z </table> {0} {nothing}"


@pytest.fixture(scope="module")
def small() -> Pack:
    return load(PACKS / "small")


def page(pack: Pack, lang: str = "en", *defects: KnownDefect) -> str:
    return pages([Described(pack, defects)])[f"{pack.short}.md" if lang == "en" else f"{pack.short}.zh-CN.md"]


def section(text: str, place: str) -> str:
    """What stands under the heading at ``place``, up to the next one as high."""
    found = re.search(rf'^(#+) <a id="{place}"></a>.*?(?=^#{{1,6}} |\Z)', text, re.DOTALL | re.MULTILINE)
    assert found, place
    return found[0]


def without_figures(pack: Pack) -> Pack:
    rule = pack.rules["small/cold-rooms"]
    operation = evolve(
        pack.operations["heat"], request={"type": "object", "properties": {"target": {"type": "number"}}}
    )
    return evolve(
        pack, limits={}, profiles={}, operations={"heat": operation},
        rules={rule.id: evolve(rule, parameters={}, uncertainty=None)},
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_draft_says_first_that_nothing_certifies(small: Pack, lang: str) -> None:
    first = page(small, lang).split("\n")[:6]
    assert any("**Draft: nothing here certifies.**" in line or "**草案：不得据此认证。**" in line for line in first)


def test_only_figures_that_were_read_certify(small: Pack) -> None:
    in_force = evolve(small, status="in-force")
    assert "3 of its " in page(in_force)
    read = {name: evolve(source, status=Status.MEMORY_LOW) for name, source in small.sources.items()}
    table = small.limits["fuse"]
    rows = tuple(evolve(row, figure=evolve(row.figure, status=Status.MEMORY_LOW)) for row in table.rows)
    unread = evolve(in_force, sources=read, limits={"fuse": evolve(table, rows=rows)}, profiles={})
    assert "**Nothing here certifies.** None of its " in page(unread)


def test_figures_are_counted_by_status_and_place(small: Pack) -> None:
    counted = section(page(small), "figures")
    assert "| primary text read | `primary` | 2 |" in counted
    assert "| **All** |" in counted


def test_a_limit_stands_with_value_unit_side_source_and_status(small: Pack) -> None:
    shown = section(page(small), "limits-fuse")
    assert "kW · upper limit · [S2 EXAMPLE 1](#source-s2) · primary text read" in shown
    assert "| single-phase | 8 |" in shown
    assert "| 总供暖功率" not in shown
    by_rule = section(page(small, "zh"), "limits-by-rule")
    assert "| [总供暖功率不超过熔断器容量](#rule-total-power) | `limit` |" in by_rule
    assert "| `strict` | 6 | kW | 上限 | [S2 EXAMPLE 1](#source-s2) | 已核对原文 |" in by_rule


def test_two_keys_span_a_table_of_values_and_differences_stay_in_columns(small: Pack) -> None:
    def row(order: float, voltage: float, value: float, status: Status = Status.PROJECT) -> LimitRow:
        figure = Figure(value, "%", "lower", "fixed", "small/S1", status)
        return LimitRow(figure, eq={"order": order}, over={"voltage": voltage})

    rows = tuple(row(order, voltage, order + voltage) for order in (2, 3, 4) for voltage in (1, 35))
    table = LimitTable("thd", Text("Harmonics", "谐波"), "%", {"order": None, "voltage": "kV"}, rows)
    shown = section(page(evolve(small, limits={**small.limits, "thd": table})), "limits-thd")
    assert "| `order` ＼ `voltage` (kV) | over 1 | over 35 |" in shown
    assert "| 3 | 4 | 38 |" in shown
    mixed = evolve(table, rows=(*rows[:-1], row(4, 35, 39, Status.CONFLICT)))
    shown = section(page(evolve(small, limits={**small.limits, "thd": mixed})), "limits-thd")
    assert "| 4 | over 35 | 39 | sources conflict |" in shown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_pack_without_figures_says_so(small: Pack, lang: str) -> None:
    text = page(without_figures(small), lang)
    assert "It states no figures" in text or "没有数值" in text
    assert 'id="figures"' not in text
    assert "This pack states no limits." in text or "未给出限值" in text


def test_a_rule_says_where_it_applies_and_what_it_requires(small: Pack) -> None:
    shown = section(page(small), "rule-total-power")
    assert "`small/total-power` · critical" in shown
    assert "Applies to every answer of operation `heat`. It can show something only where `sum(" in shown
    assert "```text\nsum(a.p for a in response.powers) <= limit\n```" in shown


def test_what_is_judged_by_hand_says_what_an_assessor_records(small: Pack) -> None:
    assert "**An assessor records:** The assessor records the date" in section(page(small), "r4")


def test_defects_are_told_with_the_rules_that_name_them(small: Pack) -> None:
    known = KnownDefect("forgets-the-fuse", Text("Forgets", "忘记"))
    silent = KnownDefect("is-silent", Text("Is silent", "无应答"), "answers")
    shown = section(page(small, "zh", known, silent), "defects")
    assert "| 忘记 | `forgets-the-fuse` | [`total-power`](#rule-total-power) |" in shown
    assert "`answers`（所有标准包共有）" in shown
    assert 'id="defects"' not in page(small)


@pytest.mark.parametrize("name", ["small", "metering", "gas-alarm"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_link_leads_somewhere_and_every_place_is_named_once(name: str, lang: str) -> None:
    found = pages([Described(load(PACKS / name))])
    text = next(t for file, t in found.items() if file.startswith(name) and (".zh-CN" in file) is (lang == "zh"))
    places = re.findall(r'<a id="([^"]*)"></a>', text)
    assert len(places) == len(set(places))
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert [t for t in targets if not (t in found or t.removeprefix("#") in places)] == []


@pytest.mark.parametrize("name", ["small", "metering", "gas-alarm"])
def test_pages_read_as_markdown_leave_no_marks_behind(name: str) -> None:
    for text in pages([Described(load(PACKS / name))]).values():
        inner = [child for token in READER.parse(text) for child in token.children or []]
        assert [t.content for t in inner if t.type == "text" and "**" in t.content] == []


def test_both_languages_show_the_same_places(small: Pack) -> None:
    english, chinese = (re.findall(r'<a id="([^"]*)"', page(small, lang)) for lang in ("en", "zh"))
    assert english == chinese


def test_the_same_pack_gives_the_same_bytes(small: Pack) -> None:
    assert pages([Described(small)]) == pages([Described(load(PACKS / "small"))])


def test_the_text_of_a_pack_is_never_markup(small: Pack) -> None:
    evil = Text(EVIL, EVIL)

    def spoiled(rule: Rule) -> Rule:
        return evolve(rule, title=evil, note=evil, require=rule.require and evolve(rule.require, text=EVIL), when=None)

    table = small.limits["fuse"]
    rows = tuple(evolve(r, eq={"connection": EVIL}, figure=evolve(r.figure, clause=EVIL)) for r in table.rows)
    pack = evolve(
        small,
        title=evil,
        licence=EVIL,
        version=EVIL,
        sources={k: evolve(s, title=evil, note=evil, number=EVIL, edition=EVIL) for k, s in small.sources.items()},
        requirements={k: evolve(r, text=evil, reason=evil) for k, r in small.requirements.items()},
        rules={k: spoiled(r) for k, r in small.rules.items()},
        limits={"fuse": evolve(table, title=evil, rows=rows)},
        profiles={k: evolve(p, title=evil, exclude=dict.fromkeys(p.exclude, evil)) for k, p in small.profiles.items()},
    )
    clean = pages([Described(small)])
    for file, text in pages([Described(pack, (KnownDefect(EVIL, evil),))]).items():
        html = [t.content for token in READER.parse(text) for t in [token, *(token.children or [])] if "html" in t.type]
        assert [h for h in html if not re.fullmatch(r'<a id="[a-z0-9-]+">|</a>|</?code>', h)] == []
        rendered, usual = READER.render(text), READER.render(clean[file])
        assert "<img" not in rendered
        assert rendered.count("<h1>") == 1
        assert 'href="z"' not in rendered
        for row in re.findall(r"<table>.*?</table>", rendered, re.DOTALL):
            heads = len(re.findall(r"<th", row.split("</thead>")[0])) - 1
            assert {len(re.findall(r"<td", r)) for r in row.split("<tr>")[2:]} <= {heads}
        assert len(re.findall("<h[234]>", rendered)) >= len(re.findall("<h[234]>", usual))


def test_what_a_rule_takes_for_a_hole_and_a_lifecycle_are_told() -> None:
    text = page(load(PACKS / "gas-alarm"))
    assert "further apart than `apart` miss samples in between." in section(text, "rule-alarm-in-time")
    assert "| `alarm` | `cut` | `cut` |" in section(text, "rule-event-order")
