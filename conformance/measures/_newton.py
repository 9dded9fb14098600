"""AC power flow by Newton-Raphson in polar form on dense arrays."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from conformance.measures._network import Complexes, Indices, Reals

TOLERANCE = 1e-8
"""pu: largest power mismatch of a solution."""
ITERATIONS = 30


@frozen(eq=False)
class Solution:
    """Bus voltages (n, complex pu); ``converged`` False when the equations have no solution that was found."""

    voltage: Complexes
    converged: bool
    iterations: int


def sensitivities(admittance: Complexes, voltage: Complexes) -> tuple[Complexes, Complexes]:
    """(n, n) derivatives of the complex bus injections by voltage angle (rad) and by voltage magnitude (pu)."""
    current = admittance @ voltage
    inner = admittance * voltage
    by_angle = -1j * voltage[:, None] * inner.conj()
    by_angle[np.diag_indices(len(voltage))] += 1j * voltage * current.conj()
    unit = voltage / np.abs(voltage)
    by_magnitude = voltage[:, None] * (admittance * unit).conj()
    by_magnitude[np.diag_indices(len(voltage))] += current.conj() * unit
    return by_angle, by_magnitude


def jacobian(admittance: Complexes, voltage: Complexes, *, angles: Indices, magnitudes: Indices) -> Reals:
    """Derivatives of P at buses ``angles`` and Q at buses ``magnitudes`` by the angle and magnitude there."""
    by_angle, by_magnitude = sensitivities(admittance, voltage)
    return np.block([
        [by_angle.real[np.ix_(angles, angles)], by_magnitude.real[np.ix_(angles, magnitudes)]],
        [by_angle.imag[np.ix_(magnitudes, angles)], by_magnitude.imag[np.ix_(magnitudes, magnitudes)]],
    ])  # fmt: skip


def solve_ac(admittance: Complexes, injection: Complexes, start: Complexes, *, angles: Indices,
             magnitudes: Indices) -> Solution:  # fmt: skip
    """Bus voltages at which the network takes ``injection`` (n, complex pu).

    ``start`` gives the first guess, and the voltages that are held: the angle is unknown at buses ``angles``, the
    magnitude at buses ``magnitudes``. Never raises and never warns; at most `ITERATIONS` steps.
    """
    voltage = start.copy()
    magnitude, angle = np.abs(voltage), np.angle(voltage)
    split = len(angles)
    with np.errstate(all="ignore"):
        for step in range(ITERATIONS + 1):
            mismatch = voltage * (admittance @ voltage).conj() - injection
            residual = np.concatenate([mismatch.real[angles], mismatch.imag[magnitudes]])
            worst = np.max(np.abs(residual), initial=0.0)
            if worst <= TOLERANCE:
                return Solution(voltage, True, step)
            if step == ITERATIONS or not np.isfinite(worst):
                break
            try:
                change = np.linalg.solve(jacobian(admittance, voltage, angles=angles, magnitudes=magnitudes), residual)
            except np.linalg.LinAlgError:
                break
            angle[angles] -= change[:split]
            magnitude[magnitudes] -= change[split:]
            voltage = magnitude * np.exp(1j * angle)
    return Solution(voltage, False, step)
