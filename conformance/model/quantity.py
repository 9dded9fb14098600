"""Units: a closed list, dimensions by pint, conversion factors.

Active, reactive and apparent power (MW, Mvar, MVA) are kinds of their own and do not add. ``%`` names its base, as in
``% of rating``; so does ``pu``, as in ``pu of voltage``. Everything that is converted is converted here.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from conformance.errors import Text
from conformance.errors.base import Problem

if TYPE_CHECKING:
    from pint import UnitRegistry

_DEFINITIONS = """
# A kind of quantity a line; then its units.
MW = [active_power]
kW = 0.001 * MW
W = 1e-6 * MW
GW = 1000 * MW
Mvar = [reactive_power]
kvar = 0.001 * Mvar
MVA = [apparent_power]
kVA = 0.001 * MVA
kV = [voltage]
V = 0.001 * kV
kA = [current]
A = 0.001 * kA
h = [time]
min = h / 60
s = h / 3600
ms = s / 1000
d = 24 * h
a = 8760 * h
MWh = MW * h
kWh = 0.001 * MWh
GWh = 1000 * MWh
Mvarh = Mvar * h
m = [length]
km = 1000 * m
mm = 0.001 * m
t = [mass]
kg = 0.001 * t
CNY = [currency]
tce = [coal_equivalent]
kgCO2e = [carbon]
tCO2e = 1000 * kgCO2e
m3 = m ** 3
L = 0.001 * m3
Nm3 = [normal_volume]
Pa = [pressure]
kPa = 1000 * Pa
MPa = 1e6 * Pa
Hz = [frequency]
mHz = 0.001 * Hz
K = [temperature]
rad = [angle]
deg = 0.017453292519943295 * rad
"""
_RATIO = re.compile(r"^(%|pu|ppm)(?: of ([a-z][a-z0-9 _-]*))?$")
_RATIO_FACTOR = {"%": 0.01, "pu": 1.0, "ppm": 1e-6}


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

    ``base`` names what a ratio refers to (``rating``); two ratios of different bases do not compare.
    """

    symbol: str
    dimension: tuple[tuple[str, float], ...]
    factor: float
    base: str | None = None

    @property
    def is_number(self) -> bool:
        """A plain number: no dimension and no named base."""
        return not self.dimension and self.base is None

    def comparable(self, other: Unit) -> bool:
        """Whether values in both units may be added and compared."""
        return self.dimension == other.dimension and self.base == other.base

    def times(self, other: Unit, sign: int = 1) -> Unit:
        """The unit of a product (``sign=1``) or quotient (``sign=-1``); a ratio's base is lost."""
        powers = dict(self.dimension)
        for kind, power in other.dimension:
            powers[kind] = powers.get(kind, 0) + sign * power
        dimension = tuple(sorted((k, p) for k, p in powers.items() if p))
        if other.is_number and other.factor == 1:
            return self
        if self.is_number and self.factor == 1 and sign == 1:
            return other
        symbol = f"{self.symbol}{'·' if sign == 1 else '/'}{other.symbol}"
        factor = self.factor * other.factor**sign
        return Unit(symbol if dimension or factor != 1 else "1", dimension, factor)


ONE = Unit("1", (), 1.0)


@cache
def _registry() -> UnitRegistry[Any]:
    from pint import UnitRegistry

    registry: UnitRegistry[Any] = UnitRegistry(None)
    registry.load_definitions([line for line in _DEFINITIONS.splitlines() if line])
    return registry


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
    if match := _RATIO.match(text):
        return Unit(text, (), _RATIO_FACTOR[match[1]], match[2])
    if len(text) > 40 or not re.fullmatch(r"[A-Za-z0-9/*^()·. _-]+", text):
        raise UnknownUnit(unit=symbol)
    try:
        base = _registry().Quantity(1, text.replace("·", "*")).to_base_units()
    except Exception as error:  # pint raises many kinds; each means that the text is no unit of ours
        raise UnknownUnit(unit=symbol) from error
    dimension = tuple(sorted((str(k).strip("[]"), cast(float, p)) for k, p in base.dimensionality.items()))
    return Unit(text, dimension, float(base.magnitude))


_QUANTITY = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")


def quantity(text: str) -> tuple[float, Unit]:
    """A quantity such as ``5 min`` as value and unit.

    Raises `UnknownUnit`, and ValueError when ``text`` does not begin with a finite number.
    """
    match = _QUANTITY.match(text)
    if not match or abs(float(match[1])) == float("inf"):
        raise ValueError(f"no quantity: {text!r}")
    return float(match[1]), unit(match[2])


def convert(value: float, of: Unit, to: Unit) -> float:
    """``value`` in unit ``of`` expressed in unit ``to``. Raises ValueError if the kinds differ."""
    if not of.comparable(to):
        raise ValueError(f"{of.symbol} does not convert to {to.symbol}")
    return value if of.factor == to.factor else value * of.factor / to.factor
