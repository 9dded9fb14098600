"""Whether defects fit the reference that they are put into, and what one makes of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve

from conformance.errors import Problem, Text
from conformance.errors.systems import BadDefect
from conformance.model.standard import Document, Pack
from conformance.model.system import System
from conformance.packs.forms import suggestion
from conformance.packs.validate import validator
from conformance.systems.defect import Defect
from conformance.systems.documents import OpenedDocument
from conformance.systems.operators import PREVIOUS, TIME, apply
from conformance.systems.simulator import has_simulator
from conformance.systems.tables.misfits import misfits_of

_WIRE = Text("there is no reference system to call", "没有可供调用的参考系统")
_NOTHING = Text("there is no reference that recorded anything", "没有带记录的参考系统")
_NO_SIMULATOR = Text("a fault needs a simulate.py beside the system file", "fault 需要系统文件旁有 simulate.py")
_UNKNOWN = Text("the reference records no {root!r}{near}", "参考系统没有记录 {root!r}{near}")
_WHOLE = Text(
    "a document changes as a whole: it takes no rate, length, values or trigger",
    "文档整体改变，不接受 rate、length、values、trigger",
)
_NO_MEANING = Text("operator {operator} means nothing on a document", "算子 {operator} 对文档没有意义")


def misfits(defects: Iterable[Defect], pack: Pack, *, called: bool, recorded: System | None) -> list[Problem]:
    """What of ``defects`` does not fit the reference, which can be ``called``, or ``recorded`` something, or both."""
    return [
        BadDefect(defect=defect.id, fault=fault, position=defect.position)
        for defect in defects
        for fault in _faults(defect, pack, called, recorded)
    ]


def _faults(defect: Defect, pack: Pack, called: bool, recorded: System | None) -> Iterator[Text]:
    root, operator = defect.place.root, defect.operator or ""
    if not defect.recorded:
        yield from () if called else (_WIRE,)
    elif recorded is None:
        yield _NOTHING
    elif defect.fault is not None and not has_simulator(recorded):
        yield _NO_SIMULATOR
    elif defect.fault is not None and defect.implicit is None:
        return  # it may show anywhere
    elif root in recorded.tables:
        yield from misfits_of(defect, pack.tables[root]) if defect.fault is None else ()
    elif root not in recorded.documents:
        yield _UNKNOWN.format(root=root, near=suggestion(root, (*recorded.tables, *recorded.documents)))
    elif operator in PREVIOUS | TIME:
        yield _NO_MEANING.format(operator=operator)
    elif defect.rate < 1 or defect.length > 1 or defect.values or defect.trigger:
        yield _WHOLE


def spoil_document(opened: OpenedDocument, document: Document, defect: Defect) -> OpenedDocument:
    """``opened`` as if it had been written with ``defect``, an operator at a place in it."""
    body = apply(
        defect.operator or "", defect.place, opened.body, amount=defect.amount, value=defect.value, other=defect.other
    )
    disliked = ((c.pointer or "/", c.message) for c in validator(document.schema)(body))
    complaints = tuple(Text(f"{place} {message.en}", f"{place} {message.zh}") for place, message in disliked)
    return evolve(opened, body=body, complaints=complaints)
