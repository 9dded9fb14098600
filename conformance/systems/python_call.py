"""A Python function ``module:function``, imported in a child process that serves it over protocol 1."""

from __future__ import annotations

import re
from pathlib import Path

from conformance.errors.systems import BadPythonTarget
from conformance.model.system import Command, PythonCall

_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def as_command(call: PythonCall, *, folder: str, operations: tuple[str, ...]) -> Command:
    """The command that serves ``call``. Raises `BadPythonTarget`."""
    if not _TARGET.fullmatch(call.target):
        raise BadPythonTarget(target=call.target)
    host = str(Path(__file__).with_name("_host.py"))
    # By its path, so that the child imports nothing of the harness but the adapter; -P keeps this folder off its path.
    argv = ("{python}", "-P", host, folder, call.target, *operations)
    return Command(argv, timeout=call.timeout, memory=call.memory)
