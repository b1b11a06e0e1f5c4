# SPDX-License-Identifier: BSD-2-Clause
"""The compiled stand-in, and its header as cffi reads it."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from cffi import FFI

FOLDER = Path(__file__).parent
CSRC = FOLDER.parents[2] / "csrc"
_WARNINGS = ("-Wall", "-Wextra", "-Werror")
_NO_DECLARATIONS = ("#ifndef", "#include", "#endif", "#define STAND_IN_H")


def ffi() -> Any:
    """Return cffi's view of the header."""
    lines = (FOLDER / "stand_in.h").read_text().splitlines()
    made = FFI()
    made.cdef("\n".join(line for line in lines if not line.startswith(_NO_DECLARATIONS)))
    return made


@functools.cache
def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="stand-in-")


@functools.cache
def library() -> Path:
    """Compile the library, once in a process; it goes with the process."""
    path = Path(_home().name) / "libstand_in.so"
    options = ("-shared", "-fPIC", "-O1", "-g", "-std=gnu11", f"-I{CSRC}", "-pthread")
    sources = sorted(FOLDER.glob("*.c"))
    subprocess.run(["cc", *options, *_WARNINGS, *sources, "-o", path], check=True, timeout=60)
    return path
