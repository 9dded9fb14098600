"""Text of others made harmless and fitted to columns; figures written so that they hide no difference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from math import floor, log10

from conformance.errors import Language, Text, columns
from conformance.model.outcome import Interval, Margin, Sides

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
LONGEST = 4000
"""Characters of one text that a report shows; the record holds the rest."""


_OPEN = 1e300
"""Records write an infinite figure as the largest one that JSON has."""


def clean(text: str, *, lines: bool = False, longest: int = LONGEST) -> str:
    """``text`` without terminal escapes, control, direction-changing and lone surrogate characters, cut to ``longest``.

    Line ends become spaces unless ``lines`` are kept.
    """
    cut = text[: longest + 1]
    cut = _ESCAPE.sub("", cut)
    kept = "".join(
        c if c == "\n" and lines else " " if c in "\t\n\r\x85\u2028\u2029" else c
        for c in cut
        if c in "\t\n\r" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return kept if len(text) <= longest else kept[:longest] + "…"


def fit(text: str, width: int) -> str:
    """``text`` in at most ``width`` terminal columns, with an ellipsis where it was cut."""
    if columns(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        used += columns(character)
        if used > width - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def pad(text: str, width: int) -> str:
    """``text`` followed by spaces up to ``width`` terminal columns."""
    return text + " " * (width - columns(text))


def flow(pieces: Sequence[str], width: int, *, between: str = "   ") -> Iterator[str]:
    """Lines of at most ``width`` columns that hold ``pieces`` in their order; a piece is cut only if alone too long."""
    line = ""
    for piece in filter(None, pieces):
        joined = f"{line}{between}{piece}" if line else piece
        if line and columns(joined) > width:
            yield line
            joined = piece
        line = fit(joined, width)
    if line:
        yield line


def known(value: float) -> bool:
    """Whether ``value`` is a figure: not NaN, and not so large that it stands for an open end."""
    return abs(value) < _OPEN


_WORD = re.compile(r"[^\s\u2e80-\uffff]+\s*|\S\s*|\s+")


def wrap(text: str, width: int) -> Iterator[str]:
    """``text`` on lines of at most ``width`` columns, broken between words, or between Chinese characters."""
    line = ""
    for word in _WORD.findall(text):
        if line and columns(line + word.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line = fit(line + word, width) if columns(line + word.rstrip()) > width else line + word
    if line.strip():
        yield line.rstrip()


def decimals(step: float) -> int:
    """Decimal places that show ``step`` with two significant digits; at most nine."""
    return min(max(1 - floor(log10(abs(step))), 0), 9) if step and known(step) else 0


def number(value: object, *, places: int | None = None) -> str:
    """A value as people write it: four significant digits, or ``places`` decimal places; words stay as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float):
        return clean(str(value), longest=60)
    if value and (abs(value) < 1e-6 or abs(value) >= 1e9):
        return f"{value:.3g}"
    if places is None:
        places = max(3 - floor(log10(abs(value))), 0) if value else 0
    shown = f"{value:.{places}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if shown in ("-0", "") else shown


def signed(value: float) -> str:
    """A margin with its sign and two significant digits; exactly 0 has none."""
    if value == 0:
        return "0"
    if abs(value) < 1e-8:
        return f"{value:+.1e}"
    return f"{value:+.{decimals(value)}f}"


def unit_words(unit: str, *, difference: bool = False) -> Text:
    """A unit for readers. The difference of two percentages is in points, that of two ratios in pu."""
    if difference and unit.startswith("%"):
        return Text("points", "个百分点")
    if difference and unit.startswith("pu"):
        return Text("pu", "pu")
    shown = "" if unit == "1" else clean(unit, longest=40)
    return Text(shown, shown.split(" of ")[0])  # what a ratio refers to has a name in English only


def interval(value: Interval, unit: str, lang: Language) -> str:
    """A margin interval: one figure, two, or an open end said in words."""
    shown = unit_words(unit, difference=True).in_(lang)
    low, high = known(value.low), known(value.high)
    if not low and not high:
        beyond = Text("unlimited", "不受限") if value.low > 0 or value.high < 0 else Text("unknown", "未知")
        return beyond.in_(lang)
    if value.is_point:
        words = signed(value.low)
    elif not low:
        words = Text("at most {}", "至多 {}").in_(lang).format(signed(value.high))
    elif not high:
        words = Text("at least {}", "至少 {}").in_(lang).format(signed(value.low))
    else:
        words = Text("{} to {}", "{} 至 {}").in_(lang).format(signed(value.low), signed(value.high))
    return f"{words} {shown}".rstrip()


def margin_words(margin: Margin | None) -> Text:
    """A margin in its physical unit, in words; empty for a Boolean rule."""
    if margin is None:
        return Text("", "")
    return Text(interval(margin.physical, margin.unit, "en"), interval(margin.physical, margin.unit, "zh"))


def at_words(margin: Margin | None) -> str:
    """Which elements decided, each once: the ones that the rule's loops stood at; empty if there was no loop."""
    return clean(" / ".join(dict.fromkeys(element for _, element in margin.at)), longest=40) if margin else ""


def sides_words(sides: Sides, *, limit: bool = True) -> Text:
    """The value that decided and what it was held against: ``105.9 % of rating at 6-10, limit 100``."""
    places = decimals(sides.left - sides.right)
    value, bound = number(sides.left, places=places), number(sides.right, places=places)
    at = clean(", ".join(dict.fromkeys(element for _, element in sides.at)))
    unit = unit_words(sides.unit)
    return Text(
        f"{value} {unit.en}".rstrip() + (f" at {at}" if at else "") + (f", limit {bound}" if limit else ""),
        (f"{at} 处 " if at else "") + f"{value} {unit.zh}".rstrip() + (f"，限值 {bound}" if limit else ""),
    )
