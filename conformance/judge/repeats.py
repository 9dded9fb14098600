"""Failing requests that were called again: how often another outcome came, as a finding of its own."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.errors import Text
from conformance.judge.rollup import Command, disposition
from conformance.judge.statement import percent_up
from conformance.judge.statistics import clopper_pearson_upper
from conformance.judge.tally import Tally
from conformance.model.outcome import Basis, Obligation, Outcome, Reason, Severity
from conformance.model.run import Counts, Disposition, Finding, Repeats, Waived
from conformance.model.standard import Pack

_TITLE = Text("The same {} request has the same outcome", "同一 {} 请求的判定结果相同")
_FLIPS = Text(
    "Failing requests were called again {times} times; another outcome came {flips} times. At {confidence} % "
    "confidence at most {upper} % of such repeats have another outcome.",
    "对不符合的请求重复调用 {times} 次，其中 {flips} 次判定结果不同；"
    "在 {confidence} % 置信水平下，此类重复中结果不同的比例不超过 {upper} %。",
)
_BROKEN_WORD = Text(
    "The system file declares the operation to be deterministic.", "而系统描述文件声明该操作是确定性的。"
)


def repeats(tallies: Iterable[Tally], confidence: float) -> Repeats | None:
    """All repeats that ``tallies`` counted; None if nothing was repeated."""
    every = tuple(tallies)
    times, again = sum(t.repeats for t in every), sum(t.repeated for t in every)
    if not times:
        return None
    return Repeats(times, again, confidence, clopper_pearson_upper(times - again, times, confidence))


def repeatable(
    pack: Pack,
    operation: str,
    tallies: Iterable[Tally],
    *,
    number: int,
    declared: bool | None,
    command: Command,
    waived: Waived | None = None,
) -> Finding | None:
    """The finding ``<pack>/<operation>-repeatable``; None if no failing request was called again.

    ``declared`` is what the system file says of `deterministic`. Where that is true a flip contradicts it: failed, and
    it is a ``shall``, for a claim has to hold. Otherwise no provision asks for it: a ``should``, and a flip makes it
    inconclusive, unstable. The rules that failed have their own verdicts.
    """
    seen = repeats(tallies, pack.evidence.confidence)
    if seen is None:
        return None
    flips = seen.times - seen.again
    outcome, reason = Outcome.PASSED, None
    if flips:
        outcome, reason = (Outcome.FAILED, None) if declared else (Outcome.INCONCLUSIVE, Reason.UNSTABLE)
    obligation = Obligation.SHALL if declared else Obligation.SHOULD
    settled = disposition(
        outcome, reason, basis=Basis.NORMATIVE, obligation=obligation, command=command, waived=waived is not None
    )
    said = _FLIPS.format(
        times=seen.times,
        flips=flips,
        confidence=f"{seen.confidence * 100:g}",
        upper=percent_up(seen.flips_upper),
    )
    if outcome is Outcome.FAILED:
        said = Text(f"{said.en} {_BROKEN_WORD.en}", f"{said.zh}{_BROKEN_WORD.zh}")
    return Finding(
        number=number,
        rule=f"{pack.short}/{operation}-repeatable",
        title=Text(_TITLE.en.format(operation), _TITLE.zh.format(operation)),
        requirements=(),
        obligation=obligation,
        severity=Severity.MAJOR,
        outcome=outcome,
        basis=Basis.NORMATIVE,
        counts=Counts(cases=seen.times, passed=seen.again, failed=flips),
        statement=said,
        disposition=settled,
        reason=reason,
        waived=waived if settled is Disposition.WAIVED else None,
        implicit=True,
        surface=operation,
        repeats=seen,
    )
