"""The statistics of a chain in SQL: what is aggregated of each window, and what follows for its value and bounds.

A sample has ``x`` (null unless it is known) and lies between ``lo`` and ``hi`` (null where nothing is known of it). Of
a window ``n`` samples are known, ``i`` have bounds, ``whole`` are expected, and of ``lost`` nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from conformance.engines.chain.sums import INF, Room, Sums
from conformance.rules.chain import Take

MOST_EXTREME = 1_000_000
"""More samples from one end than DuckDB keeps in order while it reads."""
_POWERS = {"sum": 1, "mean": 1, "energy": 1, "rms": 2}
MINUS_INF = "CAST('-inf' AS DOUBLE)"


@frozen
class Item:
    """One statistic of one expression in a scan; its columns end in the number of the item."""

    take: Take
    number: int
    points: bool
    """Whether samples are known or missing, and never only bounded."""
    condition: bool = False
    hours: float | None = None
    """Of an energy: the length of a sample."""

    @property
    def sums(self) -> Sums | None:
        """What is summed of the samples; None where nothing is."""
        power = _POWERS.get(self.take.statistic)
        return None if power is None else Sums(self.number, power, self.points)

    def aggregates(self, room: Room) -> dict[str, str]:
        """Column to the aggregate that it holds. ``room`` is that for sums."""
        n = self.number
        x, low, high = (f"x{n}", f"x{n}", f"x{n}") if self.points else (f"x{n}", f"lo{n}", f"hi{n}")
        found = {f"n{n}": f"count({x})"} | ({} if self.points else {f"i{n}": f"count({low})"})
        match self.take.statistic:
            case "count" | "share":
                return found | {f"k{n}": f"count(CASE WHEN {x} THEN 1 END)" if self.condition else f"count({low})"}
            case "min" | "max" as extreme if self.points:
                return found | {f"v{n}": f"{extreme}({x})"}
            case "min" | "max" as extreme:
                return found | {f"v{n}": f"{extreme}({x})", f"l{n}": f"{extreme}({low})", f"h{n}": f"{extreme}({high})"}
            case "percentile":
                return found | {f"v{n}": f"quantile_disc({x}, {_decimal(self.take)})"}
        return found | (self.sums.columns(room) if self.sums else {})

    def ends(self) -> tuple[str, str, str]:
        """The statistic of what is known, and the least and greatest that the whole can have."""
        n = self.number
        match self.take.statistic:
            case "count":
                return f"k{n}", f"k{n}", f"k{n} + lost"
            case "share":
                return f"k{n} / nullif(n, 0)", f"k{n} / nullif(whole, 0)", f"(k{n} + lost) / nullif(whole, 0)"
            case "max":
                low, high = self._extremes()
                return f"v{n}", f"coalesce({low}, {MINUS_INF})", f"CASE WHEN lost = 0 THEN {high} ELSE {INF} END"
            case "min":
                low, high = self._extremes()
                return f"v{n}", f"CASE WHEN lost = 0 THEN {low} ELSE {MINUS_INF} END", f"coalesce({high}, {INF})"
            case "percentile":
                return f"v{n}", f"l{n}", f"h{n}"
        assert self.sums is not None  # noqa: S101 - all others are
        low, high = ("x", "x") if self.points else ("l", "h")
        below, above = ("", "") if self.points else (f" AND lu{n} = 0", f" AND hu{n} = 0")
        bottom, top = self._total(self.sums, low, "whole"), self._total(self.sums, high, "whole")
        if self.sums.power == 1:  # a missing square adds nothing at least
            bottom = f"CASE WHEN lost = 0{below} THEN {bottom} ELSE {MINUS_INF} END"
        top = f"CASE WHEN lost = 0{above} THEN {top} ELSE {INF} END"
        return self._total(self.sums, "x", "n"), bottom, top

    def loosened(self, low: str, high: str) -> tuple[str, str]:
        """The same bounds where nobody knows how many samples more there are."""
        match self.take.statistic:
            case "count" | "max":
                return low, INF
            case "min":
                return MINUS_INF, high
            case "share":
                return "0.0", "1.0"
            case "rms":
                return "0.0", INF
        return MINUS_INF, INF

    def _extremes(self) -> tuple[str, str]:
        """The columns of the least or greatest of the lower and of the upper ends."""
        return (f"v{self.number}",) * 2 if self.points else (f"l{self.number}", f"h{self.number}")

    def _total(self, sums: Sums, end: str, of: str) -> str:
        """The sum, mean or root mean square of one end over ``of`` samples."""
        total, scale = sums.total(end), f"f{self.number}"
        match self.take.statistic:
            case "mean":
                return f"{total} / nullif({of}, 0) / {scale}"
            case "rms":
                return f"sqrt({total} / nullif({of}, 0)) / {scale}"
        return f"{total} / {scale}" + (f" * {self.hours!r}" if self.hours is not None else "")

    @property
    def depth(self) -> str:
        """Of a percentile: how far its rank is from the nearer end, counted from 1, among ``whole`` samples."""
        return f"(whole * {over(self.take)} + 1)" if self.high else f"(whole - whole * {over(self.take)})"

    @property
    def high(self) -> bool:
        """Whether the rank of a percentile is nearer to the greatest sample."""
        return self.take.rank is not None and self.take.rank * 2 >= 1

    def extremes(self, deepest: int) -> dict[str, str]:
        """Of a percentile: the samples from its nearer end on, ``deepest`` of them, by their lower and upper ends."""
        n = self.number
        ends = {"below": f"x{n}"} if self.points else {"below": f"lo{n}", "above": f"hi{n}"}
        if deepest < MOST_EXTREME:
            return {name: f"{'max' if self.high else 'min'}({of}, {deepest})" for name, of in ends.items()}
        sort = "list_reverse_sort" if self.high else "list_sort"
        return {name: f"{sort}(list({of}) FILTER ({of} IS NOT NULL))" for name, of in ends.items()}

    def ranks(self) -> tuple[str, str]:
        """Of a percentile, over its `extremes`: the least and greatest that the value at its rank can be."""
        above = "below" if self.points else "above"
        nearer = f"{self.depth} - lost"  # where the lost ones lie beyond the nearer end
        if self.high:
            return (
                f"coalesce(below[{self.depth}], {MINUS_INF})",
                f"CASE WHEN {nearer} < 1 THEN {INF} ELSE {above}[{nearer}] END",
            )
        return (
            f"CASE WHEN {nearer} < 1 THEN {MINUS_INF} ELSE below[{nearer}] END",
            f"coalesce({above}[{self.depth}], {INF})",
        )


def over(take: Take) -> str:
    """What the number of samples is multiplied by (in integers, rounded down) to give how many may lie above."""
    assert take.rank is not None  # noqa: S101 - asked of percentiles
    above = 1 - take.rank
    return f"{above.numerator} // {above.denominator}"


def _decimal(take: Take) -> str:
    """A percentile as a decimal, of which DuckDB finds the rank in integers."""
    assert take.rank is not None  # noqa: S101 - asked of percentiles
    return f"{float(take.rank):.5f}"


def nothing(take: Take) -> Mapping[str, str]:
    """The bounds of a window of which nothing at all is known."""
    low = "0.0" if take.statistic in ("count", "share", "rms") else MINUS_INF
    return {"lo": low, "hi": "1.0" if take.statistic == "share" else INF}
