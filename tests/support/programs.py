# SPDX-License-Identifier: BSD-2-Clause
"""Python programs that tests start."""

from __future__ import annotations

import sys


def program(script: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """Return the command that runs a script which finds the modules that the tests find."""
    script = f"import sys; sys.path[:] = {sys.path!r}\n{script}"
    return [sys.executable, *options, "-c", script, *arguments]
