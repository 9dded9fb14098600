from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.model.standard import Pack
from conformance.packs import load

SMALL = Path(__file__).parents[3] / "fixtures" / "packs" / "small"


@pytest.fixture(scope="session")
def small() -> Pack:
    return load(SMALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the small pack that a test may change."""
    folder = tmp_path / "small"
    shutil.copytree(SMALL, folder)
    return folder
