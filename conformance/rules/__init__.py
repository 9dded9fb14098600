"""The rule language: parse, check, evaluate."""

from conformance.rules.parse import parse
from conformance.rules.printer import text
from conformance.rules.program import Program, compile_rule, compile_rules, derive
from conformance.rules.relations import Variation, variation

__all__ = ["Program", "Variation", "compile_rule", "compile_rules", "derive", "parse", "text", "variation"]
