"""Becomes the system under test after it has limited itself: ``_launch.py LIMITS COMMAND...``.

It runs by its path in an isolated interpreter, so that no code runs between fork and exec in the harness, which has
threads. LIMITS is a JSON object of names of `resource` to numbers.
"""

import json
import os
import resource
import sys

if __name__ == "__main__":
    for name, value in json.loads(sys.argv[1]).items():
        limit = getattr(resource, name)
        hard = resource.getrlimit(limit)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (most, most))
    try:
        os.execvpe(sys.argv[2], sys.argv[2:], os.environ)  # noqa: S606 - no shell is wanted
    except (OSError, ValueError) as error:
        sys.exit(f"cannot start {sys.argv[2]!r}: {error}")
