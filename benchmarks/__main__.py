"""``python -m benchmarks NAME [options]`` runs one benchmark."""

from __future__ import annotations

import sys

from benchmarks import falsification, harness, record, shrinking, tables

BENCHMARKS = {
    "falsification": falsification.main,
    "harness": harness.main,
    "record": record.main,
    "shrinking": shrinking.main,
    "tables": tables.main,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in BENCHMARKS:
        sys.exit(f"usage: python -m benchmarks {{{','.join(BENCHMARKS)}}} [options]")
    BENCHMARKS[sys.argv[1]](sys.argv[2:])
