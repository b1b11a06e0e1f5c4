# SPDX-License-Identifier: BSD-2-Clause
"""A device that stands in for /dev/tee0, in C, for what only a kernel's own calls show.

It is loaded before the C library, and takes the place of open(), ioctl() and their like. No signal
cuts its calls short. It holds calls until a test lets them go, answers what it is told to, notes
what arrives, and knows what is alive. See `StandIn`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from .device import (
    ALWAYS,
    ANY_IOCTL,
    CLOSE,
    FCNTL,
    MMAP,
    OPEN,
    OPEN_OTHER,
    Alive,
    Call,
    Rule,
    StandIn,
)
from .processes import environment, server

__all__ = [
    "ALWAYS",
    "ANY_IOCTL",
    "CLOSE",
    "FCNTL",
    "MMAP",
    "OPEN",
    "OPEN_OTHER",
    "Alive",
    "Call",
    "Rule",
    "StandIn",
    "environment",
    "on_stand_in",
]

_P = ParamSpec("_P")


def on_stand_in(test: Callable[Concatenate[StandIn, _P], None]) -> Callable[_P, None]:
    """Run a test in a process of its own that has the device, with the device as first argument.

    Its other arguments must be what JSON can carry: parameters, not fixtures. In the end nothing
    may be left open, printed, or freed too early.
    """

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        status, output = server().run(test.__module__, test.__qualname__, args, kwargs)
        assert (status, output) == (0, ""), output

    signature = inspect.signature(test)
    parameters = list(signature.parameters.values())[1:]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run
