# SPDX-License-Identifier: BSD-2-Clause
"""A device that stands in for /dev/tee0, in C, for what only a kernel's own calls show.

It is loaded before the C library, and takes the place of open(), ioctl() and their like. No signal
cuts its calls short. It holds calls until a test lets them go, answers what it is told to, notes
what arrives, and knows what is alive. See `StandIn`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec

from ..programs import program
from ..waiting import LIMIT
from .device import ALWAYS, ANY_IOCTL, CLOSE, FCNTL, MMAP, OPEN, Alive, Call, Rule, StandIn
from .library import library

__all__ = [
    "ALWAYS",
    "ANY_IOCTL",
    "CLOSE",
    "FCNTL",
    "MMAP",
    "OPEN",
    "Alive",
    "Call",
    "Rule",
    "StandIn",
    "environment",
    "on_stand_in",
]

_P = ParamSpec("_P")
_FILE, _LIBRARY = "PYTEE_STAND_IN", "LD_PRELOAD"
_START = "from tests.support.stand_in import _run; _run()"


def environment(file: Path) -> dict[str, str]:
    """Return the environment of a process that has the device; file is new, or shared by some."""
    # So that the library sees the end of all memory, and not only that of whole arenas.
    own = {_FILE: str(file), _LIBRARY: str(library()), "PYTHONMALLOC": "malloc"}
    return {**os.environ, **own, "PYTHONFAULTHANDLER": "1"}


def on_stand_in(test: Callable[Concatenate[StandIn, _P], None]) -> Callable[_P, None]:
    """Run a test in a process of its own that has the device, with the device as first argument.

    Its other arguments must be what JSON can carry: parameters, not fixtures. In the end nothing
    may be left open, printed, or freed too early.
    """

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        arguments = (test.__module__, test.__qualname__, json.dumps([args, kwargs]))
        with tempfile.TemporaryDirectory(prefix="tee-") as folder:
            done = subprocess.run(
                program(_START, *arguments),
                env=environment(Path(folder) / "tee0"),
                capture_output=True,
                text=True,
                timeout=LIMIT,
                check=False,
            )
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0), done.stderr

    signature = inspect.signature(test)
    parameters = list(signature.parameters.values())[1:]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def _run() -> None:
    """In the process of a test: run it."""
    module, name, arguments = sys.argv[1:]
    test = importlib.import_module(module)
    for part in name.split("."):
        test = getattr(test, part)
    args, kwargs = json.loads(arguments)
    device = StandIn(Path(os.environ[_FILE]), Path(os.environ[_LIBRARY]))
    inspect.unwrap(test)(device, *args, **kwargs)  # type: ignore[arg-type]
    device.assert_nothing_is_left()
