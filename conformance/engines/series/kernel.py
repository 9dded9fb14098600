"""Temporal operators on margins over time: one numpy kernel.

A `Signal` holds the samples of one ordered group: times in UTC nanoseconds and margins as intervals. The meaning is
quantitative signal temporal logic (O. Maler, D. Nickovic, FORMATS 2004; A. Donze, O. Maler, FORMATS 2010), pointwise
over samples. At each sample, at time t, with samples u in closed windows, so that both ends count:

    always(x, a, b)         u in [t+a, t+b]   least x(u)
    eventually(x, a, b)     u in [t+a, t+b]   greatest x(u)
    held(x, d)              u in [t-d, t]     least x(u)
    until(x, y, a, b)       u in [t+a, t+b]   greatest of min(y(u), least x over [t, u))
    since(x, y)             u <= t            greatest of min(y(u), least x over (u, t])
    elapsed(x)                                ns since the last u <= t at which x held
    rises(x)                                  min(x, -x of the previous sample)
    changed(x)                                infinite: differs from the previous sample or not
    previous(x)                               x of the previous sample
    rate(x, per)                              change since the previous sample, per ``per`` ns
    response_time(x, within)                  ns to the first u >= t at which x holds
    settling_time(x, keep, within)            ns to the first u >= t at which always(x, 0, keep) holds
    rise_time(begun, done, within)            ns between the first u >= t of ``begun`` and that of ``done``

Hysteresis, on at ``set`` and off at ``reset``, is since(not reset, set). ``a`` and ``b`` of always and eventually may
be negative. Quantities of rate, previous and changed, and durations, are in [low, high] like margins. ``not``, ``and``
and ``or`` at each sample are `opposite`, the lesser and the greater margin.

What is missing. Neighbouring samples more than ``gap`` ns apart miss samples in between; so does all that lies before
the first and past the last sample, unless the data are ``whole``. There any number of samples may have been, with any
values. The result is the interval of all that they could have made of it: a window that misses samples may still be
failed (or met, of `eventually`) by the samples that are there, and is never passed because samples are absent. A window
in which there is no sample says nothing, also where none is missing; only at the end of whole data it is met by nothing
and broken by nothing. For windows and `since`, `until` the interval is exact; for nested operators and times it is
sound.

A `Stream` cuts a long group into stretches, each with what its samples look at.
"""

from conformance.engines.series._operators import (
    Latched,
    always,
    changed,
    elapsed,
    eventually,
    held,
    previous,
    rate,
    response_time,
    rise_time,
    rises,
    settling_time,
    since,
    until,
)
from conformance.engines.series._signal import Signal, opposite
from conformance.engines.series._stream import Stream, Stretch

__all__ = [
    "Latched",
    "Signal",
    "Stream",
    "Stretch",
    "always",
    "changed",
    "elapsed",
    "eventually",
    "held",
    "opposite",
    "previous",
    "rate",
    "response_time",
    "rise_time",
    "rises",
    "settling_time",
    "since",
    "until",
]
