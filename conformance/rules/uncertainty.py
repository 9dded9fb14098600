"""The uncertainty that a rule states for its measured margins."""

from __future__ import annotations

from conformance.model.quantity import convert, unit
from conformance.model.standard import Figure, Rule
from conformance.rules.margin import Atom


def uncertainty_of(rule: Rule, atom: Atom) -> tuple[float | None, float | None]:
    """Default and maximum of the expanded uncertainty, in the unit of ``atom``; None where the rule states none."""
    if rule.uncertainty is None:
        return None, None

    def converted(figure: Figure) -> float:
        return convert(float(figure.value), unit(figure.unit or "1"), unit(atom.unit))

    return converted(rule.uncertainty.default), converted(rule.uncertainty.maximum)
