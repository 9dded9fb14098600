from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from conformance.cases import Space

SITE: dict[str, Any] = {
    "grid": {
        "network": {"name": "three", "buses": [{"id": "1"}, {"id": "2"}, {"id": "3"}]},
        "loads": [
            {"bus": "1", "p": 108, "q": 22},
            {"bus": "2", "p": 97.0, "q": 20},
            {"bus": "3", "p": 171.37, "q": -37},
            {"bus": "4", "p": 0, "q": 5},
        ],
        "generators": [
            {"id": "1", "bus": "1", "p_now": 10, "p_min": 16, "p_max": 20, "in_service": True, "cost": [0, 130, 400.7]},
            {"id": "2", "bus": "2", "p_now": 150, "p_min": 60, "p_max": 300, "in_service": True, "cost": [0, 16, 781]},
        ],
        "reserve": 400,
    }
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["time", "interval", "network", "loads", "generators", "reserve"],
    "additionalProperties": False,
    "properties": {
        "time": {"type": "string", "nominal": "2026-07-01T04:00:00Z"},
        "interval": {
            "type": "integer",
            "unit": "min",
            "nominal": 15,
            "minimum": 5,
            "maximum": 60,
            "resolution": 5,
            "bounds": {"lower": 5, "upper": 60, "source": "grid-dispatch/S9", "status": "project"},
        },
        "note": {"type": "string"},
        "network": {"type": "object", "site": "grid.network"},
        "loads": {
            "type": "array",
            "site": "grid.loads",
            "keyed": "bus",
            "items": {
                "type": "object",
                "required": ["bus", "p", "q"],
                "properties": {
                    "bus": {"type": "string"},
                    "p": {
                        "type": "number",
                        "unit": "MW",
                        "resolution": 0.1,
                        "label": {"en": "load at bus {bus}", "zh": "母线 {bus} 负荷"},
                        "bounds": {
                            "lower": {"of": "nominal", "times": 0.8},
                            "upper": {"of": "nominal", "times": 1.2},
                        },
                    },
                    "q": {"type": "number", "unit": "Mvar", "follows": "p"},
                },
            },
        },
        "generators": {
            "type": "array",
            "site": "grid.generators",
            "keyed": "id",
            "items": {
                "type": "object",
                "properties": {
                    "p_now": {
                        "type": "number",
                        "unit": "MW",
                        "resolution": 0.5,
                        "bounds": {"lower": {"of": "p_min"}, "upper": {"of": "p_max", "times": 1, "plus": -0.25}},
                    },
                    "in_service": {
                        "type": "boolean",
                        "choices": [{"value": True, "weight": 0.97}, {"value": False, "weight": 0.03}],
                    },
                },
            },
        },
        "reserve": {"type": "number", "site": "grid.reserve"},
    },
}


@pytest.fixture
def schema() -> dict[str, Any]:
    return copy.deepcopy(SCHEMA)


@pytest.fixture
def space() -> Space:
    return Space.of(SCHEMA, site=SITE, envelope={})


@pytest.fixture
def site() -> dict[str, Any]:
    return copy.deepcopy(SITE)


@pytest.fixture
def box() -> Callable[..., Space]:
    return make_box


def make_box(count: int, *, nominal: float = 0.5, resolution: float = 0.001) -> Space:
    """A space of ``count`` numbers in [0, 1] of one field."""
    number = {"type": "number", "resolution": resolution, "bounds": {"lower": 0, "upper": 1}}
    schema = {
        "type": "object",
        "properties": {
            "x": {"type": "array", "site": "box.x", "items": {"type": "object", "properties": {"v": number}}}
        },
    }
    return Space.of(schema, site={"box": {"x": [{"v": nominal} for _ in range(count)]}}, envelope={})
