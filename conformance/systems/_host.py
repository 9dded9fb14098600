"""Serves one Python function over protocol 1: ``_host.py FOLDER MODULE:FUNCTION OPERATION...`` in a child process."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from conformance.adapter import serve


def main(folder: str, target: str, operations: list[str]) -> None:
    """Import ``target`` as code of ``folder`` would, and answer ``operations`` with it."""
    sys.path.insert(0, folder)
    module, _, name = target.partition(":")
    function = import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    named: Any = dict.fromkeys(operations, function)  # what the vendor named, called as it is
    serve(named, streams=named)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
