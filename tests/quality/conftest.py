"""The reference dispatch under its own pack, shared by the tests of one worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.assess import Plan, make_plan
from conformance.cli import common
from conformance.packs import Registry
from conformance.systems import Pool, opener


@pytest.fixture(scope="session")
def plan() -> Plan:
    pack = Registry.shipped().find("grid-dispatch")
    oracle = common.oracle_of(pack)
    assert oracle is not None
    return make_plan(pack, oracle, oracle=None, settings=common.settings_for(pack, command="test"))


@pytest.fixture(scope="session")
def reference(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    with Pool(opener(plan.system, plan.pack, scratch=tmp_path_factory.mktemp("reference")), 1) as pool:
        yield pool
