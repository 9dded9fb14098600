"""``python -m benchmarks.peers NAME FILE``: two range checks on a Parquet file by another tool, timed on its own.

Prints JSON: the seconds from the file to a verdict (imports left out), and the version; or that it is not installed.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RANGES = {"voltage": (198.0, 235.4), "frequency": (49.8, 50.2)}


def ours() -> Callable[[str], object]:
    """This package, with margins and the worst rows besides the verdict."""
    from benchmarks.telemetry import FREQUENCY, KEY, VOLTAGE, program, written
    from conformance.engines.sql.rows import connect, judge_rows, lower

    def run(path: str) -> object:
        connection = connect()
        rules = {"voltage": lower(program(VOLTAGE)), "frequency": lower(program(FREQUENCY))}
        return judge_rows(connection, "", rules, key=KEY, parquet=written(Path(path)))

    return run


def pandera() -> Callable[[str], object]:
    """Pandera on Polars: all failures, not only the first."""
    import pandera.polars as pandera
    import polars
    from pandera.errors import SchemaErrors

    columns = {
        name: pandera.Column(float, pandera.Check.in_range(*ends), nullable=True) for name, ends in RANGES.items()
    }

    def run(path: str) -> object:
        rows = polars.read_parquet(path, columns=list(RANGES))
        try:
            return pandera.DataFrameSchema(columns).validate(rows, lazy=True)
        except SchemaErrors as found:
            return found

    return run


def pointblank() -> Callable[[str], object]:
    """Pointblank on Polars."""
    import pointblank
    import polars

    def run(path: str) -> object:
        asked = pointblank.Validate(polars.read_parquet(path, columns=list(RANGES)))
        for name, ends in RANGES.items():
            asked = asked.col_vals_between(name, *ends, na_pass=True)
        return asked.interrogate().all_passed()

    return run


def great_expectations() -> Callable[[str], object]:
    """Great Expectations on pandas."""
    import great_expectations as gx
    import pandas

    def run(path: str) -> object:
        context = gx.get_context(mode="ephemeral")
        batch = (
            context.data_sources.add_pandas("bench")
            .add_dataframe_asset("readings")
            .add_batch_definition_whole_dataframe("all")
            .get_batch(batch_parameters={"dataframe": pandas.read_parquet(path, columns=list(RANGES))})
        )
        checks = [
            gx.expectations.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high)
            for name, (low, high) in RANGES.items()
        ]
        return [batch.validate(check).success for check in checks]

    return run


PEERS: Mapping[str, Callable[[], Callable[[str], object]]] = {
    "ours": ours, "pandera": pandera, "pointblank": pointblank, "great_expectations": great_expectations,
}  # fmt: skip


def main(name: str, path: str) -> None:
    """Time one of `PEERS`: the median of three runs after one that warms up."""
    warnings.simplefilter("ignore")
    try:
        run = PEERS[name]()
        shown = "this tree" if name == "ours" else version(name)
    except (ImportError, PackageNotFoundError):
        print(json.dumps({"installed": False}))
        return
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        run(path)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"installed": True, "version": shown, "seconds": sorted(seconds[1:])[1]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
