"""What the files of a pack say of each other: names that exist, ids that belong, examples and reasons that stand."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from inspect import Parameter, signature

from attrs import frozen

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.packs import (
    BadArguments,
    BadId,
    DuplicateId,
    NoExample,
    NoReason,
    NoRule,
    RuleOfUntested,
    UnknownName,
)  # fmt: skip
from conformance.measures import registry as measures
from conformance.model.json import JSON
from conformance.model.outcome import Outcome
from conformance.model.quantity import UnknownUnit, quantity
from conformance.model.standard import Derived, Figure, LimitLookup, Pack, Profile, Requirement, Rule, Source, View
from conformance.packs.document import Document, Path
from conformance.packs.forms import listed, suggestion
from conformance.packs.profiles import PROFILE, full_name, tailor
from conformance.packs.schemas import field

SOURCE, REQUIREMENT, RULE = Text("source", "来源"), Text("requirement", "条款"), Text("rule", "规则")
OPERATION, TABLE, KEY = (
    Text("operation", "操作"),
    Text("limits table", "限值表"),
    Text("key of the table", "限值表的键"),
)
MEASURE, CAPABILITY, PARAMETER = Text("measure", "计算量"), Text("capability", "能力"), Text("parameter", "参数")
RECORDED, WRITTEN = Text("recorded table", "记录表"), Text("document", "文档")
SURFACE, SURFACES = Text("operation, table or document", "操作、表或文档"), ("operations", "tables", "documents")
BASE, FIELD, VIEW, EXAMPLE = (
    Text("base case", "基准算例"),
    Text("field", "字段"),
    Text("view", "视图"),
    Text("example", "示例"),
)
_PASSING = Text("that passes", "通过"), Text("add one with `expect: passed`", "请补充一个 `expect: passed` 的示例")
_FAILING = Text("that fails", "不通过"), Text("add one with `expect: failed`", "请补充一个 `expect: failed` 的示例")
_TOUCHING = (
    Text("exactly at its limit", "恰好压限"),
    Text(
        "add one with a margin of 0 in the unit of the limit, such as `margin: 0 MW`",
        "请补充一个裕度为 0 的示例，例如 `margin: 0 MW`",
    ),
)


@frozen
class Read:
    """What was read of a pack. A kind of part is in ``whole`` when none of its files was refused."""

    pack: Pack
    main: Document
    sources: tuple[Source, ...]
    requirements: tuple[Requirement, ...]
    rules: tuple[tuple[Document, Rule], ...]
    limits: Mapping[str, Document]
    profiles: Mapping[str, Document]
    whole: Container[str]
    sound: bool
    """Whether each figure is: only then can profiles be applied to find what they loosen."""


def unknown(kind: Text, name: str, names: Iterable[str], position: Position | None) -> UnknownName:
    """The problem of a ``name`` that is not among ``names``."""
    known = list(names)
    return UnknownName(kind=kind, name=name, suggestion=suggestion(name, known), known=listed(known), position=position)


def inconsistencies(read: Read) -> Iterator[Problem]:
    """Every contradiction between the files of a pack."""
    yield from _ids(read)
    yield from _sources(read)
    for requirement in read.requirements:
        yield from _requirement(requirement, read)
    for document, rule in read.rules:
        yield from _rule(rule, document, read)
    for derived in read.pack.derive.values():
        yield from _derived(derived, read)
    for number, view in enumerate(read.pack.views.values()):
        yield from _view(view, ("views", number), read)
    for kind in read.pack.sites.values():
        named = read.main.value["sites"][kind.name]["bases"]
        if kind.default not in named:
            yield unknown(BASE, kind.default, named, read.main.position(("sites", kind.name, "default")))
    for name, profile in read.pack.profiles.items():
        yield from _profile(profile, read.profiles[name], read)


def _ids(read: Read) -> Iterator[Problem]:
    short = read.pack.short
    groups: tuple[tuple[Text, list[tuple[str, Position | None]]], ...] = (
        (SOURCE, [(s.id, s.position) for s in read.sources]),
        (REQUIREMENT, [(r.id, r.position) for r in read.requirements]),
        (RULE, [(r.id, r.position) for _, r in read.rules]),
    )
    for kind, named in groups:
        for name, place in named:
            if not name.startswith(f"{short}/"):
                yield BadId(id=name, prefix=f"{short}/", position=place)
        yield from _twice(kind, named)
    surfaces = [(n, ("interface", part, n)) for part in SURFACES for n in document_names(read, part)]
    yield from _twice(SURFACE, [(name, read.main.key(path)) for name, path in surfaces])
    views = enumerate(read.main.value.get("views", ()))
    yield from _twice(VIEW, [(v["name"], read.main.position(("views", i, "name"))) for i, v in views])
    for _, rule in read.rules:
        yield from _twice(EXAMPLE, [(e.name, e.position) for e in rule.examples])


def _twice(kind: Text, named: Iterable[tuple[str, Position | None]]) -> Iterator[Problem]:
    first: dict[str, Position | None] = {}
    for name, place in named:
        if name in first:
            yield DuplicateId(kind=kind, id=name, first=str(first[name]), position=place)
        first.setdefault(name, place)


def _sources(read: Read) -> Iterator[Problem]:
    if "requirements" not in read.whole:
        return
    figures: list[tuple[Figure, Document, Path]] = [
        (f, d, ("parameters", n, "source"))
        for d, r in read.rules
        for n, f in r.parameters.items()
        if isinstance(f, Figure)
    ]
    for document, rule in read.rules:
        if rule.uncertainty:
            figures.append((rule.uncertainty.default, document, ("uncertainty", "default", "source")))
            figures.append((rule.uncertainty.maximum, document, ("uncertainty", "maximum", "source")))
    for name, table in read.pack.limits.items():
        figures += [(row.figure, read.limits[name], ("rows", i, "source")) for i, row in enumerate(table.rows)]
    for name, profile in read.pack.profiles.items():
        figures += [(f, read.profiles[name], ("set", t, "source")) for t, f in profile.set.items()]
    for figure, document, path in figures:
        if figure.source not in read.pack.sources:
            yield unknown(SOURCE, figure.source, read.pack.sources, document.position(path))


def _requirement(requirement: Requirement, read: Read) -> Iterator[Problem]:
    for source in requirement.sources:
        if source not in read.pack.sources:
            yield unknown(SOURCE, source, read.pack.sources, requirement.position)
    if requirement.automation != "automated":
        if requirement.reason is None:
            yield NoReason(requirement=requirement.id, automation=requirement.automation, position=requirement.position)
    elif "rules" in read.whole:
        checked = {q for _, r in read.rules if r.status != "withdrawn" and not r.attested for q in r.requirements}
        if requirement.id not in checked:
            yield NoRule(requirement=requirement.id, position=requirement.position)


def _rule(rule: Rule, document: Document, read: Read) -> Iterator[Problem]:
    pack = read.pack
    surfaces = [name for part in SURFACES for name in document_names(read, part)]
    if rule.attested is None and rule.applies_to not in surfaces:
        yield unknown(OPERATION, rule.applies_to, surfaces, document.position(("applies_to",)))
    if rule.capability is not None and rule.capability not in pack.capabilities:
        yield unknown(CAPABILITY, rule.capability, pack.capabilities, document.position(("capability",)))
    for number, name in enumerate(rule.requirements if "requirements" in read.whole else ()):
        place = document.position(("requirements", number))
        found = pack.requirements.get(name)
        if found is None:
            yield unknown(REQUIREMENT, name, pack.requirements, place)
        elif found.automation != ("automated" if rule.attested is None else "manual"):
            yield RuleOfUntested(requirement=name, automation=found.automation, position=place)
    for name, parameter in rule.parameters.items():
        if isinstance(parameter, LimitLookup):
            yield from _lookup(parameter, ("parameters", name), document, read)
    for name, join in rule.joins.items():
        for kind, part, target in ((RECORDED, "tables", join.table), (WRITTEN, "documents", join.document)):
            if target is not None and target not in document_names(read, part):
                yield unknown(kind, target, document_names(read, part), document.key(("joins", name)))
    if rule.attested is None:
        yield from _examples(rule)


def _lookup(lookup: LimitLookup, path: Path, document: Document, read: Read) -> Iterator[Problem]:
    table = read.pack.limits.get(lookup.table)
    if table is None:
        if "limits" in read.whole:
            yield unknown(TABLE, lookup.table, read.pack.limits, document.position((*path, "limits")))
        return
    given = document.value["parameters"][path[-1]]["by"]
    for key in given.keys() - table.keys.keys():
        yield unknown(KEY, key, table.keys, document.key((*path, "by", key)))
    for key in table.keys.keys() - given.keys():
        yield unknown(KEY, f"(no {key})", table.keys, document.key((*path, "by")))


def _examples(rule: Rule) -> Iterator[Problem]:
    has = {e.expect for e in rule.examples}
    lacking = [t for o, t in ((Outcome.PASSED, _PASSING), (Outcome.FAILED, _FAILING)) if o not in has]
    # A rule without a scale is only true or false: it has no limit to touch.
    if rule.scale is not None and not any(_is_zero(e.margin) for e in rule.examples):
        lacking.append(_TOUCHING)
    for kind, hint in lacking:
        yield NoExample(rule=rule.id, kind=kind, hint=hint, position=rule.position)


def _is_zero(margin: str | None) -> bool:
    try:
        return margin is not None and quantity(margin)[0] == 0
    except UnknownUnit:
        return False


def document_names(read: Read, part: str) -> Iterable[str]:
    """The names that pack.yaml gives to the parts of its interface."""
    names: Mapping[str, JSON] = read.main.value["interface"].get(part, {})
    return names


def _derived(derived: Derived, read: Read) -> Iterator[Problem]:
    path: Path = ("derive", derived.name)
    if derived.of not in document_names(read, "operations"):
        yield unknown(OPERATION, derived.of, document_names(read, "operations"), read.main.position((*path, "of")))
    measure = measures.find(derived.measure)
    if measure is None:
        yield unknown(MEASURE, derived.measure, (), read.main.position((*path, "measure")))
    else:
        places = signature(measure.function).parameters.values()
        needed = {p.name for p in places if p.default is Parameter.empty}
        if not needed <= derived.arguments.keys() <= set(measure.arguments):
            expected, given = ", ".join(measure.arguments), ", ".join(derived.arguments)
            yield BadArguments(measure=derived.measure, expected=expected, given=given, position=read.main.key(path))
    operation = read.pack.operations.get(derived.of)
    if operation is not None:
        known = {"request": operation.request, "response": operation.response}
        for argument, target in derived.arguments.items():
            yield from _path(target, known, read.main.position((*path, argument)))


def _path(target: str, known: Mapping[str, JSON], place: Position) -> Iterator[Problem]:
    first, *rest = target.split(".")
    if first not in known:
        yield unknown(FIELD, first, known, place)
    elif field(known[first], tuple(rest)) is None:
        yield unknown(FIELD, target, (), place)


def _view(view: View, path: Path, read: Read) -> Iterator[Problem]:
    pack, main = read.pack, read.main
    for number, rule in enumerate(view.rules if "rules" in read.whole else ()):
        if full_name(pack, rule) not in pack.rules:
            yield unknown(RULE, rule, pack.rules, main.position((*path, "rules", number)))
    first, *rest = view.bars.split(".")
    roots: dict[str, list[JSON]] = {n: [m.result] for n, d in pack.derive.items() if (m := measures.find(d.measure))}
    roots |= {part: [getattr(o, part) for o in pack.operations.values()] for part in ("request", "response")}
    if first not in roots:
        if first not in pack.derive:
            yield unknown(FIELD, first, roots, main.position((*path, "bars")))
        return
    lists = [found for schema in roots[first] if (found := field(schema, tuple(rest))) is not None]
    if not lists and roots[first]:
        yield unknown(FIELD, view.bars, (), main.position((*path, "bars")))
        return
    for key in ("by", "value", "upper", "lower"):
        name = getattr(view, key)
        if isinstance(name, str) and lists and all(field(found, tuple(name.split("."))) is None for found in lists):
            yield unknown(FIELD, name, (), main.position((*path, key)))


def _profile(profile: Profile, document: Document, read: Read) -> Iterator[Problem]:
    pack = read.pack
    if profile.extends is not None and profile.extends not in pack.profiles:
        if "profiles" in read.whole:
            yield unknown(PROFILE, profile.extends, pack.profiles, document.position(("extends",)))
        return
    if "rules" not in read.whole or "limits" not in read.whole:
        return
    named: list[tuple[str, Path]] = [(r, ("include", i)) for i, r in enumerate(profile.include or ())]
    named += [(r, ("exclude", i, "rule")) for i, r in enumerate(profile.exclude)]
    for rule, path in named:
        if full_name(pack, rule) not in pack.rules:
            yield unknown(RULE, rule, pack.rules, document.position(path))
    for target in profile.set:
        name, _, parameter = target.rpartition(".")
        rule_found = pack.rules.get(full_name(pack, name))
        if rule_found is None:
            yield unknown(RULE, name, pack.rules, document.key(("set", target)))
        elif parameter not in rule_found.parameters:
            yield unknown(PARAMETER, parameter, rule_found.parameters, document.key(("set", target)))
    figures = (f for r in pack.rules.values() for f in r.parameters.values())
    if not read.sound or any(isinstance(f, LimitLookup) and f.table not in pack.limits for f in figures):
        return
    try:
        tailor(pack, profile.name, as_of=None)
    except Refused as refused:
        # What an extended profile does wrong is said once, at its own place.
        yield from (p for p in refused.problems if p.position is not None and p.position.file == document.file)
