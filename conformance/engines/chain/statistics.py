"""The statistics of a chain in SQL: what is aggregated of each window, and what follows for its value and bounds.

A sample has ``x`` (null unless it is known) and lies between ``lo`` and ``hi`` (null where nothing is known of it). Of
a window ``n`` samples are known, ``i`` have bounds, ``whole`` are expected, and of ``lost`` nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from conformance.rules.chain import Take

FINE = 2.0**60
"""What is behind the point is summed in units of 1 / FINE, and what is before it in ones: two exact integer sums."""
_RANGES = {1: (2.0**20, 2.0**-27, 2.0**41), 2: (2.0**8, 2.0**-11, 2.0**22)}
"""By power: the scale of numbers before they are split, and the greatest of a window for which that scale will do."""
MOST_EXTREME = 1_000_000
"""More samples from one end than DuckDB keeps in order while it reads."""
_SUMS = {"sum": 1, "mean": 1, "energy": 1, "rms": 2}
INF, MINUS_INF = "CAST('inf' AS DOUBLE)", "CAST('-inf' AS DOUBLE)"


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
    def power(self) -> int | None:
        """Which power of the samples is summed; None where nothing is."""
        return _SUMS.get(self.take.statistic)

    def aggregates(self, *, scale: str | None = None) -> dict[str, str]:
        """Column to the aggregate that it holds. ``scale`` is the column with the scale of a window's numbers."""
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
        return found | self.sums(scale=scale)

    def sums(self, *, scale: str | None = None) -> dict[str, str]:
        """The columns of exact sums; none of another statistic."""
        if self.power is None:
            return {}
        n, first = self.number, _RANGES[self.power][0]
        x, low, high = (f"x{n}",) * 3 if self.points else (f"x{n}", f"lo{n}", f"hi{n}")
        if self.power == 2 and not self.points:
            inside = f"{low} <= 0 AND {high} >= 0"
            near, far = f"least(abs({low}), abs({high}))", f"greatest(abs({low}), abs({high}))"
            low = f"CASE WHEN {low} IS NOT NULL THEN CASE WHEN {inside} THEN 0 ELSE {near} END END"
            high = f"CASE WHEN {high} IS NOT NULL THEN {far} END"
        by = f"any_value({scale})" if scale else f"CAST({first!r} AS DOUBLE)"
        times = scale or f"CAST({first!r} AS DOUBLE)"
        found = {f"f{n}": by}
        greatest: list[str] = []
        for end, of in (("x", x), ("l", low), ("h", high)):
            if self.points and end != "x":
                continue
            there = of if end == "x" else f"CASE WHEN abs({of}) < {INF} THEN {of} END"
            scaled = f"({there}) * {times}"
            summed = f"({scaled}) * ({scaled})" if self.power == 2 else f"({scaled})"
            greatest.append(f"max(abs({there}))")
            found[f"{end}w{n}"] = f"sum(TRY_CAST(trunc({summed}) AS BIGINT))"
            found[f"{end}p{n}"] = f"sum(TRY_CAST(({summed} - trunc({summed})) * {FINE!r} AS BIGINT))"
            if end != "x":
                found[f"{end}u{n}"] = f"count(*) FILTER (abs({of}) = {INF})"
        found[f"g{n}"] = f"greatest({', '.join(greatest)})" if len(greatest) > 1 else greatest[0]
        return found

    @property
    def unfit(self) -> str:
        """Whether the greatest of a window needs another scale than that of the first scan."""
        assert self.power is not None  # noqa: S101 - only sums have scales
        _, least, most = _RANGES[self.power]
        g = f"g{self.number}"
        return f"({g} > 0 AND NOT ({g} >= {least!r} AND {g} < {most!r}))"

    @property
    def fitting(self) -> str:
        """The scale that fits: the greatest becomes about 2 ** 30."""
        exponent = f"least(greatest(30 - floor(log2(g{self.number})), -1000), 1000)"
        return f"CASE WHEN g{self.number} > 0 THEN pow(2.0, {exponent}) ELSE 1.0 END"

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
        low, high = ("x", "x") if self.points else ("l", "h")
        below, above = ("", "") if self.points else (f" AND lu{n} = 0", f" AND hu{n} = 0")
        bottom, top = self._total(low, "whole"), self._total(high, "whole")
        if self.power == 1:  # a missing square adds nothing at least
            bottom = f"CASE WHEN lost = 0{below} THEN {bottom} ELSE {MINUS_INF} END"
        top = f"CASE WHEN lost = 0{above} THEN {top} ELSE {INF} END"
        return self._total("x", "n"), bottom, top

    def _extremes(self) -> tuple[str, str]:
        """The columns of the least or greatest of the lower and of the upper ends."""
        return (f"v{self.number}",) * 2 if self.points else (f"l{self.number}", f"h{self.number}")

    def _total(self, end: str, of: str) -> str:
        """The sum, mean or root mean square of one end over ``of`` samples."""
        n = self.number
        total = f"(coalesce({end}w{n}, 0)::DOUBLE + coalesce({end}p{n}, 0)::DOUBLE / {FINE!r})"
        match self.take.statistic:
            case "mean":
                return f"{total} / f{n} / nullif({of}, 0)"
            case "rms":
                return f"sqrt({total} / nullif({of}, 0)) / f{n}"
        return f"{total} / f{n}" + (f" * {self.hours!r}" if self.hours is not None else "")

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
