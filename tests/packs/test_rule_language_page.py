"""docs/rule-language.md holds in both languages: every rule, every example and every output on it is executed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeAlias, get_args

import language_rows as rows
import pytest
from language_pages import PACKS, Row, Said, read, write

from conformance.cli import main
from conformance.errors import Refused, kinds
from conformance.judge import examples
from conformance.model.outcome import Outcome, Reason
from conformance.model.standard import CALENDAR, Pack, Transform
from conformance.packs import load, tailor
from conformance.packs.forms import form
from conformance.rules import compile_rules
from conformance.rules.chain import TAKES
from conformance.rules.functions import FUNCTIONS

LANGUAGES = ("en", "zh")
OPERATORS = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "in", "and", "or", "not", "if", "else",
             "for", "q")  # fmt: skip
Folders: TypeAlias = Mapping[str, Mapping[str, Path]]
PackOf: TypeAlias = Callable[[str, str], Pack]
page = cache(read)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """The packs with the files of each page in them, by language and name."""
    return {lang: write(page(lang), tmp_path_factory.mktemp(f"page-{lang}")) for lang in LANGUAGES}


@pytest.fixture(scope="session")
def pack_of(folders: Folders) -> PackOf:
    """The pack of a language and a name."""
    return cache(lambda lang, name: load(folders[lang][name]))


def each_row() -> list[object]:
    return [pytest.param(row, id=f"{row.lang}-{row.line}") for lang in LANGUAGES for row in page(lang).rows]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", PACKS)
def test_every_rule_on_the_page_says_of_its_examples_what_they_state(pack_of: PackOf, lang: str, name: str) -> None:
    pack = pack_of(lang, name)
    wanted = {file.rule for file in page(lang).files if file.pack == name and file.rule}
    assert wanted <= pack.rules.keys()
    computed = {rule: program for rule, program in compile_rules(pack).items() if rule in wanted}
    found = examples(pack, computed)
    assert {r.rule for r in found} == {rule for rule in wanted if pack.rules[rule].attested is None}
    assert [(r.rule, r.example.name, r.mismatch.en) for r in found if r.mismatch] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_profile_on_the_page_applies(pack_of: PackOf, lang: str) -> None:
    for file in page(lang).files:
        if file.path.startswith("profiles/"):
            name = Path(file.path).stem
            assert tailor(pack_of(lang, file.pack), name, as_of="2026-06-30").profile == name


@pytest.mark.parametrize("row", each_row())
def test_every_row_on_the_page_is_so(pack_of: PackOf, folders: Folders, row: Row) -> None:
    if row.kind == "windows":
        every, zone, time, *said = row.cells
        assert list(rows.of_window(every, zone, time)) == said
        return
    name, _, short = row.rule.partition("/")
    pack = pack_of(row.lang, name)
    rule = pack.rules[row.rule]
    match row.kind, row.cells:
        case "expressions", (_, written, data, *said):
            assert list(rows.of_expression(pack, rule, written, data)) == said
        case "conditions", (written, data, *said):
            assert list(rows.of_expression(pack, rule, written, data)) == said
        case "series", (_, written, data, found):
            samples, others = rows.of_series(pack, rule, written, data)
            margins, words = samples.split(), found.split()
            assert [m for m in margins if m != "-"] == [w for w, m in zip(words, margins, strict=True) if m != "-"]
            assert Counter(w for w, m in zip(words, margins, strict=True) if m == "-") == Counter(others)
        case "takes", (take, of, data, value):
            assert rows.of_take(pack, rule, take, of, data) == value
        case "steps", (step, data, *said):
            assert list(rows.of_step(pack, rule, step, data)) == said
        case "transforms", (transform, path, amount, after):
            assert rows.of_transform(pack, rule, transform, path, amount) == after
        case "mistakes", (written, code):
            assert code in rows.codes(pack, rule, written)
        case "slips", (old, new, code):
            assert code in _slip(folders[row.lang][name], f"rules/{short}.yaml", old, new)
        case _:
            pytest.fail(f"unknown kind of rows: {row.kind}")


@contextmanager
def _edited(file: Path, old: str, new: str) -> Iterator[None]:
    """``file`` with ``new`` in the place of ``old``, for a while."""
    before = file.read_text(encoding="utf-8")
    assert old in before
    file.write_text(before.replace(old, new, 1), encoding="utf-8")
    yield
    file.write_text(before, encoding="utf-8")


def _slip(folder: Path, path: str, old: str, new: str) -> set[str]:
    """The codes of what is wrong with the pack once ``old`` in a file is ``new``."""
    with _edited(folder / path, old, new):
        try:
            load(folder)
        except Refused as refused:
            return {problem.code for problem in refused.problems}
    return set()


@pytest.mark.parametrize(
    ("lang", "said"),
    [pytest.param(lang, said, id=f"{lang}-{said.path}") for lang in LANGUAGES for said in page(lang).said],
)
def test_the_terminal_says_what_the_page_shows(
    folders: Folders, lang: str, said: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folders[lang][said.pack]
    command, *expected = said.text.splitlines()
    words = command.removeprefix("$ conformance ").replace(f"fixtures/packs/{said.pack}", str(folder)).split()
    with _edited(folder / said.path, said.old, said.new), pytest.raises(SystemExit):
        main([*words, "--lang", lang])
    shown = capsys.readouterr()
    for line in expected:
        assert line.strip(" .") in shown.out + shown.err


def test_both_pages_hold_the_same_examples() -> None:
    en, zh = (page(lang) for lang in LANGUAGES)

    def bare(text: str) -> list[str]:
        return [line for row in text.splitlines() if (line := re.sub(r"(^|\s+)#.*", "", row))]

    assert [(f.pack, f.path, bare(f.text)) for f in en.files] == [(f.pack, f.path, bare(f.text)) for f in zh.files]
    assert [(r.kind, r.rule, r.cells) for r in en.rows] == [(r.kind, r.rule, r.cells) for r in zh.rows]
    assert [(s.pack, s.path, s.old, s.new) for s in en.said] == [(s.pack, s.path, s.old, s.new) for s in zh.said]


def _keys_of_a_rule() -> set[str]:
    """Every key that a rule file may have, at any depth, but those of the data in examples."""

    def keys(schema: object) -> set[str]:
        if isinstance(schema, list):
            return set[str]().union(*map(keys, schema))
        if not isinstance(schema, dict):
            return set()
        own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
        return own.union(*(keys(below) for below in schema.values()))

    return keys(dict(form("rule")))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_names_all_that_the_language_has(lang: str) -> None:
    text = page(lang).text
    named = set(re.findall(r"[\w.-]+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    shown = {row.cells[0] for row in page(lang).rows} | named
    for what, wanted in {
        "functions": set(FUNCTIONS),
        "what steps take": {*TAKES, "p95"},
        "transforms": set(get_args(Transform)),
        "words of the calendar": set(CALENDAR),
        "outcomes": {str(o) for o in Outcome},
        "reasons": {str(r) for r in Reason},
        "keys": _keys_of_a_rule(),
    }.items():
        assert wanted - shown == set(), what
    signs = " ".join(row.cells[0] for row in page(lang).rows if row.kind == "expressions")
    assert set(OPERATORS) - set(re.findall(r"\w+|[^\w\s]+", signs)) == set()
    run = " ".join(row.cells[1] for row in page(lang).rows if row.kind in ("expressions", "series"))
    assert {name for name in FUNCTIONS if not re.search(rf"\b{name}\(", run)} == set(), "an example of each function"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_codes_on_the_page_are_codes_of_errors(lang: str) -> None:
    known = {kind.code for kind in kinds()}
    assert set(re.findall(r"`([A-Z]\d{3})`", page(lang).text)) <= known
