"""The independent sample: the same points in every version and on every machine, from SHA-256 alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from conformance.cases.dimension import Dimension, Point


def bits(seed: str, path: str, index: int) -> int:
    """53 uniform bits: the first of SHA-256 of ``seed/path/index`` (UTF-8, index in decimal)."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{path}/{index}".encode()).digest()[:8]) >> 11


def independent(dimensions: Sequence[Dimension], *, seed: str, index: int) -> Point:
    """Point ``index`` of the sample of ``seed``: each dimension on its own, whatever the others are."""
    return tuple(d.drawn(bits(seed, d.path, index)) for d in dimensions)
