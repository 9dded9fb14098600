"""Sums without rounding, so that they are the same in whatever order the rows are read.

A number is split into two floats, each a multiple of a power of two so coarse that its sum over a window fits into the
53 bits of a float: with at most 2 ** b samples below a unit, the first part is a multiple of unit * 2 ** (b - 52), and
the second, of what is left, one of unit * 2 ** (2 b - 105). What is finer is lost, half a step of each sample at most.
Where that could be more than 2 ** -45 of the greatest sample of a window, or a sample is not below the unit, the window
is summed again in a unit of its own. A square is rounded once before it is split.

Source: Demmel and Nguyen, Fast reproducible floating-point summation, ARITH 21 (2013).
"""

from __future__ import annotations

from math import frexp

from attrs import frozen

INF = "CAST('inf' AS DOUBLE)"
_MANY = 20
"""Windows with 2 ** 20 samples or more are summed again: more than a week of seconds."""
_PRECISE = 45
"""What is lost of a mean is less than 2 ** -45 of the greatest sample."""
_MODERATE = 400
"""Units beyond 2 ** 400 would overflow in a square."""


@frozen
class Room:
    """What there is room for in a pass: samples below ``unit``, in windows of at most 2 ** ``bits`` of them."""

    unit: float
    bits: int

    @staticmethod
    def of(greatest: float | None, rows: int, *, windows: bool) -> Room:
        """Room for ``rows`` samples, the greatest of which is about ``greatest``, in one window or in several."""
        exponent = max(min(frexp(greatest or 1.0)[1], _MODERATE), -_MODERATE)
        return Room(2.0**exponent, _bits(min(rows, 2**_MANY - 1) if windows else rows))

    @staticmethod
    def scaled(rows: int) -> Room:
        """Room for ``rows`` samples that are multiplied to lie below one."""
        return Room(1.0, _bits(rows))


@frozen
class Sums:
    """The exact sums of one item: of its samples, and of their lower and upper ends where they have such."""

    number: int
    power: int
    """Which power of the samples is summed."""
    points: bool
    """Whether samples have no ends."""

    def columns(self, room: Room, *, scale: str | None = None) -> dict[str, str]:
        """Column to the aggregate that it holds. ``scale`` is the column with what a window's numbers are multiplied
        by."""
        n = self.number
        found = {f"f{n}": f"any_value({scale})" if scale else "CAST(1 AS DOUBLE)"}
        greatest: list[str] = []
        for end, of in self._ends().items():
            there = of if end == "x" else f"CASE WHEN abs({of}) < {INF} THEN {of} END"
            greatest.append(f"max(abs({there}))")
            coarse, fine = self._split(f"({there} * {scale})" if scale else there, room)
            found |= {f"{end}c{n}": f"sum({coarse})", f"{end}d{n}": f"sum({fine})"}
            if end != "x":
                found[f"{end}u{n}"] = f"count(*) FILTER (abs({of}) = {INF})"
        found[f"g{n}"] = f"greatest({', '.join(greatest)})" if len(greatest) > 1 else greatest[0]
        return found

    def _ends(self) -> dict[str, str]:
        x, low, high = (f"{of}{self.number}" for of in ("x", "lo", "hi"))
        if self.points:
            return {"x": x}
        if self.power == 2:
            near, far = f"least(abs({low}), abs({high}))", f"greatest(abs({low}), abs({high}))"
            inside = f"{low} <= 0 AND {high} >= 0"
            low = f"CASE WHEN {low} IS NOT NULL THEN CASE WHEN {inside} THEN 0 ELSE {near} END END"
            high = f"CASE WHEN {high} IS NOT NULL THEN {far} END"
        return {"x": x, "l": low, "h": high}

    def _split(self, of: str, room: Room) -> tuple[str, str]:
        """The two parts of a power of ``of``: adding a large number and taking it away leaves multiples of its step."""
        value = f"({of} * {of})" if self.power == 2 else of
        one = 1.5 * room.unit**self.power
        coarse, fine = (_literal(one * 2.0**bits) for bits in (room.bits, 2 * room.bits - 53))
        first = f"(({value} + {coarse}) - {coarse})"
        return first, f"((({value} - {first}) + {fine}) - {fine})"

    def unfit(self, room: Room) -> str:
        """Whether a window of ``r`` rows has no room in ``room``, or is so small there that too much of it is lost."""
        g, least = f"g{self.number}", room.unit * 2.0 ** ((2 * room.bits - 106 + _PRECISE) // self.power + 1)
        inside = f"{g} >= {_literal(least)} AND {g} < {_literal(room.unit)}"
        return f"({g} > 0 AND NOT ({inside} AND r <= {2**room.bits}))"

    @property
    def fitting(self) -> str:
        """What the samples of a window are multiplied by to lie below one (but for what is below 1e-301)."""
        exponent = f"least(-floor(log2(g{self.number})) - 1, 1000)"
        return f"CASE WHEN g{self.number} > 0 THEN pow(2.0, {exponent}) ELSE 1.0 END"

    def total(self, end: str) -> str:
        """The sum of one end, multiplied by the power of the scale."""
        n = self.number
        return f"(coalesce({end}c{n}, 0) + coalesce({end}d{n}, 0))"


def _literal(value: float) -> str:
    """A float to the last bit; without its exponent it would be a decimal."""
    text = repr(value)
    return text if "e" in text else f"{text}e0"


def _bits(rows: int) -> int:
    return max(rows.bit_length(), 2)
