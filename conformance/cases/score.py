"""A score: one case that stands for a whole sequence of calls, and the requests that are made of it.

A score is ``{"calls": 60, "ch4": [0.4, ...], "site": ...}``: the fields that vary over the calls have an array with a
value for each call, the others are the same in all of them. It is drawn, hunted and shrunk as any request is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import field, frozen

from conformance.errors import Text
from conformance.model.json import JSON
from conformance.model.quantity import nanoseconds
from conformance.model.standard import Operation, Table

CALLS: Final = "calls"
"""The field of a score that says how many calls it has."""
START: Final = 1_767_225_600_000_000_000
"""The simulated clock begins here: 2026-01-01 in UTC, ns since 1970."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LABEL: Final = Text("number of calls", "调用次数")


@frozen
class Score:
    """How the cases of one trace table become requests to its operation."""

    operation: Operation
    schema: JSON
    """JSON Schema of a score, an input space as that of any request."""
    varying: frozenset[str]
    """Fields with a value for each call."""
    clock: str | None
    """The field of a request that carries the time."""
    every: int
    """Between two calls, ns."""
    of_events: bool
    """Whether the rows of the table are the events of a stream, and not its calls."""
    body: JSON = field(repr=False)
    """JSON Schema of all that comes back: the list of the responses, or of the lists of events."""

    @staticmethod
    def of(table: Table, operation: Operation) -> Score:
        """The score of a ``table`` with a trace, by calls to ``operation``. Both are as `packs.load` admits them."""
        trace = table.trace
        assert trace is not None, "the table has a trace"  # noqa: S101
        properties = {n: of for n, of in operation.request["properties"].items() if isinstance(of, Mapping)}
        clock = next((name for name, of in properties.items() if of.get("clock")), None)
        shown = {name: _over_calls(of, trace.calls) for name, of in properties.items() if name != clock}
        calls = {"type": "integer", "minimum": 1, "maximum": trace.calls, "sequence_length": trace.calls,
                 "label": {"en": _LABEL.en, "zh": _LABEL.zh}}  # fmt: skip
        required = [name for name in operation.request.get("required", ()) if name != clock]
        answer = {"type": "array", "items": operation.response}
        return Score(
            operation=operation,
            schema={**operation.request, "properties": {CALLS: calls, **shown}, "required": [CALLS, *required]},
            varying=frozenset(name for name, of in properties.items() if "over_calls" in of),
            clock=clock,
            every=nanoseconds(table.every or "") or 1,
            of_events=trace.rows == "events",
            body={"type": "array", "items": answer} if operation.stream else answer,
        )

    def requests(self, score: JSON) -> list[JSON]:
        """The requests in their order; of a stream the samples with their times. An array that ends early is held."""
        return [self._request(score, number) for number in range(int(score[CALLS]))]

    def _request(self, score: Mapping[str, JSON], number: int) -> JSON:
        request = {
            name: value[min(number, len(value) - 1)] if name in self.varying else value
            for name, value in score.items()
            if name != CALLS
        }
        if self.clock is not None:
            request[self.clock] = self.time(number)
        return {"time": self.time(number), "sample": request} if self.operation.stream else request

    def time(self, number: int) -> str:
        """The simulated time of a call (from 0), ISO 8601 in UTC."""
        at = START + number * self.every
        moment = _EPOCH + timedelta(microseconds=at // 1000)
        return f"{moment:%Y-%m-%dT%H:%M:%S}" + f".{at % 10**9:09d}".rstrip("0").rstrip(".") + "Z"


def _over_calls(field_: Mapping[str, Any], calls: int) -> Mapping[str, JSON]:
    """The schema of a field in a score: a signal over the calls, if it varies over them."""
    shape = field_.get("over_calls")
    if shape is None:
        return field_
    one = {key: value for key, value in field_.items() if key != "over_calls"}
    signal = {**shape, "length": calls, "upto": CALLS}
    return {"type": "array", "items": one, "signal": signal, "minItems": 1, "maxItems": calls}
