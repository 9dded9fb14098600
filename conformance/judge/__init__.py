"""Pure decisions: evaluations to judgements, judgements to findings, findings to an exit code."""

from conformance.judge.basis import basis, bounds
from conformance.judge.canary import ExampleResult, canaries, examples
from conformance.judge.conclude import bound_of, conclude, confirmed, verdict
from conformance.judge.decide import all_finite, answers, decide, decide_rows, response_valid, when_no_answer
from conformance.judge.indicators import Observed
from conformance.judge.repeats import repeatable, repeats
from conformance.judge.risk import risk
from conformance.judge.rollup import by_hand, decides, disposition, exit_code, requirement_results
from conformance.judge.sequential import Sequential
from conformance.judge.statement import Scope, percent_up, statement
from conformance.judge.statistics import cases_needed, clopper_pearson_upper, zero_failure_bound
from conformance.judge.subject import Claim, Subject, claim, document_valid, implicit, rows_valid, subject
from conformance.judge.tally import Tally, known
from conformance.judge.waive import Waiver, applies, in_force

__all__ = [
    "Claim",
    "ExampleResult",
    "Observed",
    "Scope",
    "Sequential",
    "Subject",
    "Tally",
    "Waiver",
    "all_finite",
    "answers",
    "applies",
    "basis",
    "bound_of",
    "bounds",
    "by_hand",
    "canaries",
    "cases_needed",
    "claim",
    "clopper_pearson_upper",
    "conclude",
    "confirmed",
    "decide",
    "decide_rows",
    "decides",
    "disposition",
    "document_valid",
    "examples",
    "exit_code",
    "implicit",
    "in_force",
    "known",
    "percent_up",
    "repeatable",
    "repeats",
    "requirement_results",
    "response_valid",
    "risk",
    "rows_valid",
    "statement",
    "subject",
    "verdict",
    "when_no_answer",
    "zero_failure_bound",
]
