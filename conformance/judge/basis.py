"""How well the figures behind a finding are known (decision 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from conformance.model.json import JSON
from conformance.model.outcome import Basis
from conformance.model.standard import Figure, Requirement, Source, Status


def basis(
    figures: Iterable[Figure],
    sources: Mapping[str, Source],
    *,
    request_schema: JSON = None,
    requirements: Iterable[Requirement] = (),
) -> Basis:
    """The weakest basis among what a rule rests on.

    These are its figures, on generated input the bounds of its request schema, and the sources of the requirements that
    it checks: what an expression, a window or a lifecycle says is known no better than they are. Leave
    ``request_schema`` out for recorded input: no bound of ours shaped it. The implicit rules use nothing and are
    normative.
    """
    used = [*figures, *bounds(request_schema), *(f for r in requirements for f in _provisions(r, sources))]
    return Basis.weakest([figure.basis(sources) for figure in used])


def _provisions(requirement: Requirement, sources: Mapping[str, Source]) -> Iterator[Figure]:
    """The wording of a requirement, in each of its sources, as a figure."""
    for name in requirement.sources:
        status = sources[name].status if name in sources else Status.UNVERIFIED
        yield Figure(requirement.id, None, "none", "fixed", name, status, requirement.clause)


def bounds(schema: JSON) -> Iterator[Figure]:
    """The input bounds in a request schema, each as a figure with source and status. Order is that of the schema."""
    if isinstance(schema, Mapping):
        own = schema.get("bounds")
        if isinstance(own, Mapping) and ("lower" in own or "upper" in own):
            yield Figure(
                value=str(own.get("upper")),
                unit=schema.get("unit"),
                stricter="none",
                tailoring="fixed",
                source=str(own.get("source", "")),
                status=_status(own.get("status")),
                clause=own.get("clause"),
            )
        for key, inner in schema.items():
            if key in ("properties", "patternProperties", "$defs") and isinstance(inner, Mapping):
                for named in inner.values():  # a field may be called like one of our annotations
                    yield from bounds(named)
            elif key not in ("bounds", "const", "enum", "examples", "default", "nominal"):  # data, not schemas
                yield from bounds(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from bounds(inner)


def _status(word: object) -> Status:
    """A bound that says nothing of its source is unverified."""
    return next((status for status in Status if status == word), Status.UNVERIFIED)
