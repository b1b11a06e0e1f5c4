# SPDX-License-Identifier: BSD-2-Clause
"""A real OP-TEE machine under QEMU, assembled from Debian packages.

``python -m tests.machines.optee --help`` says how to use it from a shell; ``build`` and
``Machine`` are the same from Python.
"""

from ..cache import Cache, default_cache
from ..job import Job
from ..process import VmError
from .build import Build, Parts, build
from .machine import Machine, Options, Outcome

__all__ = [
    "Build",
    "Cache",
    "Job",
    "Machine",
    "Options",
    "Outcome",
    "Parts",
    "VmError",
    "build",
    "default_cache",
]
