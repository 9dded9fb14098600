"""Units: a closed list, dimensions by pint, exact conversion.

Active, reactive and apparent power (MW, Mvar, MVA) are kinds of their own and do not add. ``%`` names its base, as in
``% of rating``; so does ``pu``, as in ``pu of voltage``. A temperature in ``degC`` has no true zero: two of them
compare, and differ by a number of ``K``; nothing else may be computed with them. All conversion happens here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from conformance.errors import Text
from conformance.errors.base import Problem

if TYPE_CHECKING:
    from pint import UnitRegistry

_DEFINITIONS = """
# A kind of quantity a paragraph: its base unit, then the others.
MW = [active_power]
GW = 1000 * MW
kW = 0.001 * MW
W = 1e-6 * MW

Mvar = [reactive_power]
kvar = 0.001 * Mvar
var = 1e-6 * Mvar

MVA = [apparent_power]
kVA = 0.001 * MVA
VA = 1e-6 * MVA

kV = [voltage]
V = 0.001 * kV
mV = 1e-6 * kV

kA = [current]
A = 0.001 * kA
mA = 1e-6 * kA

ohm = 0.001 * kV / kA

h = [time]
min = h / 60
s = h / 3600
ms = s / 1000
us = s / 1000000
ns = s / 1000000000
d = 24 * h
a = 8760 * h

MWh = MW * h
GWh = 1000 * MWh
TWh = 1000000 * MWh
kWh = 0.001 * MWh
Wh = 1e-6 * MWh
GJ = MWh / 3.6
MJ = 0.001 * GJ
kJ = 1e-6 * GJ

Mvarh = Mvar * h
kvarh = 0.001 * Mvarh

MVAh = MVA * h
kVAh = 0.001 * MVAh

Hz = [frequency]
kHz = 1000 * Hz
mHz = 0.001 * Hz

m = [length]
km = 1000 * m
cm = 0.01 * m
mm = 0.001 * m

m2 = m ** 2
km2 = 1000000 * m2

m3 = m ** 3
L = 0.001 * m3
mL = 1e-6 * m3

Nm3 = [normal_volume]

t = [mass]
kg = 0.001 * t
g = 1e-6 * t
mg = 1e-9 * t

Pa = [pressure]
hPa = 100 * Pa
kPa = 1000 * Pa
MPa = 1000000 * Pa
bar = 100000 * Pa

K = [temperature]

rad = [angle]
deg = 0.017453292519943295 * rad

tCO2e = [carbon_equivalent]
kgCO2e = 0.001 * tCO2e
gCO2e = 1e-6 * tCO2e

tCO2 = [carbon_dioxide]
kgCO2 = 0.001 * tCO2
gCO2 = 1e-6 * tCO2

tce = [coal_equivalent]
kgce = 0.001 * tce
gce = 1e-6 * tce

CNY = [currency]
kCNY = 1000 * CNY
MCNY = 1000000 * CNY
fen = 0.01 * CNY

EUR = [euro]

USD = [dollar]

B = [data]
kB = 1000 * B
MB = 1000000 * B
GB = 1000000000 * B
TB = 1000000000000 * B
PB = 1000000000000000 * B
bit = B / 8
kbit = 1000 * bit
Mbit = 1000000 * bit
Gbit = 1000000000 * bit

