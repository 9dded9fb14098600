from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DATA = ROOT / "standards/ai-for-energy/grid-dispatch/data"
NAMES = sorted(p.stem for p in DATA.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_base_cases_equal_a_fresh_conversion(name: str) -> None:
    pytest.importorskip("pypower", exc_type=ImportError)
    spec = importlib.util.spec_from_file_location("pypower_cases", ROOT / "fixtures/real/pypower_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["pypower_cases"] = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
        fresh = module.text(module.convert(name))
    assert fresh == (DATA / f"{name}.json").read_text(encoding="utf-8")


def test_there_are_eight_base_cases() -> None:
    assert NAMES == ["case6ww", "ieee118", "ieee14", "ieee24", "ieee30", "ieee39", "ieee57", "ieee9"]
