"""The recursion z[i] = max(y[i], min(x[i], z[i-1])), on which `since` and `until` rest, without a loop over samples.

Each step clamps z between two numbers, and clamps after one another are a clamp again. So blocks of samples are first
reduced to one clamp each, the blocks' ends follow from the same recursion over blocks, then all blocks run side by
side. O(n).
"""

from __future__ import annotations

import numpy as np

from conformance.engines.series._signal import Numbers

WIDTH = 64
"""Samples of a block."""


def latch(x: Numbers, y: Numbers, start: float) -> Numbers:
    """z of each sample (float64, the shape of ``x`` and ``y``, no NaN); ``start`` is z before the first."""
    n = len(x)
    rows = n // WIDTH
    if rows < 4:
        value, found = start, []
        for keeps_one, sets_one in zip(x.tolist(), y.tolist(), strict=True):
            value = max(sets_one, min(keeps_one, value))
            found.append(value)
        return np.array(found, np.float64)
    whole = rows * WIDTH
    keep = np.ascontiguousarray(x[:whole].reshape(rows, WIDTH).T)
    set_ = np.ascontiguousarray(y[:whole].reshape(rows, WIDTH).T)
    least, most = np.full(rows, -np.inf), keep.min(axis=0)
    for keeps, sets in zip(keep, set_, strict=True):
        least = np.maximum(sets, np.minimum(keeps, least))
    last = latch(most, least, start)
    z = np.concatenate(([start], last[:-1]))
    out = np.empty((WIDTH, rows))
    for row, keeps, sets in zip(out, keep, set_, strict=True):
        z = np.maximum(sets, np.minimum(keeps, z), out=row)
    return np.concatenate((out.T.ravel(), latch(x[whole:], y[whole:], float(last[-1]))))
