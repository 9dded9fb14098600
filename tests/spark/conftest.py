"""One Spark for each file of tests; without pyspark or Java they are skipped, and say so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from conformance.engines.spark.session import spark_session
from conformance.errors.spark import NoJava

sys.path.append(str(Path(__file__).parents[1] / "properties"))  # sql_cases

KNOWN = [
    "ignore:PySpark does not yet fully support pandas:FutureWarning",
    "ignore:.*unclosed.*socket:ResourceWarning",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in KNOWN:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="module")  # a run stops the one it used
def spark() -> Iterator[Any]:
    # Each plan runs once, on few rows: to compile it well takes longer than to run it.
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
    if find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: tox -e spark")
    try:
        session = spark_session()
    except NoJava as problem:
        pytest.skip(problem.headline().en)
    yield session
    session.stop()
