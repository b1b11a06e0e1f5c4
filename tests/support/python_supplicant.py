# SPDX-License-Identifier: BSD-2-Clause
"""The supplicant in Python as a program: DEVICE APPLICATIONS STORAGE, until its input ends."""

from __future__ import annotations

import os
import sys

from pytee_client.supplicant import Supplicant

from .linux_kernel import LinuxKernel


def main(device: str, applications: str, storage: str) -> None:
    kernel = LinuxKernel()
    supplicant = Supplicant(kernel, applications=[applications], storage=storage, device=device)
    assert not supplicant.closed
    print("ready", flush=True)
    sys.stdin.read()
    # A thread that waits in the kernel ends with the process only.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
