"""Counterexamples that are kept beside a system file, so that every later run asks them first."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import evolve, field, frozen

from conformance.assess.plan import Plan
from conformance.cases import validator
from conformance.errors import Refused, Text
from conformance.errors.assess import StoredNotWritten
from conformance.errors.evidence import UnknownSite
from conformance.evidence import Folder, read_cases
from conformance.model.convert import from_json, to_json
from conformance.model.json import JSON, digest
from conformance.model.outcome import Outcome
from conformance.model.run import Change, Finding, Record, Stage
from conformance.packs import check_form, read_yaml

SCHEMA = "1"
MOST = 5
"""Counterexamples that are kept of one rule."""
LARGEST = 2 * 2**20
"""Bytes of a file: it is committed, and people read what changed in it."""
_SUFFIX = ".counterexamples.json"

_NO_OPERATION = Text("the system offers no {name}", "系统未提供 {name}")
_OTHER_SITE = Text("the site is another one now, or the line was edited", "站点已变更，或该行被改动过")
_NOT_TAKEN = Text("the request no longer fits the pack: {why}", "请求不再符合标准包：{why}")
_OUT_OF_SPACE = Text("the request lies outside the input space of today", "请求超出现在的输入空间")


@frozen
class Found:
    """When and how a counterexample was found."""

    on: str
    """Day, UTC."""
    tool: str
    seed: str
    mode: str


@frozen
class Stored:
    """A request that broke a rule; of a relation the request before it was changed."""

    pack: str
    operation: str
    rule: str
    found: Found
    sha256: str
    """Of the whole request."""
    request: JSON = field(repr=False)
    """With references in place of what it shares with the site, as in a run record."""
    margin: float | None = None
    """The physical margin then, in ``unit``; None of a rule that has none."""
    unit: str | None = None
    changed: tuple[Change, ...] = ()
    """Where it differs from nominal."""
    fixed_since: str | None = None
    """Day on which it was first seen to pass. It is kept, and asked in every run, as a regression test."""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it this one and no other: rule and digest of the request."""
        return self.rule, self.sha256


@frozen
class Stale:
    """A counterexample that cannot be asked today, and why."""

    of: Stored
    why: Text


def place(system_file: Path | str) -> Path:
    """Where the counterexamples of a system file stand by default: ``system.counterexamples.json`` beside it."""
    return Path(system_file).with_suffix(_SUFFIX)


def read_stored(path: Path | str) -> tuple[Stored, ...]:
    """The counterexamples in the file at ``path``. Raises `Refused` with all its problems and their places."""
    document = read_yaml(path, limit=LARGEST)  # JSON is YAML, and this reader knows where each value stands
    if problems := check_form(document, "counterexamples"):
        raise Refused(problems)
    return tuple(from_json(Stored, case) for case in document.value["cases"])


def write_stored(path: Path | str, stored: Sequence[Stored]) -> None:
    """Write ``stored`` to ``path``, a line for each; fewer of each rule where they would not fit `LARGEST`.

    Raises `StoredNotWritten`.
    """
    texts = (_layout(_newest(stored, most)) for most in range(MOST, 0, -1))
    text = next((t for t in texts if len(t.encode()) <= LARGEST), None)
    if text is None:
        cause = Text(f"more than {LARGEST} bytes", f"超过 {LARGEST} 字节")
        raise StoredNotWritten(file=str(path), cause=cause)
    written = Path(f"{path}.new")
    try:
        written.write_text(text, encoding="utf-8")
        os.replace(written, path)  # whole or not at all
    except OSError as error:
        cause = Text(error.strerror or str(error), error.strerror or str(error))
        raise StoredNotWritten(file=str(path), cause=cause) from error


def with_stored(plan: Plan, stored: Iterable[Stored]) -> tuple[Plan, tuple[Stale, ...]]:
    """``plan`` with the requests among ``stored`` that its pack and system can be asked, and those that they cannot."""
    spaces = {trial.operation.name: trial.space for trial in plan.trials}
    folder = Folder.of(plan.system.site)
    requests: dict[str, dict[str, JSON]] = {}
    stale = []
    for one in stored:
        if one.pack != plan.pack.id:
            continue
        request = whole(one, folder)
        why = obstacle(plan, one.operation, request)
        space = spaces.get(one.operation)
        if why is None and (space is None or space.values(request) is None):
            why = _OUT_OF_SPACE
        if why is not None:
            stale.append(Stale(one, why))
        else:
            requests.setdefault(one.operation, {})[one.sha256] = request
    playable = {operation: tuple(of.values()) for operation, of in requests.items()}
    return evolve(plan, stored=playable), tuple(stale)