FLOP = [computation]
TFLOP = 1000000000000 * FLOP
PFLOP = 1000000000000000 * FLOP
EFLOP = 1000000000000000000 * FLOP
"""
_RATIOS = {"%": Fraction(1, 100), "pu": Fraction(1), "ppm": Fraction(1, 10**6), "ppb": Fraction(1, 10**9)}
_POINTS = {"degC": ("K", Fraction("273.15"))}
"""Scales without a true zero: the unit of their differences, and their zero in it."""
_RATIO = re.compile(r"^(%|pu|ppm|ppb)(?: of ([A-Za-z][A-Za-z0-9_ -]*))?(?:/(.+))?$")
_NAME = r"[A-Za-z][A-Za-z0-9]*(?:\^[1-9])?"
_COMPOSITE = re.compile(rf"(?:1|{_NAME})(?:[*/·](?:{_NAME}|\({_NAME}(?:[*·]{_NAME})*\)))*")
_WORD = re.compile("[A-Za-z][A-Za-z0-9]*")
_LONGEST = 60


@frozen(kw_only=True)
class UnknownUnit(Problem):
    """A unit that is not on the closed list."""

    code = "Q001"
    what = Text("unknown unit {unit!r}", "未知单位 {unit!r}")
    why = Text(
        "a figure without a known unit cannot be compared with another",
        "单位不明的数值无法与其他数值比较",
    )
    mend = Text(
        "use a unit of docs/units.md, such as MW, Mvar, MVA, kV, min, '% of rating'",
        "请使用 docs/units.zh-CN.md 中的单位，例如 MW、Mvar、MVA、kV、min、'% of rating'",
    )
    unit: str


@frozen
class Unit:
    """A unit: its symbol, its kind (dimension), and the factor to the kind's own base unit.

    ``base`` names what a ratio refers to (``rating``); two ratios of different bases do not compare. ``zero`` is where
    the unit begins to count, in the base unit: only scales of temperature begin elsewhere than at nothing.
    """

    symbol: str
    dimension: tuple[tuple[str, float], ...]
    exact: Fraction = field(converter=Fraction)
    base: str | None = None
    zero: Fraction = Fraction(0)

    @property
    def factor(self) -> float:
        """The factor to the base unit of the kind, as a float."""
        return float(self.exact)

    @property
    def is_number(self) -> bool:
        """A plain number: no dimension and no named base."""
        return not self.dimension and self.base is None

    @property
    def is_point(self) -> bool:
        """Whether its values are points of a scale (degC), which compare and differ but do not add."""
        return bool(self.zero)

    @property
    def difference(self) -> Unit:
        """The unit of the distance between two values."""
        return unit(_POINTS[self.symbol][0]) if self.is_point else self

    def comparable(self, other: Unit) -> bool:
        """Whether values in both units may be compared; values that are no points may also be added."""
        return self.converts(other) and self.zero == other.zero

    def converts(self, other: Unit) -> bool:
        """Whether a recorded value in one unit can be expressed in the other: as `comparable`, and degC to K."""
        return self.dimension == other.dimension and self.base == other.base

    def times(self, other: Unit, sign: int = 1) -> Unit:
        """The unit of a product (``sign=1``) or quotient (``sign=-1``).

        A ratio times a quantity is a quantity, and its base is gone: ``% of rating`` times MW is MW. A ratio over a
        quantity keeps it, as ``% of rating/min``, and so does that rate times the quantity. A point is taken for the
        difference that it is from another.
        """
        if self.is_point or other.is_point:
            return self.difference.times(other.difference, sign)
        if other.is_number and other.exact == 1:
            return self
        if self.is_number and self.exact == 1 and sign == 1:
            return other
        powers = dict(self.dimension)
        for kind, power in other.dimension:
            powers[kind] = powers.get(kind, 0) + sign * power
        dimension = tuple(sorted((k, p) for k, p in powers.items() if p))
        exact = self.exact * other.exact**sign
        base = self._base_of(other, sign, dimension)
        right = f"({other.symbol})" if sign == -1 and re.search("[*/·]", other.symbol) else other.symbol
        symbol = f"{self.symbol}{'·' if sign == 1 else '/'}{right}"
        return Unit(symbol if dimension or base or exact != 1 else "1", dimension, exact, base)

    def _base_of(self, other: Unit, sign: int, dimension: tuple[tuple[str, float], ...]) -> str | None:
        if self.base is not None and other.base is not None:
            return None
        if sign == -1:
            return self.base
        return self.base or other.base if not dimension and (self.dimension or other.dimension) else None


@frozen
class Linear:
    """A conversion: ``value * times / over + plus``. Factors are whole numbers where they can be, so that one rounding
    is the most that powers of ten cost: 0.22 kV is 220 V."""

    times: float = 1.0
    over: float = 1.0
    plus: float = 0.0

    def __call__(self, value: float) -> float:
        """``value`` in the other unit."""
        return value * self.times / self.over + self.plus


ONE = Unit("1", (), Fraction(1))


@cache
def _registry() -> UnitRegistry[Any]:
    from pint import UnitRegistry

    registry: UnitRegistry[Any] = UnitRegistry(None, non_int_type=Fraction)
    registry.load_definitions([line for line in _DEFINITIONS.splitlines() if line])
    return registry


@cache
def _named() -> frozenset[str]:
    return frozenset(line.split(" = ")[0] for line in _DEFINITIONS.splitlines() if " = " in line)


def symbols() -> frozenset[str]:
    """Every unit of the closed list, without composites and without what ratios refer to."""
    return _named() | _POINTS.keys() | _RATIOS.keys()


@cache
def unit(symbol: str) -> Unit:
    """The unit written ``symbol``. Raises `UnknownUnit`.

    >>> unit("MW/min").factor
    60.0
    >>> unit("MW").comparable(unit("MVA"))
    False
    """
    text = symbol.strip()
    if text in ("", "1"):
        return ONE
    if len(text) > _LONGEST:
        raise UnknownUnit(unit=symbol)
    if text in _POINTS:
        step, zero = _POINTS[text]
        return Unit(text, unit(step).dimension, unit(step).exact, zero=zero)
    if match := _RATIO.match(text):
        over = _composite(match[3], symbol) if match[3] else ONE
        powers = tuple((kind, -power) for kind, power in over.dimension)
        return Unit(text, powers, _RATIOS[match[1]] / over.exact, match[2])
    return _composite(text, symbol)


def _composite(text: str, symbol: str) -> Unit:
    # pint would also take a plural, and MWs for MW.
    if not _COMPOSITE.fullmatch(text) or not set(_WORD.findall(text)) <= _named():
        raise UnknownUnit(unit=symbol)
    base = _registry().Quantity(Fraction(1), text.replace("·", "*")).to_base_units()
    dimension = tuple(sorted((str(k).strip("[]"), float(cast(Fraction, p))) for k, p in base.dimensionality.items()))
    return Unit(text, dimension, base.magnitude)


_QUANTITY = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")


def quantity(text: str) -> tuple[float, Unit]:
    """A quantity such as ``5 min`` as value and unit.

    Raises `UnknownUnit`, and ValueError when ``text`` does not begin with a finite number.
    """
    match = _QUANTITY.match(text)
    if not match or abs(float(match[1])) == float("inf"):
        raise ValueError(f"no quantity: {text!r}")
    return float(match[1]), unit(match[2])


@cache
def linear(of: Unit, to: Unit) -> Linear:
    """How values that are recorded in ``of`` become values in ``to``. Raises ValueError if the kinds differ."""
    if not of.converts(to):
        raise ValueError(f"{of.symbol} does not convert to {to.symbol}")
    ratio = of.exact / to.exact
    plus = float((of.zero - to.zero) / to.exact)
    whole = max(ratio.numerator, ratio.denominator) <= 2**53
    return Linear(float(ratio.numerator), float(ratio.denominator), plus) if whole else Linear(float(ratio), 1.0, plus)


def nanoseconds(text: str) -> int | None:
    """The length of time ``text`` in whole nanoseconds; None if it is none, or not above 0.

    >>> nanoseconds("10 min")
    600000000000
    """
    try:
        value, of = quantity(text)
    except (UnknownUnit, ValueError):
        return None
    found = round(convert(value, of, unit("s")) * 1e9) if of.comparable(unit("s")) else 0
    return found if found > 0 else None


def convert(value: float, of: Unit, to: Unit) -> float:
    """``value`` in unit ``of`` expressed in the comparable unit ``to``. Raises ValueError if the kinds differ.

    A decimal figure is converted as it is written: 0.07 pu is 7 %.
    """
    if not of.comparable(to):
        raise ValueError(f"{of.symbol} does not convert to {to.symbol}")
    if of.exact == to.exact:
        return value
    return float(Fraction(repr(float(value))) * of.exact / to.exact)
