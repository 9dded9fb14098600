"""What a run tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import field, frozen

from conformance.model.run import Stage


@frozen
class Event:
    """Progress: where the run is, and the smallest normalised margin so far of each rule."""

    operation: str
    stage: Stage
    done: int
    """Cases of all stages so far."""
    planned: int
    """Cases that the budget allows in all."""
    worst: Mapping[str, float] = field(factory=dict)
    broken: frozenset[str] = frozenset()
    """Rules with a counted failure."""


Listener = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """Listens to nothing."""
