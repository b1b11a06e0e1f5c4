# SPDX-License-Identifier: BSD-2-Clause
"""Who serves a device: the system's own supplicant, nobody, or the one in Python."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytee_client.supplicant import Supplicant

from .waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .targets import Target


def _running() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if path.read_text() == "tee-supplicant\n":
                found.append(int(path.parent.name))
    return found


@contextlib.contextmanager
def no_supplicant() -> Iterator[None]:
    """Have none of the system's own for a while."""
    for process in _running():
        os.kill(process, signal.SIGTERM)
    wait_until(lambda: not _running())
    try:
        yield
    finally:
        subprocess.run(["tee-supplicant", "-d"], check=True, timeout=LIMIT)


@contextlib.contextmanager
def python_supplicant(target: Target, applications: Path, storage: Path) -> Iterator[None]:
    """Have the one in Python; on a real device, which nothing may serve yet, in a process."""
    if target.kernel is not None:
        with Supplicant(target.kernel, applications=[applications], storage=storage):
            yield
        return
    command = [sys.executable, "-m", "pytee_client.supplicant"]
    options = [
        *("--device", target.supplicant_device),
        *("--applications", str(applications)),
        *("--storage", str(storage)),
    ]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(f"serving {target.supplicant_device}: ")
        try:
            yield
        finally:
            process.terminate()
            assert process.communicate(timeout=LIMIT)[1] == ""
        assert process.returncode == 0
