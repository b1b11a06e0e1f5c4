# SPDX-License-Identifier: BSD-2-Clause
"""An interpreter that has loaded nothing but its own.

What an installation loads at each start, such as the finders of editable installs, would hide
what the package loads.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

# That of no virtual environment; a program follows.
BARE_PYTHON = (getattr(sys, "_base_executable", sys.executable), "-S", "-c")


def environment() -> dict[str, str]:
    """Return the one in which it finds the package, and what that needs.

    The current directory comes first all the same: it must not be a checkout.
    """
    spec = find_spec("pytee_client")
    assert spec is not None
    assert spec.origin is not None
    places = (str(Path(spec.origin).parents[1]), sysconfig.get_path("platlib"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
