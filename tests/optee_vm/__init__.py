# SPDX-License-Identifier: BSD-2-Clause
"""A real OP-TEE machine under QEMU, assembled from Debian packages.

``python -m tests.optee_vm --help`` says how to use it from a shell; ``build`` and ``Machine`` are
the same from Python.
"""

from .build import Build, Parts, build
from .cache import Cache, default_cache
from .job import Job
from .machine import Machine, Options, Outcome
from .process import VmError

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
