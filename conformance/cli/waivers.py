"""Reading a waivers file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from attrs import frozen

from conformance.errors import Problem, Refused, Text
from conformance.judge import Waiver
from conformance.packs import check_form, read_yaml


@frozen(kw_only=True)
class BadInstant(Problem):
    """A waiver that does not say when it ends."""

    code = "U008"
    what = Text("{value!r} is no instant with a zone", "{value!r} 不是带时区的时刻")
    why = Text("a waiver must expire, everywhere at the same moment", "豁免必须到期，且各地到期时刻一致")
    mend = Text("write it like 2026-12-31T23:59:59+08:00", "写成 2026-12-31T23:59:59+08:00 的形式")
    value: str


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers in the YAML file at ``path``: a list of rule, reason, approver, until. Raises `Refused`."""
    document = read_yaml(path)
    problems: list[Problem] = list(check_form(document, "waivers"))
    waivers: list[Waiver] = []
    for index, entry in enumerate(() if problems else document.value):
        try:
            until = datetime.fromisoformat(entry["until"])
            waivers.append(Waiver(rule=entry["rule"], reason=entry["reason"], approver=entry["approver"], until=until))
        except ValueError:
            problems.append(BadInstant(position=document.position((index, "until")), value=entry["until"]))
    if problems:
        raise Refused(problems)
    return tuple(waivers)
