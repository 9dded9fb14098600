"""``python -m benchmarks.memory FILE``: the peak memory of judging twenty rules on a Parquet file, in MiB."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from benchmarks.telemetry import KEY, twenty, written
from conformance.engines.sql.rows import connect, judge_rows, lower


def main(path: str) -> None:
    """Judge, and print what the whole process took at most."""
    rules = {name: lower(program) for name, (program, _) in twenty().items()}
    # Without statistics every row is read.
    judge_rows(connect(threads=2), "", rules, key=KEY, parquet=written(Path(path)), statistics=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
