# SPDX-License-Identifier: BSD-2-Clause
"""An interpreter that has loaded nothing but its own.

What an installation loads at each start, such as the finders of editable installs, would hide
what the package loads.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

_TOP = Path(__file__).resolve().parents[2]
# That of no virtual environment; a program follows.
BARE_PYTHON = (getattr(sys, "_base_executable", sys.executable), "-S", "-c")


def environment() -> dict[str, str]:
    """Return the one in which it finds the package, and what that needs."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(_TOP), sysconfig.get_path("platlib")))}
