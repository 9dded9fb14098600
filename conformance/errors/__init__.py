"""One frozen class per failure: stable code, position, hint; English and Chinese texts."""

from conformance.errors.base import Language, Position, Problem, Refused, Text, columns, kinds

__all__ = ["Language", "Position", "Problem", "Refused", "Text", "columns", "kinds"]
