"""Checked documents to model values; nothing here looks outside its own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from conformance.errors import Position, Problem, Refused, Text
from conformance.errors.packs import (
    BadDate,
    BadRow,
    BadZone,
    NoDirection,
    NoUncertainty,
    OtherUnit,
    RowsOverlap,
    WordWithUnit,
)
from conformance.model.days import Span, is_day
from conformance.model.json import JSON
from conformance.model.outcome import Obligation, Outcome, Severity
from conformance.model.quantity import ONE, Unit, UnknownUnit, convert, quantity, unit
from conformance.model.standard import (
    DATE,
    Attested,
    Evidence,
    Example,
    Expression,
    Figure,
    Join,
    LimitLookup,
    LimitRow,
    LimitTable,
    Machine,
    Mapped,
    Profile,
    Relation,
    Requirement,
    Rule,
    Source,
    Status,
    Step,
    Transition,
    Uncertainty,
)  # fmt: skip
from conformance.packs.document import Document, Path
from conformance.packs.rows import fits, overlap
from conformance.packs.tables import is_zone


class Values:
    """Makes the values of one document, and collects what is wrong with them."""

    def __init__(self, document: Document) -> None:
        """Read from ``document``, whose form has been checked."""
        self.document = document
        self.problems: list[Problem] = []

    def sources(self) -> list[Source]:
        """The sources of requirements.yaml."""
        return [self._source(v, ("sources", i)) for i, v in enumerate(self.document.value["sources"])]

    def _source(self, value: Mapping[str, Any], path: Path) -> Source:
        return Source(
            id=value["id"], kind=value["kind"], title=text(value["title"]), number=value.get("number"),
            edition=value.get("edition"), clause=value.get("clause"), status=Status(value["status"]),
            note=maybe_text(value.get("note")), position=self.document.position((*path, "id")),
        )  # fmt: skip

    def requirements(self) -> list[Requirement]:
        """The requirements of requirements.yaml."""
        return [self._requirement(v, ("requirements", i)) for i, v in enumerate(self.document.value["requirements"])]

    def _requirement(self, value: Mapping[str, Any], path: Path) -> Requirement:
        maps = tuple(
            Mapped(m["document"], m.get("edition"), m.get("clause"), m["relation"], Status(m["status"]))
            for m in value.get("maps", ())
        )
        return Requirement(
            id=value["id"], clause=value.get("clause"), obligation=Obligation(value["obligation"]),
            text=text(value["text"]), text_kind=value["text_kind"], sources=tuple(value["sources"]),
            automation=value["automation"], reason=maybe_text(value.get("reason")), maps=maps,
            position=self.document.position((*path, "id")),
        )  # fmt: skip

    def rule(self) -> Rule:
        """The rule of a rule file."""
        value = self.document.value
        parameters: dict[str, Figure | LimitLookup] = {}
        for name, given in value.get("parameters", {}).items():
            path: Path = ("parameters", name)
            if "limits" in given:
                by = {k: e for k in given["by"] if (e := self._expression((*path, "by", k)))}
                parameters[name] = LimitLookup(given["limits"], by)
            else:
                parameters[name] = self.figure(given, path)
        uncertainty = None
        if stated := value.get("uncertainty"):
            default, maximum = (self.figure(stated[k], ("uncertainty", k)) for k in ("default", "maximum"))
            uncertainty = Uncertainty(default, maximum)
        if (uncertainty is None) == (value.get("decision") == "guarded"):
            place = "uncertainty" if uncertainty else "decision"
            self.problems.append(NoUncertainty(position=self.document.key((place,))))
        scale = value.get("scale")
        for key, shown in scale.items() if isinstance(scale, dict) else [("", scale)] if scale is not None else []:
            self.quantity(shown, ("scale", key) if key else ("scale",))
        return Rule(
            id=value["id"], title=text(value["title"]), requirements=tuple(value["requirements"]),
            status=value["status"], severity=Severity(value["severity"]), applies_to=value.get("applies_to", ""),
            require=self._expression(("require",)), parameters=parameters,
            when=self._expression(("when",)), vacuous_unless=self._expression(("vacuous_unless",)),
            scale=scale, decision=value.get("decision", "simple"), uncertainty=uncertainty,
            of=self._expression(("of",)), where=self._expression(("where",)),
            chain=tuple(self._step(s, ("chain", i)) for i, s in enumerate(value.get("chain", ()))),
            gap=value.get("gap"),
            joins={
                name: Join(j.get("table"), j.get("on", {}), j.get("document"), self.document.key(("joins", name)))
                for name, j in value.get("joins", {}).items()
            },
            machine=self._machine(value["machine"]) if "machine" in value else None,
            relation=self._relation(value["relation"]) if "relation" in value else None,
            attested=self._attested(value["attested"]) if "attested" in value else None,
            capability=value.get("capability"), kills=tuple(value.get("kills", ())),
            examples=tuple(self._example(e, ("examples", i)) for i, e in enumerate(value.get("examples", ()))),
            note=maybe_text(value.get("note")), position=self.document.position(("id",)),
        )  # fmt: skip

    def _step(self, value: Mapping[str, Any], path: Path) -> Step:
        return Step(
            take=value["take"], by=tuple(value.get("by", ())), every=value.get("every"),
            coverage=value.get("coverage", "100 %"), position=self.document.position((*path, "take")),
        )  # fmt: skip

    def _machine(self, value: Mapping[str, Any]) -> Machine:
        transitions = []
        for i, given in enumerate(value["transitions"]):
            of = given["from"]
            condition = self._expression(("machine", "transitions", i, "when"))
            states = (of,) if isinstance(of, str) else tuple(of)
            transitions.append(Transition(states, given["event"], given["to"], condition))
        place = self.document.key(("machine",))
        return Machine(value["event"], tuple(value["by"]), value["start"], tuple(transitions), place)

    def _relation(self, value: Mapping[str, Any]) -> Relation:
        place = self.document.position(("relation", "path"))
        return Relation(value["transform"], value["path"], value.get("amount"), place)

    def _attested(self, value: Mapping[str, Any]) -> Attested:
        self.quantity(value["validity"], ("attested", "validity"))
        return Attested(text(value["question"]), tuple(value["evidence"]), value["validity"])

    def _example(self, value: Mapping[str, Any], path: Path) -> Example:
        if "margin" in value:
            self.quantity(value["margin"], (*path, "margin"))
        place = self.document.position((*path, "name"))
        return Example(
            name=value["name"], expect=Outcome(value["expect"]), request=value.get("request"),
            response=value.get("response"), derived=value.get("derived", {}),
            tables={name: tuple(rows) for name, rows in value.get("tables", {}).items()},
            documents=value.get("documents", {}), base=value.get("base"), varied=value.get("varied"),
            margin=value.get("margin"), reason=value.get("reason"), decision=value.get("decision"), position=place,
        )  # fmt: skip

    def _expression(self, path: Path) -> Expression | None:
        if path not in self.document.scalars:
            return None
        try:
            return self.document.expression(path)
        except Refused as refused:
            self.problems.extend(refused.problems)
            return None

    def limits(self, name: str) -> LimitTable:
        """The table of a limits file."""
        value = self.document.value
        whole = self.unit(value["unit"], ("unit",))
        rows: list[LimitRow] = []
        for i, given in enumerate(value["rows"]):
            path: Path = ("rows", i)
            shown = {"unit": value["unit"], "stricter": value["stricter"], "tailoring": value["tailoring"], **given}
            figure = self.figure(shown, path)
            if "unit" in given and whole is not None:
                figure = self._converted(figure, whole, value["unit"], (*path, "unit"))
            start, end = self.effective(given, path)
            chosen = {name: given.get(name, {}) for name in ("eq", "over", "upto", "since", "before")}
            row = LimitRow(figure, **chosen, effective_from=start, effective_to=end)
            dates = [(p, k) for p in ("eq", "since", "before") for k in chosen[p] if value["keys"].get(k) == DATE]
            if not self._days({(*path, part, key): str(chosen[part][key]) for part, key in dates}):
                continue
            if not fits(row, value["keys"]):
                self.problems.append(BadRow(keys=", ".join(value["keys"]), position=self.document.position(path)))
            elif clash := next((r for r in rows if fits(r, value["keys"]) and overlap(r, row, value["keys"])), None):
                first = clash.figure.position.line if clash.figure.position else 0
                self.problems.append(RowsOverlap(first=first, position=self.document.position(path)))
            rows.append(row)
        for key, symbol in value["keys"].items():
            if symbol not in (None, DATE):
                self.unit(symbol, ("keys", key))
        return LimitTable(name, text(value["title"]), value["unit"], value["keys"], tuple(rows))

    def _converted(self, figure: Figure, to: Unit, symbol: str, path: Path) -> Figure:
        of = self.unit(figure.unit or "1", path)
        if of is None or isinstance(figure.value, str | bool):
            return figure
        if not of.comparable(to):
            place = self.document.position(path)
            self.problems.append(OtherUnit(name=str(path[-1]), found=of.symbol, needed=symbol, position=place))
            return figure
        return evolve(figure, value=convert(figure.value, of, to), unit=symbol)

    def profile(self, name: str) -> Profile:
        """The profile of a profile file; names of rules and parameters stand as in the file."""
        value = self.document.value
        if "zone" in value and not is_zone(value["zone"]):
            self.problems.append(BadZone(zone=value["zone"], position=self.document.position(("zone",))))
        effective = self.effective()
        settings: dict[str, Figure] = {}
        for target, given in value.get("set", {}).items():
            path: Path = ("set", target)
            # Direction and tailoring come from the parameter that is set; an unstated status from its source.
            shown = {"stricter": "none", "tailoring": "free", "status": Status.UNVERIFIED, **given}
            settings[target] = self.figure(shown, path)
        return Profile(
            name=name, title=text(value["title"]), extends=value.get("extends"),
            include=tuple(value["include"]) if "include" in value else None,
            exclude={e["rule"]: text(e["reason"]) for e in value.get("exclude", ())}, set=settings,
            effective_from=effective[0], effective_to=effective[1], zone=value.get("zone"),
            decision=value.get("decision"), evidence=evidence(value.get("evidence")), position=self.document.position(),
        )  # fmt: skip

    def _days(self, days: Mapping[Path, str]) -> bool:
        """Whether all ``days`` exist, by their place; those that do not are collected."""
        wrong = {path: day for path, day in days.items() if not is_day(day)}
        self.problems += [BadDate(text=day, position=self.document.position(path)) for path, day in wrong.items()]
        return not wrong

    def effective(self, of: Mapping[str, Any] | None = None, path: Path = ()) -> Span:
        """First day in force, and first day on which it no longer is; ``of`` the part at ``path``, or the document."""
        given: Mapping[str, str] = (self.document.value if of is None else of).get("effective", {})
        sound = self._days({(*path, "effective", key): day for key, day in given.items()})
        start, end = given.get("from"), given.get("to")
        if sound and start and end and start >= end:
            place = self.document.position((*path, "effective", "to"))
            self.problems.append(BadDate(text=f"{start} .. {end}", position=place))
        return start, end

    def figure(self, value: Mapping[str, Any], path: Path) -> Figure:
        """The figure at ``path``; its position is that of the value itself."""
        amount = value["value"]
        number = isinstance(amount, int | float) and not isinstance(amount, bool)
        symbol = value.get("unit")
        place = self.document.position((*path, "value"))
        if number != (symbol is not None) or (not number and value["stricter"] != "none"):
            self.problems.append(WordWithUnit(name=str(path[-1]), position=place))
        elif value["tailoring"] == "only-stricter" and value["stricter"] == "none":
            self.problems.append(NoDirection(name=str(path[-1]), position=place))
        if symbol is not None:
            self.unit(symbol, (*path, "unit"))
        return Figure(
            value=float(amount) if number else amount, unit=symbol, stricter=value["stricter"],
            tailoring=value["tailoring"], source=value["source"], status=Status(value["status"]),
            clause=value.get("clause"), position=place,
        )  # fmt: skip

    def unit(self, symbol: str, path: Path) -> Unit | None:
        """The unit at ``path``; an unknown one is collected and gives None."""
        try:
            return unit(symbol)
        except UnknownUnit as problem:
            self.problems.append(evolve(problem, position=self._unit_place(path)))
            return None

    def quantity(self, shown: str, path: Path) -> tuple[float, Unit]:
        """The quantity at ``path``; an unknown unit is collected."""
        try:
            return quantity(shown)
        except UnknownUnit as problem:
            self.problems.append(evolve(problem, position=self.document.position(path)))
            return 1.0, ONE

    def _unit_place(self, path: Path) -> Position:
        return self.document.values.get(path) or self.document.position(path)


def text(value: Mapping[str, str]) -> Text:
    """A text in both languages, without the line break that a block leaves at its end."""
    return Text(value["en"].strip(), value["zh"].strip())


def maybe_text(value: Mapping[str, str] | None) -> Text | None:
    """`text`, or None."""
    return text(value) if value is not None else None


def evidence(value: Mapping[str, JSON] | None) -> Evidence | None:
    """What a pass must rest on, where the file says so."""
    return Evidence(value["failure_rate"], value["confidence"]) if value is not None else None
