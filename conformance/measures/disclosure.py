"""What an answer gives away: measures ``disclosure.leaks`` and ``disclosure.group``.

``leaks`` looks for protected values in a text, as they are and disguised: full-width characters, characters apart,
reversed, base64 at any offset, hexadecimal, digits said in Chinese, pinyin or English, and the aliases (pinyin,
translations) that whoever protects the value names. Of positions, in degrees, it also gives the least distance in m on
a sphere from any two neighbouring decimals of the text, taken as latitude and longitude in either order.

``group`` tells of customers with loads in kW, shape (n,): how many a group has, the largest share in per cent, and the
same of what is left when one group is subtracted from another that contains it (the differencing attack).

Sources: the project's own list of disguises (status ``project``); radius of the sphere: mean radius of the Earth,
6371008.8 m; count and largest share are those of the 15/15 rule (status ``secondary-multi``).
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

from conformance.measures.registry import measure

__all__ = ["disguises", "distance", "group", "leaks"]

RADIUS: Final = 6371008.8
"""m."""
SHORTEST: Final = 4
"""Characters without punctuation; anything shorter occurs by chance and is not looked for in a disguise."""
_CHINESE: Final = str.maketrans("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖", "00" + 2 * "123456789")
_SPOKEN: Final = {
    word: str(digit)
    for words in ("ling yi er san si wu liu qi ba jiu", "zero one two three four five six seven eight nine")
    for digit, word in enumerate(words.split())
}
_ANGLE: Final = re.compile(r"(\d+)°\s*(\d+)[′']\s*(\d+(?:\.\d+)?)(?:\"|[′']{2})")
_DECIMAL: Final = re.compile(r"-?\d+\.\d+")

LEAKS: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["fields"],
    "properties": {
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "count", "ways"],
                "properties": {
                    "name": {"type": "string"},
                    "count": {"type": "integer", "unit": "1"},
                    "ways": {"type": "array", "items": {"type": "string"}},
                    "nearest": {"type": ["number", "null"], "unit": "m"},
                },
            },
        }
    },
}
_PART: Final = {"count": {"type": "integer", "unit": "1"}, "largest": {"type": ["number", "null"], "unit": "%"}}
GROUP: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["count", "largest", "total", "difference"],
    "properties": {
        **_PART,
        "total": {"type": "number", "unit": "kW"},
        "difference": {"type": "object", "required": ["count", "largest"], "properties": _PART},
    },
}


def disguises(value: str, aliases: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """What to look for when ``value`` is hidden, by the way of hiding; to be looked for in the `_views` of a text."""
    plain = _bare(value)
    found: dict[str, tuple[str, ...]] = {"plain": (plain,)}
    if len(plain) >= SHORTEST:
        raw = value.encode()
        found["reversed"] = (plain[::-1],)
        found["hexadecimal"] = (raw.hex(),)
        found["base64"] = tuple(_core(raw, offset) for offset in range(3))
        found["spoken"] = (_bare(_digits(value)),)
    if kept := tuple(bare for alias in aliases if len(bare := _bare(alias)) >= SHORTEST):
        found["alias"] = kept
    return found


def distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance in m between two positions in degrees (haversine)."""
    a, b = radians(latitude), radians(other_latitude)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * RADIUS * asin(min(1.0, sqrt(half)))


@measure("disclosure.leaks", result=LEAKS)
def leaks(*, payload: str, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """In how many ways each of ``fields`` (name, value, aliases, latitude, longitude) shows in the text ``payload``."""
    views, positions = _views(payload), list(_positions(payload))
    told = []
    for one in fields:
        found = [
            way
            for way, texts in disguises(one["value"], one.get("aliases") or ()).items()
            if any(text and text in views[way] for text in texts)
        ]
        told.append({"name": one["name"], "count": len(found), "ways": found, "nearest": _nearest(one, positions)})
    return {"fields": told}


@measure("disclosure.group", result=GROUP)
def group(*, customers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The group of those ``included`` now, and what subtracting the group released ``before`` would leave.

    A difference is known only where one group contains the other; else its count is 0 and its share null.
    """
    now = {c["id"]: c["load"] for c in customers if c["included"]}
    before = {c["id"]: c["load"] for c in customers if c["before"]}
    whole, part = (now, before) if len(now) >= len(before) else (before, now)
    nested = bool(part) and part.keys() <= whole.keys()
    left = {name: load for name, load in whole.items() if name not in part} if nested else {}
    return {**_share(now), "total": float(sum(now.values())), "difference": _share(left)}


def _share(loads: Mapping[str, float]) -> dict[str, Any]:
    """Number of customers and largest share; null of nobody, and of a group that uses nothing."""
    total = float(sum(loads.values()))
    return {"count": len(loads), "largest": 100 * max(loads.values()) / total if total > 0 else None}


def _bare(text: str) -> str:
    """Letters and digits alone, in one width and case."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _digits(text: str) -> str:
    """Digits that are said in Chinese, pinyin or English, as digits."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_CHINESE)
    return re.sub(r"[a-z]+", lambda found: _SPOKEN.get(found[0], found[0]), folded)


def _views(text: str) -> dict[str, str]:
    """The text as each way of hiding needs it."""
    bare, wide = _bare(text), unicodedata.normalize("NFKC", text)
    packed = re.sub(r"\s", "", wide).replace("-", "+").replace("_", "/")
    return {
        "plain": bare, "reversed": bare, "alias": bare, "hexadecimal": bare, "base64": packed,
        "spoken": _bare(_digits(text)),
    }  # fmt: skip


def _core(raw: bytes, offset: int) -> str:
    """The base64 letters that ``raw`` alone decides when ``offset`` bytes stand before it."""
    coded = b64encode(b"\0" * offset + raw).decode().rstrip("=")
    first = -(-8 * offset // 6)
    return coded[first : 8 * (offset + len(raw)) // 6]


def _positions(text: str) -> Iterator[tuple[float, float]]:
    """Neighbouring decimals that may be a position, in either order; degrees, minutes and seconds too."""
    plain = _ANGLE.sub(
        lambda m: f" {int(m[1]) + int(m[2]) / 60 + float(m[3]) / 3600:.9f} ", unicodedata.normalize("NFKC", text)
    )
    for one, two in pairwise(float(n) for n in _DECIMAL.findall(plain)):
        for latitude, longitude in ((one, two), (two, one)):
            if abs(latitude) <= 90 and abs(longitude) <= 180:
                yield latitude, longitude


def _nearest(protected: Mapping[str, Any], positions: Sequence[tuple[float, float]]) -> float | None:
    """m from the protected position to the nearest one of the text; None without either."""
    latitude, longitude = protected.get("latitude"), protected.get("longitude")
    if latitude is None or longitude is None:
        return None
    return min((distance(latitude, longitude, *position) for position in positions), default=None)
