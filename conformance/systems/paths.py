"""Places in a request, response or recording: ``response.setpoints[*].p``, ``readings[phase=a].voltage``."""

from __future__ import annotations

import re
from typing import TypeAlias

from attrs import frozen

from conformance.model.json import JSON

_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\*)\]|\[(-?\d+)\]|\[([A-Za-z_]\w*)=([^\]]+)\]")
_ROOT = re.compile(r"([a-z][a-z0-9_-]*)(?=[.\[]|$)")
WIRE = frozenset({"request", "response"})
"""The roots of what goes over the wire; every other is the name of a table or document."""

Slot: TypeAlias = tuple[JSON, str | int]
"""A list or object, and the index or key in it; the value there can be read, replaced and removed."""


@frozen
class Each:
    """All elements of a list, or those whose field ``key`` reads ``value``."""

    key: str | None = None
    value: str | None = None


@frozen
class Place:
    """A path from its root: the request, the response, or a table or document by its name."""

    root: str
    steps: tuple[str | int | Each, ...]

    def slots(self, root: JSON) -> list[Slot]:
        """Every place in ``root`` (such as the request) that the path names; what is not there is left out."""
        found: list[Slot] = [([root], 0)]
        for step in self.steps:
            found = [slot for container, key in found for slot in _inside(container[key], step)]
        return found


def _inside(value: JSON, step: str | int | Each) -> list[Slot]:
    if isinstance(step, str):
        return [(value, step)] if isinstance(value, dict) and step in value else []
    if not isinstance(value, list):
        return []
    if isinstance(step, int):
        return [(value, step % len(value))] if -len(value) <= step < len(value) else []
    return [
        (value, index)
        for index, element in enumerate(value)
        if step.key is None or (isinstance(element, dict) and str(element.get(step.key)) == step.value)
    ]


def parse_place(text: str) -> Place:
    """The place that ``text`` names. Raises ValueError."""
    start = _ROOT.match(text)
    if not start:
        raise ValueError(text)
    steps: list[str | int | Each] = []
    at = start.end()
    while at < len(text):
        match = _STEP.match(text, at)
        if not match:
            raise ValueError(text)
        name, star, index, key, value = match.groups()
        steps.append(name if name else int(index) if index else Each() if star else Each(key, value))
        at = match.end()
    return Place(start[1], tuple(steps))