def whole(one: Stored, folder: Folder) -> JSON | None:
    """The request itself; None where the site is not the one of then, or the line was edited."""
    try:
        request = folder.unfold(one.request)
        return request if digest(request) == one.sha256 else None
    except (UnknownSite, ValueError):
        return None


def obstacle(plan: Plan, operation: str, request: JSON | None) -> Text | None:
    """Why a stored request can no longer be asked, if so; ``request`` is None where `whole` could not make it whole."""
    trial = next((t for t in plan.trials if t.operation.name == operation), None)
    if trial is None:
        return _NO_OPERATION.format(name=operation)
    if request is None:
        return _OTHER_SITE
    complaint = next(iter(validator(trial.operation.request)(request)), None)
    return None if complaint is None else _NOT_TAKEN.format(why=complaint.message)


def merge(old: Iterable[Stored], record: Record, *, on: str) -> tuple[Stored, ...]:
    """``old`` and what ``record`` found on day ``on``: the shrunk counterexample of each rule.

    Those that were asked again and passed are marked and kept, those that failed again lose the mark. Of one rule at
    most `MOST` stay, those that still fail before the mended ones and newer before older.
    """
    before = {one.key: one for one in old}
    told = _told(record) if any(stage is Stage.STORED for stage in record.stages.values()) else {}
    kept = {key: _seen(one, told.get(key), on) for key, one in before.items()}
    folder = Folder.of(record.header.system.site)
    for finding in record.findings:
        if (new := _found(finding, record, folder, on)) is not None:
            kept[new.key] = evolve(before.get(new.key, new), fixed_since=None)
    return _newest(kept.values(), MOST)


def _told(record: Record) -> dict[tuple[str, str], Outcome]:
    """What each rule says of the stored requests that were asked in this run, by rule and digest."""
    wanted = {Stage.STORED.value, Stage.VARIED.value}
    cases = read_cases(str(record.path), lambda line: line.get("stage") in wanted)
    told: dict[tuple[str, str], Outcome] = {}
    for case, observations in cases.values():
        base = case if case.base is None else cases.get(case.base, (case, []))[0]  # a pair is judged on its later case
        if base.stage is Stage.STORED:
            judged = (j for o in observations if o.of == "system" for j in o.judgements)
            told |= {(j.rule, base.sha256): j.outcome for j in judged}
    return told


def _seen(one: Stored, outcome: Outcome | None, on: str) -> Stored:
    match outcome:
        case Outcome.PASSED:
            return one if one.fixed_since else evolve(one, fixed_since=on)
        case Outcome.FAILED:
            return evolve(one, fixed_since=None)
    return one


def _found(finding: Finding, record: Record, folder: Folder, on: str) -> Stored | None:
    witness = finding.smallest
    if finding.outcome is not Outcome.FAILED or witness is None:
        return None
    header, physical = record.header, witness.margin.physical.low if witness.margin else math.inf
    known = witness.margin is not None and math.isfinite(physical)
    return Stored(
        pack=header.pack.id,
        operation=finding.surface,
        rule=finding.rule,
        found=Found(on, header.tool, header.settings.seed, header.settings.mode),
        sha256=digest(witness.request),
        request=folder.fold(witness.request),
        margin=physical if known else None,
        unit=witness.margin.unit if witness.margin and known else None,
        changed=tuple(evolve(change, label=None) for change in witness.changed),
    )


def _newest(stored: Iterable[Stored], most: int) -> tuple[Stored, ...]:
    """At most so many of each rule, in the order of the file."""
    rules: dict[tuple[str, str], list[Stored]] = {}
    for one in sorted(stored, key=lambda s: (s.found.on, s.sha256), reverse=True):
        rules.setdefault((one.pack, one.rule), []).append(one)
    kept = [one for of in rules.values() for one in sorted(of, key=lambda s: s.fixed_since is not None)[:most]]
    return tuple(sorted(kept, key=lambda s: (s.pack, s.rule, s.found.on, s.sha256)))


def _layout(stored: Iterable[Stored]) -> str:
    lines = ",\n".join(f"  {_line(to_json(one))}" for one in stored)
    return f'{{\n "schema": "{SCHEMA}",\n "cases": [\n{lines}\n ]\n}}\n'


def _line(case: Mapping[str, JSON]) -> str:
    """One case, the request last; no character that cannot be seen."""
    ordered = {key: value for key, value in case.items() if key != "request"} | {"request": case["request"]}
    text = json.dumps(ordered, ensure_ascii=False)
    return "".join(c if c.isprintable() or ord(c) > 0xFFFF else f"\\u{ord(c):04x}" for c in text)
