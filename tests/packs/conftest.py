"""Fixtures that tests of packs share."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulators import Judge, judged


@pytest.fixture
def judge(request: pytest.FixtureRequest, tmp_path: Path) -> Judge:
    """Judges a recording end to end, by the pack that the test's module calls PACK; by the names of the rules."""
    return lambda made, *names: judged(request.module.PACK, made, tmp_path, names or None)
