"""Limits that the rows of a series look up, all rows at once, as `conformance.rules.limits` looks up one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np

from conformance.engines.series.values import Bad, Number, Word, any_of
from conformance.model.days import is_day
from conformance.rules.engine import Frame, Run
from conformance.rules.limits import Edge, Lookup
from conformance.rules.verdicts import Place


def looked_up(one: Lookup, runs: Mapping[str, Run], frame: Frame) -> tuple[tuple[Bad, Place], ...]:
    """Put the limit of every row into the frame; and where it has none, and why.

    A row without a limit has anything for one, so that the samples that look at it are open.
    """
    keys: dict[str, Any] = {}
    clear: Any = True
    broken: Any = False
    lost: Any = False
    for name, run in runs.items():
        found = run(frame)
        if isinstance(found, Word):
            keys[name], missing = found.value, found.lost
        else:
            keys[name], missing = found.low, found.low != found.high
        broken = broken | (clear & found.bad)
        lost = lost | (clear & np.logical_not(found.bad) & missing)
        clear = clear & np.logical_not(found.bad) & np.logical_not(missing)
    value: Any = np.float64(np.nan)
    for row, days in reversed(list(zip(one.table.rows, one.days, strict=True))):
        match = reduce(
            np.logical_and,
            [
                *(keys[k] == v for k, v in row.eq.items() if k not in days),
                *(keys[k] > v for k, v in row.over.items()),
                *(keys[k] <= v for k, v in row.upto.items()),
                *(_among(keys[k], first, end) for k, (first, end) in days.items()),
            ],
            np.True_,
        )
        value = np.where(match, one.figure(row), value)
    none = clear & np.isnan(value)
    open_ = lost | broken | none
    if np.any(open_):
        frame[one.slot] = Number(np.where(open_, -np.inf, value), np.where(open_, np.inf, value))
    else:
        frame[one.slot] = Number(value, value)
    return (_somewhere(none), "no_limit"), (_somewhere(broken), "not_computable")


def _among(keys: Any, first: Edge, end: Edge) -> Any:
    """Whether instants or dates are in [first, end); a text that is no date is in none."""
    if (np.ndim(keys) and keys.dtype == object) or isinstance(keys, str):
        texts = [keys] if isinstance(keys, str) else keys.tolist()
        known = {t: is_day(t) and (first is None or str(first) <= t) and (end is None or t < str(end))
                 for t in set(texts) if t is not None}  # fmt: skip
        found = np.array([known.get(text, False) for text in texts])
        return found[0] if isinstance(keys, str) else found
    return (True if first is None else keys >= first) & (True if end is None else keys < end)


def _somewhere(mask: Any) -> Bad:
    return any_of(mask) if np.any(mask) else False
