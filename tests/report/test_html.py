"""The page: self-contained, escaped, and alive in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance.errors import Language
from conformance.model.run import Record
from conformance.report.html import html, spread

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Tags(HTMLParser):
    """Tags with their attributes, and the ids of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_asks_for_nothing_from_outside(record: Record, lang: Language) -> None:
    page = Tags(html(record, lang=lang))
    for tag, attributes in page.found:
        assert not {"src", "action", "style", "onclick", "onload"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
    assert not page.of("link")
    assert not page.of("img")
    policy = next(m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_no_id_stands_twice_and_every_reference_exists(every: Record) -> None:
    page = Tags(html(every))
    ids = [a["id"] for _, a in page.found if "id" in a]
    assert len(ids) == len(set(ids))
    used = {part for _, a in page.found for part in (a.get("aria-labelledby") or "").split()}
    used |= {(a["href"] or "")[1:] for a in page.of("a")}
    assert used <= set(ids)


def test_hostile_text_stays_text(hostile: Record) -> None:
    page = html(hostile)
    assert len(Tags(page).of("script")) == 1
    assert not Tags(page).of("b") or '<b>"' not in page
    assert "alert(1)" in page
    assert "{{ 7*7 }}" in page  # never evaluated
    assert not set("\x1b\u202e\x00") & set(page)
    assert len(page) < 2_500_000


def test_both_languages_stand_in_the_page_under_the_same_ids(record: Record) -> None:
    english, chinese = html(record, lang="en"), html(record, lang="zh")
    for page in (english, chinese):
        assert "Line loading after AC replay" in page
        assert "交流复算后的线路负载率" in page
    ids = [[a["id"] for _, a in Tags(p).found if "id" in a] for p in (english, chinese)]
    assert ids[0] == ids[1]


def test_a_page_of_twenty_rules_stays_small(record: Record) -> None:
    findings = tuple(evolve(f, number=10 * n + f.number) for n in range(2) for f in record.findings)
    assert len(html(evolve(record, findings=findings)).encode()) < 2_500_000


def test_a_record_cut_off_raises_an_alarm(record: Record) -> None:
    assert 'role="alert"' in html(evolve(record, footer=None))
    assert 'role="alert"' not in html(record)


def test_a_list_of_objects_is_spread_one_a_line() -> None:
    text = spread({"loads": [{"bus": str(n), "p": n} for n in range(9)]})
    assert text.splitlines()[2] == '    {"bus": "0", "p": 0},'
    assert len(spread(["x" * 300_000] * 9)) <= 200_001


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine; CI has one")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Open a record's page; afterwards it must have been quiet: no console message, no error, no request, no dialog."""
    noise: list[str] = []
    pages = []

    def go(record: Record, lang: Language = "en", **options: Any) -> Any:
        file = tmp_path / "report.html"
        file.write_text(html(record, lang=lang), encoding="utf-8")
        page = browser.new_page(**options)
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("dialog", lambda dialog: noise.append(dialog.message))
        page.on("request", lambda request: noise.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        pages.append(page)
        return page

    yield go
    for page in pages:
        page.close()
    assert noise == []


def test_the_reader_switches_the_language_without_loading(visit: Any, record: Record) -> None:
    page = visit(record)
    assert page.locator("#result").inner_text().startswith("1 requirement BROKEN")
    page.get_by_label("中文").check(force=True)
    assert page.locator("#result").inner_text().startswith("1 项要求不符合")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_a_chinese_page_opens_in_chinese(visit: Any, record: Record) -> None:
    assert visit(record, "zh").locator("h2").first.inner_text() == "测定结果"


def test_the_filter_keeps_what_matches(visit: Any, record: Record) -> None:
    page = visit(record)
    rows = page.locator(".findings tbody tr:visible")
    page.get_by_role("button", name="unsure 2").click()
    assert rows.count() == 2
    page.get_by_role("searchbox").fill("n-1")
    assert rows.count() == 1
    page.get_by_role("searchbox").fill("nothing like it")
    assert page.get_by_role("status").inner_text() == "No finding matches."


def test_a_link_unfolds_its_rule(visit: Any, record: Record) -> None:
    page = visit(record)
    number = next(f.number for f in record.findings if f.rule == "grid-dispatch/reserve")
    rule = page.locator(f"#rule-{number}")
    assert rule.get_attribute("open") is None
    page.get_by_role("link", name="Spinning reserve").click()
    page.wait_for_selector(f"#rule-{number}[open]")


def test_charts_are_drawn_and_named(visit: Any, record: Record) -> None:
    page = visit(record)
    chart = page.get_by_role("img", name="Line loading (% of rating)").first
    assert chart.bounding_box()["height"] > 100
    assert page.locator("text.over-text", has_text="100.31").first.is_visible()


def test_the_page_fits_a_phone(visit: Any, every: Record) -> None:
    page = visit(every, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_essentials_need_no_script(browser: Any, record: Record, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html(record), encoding="utf-8")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        page.get_by_label("中文").check(force=True)
        assert page.get_by_text("交流复算后的线路负载率").first.is_visible()
        assert not page.get_by_role("searchbox").is_visible()


def test_hostile_text_is_inert_in_a_browser(visit: Any, hostile: Record) -> None:
    page = visit(hostile)
    assert page.locator("script").count() == 1
    assert "<script>alert(1)</script>" in page.locator("h1").inner_text()
