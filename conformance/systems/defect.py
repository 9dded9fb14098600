"""Defects that are put into a good system, to prove that the rules find them: at the wire, or in what it recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path

from attrs import evolve, field, frozen

from conformance.errors import Position, Refused, Text
from conformance.errors.systems import BadDefect
from conformance.model.json import JSON, digest, encode, is_finite_number
from conformance.model.run import Answer, Reply
from conformance.packs import read_yaml
from conformance.packs.forms import check
from conformance.systems import causes
from conformance.systems.operators import NEEDS, PREVIOUS, TIME, apply
from conformance.systems.paths import WIRE, Place, parse_place
from conformance.systems.session import Hello, Session


@frozen
class Trigger:
    """A defect that shows only where a number of the request, or in a column, is large."""

    place: Place
    over: float

    def fires(self, request: JSON) -> bool:
        """Whether a number at the place is over the threshold."""
        values = (container[key] for container, key in self.place.slots(request))
        return any(is_finite_number(value) and value > self.over for value in values)


@frozen(kw_only=True)
class Defect:
    """One defect: an operator at a place, on a share of the requests or rows; or a system or recording of its own."""

    id: str
    title: Text
    operator: str | None = None
    place: Place = field(factory=lambda: Place("response", ()))
    amount: float = 1.0
    """Factor, offset, bound or seconds, by the operator."""
    value: JSON = None
    other: str | None = None
    """The sibling field to swap with, or to copy from."""
    values: tuple[JSON, ...] = ()
    """Two values of a column: they change places, or the first becomes the second."""
    rate: float = 1.0
    length: int = 1
    """Of rows: so many that follow each other are affected together."""
    trigger: Trigger | None = None
    system: str | None = None
    """Folder of a system file, where no operator can express the defect."""
    fault: str | None = None
    """What the simulator of the recorded reference is told, where no operator can express the defect."""
    implicit: str | None = None
    """`answers`, `response-valid`, `rows-valid` or `valid`: which of the rules that stand in no file finds it."""
    position: Position | None = field(default=None, eq=False)

    @property
    def recorded(self) -> bool:
        """Whether it is put into what was recorded, and not into what goes over the wire."""
        return self.fault is not None or self.place.root not in WIRE

    @property
    def remembers(self) -> bool:
        """Whether what it does depends on the call before."""
        return self.operator in PREVIOUS

    @property
    def scalable(self) -> bool:
        """Whether `at` makes it smaller."""
        return self.operator in _SMALLER

    def at(self, size: float) -> Defect:
        """The same defect, ``size`` times as large: 1 as it stands, towards 0 no defect. Raises ValueError."""
        if size <= 0:
            raise ValueError("the size of a defect is above 0")
        smaller = _SMALLER.get(self.operator or "")
        return evolve(self, amount=smaller(self.amount, size)) if smaller else self

    def affects(self, request: JSON) -> bool:
        """Whether ``request`` is of the share that is affected; always the same for the same request."""
        if self.trigger is not None and not self.trigger.fires(request):
            return False
        chosen = hashlib.sha256(f"{self.id}\0{digest(request)}".encode()).digest()
        return int.from_bytes(chosen[:8], "big") < self.rate * 2**64


_SMALLER: dict[str, Callable[[float, float], float]] = {
    # a factor by its logarithm, so that half of "1000 times" is "32 times" and not "500 times"
    "unit_scale": lambda amount, size: amount**size if amount > 0 else 1 + (amount - 1) * size,
    "threshold_offset": lambda amount, size: amount * size,
    "time_shift": lambda amount, size: amount * size,
    "delay": lambda amount, size: amount * size,
    "clip": lambda amount, size: amount / size,
}


class Defective(Session):
    """A system with a defect: a proxy between the harness and a good one. It keeps the call before, so one at a time.

    ``applied`` counts the calls in which something was changed: a defect that never was proves nothing.
    """

    def __init__(self, session: Session, defect: Defect, *, timeout: float = 10.0) -> None:
        """Put ``defect`` between us and ``session``; ``timeout`` in seconds is what a delay is held against.

        Raises ValueError for a defect that has a system or recording of its own.
        """
        if defect.operator is None:
            raise ValueError(f"{defect.id} has a system of its own, or a recording")
        self._session = session
        self._defect = defect
        self._operator = defect.operator
        self._timeout = timeout
        self._last_request: JSON = None
        self._last_response: JSON = None
        self.applied = 0

    def hello(self) -> Hello:
        """What the good system says; its batch is not used, because order matters here."""
        return evolve(self._session.hello(), batch=False)

    def call(self, operation: str, request: JSON) -> Reply:
        """The answer of the defective system."""
        hit = self._defect.affects(request)
        edits = hit and self._operator not in TIME
        shown = self._edited("request", request, self._last_request) if edits else request
        reply = self._session.call(operation, shown)
        if hit and self._operator in TIME:
            return self._late(reply)
        answered = reply.answer is Answer.ANSWERED
        before, body = self._last_response, reply.body
        self._last_request = request
        if answered:
            self._last_response = body
        if not (hit and answered):
            return reply
        edited = self._edited("response", body, before)
        return reply if edited is body else evolve(reply, body=edited, raw=encode(edited))

    def _late(self, reply: Reply) -> Reply:
        """The reply as if it had come later; nobody needs to wait for that."""
        self.applied += 1
        latency = reply.latency_ns + round(self._defect.amount * 1e9)
        if latency > self._timeout * 1e9:
            return Reply(Answer.TIMED_OUT, cause=causes.silent(self._timeout), latency_ns=latency)
        return evolve(reply, latency_ns=latency)

    def _edited(self, side: str, root: JSON, previous: JSON) -> JSON:
        defect = self._defect
        if defect.place.root != side or (self._operator in PREVIOUS and previous is None):
            return root
        changed = apply(
            self._operator,
            defect.place,
            root,
            amount=defect.amount,
            value=defect.value,
            other=defect.other,
            previous=previous,
        )
        if encode(changed) == encode(root):
            return root
        self.applied += 1
        return changed

    def reset(self) -> bool:
        """Reset the good system, and forget the call before."""
        self._last_request = self._last_response = None
        return self._session.reset()

    def close(self) -> None:
        """End the good system."""
        self._session.close()


_WAYS = ("operator", "system", "fault")
_ONE_WAY = Text("needs one of operator, system and fault", "必须且只能给出 operator、system、fault 之一")
_TWICE = Text("the id comes twice", "id 重复")
_LACKS = Text("operator {operator} needs {need!r}", "算子 {operator} 需要字段 {need!r}")
_PATH = Text(
    "operator {operator} needs a path below request or response", "算子 {operator} 需要 request 或 response 之下的路径"
)
_ROOT = Text("{text!r} is no path", "{text!r} 不是有效路径")
_TRIGGER = Text("the trigger must name a number of the request", "trigger 须指 request 中的数值")
_ROWS = Text("{key!r} speaks of the rows of a table", "{key!r} 仅用于表的行")


def read_defects(path: str | PathLike[str]) -> tuple[Defect, ...]:
    """The defects in the YAML file at ``path``. Raises Refused with all its problems."""
    document = read_yaml(path)
    problems = check(document, "defects")
    if problems:
        raise Refused(problems)
    folder = Path(path).parent
    found: list[Defect] = []
    for index, entry in enumerate(document.value):
        position = document.position((index, "id"))
        faults = list(_faults(entry, {defect.id for defect in found}))
        problems += [BadDefect(position=position, defect=entry["id"], fault=fault) for fault in faults]
        if not faults:
            found.append(_defect(entry, folder, position))
    if problems:
        raise Refused(problems)
    return tuple(found)


def _faults(entry: JSON, known: set[str]) -> Iterator[Text]:
    if entry["id"] in known:
        yield _TWICE
    if sum(way in entry for way in _WAYS) != 1:
        yield _ONE_WAY
    trigger = entry.get("trigger", {}).get("path", "request")
    unreadable = [text for text in (entry.get("path"), trigger) if not _is_path(text)]
    yield from (_ROOT.format(text=text) for text in unreadable)
    operator, path = entry.get("operator"), entry.get("path", "")
    on_rows = bool(path) and path not in unreadable and parse_place(path).root not in WIRE
    need = NEEDS.get(operator)
    if need and need not in entry and not (on_rows and need == "other" and "values" in entry):
        yield _LACKS.format(operator=operator, need=need)
    if on_rows:
        return
    if operator and operator not in PREVIOUS | TIME and not {".", "["} & set(path):
        yield _PATH.format(operator=operator)
    if trigger not in unreadable and parse_place(trigger).root != "request":
        yield _TRIGGER
    yield from (_ROWS.format(key=key) for key in ("length", "values") if key in entry)


def _is_path(text: str | None) -> bool:
    try:
        parse_place(text or "response")
    except ValueError:
        return False
    return True


def _defect(entry: JSON, folder: Path, position: Position) -> Defect:
    operator = entry.get("operator")
    whole = "request" if operator == "stale_input" else "response"
    trigger = entry.get("trigger")
    return Defect(
        id=entry["id"],
        title=Text(**entry["title"]),
        operator=operator,
        place=parse_place(entry.get("path", whole)),
        amount=float(entry.get("amount", 1.0)),
        value=entry.get("value"),
        other=entry.get("other"),
        values=tuple(entry.get("values", ())),
        rate=entry.get("rate", 1.0),
        length=entry.get("length", 1),
        trigger=Trigger(parse_place(trigger["path"]), trigger["over"]) if trigger else None,
        system=str(folder / entry["system"]) if "system" in entry else None,
        fault=entry.get("fault"),
        implicit=entry.get("implicit"),
        position=position,
    )
