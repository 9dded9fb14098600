"""The rule language: parse, check, evaluate."""

from conformance.rules.parse import parse
from conformance.rules.printer import text
from conformance.rules.program import Program, compile_rule, derive

__all__ = ["Program", "compile_rule", "derive", "parse", "text"]
