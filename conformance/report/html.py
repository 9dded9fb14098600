"""One self-contained HTML page: no outside request, a strict content policy, both languages, works from a file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from attrs import frozen
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from conformance.errors import Language, Text
from conformance.model.json import JSON
from conformance.model.outcome import Outcome
from conformance.model.run import Change, Disposition, Finding, Record, Witness
from conformance.model.standard import Figure, Requirement, Rule
from conformance.report import charts, facts, words
from conformance.report.covered import covered
from conformance.report.page_words import PAGE
from conformance.report.plain import at_words, clean, known, margin_words, number, unit_words

LONGEST_JSON = 200_000
"""Characters of a request or response that the page shows; the record holds the rest."""


@frozen
class Picture:
    """A chart in both languages, and what it is called."""

    title: Text
    en: Markup
    zh: Markup


@frozen
class Row:
    """One value that is off nominal."""

    label: Text
    nominal: str
    value: str
    unit: str


@frozen
class Table:
    """The worst rows of a recorded table: names of columns, then the cells of each row with its margin."""

    names: tuple[str, ...]
    lines: tuple[tuple[tuple[str, ...], Text], ...]


@frozen
class Shown:
    """A case as the page shows it."""

    witness: Witness
    heading: Text
    margin: Text
    at: str
    rows: tuple[Row, ...]
    pictures: tuple[Picture, ...]
    again: str
    exchange: tuple[tuple[Text, str], ...]
    """Request, response and compliant answer as text; only where something was not met."""


@frozen
class Section:
    """All that the page says of one finding."""

    finding: Finding
    anchor: str
    rule: Rule | None
    requirements: tuple[Requirement, ...]
    figures: tuple[tuple[str, Figure], ...]
    margin: Text
    at: str
    why: Text | None
    mend: Text | None
    strip: Markup
    picture: Picture | None
    cases: tuple[Shown, ...]
    table: Table | None
    formula: str
    counts: tuple[tuple[Text, int], ...]
    search: str

    @property
    def open(self) -> bool:
        """Whether the section is unfolded at first."""
        return self.finding.disposition not in (Disposition.OK, Disposition.NOTE)


def html(record: Record, *, lang: Language = "en") -> str:
    """The page for ``record``, in language ``lang`` at first; the reader can switch."""
    findings = facts.worst_first(record)
    normalised = [facts.lowest(f.worst.margin) for f in findings if f.worst and f.worst.margin]
    largest = charts.widest([*normalised, *(_median(record, f.rule) for f in findings)])
    return page(
        "report.html.j2",
        record=record,
        header=record.header,
        pack=record.header.pack,
        settings=record.header.settings,
        lang=lang,
        facts=facts.overview(record),
        bad=any(f.disposition is Disposition.BROKEN for f in findings),
        sections=[_section(record, f, largest) for f in findings],
        states=[(d, t, sum(f.disposition is d for f in findings)) for d, t in words.DISPOSITIONS.items()],
        covered=covered(record),
        by_hand=[r for r in record.header.pack.requirements.values() if r.automation != "automated"],
        words=words,
        ui=PAGE,
    )


def page(template: str, **values: object) -> str:
    """A page of our own style and script, under a policy that lets it load nothing."""
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template(template)
        .render(
            policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'",
            style=_markup(style),
            script=_markup(script),
            **values,
        )
    )


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - our own files, and charts, which escape every text they are given


@cache
def _asset(name: str) -> str:
    return (files("conformance.report") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    def harmless(value: object) -> object:
        return clean(value, lines=True, longest=LONGEST_JSON + 1) if type(value) is str else value

    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, unit=unit_words, short=facts.short, percent=_percent)
    return environment


def _percent(share: float) -> str:
    return f"{number(share * 100, places=2)} %"


def _median(record: Record, rule: str) -> float:
    values = sorted(v for _, v in record.margins.get(rule, ()) if known(v))
    return values[len(values) // 2] if values else 0.0


def _section(record: Record, finding: Finding, largest: float) -> Section:
    pack = record.header.pack
    rule = pack.rules.get(finding.rule)
    points = record.margins.get(finding.rule, ())
    why, mend = facts.doubt(finding) or (None, None)
    margin = finding.worst.margin if finding.worst else None
    figures = rule.parameters.items() if rule else ()
    return Section(
        finding=finding,
        anchor=f"rule-{finding.number}",
        rule=rule,
        requirements=tuple(pack.requirements[r] for r in finding.requirements if r in pack.requirements),
        figures=tuple((name, f) for name, f in figures if isinstance(f, Figure)),
        margin=margin_words(margin),
        at=at_words(margin),
        why=why,
        mend=mend,
        strip=_markup(charts.strip([v for _, v in points], largest=largest, label=margin_words(margin).en)),
        picture=_distribution(record, finding, points),
        cases=tuple(_shown(record, finding, w, heading) for w, heading in _witnesses(finding)),
        table=_table(finding.rows),
        formula=_formula(rule) if rule else "",
        counts=tuple((words.COUNTS[n], v) for n in words.COUNTS if (v := getattr(finding.counts, n)) or n == "failed"),
        search=" ".join([finding.rule, finding.title.en, finding.title.zh, *finding.requirements]).lower(),
    )


def _formula(rule: Rule) -> str:
    """What a rule says, as it stands in its file."""
    lines = [f"of: {rule.of.text}"] if rule.of else []
    lines += [f"where: {rule.where.text}"] if rule.where else []
    for step in rule.chain:
        window = f" every {step.every}" if step.every else ""
        lines.append(f"{step.take}{window} by {', '.join(step.by) or '-'}, coverage {step.coverage}")
    if rule.machine:
        lines += [f"{', '.join(t.of)} -- {t.on} -> {t.to}" for t in rule.machine.transitions]
    if rule.relation:
        lines.append(" ".join(filter(None, [rule.relation.transform, rule.relation.path, rule.relation.amount])))
    return "\n".join([*lines, *([rule.require.text] if rule.require else [])])


def _table(rows: tuple[Witness, ...]) -> Table | None:
    if not rows or not rows[0].row:
        return None
    names = tuple(clean(name, longest=40) for name in (*rows[0].row, *rows[0].values))
    lines = tuple(
        (tuple(number(v) for v in (*row.row.values(), *row.values.values())), margin_words(row.margin)) for row in rows
    )
    return Table(names, lines)


def _witnesses(finding: Finding) -> list[tuple[Witness, Text]]:
    if finding.rows:
        return []
    if finding.worst is None:
        return [(finding.smallest, PAGE["smallest"])] if finding.smallest else []
    worst = (finding.worst, PAGE["worst_case"])
    if finding.smallest is None or finding.smallest.case == finding.worst.case:
        return [worst]
    return [(finding.smallest, PAGE["smallest"]), worst]


def _distribution(record: Record, finding: Finding, points: Sequence[tuple[int, float]]) -> Picture | None:
    judged = finding.nominal
    nominal = judged.margin.normalised.low if judged and judged.margin else None

    def drawn(lang: Language) -> Markup:
        name = f"margins-{finding.number}-{lang}"
        return _markup(charts.margins(points, record.stages, name=name, nominal=nominal, lang=lang))

    en = drawn("en")
    return Picture(PAGE["margins"], en, drawn("zh")) if en else None


def _shown(record: Record, finding: Finding, witness: Witness, heading: Text) -> Shown:
    met = finding.outcome is Outcome.PASSED
    exchange: list[tuple[Text, JSON]] = [(PAGE["request"], witness.request), (PAGE["response"], witness.response)]
    exchange.append((PAGE["compliant"], witness.oracle_response))
    if witness.varied is not None and (done := facts.relation_words(record, finding, witness)) is not None:
        title = Text(f"{PAGE['varied_request'].en}: {done.en}", f"{PAGE['varied_request'].zh}：{done.zh}")
        exchange += [(title, witness.varied.request), (PAGE["varied_response"], witness.varied.response)]
        exchange.append((PAGE["varied_compliant"], witness.varied.oracle_response))
    return Shown(
        witness=witness,
        heading=heading,
        margin=margin_words(witness.margin),
        at=at_words(witness.margin),
        rows=tuple(_row(change) for change in witness.changed),
        pictures=tuple(_drawn(record, finding, witness)),
        again=facts.replay(record, witness),
        exchange=() if met else tuple((title, spread(body)) for title, body in exchange if body is not None),
    )


def _row(change: Change) -> Row:
    label = change.label or Text(change.path, change.path)
    return Row(label, number(change.nominal), number(change.value), change.unit or "")


def _drawn(record: Record, finding: Finding, witness: Witness) -> list[Picture]:
    pictures: list[Picture] = []
    decided = tuple(element for _, element in witness.margin.at) if witness.margin else ()
    for view in facts.views(record.header.pack, finding.rule):
        system = facts.elements(view, facts.answered(witness))
        oracle = facts.elements(view, facts.compliant(witness)) if witness.oracle_derived else []
        both: Mapping[Language, Markup] = {
            lang: _markup(
                charts.bars(
                    system,
                    oracle,
                    name=f"view-{finding.number}-{witness.case}-{len(pictures)}-{lang}",
                    title=view.title.in_(lang),
                    unit=view.unit,
                    decided=decided,
                    lang=lang,
                )
            )
            for lang in ("en", "zh")
        }
        if both["en"]:
            unit = unit_words(view.unit)
            title = Text(f"{view.title.en}, {unit.en}", f"{view.title.zh}，{unit.zh}")
            pictures.append(Picture(title, both["en"], both["zh"]))
    return pictures


def spread(value: JSON) -> str:
    """JSON for reading: one line for each element of a list of objects, cut to `LONGEST_JSON` characters."""

    def lines(item: JSON, depth: int) -> str:
        flat = json.dumps(item, ensure_ascii=False)
        if len(flat) <= 100 or not isinstance(item, dict | list) or depth > 8:
            return flat[:LONGEST_JSON]
        inner = "  " * (depth + 1)
        if isinstance(item, dict):
            held = [f"{json.dumps(k, ensure_ascii=False)}: {lines(v, depth + 1)}" for k, v in item.items()]
            return "{\n" + ",\n".join(inner + h for h in held) + "\n" + "  " * depth + "}"
        held = [json.dumps(v, ensure_ascii=False)[:LONGEST_JSON] for v in item]
        return "[\n" + ",\n".join(inner + h for h in held) + "\n" + "  " * depth + "]"

    text = lines(value, 0)
    return text if len(text) <= LONGEST_JSON else text[:LONGEST_JSON] + "…"
