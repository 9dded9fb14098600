"""The pages of the shipped packs are those that their packs give."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from conformance.cli import docs

PAGES = Path(__file__).parents[2] / "docs" / "packs"
COMMAND = "conformance docs --output docs/packs"


def test_the_pages_of_the_packs_are_up_to_date(tmp_path: Path) -> None:
    made = CliRunner().invoke(docs.command("en"), ["--output", str(tmp_path)], standalone_mode=False)
    assert made.return_value == 0, made.output
    fresh = {page.name: page.read_bytes() for page in tmp_path.iterdir()}
    kept = {page.name: page.read_bytes() for page in PAGES.iterdir()}
    differing = sorted(name for name in fresh.keys() | kept.keys() if fresh.get(name) != kept.get(name))
    assert differing == [], f"pages are not those of the packs; remove what is no longer made, and run: {COMMAND}"


def test_a_page_is_short_enough_to_be_shown_in_a_browser() -> None:
    assert {page.name for page in PAGES.iterdir() if page.stat().st_size > 200_000} == set()
